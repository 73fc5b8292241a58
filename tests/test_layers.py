"""The three layers compute what their definitions say, and depend on what they may depend on."""

import numpy as np
import pytest
import torch
from torch import nn

import attnlib
from attnlib import ConvLayer, RecurrentLayer, SelfAttentionLayer, ShapeError, make_layer

BATCH, N, D = 2, 11, 6
TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
LAYERS = {
    "conv": lambda: ConvLayer(D, 3),
    "wide conv": lambda: ConvLayer(D, 5, dilation=2),
    "causal conv": lambda: ConvLayer(D, 4, dilation=3, causal=True),
    "rnn": lambda: RecurrentLayer(D, "rnn"),
    "gru": lambda: RecurrentLayer(D, "gru"),
    "lstm": lambda: RecurrentLayer(D, "lstm"),
    "attention": lambda: SelfAttentionLayer(D, 3),
    "causal attention": lambda: SelfAttentionLayer(D, 2, causal=True),
    "window": lambda: SelfAttentionLayer(D, 3, radius=2),
    "causal window": lambda: SelfAttentionLayer(D, 2, radius=4, causal=True),
}
BACKWARD_ONLY = ["causal conv", "rnn", "gru", "lstm", "causal attention", "causal window"]


def words(n=N, d=D, batch=BATCH, dtype=torch.float64):
    return torch.randn(batch, n, d, generator=torch.Generator().manual_seed(1), dtype=dtype)


def make(name):
    torch.manual_seed(2)
    return LAYERS[name]().double()


# ------------------------------------------------------------------------------------------------- definitions


