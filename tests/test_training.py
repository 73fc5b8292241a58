"""attnlib.training: training repeats, survives an interrupt and says what is wrong; FLOPs are counted, not guessed."""

import copy
import platform
import re
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from attnlib import attention, attention_weights, count_flops, fit

TRUE_WEIGHT = torch.tensor([[1.5, -2.0, 0.5]])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def linear(seed=0, d_out=1):
    """A linear map with weights from a seed, whatever the global generator did before."""
    module = nn.Linear(3, d_out)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=seeded(seed)))
    return module


def line_loss(module, generator):
    """Squared error on a noiseless linear map."""
    X = torch.randn(17, 3, generator=generator)
    return F.mse_loss(module(X), X @ TRUE_WEIGHT.T + 0.7)


def train(module, loss=line_loss, *, steps=23, seed=0, progress=False, **options):
    return fit(module, loss, steps=steps, generator=seeded(seed), progress=progress, **options)


def weights(module):
    return [parameter.detach().clone() for parameter in module.parameters()]


def all_equal(some, others):
    return all(torch.equal(one, other) for one, other in zip(some, others, strict=True))


def interrupt_at(step, loss=line_loss, error=KeyboardInterrupt):
    """A loss that is interrupted in the given step (counted from 0); `seen` keeps the weights of every step."""
    seen = []

    def interrupted(module, generator):
        seen.append(weights(module))
        if len(seen) == step + 1:
            raise error
        return loss(module, generator)

    return interrupted, seen


# ----------------------------------------------------------------------------------------------------------- fit


def test_the_loss_goes_down_to_the_solution():
    module = linear()
    history = train(module, steps=150, learning_rate=0.2)
    assert len(history.losses) == 150
    assert history.losses[0] > 1
    assert history.losses[-1] < 1e-4
    torch.testing.assert_close(module.weight.detach(), TRUE_WEIGHT, rtol=0, atol=0.01)
    torch.testing.assert_close(module.bias.detach(), torch.tensor([0.7]), rtol=0, atol=0.01)
    assert not history.interrupted


def test_the_same_seed_gives_the_same_training():
    one, other = linear(), linear()
    first = train(one)
    torch.rand(5)  # the global generator plays no part
    second = train(other)
    assert first == second
    assert all_equal(weights(one), weights(other))


def test_another_seed_gives_another_training():
    assert train(linear(), seed=1).losses != train(linear(), seed=2).losses


def test_the_global_generator_is_left_alone():
    module = linear()
    before = torch.get_rng_state()
    train(module)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_first_loss_is_that_of_the_untrained_model():
    module = linear()
    expected = line_loss(module, seeded()).item()
    assert train(module).losses[0] == expected


@pytest.mark.parametrize("step", [0, 1, 11])
def test_an_interrupt_keeps_the_model_as_trained_so_far_and_says_so(step, capsys):
    module = linear()
    loss, seen = interrupt_at(step)
    history = train(module, loss)
    assert history.interrupted
    assert len(history.losses) == step
    assert history.losses == train(linear()).losses[:step]
    assert all_equal(weights(module), seen[-1])
    assert all_equal(weights(module), weights(linear())) == (step == 0)
    assert capsys.readouterr().out == f"Interrupted after {step} of 23 steps; the model is kept as it is now.\n"


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ZeroDivisionError])
def test_the_module_comes_back_in_the_mode_it_came_in(training, error, capsys):
    module = nn.Sequential(nn.Linear(3, 5), nn.Dropout(0.1), nn.Linear(5, 1)).train(training)
    modes = []

    def loss(module, generator):
        modes.append([part.training for part in module.modules()])
        if error is not None and len(modes) == 2:
            raise error
        return module(torch.randn(7, 3, generator=generator)).square().mean()

    if error is ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            train(module, loss, steps=3)
    else:
        train(module, loss, steps=3)
    assert modes == [[True] * 4] * (3 if error is None else 2)
    assert [part.training for part in module.modules()] == [training] * 4


def path_of_one_weight(steps, **options):
    """The values of a weight whose gradient is 1 throughout: AdamW then moves it by the learning rate of the step."""
    module = nn.Linear(1, 1, bias=False).double()
    with torch.no_grad():
        module.weight.fill_(5.0)
    path = []

    def loss(module, generator):
        path.append(module.weight.item())
        return module.weight.sum()

    train(module, loss, steps=steps, **options)
    return torch.tensor([*path, module.weight.item()], dtype=torch.float64)


def test_the_learning_rate_peaks_after_a_tenth_of_the_steps_and_falls_to_nothing():
    rates = -path_of_one_weight(100, learning_rate=0.03).diff()
    peak = int(rates.argmax())
    assert peak in (9, 10)
    torch.testing.assert_close(rates[peak].item(), 0.03, rtol=1e-6, atol=0)
    assert (rates[: peak + 1].diff() > 0).all()
    assert (rates[peak:].diff() < 0).all()
    assert rates[0] < 0.03 / 10
    assert rates[-1] < 0.03 / 1000


@pytest.mark.parametrize("steps", [1, 9])
def test_a_training_too_short_for_a_cycle_keeps_its_learning_rate(steps):
    rates = -path_of_one_weight(steps, learning_rate=0.03).diff()
    torch.testing.assert_close(rates, torch.full((steps,), 0.03).double(), rtol=1e-6, atol=0)


def test_weight_decay_shrinks_the_weights_by_its_share_of_the_learning_rate():
    module = linear()
    before = weights(module)
    train(module, lambda m, g: 0 * m(torch.rand(2, 3, generator=g)).sum(), steps=4, learning_rate=0.1, weight_decay=0.5)
    for old, new in zip(before, weights(module), strict=True):
        torch.testing.assert_close(new, old * (1 - 0.1 * 0.5) ** 4)


@pytest.mark.parametrize(("clip", "expected"), [(0.25, 0.25), (1e9, 5000.0)])
def test_gradients_are_clipped_to_the_given_norm(clip, expected):
    module = nn.Linear(2, 1, bias=False)
    train(module, lambda m, g: (m.weight @ torch.tensor([3000.0, 4000.0])).sum(), steps=2, clip=clip)
    torch.testing.assert_close(module.weight.grad.norm().item(), expected, rtol=1e-4, atol=0)


def test_gradients_of_one_step_do_not_leak_into_the_next():
    module = nn.Linear(2, 1, bias=False)
    train(module, lambda m, g: (m.weight @ torch.tensor([0.03, 0.04])).sum(), steps=5)
    torch.testing.assert_close(module.weight.grad, torch.tensor([[0.03, 0.04]]))


def test_a_progress_bar_is_shown_and_taken_away(capsys):
    train(linear(), steps=3, progress=True)
    shown = capsys.readouterr()
    assert "training" in shown.err
    assert shown.err.endswith("\r")
    assert shown.out == ""


