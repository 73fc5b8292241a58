"""attnlib.memory: bytes of tensors, counted one operation at a time."""

import pytest
import torch

from attnlib import attention_weights, chunked_attention, local_attention
from attnlib.memory import formula_bytes, growth_exponent, peak_memory


def test_what_is_dropped_no_longer_counts():
    x = torch.zeros(100, 50)
    assert peak_memory(lambda x: x + 1, x) == 20_000
    assert peak_memory(lambda x: ((x + 1) * 2 + 3) * 4, x) == 40_000  # two at a time
    assert peak_memory(lambda x: [x + 1, x + 2, x + 3], x) == 60_000


def test_inputs_views_and_changes_in_place_cost_nothing():
    x = torch.zeros(100, 50)
    assert peak_memory(lambda x: x.T.reshape(50, 100)[3:7].unsqueeze(0), x) == 0
    assert peak_memory(lambda x: (x + 1).mul_(2).add_(3), x) == 20_000


def test_types_have_their_sizes():
    x = torch.zeros(100, 50)
    assert peak_memory(lambda x: x.double(), x) == 40_000
    assert peak_memory(lambda x: x > 0, x) == 5_000


def test_a_backward_pass_is_counted():
    x = torch.ones(100, 50, requires_grad=True)
    forward = peak_memory(lambda x: x.exp().sum(), x)
    assert forward == 20_004
    assert peak_memory(lambda x: x.exp().sum().backward(), x) >= forward + 20_000


def doubled(function, n, *, backward):
    """How many times more memory twice as many words take."""

    def call(*inputs):
        output = function(*inputs)
        return output.sum().backward() if backward else output

    sizes = []
    for length in (n, 2 * n):
        inputs = [torch.randn(1, 2, length, 16, requires_grad=backward) for _ in range(3)]
        sizes.append(peak_memory(call, *inputs))
    return sizes[1] / sizes[0]


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "forward and backward"])
def test_attention_in_tiles_holds_memory_in_proportion_to_n(backward):
    assert doubled(lambda *x: attention_weights(*x[:2]) @ x[2], 512, backward=backward) > 3.9
    assert doubled(lambda *x: chunked_attention(*x, chunk_size=64), 1024, backward=backward) < 2.1


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0, 3.0])
def test_the_exponent_of_a_power_is_found_whatever_stands_before_it(exponent):
    for factor in (1e-3, 7.0, 1e9):
        assert growth_exponent({n: factor * n**exponent for n in (3, 10, 70, 500)}) == pytest.approx(exponent)


def test_a_constant_beside_a_power_lowers_the_exponent():
    assert 1.5 < growth_exponent({n: n**2 + 10_000 for n in (100, 200, 400)}) < 2


def test_one_length_has_no_exponent():
    with pytest.raises(ValueError, match="at least two"):
        growth_exponent({100: 7})


@pytest.mark.parametrize("n", [700, 1024])
@pytest.mark.parametrize("size", [32, 64, 200, 512, 1024])
def test_formulas_tell_the_peak_within_a_quarter(n, size):
    inputs = [torch.randn(3, n, 64) for _ in range(3)]
    radius = min(size, 200)
    predicted = formula_bytes(n, size, radius, num_heads=3)
    forms = {
        "naive": lambda q, k, v: (q @ k.mT / 8).softmax(dim=-1) @ v,
        "chunked": lambda q, k, v: chunked_attention(q, k, v, chunk_size=size),
        "window": lambda q, k, v: local_attention(q, k, v, radius),
        "output alone": lambda q, k, v: torch.empty_like(v),
    }
    assert set(forms) == set(predicted)
    for name, form in forms.items():
        assert 0.8 < peak_memory(form, *inputs) / predicted[name] < 1.25
