"""The pictures of chapter 7 show the numbers that they are given."""

import numpy as np
import torch
from matplotlib.colors import to_hex

from attnlib import plots
from attnlib.plots.base import COLOURS
from tests.drawing import stays_on_the_page


def links(ax):
    return {tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"}


def test_every_link_is_drawn_from_input_to_output():
    band = torch.ones(5, 5).tril(1).triu(-1).bool()
    causal = torch.ones(5, 5).tril().bool()
    fig = plots.connectivity({"band": band, "chain": causal}, chains=["chain"], title="t")
    assert links(fig.axes[0]) == {(j, i) for i, j in band.nonzero().tolist()}
    assert links(fig.axes[1]) == {(i, i) for i in range(5)}
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["band", "chain"]


def test_words_that_know_are_filled():
    rows = {"a": [[True, False, False], [True, True, False]], "b": [[True, True, True]]}
    fig = plots.reach_rows(rows, title="t")
    for ax, known in zip(fig.axes, rows.values(), strict=True):
        found = {tuple(dots.get_offsets()[0]): to_hex(dots.get_facecolor()[0]) for dots in ax.collections}
        blue = {place for place, colour in found.items() if colour.upper() == COLOURS["queries"]}
        assert blue == {(j, i + 1) for i, j in zip(*np.nonzero(known), strict=True)}


def test_operations_stand_at_their_moment():
    starts = {"two": [[0, 1, 2], [1, 2, 3]], "one": [[0, 0, 0], [1, 1, 1]]}
    fig = plots.timeline(starts, title="t")
    for ax, times in zip(fig.axes, starts.values(), strict=True):
        assert [bar.get_x() for bar in ax.patches] == list(np.ravel(times))


def test_curves_go_through_the_medians_and_leave_out_zeros():
    curves = {"one": [1, 10, 0], "many": [[1, 2, 3], [5, 2, 9], [3, 2, 6]]}
    (ax,) = plots.length_curves([2, 4, 8], curves, ylabel="y", title="t", marks={"here": (4, 10)}).axes
    one, many, mark = (line.get_ydata() for line in ax.lines)
    assert list(one[:2]) == [1, 10]
    assert np.isnan(one[2])
    assert list(many) == [3, 2, 6]
    assert list(mark) == [10]
    assert len(ax.collections) == 1
    assert ax.get_yscale() == "log"


def test_curves_may_have_lengths_of_their_own_and_a_floor():
    lengths = {"a": [2, 4], "b": [4, 8, 16]}
    (ax,) = plots.length_curves(
        lengths, {"a": [0, 1], "b": [1, 0, 0]}, ylabel="y", title="t", log_y=False, floor=(0.5, "guess")
    ).axes
    assert [list(line.get_xdata()) for line in ax.lines[:2]] == list(lengths.values())
    assert list(ax.lines[0].get_ydata()) == [0, 1]
    assert set(ax.lines[2].get_ydata()) == {0.5}
    assert ax.texts[0].get_text() == "guess"


def test_the_table_writes_every_cost_and_marks_the_least():
    costs = {"a": {"FLOPs": 4000, "path": 1}, "b": {"FLOPs": 300, "path": 7}}
    bars, table = plots.cost_table(costs, title="t").axes
    assert [bar.get_width() for bar in bars.patches] == [4000, 300]
    assert [text.get_text() for text in table.texts] == ["FLOPs", "4,000", "300", "path", "1", "7"]
    assert [text.get_text() for text in table.texts if text.get_weight() == "bold"] == ["300", "1"]
    assert to_hex(bars.patches[1].get_facecolor()).upper() == COLOURS["values"]


def test_a_kind_of_layer_looks_the_same_in_every_figure():
    few, many = {"GRU": [1, 2]}, {"other": [1, 2], "LSTM": [2, 2], "another": [1, 1], "GRU": [1, 3]}
    looks = []
    for curves in (few, many):
        (ax,) = plots.length_curves([2, 4], curves, ylabel="y", title="t").axes
        looks.append({line.get_label(): (line.get_color(), line.get_marker()) for line in ax.lines})
    assert looks[0]["GRU"] == looks[1]["GRU"]
    assert len(set(looks[1].values())) == 4


def test_curves_may_be_told_length_by_length_beside_a_guide():
    curves = {"one": {2: 5, 8: 7}, "many": {2: [1, 3, 2], 4: [6, 4, 5]}}
    (ax,) = plots.length_curves(None, curves, ylabel="y", title="t", guide=("law", {2: 9, 8: 1})).axes
    one, many, law = (line.get_xydata().tolist() for line in ax.lines)
    assert one == [[2, 5], [8, 7]]
    assert many == [[2, 2], [4, 5]]
    assert law == [[2, 9], [8, 1]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "many", "law"]


def test_gradients_are_shown_against_both_laws():
    sizes = {"attention": [[0.1, 0.05, 0.02]], "LSTM": [[1e-3, 1e-9, 1e-30]], "CNN": [[0.5, 0, 0]]}
    fig = plots.gradient_panels([8, 16, 40], sizes, title="t")
    left, right = fig.axes
    assert [line.get_label() for line in left.lines] == list(sizes)
    assert (left.get_xscale(), right.get_xscale()) == ("linear", "log")
    assert left.get_ylim()[0] == 1e-20
    attention, cnn, law = right.lines
    assert list(attention.get_ydata()) == [0.1, 0.05, 0.02]
    assert np.isnan(cnn.get_ydata()[1:]).all()
    assert np.allclose(law.get_ydata() * law.get_xdata(), law.get_ydata()[0] * 8)
    assert stays_on_the_page(fig)
