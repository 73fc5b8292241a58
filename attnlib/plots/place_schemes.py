"""Chapter 6: ways to tell positions: where each is added, what it adds, and how far it carries."""

import matplotlib
import numpy as np
from matplotlib.patches import FancyBboxPatch

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.heads import sheet
from attnlib.plots.line_styles import look
from attnlib.plots.strips import arrow

SMALL = 8
MARKERS = "os^Dv<>P"
DASHES = ("-", "--", "-.", ":")
# where a box stands in the diagram: its left edge, the height of its middle, its width
BOXES = {
    "embeddings": (0.15, 1.2, 1.15),
    "queries": (2.05, 0.5, 1.0),
    "keys": (2.05, 1.2, 1.0),
    "values": (2.05, 1.9, 1.0),
    "scores": (3.85, 0.85, 1.0),
    "weights": (5.35, 0.85, 1.0),
    "output": (6.75, 1.5, 1.0),
}
LINKS = [("embeddings", "queries"), ("embeddings", "keys"), ("embeddings", "values"), ("queries", "scores")]
LINKS += [("keys", "scores"), ("scores", "weights"), ("weights", "output"), ("values", "output")]


def where_added(schemes, *, title):
    """Draw attention as boxes, and below each box the ways to tell positions that change it.

    **Shapes** schemes {a box or boxes joined by " and ": names of schemes}; boxes: embeddings, queries, keys, values,
    scores, weights, output -> figure
    """
    fig, ax = sheet(8.0, 3.55, title)
    for start, end in LINKS:
        (left, y, width), (right, height, _) = BOXES[start], BOXES[end]
        arrow(ax, (left + width, y), (right - 0.04, height), "#767676", width=1.3)
    touched = {box for boxes in schemes for box in boxes.split(" and ")}
    for name, (x, y, width) in BOXES.items():
        colour = COLOURS.get(name, INK)
        face = "#fff3d6" if name in touched else "white"
        patch = FancyBboxPatch((x, y - 0.2), width, 0.4, boxstyle="round,pad=0.03", edgecolor=colour, facecolor=face)
        ax.add_patch(patch)
        ax.text(x + width / 2, y, name, ha="center", va="center", color=colour, fontsize=10)
    for boxes, names in schemes.items():
        middle = np.mean([BOXES[box][0] + BOXES[box][2] / 2 for box in boxes.split(" and ")])
        ax.text(middle, 2.35, f"{boxes}:\n" + "\n".join(names), ha="center", va="top", fontsize=9, linespacing=1.3)
    return fig


def position_maps(maps, *, title, label, limits, signed=False, rows="queries", columns="keys"):
    """Draw several maps over queries and keys in a row, all with the same colours.

    **Shapes** maps {name: (n, n)}; limits (lowest, highest) of the colour bar -> figure

    **Promises** signed colours are centred at 0, whatever part of them the colour bar shows.
    """
    size = min(8.0 / len(maps), 4.2)
    fig, axes = figure(
        1, len(maps), width=min(8.0, size * len(maps) + 1.2), height=size + 0.4, squeeze=False, sharey=True
    )
    ends = (-max(map(abs, limits)), max(map(abs, limits))) if signed else limits
    with matplotlib.rc_context(STYLE):
        for ax, (name, values) in zip(axes.flat, maps.items(), strict=True):
            picture = ax.imshow(np.asarray(values), cmap="PuOr" if signed else "cividis", vmin=ends[0], vmax=ends[1])
            ax.set_title(name, fontsize=9, loc="center")
            ax.set_xlabel(columns)
            ticks = range(0, len(values), max(1, len(values) // 4))
            ax.set(xticks=ticks, yticks=ticks)
            ax.spines[:].set_visible(False)
            ax.tick_params(length=0, labelsize=SMALL)
        axes.flat[0].set_ylabel(rows)
        fig.colorbar(picture, ax=axes, label=label, shrink=0.7).ax.set_ylim(*limits)
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def extrapolation_curves(lengths, shares, *, trained, guess, title):
    """Draw how many answers are right in sentences of each length: the mean over seeds, and from lowest to highest.

    **Shapes**
        lengths     (num_lengths,)
        shares      {name: (num_seeds, num_lengths)}; None where a scheme refuses
        trained     the longest sentence in training
        guess       the share that a guess gets right
        -> figure
    """
    fig, ax = figure(width=7.6, height=3.8)
    with matplotlib.rc_context(STYLE):
        ax.axvspan(min(lengths) * 0.9, trained * 1.02, color="#eeeeee", linewidth=0)
        for place, (name, found) in enumerate(shares.items()):
            found = np.array(found, dtype=float)  # None becomes nan
            colour, _ = look(place)
            mean = found.mean(axis=0)
            refuses = " (refuses longer)" if np.isnan(mean).any() else ""
            line = {"color": colour, "marker": MARKERS[place], "linestyle": DASHES[place % 4]}
            ax.plot(lengths, mean, label=name + refuses, **line)
            ax.vlines(lengths, found.min(axis=0), found.max(axis=0), color=colour, linewidth=1)
            ax.fill_between(lengths, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        ax.axhline(guess, color=INK, linewidth=1, linestyle=(0, (1, 3)))
        ax.text(lengths[-1], guess + 0.01, "guessing", ha="right", va="bottom", fontsize=SMALL)
        ax.set_xscale("log", base=2)
        ax.set_xticks(lengths, [str(n) for n in lengths])
        ax.minorticks_off()
        ax.set(ylim=(0, 1.04), xlim=(min(lengths) * 0.9, max(lengths) * 1.08))
        ax.set(xlabel="words in a sentence (grey: as in training)", ylabel="share right", title=title)
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    return fig
