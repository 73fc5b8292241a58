"""The pictures of chapter 9 show the numbers that they are given."""

import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.patches import FancyArrowPatch, Rectangle, StepPatch

from attnlib import plots
from tests.drawing import stays_on_the_page

GIVEN = {
    "exact": (8.0, 1.0, 4e6),
    "tiled": (4.0, 1.0, 1e6),
    "window": (1.0, 0.3, 2e6),
}


def test_the_staircase_is_the_running_maximum():
    scores = torch.randn(10, 11, generator=torch.Generator().manual_seed(1))
    fig = plots.tile_sweep(scores, 4, 3, title="t")
    left, right = fig.axes
    (steps,) = (patch for patch in right.patches if isinstance(patch, StepPatch))
    expected = [scores[3, :end].max().item() for end in (4, 8, 11)]
    np.testing.assert_allclose(steps.get_data().values, expected, rtol=1e-6)
    np.testing.assert_allclose(steps.get_data().edges, [-0.5, 3.5, 7.5, 10.5])
    np.testing.assert_allclose(right.lines[0].get_ydata(), scores[3])
    assert [text.get_text() for text in right.texts] == [f"{value:.1f}" for value in expected]
    assert len(left.lines) == 2 + 2  # two cuts through keys, two through queries
    assert stays_on_the_page(fig)


def test_each_step_of_the_cache_keeps_writes_and_leaves_free():
    fig = plots.cache_growth([3, 4, 5], 7, title="t")
    (ax,) = fig.axes
    (cells,) = (part for part in ax.collections if isinstance(part, QuadMesh))
    expected = [[2, 2, 2, 0, 0, 0, 0], [1, 1, 1, 2, 0, 0, 0], [1, 1, 1, 1, 2, 0, 0]]
    np.testing.assert_array_equal(np.asarray(cells.get_array()).reshape(3, 7), expected)
    assert sum(text.get_text() == "new" for text in ax.texts) == 5
    assert stays_on_the_page(fig)


@pytest.mark.parametrize("causal", [False, True], ids=["both sides", "causal"])
def test_in_the_ring_everybody_meets_every_part_once(causal):
    size = 4
    fig = plots.ring_steps(size, causal=causal, title="t")
    met = [set() for _ in range(size)]
    for step, ax in enumerate(fig.axes):
        boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
        assert len([patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]) == size * (step < size - 1)
        for text, box in zip(ax.texts, boxes, strict=True):
            rank, part = int(text.get_text()[1]), int(text.get_text().split("K")[1][0])
            met[rank].add(part)
            assert (box.get_linestyle() == "--") == (causal and part > rank)
    assert met == [set(range(size))] * size
    assert stays_on_the_page(fig)


def test_bubbles_lie_at_time_and_quality_with_memory_as_area():
    measured = {"accuracy": {name: [quality - 0.1, quality, quality + 0.1] for name, (_, quality, _) in GIVEN.items()}}
    for n, factor in ((32, 1), (2048, 10)):
        measured[f"costs at n = {n}"] = {
            "sentences": 64,
            "milliseconds": {name: factor * row[0] for name, row in GIVEN.items()},
            "bytes": {name: row[2] / factor for name, row in GIVEN.items()},
        }
    fig = plots.cost_bubbles(measured, title="t")
    for ax, factor in zip(fig.axes, (1, 10), strict=False):
        (bubbles,) = (part for part in ax.collections if isinstance(part, PathCollection))
        np.testing.assert_allclose(bubbles.get_offsets(), [(factor * row[0], row[1]) for row in GIVEN.values()])
        areas = bubbles.get_sizes()
        np.testing.assert_allclose(areas / areas[0], [row[2] / 4e6 for row in GIVEN.values()])
        assert [text.get_text() for text in ax.texts] == ["3", "2", "1"]  # in the order of time
    assert fig.axes[0].get_title(loc="left") == "32 words: 64 sentences"
    texts = [text.get_text().strip() for text in fig.axes[-1].texts]
    assert texts[:2] == ["1  exact", "1.00; 4.0 | 0.4 MB"]
    assert stays_on_the_page(fig)


def test_memory_curves_draw_the_tensors_of_both_directions():
    rows = {"naive": {"128": {"tensors": 4e6}, "256": {"tensors": 16e6}}, "chunked": {"256": {"tensors": 3e6}}}
    measured = {
        "forward": rows,
        "forward + backward": {name: dict(reversed(row.items())) for name, row in rows.items()},
    }
    (ax,) = plots.memory_curves(measured, title="t").axes
    lines = {line.get_label(): dict(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in ax.lines}
    assert lines["naive, answer"] == lines["naive, train"] == {128: 4, 256: 16}
    assert lines["chunked, answer"] == lines["chunked, train"] == {256: 3}
    assert stays_on_the_page(ax.figure)


def test_bars_are_as_long_as_the_memory():
    fig = plots.memory_bars({"naive": 6.87e10, "chunked": 1.5e7}, title="t")
    (ax,) = fig.axes
    assert [bar.get_width() for bar in ax.patches] == [6.87e10, 1.5e7]
    assert [text.get_text() for text in ax.texts] == ["68,700.0 MB", "15.0 MB"]
    assert all(text.get_window_extent().x1 < ax.get_window_extent().x1 for text in ax.texts)
    assert stays_on_the_page(fig)
