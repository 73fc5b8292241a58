"""Chapter 1's pictures draw the numbers that the six steps give."""

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle

from attnlib import plots, reference
from attnlib.plots.base import COLOURS
from attnlib.plots.strips import number
from tests.drawing import texts

WORDS = ["owl", "sees", "a", "grey", "mouse"]
SENTENCE = ["The", "animal", "didn't", "cross", "the", "street", "because", "it", "was", "too", "tired"]


@pytest.fixture
def parts():
    rng = np.random.default_rng(1)
    return {
        "embeddings": rng.normal(size=(5, 7)),
        "W_q": rng.normal(size=(7, 3)),
        "W_k": rng.normal(size=(7, 3)),
        "W_v": rng.normal(size=(7, 2)),
    }


def written(ax, columns):
    """The numbers of a strips picture, row by row."""
    return np.array([text.replace("−", "-") for text in texts(ax)], dtype=float).reshape(-1, columns)


def edges(ax):
    """Colours of the frames around whole vectors."""
    return {matplotlib.colors.to_hex(p.get_edgecolor()).upper() for p in ax.patches if not p.get_fill()}


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (-2.0, "−2"), (0.0, "0"), (-0.0, "0"), (0.001, "0.00"), (-0.001, "0.00"), (1.5, "1.50")],
)
def test_number_is_whole_or_has_two_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("target", "steps"), [("it", 6), ("tired", 9)])
def test_chain_has_an_arrow_for_every_step_and_one_look(target, steps):
    ax = plots.chain_and_look(SENTENCE, "animal", target).axes[0]
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == steps + 1
    assert f"{steps} steps" in ax.get_title(loc="left")
    assert texts(ax)[: len(SENTENCE)] == SENTENCE


def test_vector_strips_show_embeddings_queries_keys_values(parts):
    X = parts["embeddings"]
    drawn = [X, X @ parts["W_q"], X @ parts["W_k"], X @ parts["W_v"]]
    axes = plots.vector_strips(WORDS, *drawn).axes
    for ax, matrix in zip(axes, drawn, strict=True):
        np.testing.assert_allclose(written(ax, matrix.shape[1]), matrix, atol=0.00501)
    assert [label.get_text() for label in axes[0].get_yticklabels()] == WORDS
    assert [edges(ax) for ax in axes[1:]] == [{COLOURS[role]} for role in ("queries", "keys", "values")]


def test_score_row_shows_products_that_sum_to_the_scores(parts):
    X = parts["embeddings"]
    query, keys = X[3] @ parts["W_q"], X @ parts["W_k"]
    fig = plots.score_row(WORDS, query, keys, "grey")
    top, _, _, left, middle, right = fig.axes
    np.testing.assert_allclose(written(top, 3), [query], atol=0.00501)
    np.testing.assert_allclose(written(left, 3), keys, atol=0.00501)
    np.testing.assert_allclose(written(middle, 3), keys * query, atol=0.00501)
    np.testing.assert_allclose(written(right, 1)[:, 0], keys @ query, atol=0.00501)
    assert f"“grey” scores highest with “{WORDS[int((keys @ query).argmax())]}”" in fig.get_suptitle()


def test_softmax_bars_compare_raw_and_scaled_scores():
    scores = np.array([5.0, -1.0, 2.0, 3.0, 0.5])
    raw, scaled = plots.softmax_bars(WORDS, scores, 3).axes[0].containers
    np.testing.assert_allclose([bar.get_height() for bar in raw], reference.softmax(scores))
    np.testing.assert_allclose([bar.get_height() for bar in scaled], reference.softmax(scores / np.sqrt(3)))


def test_weighted_values_sum_to_the_output(parts):
    values = parts["embeddings"] @ parts["W_v"]
    weights = reference.softmax([0.3, 2.0, -1.0, 0.0, 1.1])
    fig = plots.weighted_values(WORDS, weights, values)
    first, second, third, _, _, bottom = fig.axes
    np.testing.assert_allclose(written(first, 1)[:, 0], weights, atol=0.00501)
    np.testing.assert_allclose(written(second, 2), values, atol=0.00501)
    np.testing.assert_allclose(written(third, 2), weights[:, None] * values, atol=0.00501)
    np.testing.assert_allclose(written(bottom, 2), [weights @ values], atol=0.00501)
    assert "“sees”" in fig.get_suptitle()


