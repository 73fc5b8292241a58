"""Chapter 4: attention in many heads, with one matrix a head and all sizes different, on torch tensors."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set, weights_of
from attnlib.check.specs.chapter_04_heads import heads_of
from attnlib.check.specs.common import SCALES, choose, scale_of, shared

_generator = torch.Generator().manual_seed(424)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _whole(low, high, *shape):
    """Draw whole numbers: their products are exact in float32, so that huge scores are, too."""
    return torch.randint(low, high, shape, generator=_generator).float()


def general(faults, queries, keys, values, W_q, W_k, W_v, W_o):
    """Multi-head attention with all sizes different, with the mistakes in ``faults``."""
    num_heads, _, p_k = W_q.shape
    Q, K, V = _projected(faults, queries, keys, values, W_q, W_k, W_v)
    sizes = {
        "by_input": queries.shape[1],
        "by_keys_input": keys.shape[1],
        "by_v": W_v.shape[2],
        "by_heads": num_heads,
        "by_all": num_heads * p_k,
        "by_count": len(keys),
        "by_queries": len(queries),
    }
    products = Q @ (K if "not_transposed" in faults else K.transpose(1, 2))
    weights = weights_of(faults, products / scale_of(faults, p_k, sizes))
    weights = weights / p_k**0.5 if "scale_late" in faults else weights
    return weights if "weights_only" in faults else _output(faults, weights @ V, W_o)


def _projected(faults, queries, keys, values, W_q, W_k, W_v):
    """Return the queries, keys and values of all heads, the heads in front."""
    if "matrices_transposed" in faults:
        W_q, W_k, W_v = (W.transpose(1, 2) for W in (W_q, W_k, W_v))
    if "first_matrices" in faults:
        W_q, W_k, W_v = (W[:1].expand_as(W) for W in (W_q, W_k, W_v))
    ways = {
        "raw_values": lambda: values.expand(len(W_v), -1, -1),
        "values_from_k": lambda: values @ W_k,
        "values_from_keys": lambda: keys @ W_v,
        "values_from_queries": lambda: queries @ W_v,
        "keys_as_values": lambda: keys @ W_k,
        "sources_swapped": lambda: queries @ W_v,
    }
    found = choose(faults, ways, lambda: values @ W_v)
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    if "sources_swapped" in faults:
        queries, keys = keys, queries
    asked = queries if "keys_from_queries" in faults else keys
    return queries @ W_q, asked @ W_k, found


def _output(faults, heads, W_o):
    num_heads, num_queries, p_v = heads.shape
    heads = heads.flip(0) if "reversed" in faults else heads
    narrow = {
        "averaged": lambda: heads.mean(0),
        "summed": lambda: heads.sum(0),
        "largest": lambda: heads.amax(0),
        "first_only": lambda: heads[0],
    }
    joined = {
        "interleaved": lambda: heads.permute(1, 2, 0).flatten(1),
        "join_no_swap": lambda: heads.reshape(num_queries, -1),
        "mean_repeated": lambda: heads.mean(0).repeat(1, num_heads),
        "below_each_other": lambda: heads.flatten(0, 1),
        "below_W_o": lambda: heads.flatten(0, 1),
    }
    side_by_side = choose(faults, narrow | joined, lambda: heads.transpose(0, 1).flatten(1))
    if faults & {"no_W_o", "below_each_other"}:
        return side_by_side
    W_o = W_o.T if "W_o_transposed" in faults else W_o
    return side_by_side @ (W_o[:p_v] if faults & set(narrow) else W_o)


def _general_oracle(queries, keys, values, W_q, W_k, W_v, W_o):
    return attnlib.reference.multi_head_attention(
        *(part.double().numpy() for part in (queries, keys, values, W_q, W_k, W_v, W_o))
    )


def _parts(draw, num_queries, num_keys, num_heads, inputs, p_k, p_v, p_o):
    d_q, d_k, d_v = inputs
    sizes = {
        "queries": (num_queries, d_q),
        "keys": (num_keys, d_k),
        "values": (num_keys, d_v),
        "W_q": (num_heads, d_q, p_k),
        "W_k": (num_heads, d_k, p_k),
        "W_v": (num_heads, d_v, p_v),
        "W_o": (num_heads * p_v, p_o),
    }
    return {name: draw(*shape) for name, shape in sizes.items()}


def _general_probe(label, *sizes):
    return Probe(label, _parts(lambda *shape: _normal(*shape, scale=0.7), *sizes))


def _high_probe():
    parts = _parts(lambda *shape: _whole(-4, 5, *shape), 3, 5, 2, (5, 6, 3), 4, 2, 3)
    parts["queries"][0] = 0
    return Probe("scores of several hundred, and a first query of zeros", parts)


GENERAL = Spec(
    name="general_multi_head",
    chapter=4,
    minutes=12,
    difficulty=3,
    oracle=_general_oracle,
    variant=as_set(general),
    faults={
        **shared(*SCALES, "by_count", "by_queries", d_k="p_k"),
        **shared("over_queries", "no_softmax", "no_max", "no_division", "winner", "causal", "weights_only"),
        **shared("all_ones", "no_keepdims"),
        **heads_of("by_heads", "over_heads", "no_W_o", "W_o_transposed", "averaged", "mean_repeated", "summed"),
        **heads_of("largest", "first_only"),
        "by_input": "The scale is the square root of p_k, the length of a query inside a head, not of d_q before the projection.",
        "by_keys_input": "The scale is the square root of p_k, the length of a key inside a head, not of d_k before the projection.",
        "by_v": "The scale is the square root of p_k, the length of queries and keys in a head, not of p_v.",
        "by_all": "The scale is the square root of p_k, the length of a query in one head, not of all heads side by side.",
        "one_max": "Subtract each row's own largest score, not that of the whole table: rows far below it become 0 / 0.",
        "one_max_each": "Subtract each row's own largest score, not the largest of a head: rows far below it become 0 / 0.",
        "whole_table": "Every query has a softmax of its own, over its keys (dim=-1); yours is one softmax for a whole head.",
        "swapped": "The queries are multiplied by W_q and the keys by W_k: your matrices are swapped.",
        "raw_values": "The values of head i are values @ W_v[i], not the values themselves.",
        "values_from_k": "The values are multiplied by W_v, not by W_k.",
        "values_from_keys": "The values come from `values`; you projected the keys for them.",
        "values_from_queries": "The values come from `values`; you projected the queries for them.",
        "keys_as_values": "The values of head i are values @ W_v[i]; you gathered the projected keys.",
        "sources_swapped": "The queries ask, keys and values answer: yours are the other way round.",
        "keys_from_queries": "The keys come from `keys`; you projected the queries for them.",
        "matrices_transposed": "Do not transpose the matrices: queries @ W_q[i]. (Only nn.Linear stores the transpose.)",
        "not_transposed": "Every query meets every key: swap the last two axes of the keys before the product.",
        "first_matrices": "Every head has matrices of its own, W_q[i], W_k[i] and W_v[i]; yours all use the first ones.",
        "reversed": "Keep the order of the heads: head 0 comes first, as the rows of W_o expect.",
        "interleaved": "Keep the features of one head together: head 0 first, then head 1, as the rows of W_o expect.",
        "join_no_swap": "Swap heads and queries before you reshape: from (num_heads, num_queries, p_v), `reshape` alone mixes queries.",
        "below_each_other": "Put the heads side by side (last axis), not below each other, then multiply by W_o.",
        "below_W_o": "Join the heads on the last axis (`dim=-1`), side by side: you join them below each other, which W_o does not fit.",
    },
    unpaired=frozenset(
        {
            *("eight", "whole_root", "by_count", "by_queries", "by_keys_input", "no_max", "one_max", "no_division"),
            *("winner", "causal", "weights_only", "W_o_transposed", "mean_repeated", "summed", "largest", "first_only"),
            *("all_ones", "no_keepdims", "one_max_each", "keys_as_values", "sources_swapped"),
            *("raw_values", "values_from_queries", "keys_from_queries", "matrices_transposed"),
            *("not_transposed", "below_each_other", "below_W_o", "whole_table"),
        }
    ),
    probes=(
        _general_probe("three heads, all sizes different", 5, 7, 3, (4, 10, 13), 2, 8, 11),
        _general_probe("two heads, few keys", 3, 2, 2, (7, 5, 4), 11, 3, 6),
        _general_probe("two heads, equal sizes", 4, 4, 2, (4, 4, 4), 4, 4, 8),
        _high_probe(),
    ),
    hints=(
        "Which two sizes must be equal so that a query can meet a key, and which do not matter to it?",
        "Loop over the heads: three projections, scaled scores, softmax, times values. Concatenate on the last axis; times W_o.",
        "heads.append((queries @ W_q[i] @ (keys @ W_k[i]).T / ____ ** 0.5).softmax(-1) @ ____)",
    ),
    follow_up="which of the sizes could you double without changing the shape of the output?",
)
