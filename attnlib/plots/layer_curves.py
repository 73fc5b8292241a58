"""Chapter 7: how costs, gradients, memories and times change with the number of words."""

import matplotlib
import numpy as np
from matplotlib.ticker import EngFormatter, MaxNLocator

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.line_styles import HEAD_COLOURS

SMALL = 9
LINES = ["-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (9, 3)), (0, (3, 2))]
GUIDE = {"linestyle": ":", "marker": "none", "color": INK, "linewidth": 1.4}
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
# a kind of layer looks the same in all figures; other curves take what is left
KINDS = ["attention", "dilated CNN", "CNN", "LSTM", "GRU", "RNN", "attention, 2 layers"]
SAME = {"attention, 1 layer": "attention", "convolution, k = 3": "CNN"}


def length_curves(
    lengths,
    curves,
    *,
    ylabel,
    title,
    xlabel="number of words n",
    log_x=True,
    log_y=True,
    marks=None,
    floor=None,
    guide=None,
):
    """Draw what grows or falls with a length; several runs as a line through their medians in a band.

    **Shapes**
        lengths     (num_lengths,), {name: (its lengths,)}, or None where the curves tell their own
        curves      {name: (num_lengths,), (num_runs, num_lengths) or {length: a number or (num_runs,)}}; on a
                    logarithmic axis 0 is left out
        marks       {text: (length, height)}: points that are marked, such as crossovers
        floor       (height, text): a line across, such as what a guess reaches
        guide       (name, {length: height}): a dotted line through all that one would expect
        -> figure
    """
    fig, ax = figure(width=7.6, height=3.9)
    with matplotlib.rc_context(STYLE):
        _draw_curves(ax, lengths, curves, log_x, log_y)
        if guide:
            ax.plot(*zip(*guide[1].items(), strict=True), **GUIDE, label=guide[0])
        for text, (length, height) in (marks or {}).items():
            ax.plot(length, height, linestyle="", marker="o", markersize=11, markerfacecolor="none", color=INK)
            ax.annotate(text, (length, height), xytext=(-6, 10), textcoords="offset points", fontsize=SMALL, ha="right")
        if floor:
            ax.axhline(floor[0], color=INK, linewidth=1, linestyle=":", marker="none")
            ax.text(
                0.01, floor[0], floor[1], fontsize=SMALL, va="bottom", ha="left", transform=ax.get_yaxis_transform()
            )
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        ax.legend(fontsize=SMALL, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def gradient_panels(distances, sizes, *, lowest=1e-20, title):
    """Draw gradients against the distance twice, so that both laws of decay can be told by a straight line.

    Left: one axis is logarithmic, what falls exponentially is straight, and what is below ``lowest`` is cut off.
    Right: both are; the layers that are no recurrent ones, beside a dotted line that falls like 1 / distance.

    **Shapes** distances (num_distances,); sizes {layer: (num_runs, num_distances)}, 0 is left out -> figure
    """
    fig, (left, right) = figure(1, 2, width=8.0, height=3.6)
    few = {name: runs for name, runs in sizes.items() if name not in ("LSTM", "GRU", "RNN")}
    with matplotlib.rc_context(STYLE):
        _draw_curves(left, distances, sizes, log_x=False, log_y=True)
        left.set_ylim(bottom=lowest)
        _draw_curves(right, distances, few, log_x=True, log_y=True)
        right.plot(distances, 0.4 / np.asarray(distances), **GUIDE, label="falls like 1 / distance")
        for ax, name in ((left, "straight: exponential"), (right, "straight: a power")):
            ax.set_xlabel("distance in words")
            ax.set_title(name, fontsize=SMALL + 1)
        left.set_ylabel("size of the gradient")
        handles = {line.get_label(): line for ax in (left, right) for line in ax.lines}
        fig.legend(handles.values(), handles.keys(), fontsize=SMALL, loc="outside lower center", ncols=4)
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def _draw_curves(ax, lengths, curves, log_x, log_y):
    ticks = set()
    for (name, runs), place in zip(curves.items(), _looks(list(curves)), strict=True):
        at, runs = _points(lengths, name, runs)
        runs = np.where(runs > 0, runs, np.nan) if log_y else runs
        colour = HEAD_COLOURS[place % len(HEAD_COLOURS)]
        style = {"linestyle": LINES[place % 7], "marker": MARKERS[place % 7], "markersize": 5, "linewidth": 1.8}
        ax.plot(at, np.median(runs, axis=0), color=colour, label=name, **style)
        if len(runs) > 1:
            ax.fill_between(at, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.18, linewidth=0)
        ticks |= set(at)
    if log_x:
        ax.set_xscale("log", base=2)
        ax.set_xticks(sorted(ticks), [f"{int(tick):,}" for tick in sorted(ticks)])
    ax.set_yscale("log" if log_y else "linear")


def _points(lengths, name, runs):
    # the lengths (num_lengths,) of one curve, and its runs (num_runs, num_lengths)
    if isinstance(runs, dict):
        return np.asarray(list(runs)), np.atleast_2d(np.asarray(list(runs.values()), dtype=float).T)
    at = lengths[name] if isinstance(lengths, dict) else lengths
    return np.asarray(at), np.atleast_2d(np.asarray(runs, dtype=float))


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
