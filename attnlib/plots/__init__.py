"""Figures and controls of the course, one module for each kind of picture.

``show(fig, alt=...)`` is the only way onto the page: it asks for alt text and puts it where a screen reader
finds it. ``heatmap`` draws weights, scores and masks; ``control`` makes a figure that the reader can move.
"""

from attnlib.plots.base import COLOURS, figure, show
from attnlib.plots.controls import control
from attnlib.plots.heatmaps import heatmap
from attnlib.plots.matrices import attention_boxes, projection_boxes, score_boxes
from attnlib.plots.planes import plane
from attnlib.plots.scaling import saturation, scale_and_mask, scale_panels, score_spread
from attnlib.plots.vectors import (
    chain_and_look,
    score_row,
    self_look_bars,
    six_steps,
    softmax_bars,
    vector_strips,
    weighted_values,
)

__all__ = [
    "COLOURS",
    "attention_boxes",
    "chain_and_look",
    "control",
    "figure",
    "heatmap",
    "plane",
    "projection_boxes",
    "saturation",
    "scale_and_mask",
    "scale_panels",
    "score_boxes",
    "score_row",
    "score_spread",
    "self_look_bars",
    "show",
    "six_steps",
    "softmax_bars",
    "vector_strips",
    "weighted_values",
]
