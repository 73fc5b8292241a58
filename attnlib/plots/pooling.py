"""Chapter 3: attention as pooling - who sees whom, the weights, and the curves that they fit."""

import matplotlib
import numpy as np
from matplotlib.colors import Normalize

from attnlib.plots.base import COLOURS, INK, STYLE, figure

FAINT = "#767676"
HALF_COLUMN = 0.1  # of a day: how far a key's column may reach
BRIGHTEST = 0.3  # larger weights get the same colour


def sequence_map(words, weights, who, *, title):
    """Draw a sequence in and a sequence out, a line from every input to every output, as thick as its weight.

    **Shapes** words: n names; weights (n, n), a row for each output; who: the output whose lines are coloured -> figure
    """
    weights = _array(weights)
    fig, ax = figure(width=7.0, height=3.3)
    chosen = words.index(who)
    for output, seen in np.ndindex(weights.shape):
        weight, here = weights[output, seen], output == chosen
        ax.plot(
            [seen, output],
            [0.13, 0.87],
            color=COLOURS["queries"] if here else FAINT,
            linestyle="-",
            marker="none",
            linewidth=0.8 + 5 * weight,
            alpha=1.0 if here else 0.15 + 0.4 * weight,
            zorder=2 if here else 1,
        )
    for place, word in enumerate(words):
        _node(ax, place, 1, f"$y_{place + 1}$", COLOURS["output"], bold=place == chosen)
        _node(ax, place, 0, f"$x_{place + 1}$", INK)
        told = f"{word}\n{weights[chosen, place]:.2f}"
        ax.text(place, -0.17, told, ha="center", va="top", fontsize=9, color=COLOURS["queries"])
    for y, text in ((1, "sequence out"), (0, "sequence in"), (-0.3, f"weight for $y_{chosen + 1}$")):
        ax.text(-0.42, y, text, ha="right", va="center", fontsize=9, color=COLOURS["queries"] if y < 0 else INK)
    ax.set(xlim=(-1.35, len(words) - 0.5), ylim=(-0.5, 1.2))
    ax.set_axis_off()
    ax.set_title(title, loc="left")
    return fig


def fitted_curves(told, values, asked, predictions, *, title, truth=None, gap=None):
    """Draw measurements and one fitted curve a panel, all panels below one another.

    **Shapes**
        told, values    (num_keys,): where was measured, and what
        asked           (num_queries,)
        predictions     {name: (num_queries,)}
        truth           (num_queries,), drawn dashed
        gap             (start, end) without measurements, shaded
        -> figure
    """
    fig, axes = figure(len(predictions), 1, width=7.6, height=0.8 + 1.5 * len(predictions), sharex=True, squeeze=False)
    with matplotlib.rc_context(STYLE):
        for ax, (name, prediction) in zip(axes[:, 0], predictions.items(), strict=True):
            draw_fit(ax, told, values, asked, prediction, truth, gap)
            ax.set_title(name, fontsize=9)
            ax.set_ylabel("°C")
        axes[-1, 0].set_xlabel("day")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8.5)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    return fig


def pooling_weights(poolings, told, *, title):
    """Draw the weights of several poolings side by side, in one scale; rows and columns run through the days.

    **Shapes** poolings {name: (num_queries, num_keys)}, told (num_keys,): the days of the keys, sorted -> figure

    The queries are spread evenly over the range of the days.
    """
    fig, axes = figure(1, len(poolings), width=8.0, height=3.5)
    with matplotlib.rc_context(STYLE):
        for ax, (name, weights) in zip(axes, poolings.items(), strict=True):
            drawn = draw_weights(ax, weights, told, BRIGHTEST)
            ax.set_title(name, fontsize=9)
            ax.set(ylabel="query: day" if ax is axes[0] else "")
        fig.colorbar(drawn, ax=axes, label="weight", shrink=0.85, extend="max")
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    return fig


