"""Chapter 4: what heads cost, what their average loses, and what one head cannot learn."""

import matplotlib
import numpy as np

from attnlib.plots.base import COLOURS, INK, STYLE, figure
from attnlib.plots.line_styles import look

SMALL = 8


def cost_lines(num_heads, costs, *, title):
    """Draw how costs grow with the number of heads, each divided by its value for the first.

    **Shapes** num_heads (num_cases,); costs {name: (num_cases,)} -> figure
    """
    fig, ax = figure(width=6.6, height=3.0)
    with matplotlib.rc_context(STYLE):
        widths = np.linspace(7, 2, len(costs))  # lines that lie on each other are all seen
        for (name, cost), width in zip(costs.items(), widths, strict=True):
            ax.plot(num_heads, np.asarray(cost) / cost[0], label=name, linewidth=width)
        ax.set_xscale("log", base=2)
        ax.set_yscale("log", base=2)
        ax.set_xticks(num_heads, [str(count) for count in num_heads])
        ax.set_yticks(num_heads, [f"{count} ×" for count in num_heads])
        ax.set(xlabel="number of heads", ylabel="compared with one head", title=title)
        ax.legend()
    return fig


def two_readings(sentences, weights, words, who, *, title):
    """Draw sentences of one number a word, and what a local head, a global head and their average read.

    **Shapes**
        sentences   (num_sentences, n), one value a word
        weights     {name: (n,)}, what the word ``who`` gives to the others in each head
        words       n names
        -> figure
    """
    sentences = np.asarray(sentences)
    readings = {name: sentences @ np.asarray(row) for name, row in weights.items()}
    readings["average"] = np.mean(list(readings.values()), axis=0)
    fig, axes = figure(1, len(sentences), width=8.0, height=3.3, sharey=True)
    colours = [look(head)[0] for head in range(len(weights))] + [INK]
    with matplotlib.rc_context(STYLE):
        for number, (ax, values) in enumerate(zip(axes, sentences, strict=True)):
            ax.bar(range(len(words)), values, color="#c9c9c9", label="value of the word")
            styles = zip(readings.items(), colours, ("-", "--", ":"), strict=True)
            for (name, found), colour, dash in styles:
                label = f"{name}: {found[number]:.2f}"
                ax.axhline(found[number], color=colour, linestyle=dash, linewidth=2.2, label=label)
            ax.axhline(0, color=INK, linewidth=0.8)
            ax.set_xticks(range(len(words)), words, rotation=90, fontsize=SMALL)
            ax.get_xticklabels()[list(words).index(who)].set_weight("bold")
            ax.set_title(f"sentence {'AB'[number]}, as {who!r} reads it".replace("'", "“", 1).replace("'", "”", 1))
            ax.legend(fontsize=SMALL, loc="upper left")
        axes[0].set_ylabel("value")
        low, high = axes[0].get_ylim()
        axes[0].set_ylim(low, high + 0.5 * (high - low))
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def floor_curves(losses, floor, *, title):
    """Draw the losses of trainings and the floor that one head cannot pass.

    **Shapes** losses {name: (steps,)}, floor: a number -> figure
    """
    fig, ax = figure(width=7.0, height=3.2)
    colours = [COLOURS["keys"], COLOURS["queries"], COLOURS["values"]]
    with matplotlib.rc_context(STYLE):
        for (name, loss), colour, dash in zip(losses.items(), colours, ("-", "-.", "--"), strict=False):
            ax.plot(loss, dash, color=colour, linewidth=1.8, marker="none", label=name)
        ax.axhline(floor, color=INK, linewidth=1.2, linestyle=":")
        ax.text(
            len(next(iter(losses.values()))) - 1, floor * 0.75, "floor of one head", ha="right", va="top", fontsize=9
        )
        ax.set_yscale("log")
        ax.set(xlabel="step", ylabel="error per coordinate", title=title)
        ax.legend(loc="lower left")
    return fig
