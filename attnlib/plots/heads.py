"""Chapter 4: several heads, as maps and as matrices side by side."""

import numpy as np
from matplotlib.patches import Rectangle

from attnlib.plots.base import INK, STYLE, figure
from attnlib.plots.line_styles import look

SMALL = 8
CELL = 0.13  # inches
GREY = "#4d4d4d"  # of what belongs to no head
WORD_COLOURS = ["#9AD0F5", "#F5E663", "#F0A202", "#C9C9C9", "#8FD6B4", "#E7A7CB"]


def head_maps(weights, words, names, *, title, picked=None, columns=4):
    """Draw the weights of several heads, one small map each.

    **Shapes**
        weights     (num_heads, n, n)
        words       n names
        names       num_heads titles
        picked      a word whose row is framed
        -> figure

    **Promises** all maps share the colours of weights, cividis from 0 to 1.
    """
    weights = _array(weights)
    lines = -(-len(weights) // columns)
    fig, axes = figure(lines, columns, width=8.0, height=0.9 + (6.6 / columns + 0.35) * lines, squeeze=False)
    for place, ax in enumerate(axes.flat):
        if place >= len(weights):
            ax.set_axis_off()
            continue
        _map(ax, weights[place], words, names[place], look(place)[0], picked)
        ax.set_yticks(*((range(len(words)), words) if place % columns == 0 else ([], [])))
        below = place + columns >= len(weights)
        ax.set_xticks(*((range(len(words)), words) if below else ([], [])), rotation=90)
        ax.tick_params(length=0, labelsize=SMALL)
    fig.colorbar(axes.flat[0].images[0], ax=axes, shrink=0.6, aspect=30, label="weight")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def concat_boxes(heads, W_o, words, *, title):
    """Draw the heads side by side, times W_o, equals the output; every head has its colour.

    **Shapes** heads (num_heads, n, d_v), W_o (num_heads * d_v, d_out), words: n names -> figure
    """
    heads, W_o = _array(heads), _array(W_o)
    joined = np.concatenate(list(heads), axis=-1)
    output = joined @ W_o
    tall, blocks = max(len(joined), len(W_o)) * CELL, len(heads)
    names_width = 0.75
    width = names_width + CELL * (joined.shape[1] + W_o.shape[1] + output.shape[1]) + 0.9
    fig, ax = sheet(width, tall + 0.95, title)
    x, limit = names_width, max(np.abs(part).max() for part in (joined, W_o, output))
    for name, part, role in (("heads side by side", joined, None), ("W_o", W_o, INK), ("Z", output, GREY)):
        y = 0.5 + (tall - len(part) * CELL) / 2
        grid(ax, x, y, part, limit, frame=role, name=f"{name}\n{part.shape}")
        if part is joined:
            frame_blocks(ax, x, y, part.shape, blocks, axis=1)
            for row, word in enumerate(words):
                ax.text(x - 0.06, y + (row + 0.5) * CELL, word, ha="right", va="center", fontsize=SMALL)
        if part is W_o:
            frame_blocks(ax, x, y, part.shape, blocks, axis=0)
        x += part.shape[1] * CELL + 0.4
        if part is not output:
            ax.text(x - 0.2, 0.5 + tall / 2, "×" if part is joined else "=", ha="center", va="center", fontsize=13)
    return fig


def cut_grids(whole, cuts, *, title):
    """Draw a matrix whose entries say where they come from, and ways to cut it into heads.

    **Shapes**
        whole       (n, d), the entry of word i, feature j is 10 * i + j
        cuts        {name: (num_heads, n, d_head)} made from ``whole``
        -> figure

    **Promises** the colour of a cell is its word; the text in it is "word.feature".
    """
    whole, cuts = _array(whole), {name: _array(cut) for name, cut in cuts.items()}
    size, gap = 0.36, 0.4
    heads, rows, columns = next(iter(cuts.values())).shape
    left = 1.5
    line = rows * size + 0.55
    width = left + heads * (columns * size + gap)
    fig, ax = sheet(max(width, 5.0), line * (1 + len(cuts)) + 0.5, title)
    _coded(ax, left, 0.4, whole, size, f"X {whole.shape}")
    ax.text(0.1, 0.4 + rows * size / 2, "all features", va="center", fontsize=10)
    for place, (name, cut) in enumerate(cuts.items(), 1):
        y = 0.4 + place * line
        ax.text(0.1, y + rows * size / 2, name, va="center", fontsize=10)
        for head in range(heads):
            x = left + head * (columns * size + gap)
            _coded(ax, x, y, cut[head], size, f"head {head}", look(head)[0])
    return fig


def sheet(width, height, title):
    """Make an empty figure whose coordinates are inches, y downwards, below its title -> figure, axes."""
    fig, ax = figure(width=width, height=height)
    fig.set_layout_engine("none")
    ax.set_position([0, 0, 1, 1])
    ax.set(xlim=(0, width), ylim=(height - 0.3, -0.3))
    ax.set_axis_off()
    ax.text(0.08, -0.13, title, fontsize=STYLE["axes.titlesize"], va="center", color=INK)
    return fig, ax


def grid(ax, x, y, values, limit, *, frame=None, name=None, cell=(CELL, CELL), weights=False):
    """Draw a matrix on a sheet as coloured cells (width, height): PuOr from -limit to limit, or weights in cividis."""
    width, height = values.shape[1] * cell[0], values.shape[0] * cell[1]
    ax.imshow(
        values,
        cmap="cividis" if weights else "PuOr",
        vmin=0.0 if weights else -limit,
        vmax=1.0 if weights else limit,
        extent=(x, x + width, y + height, y),
        interpolation="nearest",
        aspect="auto",
        zorder=1,
    )
    ax.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=frame or INK, linewidth=1.2, zorder=2))
    if name:
        ax.text(
            x + width / 2,
            y - 0.06,
            name,
            ha="center",
            va="bottom",
            fontsize=9,
            color=frame or INK,
            linespacing=1.15,
        )
    # imshow narrows the view to its picture
    sheet_width, sheet_height = ax.figure.get_size_inches()
    ax.set(xlim=(0, sheet_width), ylim=(sheet_height - 0.3, -0.3))


