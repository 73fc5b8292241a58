"""Pictures of chapter 1: one word, its vectors, and the six steps from an embedding to an output.

A vector is drawn as a *strip*: a row of coloured cells with their numbers, orange below 0, purple above.
"""

import numpy as np

from attnlib import reference
from attnlib.plots.base import COLOURS, INK, figure
from attnlib.plots.strips import arrow, cells, largest, number, quoted, strips

FAINT = "#767676"
STEPS = [
    "embedding",
    "1  query",
    "1  key and value",
    "2  score: query · key",
    "3  divided by √d_k",
    "4  softmax: weight",
    "5  weight × value",
    "6  sum: output",
]


def chain_and_look(words, source, target):
    """Draw the way from one word to another: along the chain of words, and in one look.

    **Shapes** words: the sentence; source and target: two words of it, source first -> figure
    """
    fig, ax = figure(width=7.6, height=2.2)
    start, stop = words.index(source), words.index(target)
    lengths = np.array([len(word) + 1.6 for word in words])
    centres = lengths.cumsum() - lengths / 2
    for place, (word, x) in enumerate(zip(words, centres, strict=True)):
        colour = {start: COLOURS["keys"], stop: COLOURS["queries"]}.get(place, INK)
        weight = "bold" if place in (start, stop) else "normal"
        ax.text(x, 0, word, ha="center", va="center", family="monospace", fontsize=9, color=colour, weight=weight)
    for here, there in zip(centres[start:stop], centres[start + 1 : stop + 1], strict=True):
        arrow(ax, (here, -0.3), (there, -0.3), FAINT, bend=0.35)
    arrow(ax, (centres[stop], 0.3), (centres[start], 0.3), COLOURS["queries"], bend=0.3, width=2)
    middle = (centres[start] + centres[stop]) / 2
    ax.text(middle, 2.15, "attention: one look", ha="center", va="bottom", color=COLOURS["queries"])
    ax.text(middle, -1.2, f"word after word: {stop - start} steps", ha="center", va="top", color=FAINT)
    ax.set(xlim=(0, lengths.sum()), ylim=(-1.9, 2.9))
    ax.set_axis_off()
    title = f"From {quoted(source)} to {quoted(target)}: {stop - start} steps along the chain, one look across"
    ax.set_title(title, loc="left")
    return fig


def vector_strips(words, embeddings, queries, keys, values):
    """Draw every word's embedding beside the query, the key and the value made from it.

    **Shapes** embeddings (n, d_model); queries, keys (n, d_k); values (n, d_v) -> figure
    """
    parts = [np.asarray(part) for part in (embeddings, queries, keys, values)]
    widths = [part.shape[1] for part in parts]
    fig, axes = figure(1, 4, width=7.6, height=0.42 * len(words) + 1.1, width_ratios=widths)
    titles = ["embedding x", "query = x W_q", "key = x W_k", "value = x W_v"]
    colours = [INK, COLOURS["queries"], COLOURS["keys"], COLOURS["values"]]
    limit = largest(*parts)
    for ax, part, title, colour in zip(axes, parts, titles, colours, strict=True):
        strips(ax, part, limit, title, colour, words if ax is axes[0] else None)
    fig.suptitle(
        "One embedding, three vectors: what a word asks, advertises and answers", x=0.01, ha="left", fontsize=11
    )
    return fig


def score_row(words, query, keys, who):
    """Draw each score as it is made: key times query, coordinate by coordinate, then summed.

    **Shapes** query (d_k,), keys (num_keys, d_k), who: the word that asks -> figure
    """
    query, keys = np.asarray(query), np.asarray(keys)
    products = keys * query
    scores = products.sum(axis=1, keepdims=True)
    d_k = len(query)
    fig, axes = figure(
        2, 3, width=7.0, height=0.42 * len(words) + 1.7, width_ratios=[d_k, d_k, 1], height_ratios=[1, len(words)]
    )
    limit = largest(query, keys, products, scores)
    strips(axes[0, 0], query[None], limit, f"query of {quoted(who)}", COLOURS["queries"], [who])
    strips(axes[1, 0], keys, limit, "keys", COLOURS["keys"], words)
    strips(axes[1, 1], products, limit, "query × key, each coordinate", INK)
    strips(axes[1, 2], scores, limit, "sum = score", INK)
    for ax in axes[0, 1:]:
        ax.set_axis_off()
    best = words[int(scores.argmax())]
    title = f"{quoted(who)} scores highest with {quoted(best)}: {number(scores.max())}"
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    return fig


def softmax_bars(words, scores, d_k):
    """Draw the weights that softmax makes of the raw scores and of those divided by sqrt(d_k).

    **Shapes** scores (num_keys,) -> figure
    """
    fig, ax = figure(width=7.0, height=2.8)
    places = np.arange(len(words))
    cases = [
        (-0.2, scores, "#b8b8b8", "", "scores as they are"),
        (0.2, np.asarray(scores) / np.sqrt(d_k), COLOURS["queries"], "//", f"scores divided by √{d_k}"),
    ]
    for shift, given, colour, hatch, label in cases:
        bars = ax.bar(
            places + shift, reference.softmax(given), 0.38, color=colour, hatch=hatch, edgecolor="white", label=label
        )
        ax.bar_label(bars, fmt="%.3f", fontsize=8, padding=2)
    ax.set_xticks(places, words)
    ax.set(ylabel="weight", ylim=(0, 1))
    ax.set_title("Dividing first leaves more weight for the other words", loc="left")
    ax.legend(frameon=False)
    return fig


