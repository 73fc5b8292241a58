"""Chapter 8: masks as graphs, and the karate club."""

import matplotlib
import numpy as np
from matplotlib.patches import FancyArrowPatch

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.heatmaps import heatmap

SMALL = 8
SIDE_COLOURS = [COLOURS["queries"], COLOURS["keys"]]
MARKERS = "os"


def masks_and_graphs(masks, *, title):
    """Draw masks, each as a graph above and as a matrix below.

    An arrow goes from the node that is looked at to the node that looks, as a message does; loops are left out.

    **Shapes** masks {name: (n, n) boolean, True = may look} -> figure
    """
    fig, axes = figure(2, len(masks), width=2.0 * len(masks), height=4.3, squeeze=False)
    with matplotlib.rc_context(STYLE):
        for (name, mask), upper, lower in zip(masks.items(), *axes, strict=True):
            mask = _array(mask).astype(bool)
            draw_graph(upper, mask)
            upper.set_title(name, loc="center", fontsize=10)
            _draw_mask(lower, mask)
        for ax in axes[1]:
            ax.set_xlabel("keys: looked at")
        axes[1, 0].set_ylabel("queries: who looks")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def pattern_and_reach(mask, weights, reached, layers, *, title):
    """Draw a mask as a graph, the attention weights under it, and what an output can see after some layers.

    **Shapes** mask, weights, reached (n, n), reached boolean; layers: their number -> figure
    """
    mask, reached = (_array(part).astype(bool) for part in (mask, reached))
    fig, axes = figure(1, 3, width=8.0, height=3.2)
    with matplotlib.rc_context(STYLE):
        draw_graph(axes[0], mask)
        axes[0].set_title("who looks at whom", fontsize=10)
        heatmap(_array(weights), title="", mask=mask, ax=axes[1])
        axes[1].set_title("weights, one layer", fontsize=10)
        for text in axes[1].texts:
            text.set_visible(False)  # too small to be read at this size
        _draw_mask(axes[2], reached)
        plural = "layer" if layers == 1 else "layers"
        axes[2].set_title(f"reach, {layers} {plural}", fontsize=10)
        axes[2].set(xlabel="inputs", ylabel="outputs")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def parse_edges(text):
    """Read edges that somebody has typed, such as "0-8 1-7".

    **Shapes** text -> a list of pairs of numbers
    """
    return [tuple(map(int, pair.split("-"))) for pair in text.split()]


def draw_graph(ax, mask):
    """Draw the graph of a mask with its nodes on a circle, node 0 at the top, clockwise.

    **Shapes** mask (n, n) boolean, True at [i, j] = i may look at j; both directions: a line, one: an arrow
    """
    n = len(mask)
    angles = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for i, j in zip(*np.nonzero(mask), strict=True):
        if i != j and not (mask[j, i] and i < j):  # a line once
            style = "-" if mask[j, i] else "-|>"
            ends = {"shrinkA": 9, "shrinkB": 9, "arrowstyle": style, "mutation_scale": 8}
            ax.add_patch(FancyArrowPatch(places[j], places[i], color="#6e6e6e", linewidth=1.1, **ends))
    ax.plot(*places.T, "o", markersize=15, markerfacecolor="white", markeredgecolor=INK, linestyle="none")
    for node, (x, y) in enumerate(places):
        ax.text(x, y, str(node), ha="center", va="center", fontsize=SMALL)
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    ax.set_axis_off()


def club_graph(places, edges, shares, sides, guesses, leaders, *, title):
    """Draw the karate club: shape and colour of a member tell what is guessed, a ring who is guessed wrong.

    **Shapes**
        places      (n, 2), in inches, as ``clear_places`` gives them
        edges       (num_edges, 2), dashed where the two went to different sides
        shares      (num_edges,), how wide each edge is drawn: 1 is an even share; none is too thin to be seen
        sides       (n,), where they went: 0 or 1; guesses (n,) where the model puts them
        leaders     node numbers, drawn large
        -> figure
    """
    places, edges, shares, sides, guesses = (_array(part) for part in (places, edges, shares, sides, guesses))
    fig, ax = figure(width=7.6, height=4.9)
    with matplotlib.rc_context(STYLE):
        for (i, j), share in zip(edges, shares, strict=True):
            dash = "-" if sides[i] == sides[j] else (0, (3, 1.5))
            ax.plot(
                *places[[i, j]].T,
                linestyle=dash,
                marker="none",
                color="#7a7a7a",
                linewidth=max(2.2 * share, 0.5),
                zorder=1,
            )
        for node, (x, y) in enumerate(places):
            size = 420 if node in leaders else 190
            side = guesses[node]
            ring = {"edgecolor": INK, "linewidth": 3.5} if side != sides[node] else {"edgecolor": "white"}
            ax.scatter(x, y, size, SIDE_COLOURS[side], marker=MARKERS[side], zorder=2, **ring)
            ax.text(x, y, str(node), ha="center", va="center", fontsize=SMALL, color="white", zorder=3)
        _club_legend(ax)
        ax.set_aspect("equal")
        ax.set_title(title)
        ax.set_axis_off()
    return fig


def _club_legend(ax):
    for side, name in enumerate(["instructor (0)", "president (33)"]):
        marks = {"marker": MARKERS[side], "color": SIDE_COLOURS[side], "linestyle": "none", "markersize": 9}
        ax.plot([], [], label=f"guess: {name}", **marks)
    marks = {"markersize": 10, "markerfacecolor": "white", "markeredgecolor": INK, "markeredgewidth": 3}
    ax.plot([], [], "o", label="guessed wrong", linestyle="none", **marks)
    for dash, name in (("-", "friends, same side"), ((0, (3, 1.5)), "friends, two sides")):
        ax.plot([], [], linestyle=dash, marker="none", color="#7a7a7a", linewidth=2.2, label=name)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=5, fontsize=SMALL, columnspacing=1.2)


def _draw_mask(ax, mask):
    heatmap(mask.astype(float), title="", mask=mask, ax=ax)
    for text in ax.texts:
        text.set_visible(False)  # they would all be 1


def _array(values):
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
