"""Matrices as coloured grids: weights, signed numbers, masks."""

import textwrap

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from attnlib.plots.base import STYLE, figure

LARGEST_WITH_NUMBERS = 12
INCHES_A_LETTER = 0.085  # of a title


def heatmap(
    matrix,
    *,
    title,
    rows="queries",
    columns="keys",
    row_names=None,
    column_names=None,
    mask=None,
    signed=False,
    limits=None,
    ax=None,
):
    """Draw a matrix as a coloured grid, with its numbers where they fit.

    Weights are drawn in cividis from 0 to 1; with ``signed=True`` PuOr centred at 0. Cells where ``mask`` is
    False are hatched grey.

    **Shapes**
        matrix                      (num_rows, num_columns), an array or a tensor
        mask                        (num_rows, num_columns) boolean, True = drawn in colour
        rows, columns               what the axes are called
        row_names, column_names     one name a row or column, for example tokens
        limits                      (lowest, highest) colour; (0, 1), or symmetric if signed, unless given
        -> figure (the one of ``ax`` if given)

    **Raises** ``ValueError`` unless the matrix has two axes.
    """
    matrix = _as_array(matrix)
    if matrix.ndim != 2:
        raise ValueError(f"matrix has shape {matrix.shape}, expected (num_rows, num_columns).")
    shown = np.isfinite(matrix) if mask is None else _as_array(mask).astype(bool) & np.isfinite(matrix)
    if ax is None:
        size = [min(6.5, 0.55 * count + 1.6) for count in matrix.shape]
        fig, ax = figure(width=max(size[1], 4.0), height=max(size[0], 2.0))
        title = textwrap.fill(title, int((fig.get_figwidth() - 1.0) / INCHES_A_LETTER))
    with matplotlib.rc_context(STYLE):
        colours, scale = _scale(matrix, shown, signed, limits)
        ax.imshow(np.where(shown, matrix, np.nan), cmap=colours, norm=scale, interpolation="nearest")
        _hatch(ax, ~shown)
        if max(matrix.shape) <= LARGEST_WITH_NUMBERS:
            _write_numbers(ax, matrix, shown, colours, scale)
        _name_axes(ax, matrix.shape, rows, columns, row_names, column_names)
        ax.set_title(title)
    return ax.figure


def ink_on(colour):
    """Return the colour of text that can be read on a cell of this (red, green, blue, alpha)."""
    red, green, blue = colour[:3]
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return "white" if luminance < 0.18 else "black"  # at 0.18 both have a contrast of 4.5


def _as_array(matrix):
    # NumPy has no bfloat16, so tensors are widened first
    return matrix.detach().cpu().double().numpy() if hasattr(matrix, "detach") else np.asarray(matrix)


def _scale(matrix, shown, signed, limits):
    if limits is None:
        largest = np.abs(matrix[shown]).max(initial=0.0) or 1.0
        limits = (-largest, largest) if signed else (0.0, 1.0)
    colours = matplotlib.colormaps["PuOr" if signed else "cividis"]
    return colours, matplotlib.colors.Normalize(*limits)


def _hatch(ax, hidden):
    for row, column in zip(*np.nonzero(hidden), strict=True):
        ax.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, facecolor="#e8e8e8", edgecolor="#9a9a9a", hatch="///", linewidth=0
            )
        )


def _write_numbers(ax, matrix, shown, colours, scale):
    digits = 2 if np.abs(matrix[shown]).max(initial=0.0) < 10 else 0
    for row, column in zip(*np.nonzero(shown), strict=True):
        ax.text(
            column,
            row,
            f"{matrix[row, column]:.{digits}f}",
            ha="center",
            va="center",
            fontsize=8,
            color=ink_on(colours(scale(float(matrix[row, column])))),
        )


def _name_axes(ax, shape, rows, columns, row_names, column_names):
    ax.set_ylabel(rows)
    ax.set_xlabel(columns)
    for axis, count, names in ((ax.yaxis, shape[0], row_names), (ax.xaxis, shape[1], column_names)):
        few = count <= LARGEST_WITH_NUMBERS
        ticks = np.arange(count) if names is not None or few else np.arange(0, count, round((count - 1) / 4))
        axis.set_ticks(ticks, names if names is not None else [f"{tick:.0f}" for tick in ticks])
    if column_names is not None and max(map(len, column_names)) > 3:
        ax.tick_params(axis="x", rotation=45)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
