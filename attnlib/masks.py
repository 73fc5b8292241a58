"""Chapters 2 and 8: boolean masks, True where a query may look at a key.

All of them broadcast to the scores (batch, num_heads, num_queries, num_keys).
"""

import torch

from attnlib.shapes import ShapeError, must_count


def causal_mask(num_queries, num_keys=None):
    """Let every query look at its own position and at those before it.

    mask[i, j] = (j <= i + num_keys - num_queries): with more keys than queries, the queries are the last ones.

    **Shapes** -> (num_queries, num_keys), num_keys = num_queries unless given

    **Raises** ``ShapeError`` when there are fewer keys than queries, ``ValueError`` for a count below 1.

    **Example**

    >>> causal_mask(2, 3).int()
    tensor([[1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    num_keys = num_queries if num_keys is None else num_keys
    must_count(num_queries=num_queries, num_keys=num_keys)
    if num_keys < num_queries:
        raise ShapeError(
            f"num_keys is {num_keys} but num_queries is {num_queries}, expected num_keys >= num_queries.\n"
            "The queries are the last positions of the keys, so there cannot be more of them."
        )
    return torch.ones(num_queries, num_keys, dtype=torch.bool).tril(num_keys - num_queries)


def padding_mask(lengths, num_keys):
    """Hide the padding behind the end of every sentence in a batch.

    mask[b, 0, 0, j] = (j < lengths[b]).

    **Shapes** lengths (batch,) integers from 0 to num_keys -> (batch, 1, 1, num_keys)

    **Raises** ``ShapeError`` unless lengths has one axis, ``TypeError`` unless it holds integers,
    ``ValueError`` when a length is negative or above num_keys.

    **Example**

    >>> padding_mask(torch.tensor([1, 3]), 3)[:, 0, 0].int()
    tensor([[1, 0, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    must_count(num_keys=num_keys)
    lengths = torch.as_tensor(lengths)
    if lengths.dim() != 1 or len(lengths) == 0:
        raise ShapeError(f"lengths has shape {tuple(lengths.shape)}, expected (batch,): one a sentence.")
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise TypeError(f"lengths has dtype {lengths.dtype} and shape {tuple(lengths.shape)}, expected integers.")
    if lengths.min() < 0 or lengths.max() > num_keys:
        worst = int(lengths.min() if lengths.min() < 0 else lengths.max())
        raise ValueError(f"lengths contains {worst}, expected numbers from 0 to num_keys = {num_keys}.")
    positions = torch.arange(num_keys, device=lengths.device)
    return (positions < lengths[:, None])[:, None, None, :]


def window_mask(num_queries, radius):
    """Let every query look at the positions at most ``radius`` away.

    mask[i, j] = (abs(i - j) <= radius).

    **Shapes** -> (num_queries, num_queries)

    **Raises** ``ValueError`` for a count below 1 or a negative radius.

    **Example**

    >>> window_mask(3, 1).int()
    tensor([[1, 1, 0],
            [1, 1, 1],
            [0, 1, 1]], dtype=torch.int32)
    """
    must_count(num_queries=num_queries)
    if isinstance(radius, bool) or not isinstance(radius, int) or radius < 0:
        raise ValueError(f"radius is {radius!r}, expected an integer of at least 0.")
    positions = torch.arange(num_queries)
    return (positions[:, None] - positions).abs() <= radius


def graph_mask(edges, num_nodes, *, self_loops=True, directed=False):
    """Let every node look along the edges of a graph.

    mask[j, i] is True for an edge (i, j): a message goes from i to j, so j looks at i.

    **Shapes** edges: pairs of node numbers, any iterable or (num_edges, 2) -> (num_nodes, num_nodes)

    **Raises** ``ShapeError`` unless every edge is a pair, ``ValueError`` for a node that does not exist.

    **Example**

    >>> graph_mask([(0, 2)], 3, self_loops=False).int()
    tensor([[0, 0, 1],
            [0, 0, 0],
            [1, 0, 0]], dtype=torch.int32)
    """
    must_count(num_nodes=num_nodes)
    mask = torch.eye(num_nodes, dtype=torch.bool) if self_loops else torch.zeros(num_nodes, num_nodes).bool()
    for edge in edges.tolist() if hasattr(edges, "tolist") else edges:
        if not hasattr(edge, "__len__") or len(edge) != 2:
            raise ShapeError(f"edges contains {edge!r}, expected pairs (from, to).")
        source, target = edge
        if source not in range(num_nodes) or target not in range(num_nodes):
            raise ValueError(f"edges contains {tuple(edge)}, expected nodes from 0 to {num_nodes - 1}.")
        mask[target, source] = True
        if not directed:
            mask[source, target] = True
    return mask