def frame_blocks(ax, x, y, shape, blocks, *, axis, cell=(CELL, CELL), colour=None):
    """Frame the blocks of rows (axis 0) or columns (axis 1) of a grid: in one colour, or in those of their heads."""
    width, height = shape[1] * cell[0], shape[0] * cell[1]
    step = (width if axis else height) / blocks
    for head in range(blocks):
        corner = (x + head * step, y) if axis else (x, y + head * step)
        size = (step, height) if axis else (width, step)
        edge = {"edgecolor": colour or look(head)[0], "linewidth": 1 if colour else 2}
        ax.add_patch(Rectangle(corner, *size, fill=False, zorder=3, **edge))


def _map(ax, weights, words, name, colour, picked):
    ax.imshow(weights, cmap="cividis", vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.set_title(name, fontsize=9, color=colour, weight="bold", loc="center")
    ax.spines[:].set_visible(False)
    if picked is not None:
        row = list(words).index(picked)
        ax.add_patch(Rectangle((-0.5, row - 0.5), len(words), 1, fill=False, edgecolor="white", linewidth=1.2))


def _coded(ax, x, y, codes, size, name, colour=INK):
    for row, column in np.ndindex(codes.shape):
        word, feature = divmod(int(codes[row, column]), 10)
        corner = (x + column * size, y + row * size)
        face = WORD_COLOURS[word % len(WORD_COLOURS)]
        ax.add_patch(Rectangle(corner, size, size, facecolor=face, edgecolor="white"))
        centre = (corner[0] + size / 2, corner[1] + size / 2)
        ax.text(*centre, f"{word}.{feature}", ha="center", va="center", fontsize=9)
    height, width = (count * size for count in codes.shape)
    ax.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=2))
    ax.text(x + width / 2, y - 0.06, name, ha="center", va="bottom", fontsize=9, color=colour, weight="bold")


def _array(values):
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
