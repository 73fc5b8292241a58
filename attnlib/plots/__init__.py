"""Figures and controls of the course, one module for each kind of picture.

``show(fig, alt=...)`` is the only way onto the page: it asks for alt text and puts it where a screen reader
finds it. ``heatmap`` draws weights, scores and masks; ``control`` makes a figure that the reader can move.
"""

from attnlib.plots.base import COLOURS, figure, show
from attnlib.plots.controls import control
from attnlib.plots.heatmaps import heatmap

__all__ = ["COLOURS", "control", "figure", "heatmap", "show"]
