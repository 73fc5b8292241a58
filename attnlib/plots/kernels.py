"""Chapter 8: where the heads of a convolution look, and how their error falls with the sharpness."""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.heatmaps import heatmap

SMALL = 8


def sharpness_maps(weights, *, title):
    """Draw the weights of one head for several sharpnesses, one map each.

    **Shapes** weights {sharpness: (n, n)} -> figure

    **Promises** all maps share the colours of weights, cividis from 0 to 1.
    """
    fig, axes = figure(1, len(weights), width=8.0, height=3.0, squeeze=False)
    with matplotlib.rc_context(STYLE):
        for ax, (sharpness, matrix) in zip(axes[0], weights.items(), strict=True):
            heatmap(matrix, title="", ax=ax)
            ax.set_title(f"sharpness {sharpness:g}", fontsize=10)
            for text in ax.texts:
                text.set_visible(False)  # too small to be read at this size
    fig.colorbar(axes[0, 0].images[0], ax=axes, shrink=0.7, aspect=30, label="weight")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def kernel_heads(weights, offsets, query, *, title):
    """Draw where the heads of a convolution look from one pixel, one small image a head, placed as in the kernel.

    **Shapes**
        weights     (num_heads, height, width), from one query to every pixel
        offsets     (num_heads, 2), row and column from the query to where the head looks
        query       (row, column), framed
        -> figure

    **Promises** all images share the colours of weights, cividis from 0 to 1.
    """
    weights, offsets = np.asarray(weights), np.asarray(offsets)
    rows, columns = (np.unique(offsets[:, axis]) for axis in (0, 1))
    fig, axes = figure(len(rows), len(columns), width=1.45 * len(columns) + 1.1, height=1.6 * len(rows) + 0.4)
    with matplotlib.rc_context(STYLE):
        for head, offset in zip(weights, offsets, strict=True):
            ax = axes[np.searchsorted(rows, offset[0]), np.searchsorted(columns, offset[1])]
            ax.imshow(head, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
            corner = query[1] - 0.5, query[0] - 0.5
            ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=COLOURS["output"], linewidth=2))
            ax.set_title(f"({_signed(offset[0])}, {_signed(offset[1])})", fontsize=9, loc="center")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        for ax in axes[:, 0]:
            ax.set_ylabel("row", fontsize=SMALL)
        for ax in axes[-1]:
            ax.set_xlabel("column", fontsize=SMALL)
    fig.colorbar(axes[0, 0].images[0], ax=axes, shrink=0.6, aspect=30, label="weight")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def sharpness_error(sharpness, errors, *, title):
    """Draw how far attention is from the convolution, against the sharpness, beside the law exp(-sharpness).

    **Shapes** sharpness (num_cases,); errors {name: (num_cases,)}, largest differences -> figure
    """
    sharpness = np.asarray(sharpness, dtype=float)
    fig, ax = figure(width=6.6, height=3.2)
    with matplotlib.rc_context(STYLE):
        for (name, error), colour, marker in zip(errors.items(), COLOURS.values(), "osD^", strict=False):
            # an error of exactly 0 has no place on a logarithmic axis
            drawn = np.maximum(np.asarray(error, dtype=float), 1e-17)
            ax.plot(sharpness, drawn, "-", marker=marker, color=colour, label=name)
        ax.plot(sharpness, np.exp(-sharpness), ":", marker="none", color=INK, label="exp(−sharpness)")
        ax.set_yscale("log")
        ax.set_ylim(1e-17, 30)
        ax.set(xlabel="sharpness", ylabel="largest difference", title=title)
        ax.legend()
    return fig


def _signed(number):
    return f"{number:+d}".replace("-", "−") if number else "0"
