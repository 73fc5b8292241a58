"""Chapter 4: multi-head attention as a diagram of blocks, and all of it in one picture."""

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import attnlib
from attnlib.plots.base import COLOURS, INK
from attnlib.plots.heads import GREY, frame_blocks, grid, sheet

SMALL = 8
ROLES = {"Q": COLOURS["queries"], "K": COLOURS["keys"], "V": COLOURS["values"], "Z": COLOURS["output"]}


def attention_diagrams(X, W_q, W_k, W_v, W_o, *, title):
    """Draw scaled dot-product attention (left) and multi-head attention (right), every arrow with its shape.

    **Shapes** X (n, d_model), W_q, W_k (num_heads, d_model, d_k), W_v (num_heads, d_model, d_v),
    W_o (num_heads * d_v, d_out) -> figure
    """
    (n, d_model), (heads, _, d_k), d_v, d_out = X.shape, W_q.shape, W_v.shape[-1], W_o.shape[-1]
    fig, ax = sheet(8.0, 5.5, title)
    _one_head(ax, 0.35, n, d_k, d_v)
    _many_heads(ax, 4.3, n, d_model, heads, d_k, d_v, d_out)
    return fig


def all_in_one(X, W_q, W_k, W_v, W_o, words, *, title):
    """Draw the whole way: sentence, X, queries, keys and values of each head, weights, result of each head, W_o, Z.

    **Shapes** X (n, d_model), W_q, W_k (num_heads, d_model, d_k), W_v (num_heads, d_model, d_v),
    W_o (num_heads * d_v, d_out), words: n names -> figure

    **Promises** every cell is a number of the computation; a colour of a frame is a role, heads have numbers.
    """
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    weights, Z = attnlib.attention_weights(Q, K), attnlib.attention(Q, K, V)
    joined = Z.transpose(0, 1).flatten(1)
    Q, K, V, weights, Z, joined, start, W = (
        np.asarray(part.detach()) for part in (Q, K, V, weights, Z, joined, X, W_o)
    )
    cell, row = 0.064, 0.8
    tall = row * len(Q)
    fig, ax = sheet(8.0, tall + 0.95, title)
    middle = 0.5 + tall / 2
    ends = _lanes(ax, (Q, K, V, weights, Z), cell, row, start, words, middle)
    _mix(ax, ends, (joined, W, joined @ W), len(Q), middle)
    return fig


def _lanes(ax, parts, cell, row, start, words, middle):
    """Draw sentence and X, then one lane a head; return where the lanes end."""
    Q, K, V, weights, Z = parts
    wide = 0.075
    x = 0.72
    y = middle - len(start) * 0.13 / 2
    _tall_grid(ax, x, y, start, wide, 0.13, INK, f"X\n{start.shape}")
    ax.text(x - 0.05, y - 0.06, "sentence", ha="right", va="bottom", fontsize=9)
    for place, word in enumerate(words):
        ax.text(x - 0.05, y + (place + 0.5) * 0.13, word, ha="right", va="center", fontsize=SMALL)
    x_end, lane = x + start.shape[1] * wide, x + start.shape[1] * wide + 0.86
    ends = []
    for head in range(len(Q)):
        top = 0.5 + head * row + (row - len(Q[0]) * cell) / 2
        at, height = lane, top + len(Q[0]) * cell / 2
        _arrow(ax, (x_end + 0.04, middle), (lane - 0.5, height), GREY)
        ax.text(lane - 0.06, height, f"head {head + 1}", ha="right", va="center", fontsize=SMALL)
        for name, part in (("Q", Q), ("K", K), ("V", V), ("weights", weights), ("head i", Z)):
            label = f"{name}\n{part[head].shape}" if head == 0 else None
            width = 0.11 if name != "weights" else cell
            _tall_grid(ax, at, top, part[head], width, cell, ROLES.get(name, INK), label, name == "weights")
            at += part[head].shape[1] * width + (0.34 if name in "QKV" else 0.28)
        ends.append((at - 0.24, height))
    return ends


def _mix(ax, ends, parts, heads, middle):
    """Draw the heads side by side, below them times W_o, below that the output."""
    x, cell, thin = ends[0][0] + 0.5, 0.085, 0.115
    names = ["side by side", "× W_o", "= Z"]
    gap = 0.5
    y = middle - (sum(len(part) for part in parts) * thin + 2 * gap) / 2
    for end in ends:
        _arrow(ax, end, (x - 0.06, y + len(parts[0]) * thin / 2), GREY)
    for name, part, axis in zip(names, parts, (1, 0, None), strict=True):
        _tall_grid(ax, x, y, part, cell, thin, GREY if axis is None else INK, f"{name} {part.shape}")
        if axis is not None:
            frame_blocks(ax, x, y, part.shape, heads, axis=axis, cell=(cell, thin), colour=GREY)
        y += len(part) * thin + gap


