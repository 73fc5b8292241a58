"""Chapter 5: where "it" looks, what a model needs, and how its training went."""

import matplotlib
import numpy as np

from attnlib.plots.base import COLOURS, INK, STYLE, figure

SMALL = 8
ROW = 0.27  # inches


def it_bars(looks, *, title, bold=("it",)):
    """Draw for each sentence how much one word looks at every word, as a bar beside the word.

    **Shapes** looks {name: (n words, weights (n,))}; bold: words that are written bold -> figure

    **Promises** all bars share the scale from 0 to 1, and carry their number from 0.05 on.
    """
    tallest = max(len(words) for words, _ in looks.values())
    fig, axes = figure(1, len(looks), width=7.6, height=1.2 + ROW * tallest, squeeze=False)
    with matplotlib.rc_context(STYLE):
        for ax, (name, (words, weights)) in zip(axes[0], looks.items(), strict=True):
            weights = _array(weights)
            best = int(weights.argmax())
            colours = [COLOURS["keys"] if place == best else "#8a8a8a" for place in range(len(words))]
            ax.barh(range(len(words)), weights, color=colours, height=0.75)
            for place, weight in enumerate(weights):
                if weight >= 0.05:
                    ax.text(weight + 0.02, place, f"{weight:.2f}", va="center", fontsize=SMALL)
            ax.set_yticks(range(len(words)), words)
            for label in ax.get_yticklabels():
                label.set_weight("bold" if label.get_text() in bold else "normal")
            ax.set(xlim=(0, 1.15), ylim=(tallest - 0.5, -0.5), xlabel="weight", title=name)
            ax.set_xticks([0, 0.5, 1])
            ax.tick_params(axis="y", length=0)
    _head(fig, title)
    return fig


def share_bars(groups, *, title, chance=None, xlabel="share of sentences that are read correctly"):
    """Draw shares as bars with their numbers, in groups.

    **Shapes** groups {group: {name: a number from 0 to 1}}; chance: where a dotted line stands -> figure
    """
    names = [(group, name) for group, shares in groups.items() for name in shares]
    fig, ax = figure(width=7.4, height=1.0 + ROW * (len(names) + len(groups)))
    palette = [COLOURS["queries"], COLOURS["keys"], COLOURS["values"], COLOURS["output"]]
    hatches = ["", "///", "...", "xx"]
    with matplotlib.rc_context(STYLE):
        y, ticks, labels = 0.0, [], []
        for number, (group, shares) in enumerate(groups.items()):
            look = {"color": palette[number % 4], "hatch": hatches[number % 4], "edgecolor": "white"}
            ax.text(-0.01, y, group, ha="right", va="center", weight="bold", fontsize=9)
            for name, share in shares.items():
                y += 1
                ax.barh(y, share, height=0.8, **look)
                # on a patch of its own, which the line of chance does not cross
                patch = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
                ax.text(share + 0.01, y, f"{share:.2f}", va="center", fontsize=SMALL, bbox=patch)
                ticks.append(y)
                labels.append(name)
            y += 1.2
        if chance is not None:
            ax.axvline(chance, color=INK, linestyle=":", linewidth=1.2)
        ax.set_yticks(ticks, labels)
        ax.set(xlim=(0, 1.1), ylim=(y - 0.4, -0.7), xlabel=xlabel)
        ax.tick_params(axis="y", length=0)
    _head(fig, title)
    return fig


def loss_curve(losses, *, title, window=50):
    """Draw the loss of every step and its running mean, each mean at the middle of its steps.

    **Shapes** losses (steps,); window: steps of the mean -> figure
    """
    losses = np.asarray(losses)
    fig, ax = figure(width=7.0, height=2.8)
    with matplotlib.rc_context(STYLE):
        ax.plot(losses, color="#b5b5b5", linewidth=0.7, marker="none", linestyle="-", label="one step")
        window = min(window, len(losses))
        mean = np.convolve(losses, np.ones(window) / window, mode="valid")
        steps = np.arange(len(mean)) + (window - 1) / 2
        label = f"mean of {window} steps"
        ax.plot(steps, mean, color=COLOURS["queries"], linewidth=2, marker="none", linestyle="-", label=label)
        ax.set(xlabel="step", ylabel="loss", title=title, ylim=(0, None))
        ax.legend()
    return fig


def _head(fig, title):
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)


def _array(values):
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
