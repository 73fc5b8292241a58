"""Chapters 7 and 9: attention in a window, where only the pairs inside it are computed."""

import torch.nn.functional as F

from attnlib import dot_product
from attnlib.shapes import ShapeError, match, must_be_floating, must_count


def local_attention(queries, keys, values, radius, *, causal=False, scale=None):
    """Attend to the places at most ``radius`` away (restricted self-attention: Vaswani et al. 2017, section 4).

    Each query's window of keys and values is gathered, so time and memory grow with n times the window's width. A
    mask over all pairs would hide them, and save nothing.

    **Shapes**
        queries, keys   (..., n, d_k)
        values          (..., n, d_v)
        radius          how far a query may look, at least 1
        causal          whether it may look back only
        output          (..., n, d_v)

    **Promises** the same as ``attention`` under ``window_mask(n, radius)``; with radius n - 1 it is full attention.
    Computed are 2 * radius + 1 keys a query (radius + 1 with causal); places beyond the ends too, and masked.

    **Raises** as ``attention``; ``ShapeError`` unless there are as many queries as keys, ``ValueError`` for a radius
    below 1.

    **Example**

    >>> import torch
    >>> x = torch.tensor([[0.0], [3.0], [9.0]])
    >>> local_attention(torch.zeros(3, 1), x, x, radius=1).T
    tensor([[1.5000, 4.0000, 6.0000]])
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    must_count(radius=radius)
    sizes = match(dot_product.SHAPES, dot_product.WHY, queries=queries, keys=keys, values=values)
    if sizes["num_queries"] != sizes["num_keys"]:
        raise ShapeError(
            f"num_keys is {sizes['num_keys']} but num_queries is {sizes['num_queries']}, expected the same.\n"
            "A window lies around the query's own place among the keys."
        )
    before, after = radius, 0 if causal else radius
    inside = _windows(queries.new_ones(sizes["num_keys"], 1), before, after).mT > 0  # (n, 1, width)
    # one query a window
    windows = [_windows(x, before, after) for x in (keys, values)]
    return dot_product.attention(queries.unsqueeze(-2), *windows, inside, scale=scale).squeeze(-2)


def _windows(x, before, after):
    # (..., n, d) -> (..., n, width, d), zeros beyond the ends
    return F.pad(x, (0, 0, before, after)).unfold(-2, before + after + 1, 1).mT
