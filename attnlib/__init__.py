"""Self-attention from first principles: the small library behind the course.

Every public name can be imported from here; a submodule is loaded when one of its names is first used.
The NumPy definitions are reached as ``attnlib.reference``, figures as ``attnlib.plots`` and the exercise
checks as ``from attnlib.check import check``.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "ShapeError": "shapes",
    "count_flops": "training",
    "fit": "training",
    "attention": "dot_product",
    "attention_weights": "dot_product",
    "causal_mask": "masks",
    "graph_mask": "masks",
    "padding_mask": "masks",
    "window_mask": "masks",
    "AdditiveScore": "scores",
    "BilinearScore": "scores",
    "dot_score": "scores",
    "gaussian_score": "scores",
    "scaled_dot_score": "scores",
    "MultiHeadAttention": "multihead",
    "merge_heads": "multihead",
    "split_heads": "multihead",
    "Encoder": "encoder",
    "EncoderBlock": "encoder",
    "FeedForward": "encoder",
    "LearnedPositions": "positions",
    "rotary": "positions",
    "shift_matrix": "positions",
    "sinusoidal_positions": "positions",
    "RelativePositionBias": "relative_positions",
    "ShawRelativePositions": "relative_positions",
    "alibi_bias": "relative_positions",
    "alibi_slopes": "relative_positions",
    "local_attention": "windows",
    "ConvLayer": "layers",
    "RecurrentLayer": "layers",
    "SelfAttentionLayer": "layers",
    "make_layer": "layers",
    "dependencies": "costs",
    "formula": "costs",
    "maximum_path_length": "costs",
    "receptive_field": "costs",
    "sequential_operations": "costs",
    "conv_as_attention": "convolution",
    "linear_attention": "relations",
    "linear_attention_recurrent": "relations",
    "message_passing": "relations",
    "peak_memory": "memory",
    "chunked_attention": "efficient",
    "merge_partial": "efficient",
    "partial_attention": "efficient",
    "KeyValueCache": "decoding",
    "CustomAttention": "approximations",
    "LinformerAttention": "approximations",
    "segment_means": "approximations",
    "strided_attention": "approximations",
    "strided_mask": "approximations",
    "ring_attention": "ring",
    "run_ring": "ring",
    "load_bert": "pretrained",
    "rollout": "flow",
}
_BY_MODULE = ("check", "plots", "reference")

__all__ = sorted([*_HOME, *_BY_MODULE])


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"attnlib.{_HOME[name]}"), name)
    if name in _BY_MODULE:
        return importlib.import_module(f"attnlib.{name}")
    raise AttributeError(f"module 'attnlib' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
