"""The pictures of chapter 10 show the numbers that they are given."""

import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle

from attnlib import plots
from attnlib.pretrained import Bert
from tests.drawing import stays_on_the_page

WORDS = ["one", "two", "three", "four", "five"]


CONFIG = {"vocab_size": 91, "hidden_size": 20, "num_hidden_layers": 7, "num_attention_heads": 4}
CONFIG |= {"intermediate_size": 37, "max_position_embeddings": 13}


def test_bars_of_the_tower_are_shares_of_all_layers_together():
    model = Bert(CONFIG)
    (ax,) = plots.encoder_tower(model, title="t").axes
    bars = [p.get_width() for p in ax.patches if isinstance(p, Rectangle) and p.get_fill()]
    norm, attention, feed_forward = 2 * 20, 4 * (20 * 20 + 20), 2 * 20 * 37 + 20 + 37
    expected = np.array([(91 + 13 + 2) * 20, norm, *(7 * np.array([attention, norm, feed_forward, norm]))])
    assert expected.sum() == sum(parameter.numel() for parameter in model.parameters())
    assert np.allclose(np.array(bars) / sum(bars), expected / expected.sum())
    texts = [text.get_text() for text in ax.texts]
    assert {"three embeddings  (ch. 1, 6)", f"7 × {attention:,}  ({7 * attention / expected.sum():.0%})"} < set(texts)
    assert "7 layers" in texts
    assert stays_on_the_page(ax.figure)


def test_the_frame_holds_the_repeated_parts_alone():
    (ax,) = plots.encoder_tower(Bert(CONFIG), title="t").axes
    (frame,) = (p for p in ax.patches if isinstance(p, Rectangle) and not p.get_fill())
    low, high = frame.get_y(), frame.get_y() + frame.get_height()
    inside = [low < text.get_position()[1] < high for text in ax.texts if "ch." in text.get_text()]
    assert inside == [False, False, True, True, True, True]


def test_a_detail_that_is_not_found_is_hatched():
    differences = {"bad": 0.5, "small": 3e-4, "unseen": 2e-6}
    (ax,) = plots.detail_bars(differences, 1e-5, title="t").axes
    assert [bar.get_width() for bar in ax.patches] == list(differences.values())
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False, False, True]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(differences)
    assert ax.get_xscale() == "log"
    assert ax.lines[0].get_xdata()[0] == 1e-5
    assert stays_on_the_page(ax.figure)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_numbers_beside_the_words_are_a_row_of_the_rollout(layers):
    maps = torch.randn(layers, 3, 5, 5, generator=torch.Generator().manual_seed(1)).softmax(dim=-1)
    expected = torch.eye(5)
    for weights in maps:
        expected = (weights.mean(dim=0) + torch.eye(5)) / 2 @ expected
    (ax,) = plots.rollout_flow(maps, WORDS, 3, title="t").axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [f"{word}  {share:.2f}" for word, share in zip(WORDS, expected[3], strict=True)]
    assert ax.get_xticklabels()[0].get_text() == "words"
    assert len(ax.get_xticklabels()) == layers + 1
    assert stays_on_the_page(ax.figure)


def test_solid_lines_are_attention_and_level_ones_the_residual_connection():
    maps = torch.zeros(2, 1, 5, 5)
    maps[0, 0, :, 4] = 1.0  # everybody reads "five", then "two"
    maps[1, 0, :, 1] = 1.0
    (ax,) = plots.rollout_flow(maps, WORDS, 2, title="t").axes
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    ways = {(tuple(line.get_xdata()), tuple(line.get_ydata())): line.get_linestyle() for line in lines}
    assert ways == {
        ((1, 2), (1, 2)): "-",
        ((1, 2), (2, 2)): "--",
        ((0, 1), (4, 1)): "-",
        ((0, 1), (1, 1)): "--",
        ((0, 1), (4, 2)): "-",
        ((0, 1), (2, 2)): "--",
    }