def test_without_progress_nothing_is_printed(capsys):
    train(linear(), steps=3, progress=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("generator", [0, None, torch])
def test_a_generator_that_is_none_is_refused(generator):
    with pytest.raises(TypeError, match=re.escape(f"generator is {generator!r}, expected a torch.Generator")):
        fit(linear(), line_loss, steps=3, generator=generator, progress=False)


@pytest.mark.parametrize("steps", [0, -2])
def test_fewer_than_one_step_is_refused(steps):
    with pytest.raises(ValueError, match=f"steps is {steps}, expected at least 1"):
        train(linear(), steps=steps)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_before_it_harms_the_model(value):
    module = linear()
    with pytest.raises(ValueError, match=f"loss is {value}, expected a finite number"):
        train(module, lambda m, g: value * m.weight.sum().exp())
    assert all_equal(weights(module), weights(linear()))


# --------------------------------------------------------------------------------------------------- count_flops


def normals(*shapes):
    generator = seeded(5)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def raw_count(module, *inputs):
    """What torch's counter says without the precautions of count_flops."""
    with FlopCounterMode(display=False) as counter:
        module(*inputs)
    return counter.get_total_flops()


def test_a_multiply_add_counts_as_two():
    assert count_flops(torch.matmul, *normals((7, 3), (3, 5))) == 2 * 7 * 3 * 5
    assert count_flops(torch.matmul, *normals((2, 7, 3), (2, 3, 5))) == 2 * 2 * 7 * 3 * 5


def test_element_wise_work_does_not_count():
    assert count_flops(lambda x: (x.softmax(-1) + x).exp(), *normals((7, 5))) == 0


def test_a_linear_layer_counts_its_product():
    assert count_flops(nn.Linear(3, 5), *normals((2, 7, 3))) == 2 * 14 * 3 * 5


def test_a_convolution_counts_k_n_d_squared():
    layer = nn.Conv1d(5, 7, kernel_size=3, padding=1)
    assert count_flops(layer, *normals((2, 5, 11))) == 2 * 2 * 3 * 11 * 5 * 7


@pytest.mark.parametrize(("d_k", "d_v"), [(3, 5), (5, 5)])
@pytest.mark.parametrize("lead", [(), (2,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("grad", [True, False])
def test_attention_counts_its_two_products(d_k, d_v, lead, grad):
    queries, keys, values = normals((*lead, 11, d_k), (*lead, 11, d_k), (*lead, 11, d_v))
    mask = torch.arange(11) < 7
    parts = torch.Size(lead).numel()
    with torch.set_grad_enabled(grad):
        for inputs in ((queries, keys, values), (queries, keys, values, mask)):
            assert count_flops(attention, *inputs) == parts * (2 * 11**2 * d_k + 2 * 11**2 * d_v)
        assert count_flops(attention_weights, queries, keys) == parts * 2 * 11**2 * d_k


@pytest.mark.parametrize("trained", [True, False], ids=["trained", "frozen"])
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("grad", [True, False])
def test_multi_head_attention_counts_projections_and_products_in_every_mode(trained, training, grad):
    batch, n, d = 2, 7, 12
    module = nn.MultiheadAttention(d, num_heads=3, batch_first=True).train(training).requires_grad_(trained)
    (X,) = normals((batch, n, d))
    with torch.set_grad_enabled(grad):
        for need_weights in (True, False):  # torch has a kernel for each
            counted = count_flops(partial(module, need_weights=need_weights), X, X, X)
            assert counted == batch * 2 * (4 * n * d**2 + 2 * n**2 * d)
        assert count_flops(module, X, X, X) == counted


def test_an_encoder_layer_counts_the_same_in_evaluation_as_in_training():
    layer = nn.TransformerEncoderLayer(12, 3, 20, batch_first=True)
    (X,) = normals((2, 7, 12))
    expected = 2 * 2 * (4 * 7 * 12**2 + 2 * 7**2 * 12 + 2 * 7 * 12 * 20)
    assert count_flops(layer.train(), X) == expected
    assert count_flops(layer.eval(), X) == expected


def test_a_recurrent_layer_counts_input_and_state():
    assert count_flops(nn.RNN(5, 7), *normals((11, 2, 5))) == 11 * 2 * 2 * (5 * 7 + 7 * 7)


def test_a_layer_with_three_gates_counts_three_times():
    assert count_flops(nn.GRU(5, 7), *normals((11, 2, 5))) == 3 * 11 * 2 * 2 * (5 * 7 + 7 * 7)


def test_a_fused_lstm_is_refused_wherever_it_stands():
    (X,) = normals((11, 2, 5))
    for module in (nn.LSTM(5, 7), nn.ModuleDict({"inner": nn.Sequential(nn.LSTM(5, 7))})):
        with pytest.raises(ValueError, match=r"^nn\.LSTM "):
            count_flops(module, X)


def test_a_part_kept_in_evaluation_comes_back_so():
    module = nn.Sequential(nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 1))
    module[1].eval()
    (X,) = normals((7, 3))
    fit(module, lambda m, g: m(X).square().mean(), steps=2, generator=torch.Generator().manual_seed(2), progress=False)
    assert [part.training for part in module] == [True, False, True]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other processors have no fused LSTM")
def test_torch_itself_sees_nothing_of_a_fused_lstm():
    # the reason for the refusal; a layer without gates is seen by the same counter
    (X,) = normals((11, 2, 5))
    assert raw_count(nn.RNN(5, 7), X) == 11 * 2 * 2 * (5 * 7 + 7 * 7)
    assert raw_count(nn.LSTM(5, 7), X) == 0


def test_counting_changes_neither_module_nor_inputs():
    module = nn.MultiheadAttention(12, num_heads=3, batch_first=True).eval()
    before, (X,) = copy.deepcopy(module.state_dict()), normals((2, 7, 12))
    copied = X.clone()
    count_flops(module, X, X, X)
    assert not module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert torch.equal(X, copied)
    assert X._version == 0
