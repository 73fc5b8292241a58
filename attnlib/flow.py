"""Chapter 10: how much of each input word is in the result of several layers."""

import torch

from attnlib.shapes import match, must_be_floating

SHAPES = {"maps": "(..., num_layers, num_heads, n, n)"}


def rollout(maps):
    """Follow attention through all layers.

    product of (A + I) / 2, the last layer's on the left, with A the mean over the heads; the half for I stands for
    the residual connection (Abnar and Zuidema 2020, section 3).

    **Shapes** maps (..., num_layers, num_heads, n, n), the first layer first -> (..., n, n)

    **Promises** entry (i, j) is how much of input word j is in output word i; rows sum to 1 when those of the maps do.

    **Raises** ``ShapeError`` for maps that are not square, ``TypeError`` for maps that are no floating-point tensor.

    **Example**

    >>> rollout(torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]]))
    tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]])
    """
    must_be_floating(maps=maps)
    match(SHAPES, maps=maps)
    identity = torch.eye(maps.shape[-1], dtype=maps.dtype, device=maps.device)
    result = identity
    for layer in maps.mean(dim=-3).unbind(dim=-3):
        result = (layer + identity) / 2 @ result
    return result
