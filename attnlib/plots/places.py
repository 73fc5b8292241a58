"""Chapter 6: positions as vectors: a counter, curves, hands of a clock, and a word that is moved."""

import matplotlib
import numpy as np
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.heatmaps import heatmap, ink_on
from attnlib.plots.strips import arrow

SMALL = 8
ABOVE, BELOW = "#542788", "#B35806"  # the purple and the orange of signed maps
DASHES = ("-", "--", "-.", ":")


def counter_panels(bits, waves, *, title):
    """Draw positions as binary numbers, and beside them as waves.

    **Shapes** bits (n, num_bits) of 0 and 1, the fastest last; waves (n, num_waves), the fastest last -> figure
    """
    bits, waves = np.asarray(bits), np.asarray(waves)
    fig, axes = figure(1, 2, width=7.4, height=4.6, width_ratios=[bits.shape[1], waves.shape[1]])
    with matplotlib.rc_context(STYLE):
        axes[0].imshow(bits, cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for (row, column), bit in np.ndenumerate(bits):
            colour = ink_on(matplotlib.colormaps["cividis"](float(bit)))
            axes[0].text(column, row, str(int(bit)), ha="center", va="center", color=colour, fontsize=SMALL)
        picture = axes[1].imshow(waves, cmap="PuOr", vmin=-1, vmax=1, aspect="auto")
        fig.colorbar(picture, ax=axes[1], label="value")
        for ax, name, count in zip(axes, ("bit", "wave"), (bits.shape[1], waves.shape[1]), strict=True):
            ax.set(xlabel=f"{name} (slow to fast)", xticks=range(count), yticks=range(len(bits)))
            ax.set_xticklabels(range(count, 0, -1))
            ax.spines[:].set_visible(False)
            ax.tick_params(length=0, labelsize=SMALL)
        axes[0].set_ylabel("position")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def position_grid(P, *, title):
    """Draw the vectors of all positions side by side, one column a position.

    **Shapes** P (num_positions, d_model) -> figure
    """
    fig, ax = figure(width=7.4, height=3.4)
    with matplotlib.rc_context(STYLE):
        picture = ax.imshow(np.asarray(P).T, cmap="PuOr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        fig.colorbar(picture, ax=ax, label="value")
        ax.set(xlabel="position", ylabel="feature", title=title)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    return fig


def position_curves(P, features, *, title):
    """Draw some features of the positions as curves.

    **Shapes** P (num_positions, d_model); features: up to four column numbers -> figure
    """
    P = np.asarray(P)
    fig, ax = figure(width=7.4, height=2.8)
    with matplotlib.rc_context(STYLE):
        for feature, colour, dash in zip(features, COLOURS.values(), DASHES, strict=False):
            ax.plot(P[:, feature], dash, color=colour, marker="none", linewidth=1.8, label=f"feature {feature}")
        ax.set(xlabel="position", ylabel="value", title=title)
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def clocks(pairs, *, title):
    """Draw pairs of arrows, each on its own clock, with the angle from the second to the first.

    **Shapes** pairs {caption: (query (2,), key (2,))} -> figure
    """
    fig, axes = figure(1, len(pairs), width=7.6, height=3.0, squeeze=False)
    for ax, (caption, (query, key)) in zip(axes.flat, pairs.items(), strict=True):
        query, key = np.asarray(query, dtype=float), np.asarray(key, dtype=float)
        ax.add_patch(Circle((0, 0), 1, fill=False, edgecolor="#9a9a9a"))
        for name, role, hand in (("q", "queries", query), ("k", "keys", key)):
            arrow(ax, (0, 0), hand, COLOURS[role], width=2.2)
            ax.text(*(1.22 * hand), name, color=COLOURS[role], ha="center", va="center")
        turn = np.degrees(np.arctan2(key[0] * query[1] - key[1] * query[0], key @ query))  # -180 to 180
        ax.text(
            0,
            -1.5,
            f"{turn:.0f}° from k to q\nscore {query @ key:.2f}".replace("-", "−"),
            ha="center",
            va="center",
            fontsize=9,
        )
        ax.set(xlim=(-1.5, 1.5), ylim=(-1.85, 1.4), aspect="equal")
        ax.set_title(caption, fontsize=9, loc="center")
        ax.set_axis_off()
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def moved_word(vector, scores, words, place, *, title):
    """Draw the position vector of a word and the score map of its sentence, the word's row and column framed.

    **Shapes** vector (d_model,), scores (n, n), words: n names, place: where the word stands -> figure
    """
    vector, scores = np.asarray(vector), np.asarray(scores)
    fig, (left, right) = figure(1, 2, width=8.0, height=4.0, width_ratios=[1, 1.1])
    with matplotlib.rc_context(STYLE):
        left.bar(range(len(vector)), vector, color=np.where(vector < 0, BELOW, ABOVE))
        left.axhline(0, color=INK, linewidth=0.8)
        left.set(ylim=(-1.1, 1.1), xlabel="feature", ylabel="value")
        left.xaxis.set_major_locator(MaxNLocator(integer=True))  # no half features
        left.set_title(f"position {place}", fontsize=9)
    heatmap(scores, title="scores", row_names=words, column_names=words, signed=True, ax=right)
    fig.colorbar(right.images[0], ax=right, label="score", shrink=0.7)
    right.title.set_fontsize(9)
    for text in right.texts:
        text.set_visible(False)
    for line in (right.axhline, right.axvline):
        for edge in (place - 0.5, place + 0.5):
            line(edge, color=INK, linewidth=1)
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig
