"""The look that all figures share, and the one way to show them."""

import base64
import html
import io

import matplotlib
from IPython.display import HTML, display
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito 2008; at least 3:1 against white, told apart in the common forms of colour blindness
COLOURS = {"queries": "#0072B2", "keys": "#D55E00", "values": "#009E73", "output": "#CC79A7"}
INK = "#222222"
STYLE = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.prop_cycle": matplotlib.cycler(
        color=list(COLOURS.values()), linestyle=["-", "--", "-.", ":"], marker=["o", "s", "^", "D"]
    ),
    "figure.facecolor": "white",
    "font.size": 10,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
DOTS_PER_INCH = 144
SHORTEST_ALT = 40


def figure(rows=1, columns=1, *, width=7.0, height=3.0, **subplots):
    """Make a figure in the style of the course.

    **Shapes** width and height in inches; ``subplots`` goes to ``Figure.subplots`` -> figure, axes

    **Promises** the figure belongs to no window and no global state: nothing has to be closed.
    """
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        axes = fig.subplots(rows, columns, **subplots)
    return fig, axes


def show(fig, *, alt):
    """Put a figure on the page together with its alt text.

    ``alt`` says in a sentence or two what is to be seen, for readers who do not see the picture.

    **Raises** ``TypeError`` without alt text, ``ValueError`` for one too short to say what is to be seen.
    """
    display(HTML(image(fig, alt)))


def image(fig, alt):
    """Return the figure as one HTML ``<img>`` element with its alt text."""
    alt = check_alt(alt)
    data = base64.b64encode(_png(fig)).decode()
    width = round(fig.get_figwidth() * 96)
    # a sheet of white paper on light and on dark pages: the colours are chosen for contrast with white
    return (
        f'<img alt="{html.escape(alt)}" width="{width}" '
        'style="max-width: 100%; background: white; padding: 4px; border-radius: 6px" '
        f'src="data:image/png;base64,{data}">'
    )


def _png(fig):
    drawn, small = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context(STYLE):
        fig.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    # a figure has few colours: a palette of 256 makes the stored notebook a third of the size
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


def check_alt(alt):
    """Return alt text in one line, or raise if it says too little."""
    text = " ".join(str(alt).split())
    if len(text) < SHORTEST_ALT:
        raise ValueError(f"alt is {text!r}, expected a sentence that says what is to be seen in the figure.")
    return text
