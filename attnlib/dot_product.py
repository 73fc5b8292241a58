"""Chapters 1 and 2: scaled dot-product attention.

Two functions: the output, as fast as torch can, and the weights, written out so that they can be read.
A mask is boolean and True where a query may look.
"""

import math

import torch
import torch.nn.functional as F

from attnlib.shapes import match, must_be_floating, must_fit

SHAPES = {
    "queries": "(..., num_queries, d_k)",
    "keys": "(..., num_keys, d_k)",
    "values": "(..., num_keys, d_v)",
    "output": "(..., num_queries, d_v)",
    "weights": "(..., num_queries, num_keys)",
}
WHY = {
    "d_k": "A score is the dot product of a query and a key, so both need the same d_k.",
    "num_keys": "Every key belongs to one value, so there must be as many values as keys.",
}


def attention(queries, keys, values, mask=None, *, bias=None, scale=None):
    """Gather for every query the weighted mean of the values.

    output = softmax(scale * queries keys^T + bias) values (Vaswani et al. 2017, eq. 1).

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., num_keys, d_k)
        values      (..., num_keys, d_v)
        mask        boolean, True = may look; broadcasts to (..., num_queries, num_keys)
        bias        added to the scaled scores; broadcasts to (..., num_queries, num_keys)
        scale       a number, 1 / sqrt(d_k) unless given
        output      (..., num_queries, d_v)

    **Promises** each output row lies between the values that its query may look at; a query that may look
    nowhere gets zeros and finite gradients; no argument is changed.

    **Raises** ``ShapeError`` when sizes disagree or a tensor is empty, ``TypeError`` for a mask that is not
    boolean and for tensors that are not of one floating-point dtype.

    **Example**

    >>> key = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> attention(torch.tensor([[3.0, 5.0]]), key, torch.tensor([[2.0], [4.0]]))
    tensor([[3.]])
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    sizes = match(SHAPES, WHY, queries=queries, keys=keys, values=values)
    scores_shape = (*sizes["..."], sizes["num_queries"], sizes["num_keys"])
    check_mask_and_bias(mask, bias, queries, scores_shape)
    if bias is not None:
        mask = bias if mask is None else bias.masked_fill(~mask, -math.inf)
    four = [_four_axes(x.expand(*sizes["..."], *x.shape[-2:])) for x in (queries, keys, values)]
    if mask is not None:
        mask = _four_axes(mask.expand(scores_shape))
    output = F.scaled_dot_product_attention(*four, attn_mask=mask, scale=scale)
    return output.reshape(*sizes["..."], sizes["num_queries"], sizes["d_v"])


def attention_weights(queries, keys, mask=None, *, bias=None, scale=None):
    """Compute how much every query looks at every key.

    weights = softmax over the keys of (scale * queries keys^T + bias) (Vaswani et al. 2017, eq. 1).

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., num_keys, d_k)
        mask        boolean, True = may look; broadcasts to (..., num_queries, num_keys)
        bias        added to the scaled scores; broadcasts to (..., num_queries, num_keys)
        scale       a number, 1 / sqrt(d_k) unless given
        weights     (..., num_queries, num_keys)

    **Promises** weights are never negative; each row sums to 1, or is 0 where a query may look nowhere; a
    masked key has weight exactly 0; no argument is changed.

    **Raises** as ``attention``.

    **Example**

    >>> attention_weights(torch.zeros(1, 3), torch.zeros(4, 3))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    must_be_floating(queries=queries, keys=keys)
    sizes = match(SHAPES, WHY, queries=queries, keys=keys)
    check_mask_and_bias(mask, bias, queries, (*sizes["..."], sizes["num_queries"], sizes["num_keys"]))
    scale = sizes["d_k"] ** -0.5 if scale is None else scale
    scores = scale * queries @ keys.transpose(-2, -1)
    scores = scores if bias is None else scores + bias
    scores = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    nowhere = (scores == -math.inf).all(dim=-1, keepdim=True)
    return scores.masked_fill(nowhere, 0.0).softmax(dim=-1).masked_fill(nowhere, 0.0)


def check_mask_and_bias(mask, bias, queries, scores_shape):
    """Check that a mask and a bias, where they are given, belong to these scores.

    **Shapes** mask (boolean) and bias broadcast to scores_shape, (..., num_queries, num_keys)

    **Raises** ``TypeError`` for a mask that is not boolean and a bias that is not of the queries' dtype,
    ``ShapeError`` for one that does not fit.
    """
    if mask is not None:
        if not isinstance(mask, torch.Tensor) or mask.dtype != torch.bool:
            given = f"has dtype {mask.dtype}" if isinstance(mask, torch.Tensor) else f"is of type {type(mask).__name__}"
            shape = f" and has shape {tuple(mask.shape)}" if hasattr(mask, "shape") else ""
            raise TypeError(
                f"mask {given}{shape}, expected a torch.bool tensor that broadcasts to "
                f"{tuple(scores_shape)}, True where a query may look. Numbers added to the scores go to bias=."
            )
        must_fit("mask", mask, scores_shape)
    if bias is not None:
        must_be_floating(queries=queries, bias=bias)
        must_fit("bias", bias, scores_shape)


def _four_axes(tensor):
    # torch's fast kernels take (batch, heads, n, d) alone; with fewer axes it falls back to a slow path
    if tensor.dim() > 4:
        return tensor.flatten(0, -4)
    return tensor[(None,) * (4 - tensor.dim())]
