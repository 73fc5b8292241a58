"""attnlib.tasks.rivals: models of one size, and how much of the first word arrives at the last."""

import pytest
import torch
from torch import nn

from attnlib import ConvLayer, RecurrentLayer
from attnlib.tasks.recall import Recall, associative_recall
from attnlib.tasks.rivals import WIDTHS, by_model, frequent_value, gradient_to_first, layers_of


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def test_all_rivals_have_about_as_many_parameters():
    sizes = [sum(p.numel() for p in Recall(d, layers_of(name)).parameters()) for name, d in WIDTHS.items()]
    assert max(sizes) < 1.15 * min(sizes)


@pytest.mark.parametrize("name", WIDTHS)
def test_the_layers_of_a_rival_keep_its_width(name):
    x = torch.randn(2, 5, WIDTHS[name], generator=seeded())
    for layer in layers_of(name):
        assert layer(x).shape == x.shape


def test_recurrent_layers_may_be_made_by_others():
    assert layers_of("GRU", recurrent=lambda d, kind: (d, kind)) == [(42, "gru")]
    assert len(layers_of("attention")) == 1
    assert len(layers_of("attention, 2 layers")) == 2


def test_the_gaps_of_the_dilated_rival_double():
    assert [layer[0].conv.dilation for layer in layers_of("dilated CNN")] == [(2**depth,) for depth in range(6)]
    assert [layer[0].conv.dilation for layer in layers_of("CNN")] == [(1,)] * 6


def test_the_gradient_is_that_of_one_factor_a_word():
    """One cell that passes on half of its state: a linear recurrence has the gradient 0.5 ** distance."""

    class Halve(nn.Module):
        def forward(self, x):
            distances = torch.arange(x.shape[1])[:, None] - torch.arange(x.shape[1])
            return (0.5 ** distances.clamp(min=0)).tril(-1).to(x) @ x

    for distance in (1, 3, 7):
        assert gradient_to_first([Halve()], 5, distance, generator=seeded()) == pytest.approx(0.5**distance)


def test_a_gradient_is_measured_in_float64_and_changes_no_layer():
    torch.manual_seed(2)
    layer = RecurrentLayer(6, "lstm")
    assert 0 < gradient_to_first([layer], 6, 150, generator=seeded()) < 1e-20
    assert layer.W_x.weight.dtype == torch.float32
    assert gradient_to_first([ConvLayer(6, 3, causal=True)], 6, 3, generator=seeded()) == 0


def test_results_are_sorted_by_model_and_length():
    rows = [{"model": name, "length": n, "accuracy": [n]} for n in (2, 4) for name in "ab"]
    assert by_model(rows) == {"a": {2: [2], 4: [4]}, "b": {2: [2], 4: [4]}}


@pytest.mark.parametrize("num_pairs", [2, 5])
def test_the_most_frequent_value_is_right_as_often_as_estimated(num_pairs):
    words, answers = associative_recall(20_000, num_pairs, generator=seeded(), num_values=3)
    guesses = (words[:, :-1] % 4).mode(dim=1).values
    share = (guesses == answers).float().mean().item()
    assert frequent_value(num_pairs, generator=seeded(2), num_values=3) == pytest.approx(share, abs=0.015)
