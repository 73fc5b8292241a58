"""The pictures of chapter 10 show the numbers that they are given."""

import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle

from attnlib import plots
from tests.drawing import stays_on_the_page

WORDS = ["one", "two", "three", "four", "five"]


def test_bars_of_the_tower_are_shares_of_all_layers_together():
    parts = {"base": ("ch. 1", 300), "layer: wide": ("ch. 4", 100), "layer: norm": ("ch. 5", 0)}
    (ax,) = plots.encoder_tower(parts, 7, title="t").axes
    bars = [p.get_width() for p in ax.patches if isinstance(p, Rectangle) and p.get_fill()]
    assert np.allclose(np.array(bars) / bars[0], [1, 7 / 3, 0])
    texts = [text.get_text() for text in ax.texts]
    assert {"base  (ch. 1)", "300  (30%)", "7 × 100  (70%)", "7 layers"} < set(texts)
    assert stays_on_the_page(ax.figure)


def test_the_frame_holds_the_repeated_parts_alone():
    parts = {"base": ("ch. 1", 300), "layer: wide": ("ch. 4", 100), "layer: norm": ("ch. 5", 10)}
    (ax,) = plots.encoder_tower(parts, 7, title="t").axes
    (frame,) = (p for p in ax.patches if isinstance(p, Rectangle) and not p.get_fill())
    low, high = frame.get_y(), frame.get_y() + frame.get_height()
    inside = {t.get_text(): low < t.get_position()[1] < high for t in ax.texts if "ch." in t.get_text()}
    assert inside == {"base  (ch. 1)": False, "wide  (ch. 4)": True, "norm  (ch. 5)": True}


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
