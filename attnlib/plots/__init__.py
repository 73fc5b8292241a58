"""Figures and controls of the course, one module for each kind of picture.

``show(fig, alt=...)`` brings a figure onto the page: it asks for alt text and puts it where a screen reader
finds it. ``heatmap`` draws weights, scores and masks; ``head_view(weights, tokens, alt=...)`` shows at once the
weights of many heads as lines between words; ``control`` makes a figure that the reader can move.
"""

from attnlib.plots.base import COLOURS, figure, show
from attnlib.plots.controls import control
from attnlib.plots.family import digit_pairs, nested_sets, recall_curves, size_curves
from attnlib.plots.graphs import club_graph, masks_and_graphs, parse_edges, pattern_and_reach
from attnlib.plots.head_diagrams import all_in_one, attention_diagrams
from attnlib.plots.head_results import cost_lines, floor_curves, two_readings
from attnlib.plots.heads import concat_boxes, cut_grids, head_maps
from attnlib.plots.heatmaps import heatmap
from attnlib.plots.kernels import kernel_heads, sharpness_error, sharpness_maps
from attnlib.plots.layer_curves import cost_table, gradient_panels, length_curves
from attnlib.plots.layer_wiring import connectivity, reach_rows, timeline
from attnlib.plots.layouts import clear_places
from attnlib.plots.lines import head_view
from attnlib.plots.long_costs import cost_bubbles, memory_bars, memory_curves
from attnlib.plots.long_sentences import cache_growth, ring_steps, tile_sweep
from attnlib.plots.matrices import attention_boxes, projection_boxes, score_boxes
from attnlib.plots.place_schemes import extrapolation_curves, position_maps, where_added
from attnlib.plots.places import clocks, counter_panels, moved_word, position_curves, position_grid
from attnlib.plots.planes import plane
from attnlib.plots.pooling import fitted_curves, pooled_fit, pooling_weights, sequence_map, width_errors
from attnlib.plots.pronoun_heads import it_bars, loss_curve, share_bars
from attnlib.plots.real_encoder import detail_bars, encoder_tower, rollout_flow
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
from attnlib.plots.wiring import additive_wiring, dot_wiring, scores_on_a_line

__all__ = [
    "COLOURS",
    "additive_wiring",
    "all_in_one",
    "attention_boxes",
    "attention_diagrams",
    "cache_growth",
    "chain_and_look",
    "clear_places",
    "clocks",
    "club_graph",
    "concat_boxes",
    "connectivity",
    "control",
    "cost_bubbles",
    "cost_lines",
    "cost_table",
    "counter_panels",
    "cut_grids",
    "detail_bars",
    "digit_pairs",
    "dot_wiring",
    "encoder_tower",
    "extrapolation_curves",
    "figure",
    "fitted_curves",
    "floor_curves",
    "gradient_panels",
    "head_maps",
    "head_view",
    "heatmap",
    "it_bars",
    "kernel_heads",
    "length_curves",
    "loss_curve",
    "masks_and_graphs",
    "memory_bars",
    "memory_curves",
    "moved_word",
    "nested_sets",
    "parse_edges",
    "pattern_and_reach",
    "plane",
    "pooled_fit",
    "pooling_weights",
    "position_curves",
    "position_grid",
    "position_maps",
    "projection_boxes",
    "reach_rows",
    "recall_curves",
    "ring_steps",
    "rollout_flow",
    "saturation",
    "scale_and_mask",
    "scale_panels",
    "score_boxes",
    "score_row",
    "score_spread",
    "scores_on_a_line",
    "self_look_bars",
    "sequence_map",
    "share_bars",
    "sharpness_error",
    "sharpness_maps",
    "show",
    "six_steps",
    "size_curves",
    "softmax_bars",
    "tile_sweep",
    "timeline",
    "two_readings",
    "vector_strips",
    "weighted_values",
    "where_added",
    "width_errors",
]
