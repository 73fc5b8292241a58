"""attnlib.plots for chapter 5: bars and curves show the numbers they are given."""

import numpy as np
import pytest

from attnlib import plots


def test_bars_of_it_have_the_lengths_of_the_weights_and_name_the_words():
    looks = {"one": (["the", "dog", "it"], np.array([0.1, 0.7, 0.2])), "two": (["a", "it"], np.array([0.96, 0.04]))}
    fig = plots.it_bars(looks, title="It looks at the dog")
    for ax, (name, (words, weights)) in zip(fig.axes, looks.items(), strict=True):
        assert ax.get_title(loc="left") == name
        assert [bar.get_width() for bar in ax.patches] == pytest.approx(list(weights))
        assert [label.get_text() for label in ax.get_yticklabels()] == words
        assert [label.get_weight() == "bold" for label in ax.get_yticklabels()] == [word == "it" for word in words]
    assert [text.get_text() for text in fig.axes[1].texts] == ["0.96"]
    assert fig.get_suptitle() == "It looks at the dog"


def test_share_bars_keep_their_groups_apart():
    groups = {"cut": {"one edge": 0.25, "another": 1.0}, "off": {"a head": 0.5}}
    fig = plots.share_bars(groups, title="What is needed", chance=0.5)
    (ax,) = fig.axes
    assert [bar.get_width() for bar in ax.patches] == [0.25, 1.0, 0.5]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one edge", "another", "a head"]
    assert {"cut", "off", "0.25", "1.00", "0.50"} == {text.get_text() for text in ax.texts}
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    assert list(ax.lines[0].get_xdata()) == [0.5, 0.5]
    middles = [bar.get_y() + bar.get_height() / 2 for bar in ax.patches]
    assert middles == sorted(middles)


def test_a_loss_curve_shows_every_step_and_the_running_mean():
    losses = np.arange(20.0)[::-1]
    (ax,) = plots.loss_curve(losses, title="It falls", window=5).axes
    raw, mean = ax.lines
    assert list(raw.get_ydata()) == list(losses)
    np.testing.assert_allclose(mean.get_ydata(), np.arange(17.0, 1.0, -1.0))
    assert list(mean.get_xdata()) == list(range(2, 18))  # the first mean is that of steps 0 to 4


def test_a_loss_curve_shorter_than_its_window_still_has_a_mean():
    (ax,) = plots.loss_curve([3.0, 1.0], title="Interrupted early").axes
    assert list(ax.lines[1].get_ydata()) == [2.0]
