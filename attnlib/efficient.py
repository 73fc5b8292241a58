"""Chapter 9: attention in memory that grows with n, not with n squared.

A query need not see all keys at once. What it gathers from some of them is kept as a ``Partial``; two of these
merge into one, in any order, so the keys can come chunk by chunk, step by step, or from other processes.
"""

import math
from itertools import product
from typing import NamedTuple

import torch
from torch.autograd.function import once_differentiable

from attnlib import dot_product
from attnlib.shapes import ShapeError, match, must_be_floating, must_count

PARTIAL_SHAPES = {
    "maximum": "(..., num_queries, 1)",
    "total": "(..., num_queries, 1)",
    "weighted": "(..., num_queries, d_v)",
}


class Partial(NamedTuple):
    """What queries have gathered from some of the keys.

    **Shapes**
        maximum     (..., num_queries, 1), the largest score so far
        total       (..., num_queries, 1), the sum of exp(score - maximum)
        weighted    (..., num_queries, d_v), the sum of exp(score - maximum) times value
    """

    maximum: torch.Tensor
    total: torch.Tensor
    weighted: torch.Tensor

    def output(self):
        """Return the attention over the keys that were seen, (..., num_queries, d_v); zeros where there were none."""
        return self.weighted / self.total.masked_fill(self.total == 0, 1.0)


def partial_attention(queries, keys, values, mask=None, *, bias=None, scale=None):
    """Gather from these keys what ``merge_partial`` can later join with what came from others.

    maximum = max of the scores, total = sum of exp(score - maximum) (Milakov and Gimelshein 2018: online softmax).

    **Shapes** as ``attention`` -> ``Partial``

    **Promises** ``partial_attention(...).output()`` is ``attention(...)``; no argument is changed.

    **Raises** as ``attention``.

    **Example**

    >>> one = partial_attention(torch.zeros(1, 2), torch.zeros(3, 2), torch.tensor([[1.0], [2.0], [6.0]]))
    >>> one.total, one.output()
    (tensor([[3.]]), tensor([[3.]]))
    """
    sizes = _check(queries, keys, values, mask, bias)
    return _partial(queries * (sizes["d_k"] ** -0.5 if scale is None else scale), keys, values, mask, bias)


def merge_partial(one, other):
    """Join what the same queries gathered from two sets of keys.

    Both sums are brought to the larger maximum, then added (Milakov and Gimelshein 2018, algorithm 3, for softmax;
    Rabe and Staats 2021, for attention).

    **Shapes** two ``Partial`` of the same queries -> ``Partial``

    **Promises** associative and commutative up to rounding; something that saw no key changes nothing.

    **Raises** ``ShapeError`` when the two are not of the same queries or of values of different length.

    **Example**

    >>> query, keys, values = torch.ones(1, 2), torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.eye(2)
    >>> halves = [partial_attention(query, keys[i : i + 1], values[i : i + 1]) for i in (0, 1)]
    >>> torch.allclose(merge_partial(*halves).output(), dot_product.attention(query, keys, values))
    True
    """
    for name, pattern in PARTIAL_SHAPES.items():
        first, second = getattr(one, name), getattr(other, name)
        match({"one": pattern, "other": pattern}, one=first, other=second)
        if first.shape != second.shape:
            raise ShapeError(
                f"{name} is {tuple(first.shape)} in one but {tuple(second.shape)} in other, expected the same.\n"
                "Only what the same queries gathered can be merged."
            )
    return _merge(one, other)


def chunked_attention(queries, keys, values, mask=None, *, bias=None, scale=None, causal=False, chunk_size=256):
    """Compute attention tile by tile, so that no matrix of all the scores is ever held.

    The result is that of ``attention`` (Rabe and Staats 2021; Dao et al. 2022, algorithm 1). The backward pass
    computes the tiles again.

    **Shapes**
        as ``attention``; further
        causal      True = a query may look at its own place and at those before; the queries are the last places
        chunk_size  queries and keys in a tile

    **Promises** values and gradients of ``attention``, whatever chunk_size; beyond inputs and outputs the memory
    held grows in proportion to num_queries + num_keys; no argument is changed.

    **Raises** as ``attention``; ``ShapeError`` for causal with more queries than keys.

    **Example**

    >>> x = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    >>> torch.allclose(chunked_attention(x, x, x, chunk_size=2), dot_product.attention(x, x, x), atol=1e-6)
    True
    """
    sizes = _check(queries, keys, values, mask, bias)
    must_count(chunk_size=chunk_size)
    ahead = sizes["num_keys"] - sizes["num_queries"]
    if causal and ahead < 0:
        raise ShapeError(
            f"num_keys is {sizes['num_keys']} but num_queries is {sizes['num_queries']}, expected num_keys >= "
            "num_queries when causal.\nThe queries are the last places of the keys, so there cannot be more of them."
        )
    inputs = [x.expand(*sizes["..."], *x.shape[-2:]) for x in (queries, keys, values)]
    axes = len(sizes["..."]) + 2
    mask, bias = (x if x is None else x[(None,) * (axes - x.dim())] for x in (mask, bias))
    inputs[0] = inputs[0] * (sizes["d_k"] ** -0.5 if scale is None else scale)  # once, not again in every tile
    return _Chunked.apply(*inputs, mask, bias, ahead if causal else None, chunk_size)


