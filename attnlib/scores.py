"""Chapter 3: five ways to score how relevant a key is to a query.

The dot products and the Gaussian kernel are functions; what has weights to learn is a module. A softmax over
the keys turns any of these scores into attention weights. No mask here: it is applied to the scores.
"""

import math

import torch
from torch import nn

from attnlib.shapes import match, must_be_floating, must_count

SHAPES = {
    "queries": "(..., num_queries, d_k)",
    "keys": "(..., num_keys, d_k)",
    "scores": "(..., num_queries, num_keys)",
}
WHY = {"d_k": "This score compares a query with a key number by number, so both need the same d_k."}

# with a matrix between them, queries and keys may have widths of their own
LEARNED_SHAPES = SHAPES | {
    "queries": "(..., num_queries, d_q)",
    "W": "(d_q, d_k)",
    "W_q": "(d_q, d_hidden)",
    "W_k": "(d_k, d_hidden)",
    "v": "(d_hidden,)",
}
LEARNED_WHY = {
    "d_q": "The module was made for queries with d_q numbers each.",
    "d_k": "The module was made for keys with d_k numbers each.",
    "d_hidden": "v weighs the d_hidden numbers of both projections added up, so all three need the same d_hidden.",
}


def dot_score(queries, keys):
    """Score every query against every key by their dot product.

    scores[i, j] = queries[i] . keys[j] (Luong et al. 2015, "dot").

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., num_keys, d_k)
        scores      (..., num_queries, num_keys)

    **Promises** bilinear: twice the query gives twice the score.

    **Raises** ``ShapeError`` when sizes disagree or a tensor is empty, ``TypeError`` for tensors that are not of
    one floating-point dtype.

    **Example**

    >>> dot_score(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    tensor([[3., 8.]])
    """
    _check(queries, keys)
    return queries @ keys.transpose(-2, -1)


def scaled_dot_score(queries, keys):
    """Score every query against every key by their dot product, divided by the root of their length.

    scores[i, j] = queries[i] . keys[j] / sqrt(d_k) (Vaswani et al. 2017, section 3.2.1).

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., num_keys, d_k)
        scores      (..., num_queries, num_keys)

    **Promises** queries and keys of independent numbers with mean 0 and variance 1 get scores of variance 1,
    whatever d_k.

    **Raises** as ``dot_score``.

    **Example**

    >>> scaled_dot_score(torch.tensor([[3.0, 4.0, 0.0, 0.0]]), torch.tensor([[1.0, 0.0, 7.0, 7.0]]))
    tensor([[1.5000]])
    """
    return dot_score(queries, keys) / math.sqrt(queries.shape[-1])


def gaussian_score(queries, keys, *, width=1.0):
    """Score every query against every key by how near they are: the logarithm of the Gaussian kernel.

    scores[i, j] = -|queries[i] - keys[j]|^2 / (2 width^2), so that their softmax is the weighting of kernel
    regression (Nadaraya 1964; Watson 1964).

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., num_keys, d_k)
        width       a positive number, or a tensor of shape () that is learned
        scores      (..., num_queries, num_keys)

    **Promises** scores are at most 0, and 0 where query and key are equal; moving all queries and keys by the
    same vector changes nothing.

    **Raises** as ``dot_score``; ``ValueError`` for a width that is not positive.

    **Example**

    >>> gaussian_score(torch.tensor([[0.0]]), torch.tensor([[1.0], [3.0]]), width=2.0)
    tensor([[-0.1250, -1.1250]])
    """
    _check(queries, keys)
    if not width > 0:
        raise ValueError(f"width is {float(width)}, expected a number above 0: it divides the distance.")
    # every difference, not |q|^2 - 2 q.k + |k|^2: that one cancels where query and key are near
    differences = queries[..., :, None, :] - keys[..., None, :, :]
    return -differences.square().sum(dim=-1) / (2 * width**2)


class BilinearScore(nn.Module):
    """Score every query against every key with a learned matrix between them.

    scores[i, j] = queries[i] W keys[j] (Luong et al. 2015, "general").

    **Shapes**
        queries     (..., num_queries, d_q)
        keys        (..., num_keys, d_k)
        W           (d_q, d_k)
        scores      (..., num_queries, num_keys)

    **Promises** d_q * d_k parameters; at the start, queries and keys of independent numbers with mean 0 and
    variance 1 get scores of variance about 1.

    **Raises** ``ShapeError`` when a last axis is not d_q or d_k; ``ValueError`` for a size below 1.

    **Example**

    >>> BilinearScore(2, 3)(torch.zeros(5, 2), torch.zeros(7, 3)).shape
    torch.Size([5, 7])
    """

    def __init__(self, d_q, d_k):
        super().__init__()
        must_count(d_q=d_q, d_k=d_k)
        self.W = nn.Parameter(torch.randn(d_q, d_k) / math.sqrt(d_q * d_k))

    def forward(self, queries, keys):
        _check_learned(queries, keys, W=self.W)
        return queries @ self.W @ keys.transpose(-2, -1)


class AdditiveScore(nn.Module):
    """Score every query against every key with a small network that sees both.

    scores[i, j] = v . tanh(queries[i] W_q + keys[j] W_k) (Bahdanau et al. 2015, appendix A.1.2).

    **Shapes**
        queries     (..., num_queries, d_q)
        keys        (..., num_keys, d_k)
        W_q         (d_q, d_hidden)
        W_k         (d_k, d_hidden)
        v           (d_hidden,)
        scores      (..., num_queries, num_keys)

    **Promises** d_hidden * (d_q + d_k + 1) parameters; no score is larger than the sum of abs(v). The network is
    run for every pair: num_queries * num_keys * d_hidden numbers in memory.

    **Raises** ``ShapeError`` when a last axis is not d_q or d_k; ``ValueError`` for a size below 1.

    **Example**

    >>> AdditiveScore(2, 3, 11)(torch.zeros(5, 2), torch.zeros(7, 3)).shape
    torch.Size([5, 7])
    """

    def __init__(self, d_q, d_k, d_hidden):
        super().__init__()
        must_count(d_q=d_q, d_k=d_k, d_hidden=d_hidden)
        self.W_q = nn.Parameter(torch.randn(d_q, d_hidden) / math.sqrt(d_q))
        self.W_k = nn.Parameter(torch.randn(d_k, d_hidden) / math.sqrt(d_k))
        self.v = nn.Parameter(torch.randn(d_hidden) / math.sqrt(d_hidden))

    def forward(self, queries, keys):
        _check_learned(queries, keys, W_q=self.W_q, W_k=self.W_k, v=self.v)
        hidden = (queries @ self.W_q)[..., :, None, :] + (keys @ self.W_k)[..., None, :, :]
        return torch.einsum("...h,h->...", hidden.tanh(), self.v)


def _check(queries, keys):
    must_be_floating(queries=queries, keys=keys)
    match(SHAPES, WHY, queries=queries, keys=keys)


def _check_learned(queries, keys, **weights):
    must_be_floating(**weights, queries=queries, keys=keys)
    # the weights first, and without leading axes: a size that differs is then the argument's
    match(LEARNED_SHAPES, LEARNED_WHY, **weights, queries=queries, keys=keys)
