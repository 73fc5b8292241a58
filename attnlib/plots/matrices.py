"""Chapter 2: products of matrices, every matrix a box of its numbers."""

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.heatmaps import ink_on

CELL_WIDTH, CELL_HEIGHT, LABEL_HEIGHT, GAP = 0.42, 0.25, 0.42, 0.1  # inches
TITLE_HEIGHT, LINE_GAP = 0.38, 0.2
SMALL = 8


@dataclass
class Box:
    """One matrix in a picture of products.

    **Shapes**
        name            what is written above it
        values          (num_rows, num_columns), an array or a tensor
        role            a key of ``COLOURS``, "weights" (cividis, 0 to 1) or None
        row_names       one name a row, written to its left
        column_names    one name a column, written above
        picked          (row, column): the rest is faded; None in a place picks all of that axis
    """

    name: str
    values: object
    role: str | None = None
    row_names: list | None = None
    column_names: list | None = None
    picked: tuple | None = None

    def __post_init__(self):
        values = self.values.detach().cpu() if hasattr(self.values, "detach") else self.values
        self.values = np.atleast_2d(np.asarray(values))
        self.height = self.values.shape[0] * CELL_HEIGHT
        self.width = self.values.shape[1] * CELL_WIDTH
        self.margin = 0.09 * max(map(len, self.row_names)) if self.row_names is not None else 0.0
        self.top = LABEL_HEIGHT + (0.18 if self.column_names is not None else 0.0)


def boxes(lines, *, title):
    """Draw formulas between matrices, every matrix as a box of its numbers.

    Signed numbers are drawn in PuOr, one scale for the whole picture; weights in cividis from 0 to 1.

    **Shapes** lines: a list of formulas, each a list of ``Box`` and of strings (the signs between) -> figure

    **Raises** ``ValueError`` for a formula wider than a page (8 inches).

    **Example**

    >>> fig = boxes([[Box("X", [[1.0, 2.0]]), "=", Box("Y", [[1.0, 2.0]])]], title="Equal")
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_text() in "X=Y"]
    ['X', '=', 'Y']
    """
    width = max(sum(_width(part) for part in line) for line in lines) + 2 * GAP
    if width > 8:
        raise ValueError(f"the widest line takes {width:.1f} inches, expected at most 8.")
    tall = [_line_height(line) for line in lines]
    height = 0.1 + sum(tall) + LINE_GAP * len(lines) + TITLE_HEIGHT
    fig, ax = figure(width=width, height=height)
    fig.set_layout_engine("none")
    ax.set_position([0, 0, 1, 1 - TITLE_HEIGHT / height])
    ax.set(xlim=(0, width), ylim=(height - TITLE_HEIGHT, 0))
    ax.set_axis_off()
    ax.set_title(f" {title}", loc="left", fontsize=STYLE["axes.titlesize"], color=INK, pad=4)
    largest = _largest([part for line in lines for part in line])
    y = 0.1
    for line, line_height in zip(lines, tall, strict=True):
        _draw_line(ax, line, y, line_height, largest)
        y += line_height + LINE_GAP
    return fig


def projection_boxes(X, projections, words, *, title):
    """Draw X times a weight matrix, once for the queries, once for the keys and once for the values.

    **Shapes** X (n, d_model); projections: the three (d_model, d), for queries, keys, values; words: n names -> figure
    """
    names = {"queries": ("W_q", "Q"), "keys": ("W_k", "K"), "values": ("W_v", "V")}
    lines = []
    for (role, (weight, result)), W in zip(names.items(), projections, strict=True):
        made = Box(result, X @ W, role, words)
        lines.append([Box("X", X, None, words), "×", Box(weight, W, role), "=", made])
    return boxes(lines, title=title)


def score_boxes(Q, K, words, *, query, key, title):
    """Draw Q times the transpose of K, with one query, one key and their score picked out.

    **Shapes** Q, K (n, d_k); words: n names; query and key: a row of Q and a row of K -> figure
    """
    left = Box("Q", Q, "queries", words, picked=(query, None))
    right = Box("Kᵀ", K.T, "keys", column_names=words, picked=(None, key))
    scores = Box("Q Kᵀ", Q @ K.T, None, words, words, picked=(query, key))
    return boxes([[left, "×", right, "=", scores]], title=title)