class _Chunked(torch.autograd.Function):
    """The tiles of ``chunked_attention``, for queries that carry the scale.

    ``ahead`` is how many keys stand before the first query, None: not causal.
    """

    @staticmethod
    def forward(ctx, queries, keys, values, mask, bias, ahead, chunk_size):
        output = queries.new_empty(*queries.shape[:-1], values.shape[-1])
        log_total = queries.new_empty(*queries.shape[:-1], 1)
        for rows in _chunks(queries.shape[-2], chunk_size):
            gathered = None
            for columns in _chunks(keys.shape[-2], chunk_size):
                if ahead is not None and columns.start > rows.stop - 1 + ahead:
                    break  # this tile and all to the right of it lie in the future
                seen = _hide_future(_part(mask, rows, columns), rows, columns, ahead, queries.device)
                query, key, value = queries[..., rows, :], keys[..., columns, :], values[..., columns, :]
                new = _partial(query, key, value, seen, _part(bias, rows, columns))
                gathered = new if gathered is None else _merge(gathered, new)
            output[..., rows, :] = gathered.output()
            # 0 where nothing was seen: exp(-inf - 0) is 0 there, exp(-inf + inf) would be NaN
            log_total[..., rows, :] = (gathered.maximum + gathered.total.log()).masked_fill(gathered.total == 0, 0.0)
        ctx.save_for_backward(queries, keys, values, mask, bias, output, log_total)
        ctx.settings = ahead, chunk_size
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, d_output):
        queries, keys, values, mask, bias, output, log_total = ctx.saved_tensors
        ahead, chunk_size = ctx.settings
        d_queries, d_keys, d_values = (torch.zeros_like(x) for x in (queries, keys, values))
        d_bias = torch.zeros_like(bias) if bias is not None and ctx.needs_input_grad[4] else None
        common = (d_output * output).sum(dim=-1, keepdim=True)
        tiles = product(_chunks(queries.shape[-2], chunk_size), _chunks(keys.shape[-2], chunk_size))
        for rows, columns in tiles:
            if ahead is not None and columns.start > rows.stop - 1 + ahead:
                continue
            query, key, value = queries[..., rows, :], keys[..., columns, :], values[..., columns, :]
            seen = _hide_future(_part(mask, rows, columns), rows, columns, ahead, queries.device)
            scores = _scores(query, key, seen, _part(bias, rows, columns))
            weights = scores.sub_(log_total[..., rows, :]).exp_()
            d_values[..., columns, :] += weights.transpose(-2, -1) @ d_output[..., rows, :]
            # the softmax's rule: weight * (its gradient - the row's weighted mean of gradients)
            d_scores = (d_output[..., rows, :] @ value.transpose(-2, -1)).sub_(common[..., rows, :]).mul_(weights)
            d_queries[..., rows, :] += d_scores @ key
            d_keys[..., columns, :] += d_scores.transpose(-2, -1) @ query
            if d_bias is not None:
                part = _part(d_bias, rows, columns)
                part += d_scores.sum_to_size(part.shape)
        return d_queries, d_keys, d_values, None, d_bias, None, None


def _check(queries, keys, values, mask, bias):
    must_be_floating(queries=queries, keys=keys, values=values)
    sizes = match(dot_product.SHAPES, dot_product.WHY, queries=queries, keys=keys, values=values)
    scores_shape = (*sizes["..."], sizes["num_queries"], sizes["num_keys"])
    dot_product.check_mask_and_bias(mask, bias, queries, scores_shape)
    return sizes


def _scores(queries, keys, mask, bias):
    scores = queries @ keys.transpose(-2, -1)
    scores = scores if bias is None else scores.add_(bias)
    return scores if mask is None else scores.masked_fill_(~mask, -math.inf)


def _partial(queries, keys, values, mask, bias):
    scores = _scores(queries, keys, mask, bias)
    # never -inf: where all is hidden, exp(-inf - lowest) is 0, and exp(-inf + inf) would be NaN
    maximum = scores.amax(dim=-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).min)
    # in place where no gradient asks for the scores again: one tile less to write and to read
    weights = (scores - maximum).exp() if torch.is_grad_enabled() else scores.sub_(maximum).exp_()
    return Partial(maximum, weights.sum(dim=-1, keepdim=True), weights @ values)


def _merge(one, other):
    maximum = torch.maximum(one.maximum, other.maximum)
    first, second = (one.maximum - maximum).exp(), (other.maximum - maximum).exp()
    total = first * one.total + second * other.total
    return Partial(maximum, total, first * one.weighted + second * other.weighted)


def _chunks(length, chunk_size):
    return [slice(start, min(start + chunk_size, length)) for start in range(0, length, chunk_size)]


def _part(x, rows, columns):
    """The part of a mask or bias that belongs to a tile; an axis of size 1 serves all tiles."""
    if x is None:
        return None
    return x[..., rows if x.shape[-2] > 1 else slice(None), columns if x.shape[-1] > 1 else slice(None)]


def _hide_future(mask, rows, columns, ahead, device):
    if ahead is None or columns.stop - 1 <= rows.start + ahead:
        return mask
    places = torch.arange(rows.start, rows.stop, device=device)[:, None] + ahead
    past = torch.arange(columns.start, columns.stop, device=device) <= places
    return past if mask is None else mask & past
