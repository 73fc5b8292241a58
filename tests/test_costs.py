"""Formulas against torch's counter, and lengths and chains against small worlds where they are known."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from attnlib import (
    ConvLayer,
    RecurrentLayer,
    SelfAttentionLayer,
    count_flops,
    dependencies,
    formula,
    make_layer,
    maximum_path_length,
    receptive_field,
    sequential_operations,
    window_mask,
)

KINDS = ["conv", "dilated_conv", "rnn", "gru", "lstm", "attention", "restricted_attention"]
LAYERS = {kind: partial(make_layer, kind) for kind in KINDS}


def stack_of(make):
    return lambda depth: nn.Sequential(*(make(place) for place in range(depth)))


# ------------------------------------------------------------------------------------------------------- FLOPs


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("n", "d", "k"), [(1, 2, 3), (5, 6, 3), (13, 4, 7), (3, 10, 5)])
def test_the_formula_is_what_torch_counts(layer, n, d, k):
    assert count_flops(LAYERS[layer](d, k), torch.zeros(1, n, d)) == formula(layer, n, d, k=k, r=k)


def test_a_batch_costs_as_much_as_its_sentences():
    for make in LAYERS.values():
        layer = make(4, 3)
        assert count_flops(layer, torch.zeros(3, 5, 4)) == 3 * count_flops(layer, torch.zeros(1, 5, 4))


def test_the_formula_gives_numbers_worked_out_by_hand():
    assert formula("conv", 7, 10, k=3) == 4_200
    assert formula("lstm", 7, 10) == 4 * formula("rnn", 7, 10) == 11_200
    assert formula("gru", 7, 10) == 8_400
    assert formula("attention", 7, 10) == 5_600 + 1_960
    assert formula("restricted_attention", 7, 10, r=3) == 5_600 + 840


def test_a_mask_saves_nothing_and_a_gathered_window_does():
    x, window = torch.zeros(1, 20, 6), SelfAttentionLayer(6, 2, radius=1)
    masked = count_flops(lambda x: window.heads(x, mask=window_mask(20, 1)), x)
    assert masked == formula("attention", 20, 6)
    assert count_flops(window, x) == formula("restricted_attention", 20, 6, r=3) < masked


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: formula("cnn", 3, 5), ValueError, "layer is 'cnn', expected one of 'conv', 'dilated_conv', 'rnn'"),
        (lambda: formula("conv", 3, 5), TypeError, "k is None"),
        (lambda: formula("restricted_attention", 3, 5), TypeError, "r is None"),
        (lambda: formula("rnn", 0, 5), ValueError, "n is 0"),
    ],
)
def test_a_formula_that_lacks_a_size_says_so(call, error, text):
    with pytest.raises(error, match=text):
        call()


# ------------------------------------------------------------------------------------------------ what sees what


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (SelfAttentionLayer(6, 2), lambda i, j: True),
        (SelfAttentionLayer(6, causal=True), lambda i, j: j <= i),
        (SelfAttentionLayer(6, radius=2), lambda i, j: abs(i - j) <= 2),
        (RecurrentLayer(6, "gru"), lambda i, j: j <= i),
        (ConvLayer(6, 5), lambda i, j: abs(i - j) <= 2),
        (ConvLayer(6, 3, dilation=2), lambda i, j: abs(i - j) in (0, 2)),
        (ConvLayer(6, 2, dilation=4, causal=True), lambda i, j: i - j in (0, 4)),
    ],
)
def test_layers_see_what_they_are_made_to_see(layer, expected):
    wanted = torch.tensor([[expected(i, j) for j in range(9)] for i in range(9)])
    assert torch.equal(dependencies(layer, 9), wanted)


@pytest.mark.parametrize(("k", "dilations"), [(3, [1, 1]), (5, [1, 1, 1]), (3, [1, 2, 4]), (2, [2]), (2, [2, 7])])
def test_the_receptive_field_of_a_stack_is_the_sum_of_its_reaches(k, dilations):
    stack = nn.Sequential(*(ConvLayer(4, k, dilation=step, causal=True) for step in dilations))
    reached = {0}
    for step in dilations:  # every place that sums of steps can reach
        reached = {place + step * tap for place in reached for tap in range(k)}
    assert receptive_field(stack, 40) == max(reached) + 1


def test_an_output_that_sees_nothing_has_no_receptive_field():
    nothing = ConvLayer(4, 3)
    nn.init.zeros_(nothing.conv.weight)
    assert receptive_field(nothing, 5) == 0


def test_measuring_leaves_the_module_as_it_was():
    layer = ConvLayer(4, 3)
    before = [weight.clone() for weight in layer.parameters()]
    dependencies(layer, 5), sequential_operations(layer, 5), maximum_path_length(lambda depth: layer, 2)
    for weight, old in zip(layer.parameters(), before, strict=True):
        assert weight.dtype == torch.float32
        assert torch.equal(weight, old)
        assert weight.grad is None
    assert not layer._forward_pre_hooks


# ---------------------------------------------------------------------------------------------------- in a row


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_a_recurrent_layer_waits_equally_long_for_every_further_word(kind):
    layer = RecurrentLayer(4, kind)
    first, second, third = (sequential_operations(layer, n) for n in (10, 17, 31))
    assert (third - second) == 2 * (second - first) > 0


@pytest.mark.parametrize("layer", [ConvLayer(4, 3), SelfAttentionLayer(4, 2), SelfAttentionLayer(4, radius=2)])
def test_convolution_and_attention_wait_equally_long_for_any_number_of_words(layer):
    assert sequential_operations(layer, 3) == sequential_operations(layer, 5) == sequential_operations(layer, 41)


def test_the_chain_is_counted_through_plain_operations():
    class Powers(nn.Module):
        d_model = 3

        def forward(self, x):
            return (x * 2 + x.exp().exp().exp()) * torch.ones(1, requires_grad=True).exp().exp().exp().exp().exp()

    assert sequential_operations(Powers(), 4) == 5  # three exp, the sum, the product; not the chain beside x


def test_a_chain_may_be_longer_than_the_stack_of_python():
    assert sequential_operations(RecurrentLayer(2, "rnn"), 1500) > 4000


def test_fused_recurrent_kernels_are_refused():
    with pytest.raises(ValueError, match="hides their steps"):
        sequential_operations(nn.LSTM(3, 3), 4)


# ------------------------------------------------------------------------------------------------ path lengths


def logarithm(k, n):
    """The least number of layers whose k-fold branching covers n words, in integers."""
    layers, covered = 0, 1
    while covered < n:
        layers, covered = layers + 1, covered * k
    return layers


@pytest.mark.parametrize("n", [2, 9, 10, 17])
@pytest.mark.parametrize(
    ("make", "length"),
    [
        (lambda _: ConvLayer(4, 3), lambda n: n - 1),
        (lambda _: ConvLayer(4, 5), lambda n: -(-(n - 1) // 2)),
        (lambda place: ConvLayer(4, 3, dilation=3**place, causal=True), lambda n: logarithm(3, n)),
        (lambda place: ConvLayer(4, 2, dilation=2**place, causal=True), lambda n: logarithm(2, n)),
        (lambda _: RecurrentLayer(4, "rnn"), lambda n: n),
        (lambda _: RecurrentLayer(4, "gru"), lambda n: n),
        (lambda _: RecurrentLayer(4, "lstm"), lambda n: n),
        (lambda _: SelfAttentionLayer(4, 2), lambda n: 1),
        (lambda _: SelfAttentionLayer(4, radius=3), lambda n: -(-(n - 1) // 3)),
    ],
    ids=["conv3", "conv5", "dilated3", "dilated2", "rnn", "gru", "lstm", "attention", "window3"],
)
def test_the_path_is_as_long_as_the_picture_of_the_layers_says(make, length, n):
    torch.manual_seed(1)
    assert maximum_path_length(stack_of(make), n) == length(n)


def test_words_that_no_depth_links_are_infinitely_far():
    assert maximum_path_length(stack_of(lambda _: ConvLayer(4, 1)), 5) == math.inf
    # paths of a centred kernel with ever wider steps leave the sentence
    assert maximum_path_length(stack_of(lambda place: ConvLayer(4, 3, dilation=3**place)), 9) == math.inf


def test_a_shortcut_of_another_length_is_refused():
    class Shortcut(nn.Module):
        d_model = 4

        def __init__(self):
            super().__init__()
            self.one, self.two = SelfAttentionLayer(4), SelfAttentionLayer(4)

        def forward(self, x):
            x = self.one(x)
            return x + self.two(x)

    with pytest.raises(ValueError, match="paths of several lengths mix"):
        maximum_path_length(lambda depth: Shortcut(), 5)


def test_a_module_of_unknown_width_is_refused():
    with pytest.raises(ValueError, match="no part of Linear has a d_model"):
        dependencies(nn.Linear(3, 3), 4)
