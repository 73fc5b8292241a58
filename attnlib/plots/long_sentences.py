"""Chapter 9: tiles and the running maximum, a cache that grows, keys that go round a ring."""

import matplotlib
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import FancyArrowPatch, Rectangle

from attnlib.plots.base import COLOURS, INK, STYLE, figure

SMALL = 9
EMPTY, KEPT, NEW = "#ffffff", "#c9d9e6", COLOURS["keys"]


def tile_sweep(scores, chunk_size, picked, *, title):
    """Draw a score matrix cut into tiles and, for one query, the largest score after each tile.

    **Shapes** scores (num_queries, num_keys); picked: the number of a query -> figure
    """
    scores = _array(scores)
    num_queries, num_keys = scores.shape
    edges = np.arange(0, num_keys, chunk_size)
    fig, (left, right) = figure(1, 2, width=7.8, height=3.3, width_ratios=[1, 1.15])
    with matplotlib.rc_context(STYLE):
        limit = np.abs(scores).max()
        left.imshow(scores, cmap="PuOr", vmin=-limit, vmax=limit, interpolation="nearest", aspect="auto")
        for edge in edges[1:] - 0.5:
            left.axvline(edge, color=INK, linewidth=1.2, linestyle="-", marker="none")
        for edge in np.arange(chunk_size, num_queries, chunk_size) - 0.5:
            left.axhline(edge, color=INK, linewidth=1.2, linestyle="-", marker="none")
        frame = (-0.5, picked - 0.5), num_keys, 1
        left.add_patch(Rectangle(*frame, fill=False, edgecolor=COLOURS["queries"], linewidth=2.5))
        left.set(xlabel="keys", ylabel="queries", title="one tile at a time, left to right")
        row = scores[picked]
        right.plot(row, linestyle="", marker="o", markersize=5, color=COLOURS["keys"], label="scores")
        highest = np.array([row[: edge + chunk_size].max() for edge in edges])
        ends = np.append(edges, num_keys) - 0.5
        right.stairs(highest, ends, baseline=None, color=COLOURS["queries"], linewidth=2, label="running maximum")
        for start, value in zip(edges, highest, strict=True):
            right.text(start, value + 0.04 * np.ptp(row), f"{value:.1f}", fontsize=SMALL, color=COLOURS["queries"])
        for edge in edges[1:] - 0.5:
            right.axvline(edge, color=INK, linewidth=0.8, linestyle=":", marker="none")
        right.set_ylim(row.min() - 0.1 * np.ptp(row), row.max() + 0.35 * np.ptp(row))
        right.set(xlabel="keys", ylabel="score", title=f"the framed row, query {picked}")
        right.legend(fontsize=SMALL, loc="upper left", ncols=2, frameon=True, framealpha=1, edgecolor="none")
    return _titled(fig, title)


def cache_growth(lengths, capacity, *, title):
    """Draw which rows of a cache are kept, written and still free, step by step.

    **Shapes** lengths: how many words the cache holds after each step, growing -> figure
    """
    starts = [0, *lengths[:-1]]
    cells = np.zeros((len(lengths), capacity))
    for step, (start, end) in enumerate(zip(starts, lengths, strict=True)):
        cells[step, :start], cells[step, start:end] = 1, 2
    fig, ax = figure(width=7.0, height=1.2 + 0.3 * len(lengths))
    with matplotlib.rc_context(STYLE):
        colours = ListedColormap([EMPTY, KEPT, NEW])
        ax.pcolormesh(cells, cmap=colours, vmin=0, vmax=2, edgecolors=INK, linewidth=0.6)
        for (step, place), kind in np.ndenumerate(cells):
            word = ["", "kept", "new"][int(kind)]
            colour = "white" if kind == 2 else INK
            ax.text(place + 0.5, step + 0.5, word, ha="center", va="center", fontsize=8, color=colour)
        ax.set_xticks(np.arange(capacity) + 0.5, range(capacity))
        ax.set_yticks(np.arange(len(lengths)) + 0.5, [f"step {step}" for step in range(len(lengths))])
        ax.invert_yaxis()
        ax.set(xlabel="rows of keys and values (the room is reserved once)", title=title)
    return fig


def ring_steps(size, *, title, causal=False):
    """Draw who holds whose keys and values at every step, and which of them a causal query may not see.

    **Shapes** size: number of processes -> figure
    """
    fig, axes = figure(1, size, width=min(8.0, 2.0 * size), height=2.5, squeeze=False)
    angles = np.pi / 2 - 2 * np.pi * np.arange(size) / size
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    with matplotlib.rc_context(STYLE):
        for step, ax in enumerate(axes[0]):
            for rank, (x, y) in enumerate(places):
                part = (rank - step) % size
                hidden = causal and part > rank
                look = {"linestyle": "--", "facecolor": "#eeeeee"} if hidden else {"facecolor": KEPT}
                ax.add_patch(Rectangle((x - 0.42, y - 0.3), 0.84, 0.6, edgecolor=INK, zorder=2, **look))
                ax.text(x, y, f"Q{rank}\nK{part} V{part}", ha="center", va="center", fontsize=SMALL, zorder=3)
                if step < size - 1:
                    ends = {"shrinkA": 22, "shrinkB": 22, "arrowstyle": "-|>", "mutation_scale": 12}
                    curve = "arc3,rad=-0.25"
                    ax.add_patch(
                        FancyArrowPatch(
                            (x, y), places[(rank + 1) % size], color=COLOURS["keys"], connectionstyle=curve, **ends
                        )
                    )
            ax.set(xlim=(-1.5, 1.5), ylim=(-1.4, 1.4), aspect="equal")
            ax.set_axis_off()
            ax.set_title(f"step {step}", loc="center", fontsize=10)
    return _titled(fig, title)


def _titled(fig, title):
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def _array(values):
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