@pytest.mark.parametrize("who", [0, 1])
def test_six_steps_end_in_the_output_of_attention(parts, who):
    X, W_q, W_k, W_v = parts["embeddings"][:2], parts["W_q"], parts["W_k"], parts["W_v"]
    ax = plots.six_steps(WORDS[:2], X, W_q, W_k, W_v, who).axes[0]
    output = reference.attention(X @ W_q, X @ W_k, X @ W_v)[who]
    rows = {}
    for text in ax.texts:
        rows.setdefault(text.get_position()[1], []).append((text.get_position()[0], text.get_text()))
    row = {y: [text for _, text in sorted(found)][1:] for y, found in rows.items() if y >= 0}
    assert row[1] == [number(value) for value in X[who] @ W_q]
    assert row[7] == [number(value) for value in output]
    scores = (X @ W_k) @ (X[who] @ W_q)
    assert row[3] == [number(value) for value in scores]
    assert row[4] == [number(value) for value in scores / np.sqrt(3)]
    assert row[5] == [number(value) for value in reference.softmax(scores / np.sqrt(3))]


@pytest.mark.parametrize("who", [0, 1, 2])
def test_the_query_reaches_every_score_and_passes_beside_its_key(parts, who):
    ax = plots.six_steps(WORDS[:3], parts["embeddings"][:3], parts["W_q"], parts["W_k"], parts["W_v"], who).axes[0]
    ways = [np.array(line.get_xydata()) for line in ax.lines if line.get_color() == COLOURS["queries"]]
    scores = sorted(text.get_position() for text in ax.texts if text.get_position()[1] == 3)[1:]
    np.testing.assert_allclose(sorted(map(tuple, (way[-1] for way in ways))), scores)
    for query, *corners, _ in ways:
        assert all(abs(x - query[0]) > 3 / 2 for x, _ in corners)  # its key stands right below, 3 numbers wide


def test_self_look_bars_show_every_share_and_one_over_n():
    shares = {"one": [0.5, 0.25, 0.125], "two": [0.75, 0.5, 0.375]}
    ax = plots.self_look_bars(shares, [2, 4, 8]).axes[0]
    for bars, heights in zip(ax.containers, shares.values(), strict=True):
        assert [bar.get_height() for bar in bars] == heights
    assert [line.get_ydata()[0] for line in ax.lines] == [1 / 2, 1 / 4, 1 / 8]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["1 / n", "one", "two"]


@pytest.mark.parametrize("temperature", [0.1, 1.0, 5.0])
def test_plane_shows_weights_and_output_of_attention(temperature):
    query, keys, values = [1.5, 0.5], [[2, 1], [-2, 1], [1, -2]], [[2.2, 2], [-2.2, 1], [0.5, -2.2]]
    fig, alt = plots.plane(WORDS[:3], query, keys, values, temperature)
    _, centre, right = fig.axes
    weights = reference.softmax(np.array(keys) @ query / (np.sqrt(2) * temperature))
    output = reference.attention([query], keys, values, scale=1 / (np.sqrt(2) * temperature))[0]
    np.testing.assert_allclose([bar.get_width() for bar in centre.patches], weights)
    np.testing.assert_allclose(np.ravel(right.lines[-1].get_data()), output)
    assert f"owl {weights[0]:.2f}" in alt
    assert "“owl” gets the largest weight" in fig.get_suptitle()


def test_plane_without_a_query_gives_the_mean():
    fig, alt = plots.plane(WORDS[:3], (0, 0), [[2, 1], [-2, 1], [1, -2]], [[2, 2], [-2, 1], [1.5, -3]])
    assert "(0.50, 0.00)" in alt
    assert "Several words share the largest weight" in fig.get_suptitle()
    plots.base.image(fig, alt)


def test_cells_tell_signs_and_sizes_by_colour():
    ax = plots.vector_strips(["owl"], [[-4, 4, 0]], [[1]], [[-1]], [[2]]).axes[0]
    low, high, zero = (
        patch.get_facecolor() for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_fill()
    )
    assert low[0] > low[2]  # orange: more red than blue
    assert high[2] > high[1]  # purple
    assert min(zero[:3]) > 0.9
