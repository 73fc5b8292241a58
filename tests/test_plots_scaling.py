"""Pictures of what the scale and a mask do: the curves and the cells are the numbers that were given."""

import numpy as np
import pytest
import torch

import attnlib
from attnlib import plots


def normal(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def written(ax):
    return [text.get_text() for text in ax.texts]


def numbers(weights):
    return [f"{weight:.2f}" for weight in weights.ravel().tolist()]


def test_spread_is_drawn_beside_the_root_of_d_k():
    measured = np.array([1.0, 1.5, 1.7, 2.1, 2.2])
    (ax,) = plots.score_spread(measured, title="grows like the root").axes
    drawn, root = (line.get_xydata() for line in ax.lines)
    np.testing.assert_allclose(drawn, np.stack([np.arange(1, 6), measured], axis=1))
    np.testing.assert_allclose(root[:, 1] ** 2, np.arange(1, 6))
    assert ax.get_title("left") == "grows like the root"


def test_saturation_draws_mean_and_median_of_both_kinds():
    sizes = [2, 8, 32]
    curves = [{"mean": [0.3, 0.2 * k, 0.1 * k], "median": [0.3, 0.1 * k, 0.01 * k]} for k in (2, 1)]
    (ax,) = plots.saturation(sizes, *curves, title="dies").axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert drawn == {
        "divided by $\\sqrt{d_k}$, mean": curves[0]["mean"],
        "divided by $\\sqrt{d_k}$, median": curves[0]["median"],
        "no scale, mean": curves[1]["mean"],
        "no scale, median": curves[1]["median"],
    }
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("scaled", [True, False])
def test_control_draws_the_weights_of_the_library(scaled):
    q, k = normal(5, 7), normal(5, 7, seed=2)
    fig, alt = plots.scale_and_mask(q, k, scaled=scaled, names=list("abcde"))
    weights = attnlib.attention_weights(q, k, scale=None if scaled else 1.0)
    assert written(fig.axes[0]) == numbers(weights)
    largest = f"{weights.amax(dim=1).mean():.2f}"
    assert largest in fig.axes[0].get_title("left")
    assert largest in alt
    assert ("not divided" in alt) is not scaled


@pytest.mark.parametrize("mask", [attnlib.causal_mask(5), torch.arange(5) < 3])
def test_control_hatches_what_is_masked(mask):
    q, k = normal(5, 7), normal(5, 7, seed=2)
    fig, alt = plots.scale_and_mask(q, k, mask=mask)
    hidden = int((~mask.expand(5, 5)).sum())
    assert sum(patch.get_hatch() is not None for patch in fig.axes[0].patches) == hidden
    assert f"{hidden} of them masked" in alt
    weights = attnlib.attention_weights(q, k, mask)
    assert written(fig.axes[0]) == numbers(weights[mask.expand(5, 5)])


def test_panels_are_unscaled_above_and_scaled_below():
    q, k = normal(3, 64), normal(3, 64, seed=2)
    fig = plots.scale_panels(q, k, (4, 64), title="harden")
    wanted = [attnlib.attention_weights(q[:, :d], k[:, :d], scale=s) for s in (1.0, None) for d in (4, 64)]
    assert [written(ax) for ax in fig.axes] == [numbers(weights) for weights in wanted]
    assert fig.get_suptitle() == "harden"
