"""Chapter 8: the sets of the family, what prior knowledge is worth, and how much a state can hold."""

import matplotlib
import numpy as np
from matplotlib.patches import FancyBboxPatch

from attnlib.plots.base import COLOURS, INK, STYLE, figure

DASHES = ["-", "--", "-."]
SETS = [  # (left, bottom, width, height, colour, name, where the name stands)
    (0.1, 0.1, 6.2, 3.9, COLOURS["queries"], "attention: heads that take weighted means of values", "top"),
    (0.35, 0.35, 1.75, 2.75, COLOURS["keys"], "scores see\npositions alone", "top"),
    (0.55, 0.55, 1.35, 1.1, COLOURS["keys"], "convolution\n(in the limit)", "middle"),
    (2.3, 0.35, 1.85, 2.75, COLOURS["values"], "mask = edges\nof a graph\n(full mask: all)", "top"),
    (2.5, 0.55, 1.45, 1.1, COLOURS["values"], "causal, local,\ngraph mask", "middle"),
    (4.4, 0.35, 3.5, 2.75, COLOURS["output"], "recurrent networks", "right"),
    (4.6, 0.55, 1.5, 1.1, COLOURS["output"], "causal linear\nattention", "middle"),
]


def nested_sets(*, title):
    """Draw which kind of network contains which: boxes in boxes, one overlap.

    **Shapes** nothing -> figure
    """
    fig, ax = figure(width=7.6, height=4.2)
    with matplotlib.rc_context(STYLE):
        for left, bottom, width, height, colour, name, place in SETS:
            shape = {"boxstyle": "round,pad=0,rounding_size=0.15", "facecolor": (*_rgb(colour), 0.10)}
            ax.add_patch(FancyBboxPatch((left, bottom), width, height, edgecolor=colour, linewidth=1.8, **shape))
            x, y = left + width / 2, bottom + height / 2
            where = {"top": (x, bottom + height - 0.12), "middle": (x, y), "right": (left + width - 0.12, 2.98)}[place]
            align = {"ha": "right" if place == "right" else "center", "va": "center" if place == "middle" else "top"}
            ax.text(*where, name, fontsize=10, **align)
        ax.text(7.1, 1.1, "tanh RNN,\nGRU, LSTM", ha="center", va="center")
        ax.text(5.35, 2.0, "weights made\nby a feature map,\nno softmax", ha="center", va="center", fontsize=9)
        ax.set(xlim=(0, 8), ylim=(0, 4.1))
        ax.set_axis_off()
        ax.set_title(title)
    return fig


def digit_pairs(images, moved, labels, *, title):
    """Draw some digits, above with their pixels in place, below with the pixels moved.

    **Shapes** images, moved (num_images, height, width) from 0 to 1; labels (num_images,) -> figure
    """
    fig, axes = figure(2, len(images), width=0.95 * len(images) + 0.4, height=2.6, squeeze=False)
    with matplotlib.rc_context(STYLE):
        for row, pictures, name in zip(axes, (images, moved), ("in place", "permuted"), strict=True):
            for ax, picture in zip(row, pictures, strict=True):
                ax.imshow(np.asarray(picture), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
                ax.set(xticks=[], yticks=[])
            row[0].set_ylabel(name)
        for ax, label in zip(axes[0], labels, strict=True):
            ax.set_title(str(int(label)), loc="center", fontsize=10)
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def size_curves(panels, *, title):
    """Draw accuracy against the number of training images: mean and standard deviation over seeds.

    **Shapes** panels {name: {model: {number of images: (num_seeds,)}}} -> figure
    """
    fig, axes = figure(1, len(panels), width=8.0, height=3.5, sharey=True, squeeze=False)
    colours = [COLOURS["keys"], COLOURS["values"], COLOURS["queries"]]
    with matplotlib.rc_context(STYLE):
        for ax, (name, models) in zip(axes[0], panels.items(), strict=True):
            for (model, found), colour, dash, marker in zip(models.items(), colours, DASHES, "os^", strict=False):
                counts = np.array([int(count) for count in found])
                shares = np.stack([np.asarray(share) for share in found.values()])
                means, spreads = shares.mean(axis=1), shares.std(axis=1, ddof=1)
                ax.plot(counts, means, dash, marker=marker, color=colour, label=model)
                ax.fill_between(counts, means - spreads, means + spreads, color=colour, alpha=0.18, linewidth=0)
            ax.set_xscale("log")
            ax.set_xticks(counts, [f"{count:,}" for count in counts])
            ax.minorticks_off()
            ax.set_title(name, fontsize=10)
            ax.set_xlabel("training images")
        axes[0, 0].set_ylabel("right on test images")
        axes[0, -1].legend(loc="lower right")
    fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"], color=INK)
    return fig


def recall_curves(counts, errors, size, *, title):
    """Draw the error of recalling stored pairs against their number; a dotted line marks the size of the state.

    **Shapes** counts (num_cases,); errors {name: (num_cases,)}, 0 = exact, 1 = as bad as answering 0;
    size: d_k -> figure
    """
    fig, ax = figure(width=6.6, height=3.2)
    colours = [COLOURS["queries"], COLOURS["output"], COLOURS["values"]]
    with matplotlib.rc_context(STYLE):
        for (name, error), colour, dash, marker in zip(errors.items(), colours, DASHES, "osD", strict=False):
            ax.plot(counts, np.asarray(error), dash, marker=marker, color=colour, label=name)
        ax.axvline(size, linestyle=":", color=INK, linewidth=1.2)
        ax.text(size * 1.04, 0.5, f"$d_k$ = {size}", fontsize=9, va="center")
        ax.set_xscale("log", base=2)
        ax.set_xticks(counts, [str(count) for count in counts])
        ax.set_ylim(-0.05, 1.3)
        ax.set(xlabel="pairs stored", ylabel="squared error of a recalled value", title=title)
        ax.legend(loc="upper left")
    return fig


def _rgb(colour):
    return matplotlib.colors.to_rgb(colour)
