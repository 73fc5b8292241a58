"""The pictures of chapter 6 show the numbers that they are given."""

import math

import numpy as np
import pytest
import torch

import attnlib
from attnlib import plots
from tests.drawing import stays_on_the_page, texts


def picture(ax):
    (image,) = ax.images
    return np.asarray(image.get_array())


def test_bits_and_waves_stand_side_by_side():
    bits, waves = torch.tensor([[0, 1, 1], [1, 0, 1]]), torch.tensor([[0.5, -1.0], [0.1, 0.2]])
    fig = plots.counter_panels(bits, waves, title="t")
    assert np.array_equal(picture(fig.axes[0]), bits)
    assert np.allclose(picture(fig.axes[1]), waves)
    assert texts(fig.axes[0]) == ["0", "1", "1", "1", "0", "1"]
    assert fig.axes[1].images[0].get_clim() == (-1, 1)
    assert stays_on_the_page(fig)


def test_each_position_is_a_column():
    P = attnlib.sinusoidal_positions(13, 6)
    fig = plots.position_grid(P, title="t")
    assert np.allclose(picture(fig.axes[0]), P.T)
    assert (fig.axes[0].get_xlabel(), fig.axes[0].get_ylabel()) == ("position", "feature")
    assert stays_on_the_page(fig)


def test_the_curves_are_the_features_asked_for():
    P = attnlib.sinusoidal_positions(13, 6)
    (ax,) = plots.position_curves(P, [0, 5, 2], title="t").axes
    assert [line.get_label() for line in ax.lines] == ["feature 0", "feature 5", "feature 2"]
    for line, feature in zip(ax.lines, [0, 5, 2], strict=True):
        assert np.allclose(line.get_ydata(), P[:, feature])
    assert len({line.get_linestyle() for line in ax.lines}) == 3


def test_clocks_tell_the_angle_and_the_score():
    hand = lambda degrees: np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])  # noqa: E731
    fig = plots.clocks({"a": (hand(350), hand(10)), "b": (hand(100), hand(10))}, title="t")
    assert [texts(ax) for ax in fig.axes] == [
        ["q", "k", "−20° from k to q\nscore 0.94"],
        ["q", "k", "90° from k to q\nscore 0.00"],
    ]
    assert [ax.get_title(loc="center") for ax in fig.axes] == ["a", "b"]
    assert stays_on_the_page(fig)


def test_the_moved_word_has_its_vector_and_its_frame():
    vector, scores = np.array([0.5, -0.25, 1.0]), np.arange(16.0).reshape(4, 4)
    fig = plots.moved_word(vector, scores, ["the", "dog", "bites", "man"], 1, title="t")
    left, right, scale = fig.axes
    assert scale.get_ylabel() == "score"
    assert scale.get_ylim() == (-15, 15)
    assert [bar.get_height() for bar in left.patches] == list(vector)
    assert np.allclose(picture(right), scores)
    assert [line.get_xdata()[0] for line in right.lines[2:]] == [0.5, 1.5]
    assert [line.get_ydata()[0] for line in right.lines[:2]] == [0.5, 1.5]
    assert stays_on_the_page(fig)


def test_the_features_of_a_moved_word_are_counted_in_whole_numbers():
    fig = plots.moved_word(np.array([0.5, -0.25]), np.eye(3), ["the", "dog", "bites"], 1, title="t")
    ticks = fig.axes[0].get_xticks()
    assert np.allclose(ticks, np.round(ticks))


def test_the_diagram_names_what_is_added_below_its_box():
    fig = plots.where_added({"embeddings": ["one", "two"], "queries and keys": ["three"]}, title="t")
    (ax,) = fig.axes
    written = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert written["embeddings:\none\ntwo"] == pytest.approx(written["embeddings"])
    assert written["queries and keys:\nthree"] == pytest.approx(written["queries"])
    filled = {patch.get_facecolor() for patch in ax.patches if hasattr(patch, "get_boxstyle")} - {(1, 1, 1, 1)}
    assert len(filled) == 1  # of the boxes that are touched
    assert {"values", "scores", "weights", "output"} < set(written)
    assert stays_on_the_page(plots.where_added({"scores": ["one", "two", "three"]}, title="t"))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_maps_share_their_colours(count):
    maps = {f"map {place}": torch.full((5, 5), float(place)) for place in range(count)}
    fig = plots.position_maps(maps, title="t", label="l", limits=(0, 7))
    drawn = [ax for ax in fig.axes if ax.images]
    for ax, (name, values) in zip(drawn, maps.items(), strict=False):
        assert ax.get_title(loc="center") == name
        assert np.allclose(picture(ax), values)
        assert ax.images[0].get_clim() == (0, 7)
    assert stays_on_the_page(fig)


def test_signed_maps_are_centred_at_0_and_their_scale_shows_the_limits_alone():
    fig = plots.position_maps({"a": -torch.rand(48, 48)}, title="t", label="l", limits=(-2, 0), signed=True, rows="i")
    ax, scale = fig.axes
    assert ax.images[0].get_clim() == (-2, 2)
    assert scale.get_ylim() == (-2, 0)
    assert ax.get_ylabel() == "i"
    assert list(ax.get_xticks()) == [0, 12, 24, 36]
    assert stays_on_the_page(fig)


def test_curves_are_means_over_seeds_and_refusals_are_named():
    shares = {"a": [[1.0, 0.5], [0.5, 0.25]], "b": [[0.75, None], [0.25, None]]}
    fig = plots.extrapolation_curves([32, 64], shares, trained=32, guess=0.25, title="t")
    (ax,) = fig.axes
    first, second, guess = ax.lines
    assert list(first.get_ydata()) == [0.75, 0.375]
    assert second.get_ydata()[0] == 0.5
    assert np.isnan(second.get_ydata()[1])
    assert [first.get_label(), second.get_label()] == ["a", "b (refuses longer)"]
    assert set(guess.get_ydata()) == {0.25}
    band = ax.collections[1].get_paths()[0].vertices  # after the lines from lowest to highest
    assert {(32.0, 0.5), (32.0, 1.0), (64.0, 0.25), (64.0, 0.5)} <= set(map(tuple, band))
