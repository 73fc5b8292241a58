"""Chapter 1: attention in the plane, the figure behind the control."""

import numpy as np

from attnlib import reference
from attnlib.plots.base import COLOURS, INK, figure
from attnlib.plots.strips import arrow, number, quoted


def plane(words, query, keys, values, temperature=1.0):
    """Draw attention in the plane: the query among the keys, the weights, the output among the values.

    weights = softmax(keys query / (sqrt(2) * temperature))

    **Shapes** query (2,), keys (3, 2), values (3, 2) -> figure, alt
    """
    query, keys, values = (np.asarray(x, dtype=float) for x in (query, keys, values))
    scores = keys @ query
    weights = reference.softmax(scores / (np.sqrt(2) * temperature))
    output = weights @ values
    fig, (left, centre, right) = figure(1, 3, width=8.0, height=3.1, width_ratios=[1, 0.8, 1])
    _draw_keys(left, words, query, keys)
    _draw_weights(centre, words, scores, weights)
    _draw_output(right, words, values, output)
    best = words[int(weights.argmax())]
    tied = np.isclose(weights, weights.max()).sum() > 1
    finding = "Several words share the largest weight" if tied else f"{quoted(best)} gets the largest weight"
    fig.suptitle(f"{finding}, {weights.max():.2f}", x=0.01, ha="left", fontsize=11)
    told = ", ".join(f"{word} {weight:.2f}" for word, weight in zip(words, weights, strict=True))
    alt = (
        f"Three panels. The query ({query[0]:.1f}, {query[1]:.1f}) among the keys; weights {told} at temperature "
        f"{temperature:.1f}; the output ({output[0]:.2f}, {output[1]:.2f}) in the triangle of the values."
    )
    return fig, alt.replace("-0.00", "0.00")


def _draw_keys(ax, words, query, keys):
    for word, key in zip(words, keys, strict=True):
        arrow(ax, (0, 0), key, COLOURS["keys"], width=1.5)
        ax.text(*(key + 0.32 * np.sign(key)), word, ha="center", va="center", fontsize=8, color=COLOURS["keys"])
    arrow(ax, (0, 0), query, COLOURS["queries"], width=2.5)
    ax.text(
        0.03, 0.97, "— query", transform=ax.transAxes, va="top", fontsize=8, color=COLOURS["queries"], weight="bold"
    )
    ax.set(xlim=(-3.3, 3.3), ylim=(-3.3, 3.3), aspect="equal", xticks=[-3, 0, 3], yticks=[-3, 0, 3])
    ax.set_title("query and keys", fontsize=9)


def _draw_weights(ax, words, scores, weights):
    bars = ax.barh(words, weights, color=COLOURS["queries"], height=0.55)
    ax.bar_label(bars, [f"{weight:.2f}" for weight in weights], fontsize=8, padding=3)
    ax.set_yticks(
        range(len(words)), [f"{word}\nscore {number(s)}" for word, s in zip(words, scores, strict=True)], fontsize=8
    )
    ax.set(xlim=(0, 1.25), xticks=[0, 0.5, 1], xlabel="weight")
    ax.invert_yaxis()
    ax.set_title("weights", fontsize=9)


def _draw_output(ax, words, values, output):
    ax.fill(*values.T, facecolor=COLOURS["values"], alpha=0.15)
    ax.plot(*values.T, linestyle="", marker="^", color=COLOURS["values"], markersize=7)
    for word, value in zip(words, values, strict=True):
        ax.text(*(value + 0.4 * np.sign(value)), word, ha="center", va="center", fontsize=8, color=COLOURS["values"])
    ax.plot(*output, linestyle="", marker="D", color=COLOURS["output"], markersize=9, markeredgecolor=INK)
    ax.text(0.03, 0.97, "◆ output", transform=ax.transAxes, va="top", fontsize=8, color="#A0447A", weight="bold")
    ax.set(xlim=(-3.3, 3.3), ylim=(-3.3, 3.3), aspect="equal", xticks=[-3, 0, 3], yticks=[-3, 0, 3])
    ax.set_title("values and output", fontsize=9)
