"""Chapter 10: the parts of a real encoder, what a wrong detail costs, and attention through several layers."""

import itertools

import matplotlib
import numpy as np
from matplotlib.patches import FancyBboxPatch, Rectangle

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.heads import sheet

FAINTEST = 0.004  # a share of "it" below this gets no line


def encoder_tower(model, *, title):
    """Draw the parts of a BERT from the bottom up, each with where it was taught and its trained numbers.

    **Shapes** model: a ``Bert`` -> figure

    **Promises** the bar beside a part is as long as its share of all trained numbers, all layers together.
    """
    num_layers, parts = len(model.encoder.blocks), _parts(model)
    counts = [count * (num_layers if name.startswith("layer: ") else 1) for name, (_, count) in parts.items()]
    fig, ax = sheet(7.6, 0.62 * len(parts) + 0.25, title)
    repeated, colours = [], itertools.cycle(COLOURS.values())
    for place, (name, (taught, count)) in enumerate(parts.items()):
        y = 0.62 * (len(parts) - 1 - place) + 0.1
        colour = "#6b6b6b" if "norm" in name else next(colours)
        box = FancyBboxPatch((0.5, y), 3.0, 0.4, boxstyle="round,pad=0.02", facecolor="white", edgecolor=colour)
        box.set_linewidth(2)
        ax.add_patch(box)
        ax.text(2.0, y + 0.2, f"{name.removeprefix('layer: ')}  ({taught})", ha="center", va="center", fontsize=9)
        share = counts[place] / sum(counts)
        ax.add_patch(Rectangle((3.9, y + 0.08), 2.2 * share, 0.24, facecolor=colour))
        times = f"{num_layers} × " if name.startswith("layer: ") else ""
        ax.text(3.95 + 2.2 * share, y + 0.2, f"{times}{count:,}  ({share:.0%})", va="center", fontsize=9)
        if times:
            repeated.append(y)
        if place + 1 < len(parts):
            ax.annotate("", (2.0, y - 0.2), (2.0, y - 0.02), arrowprops={"arrowstyle": "->", "color": INK})
    frame = (0.3, min(repeated) - 0.1), 3.4, max(repeated) - min(repeated) + 0.6
    ax.add_patch(Rectangle(*frame, fill=False, edgecolor=INK, linestyle="--", zorder=0))
    ax.text(0.22, min(repeated) - 0.1 + frame[2] / 2, f"{num_layers} layers", rotation=90, ha="right", va="center")
    return fig


def _parts(model):
    # {name: (where it was taught, trained numbers)}, the lowest first; "layer: " begins what is repeated
    block, embedding = model.encoder.blocks[0], model.embedding
    return {
        "three embeddings": ("ch. 1, 6", _count(embedding) - _count(embedding.norm)),
        "layer norm": ("ch. 5", _count(embedding.norm)),
        "layer: multi-head attention": ("ch. 4", _count(block.attention)),
        "layer: add, layer norm 1": ("ch. 5", _count(block.attention_norm)),
        "layer: feed-forward": ("ch. 5", _count(block.feed_forward)),
        "layer: add, layer norm 2": ("ch. 5", _count(block.feed_forward_norm)),
    }


def _count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def detail_bars(differences, tolerance, *, title):
    """Draw how far the output is off for each detail that was got wrong, on a logarithmic scale.

    **Shapes** differences {what was changed: the largest difference}; tolerance: what counts as equal -> figure
    """
    fig, ax = figure(width=7.4, height=1.1 + 0.32 * len(differences))
    with matplotlib.rc_context(STYLE):
        for place, value in enumerate(differences.values()):
            equal = value < tolerance
            colour = COLOURS["values" if equal else "keys"]
            ax.barh(place, value, left=0, height=0.7, color=colour, hatch="///" if equal else "", edgecolor="white")
            ax.text(value * 1.25, place, f"{value:.0e}" if value < 0.01 else f"{value:.2f}", va="center", fontsize=8)
        ax.axvline(tolerance, color=INK, linestyle=":", linewidth=1.4)
        ax.set_yticks(range(len(differences)), list(differences))
        ax.set(xscale="log", xlim=(1e-7, 1e3), ylim=(len(differences) - 0.4, -0.6), title=title)
        ax.set_xlabel(f"largest difference in the output (dotted line: {tolerance:.0e}, counts as equal)")
        ax.tick_params(axis="y", length=0)
    return fig


def rollout_flow(maps, words, picked, *, title):
    """Draw on which ways one word of the last layer has received what it holds (Abnar and Zuidema 2020).

    **Shapes** maps (num_layers, num_heads, n, n); words: n names; picked: the place of a word -> figure

    **Promises** the lines of one layer share 1 between them: solid what attention brought, dashed what the
    residual connection kept. The numbers at the left are the row of ``picked`` in the rollout.
    """
    means = _array(maps).mean(axis=1)
    layers, n = len(means), len(words)
    fig, ax = figure(width=7.6, height=0.9 + 0.3 * n)
    share = np.eye(n)[picked]
    with matplotlib.rc_context(STYLE):
        for layer in reversed(range(layers)):
            flow = share[:, None] * (means[layer] + np.eye(n)) / 2  # from the word after it to the word before it
            for after, before in np.argwhere(flow > FAINTEST):
                _way(ax, layer, before, after, flow[after, before], kept=after == before)
            _marks(ax, layer + 1, share)
            share = flow.sum(axis=0)
        _marks(ax, 0, share)
        _sides(ax, words, share, picked, layers)
        steps = ["words"] + [f"after layer {layer + 1}" for layer in range(layers)]
        ax.set_xticks(range(layers + 1), steps)
        ax.set(xlim=(-0.05, layers + 0.05), ylim=(n - 0.5, -0.7), title=title)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return fig


def _way(ax, layer, before, after, share, *, kept):
    colour, line = (COLOURS["output"], (0, (4, 1.5))) if kept else (COLOURS["queries"], "-")
    width, seen = 0.6 + 11 * share, min(1.0, 0.25 + 3 * share)
    ax.plot(
        [layer, layer + 1],
        [before, after],
        color=colour,
        linestyle=line,
        linewidth=width,
        alpha=seen,
        marker="none",
        solid_capstyle="butt",
    )


def _marks(ax, column, share):
    for place, part in enumerate(share):
        if part > FAINTEST:
            ax.plot(column, place, "o", color=INK, markersize=3 + 9 * part, zorder=3)


def _sides(ax, words, share, picked, layers):
    best = sorted(np.argsort(-share)[:3])
    names = [f"{word}  {part:.2f}" for word, part in zip(words, share, strict=True)]
    ax.set_yticks(range(len(words)), names)
    for place, label in enumerate(ax.get_yticklabels()):
        label.set_weight("bold" if place in best else "normal")
    ax.text(layers + 0.07, picked, words[picked], va="center", weight="bold", clip_on=False)
    for name, kept in (("attention", False), ("residual connection", True)):
        colour, line = (COLOURS["output"], (0, (4, 1.5))) if kept else (COLOURS["queries"], "-")
        ax.plot([], [], color=colour, linestyle=line, linewidth=3, marker="none", label=name)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=2)


def _array(values):
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
