"""Chapter 8: attention as a recurrent network, and attention as messages on a graph.

Linear attention drops the softmax, and then all that a query needs to know about the past fits into a state of
fixed size. A mask read as edges makes attention the exchange of messages between neighbours.
"""

import math

import torch
import torch.nn.functional as F

from attnlib.shapes import ShapeError, match, must_be_floating

SHAPES = {
    "queries": "(..., num_queries, d_k)",
    "keys": "(..., num_keys, d_k)",
    "values": "(..., num_keys, d_v)",
    "output": "(..., num_queries, d_v)",
}
# step i reads query i, key i and value i
STEP_SHAPES = {
    "queries": "(..., n, d_k)",
    "keys": "(..., n, d_k)",
    "values": "(..., n, d_v)",
    "output": "(..., n, d_v)",
}
NODE_SHAPES = {"queries": "(n, d_k)", "keys": "(n, d_k)", "values": "(n, d_v)", "output": "(n, d_v)"}
WHY = {
    "d_k": "A weight is made from the dot product of a query and a key, so both need the same d_k.",
    "num_keys": "Every key belongs to one value, so there must be as many values as keys.",
    "n": "Each step, or node, has one query, one key and one value.",
}


def linear_attention(queries, keys, values, *, causal=False):
    """Gather for every query the weighted mean of the values, with weights that need no softmax.

    output[i] = sum over j of phi(q_i) . phi(k_j) v_j / sum over j of phi(q_i) . phi(k_j), with
    phi(x) = elu(x) + 1 (Katharopoulos et al. 2020, section 3.2). With ``causal=True`` the sums end at j = i.

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., num_keys, d_k)
        values      (..., num_keys, d_v)
        causal      needs as many queries as keys
        output      (..., num_queries, d_v)

    **Promises** each output row lies between the values; without ``causal`` no matrix of num_queries x num_keys
    is made; with it, the result is that of ``linear_attention_recurrent``.

    **Raises** ``ShapeError`` when sizes disagree or a tensor is empty, ``TypeError`` for tensors that are not of
    one floating-point dtype.

    **Example**

    >>> key = torch.tensor([[0.0], [0.0]])
    >>> linear_attention(key, key, torch.tensor([[2.0], [4.0]]), causal=True)
    tensor([[2.],
            [3.]])
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    match(STEP_SHAPES if causal else SHAPES, WHY, queries=queries, keys=keys, values=values)
    queries, keys = feature_map(queries), feature_map(keys)
    if causal:
        weights = (queries @ keys.transpose(-2, -1)).tril()
        return weights @ values / weights.sum(dim=-1, keepdim=True)
    state, total = keys.transpose(-2, -1) @ values, keys.sum(dim=-2)
    return queries @ state / (queries @ total[..., None])


def linear_attention_recurrent(queries, keys, values):
    """Compute causal linear attention as a recurrent network: one step a token, a state of fixed size.

    state += phi(k_i) v_i^T, total += phi(k_i), output[i] = phi(q_i) state / phi(q_i) . total
    (Katharopoulos et al. 2020, section 3.4).

    **Shapes**
        queries     (..., n, d_k)
        keys        (..., n, d_k)
        values      (..., n, d_v)
        output      (..., n, d_v)

    **Promises** the result of ``linear_attention(..., causal=True)`` up to rounding; between two steps nothing
    is kept but (d_k, d_v) + (d_k,) numbers, whatever n.

    **Raises** as ``linear_attention``.

    **Example**

    >>> key = torch.tensor([[0.0], [0.0]])
    >>> linear_attention_recurrent(key, key, torch.tensor([[2.0], [4.0]]))
    tensor([[2.],
            [3.]])
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    match(STEP_SHAPES, WHY, queries=queries, keys=keys, values=values)
    queries, keys = feature_map(queries), feature_map(keys)
    state, total, outputs = 0.0, 0.0, []
    for query, key, value in zip(queries.unbind(-2), keys.unbind(-2), values.unbind(-2), strict=True):
        state = state + key[..., :, None] * value[..., None, :]
        total = total + key
        read = (query[..., None, :] @ state).squeeze(-2)
        outputs.append(read / (query * total).sum(dim=-1, keepdim=True))
    return torch.stack(outputs, dim=-2)


def feature_map(x):
    """Make every number positive, so that dot products can serve as weights: phi(x) = elu(x) + 1.

    **Shapes** x (..., d_k) -> (..., d_k)

    **Promises** above 0 for every x that the dtype can tell from minus infinity; x + 1 for positive x.
    """
    return F.elu(x) + 1


def message_passing(queries, keys, values, edges, *, scale=None):
    """Let every node gather messages along its edges, one edge after the other.

    For an edge (i, j), node i sends its value to node j, which weighs it by the softmax, over all the edges that
    end in j, of scale * queries[j] . keys[i]. This is the definition of attention under a mask, written with
    loops; the mask is ``graph_mask(edges, n, self_loops=False, directed=True)``.

    **Shapes**
        queries     (n, d_k)
        keys        (n, d_k)
        values      (n, d_v)
        edges       pairs (from, to) of node numbers, any iterable or (num_edges, 2)
        scale       a number, 1 / sqrt(d_k) unless given
        output      (n, d_v)

    **Promises** the result of ``attention`` with that mask; an edge that is given twice counts once; a node
    where no edge ends gets zeros.

    **Raises** as ``linear_attention``, ``ShapeError`` unless every edge is a pair, ``ValueError`` for a node that
    does not exist.

    **Example**

    >>> nodes = torch.tensor([[0.0], [2.0], [4.0]])
    >>> message_passing(0 * nodes, nodes, nodes, [(1, 0), (2, 0)])
    tensor([[3.],
            [0.],
            [0.]])
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    n = match(NODE_SHAPES, WHY, queries=queries, keys=keys, values=values)["n"]
    scale = 1 / math.sqrt(queries.shape[-1]) if scale is None else scale
    outputs = []
    for node, neighbours in enumerate(_senders(edges, n)):
        if not neighbours:
            outputs.append(torch.zeros_like(values[node]))
            continue
        scores = torch.stack([scale * queries[node] @ keys[neighbour] for neighbour in neighbours])
        weights = scores.softmax(dim=0)
        outputs.append(sum(weight * values[neighbour] for weight, neighbour in zip(weights, neighbours, strict=True)))
    return torch.stack(outputs)


def _senders(edges, n):
    """Return for every node the nodes that send to it."""
    found = [[] for _ in range(n)]
    for edge in edges.tolist() if hasattr(edges, "tolist") else edges:
        if not hasattr(edge, "__len__") or len(edge) != 2:
            raise ShapeError(f"edges contains {edge!r}, expected pairs (from, to).")
        source, target = edge
        if source not in range(n) or target not in range(n):
            raise ValueError(f"edges contains {tuple(edge)}, expected nodes from 0 to {n - 1}.")
        if source not in found[target]:
            found[target].append(source)
    return found
