"""Chapter 7: which words a layer links, how far a word gets, and what has to wait for what."""

import matplotlib
import numpy as np

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.strips import arrow

SMALL = 9


def connectivity(sees, *, chains=(), title):
    """Draw which inputs every output of a layer sees, the inputs below, the outputs above.

    **Shapes**
        sees    {layer: (n, n) boolean}, sees[i, j]: output i depends on input j
        chains  names of layers whose outputs are computed one from the other: only the links of a word with its
                own input and with the state before are drawn
        -> figure
    """
    fig, axes = figure(1, len(sees), width=8.4, height=2.5)
    with matplotlib.rc_context(STYLE):
        for ax, (name, links) in zip(np.atleast_1d(axes), sees.items(), strict=True):
            links = np.asarray(links)
            n, last = len(links), len(links) - 1
            for i, j in zip(*np.nonzero(links), strict=True):
                if name in chains and i != j:
                    continue
                strong = i == last or name in chains
                colour = COLOURS["queries"] if strong else "#8a8a8a"
                ax.plot([j, i], [0.1, 0.9], color=colour, linewidth=2 if strong else 0.8, marker="none", linestyle="-")
            if name in chains:
                for i in range(last):
                    arrow(ax, (i + 0.1, 1), (i + 0.9, 1), COLOURS["queries"], width=2)
            ax.plot(range(n), [0] * n, linestyle="", marker="o", markersize=8, color=COLOURS["keys"])
            ax.plot(range(n), [1] * n, linestyle="", marker="s", markersize=8, color=COLOURS["values"])
            ax.set(xlim=(-0.6, last + 0.6), ylim=(-0.25, 1.25))
            ax.set_yticks([0, 1], ["input", "output"], fontsize=SMALL)
            ax.set_xticks(range(n), [str(place) for place in range(n)], fontsize=SMALL)
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
            ax.set_title(name, fontsize=SMALL + 1)
            ax.set_xlabel("word", fontsize=SMALL)
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def reach_rows(reached, *, title):
    """Draw which words know of word 0 after each layer of a stack.

    **Shapes** reached {stack: (num_layers, n) boolean} -> figure
    """
    deepest = max(len(rows) for rows in reached.values())
    fig, axes = figure(1, len(reached), width=8.4, height=1.4 + 0.26 * deepest, sharey=True)
    with matplotlib.rc_context(STYLE):
        for ax, (name, rows) in zip(np.atleast_1d(axes), reached.items(), strict=True):
            rows = np.asarray(rows)
            n = rows.shape[1]
            for layer, row in enumerate(rows, start=1):
                for word, known in enumerate(row):
                    face = COLOURS["queries"] if known else "white"
                    ax.scatter(word, layer, s=46, marker="s", facecolor=face, edgecolor="#767676", linewidth=0.8)
            ax.set(xlim=(-0.6, n - 0.4), ylim=(0.3, deepest + 0.7), xlabel="word")
            ax.set_xticks([0, n - 1], ["0", str(n - 1)])
            ax.set_yticks(range(1, deepest + 1))
            ax.set_title(name, fontsize=SMALL + 1)
        np.atleast_1d(axes)[0].set_ylabel("after layer")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def timeline(starts, *, title):
    """Draw when each operation can run, if everything runs as soon as what it waits for is done.

    **Shapes** starts {layer: (num_layers, n) integers}: the moment of every word in every layer -> figure
    """
    heights = [np.asarray(times).size for times in starts.values()]
    fig, axes = figure(
        len(starts), 1, width=7.6, height=0.9 + 0.09 * sum(heights), sharex=True, height_ratios=[2 + h for h in heights]
    )
    latest = max(int(np.asarray(times).max()) for times in starts.values())
    with matplotlib.rc_context(STYLE):
        for ax, (name, times) in zip(np.atleast_1d(axes), starts.items(), strict=True):
            times = np.asarray(times)
            for layer, row in enumerate(times):
                colour = list(COLOURS.values())[layer]
                rows = layer * times.shape[1] + np.arange(times.shape[1])
                ax.barh(
                    rows,
                    [0.92] * len(row),
                    left=row,
                    height=0.75,
                    color=colour,
                    hatch=[None, "//"][layer % 2],
                    edgecolor="white",
                    label=f"layer {layer + 1}",
                )
            ax.set_title(name, fontsize=SMALL + 1)
            ax.set_ylabel("words", fontsize=SMALL)
            ax.set_yticks([])
            ax.invert_yaxis()
            ax.set_xlim(0, latest + 1)
        np.atleast_1d(axes)[0].legend(fontsize=SMALL, loc="upper right")
        np.atleast_1d(axes)[-1].set_xlabel("time, in operations that wait for one another")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig
