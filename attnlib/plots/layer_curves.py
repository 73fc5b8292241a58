"""Chapter 7: how costs, gradients, memories and times change with the number of words."""

import matplotlib
import numpy as np
from matplotlib.ticker import EngFormatter, MaxNLocator

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.line_styles import HEAD_COLOURS

SMALL = 9
LINES = ["-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (9, 3)), (0, (3, 2))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
# a kind of layer looks the same in all figures; other curves take what is left
KINDS = ["attention", "dilated CNN", "CNN", "LSTM", "GRU", "RNN", "attention, 2 layers"]
SAME = {"attention, 1 layer": "attention", "convolution, k = 3": "CNN"}


def length_curves(
    lengths, curves, *, ylabel, title, xlabel="number of words n", log_x=True, log_y=True, marks=None, floor=None
):
    """Draw what grows or falls with a length; several runs as a line through their medians in a band.

    **Shapes**
        lengths     (num_lengths,), or {name: (its lengths,)}
        curves      {name: (num_lengths,) or (num_runs, num_lengths)}; on a logarithmic axis 0 is left out
        marks       {text: (length, height)}: points that are marked, such as crossovers
        floor       (height, text): a line across, such as what a guess reaches
        -> figure
    """
    fig, ax = figure(width=7.6, height=3.9)
    with matplotlib.rc_context(STYLE):
        for (name, runs), place in zip(curves.items(), _looks(list(curves)), strict=True):
            runs = np.atleast_2d(np.asarray(runs, dtype=float))
            runs = np.where(runs > 0, runs, np.nan) if log_y else runs
            at = np.asarray(lengths[name] if isinstance(lengths, dict) else lengths)
            colour = HEAD_COLOURS[place % len(HEAD_COLOURS)]
            ax.plot(
                at,
                np.median(runs, axis=0),
                linestyle=LINES[place % 7],
                marker=MARKERS[place % 7],
                color=colour,
                markersize=5,
                linewidth=1.8,
                label=name,
            )
            if len(runs) > 1:
                ax.fill_between(at, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.18, linewidth=0)
        for text, (length, height) in (marks or {}).items():
            ax.plot(length, height, linestyle="", marker="o", markersize=11, markerfacecolor="none", color=INK)
            ax.annotate(text, (length, height), xytext=(-6, 10), textcoords="offset points", fontsize=SMALL, ha="right")
        if floor:
            ax.axhline(floor[0], color=INK, linewidth=1, linestyle=":", marker="none")
            ax.text(
                0.01, floor[0], floor[1], fontsize=SMALL, va="bottom", ha="left", transform=ax.get_yaxis_transform()
            )
        if log_x:
            ticks = sorted(set(np.concatenate([np.ravel(line.get_xdata()) for line in ax.lines[: len(curves)]])))
            ax.set_xscale("log", base=2)
            ax.set_xticks(ticks, [f"{int(tick):,}" for tick in ticks])
        ax.set_yscale("log" if log_y else "linear")
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        ax.legend(fontsize=SMALL, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def _looks(names):
    # the number of the look of every curve
    known = {name: KINDS.index(SAME.get(name, name)) for name in names if SAME.get(name, name) in KINDS}
    free = iter([place for place in range(len(names) + len(KINDS)) if place not in known.values()])
    return [known[name] if name in known else next(free) for name in names]


def cost_table(costs, *, title):
    """Draw FLOPs as bars, with all costs written beside them; the least of each is bold.

    **Shapes** costs {layer: {"FLOPs": a number, other cost: a number, ...}} -> figure
    """
    names, headings = list(costs), list(next(iter(costs.values())))
    flops = np.array([row["FLOPs"] for row in costs.values()], dtype=float)
    fig, (ax, table) = figure(1, 2, width=8.4, height=1.1 + 0.34 * len(names), width_ratios=[3, 4], sharey=True)
    with matplotlib.rc_context(STYLE):
        colours = [COLOURS["values"] if value == flops.min() else COLOURS["queries"] for value in flops]
        ax.barh(range(len(names)), flops, color=colours, height=0.6)
        ax.xaxis.set_major_formatter(EngFormatter(sep=" "))
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set_xlabel("FLOPs")
        table.set_axis_off()
        table.set_xlim(0, len(headings))
        for column, heading in enumerate(headings):
            values = [row[heading] for row in costs.values()]
            table.text(column + 0.95, -0.75, heading, ha="right", va="center", fontsize=SMALL, color=INK)
            for row, value in enumerate(values):
                weight = "bold" if value == min(values) else "normal"
                table.text(column + 0.95, row, f"{value:,}", ha="right", va="center", fontsize=SMALL, weight=weight)
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig
