"""Figures that the reader can move, by mouse or by keyboard."""

import html
import re

import ipywidgets

from attnlib.plots.base import image

SYMBOL = re.compile(r"[a-zA-Z]_[a-z]")


class Control(ipywidgets.VBox):
    """Sliders and choosers above a figure that follows them."""

    def __init__(self, draw, inputs):
        self._draw = draw
        self._inputs = inputs
        self._picture = ipywidgets.HTML()
        super().__init__([*inputs.values(), self._picture])
        for widget in inputs.values():
            widget.observe(self._redraw, names="value")
        self._picture.value = self._image()

    def _image(self):
        fig, alt = self._draw(**{name: widget.value for name, widget in self._inputs.items()})
        return f'<div aria-live="polite">{image(fig, alt)}</div>'

    def _redraw(self, _):
        try:
            self._picture.value = self._image()
        except Exception as error:  # an exception in a callback would vanish in the kernel's log
            self._picture.value = f"<pre>{html.escape(f'{type(error).__name__}: {error}')}</pre>"

    def __repr__(self):
        return f"Control of {', '.join(self._inputs)} (moves in a running notebook)"


def control(draw, **inputs):
    """Make a figure that follows its inputs.

    ``draw(**values)`` returns ``(figure, alt)``. Every input is an ipywidgets widget with a ``value``, or a
    shorthand: (lowest, highest, step) for a slider, a list for a chooser, a bool for a check box. The names of
    the inputs become their labels, underscores as spaces (but d_k stays d_k).

    **Promises** the first picture is drawn at once, so an error in ``draw`` is seen; later errors are written
    in the picture's place. A slider redraws when it is let go, and answers to the arrow keys.

    **Raises** whatever ``draw`` raises, ``TypeError`` for a shorthand that is none of the above.
    """
    return Control(draw, {name: _widget(name, given) for name, given in inputs.items()})


def _widget(name, given):
    look = {
        "description": name if SYMBOL.fullmatch(name) else name.replace("_", " "),
        "style": {"description_width": "9em"},
        "layout": {"width": "26em"},
    }
    if isinstance(given, ipywidgets.Widget):
        return given
    if isinstance(given, bool):
        return ipywidgets.Checkbox(given, **look)
    if isinstance(given, list):
        return ipywidgets.Dropdown(options=given, **look)
    if isinstance(given, tuple) and len(given) in (3, 4):
        lowest, highest, step, *start = given
        whole = all(isinstance(number, int) for number in given)
        slider = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        value = start[0] if start else lowest
        return slider(value, min=lowest, max=highest, step=step, continuous_update=False, **look)
    raise TypeError(f"{name} is {given!r}, expected a widget, a list, a bool or (lowest, highest, step[, start]).")