def width_errors(widths, errors, others, *, title):
    """Draw held-out errors against the width of the kernel, with the errors of other poolings as lines.

    **Shapes** widths (num_widths,), errors {name: (num_widths,)}, others {name: error}; at most two of each -> figure
    """
    fig, ax = figure(width=7.0, height=3.6)
    with matplotlib.rc_context(STYLE):
        for (name, curve), marker in zip(errors.items(), "os", strict=False):
            face = COLOURS["keys"] if marker == "o" else "white"
            ax.plot(widths, curve, "-", color=COLOURS["keys"], marker=marker, markerfacecolor=face, label=name)
        looks = ((FAINT, ":"), (COLOURS["queries"], "--"))
        for (name, error), (colour, line) in zip(others.items(), looks, strict=False):
            ax.axhline(float(error), color=colour, linestyle=line, linewidth=2, label=name)
        ax.set_xscale("log")
        ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)
        ax.set(xlabel="width of the kernel (days)", ylabel="mean squared error", title=title, ylim=(0, None))
        fig.legend(loc="outside lower center", ncols=2, fontsize=8.5)
    return fig


def pooled_fit(told, values, asked, weights, *, name, error, truth=None, gap=None):
    """Draw the curve of one pooling beside its weights: for a control.

    **Shapes** told, values (num_keys,), asked (num_queries,), weights (num_queries, num_keys) -> figure, alt
    """
    weights = _array(weights)
    fig, (left, right) = figure(1, 2, width=8.0, height=3.6, width_ratios=[1.6, 1])
    largest = float(weights.max())
    with matplotlib.rc_context(STYLE):
        draw_fit(left, told, values, asked, weights @ _array(values), truth, gap)
        left.set(xlabel="day", ylabel="°C")
        left.set_title(f"fit: held-out error {error:.1f}", fontsize=9)
        left.legend(fontsize=8, loc="upper left", ncols=2)
        left.set_ylim(top=left.get_ylim()[1] + 4)
        fig.colorbar(draw_weights(right, weights, told, BRIGHTEST), ax=right, extend="max")
        right.set(ylabel="query: day")
        right.set_title(f"weights, the largest {largest:.2f}", fontsize=9)
    fig.suptitle(name, x=0.01, ha="left", fontsize=11, color=INK)
    low, high = np.min(weights @ _array(values)), np.max(weights @ _array(values))
    alt = (
        f"{name}. Left the measurements and the fitted curve, which runs between {low:.1f} and {high:.1f} degrees, "
        f"held-out error {error:.1f}. Right the weights as a heatmap, the largest is {largest:.2f}."
    )
    return fig, alt


def draw_fit(ax, told, values, asked, prediction, truth=None, gap=None):
    """Draw measurements, a fitted curve, and what is true, into axes that are there."""
    told, values, asked, prediction = (_array(part) for part in (told, values, asked, prediction))
    if gap is not None:
        ax.axvspan(*gap, color="#e8e8e8", zorder=0, label="no measurements")
    if truth is not None:
        ax.plot(asked, _array(truth), color=INK, linestyle="--", marker="none", linewidth=1, label="truth")
    ax.plot(told, values, color=COLOURS["values"], linestyle="", marker="^", markersize=4, label="measured")
    ax.plot(asked, prediction, color=COLOURS["queries"], linestyle="-", marker="none", linewidth=2, label="fitted")


def draw_weights(ax, weights, told, brightest):
    """Draw weights as a heatmap over time, queries downwards; return what a colour bar needs.

    Each key has a column around its time; where nothing was measured the paper stays grey.
    """
    weights, told = _array(weights), _array(told)
    middles = (told[1:] + told[:-1]) / 2
    left = np.maximum(np.append(-np.inf, middles), told - HALF_COLUMN)
    right = np.minimum(np.append(middles, np.inf), told + HALF_COLUMN)
    columns = np.full((len(weights), 2 * len(told) - 1), np.nan)  # a column for each key, one for each space between
    columns[:, ::2] = weights
    first, last = np.floor(told.min()), np.ceil(told.max())
    image = ax.pcolormesh(
        np.stack([left, right], axis=1).ravel(),
        np.linspace(first, last, len(weights) + 1),
        columns,
        cmap="cividis",
        norm=Normalize(0, brightest),
        rasterized=True,
    )
    ax.set_facecolor("#e8e8e8")
    ax.set(xlim=(first, last), ylim=(last, first), xlabel="key: day", xticks=np.arange(first, last + 1))
    ax.spines[:].set_visible(False)
    return image


def _node(ax, x, y, text, colour, bold=False):
    box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour, "linewidth": 2.6 if bold else 1.4}
    ax.text(x, y, text, ha="center", va="center", fontsize=12, color=INK, bbox=box, zorder=3)


def _array(values):
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=float)