@pytest.mark.parametrize(
    ("kernel_size", "dilation", "causal"), [(1, 1, False), (3, 1, False), (5, 2, False), (2, 1, True), (3, 4, True)]
)
def test_a_convolution_is_the_sum_over_its_kernel(kernel_size, dilation, causal):
    torch.manual_seed(3)
    layer, x = ConvLayer(D, kernel_size, dilation=dilation, causal=causal).double(), words()
    weight, bias = layer.conv.weight.detach().numpy(), layer.conv.bias.detach().numpy()
    centre = kernel_size - 1 if causal else kernel_size // 2
    expected = np.zeros((BATCH, N, D))
    for b in range(BATCH):
        for i in range(N):
            expected[b, i] = bias
            for t in range(kernel_size):
                place = i + dilation * (t - centre)
                if 0 <= place < N:
                    expected[b, i] += weight[:, :, t] @ x[b, place].numpy()
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", TORCH)
def test_a_recurrent_layer_is_torchs_own_with_the_same_weights(kind):
    layer, theirs, x = make(kind), TORCH[kind](D, D, batch_first=True).double(), words()
    with torch.no_grad():
        for ours, name in ((layer.W_x, "ih"), (layer.cell.W_h, "hh")):
            getattr(theirs, f"weight_{name}_l0").copy_(ours.weight)
            getattr(theirs, f"bias_{name}_l0").copy_(ours.bias)
    torch.testing.assert_close(layer(x), theirs(x)[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", TORCH)
def test_a_recurrent_layer_starts_as_torchs_own(kind):
    torch.manual_seed(4)
    layer, theirs = RecurrentLayer(50, kind), TORCH[kind](50, 50)
    ours = torch.cat([p.flatten() for p in layer.parameters()])
    other = torch.cat([p.flatten() for p in theirs.parameters()])
    assert len(ours) == len(other)
    assert ours.abs().max() <= other.abs().max() * 1.01
    assert ours.std().item() == pytest.approx(other.std().item(), rel=0.05)


def test_an_rnn_is_the_loop_of_its_definition():
    layer, x = make("rnn"), words()
    W_x, W_h = (part.weight.detach().numpy() for part in (layer.W_x, layer.cell.W_h))
    bias = (layer.W_x.bias + layer.cell.W_h.bias).detach().numpy()
    for b in range(BATCH):
        h = np.zeros(D)
        for i in range(N):
            h = np.tanh(W_x @ x[b, i].numpy() + W_h @ h + bias)
            np.testing.assert_allclose(layer(x)[b, i].detach().numpy(), h, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["attention", "causal attention", "window", "causal window"])
def test_attention_layers_are_multi_head_attention_under_a_mask(name):
    layer, x = make(name), words()
    mask = torch.ones(N, N, dtype=torch.bool)
    if layer.radius:
        mask = mask & attnlib.window_mask(N, layer.radius)
    if layer.causal:
        mask = mask & attnlib.causal_mask(N)
    torch.testing.assert_close(layer(x), layer.heads(x, mask=mask), rtol=0, atol=1e-10)


def test_a_window_wider_than_the_sentence_is_full_attention():
    layer, x = SelfAttentionLayer(D, 2, radius=N + 5).double(), words()
    torch.testing.assert_close(layer(x), layer.heads(x), rtol=0, atol=1e-10)


# -------------------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("name", LAYERS)
def test_layers_keep_the_shape_and_their_argument(name):
    layer, x = make(name), words()
    before = x.clone()
    assert layer(x).shape == x.shape
    assert layer(x[:1, :1]).shape == (1, 1, D)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", LAYERS)
def test_sentences_of_a_batch_do_not_meet(name):
    layer, x = make(name), words()
    torch.testing.assert_close(layer(x)[1:], layer(x[1:]), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", LAYERS)
def test_every_weight_gets_a_finite_gradient(name):
    layer = make(name)
    layer(words()).square().sum().backward()
    for name, weight in layer.named_parameters():
        assert weight.grad.isfinite().all()
        assert (weight.grad != 0).any() or name.endswith("W_k.bias")  # which adds the same to all scores


@pytest.mark.parametrize("name", BACKWARD_ONLY)
def test_later_words_have_zero_gradient(name):
    layer, x = make(name), words().requires_grad_()
    layer(x)[:, 5].sum().backward()
    assert (x.grad[:, 6:] == 0).all()
    assert (x.grad[:, 5] != 0).any()


@pytest.mark.parametrize(
    ("name", "seen"), [("conv", {4, 5, 6}), ("wide conv", {1, 3, 5, 7, 9}), ("window", {*range(3, 8)})]
)
def test_an_output_depends_on_its_window_alone(name, seen):
    layer, x = make(name), words().requires_grad_()
    layer(x)[:, 5].square().sum().backward()
    assert set(x.grad.abs().sum(dim=(0, 2)).nonzero().flatten().tolist()) == seen


def test_layers_can_be_stacked():
    stack = nn.Sequential(*(make(name) for name in ("conv", "lstm", "window", "attention")))
    assert stack(words()).shape == (BATCH, N, D)


# ------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("name", LAYERS)
def test_an_input_of_another_width_is_told(name):
    with pytest.raises(ShapeError, match=r"d_model is 7 in x but 6 in layer"):
        make(name)(words(d=7))
    with pytest.raises(ShapeError, match=r"x has 2 axes, 3 expected"):
        make(name)(words()[0])
    with pytest.raises(TypeError, match=r"x \(2, 11, 6\) has dtype torch.float32"):
        make(name)(words(dtype=torch.float32))


def test_settings_without_sense_are_told():
    with pytest.raises(ValueError, match=r"kernel_size is 4, expected an odd number"):
        ConvLayer(D, 4)
    with pytest.raises(ValueError, match=r"dilation is 0"):
        ConvLayer(D, 3, dilation=0)
    with pytest.raises(ValueError, match=r"kind is 'elman', expected one of 'rnn', 'gru', 'lstm'"):
        RecurrentLayer(D, "elman")
    with pytest.raises(ValueError, match=r"radius is 0"):
        SelfAttentionLayer(D, radius=0)


def test_layers_are_made_by_their_kind():
    made = {kind: make_layer(kind, D, 5, depth=2) for kind in ("conv", "dilated_conv", "gru", "attention")}
    assert made["conv"].conv.kernel_size == made["dilated_conv"].conv.kernel_size == (5,)
    assert made["conv"].rim == (2, 2)
    assert made["dilated_conv"].conv.dilation == (25,)
    assert made["dilated_conv"].rim == (100, 0)
    assert made["gru"].cell.kind == "gru"
    assert made["attention"].radius is None
    assert make_layer("restricted_attention", D, 5).radius == 2
    with pytest.raises(ValueError, match=r"kind is 'mlp', expected one of 'conv', 'dilated_conv', 'rnn'"):
        make_layer("mlp", D, 3)