def _tall_grid(ax, x, y, values, width, height, frame, name, weights=False):
    limit = np.abs(values).max() or 1.0
    grid(ax, x, y, values, limit, frame=frame, name=name, cell=(width, height), weights=weights)


def _one_head(ax, x, n, d_k, d_v):
    ax.text(x + 1.5, 0.2, "One head: scaled dot-product attention", ha="center", fontsize=10, weight="bold")
    left, right = x + 1.0, x + 2.6
    steps = [
        (3.85, "Q Kᵀ", f"({n}, {n}) scores"),
        (3.15, f"÷ √{d_k}", f"({n}, {n})"),
        (2.45, "mask (optional)", f"({n}, {n})"),
        (1.75, "softmax of each row", f"({n}, {n}) weights"),
    ]
    for role, at, to, size in (("Q", left - 0.45, left - 0.45, d_k), ("K", left + 0.45, left + 0.45, d_k)):
        _input(ax, role, at, 4.75, f"({n}, {size})")
        _arrow(ax, (at, 4.52), (to, 4.06), ROLES[role])
    _input(ax, "V", right, 4.75, f"({n}, {d_v})")
    for (y, name, shape), after in zip(steps, [*steps[1:], None], strict=True):
        _block(ax, left, y, 1.6, name)
        end = after[0] + 0.2 if after else 1.26
        _arrow(ax, (left, y - 0.2), (left, end), INK)
        ax.text(left + 0.08, (y - 0.2 + end) / 2, shape, va="center", fontsize=SMALL)
    _arrow(ax, (right, 4.52), (right, 1.26), ROLES["V"])
    _block(ax, (left + right) / 2, 1.05, 2.6, "weights × V")
    _arrow(ax, ((left + right) / 2, 0.85), ((left + right) / 2, 0.5), ROLES["Z"])
    ax.text((left + right) / 2 + 0.08, 0.66, f"({n}, {d_v}) output", va="center", fontsize=SMALL)


def _many_heads(ax, x, n, d_model, heads, d_k, d_v, d_out):
    ax.text(x + 1.7, 0.2, f"{heads} heads: multi-head attention", ha="center", fontsize=10, weight="bold")
    centre = x + 1.7
    _block(ax, centre, 4.75, 2.9, f"X  ({n}, {d_model})")
    for role, at, size in (("Q", -1.1, d_k), ("K", 0.0, d_k), ("V", 1.1, d_v)):
        _arrow(ax, (centre + at, 4.55), (centre + at, 4.14), INK)
        _stack(ax, centre + at, 3.9, 0.86, f"× W_{role.lower()}", heads, ROLES[role])
        _arrow(ax, (centre + at, 3.68), (centre + at, 2.98), ROLES[role])
        ax.text(centre + at + 0.08, 3.22, f"{heads} × ({n}, {size})", va="center", fontsize=SMALL)
    _stack(ax, centre, 2.72, 3.0, "scaled dot-product attention", heads, INK)
    _arrow(ax, (centre, 2.5), (centre, 1.98), INK)
    ax.text(centre + 0.08, 2.2, f"{heads} × ({n}, {d_v})", va="center", fontsize=SMALL)
    _block(ax, centre, 1.78, 2.0, "side by side")
    _arrow(ax, (centre, 1.58), (centre, 1.26), INK)
    ax.text(centre + 0.08, 1.42, f"({n}, {heads * d_v})", va="center", fontsize=SMALL)
    _block(ax, centre, 1.05, 2.0, f"× W_o  ({heads * d_v}, {d_out})")
    _arrow(ax, (centre, 0.85), (centre, 0.5), ROLES["Z"])
    ax.text(centre + 0.08, 0.66, f"Z  ({n}, {d_out})", va="center", fontsize=SMALL)


def _block(ax, x, y, width, name, colour=INK, face="white", shift=0.0, order=2):
    box = FancyBboxPatch(
        (x - width / 2 + shift, y - 0.17 - shift),
        width,
        0.34,
        boxstyle="round,pad=0.02",
        facecolor=face,
        edgecolor=colour,
        linewidth=1.5,
        zorder=order,
    )
    ax.add_patch(box)
    ax.text(x + shift, y - shift, name, ha="center", va="center", fontsize=9, zorder=order)


def _stack(ax, x, y, width, name, heads, colour):
    for layer in range(min(heads, 3) - 1, 0, -1):
        _block(ax, x, y, width, "", colour, shift=0.06 * layer, order=2 - 0.1 * layer)
    _block(ax, x, y, width, name, colour)


def _input(ax, role, x, y, shape):
    ax.text(x, y - 0.08, role, ha="center", va="bottom", fontsize=11, weight="bold", color=ROLES[role])
    ax.text(x, y - 0.02, shape, ha="center", va="top", fontsize=SMALL)


def _arrow(ax, start, end, colour):
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=colour, linewidth=1.2))