def attention_boxes(Q, K, V, words, *, title):
    """Draw softmax(Q Kᵀ / sqrt(d_k)) V: on one line what makes the weights, on the next what they do.

    **Shapes** Q, K (n, d_k), V (n, d_v), words: n names -> figure
    """
    d_k = Q.shape[-1]
    weights = Box("weights", (Q @ K.T / d_k**0.5).softmax(dim=-1), "weights", words, words)
    first = ["softmax (", Box("Q", Q, "queries"), "×", Box("Kᵀ", K.T, "keys"), f"/ $\\sqrt{{{d_k}}}$ )", "=", weights]
    output = Box("Z", weights.values @ np.asarray(V), "output", words)
    return boxes([first, [weights, "×", Box("V", V, "values", words), "=", output]], title=title)


def _width(part):
    if isinstance(part, Box):
        return part.margin + part.width + GAP
    drawn = part.replace("$\\sqrt{", "r").replace("}$", "")
    return 0.12 + 0.08 * len(drawn) + GAP


def _line_height(line):
    parts = [part for part in line if isinstance(part, Box)]
    return max(part.height for part in parts) + max(part.top for part in parts)


def _largest(parts):
    signed = [abs(part.values).max() for part in parts if isinstance(part, Box) and part.role != "weights"]
    return max(signed, default=0.0) or 1.0


def _draw_line(ax, line, y, height, largest):
    top = max(part.top for part in line if isinstance(part, Box))
    middle = y + (height + top) / 2
    x = GAP
    with matplotlib.rc_context(STYLE):
        for part in line:
            if isinstance(part, Box):
                _draw_box(ax, part, x + part.margin, middle - part.height / 2, largest)
            else:
                ax.text(x + (_width(part) - GAP) / 2, middle, part, ha="center", va="center", fontsize=12)
            x += _width(part)


def _draw_box(ax, box, x, y, largest):
    weights = box.role == "weights"
    colours = matplotlib.colormaps["cividis" if weights else "PuOr"]
    limits = (0.0, 1.0) if weights else (-largest, largest)
    cells = colours(matplotlib.colors.Normalize(*limits)(box.values.astype(float)))
    digits = 0 if (box.values == box.values.round()).all() else 2
    for row, column in np.ndindex(box.values.shape):
        left, upper = x + column * CELL_WIDTH, y + row * CELL_HEIGHT
        seen = _is_picked(box, row, column)
        colour = cells[row, column] if seen else (0.96, 0.96, 0.96, 1.0)
        ax.add_patch(Rectangle((left, upper), CELL_WIDTH, CELL_HEIGHT, facecolor=colour, edgecolor="white"))
        ax.text(
            left + CELL_WIDTH / 2,
            upper + CELL_HEIGHT / 2,
            f"{round(float(box.values[row, column]), 2) + 0.0:.{digits}f}",
            ha="center",
            va="center",
            fontsize=SMALL,
            color=ink_on(colour) if seen else "#6e6e6e",
        )
    frame = COLOURS.get(box.role, INK)
    ax.add_patch(Rectangle((x, y), box.width, box.height, fill=False, edgecolor=frame, linewidth=2))
    if box.picked:
        _outline(ax, box, x, y)
    _name_box(ax, box, x, y, frame)


def _outline(ax, box, x, y):
    row, column = box.picked
    left, width = (x, box.width) if column is None else (x + column * CELL_WIDTH, CELL_WIDTH)
    upper, height = (y, box.height) if row is None else (y + row * CELL_HEIGHT, CELL_HEIGHT)
    ax.add_patch(Rectangle((left, upper), width, height, fill=False, edgecolor=INK, linewidth=2.5, zorder=3))


def _is_picked(box, row, column):
    picked = box.picked or (None, None)
    return picked[0] in (None, row) and picked[1] in (None, column)


def _name_box(ax, box, x, y, colour):
    middle, above = x + box.width / 2, y - box.top + LABEL_HEIGHT
    ax.text(middle, above - 0.32, box.name, ha="center", va="center", fontsize=11, weight="bold", color=colour)
    ax.text(middle, above - 0.11, str(box.values.shape), ha="center", va="center", fontsize=SMALL)
    for row, name in enumerate(box.row_names or []):
        ax.text(x - 0.06, y + (row + 0.5) * CELL_HEIGHT, name, ha="right", va="center", fontsize=SMALL)
    for column, name in enumerate(box.column_names or []):
        ax.text(x + (column + 0.5) * CELL_WIDTH, y - 0.09, name, ha="center", va="center", fontsize=SMALL)
