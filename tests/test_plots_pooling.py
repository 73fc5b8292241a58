"""Pictures of chapter 3: curves, weights and wires are the numbers that were given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import same_color
from matplotlib.patches import FancyArrowPatch

from attnlib import plots
from attnlib.plots.base import COLOURS
from tests.drawing import texts

TOLD = np.array([0.1, 0.3, 1.2, 2.9])
VALUES = np.array([3.0, 5.0, 11.0, 2.0])
ASKED = np.linspace(0, 3, 7)
WEIGHTS = np.random.default_rng(1).dirichlet(np.ones(4), size=7)


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def test_sequence_map_joins_every_input_with_every_output():
    words, weights = ["one", "two", "three"], np.array([[0.5, 0.3, 0.2], [0.1, 0.7, 0.2], [0.6, 0.3, 0.1]])
    (ax,) = plots.sequence_map(words, torch.from_numpy(weights), "three", title="all see all").axes
    ends = {tuple(map(int, line.get_xdata())): line for line in ax.lines}
    assert set(ends) == set(np.ndindex(3, 3))
    for (seen, output), line in ends.items():
        assert line.get_linewidth() == pytest.approx(0.8 + 5 * weights[output, seen])
        assert same_color(line.get_color(), COLOURS["queries"]) == (output == 2)
    assert {"one\n0.60", "two\n0.30", "three\n0.10"} <= set(texts(ax))


def test_fitted_curves_draw_data_truth_and_prediction_in_each_panel():
    predictions = {"flat": np.full(7, 5.25), "pooled": WEIGHTS @ VALUES}
    fig = plots.fitted_curves(TOLD, VALUES, ASKED, predictions, title="fits", truth=ASKED**2, gap=(1.5, 2.5))
    for ax, (name, prediction) in zip(fig.axes, predictions.items(), strict=True):
        drawn = lines(ax)
        np.testing.assert_allclose(drawn["fitted"], prediction)
        np.testing.assert_allclose(drawn["measured"], VALUES)
        np.testing.assert_allclose(drawn["truth"], ASKED**2)
        assert ax.get_title("left") == name
        (span,) = ax.patches
        assert (span.get_x(), span.get_width()) == (1.5, 1.0)


def test_pooling_weights_put_a_column_of_weights_at_the_time_of_each_key():
    fig = plots.pooling_weights({"a": WEIGHTS, "b": WEIGHTS[::-1]}, TOLD, title="weights")
    for ax, weights in zip(fig.axes[:2], (WEIGHTS, WEIGHTS[::-1]), strict=True):
        (mesh,) = ax.collections
        drawn = np.ma.filled(mesh.get_array(), np.nan).reshape(7, 7)
        np.testing.assert_allclose(drawn[:, ::2], weights)
        assert np.isnan(drawn[:, 1::2]).all()  # nothing was measured between
        edges = mesh.get_coordinates()[0, :, 0].reshape(4, 2)
        assert ((edges[:, 0] < TOLD) & (edges[:, 1] > TOLD)).all()
        assert (edges[1:, 0] >= edges[:-1, 1]).all()


def test_width_errors_draw_curves_and_levels():
    widths, errors = np.array([0.1, 0.5, 2.0]), {"all": np.array([9.0, 4.0, 8.0]), "some": np.array([5.0, 3.0, 8.0])}
    (ax,) = plots.width_errors(widths, errors, {"average": 8.5, "learned": 2.0}, title="errors").axes
    drawn = lines(ax)
    for name, curve in errors.items():
        np.testing.assert_allclose(drawn[name], curve)
    assert set(drawn["average"]) == {8.5}
    assert set(drawn["learned"]) == {2.0}
    assert ax.get_xscale() == "log"


def test_control_draws_the_weighted_mean_and_tells_it():
    fig, alt = plots.pooled_fit(TOLD, VALUES, ASKED, torch.from_numpy(WEIGHTS), name="some score", error=1.25)
    np.testing.assert_allclose(lines(fig.axes[0])["fitted"], WEIGHTS @ VALUES)
    assert "some score" in alt
    assert f"{WEIGHTS.max():.2f}" in alt
    assert f"{(WEIGHTS @ VALUES).max():.1f}" in alt


def test_dot_wiring_writes_products_and_their_sum():
    (ax,) = plots.dot_wiring([1, 2, -1], torch.tensor([3.0, 1.0, 4.0]), title="dot").axes
    wanted = ["1", "2", "−1", "3", "1", "4", "3", "2", "−4", "1"]
    assert [text for text in texts(ax) if text.lstrip("−").isdigit()] == wanted
    assert sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches) == 3


def test_additive_wiring_writes_every_step_of_the_network():
    query, key, v = np.array([1.0, 2, 1]), np.array([2.0, 1]), np.array([2.0, -1])
    W_q, W_k = np.array([[1.0, -1], [0, 1], [-1, 0]]), np.array([[0.0, 1], [1, -1]])
    (ax,) = plots.additive_wiring(query, key, W_q, W_k, v, title="additive").axes
    bent = np.tanh(query @ W_q + key @ W_k)
    written = texts(ax)
    for number in [*bent, bent @ v]:
        assert f"{number:.2f}".replace("-", "−") in written
    assert {"query", "key", "tanh", "v", "score"} <= set(written)


def test_scores_on_a_line_mark_the_three_keys():
    places = np.linspace(-2, 2, 9)
    straight, bent = np.array([[1.0], [-3.0]]) * places, 4 - places**2
    fig = plots.scores_on_a_line(places, straight, bent, marks={"a": -1, "middle": 0, "b": 1}, title="scores")
    left, right = fig.axes
    np.testing.assert_allclose([line.get_ydata() for line in left.lines[::2]], straight)
    np.testing.assert_allclose(left.lines[3].get_ydata(), [3, 0, -3])
    np.testing.assert_allclose(right.lines[1].get_ydata(), [3, 4, 3])
