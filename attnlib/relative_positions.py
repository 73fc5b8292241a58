"""Chapter 6: tell every word how far away the others are, by a number that is added to the scores.

All three give a ``bias`` for ``MultiHeadAttention``, queries by keys. With more keys than queries, the queries are
the last positions of the keys, as in ``causal_mask``.
"""

import math

import torch
from torch import nn

from attnlib.shapes import ShapeError, match, must_be_floating, must_count

SHAPES = {"table": "(2 * max_distance + 1, d_k)", "queries": "(..., num_queries, d_k)"}
WHY = {"d_k": "A query is compared with the row of its offset by a dot product, so both need the same d_k."}


def alibi_slopes(num_heads):
    """Give every head of ALiBi the slope by which it loses interest with distance.

    slopes[h - 1] = 2^(-8 h / num_heads) for h = 1, ..., num_heads, if num_heads is a power of two. Otherwise: the
    slopes for the largest power of two below it, then every other slope (the 1st, 3rd, ...) of those for twice
    that power (Press, Smith and Lewis 2022, section 3 and the paper's code).

    **Shapes** -> (num_heads,)

    **Promises** all slopes differ and lie between 0 and 1.

    **Raises** ``ValueError`` or ``TypeError`` for a num_heads that is no count.

    **Example**

    >>> alibi_slopes(4)
    tensor([0.2500, 0.0625, 0.0156, 0.0039])
    """
    must_count(num_heads=num_heads)
    below = 2 ** (num_heads.bit_length() - 1)  # the largest power of two that is not above num_heads
    slopes = [2 ** (-8 * h / below) for h in range(1, below + 1)]
    slopes += [2 ** (-8 * h / (2 * below)) for h in range(1, 2 * below + 1, 2)][: num_heads - below]
    return torch.tensor(slopes)


def alibi_bias(num_heads, num_queries, num_keys=None):
    """Take off from every score what its head charges for the distance: attention with linear biases.

    bias[h, i, j] = -slopes[h] * abs(p - j), p = i + num_keys - num_queries the place of the query (Press, Smith and
    Lewis 2022, section 3, there for the keys up to the query only).

    **Shapes** -> (num_heads, num_queries, num_keys), num_keys = num_queries unless given

    **Promises** nothing to train and no longest sentence. Both directions cost the same: without a causal mask ALiBi
    alone cannot tell left from right.

    **Raises** ``ShapeError`` when there are fewer keys than queries, ``ValueError`` for a count below 1.

    **Example**

    >>> alibi_bias(8, 2, 3)[0]
    tensor([[-0.5000, -0.0000, -0.5000],
            [-1.0000, -0.5000, -0.0000]])
    """
    return -alibi_slopes(num_heads)[:, None, None] * _offsets(num_queries, num_keys).abs()


