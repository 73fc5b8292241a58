"""Chapter 3: how a score is wired - a query and a key go in, one number comes out - and what it can rank."""

import matplotlib
import numpy as np

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.strips import arrow, cells, largest

SMALL = 9


def dot_wiring(query, key, *, title):
    """Draw the dot product of a query and a key: multiplied coordinate by coordinate, then summed.

    **Shapes** query, key (d_k,) -> figure
    """
    query, key = _array(query), _array(key)
    products = query * key
    limit = largest(query, key, products, products.sum())
    d_k = len(query)
    fig, ax = _sheet(width=6.6, height=2.3, xlim=(-1.9, 2.6 * d_k + 6.4), ylim=(-0.9, 2.9), title=title)
    centres = [d_k / 2, 1.6 * d_k + 2.2, 2.1 * d_k + 4.9]
    _strip(ax, centres[0], 2, query, limit, COLOURS["queries"], "query")
    _strip(ax, centres[0], 0, key, limit, COLOURS["keys"], "key")
    _strip(ax, centres[1], 1, products, limit, INK, "query × key")
    _strip(ax, centres[2], 1, products.sum(keepdims=True), limit, INK, "score")
    for y in (2, 0):
        _wire(ax, (d_k + 0.1, y), (centres[1] - d_k / 2 - 0.1, 1 + 0.2 * (y - 1)))
    _wire(ax, (centres[1] + d_k / 2 + 0.1, 1), (centres[2] - 0.6, 1), "sum")
    return fig


def additive_wiring(query, key, W_q, W_k, v, *, title):
    """Draw the additive score v . tanh(query W_q + key W_k) as a small network with its numbers.

    **Shapes** query (d_q,), key (d_k,), W_q (d_q, d_hidden), W_k (d_k, d_hidden), v (d_hidden,) -> figure
    """
    query, key, W_q, W_k, v = (_array(part) for part in (query, key, W_q, W_k, v))
    projected = query @ W_q, key @ W_k
    total = sum(projected)
    bent = np.tanh(total)
    limit = largest(query, key, *projected, total, v, (v * bent).sum())
    wide, narrow = max(len(query), len(key)), len(v)
    steps = np.array([wide / 2, narrow / 2 + 2.1, narrow + 1.3, narrow + 1.9, narrow / 2 + 3.1])
    places = steps[0], *(wide + np.cumsum(steps[1:]))
    fig, ax = _sheet(width=8.0, height=2.6, xlim=(-1.9, places[4] + 1.2), ylim=(-0.9, 2.9), title=title)
    for y, name, vector, made, role in (
        (2, "query", query, projected[0], "queries"),
        (0, "key", key, projected[1], "keys"),
    ):
        _strip(ax, wide - len(vector) / 2, y, vector, limit, COLOURS[role], name)
        _strip(ax, places[1], y, made, limit, COLOURS[role], f"{name} $W_{role[0]}$")
        _wire(ax, (wide + 0.1, y), (places[1] - narrow / 2 - 0.1, y), f"× $W_{role[0]}$")
        _wire(ax, (places[1] + narrow / 2 + 0.1, y), (places[2] - narrow / 2 - 0.1, 1 + 0.2 * (y - 1)))
    _strip(ax, places[2], 1, total, limit, INK, "+")
    _strip(ax, places[3], 1, bent, limit, INK, "tanh")
    joint = (places[3] + narrow / 2 + places[4] - 0.5) / 2  # v meets the wire from tanh to the score
    _strip(ax, joint, 2.1, v, limit, INK, "v")
    _wire(ax, (joint, 1.7), (joint, 1.1))
    _strip(ax, places[4], 1, np.array([v @ bent]), limit, INK, "score")
    _wire(ax, (places[2] + narrow / 2 + 0.1, 1), (places[3] - narrow / 2 - 0.1, 1), "tanh")
    _wire(ax, (places[3] + narrow / 2 + 0.1, 1), (places[4] - 0.6, 1))
    ax.text(joint, 0.85, "× v, sum", ha="center", va="top", fontsize=8)
    return fig


def scores_on_a_line(places, straight, bent, *, marks, title):
    """Draw scores of keys on the line from a over the middle to b: straight ones and a bent one.

    **Shapes**
        places      (num_places,): where on the line
        straight    (num_lines, num_places), bent (num_places,): the scores
        marks       {name: place}: keys that are marked on all curves
        -> figure
    """
    places, straight, bent = (_array(part) for part in (places, straight, bent))
    fig, axes = figure(1, 2, width=7.6, height=2.9)
    with matplotlib.rc_context(STYLE):
        for ax, curves, colour, name in (
            (axes[0], straight, COLOURS["keys"], f"bilinear, {len(straight)} queries"),
            (axes[1], bent[None], COLOURS["queries"], "additive, constructed"),
        ):
            for curve in curves:
                ax.plot(places, curve, color=colour, linestyle="-", marker="none", linewidth=1.6)
                at = np.interp(list(marks.values()), places, curve)
                ax.plot(list(marks.values()), at, color=colour, linestyle="", marker="o", markersize=5)
            ax.set_title(name, fontsize=SMALL + 1)
            ax.set_xticks(list(marks.values()), list(marks))
            ax.set(xlabel="key", ylabel="score")
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    return fig


def _sheet(*, width, height, xlim, ylim, title):
    fig, ax = figure(width=width, height=height)
    ax.set(xlim=xlim, ylim=ylim)
    ax.set_axis_off()
    ax.set_title(title, loc="left")
    return fig, ax


def _strip(ax, x, y, vector, limit, colour, name):
    cells(ax, x, y, vector, limit, colour)
    ax.text(x, y + 0.42, name, ha="center", va="bottom", fontsize=SMALL, color=colour)


def _wire(ax, start, stop, label=""):
    arrow(ax, start, stop, INK, width=1.2)
    middle = (start[0] + stop[0]) / 2
    ax.text(middle, (start[1] + stop[1]) / 2 + 0.1, label, ha="center", va="bottom", fontsize=8)


def _array(values):
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=float)
