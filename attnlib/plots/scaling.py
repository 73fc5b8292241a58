"""Chapter 2: what the scale and a mask do to scores, weights and gradients."""

import matplotlib
import numpy as np
import torch

import attnlib
from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.heatmaps import heatmap


def score_spread(measured, *, title):
    """Draw the measured standard deviation of a score beside the square root of d_k.

    **Shapes** measured (largest d_k,): the entry at d - 1 belongs to d_k = d -> figure
    """
    measured = np.asarray(measured)
    d_k = np.arange(1, len(measured) + 1)
    fig, ax = figure(width=6.0, height=3.2)
    with matplotlib.rc_context(STYLE):
        ax.plot(
            d_k,
            measured,
            color=COLOURS["queries"],
            linestyle="-",
            linewidth=5,
            alpha=0.45,
            marker="none",
            label="measured",
        )
        ax.plot(d_k, np.sqrt(d_k), color=INK, linestyle="--", linewidth=1.2, marker="none", label="square root of d_k")
        ax.set(xlabel="d_k", ylabel="standard deviation of q · k", title=title)
        ax.legend()
    return fig


def saturation(d_k, scaled, unscaled, *, title):
    """Draw how the gradient of a softmax falls with d_k, with and without the scale.

    **Shapes**
        d_k                 (num_sizes,)
        scaled, unscaled    {"median": (num_sizes,), "mean": (num_sizes,)}
        -> figure
    """
    fig, ax = figure(width=7.0, height=3.6)
    with matplotlib.rc_context(STYLE):
        for curves, colour, name, marker in (
            (scaled, COLOURS["values"], "divided by $\\sqrt{d_k}$", "o"),
            (unscaled, COLOURS["keys"], "no scale", "s"),
        ):
            for kind, line in (("mean", "--"), ("median", "-")):
                face = colour if kind == "median" else "white"
                ax.plot(
                    d_k, curves[kind], line, color=colour, marker=marker, markerfacecolor=face, label=f"{name}, {kind}"
                )
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set(xlabel="d_k", ylabel="size of the gradient", title=title)
        ax.set_xticks(d_k, [str(int(d)) for d in d_k])
        ax.legend(loc="lower left")
    return fig


def scale_and_mask(queries, keys, *, scaled=True, mask=None, names=None):
    """Draw the weights under a mask, with or without the scale, and say how sharp they are: for a control.

    **Shapes**
        queries, keys   (n, d_k)
        mask            (n, n) boolean, True = may look
        names           one name a word
        -> figure, alt text
    """
    weights = attnlib.attention_weights(queries, keys, mask, scale=None if scaled else 1.0)
    largest = weights.max(dim=-1).values.mean().item()
    how = f"divided by {queries.shape[-1] ** 0.5:.1f}" if scaled else "not divided"
    title = f"d_k = {queries.shape[-1]}, {how}:\nthe largest weight of a row is {largest:.2f} on average"
    allowed = torch.ones_like(weights, dtype=torch.bool) if mask is None else mask.expand_as(weights)
    fig = heatmap(weights, title=title, row_names=names, column_names=names, mask=allowed)
    hidden = int((~allowed).sum())
    return fig, f"Heatmap of {len(weights)} by {weights.shape[-1]} attention weights, {hidden} of them masked. {title}."


def scale_panels(queries, keys, d_ks, *, title):
    """Draw the weights for several d_k, without the scale above and with it below.

    The first d_k entries of every query and key are used.

    **Shapes** queries, keys (n, at least the largest of d_ks) -> figure
    """
    fig, axes = figure(2, len(d_ks), width=8.0, height=5.9)
    for row, scale, name in ((0, 1.0, "not divided"), (1, None, "divided by $\\sqrt{d_k}$")):
        for ax, d_k in zip(axes[row], d_ks, strict=True):
            weights = attnlib.attention_weights(queries[:, :d_k], keys[:, :d_k], scale=scale)
            heatmap(weights, title=f"d_k = {d_k}, {name}", ax=ax)
            ax.title.set_fontsize(9)
            ax.set(ylabel="queries" if ax is axes[row][0] else "", xlabel="keys" if row else "")
    fig.get_layout_engine().set(h_pad=0.1)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    return fig
