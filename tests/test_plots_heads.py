"""The pictures of chapter 4 show the numbers that they are given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch, Rectangle

import attnlib
from attnlib import plots
from attnlib.plots.line_styles import look
from tests.drawing import stays_on_the_page, texts

WORDS = ["one", "two", "three", "four", "five"]


@pytest.fixture
def parts():
    """Five words, three heads, d_model 7, d_k 2, d_v 4, d_out 6."""
    generator = torch.Generator().manual_seed(1)
    shapes = {"X": (5, 7), "W_q": (3, 7, 2), "W_k": (3, 7, 2), "W_v": (3, 7, 4), "W_o": (12, 6)}
    return {name: torch.randn(*shape, generator=generator) for name, shape in shapes.items()}


def pictures(ax):
    return [np.asarray(image.get_array()) for image in ax.images]


def shown(ax, wanted):
    wanted = wanted.detach().numpy()
    return any(drawn.shape == wanted.shape and np.allclose(drawn, wanted, atol=1e-5) for drawn in pictures(ax))


@pytest.mark.parametrize("columns", [3, 4])
def test_each_head_has_its_map_and_the_picked_word_a_frame(columns):
    weights = torch.rand(6, 5, 5, generator=torch.Generator().manual_seed(1))
    names = [f"head {head}" for head in range(6)]
    fig = plots.head_maps(weights, WORDS, names, title="t", picked="four", columns=columns)
    maps = [ax for ax in fig.axes if ax.get_title()]
    assert [ax.get_title() for ax in maps] == names
    for ax, wanted in zip(maps, weights, strict=True):
        (image,) = ax.images
        assert np.allclose(image.get_array(), wanted)
        assert image.get_clim() == (0, 1)
        (frame,) = (patch for patch in ax.patches if isinstance(patch, Rectangle))
        assert frame.get_y() + 0.5 == 3
    assert [label.get_text() for label in maps[0].get_yticklabels()] == WORDS
    assert fig.get_suptitle() == "t"
    assert stays_on_the_page(fig)


def test_side_by_side_times_w_o_is_the_output(parts):
    Z = attnlib.attention(*(parts["X"] @ parts[name] for name in ("W_q", "W_k", "W_v")))
    fig = plots.concat_boxes(Z, parts["W_o"], WORDS, title="t")
    joined = torch.cat(list(Z), dim=-1)
    (ax,) = fig.axes
    assert len(pictures(ax)) == 3
    assert all(shown(ax, wanted) for wanted in (joined, parts["W_o"], joined @ parts["W_o"]))
    assert {"heads side by side\n(5, 12)", "W_o\n(12, 6)", "Z\n(5, 6)", "×", "="} < set(texts(ax))
    assert stays_on_the_page(fig)


def test_each_head_frames_its_columns_and_its_rows(parts):
    Z = attnlib.attention(*(parts["X"] @ parts[name] for name in ("W_q", "W_k", "W_v")))
    (ax,) = plots.concat_boxes(Z, parts["W_o"], WORDS, title="t").axes
    for head in range(3):
        frames = [
            p for p in ax.patches if p.get_linewidth() == 2 and to_hex(p.get_edgecolor()) == look(head)[0].lower()
        ]
        cells = [(round(f.get_width() / 0.13), round(f.get_height() / 0.13)) for f in frames]
        assert cells == [(4, 5), (6, 4)]


def test_cut_cells_carry_their_address_and_the_colour_of_their_word():
    whole = 10 * torch.arange(4)[:, None] + torch.arange(6)
    right = attnlib.split_heads(whole[None], 3)[0]
    fig = plots.cut_grids(whole, {"right": right, "wrong": whole.reshape(3, 4, 2)}, title="t")
    (ax,) = fig.axes
    cells = [text for text in texts(ax) if "." in text]
    assert cells[24:32] == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1"]
    assert cells[48:56] == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "1.0", "1.1"]
    faces = [to_hex(p.get_facecolor()) for p in ax.patches if p.get_fill()]
    for word in range(4):
        assert len({face for face, cell in zip(faces, cells, strict=True) if cell[0] == str(word)}) == 1
    assert len(set(faces)) == 4
    assert stays_on_the_page(fig)


def test_diagrams_carry_the_shapes_of_the_tensors(parts):
    fig = plots.attention_diagrams(**parts, title="t")
    (ax,) = fig.axes
    written = texts(ax)
    for wanted in ("÷ √2", "(5, 5) weights", "(5, 4) output", "X  (5, 7)", "(5, 12)", "× W_o  (12, 6)", "Z  (5, 6)"):
        assert wanted in written
    assert written.count("3 × (5, 2)") == 2
    assert written.count("3 × (5, 4)") == 2
    assert len([p for p in ax.patches if isinstance(p, FancyBboxPatch)]) == 5 + 4 * 3 + 3
    assert stays_on_the_page(fig)


def test_the_whole_picture_shows_every_step_of_every_head(parts):
    fig = plots.all_in_one(**parts, words=WORDS, title="t")
    (ax,) = fig.axes
    X, W_o = parts["X"], parts["W_o"]
    Q, K, V = (X @ parts[name] for name in ("W_q", "W_k", "W_v"))
    Z = attnlib.attention(Q, K, V)
    joined = torch.cat(list(Z), dim=-1)
    for steps in (Q, K, V, Z, attnlib.attention_weights(Q, K)):
        assert all(shown(ax, step) for step in steps)
    assert all(shown(ax, step) for step in (X, joined, W_o, joined @ W_o))
    assert len(pictures(ax)) == 5 * 3 + 4
    assert stays_on_the_page(fig)


def test_costs_are_drawn_as_multiples_of_the_first():
    costs = {"flat": [30, 30, 30], "growing": [7, 14, 28]}
    fig = plots.cost_lines([1, 2, 4], costs, title="t")
    lines = {line.get_label(): list(line.get_ydata()) for line in fig.axes[0].lines}
    assert lines == {"flat": [1, 1, 1], "growing": [1, 2, 4]}


def test_readings_are_the_weighted_means_and_their_average():
    sentences, rows = np.array([[1.0, 2.0, 6.0], [3.0, 3.0, 0.0]]), {"a": [1, 0, 0], "b": [0, 0.5, 0.5]}
    fig = plots.two_readings(sentences, rows, ["x", "y", "z"], "y", title="t")
    for ax, values, wanted in zip(fig.axes, sentences, [(1, 4, 2.5), (3, 1.5, 2.25)], strict=True):
        assert [bar.get_height() for bar in ax.patches] == list(values)
        assert [line.get_ydata()[0] for line in ax.lines[:3]] == list(wanted)
    assert [ax.get_title(loc="left") for ax in fig.axes] == [
        "sentence A, as “y” reads it",
        "sentence B, as “y” reads it",
    ]


def test_curves_and_floor_are_drawn_where_they_are():
    losses = {"one": [2.0, 1.0, 1.1], "two": [2.0, 0.1, 0.01]}
    (ax,) = plots.floor_curves(losses, 1.0, title="t").axes
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == list(losses.values())
    assert set(ax.lines[2].get_ydata()) == {1.0}
    assert ax.get_yscale() == "log"
    assert stays_on_the_page(ax.figure)