class RelativePositionBias(nn.Module):
    """Add to every score a trained number that depends on the head and on how far the key is away.

    bias[h, i, j] = table[bucket(j - i), h] (Raffel et al. 2020, section 2.1, T5). Near offsets have a bucket each;
    further ones share buckets whose width grows like a logarithm; from max_distance on there is one.

    **Shapes**
        table       (num_buckets, num_heads), nearly 0 at the start
        queries     the number of queries, or the queries (..., num_queries, d_k), of which only the number counts
        num_keys    as many as queries unless given
        bias        (num_heads, num_queries, num_keys)

    **Promises** num_buckets * num_heads parameters, however long the sentence. ``bidirectional`` spends half of the
    buckets on keys behind the query; otherwise these all share the bucket of offset 0, for use with a causal mask.

    **Raises** ``ValueError`` for a num_buckets that leaves no bucket for each kind or a max_distance within the
    near offsets; ``ShapeError`` when there are fewer keys than queries.

    **Example**

    >>> RelativePositionBias(num_heads=2, num_buckets=8, max_distance=16).buckets(torch.tensor([-9, -1, 0, 1, 2, 9]))
    tensor([3, 1, 0, 5, 6, 7])
    """

    def __init__(self, num_heads, num_buckets=32, max_distance=128, bidirectional=True):
        super().__init__()
        must_count(num_heads=num_heads, num_buckets=num_buckets, max_distance=max_distance)
        parts = 4 if bidirectional else 2
        if num_buckets % parts:
            raise ValueError(f"num_buckets is {num_buckets}, expected a multiple of {parts}: near and far, each way.")
        self.num_near, self.max_distance, self.bidirectional = num_buckets // parts, max_distance, bidirectional
        if max_distance <= self.num_near:
            raise ValueError(f"max_distance is {max_distance}, expected more than the {self.num_near} near offsets.")
        self.table = nn.Parameter(0.02 * torch.randn(num_buckets, num_heads))

    def buckets(self, offsets):
        """Find the bucket of every offset, key place minus query place.

        **Shapes** offsets: whole numbers of any shape -> the same shape
        """
        distances = offsets.abs() if self.bidirectional else (-offsets).clamp(min=0)
        # with the roundings of T5's own code, so that the buckets are T5's
        growth = torch.log(distances.clamp(min=1).float() / self.num_near) / math.log(self.max_distance / self.num_near)
        far = (self.num_near + (growth * self.num_near).long()).clamp(max=2 * self.num_near - 1)
        found = torch.where(distances < self.num_near, distances, far)
        return found + 2 * self.num_near * (offsets > 0) if self.bidirectional else found

    def forward(self, queries, num_keys=None):
        """Compute the bias."""
        num_queries = queries.shape[-2] if isinstance(queries, torch.Tensor) else queries
        offsets = _offsets(num_queries, num_keys, self.table.device)
        return self.table[self.buckets(offsets)].movedim(-1, 0)


class ShawRelativePositions(nn.Module):
    """Add to every score how well the query fits the trained vector of the key's offset.

    bias[i, j] = queries[i] . table[clip(j - i)] / sqrt(d_k), clip to -max_distance .. max_distance (Shaw, Uszkoreit and
    Vaswani 2018, eq. 4; their vectors for the values, eq. 3, which changed little, are left out).

    **Shapes**
        table       (2 * max_distance + 1, d_k), the same for all heads, of order 1 at the start
        queries     (..., num_queries, d_k), split into heads
        num_keys    as many as queries unless given
        bias        (..., num_queries, num_keys)

    **Promises** the same scores as adding the vectors to the keys. All offsets beyond max_distance look alike.

    **Raises** ``ShapeError`` when sizes disagree or there are fewer keys than queries; ``ValueError`` for a size
    below 1.

    **Example**

    >>> shaw = ShawRelativePositions(d_k=3, max_distance=2)
    >>> shaw(torch.zeros(5, 2, 7, 3)).shape  # five sentences, two heads, seven words
    torch.Size([5, 2, 7, 7])
    """

    def __init__(self, d_k, max_distance):
        super().__init__()
        must_count(d_k=d_k, max_distance=max_distance)
        self.max_distance = max_distance
        self.table = nn.Parameter(torch.randn(2 * max_distance + 1, d_k))

    def forward(self, queries, num_keys=None):
        """Compute the bias."""
        must_be_floating(table=self.table, queries=queries)
        sizes = match(SHAPES, WHY, table=self.table, queries=queries)
        offsets = _offsets(sizes["num_queries"], num_keys, queries.device)
        rows = offsets.clamp(-self.max_distance, self.max_distance) + self.max_distance
        # one score a row of the table, then every key takes the one of its offset
        scores = queries @ self.table.T / math.sqrt(sizes["d_k"])
        return scores.gather(-1, rows.expand(*scores.shape[:-1], -1))


def _offsets(num_queries, num_keys, device=None):
    num_keys = num_queries if num_keys is None else num_keys
    must_count(num_queries=num_queries, num_keys=num_keys)
    if num_keys < num_queries:
        raise ShapeError(
            f"num_keys is {num_keys} but num_queries is {num_queries}, expected num_keys >= num_queries.\n"
            "The queries are the last positions of the keys, so there cannot be more of them."
        )
    keys = torch.arange(num_keys, device=device)
    return keys - keys[num_keys - num_queries :, None]
