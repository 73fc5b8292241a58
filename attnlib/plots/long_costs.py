"""Chapter 9: quality, time and memory in one picture, and memory as bars."""

import matplotlib
import numpy as np
from matplotlib.ticker import EngFormatter

from attnlib.plots.base import INK, STYLE, figure
from attnlib.plots.layer_curves import length_curves
from attnlib.plots.line_styles import HEAD_COLOURS

SMALL = 9
LARGEST = 1600  # area of the largest bubble, in square points


def memory_curves(measured, *, title):
    """Draw the peak memory of written-out and chunked attention against the number of words.

    **Shapes** measured {direction: {contender: {n: {"tensors": bytes, ...}}}}, as ``benchmarks/long_attention.py``
    stores it -> figure
    """
    curves = {}
    for direction, verb in {"forward": "answer", "forward + backward": "train"}.items():
        for name in ("naive", "chunked"):
            rows = measured[direction][name].items()
            curves[f"{name}, {verb}"] = {int(n): row["tensors"] / 1e6 for n, row in rows}
    return length_curves(None, curves, ylabel="peak beyond inputs, MB", title=title)


def cost_bubbles(measured, *, title):
    """Draw accuracy against time, each contender a bubble whose area is its memory, numbered as in the list beside.

    A dotted line marks a guess among 8.

    **Shapes** measured: what ``benchmarks/approximations.py`` stores, costs at n = 32 and at n = 2048 -> figure
    """
    panels = _panels(measured)
    names = list(next(iter(panels.values())))
    fig, axes = figure(1, len(panels) + 1, width=8.0, height=4.0, width_ratios=[*[3] * len(panels), 1.7])
    with matplotlib.rc_context(STYLE):
        for ax, (heading, rows) in zip(axes, panels.items(), strict=False):
            times, quality, size = np.array([rows[name] for name in names]).T
            areas = LARGEST * size / size.max()
            ax.scatter(times, quality, areas, c=_colours(names), alpha=0.35, linewidths=1.2, edgecolors=INK)
            _number(ax, times, quality)
            ax.axhline(1 / 8, color=INK, linewidth=1, linestyle=":", marker="none")
            ax.set_xscale("log")
            ax.margins(x=0.22)
            ax.set_ylim(0, 1.18)
            ax.set(xlabel="milliseconds (log scale)", ylabel="accuracy, trained at n = 32")
            ax.set_title(heading, fontsize=10)
        _legend(axes[-1], names, panels)
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def _panels(measured):
    # {heading: {name: (milliseconds, accuracy, bytes)}}
    panels = {}
    for n, what in ((32, "{} sentences"), (2048, "cost alone")):
        costs = measured[f"costs at n = {n}"]
        panels[f"{n:,} words: {what.format(costs['sentences'])}"] = {
            name: (costs["milliseconds"][name], sum(shares) / len(shares), costs["bytes"][name])
            for name, shares in measured["accuracy"].items()
        }
    return panels


def memory_bars(sizes, *, title):
    """Draw bytes as bars on a logarithmic axis, with the numbers at their ends.

    **Shapes** sizes {name: bytes} -> figure
    """
    names, values = list(sizes), np.array(list(sizes.values()), dtype=float)
    fig, ax = figure(width=7.4, height=0.9 + 0.42 * len(names))
    with matplotlib.rc_context(STYLE):
        ax.barh(range(len(names)), values, height=0.6, color=_colours(names), hatch=None)
        for place, value in enumerate(values):
            ax.text(value * 1.1, place, f"{value / 1e6:,.1f} MB", va="center", fontsize=SMALL)
        ax.set_xscale("log")
        ax.set_xlim(1e6, 1e12)
        ax.xaxis.set_major_formatter(EngFormatter("B", sep=" "))
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set(xlabel="peak memory beyond inputs (log scale)", title=title)
    return fig


def _colours(names):
    return [HEAD_COLOURS[place % len(HEAD_COLOURS)] for place in range(len(names))]


def _number(ax, times, quality):
    # bubbles at one height are numbered above and below in turn, so that the numbers stay apart
    seen = []
    for place in np.argsort(times):
        near = sum(abs(quality[place] - height) < 0.06 for height in seen)
        seen.append(quality[place])
        shift = (0, 13 + 11 * (near // 2)) if near % 2 == 0 else (0, -15 - 11 * (near // 2))
        ax.plot(times[place], quality[place], linestyle="", marker=".", markersize=3, color=INK)
        ax.annotate(
            str(place + 1),
            (times[place], quality[place]),
            xytext=shift,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=SMALL,
            weight="bold",
        )


def _legend(ax, names, panels):
    ax.set_axis_off()
    for place, name in enumerate(names):
        height = 0.96 - 0.12 * place
        quality = next(iter(panels.values()))[name][1]
        sizes = " | ".join(f"{rows[name][2] / 1e6:.1f}" for rows in panels.values())
        ax.text(-0.1, height, f"{place + 1}  {name}", fontsize=SMALL, weight="bold", va="center")
        ax.text(-0.1, height - 0.048, f"     {quality:.2f}; {sizes} MB", fontsize=8, va="center")
    ax.set(xlim=(0, 1), ylim=(0, 1))
