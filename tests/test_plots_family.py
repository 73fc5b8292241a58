"""The pictures of chapter 8 show the numbers that they are given."""

import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from attnlib import attention_weights, causal_mask, conv_as_attention, graph_mask, plots
from attnlib.plots.graphs import SIDE_COLOURS
from attnlib.plots.layouts import LARGE, RADIUS, hidden_ends
from attnlib.tasks.karate import LEADERS, load_club
from tests.drawing import stays_on_the_page

PATH = [(0, 1), (1, 2), (2, 4), (4, 3)]


def seeded():
    return torch.Generator().manual_seed(1)


def drawn_lines(ax):
    return {line.get_label(): np.asarray(line.get_data()) for line in ax.lines if not line.get_label().startswith("_")}


def arrows(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def test_what_is_contained_lies_inside_and_one_box_sticks_out():
    fig = plots.nested_sets(title="t")
    (ax,) = fig.axes
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    outer, positions, conv, graph, masks, recurrent, linear = boxes

    def inside(inner, outer):
        x, y, width, height = (getattr(inner, f"get_{name}")() for name in ("x", "y", "width", "height"))
        left, low = outer.get_x(), outer.get_y()
        right, high = left + outer.get_width(), low + outer.get_height()
        return left < x and low < y and x + width < right and y + height < high

    assert all(inside(box, outer) for box in (positions, conv, graph, masks, linear))
    assert inside(conv, positions)
    assert inside(masks, graph)
    assert inside(linear, recurrent)
    assert not inside(recurrent, outer)
    assert {"convolution\n(in the limit)", "causal linear\nattention", "tanh RNN,\nGRU, LSTM"} < {
        text.get_text() for text in ax.texts
    }
    assert stays_on_the_page(fig)


def test_each_head_of_a_kernel_has_its_image_at_its_place():
    layer = conv_as_attention(torch.nn.Conv2d(3, 2, (3, 5), padding="same", padding_mode="replicate"), sharpness=1.5)
    weights = layer.attention_weights(torch.zeros(1, 3, 7, 11))[:, 4 * 11 + 5].unflatten(1, (7, 11))
    fig = plots.kernel_heads(weights, layer.offsets, (4, 5), title="t")
    images = [ax for ax in fig.axes if ax.get_title(loc="center")]
    assert len(images) == 15
    assert [ax.get_title(loc="center") for ax in images[:2]] == ["(−1, −2)", "(−1, −1)"]
    assert images[7].get_title(loc="center") == "(0, 0)"
    for ax, head in zip(images, weights, strict=True):
        (image,) = ax.images
        assert np.allclose(image.get_array(), head)
        assert image.get_clim() == (0, 1)
        (frame,) = ax.patches
        assert (frame.get_y() + 0.5, frame.get_x() + 0.5) == (4, 5)


def test_errors_are_drawn_beside_their_law():
    fig = plots.sharpness_error([1, 4, 9], {"float32": [0.5, 0.2, 0.0], "float64": [0.5, 0.2, 0.001]}, title="t")
    (ax,) = fig.axes
    lines = drawn_lines(ax)
    assert np.allclose(lines["float64"], [[1, 4, 9], [0.5, 0.2, 0.001]])
    assert lines["float32"][1][2] == ax.get_ylim()[0]  # an error of 0 lies on the lower edge
    assert np.allclose(lines["exp(−sharpness)"][1], np.exp([-1, -4, -9]))
    assert ax.get_yscale() == "log"
    assert stays_on_the_page(fig)


def test_digits_stand_above_their_permuted_selves():
    images, moved = torch.rand(2, 5, 8, 8, generator=seeded())
    fig = plots.digit_pairs(images, moved, torch.tensor([3, 1, 4, 1, 5]), title="t")
    pictures = [np.asarray(ax.images[0].get_array()) for ax in fig.axes]
    assert np.allclose(pictures[:5], images)
    assert np.allclose(pictures[5:], moved)
    assert [ax.get_title(loc="center") for ax in fig.axes[:5]] == ["3", "1", "4", "1", "5"]
    assert [fig.axes[0].get_ylabel(), fig.axes[5].get_ylabel()] == ["in place", "permuted"]


def test_curves_show_the_mean_and_the_spread_of_the_seeds():
    found = {"a": {"50": [0.1, 0.3], "200": [0.5, 0.7]}, "b": {"50": [0.2, 0.2], "200": [0.6, 0.9]}}
    fig = plots.size_curves({"plain": found, "moved": {"a": found["b"], "b": found["a"]}}, title="t")
    left, right = fig.axes
    assert np.allclose(drawn_lines(left)["a"], [[50, 200], [0.2, 0.6]])
    assert np.allclose(drawn_lines(right)["b"], [[50, 200], [0.2, 0.6]])
    heights = left.collections[0].get_paths()[0].vertices[:, 1]
    assert np.isclose(heights.max(), 0.6 + np.std([0.5, 0.7], ddof=1))
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["plain", "moved"]
    styles = {(line.get_linestyle(), line.get_marker(), line.get_color()) for line in left.lines}
    assert len(styles) == 2
    assert stays_on_the_page(fig)


def test_recall_is_drawn_with_the_size_of_the_state():
    fig = plots.recall_curves([4, 16, 32], {"one": [0, 0, 0], "other": [0, 0, 0.5]}, 16, title="t")
    (ax,) = fig.axes
    assert np.allclose(drawn_lines(ax)["other"], [[4, 16, 32], [0, 0, 0.5]])
    (border,) = (line for line in ax.lines if line.get_linestyle() == ":")
    assert list(border.get_xdata()) == [16, 16]
    assert stays_on_the_page(fig)


@pytest.mark.parametrize(
    ("mask", "style", "count"),
    [(graph_mask(PATH, 5), "-", 4), (graph_mask(PATH, 5, directed=True), "-|>", 4), (causal_mask(5), "-|>", 10)],
    ids=["both ways", "one way", "causal"],
)
def test_each_edge_is_drawn_once_and_points_at_who_looks(mask, style, count):
    fig = plots.masks_and_graphs({"name": mask}, title="t")
    graph, matrix = fig.axes
    (dots,) = graph.lines
    places = np.asarray(dots.get_data()).T
    assert len(arrows(graph)) == count
    for arrow in arrows(graph):
        assert (type(arrow.get_arrowstyle()).__name__ == "CurveFilledB") == (style == "-|>")
        start, end = arrow._posA_posB
        sender, receiver = (np.abs(places - point).sum(axis=1).argmin() for point in (start, end))
        assert mask[receiver, sender]
    shown = np.asarray(matrix.images[0].get_array().filled(0)) if hasattr(matrix.images[0].get_array(), "filled") else 0
    assert np.array_equal(np.nan_to_num(shown) > 0, mask.numpy())
    assert stays_on_the_page(fig)


def test_a_pattern_is_drawn_with_its_weights_and_its_reach():
    mask = graph_mask(PATH, 5)
    weights = attention_weights(*torch.randn(2, 5, 3, generator=seeded()), mask)
    reached = torch.matrix_power(mask.double(), 2) > 0
    fig = plots.pattern_and_reach(mask, weights, reached, 2, title="t")
    graph, middle, right = fig.axes
    assert len(arrows(graph)) == 4
    assert np.allclose(np.nan_to_num(np.ma.filled(middle.images[0].get_array(), 0)), weights, atol=1e-6)
    assert np.array_equal(np.nan_to_num(np.ma.filled(right.images[0].get_array(), 0)) > 0, reached.numpy())
    assert right.get_title(loc="left") == "reach, 2 layers"
    assert fig.get_suptitle() == "t"
    assert stays_on_the_page(fig)


def test_the_club_is_drawn_with_guesses_shares_and_the_wrong_one_ringed():
    places = torch.rand(5, 2, generator=seeded())
    edges, shares = torch.tensor(PATH), torch.tensor([0.5, 1.0, 2.0, 0.25])
    sides, guesses = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([0, 0, 0, 1, 1])
    fig = plots.club_graph(places, edges, shares, sides, guesses, [0, 3], title="t")
    (ax,) = fig.axes
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert np.allclose([line.get_linewidth() / 2.2 for line in drawn], shares)
    assert [line.get_linestyle() == "--" for line in drawn] == [False, True, False, False]
    nodes = [part for part in ax.collections if isinstance(part, PathCollection)]
    assert np.allclose([node.get_offsets()[0] for node in nodes], places)
    assert [tuple(node.get_facecolor()[0]) for node in nodes] == [to_rgba(SIDE_COLOURS[side]) for side in guesses]
    widths = [float(node.get_linewidth()[0]) for node in nodes]
    assert max(widths[:2] + widths[3:]) < widths[2]
    sizes = [float(node.get_sizes()[0]) for node in nodes]
    assert min(sizes[0], sizes[3]) > max(sizes[1], sizes[2], sizes[4])


def test_each_sharpness_has_its_map():
    maps = {0.5: torch.rand(5, 5, generator=seeded()), 20.0: torch.rand(5, 5, generator=seeded())}
    fig = plots.sharpness_maps(maps, title="t")
    shown = [ax for ax in fig.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in shown] == ["sharpness 0.5", "sharpness 20"]
    for ax, matrix in zip(shown, maps.values(), strict=True):
        assert np.allclose(ax.images[0].get_array(), matrix)
        assert ax.images[0].get_clim() == (0, 1)
        assert [ax.get_ylabel(), ax.get_xlabel()] == ["queries", "keys"]
    assert stays_on_the_page(fig)


def test_edges_are_read_from_text():
    assert plots.parse_edges("0-8 11-7") == [(0, 8), (11, 7)]
    assert plots.parse_edges("") == []


def test_an_edge_under_a_node_is_found():
    places = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 0.1], [2.0, 1.0]])
    ((start, end, node, way),) = hidden_ends(places, [(0, 1), (1, 3)], np.full(4, 0.3))
    assert (start, end, node) == (0, 1, 2)
    assert np.allclose(way, [0, 0.2])


def test_every_edge_of_the_club_can_be_followed():
    club = load_club()
    places = plots.clear_places(club.edges, large=LEADERS)
    radii = np.array([LARGE if node in LEADERS else RADIUS for node in range(34)])
    assert hidden_ends(places, club.edges.numpy(), radii) == []
    distances = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(34)
    assert distances.min() > 2 * RADIUS
    assert np.array_equal(places, plots.clear_places(club.edges, large=LEADERS))
