"""Strips: vectors drawn as rows of coloured cells with their numbers, orange below 0, purple above."""

import matplotlib
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from attnlib.plots.base import INK


def cells(ax, x, y, vector, limit, edge, colours="PuOr"):
    """Draw one vector as cells of width 1, centred at (x, y)."""
    left = x - len(vector) / 2
    for place, value in enumerate(vector):
        colour, ink = _colour(value, limit, colours)
        ax.add_patch(Rectangle((left + place, y - 0.32), 1, 0.64, facecolor=colour, edgecolor="white", linewidth=1))
        ax.text(left + place + 0.5, y, number(value), ha="center", va="center", fontsize=8, color=ink)
    ax.add_patch(Rectangle((left, y - 0.32), len(vector), 0.64, fill=False, edgecolor=edge, linewidth=1.6))


def strips(ax, matrix, limit, title, colour, names=None, colours="PuOr"):
    """Draw every row of a matrix as a strip of its own."""
    for row, vector in enumerate(matrix):
        cells(ax, matrix.shape[1] / 2 - 0.5, row, vector, limit, colour, colours)
    ax.set(xlim=(-0.6, matrix.shape[1] - 0.4), ylim=(len(matrix) - 0.5, -0.5), xticks=[])
    ax.set_yticks(range(len(matrix)), names or [""] * len(matrix))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(title, color=colour, fontsize=9, loc="center")


def arrow(ax, start, stop, colour, bend=0.0, width=1.0):
    """Draw an arrow between two points, bent as wanted."""
    ax.add_patch(
        FancyArrowPatch(
            start,
            stop,
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=9,
            color=colour,
            lw=width,
            shrinkA=0,
            shrinkB=0,
        )
    )


def largest(*parts):
    """The largest magnitude in several arrays: where the colours end."""
    return max(float(np.abs(part).max()) for part in parts) or 1.0


def number(value):
    """A number as it is written in a cell: whole, or with two digits."""
    text = f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def quoted(*words):
    """Words in quotation marks, joined by "and"."""
    return " and ".join(f"“{word}”" for word in words)


def _colour(value, limit, colours):
    """The colour of a cell, and black or white for the number on it."""
    lowest = 0.0 if colours == "cividis" else -limit
    # stop short of the darkest ends, where neighbouring colours look alike
    red, green, blue, _ = colour = matplotlib.colormaps[colours](
        0.5 + 0.88 * ((value - lowest) / (limit - lowest) - 0.5)
    )
    dark = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 < 0.18
    return colour, "white" if dark else INK