def weighted_values(words, weights, values):
    """Draw how the values, each times its weight, add up to the output.

    **Shapes** weights (num_keys,), values (num_keys, d_v) -> figure
    """
    weights, values = np.asarray(weights), np.asarray(values)
    weighted = weights[:, None] * values
    output = weighted.sum(axis=0, keepdims=True)
    d_v = values.shape[1]
    fig, axes = figure(
        2, 3, width=7.0, height=0.42 * len(words) + 1.6, width_ratios=[1, d_v, d_v], height_ratios=[len(words), 1]
    )
    limit = largest(values)
    strips(axes[0, 0], weights[:, None], 1.0, "weight", INK, words, colours="cividis")
    strips(axes[0, 1], values, limit, "× value", COLOURS["values"])
    strips(axes[0, 2], weighted, limit, "= weighted value", INK)
    strips(axes[1, 2], output, limit, "sum of the column = output z", COLOURS["output"])
    for ax in axes[1, :2]:
        ax.set_axis_off()
    heaviest = words[int(weights.argmax())]
    title = f"The value of {quoted(heaviest)} has the largest part in the output: {weights.max():.2f}"
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    return fig


def six_steps(words, embeddings, W_q, W_k, W_v, who):
    """Draw all six steps in one picture, one column a word, for the word at position ``who``.

    **Shapes** embeddings (n, d_model), W_q and W_k (d_model, d_k), W_v (d_model, d_v) -> figure
    """
    embeddings = np.asarray(embeddings, dtype=float)
    query, keys, values = embeddings[who] @ W_q, embeddings @ W_k, embeddings @ W_v
    scores = keys @ query
    scaled = scores / np.sqrt(len(query))
    weights = reference.softmax(scaled)
    limit = largest(embeddings, query, keys, values, scores)
    column = len(query) + values.shape[1] + 1.8
    key, value = -column / 4 + 0.2, column / 4 - 0.2  # a word's keys stand to the left, its values to the right
    fig, ax = figure(width=8.0, height=5.0)
    _join_steps(ax, who, len(words), column, key, value)
    for place, word in enumerate(words):
        x = place * column
        ax.text(x, -0.75, word, ha="center", va="center", weight="bold")
        cells(ax, x, 0, embeddings[place], limit, INK)
        cells(ax, x + key, 2, keys[place], limit, COLOURS["keys"])
        cells(ax, x + value, 2, values[place], limit, COLOURS["values"])
        cells(ax, x + key, 3, scores[place : place + 1], limit, INK)
        cells(ax, x + key, 4, scaled[place : place + 1], limit, INK)
        cells(ax, x + key, 5, weights[place : place + 1], 1.0, INK, "cividis")
        cells(ax, x + value, 6, weights[place] * values[place], limit, COLOURS["values"])
    cells(ax, who * column + key, 1, query, limit, COLOURS["queries"])
    cells(ax, (len(words) - 1) * column / 2 + value, 7, weights @ values, limit, COLOURS["output"])
    for row, label in enumerate(STEPS):
        ax.text(-column * 0.55, row, label.replace("d_k", str(len(query))), ha="right", va="center", fontsize=9)
    ax.set(xlim=(-column * 1.15, (len(words) - 0.5) * column), ylim=(7.5, -1.1))
    ax.set_axis_off()
    ax.set_title(f"Six steps make one output for {quoted(words[who])} from the words {quoted(*words)}", loc="left")
    return fig


def self_look_bars(shares, sizes):
    """Draw in how many rows a word looks most at itself, for several ways to draw W_q and W_k.

    **Shapes** shares {case: one share for each size}, sizes: the numbers of words -> figure
    """
    fig, ax = figure(width=7.0, height=2.9)
    places = np.arange(len(sizes))
    width = 0.8 / len(shares)
    for case, (label, heights) in enumerate(shares.items()):
        shift = (case - (len(shares) - 1) / 2) * width
        colour = list(COLOURS.values())[case]
        bars = ax.bar(
            places + shift,
            heights,
            width,
            color=colour,
            hatch=("", "//", "..")[case % 3],
            edgecolor="white",
            label=label,
        )
        ax.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
    for place, size in enumerate(sizes):
        ax.plot(
            [place - 0.45, place + 0.45],
            [1 / size] * 2,
            color=INK,
            linestyle=":",
            marker="",
            label="1 / n" * (not place),
        )
    ax.set_xticks(places, [f"n = {size} words" for size in sizes])
    ax.set(ylabel="share of rows", ylim=(0, 1.12), yticks=[0, 0.5, 1])
    ax.set_title("A word looks most at itself more often when W_q and W_k are one matrix", loc="left", pad=24)
    ax.legend(ncols=4, fontsize=8, loc="lower left", bbox_to_anchor=(0, 0.99), borderaxespad=0, frameon=False)
    return fig


def _join_steps(ax, who, count, column, key, value):
    """Draw what is made of what: the query reaches every score, the weighted values meet in the sum."""
    thin = {"linewidth": 0.9, "zorder": 0, "marker": "", "linestyle": "-"}
    own = who * column + key
    for x in (place * column for place in range(count)):
        if x == who * column:  # its own query stands above its key: pass by on the right
            ax.plot([x, x, own + 1.2], [0, 1.2, 1.75], color=FAINT, **thin)
        else:
            ax.plot([x, x + key], [0, 2], color=FAINT, **thin)
        ax.plot([x + key, x + key, x + value], [2, 5, 6], color=FAINT, **thin)
        ax.plot([x, x + value, x + value], [0, 2, 6], color=FAINT, **thin)
        ax.plot([x + value, (count - 1) * column / 2 + value], [6, 7], color=FAINT, **thin)
        turn = own + (2.1 if x > who * column else -2.1)  # around the boxes, not through its own key
        ax.plot([own, turn, turn, x + key], [1, 1, 3, 3], color=COLOURS["queries"], **thin)
    ax.plot([who * column, own], [0, 1], color=FAINT, **thin)
