"""The boxes picture of chapter 2: what is drawn are the numbers that were given."""

import matplotlib
import numpy as np
import pytest
import torch

from attnlib import plots, reference
from attnlib.plots.base import COLOURS
from attnlib.plots.matrices import CELL_HEIGHT, CELL_WIDTH, Box, boxes

WORDS = ["one", "two", "three", "four", "five"]


def normal(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def texts(fig):
    return [text.get_text() for text in fig.axes[0].texts]


def cells(fig):
    """Faces of all cells in the order in which they were drawn: a cell is filled, a frame is not."""
    return [p.get_facecolor() for p in fig.axes[0].patches if p.get_fill()]


def frames(fig):
    return [p for p in fig.axes[0].patches if not p.get_fill()]


def written(matrix, digits=2):
    return [f"{number:.{digits}f}" for number in np.asarray(matrix).round(2).ravel() + 0.0]


def holds(fig, matrix, digits=2):
    """Whether the matrix is written in the figure, row by row, without a gap."""
    found, wanted = texts(fig), written(matrix, digits)
    return any(found[i : i + len(wanted)] == wanted for i in range(len(found)))


def test_projections_are_the_products_of_the_matrices_given():
    X, weights = normal(5, 4), [normal(4, d, seed=d) for d in (3, 7, 2)]
    with pytest.raises(ValueError, match="at most 8"):
        plots.projection_boxes(X, weights, WORDS, title="too wide")
    weights[1] = normal(4, 3, seed=9)
    fig = plots.projection_boxes(X, weights, WORDS, title="three products")
    assert all(holds(fig, W) and holds(fig, X @ W) for W in weights)
    for name in ("X", "W_q", "W_k", "W_v", "Q", "K", "V"):
        assert name in texts(fig)
    assert texts(fig).count("×") == 3
    assert fig.axes[0].get_title("left").strip() == "three products"


def test_queries_keys_and_values_have_their_colours():
    fig = plots.projection_boxes(normal(5, 4), [normal(4, 3)] * 3, WORDS, title="t")
    drawn = [matplotlib.colors.to_hex(frame.get_edgecolor()).upper() for frame in frames(fig)]
    for role in ("queries", "keys", "values"):
        assert drawn.count(COLOURS[role]) == 2


def test_score_picture_shows_one_row_one_column_and_their_entry():
    Q, K = normal(5, 3), normal(5, 3, seed=2)
    fig = plots.score_boxes(Q, K, WORDS, query=3, key=1, title="t")
    assert holds(fig, Q @ K.T)
    assert holds(fig, K.T)
    outlines = [frame for frame in frames(fig) if frame.get_linewidth() == 2.5]
    sizes = [(round(o.get_width() / CELL_WIDTH), round(o.get_height() / CELL_HEIGHT)) for o in outlines]
    assert sizes == [(3, 1), (1, 3), (1, 1)]


def test_picked_places_are_the_only_ones_in_colour():
    matrix = np.arange(1.0, 13.0).reshape(3, 4)
    fig = boxes([[Box("A", matrix, picked=(2, None))]], title="t")
    faded = (0.96, 0.96, 0.96, 1.0)
    assert [face == faded for face in cells(fig)] == [True] * 8 + [False] * 4
    (outline,) = (frame for frame in frames(fig) if frame.get_linewidth() == 2.5)
    box = next(frame for frame in frames(fig) if frame.get_linewidth() == 2)
    assert outline.get_y() - box.get_y() == pytest.approx(2 * CELL_HEIGHT)


def test_attention_picture_agrees_with_the_loops_of_chapter_1():
    Q, K, V = normal(4, 3), normal(4, 3, seed=2), normal(4, 2, seed=3)
    fig = plots.attention_boxes(Q, K, V, WORDS[:4], title="t")
    weights = reference.softmax((Q @ K.T / 3**0.5).numpy())
    assert holds(fig, weights)
    assert holds(fig, reference.attention(Q, K, V))
    assert "/ $\\sqrt{3}$ )" in texts(fig)
    assert "softmax (" in texts(fig)


def test_weights_are_coloured_from_0_to_1_and_signed_numbers_around_0():
    fig = boxes([[Box("w", [[0.0, 1.0]], "weights"), Box("x", [[-2.0, 2.0]])]], title="t")
    cividis, puor = matplotlib.colormaps["cividis"], matplotlib.colormaps["PuOr"]
    assert cells(fig) == [cividis(0.0), cividis(1.0), puor(0.0), puor(1.0)]


def test_whole_numbers_are_written_without_digits_and_no_zero_is_negative():
    assert holds(boxes([[Box("A", [[2.0, -1.0]])]], title="t"), [[2, -1]], digits=0)
    fig = boxes([[Box("A", [[-0.001, 0.5]])]], title="t")
    assert "0.00" in texts(fig)
    assert "-0.00" not in texts(fig)


def test_names_of_rows_and_columns_are_written_in_order():
    fig = boxes([[Box("A", normal(2, 3), row_names=["u", "v"], column_names=["x", "y", "z"])]], title="t")
    assert [text for text in texts(fig) if text in "uvxyz"] == ["u", "v", "x", "y", "z"]


def test_everything_lies_within_the_page():
    Q, K, V = normal(4, 3), normal(4, 3, seed=2), normal(4, 3, seed=3)
    fig = plots.attention_boxes(Q, K, V, WORDS[:4], title="t")
    fig.canvas.draw()
    page = fig.bbox
    for text in fig.axes[0].texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1
    assert all(text.get_fontsize() >= 8 for text in fig.axes[0].texts)
