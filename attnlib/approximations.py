"""Chapter 9: attention that leaves something out, so that its cost grows more slowly than n squared.

A pattern leaves out pairs of words (``strided_attention``, and ``local_attention`` of chapter 7); a low rank leaves
out detail among the keys (``LinformerAttention``); a kernel leaves out the softmax (``linear_attention`` of chapter 8).
``CustomAttention`` puts each of them into the heads of one layer.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from attnlib import dot_product
from attnlib.efficient import merge_partial, partial_attention
from attnlib.multihead import MultiHeadAttention, merge_heads, split_heads
from attnlib.shapes import ShapeError, match, must_be_floating, must_count

SHAPES = {"layer": "(d_model,)", "x": "(batch, n, d_model)"}
WHY = {"d_model": "The layer reads and writes vectors of d_model numbers."}


def strided_mask(n, stride):
    """Let every word look at its own block of ``stride`` words, and at its own place in all other blocks.

    mask[i, j] = (i // stride == j // stride) or (i % stride == j % stride).

    **Shapes** -> (n, n)

    **Promises** symmetric; any two words are linked in two steps: through the word in the one's block that has the
    other's place.

    **Raises** ``ValueError`` for a count below 1.

    **Example**

    >>> strided_mask(4, 2).int()
    tensor([[1, 1, 1, 0],
            [1, 1, 0, 1],
            [1, 0, 1, 1],
            [0, 1, 1, 1]], dtype=torch.int32)
    """
    must_count(n=n, stride=stride)
    places = torch.arange(n)
    block, place = places // stride, places % stride
    return (block[:, None] == block) | (place[:, None] == place)


def strided_attention(queries, keys, values, stride, *, scale=None):
    """Attend within blocks and across them, without computing any other pair.

    A sparse pattern after Child et al. 2019 (section 4.2, strided attention). Theirs looks back only, and near means
    the last ``stride`` words; here a word looks in both directions, and near means its own block.

    **Shapes**
        queries, keys   (..., n, d_k)
        values          (..., n, d_v)
        stride          words in a block; about sqrt(n) computes least
        output          (..., n, d_v)

    **Promises** the same as ``attention`` under ``strided_mask(n, stride)``; with stride 1 or n it is full attention.
    Computed are stride + n / stride keys a query (n rounded up to full blocks), so with stride = sqrt(n) the cost
    grows with n * sqrt(n). A word meets itself in both parts; the second time it is masked.

    **Raises** as ``attention``; ``ShapeError`` unless there are as many queries as keys, ``ValueError`` for a stride
    below 1.

    **Example**

    >>> x = torch.tensor([[0.0], [3.0], [9.0], [1.0]])
    >>> strided_attention(torch.zeros(4, 1), x, x, stride=2).T
    tensor([[4.0000, 1.3333, 3.3333, 4.3333]])
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    must_count(stride=stride)
    sizes = match(dot_product.SHAPES, dot_product.WHY, queries=queries, keys=keys, values=values)
    n = sizes["num_queries"]
    if sizes["num_keys"] != n:
        raise ShapeError(
            f"num_keys is {sizes['num_keys']} but num_queries is {n}, expected the same.\n"
            "The pattern says for each place at which other places it looks."
        )
    grids = [_blocks(x.expand(*sizes["..."], *x.shape[-2:]), stride) for x in (queries, keys, values)]
    real = _blocks(torch.ones(n, 1, dtype=torch.bool, device=keys.device), stride)[..., 0]  # (num_blocks, stride)
    near = partial_attention(*grids, real[:, None], scale=scale)
    others = ~torch.eye(len(real), dtype=torch.bool, device=keys.device) & real.mT[:, None]
    far = partial_attention(*(grid.transpose(-3, -2) for grid in grids), others, scale=scale)
    both = merge_partial(near, type(far)(*(part.transpose(-3, -2) for part in far)))
    return both.output().flatten(-3, -2)[..., :n, :]


def segment_means(n, rank):
    """Make the matrix that replaces n rows by ``rank`` means, each over neighbours.

    **Shapes** -> (rank, n)

    **Promises** rows sum to 1; segments differ in length by 1 at most; with rank n it is the identity.

    **Raises** ``ValueError`` for a count below 1 and for a rank above n.

    **Example**

    >>> segment_means(5, 2)
    tensor([[0.3333, 0.3333, 0.3333, 0.0000, 0.0000],
            [0.0000, 0.0000, 0.0000, 0.5000, 0.5000]])
    """
    must_count(n=n, rank=rank)
    if rank > n:
        raise ValueError(f"rank is {rank}, expected at most n = {n}: there are not more rows than words.")
    owner = torch.arange(n) * rank // n
    segments = (owner == torch.arange(rank)[:, None]).float()
    return segments / segments.sum(dim=-1, keepdim=True)


def low_rank_attention(queries, keys, values, rank):
    """Let every query look at ``rank`` means of neighbouring keys, as an untrained ``LinformerAttention`` does.

    attention(queries, E keys, E values) with E = segment_means(n, rank) (after Wang et al. 2020, section 4).

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., n, d_k)
        values      (..., n, d_v)
        rank        means; at most n
        output      (..., num_queries, d_v)

    **Promises** with rank n it is full attention; rank scores a query are computed.

    **Raises** as ``attention`` and ``segment_means``.

    **Example**

    >>> x = torch.tensor([[1.0], [3.0], [8.0], [8.0]])
    >>> low_rank_attention(torch.zeros(1, 1), x, x, rank=2)
    tensor([[5.]])
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    match(dot_product.SHAPES, dot_product.WHY, queries=queries, keys=keys, values=values)
    means = segment_means(keys.shape[-2], rank).to(keys)
    return dot_product.attention(queries, means @ keys, means @ values)


class CustomAttention(MultiHeadAttention):
    """Multi-head self-attention whose heads gather in a way of your choice.

    output = [head_1, ..., head_h] W_o with head_i = attend(x W_q[i], x W_k[i], x W_v[i]).

    **Shapes**
        attend      a function of the split queries, keys, values, each (batch, num_heads, n, d_k), that returns
                    (batch, num_heads, n, d_k); for example ``partial(local_attention, radius=3)``
        x, output   (batch, n, d_model)

    **Promises** with ``attend=attention`` the same as ``MultiHeadAttention``, whose weights it has.

    **Raises** as ``MultiHeadAttention`` and ``attend``.

    **Example**

    >>> CustomAttention(6, 2, dot_product.attention)(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(self, d_model, num_heads, attend):
        super().__init__(d_model, num_heads)
        self.attend = attend

    def forward(self, x):
        """Compute the output.

        **Shapes** x (batch, n, d_model) -> (batch, n, d_model)
        """
        must_be_floating(layer=self.W_q.weight, x=x)
        match(SHAPES, WHY, layer=self.W_q.weight[0], x=x)
        parts = [split_heads(W(x), self.num_heads) for W in (self.W_q, self.W_k, self.W_v)]
        return self.W_o(merge_heads(self.attend(*parts)))


class LinformerAttention(CustomAttention):
    """Let every word look at ``rank`` mixtures of the words instead of at n words.

    head_i = attention(x W_q[i], E (x W_k[i]), F (x W_v[i])) (Wang et al. 2020, section 4), with trained E and F, shared
    by the heads. They start as ``segment_means``.

    **Shapes**
        n           words in a sentence: E and F have a column for each
        rank        mixtures; E and F are (rank, n)
        x, output   (batch, n, d_model)

    **Promises** the products of scores and weighted sum cost n * rank where ``attention`` costs n * n; with rank n it
    starts as ``MultiHeadAttention`` with the same weights.

    **Raises** as ``MultiHeadAttention``; ``ValueError`` for a rank above n, ``ShapeError`` for a sentence of another
    length. There is no mask: a mixture holds a part of every word.

    **Example**

    >>> LinformerAttention(6, num_heads=2, n=7, rank=3)(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(self, d_model, num_heads, n, rank):
        super().__init__(d_model, num_heads, self._on_mixtures)
        self.E, self.F = (nn.Parameter(segment_means(n, rank)) for _ in range(2))

    def _on_mixtures(self, queries, keys, values):
        n = self.E.shape[1]
        if keys.shape[-2] != n:
            raise ShapeError(
                f"n is {keys.shape[-2]} in x but {n} in the layer.\n"
                "E and F have a column for each place, so every sentence must have the length they were made for."
            )
        return dot_product.attention(queries, self.E @ keys, self.F @ values)


def _blocks(x, stride):
    # (..., n, d) -> (..., num_blocks, stride, d), zeros (False) behind the end
    n = x.shape[-2]
    return F.pad(x, (0, 0, 0, math.ceil(n / stride) * stride - n)).unflatten(-2, (-1, stride))
