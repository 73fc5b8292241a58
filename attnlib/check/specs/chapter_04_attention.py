"""Chapter 4: attention in many heads, to the same sentence and to another one, on torch tensors."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_heads import heads_of, join, split
from attnlib.check.specs.common import SCALES, choose, scale_of, shared

_generator = torch.Generator().manual_seed(414)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _whole(low, high, *shape):
    """Draw whole numbers: their products are exact in float32, so that huge scores are, too."""
    return torch.randint(low, high, shape, generator=_generator).float()


def weights_of(faults, scores):
    """Return the attention weights of scores (..., num_heads, num_queries, num_keys), with the mistakes in ``faults``."""
    ways = {
        "no_softmax": lambda: scores,
        "over_queries": lambda: scores.softmax(-2),
        "over_heads": lambda: scores.softmax(-3),
        "over_batch": lambda: scores.softmax(0),
        "whole_table": lambda: scores.flatten(-2).softmax(-1).reshape(scores.shape),
        "no_max": lambda: _shares(scores.exp()),
        "one_max": lambda: _shares((scores - scores.max()).exp()),
        "one_max_each": lambda: _shares((scores - scores.amax((-2, -1), keepdim=True)).exp()),
        "no_division": lambda: _powers(scores),
        "winner": lambda: (scores == scores.amax(-1, keepdim=True)).float(),
        "all_ones": lambda: torch.ones_like(scores),
        "no_keepdims": lambda: _powers(scores) / _powers(scores).sum(-1)[..., None, :],
        "sums_beside": lambda: _powers(scores) / _powers(scores).sum(-1),
        "causal": lambda: scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf).softmax(-1),
    }
    return choose(faults, ways, lambda: scores.softmax(-1))


def _powers(scores):
    return (scores - scores.amax(-1, keepdim=True)).exp()


def _shares(powers):
    return powers / powers.sum(-1, keepdim=True)


def many_heads(faults, X, W_q, W_k, W_v, W_o, num_heads):
    """Multi-head self-attention, with the mistakes in ``faults``."""
    if "batch_first" in faults:
        return many_heads(faults - {"batch_first"}, X.transpose(0, 1), W_q, W_k, W_v, W_o, num_heads).transpose(0, 1)
    if "split_first" in faults:
        blocks = torch.block_diag(*[torch.ones(X.shape[2] // num_heads, X.shape[2] // num_heads)] * num_heads)
        W_q, W_k, W_v = W_q * blocks, W_k * blocks, W_v * blocks
    return _attend(faults, X, X, X, (W_q, W_k, W_v, W_o), num_heads)


def cross(faults, X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Multi-head cross-attention, with the mistakes in ``faults``."""
    sources = {
        "sources_swapped": lambda: (memory, X, X),
        "only_self": lambda: (X, X, X),
        "only_memory": lambda: (memory, memory, memory),
        "values_from_X": lambda: (X, memory, X),
        "keys_from_X": lambda: (X, X, memory),
        "memory_behind": lambda: (X, *2 * (torch.cat([X, memory], dim=1),)),
        "memory_cut": lambda: (X, *2 * (memory[:, : X.shape[1]],)),
        "first_memory": lambda: (X, *2 * (memory[:1].expand_as(memory),)),
    }
    parts, matrices = choose(faults, sources, lambda: (X, memory, memory)), (W_q, W_k, W_v, W_o)
    if "batch_first" in faults:
        return _attend(faults, *(part.transpose(0, 1) for part in parts), matrices, num_heads).transpose(0, 1)
    return _attend(faults, *parts, matrices, num_heads)


def _attend(faults, asking, keyed, valued, matrices, num_heads):
    projected = _projected(faults, asking, keyed, valued, matrices[:3], num_heads)
    if "across_batch" in faults:
        projected[1:] = (part.reshape(1, -1, part.shape[2]).expand(len(asking), -1, -1) for part in projected[1:])
    number = 1 if "one_head" in faults else num_heads
    cut = {"reshape_only"} if "reshape_both" in faults else faults & {"reshape_only", "strided"}
    queries, keys, values = (split(cut, part, number) for part in projected)
    if "strided_once" in faults:
        queries, keys, values = (split({"strided"}, part, number) for part in projected)
    if "heads_not_moved" in faults:
        queries, keys, values = (part.transpose(1, 2) for part in (queries, keys, values))
    d_head = queries.shape[-1]
    sizes = {"by_model": asking.shape[2], "by_heads": num_heads, "by_count": keyed.shape[1]}
    scale = scale_of(faults, d_head, sizes | {"by_queries": asking.shape[1]})
    weights = weights_of(faults, queries @ (keys if "not_transposed" in faults else keys.transpose(-2, -1)) / scale)
    weights = weights / d_head**0.5 if "scale_late" in faults else weights
    if "weights_only" in faults:
        return weights
    found = weights @ values
    output = _output(faults, found.transpose(1, 2) if "heads_not_moved" in faults else found, matrices[3])
    return output + asking if "residual" in faults else output


def _projected(faults, asking, keyed, valued, matrices, num_heads):
    W_q, W_k, W_v = matrices
    if faults & {"matrices_transposed", "all_transposed"}:
        W_q, W_k, W_v = W_q.T, W_k.T, W_v.T
    if "one_projection" in faults:
        d_head = W_q.shape[1] // num_heads
        W_q, W_k, W_v = (W[:, :d_head].repeat(1, num_heads) for W in (W_q, W_k, W_v))
    ways = {
        "raw_values": lambda: valued,
        "values_from_k": lambda: valued @ W_k,
        "values_from_q": lambda: valued @ W_q,
        "one_matrix": lambda: valued @ W_q,
    }
    values = choose(faults, ways, lambda: valued @ W_v)
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    if "one_matrix" in faults:
        W_k = W_q
    queries = asking @ (W_k if "queries_from_k" in faults else W_q)
    return [queries, keyed @ (W_q if "keys_from_q" in faults else W_k), values]


def _output(faults, heads, W_o):
    d_head = heads.shape[-1]
    narrow = {
        "averaged": lambda: heads.mean(1),
        "summed": lambda: heads.sum(1),
        "largest": lambda: heads.amax(1),
        "first_only": lambda: heads[:, 0],
    }
    found = choose(faults, narrow, lambda: None)
    if found is not None:
        return found if "no_W_o" in faults else found @ W_o[:d_head]
    ways = {"join_no_swap", "features_moved", "mean_repeated", "reversed"} & faults
    ways |= {"join_no_swap"} if "reshape_both" in faults else set()
    joined = join(ways | ({"interleaved"} if "strided" in faults else set()), heads)
    if "no_W_o" in faults:
        return joined
    return joined @ (W_o.T if faults & {"W_o_transposed", "all_transposed"} else W_o)


def _many_oracle(X, W_q, W_k, W_v, W_o, num_heads):
    return _cross_oracle(X, X, W_q, W_k, W_v, W_o, num_heads)


def _cross_oracle(X, memory, W_q, W_k, W_v, W_o, num_heads):
    queries, keys, values = (attnlib.split_heads(part, num_heads) for part in (X @ W_q, memory @ W_k, memory @ W_v))
    return attnlib.merge_heads(attnlib.attention(queries, keys, values)) @ W_o


def as_set(variant):
    """Let a variant that is written with sets of faults take a tuple of them."""
    return lambda faults, *arguments: variant(frozenset(faults), *arguments)


MATRICES = ("W_q", "W_k", "W_v", "W_o")


def _many_probe(label, batch, n, d_model, num_heads, m=None):
    parts = {"X": _normal(batch, n, d_model)}
    if m is not None:
        parts["memory"] = _normal(batch, m, d_model)
    matrices = {name: _normal(d_model, d_model, scale=1.6 * d_model**-0.5) for name in MATRICES}
    return Probe(label, parts | matrices | {"num_heads": num_heads})


def _high_probe(n, m=None):
    """Two heads of four features (so that the scale is 2): scores of several hundred, and of 0 for the first word."""
    parts = {"X": _whole(-6, 7, 1, n, 8)} | ({} if m is None else {"memory": _whole(-6, 7, 1, m, 8)})
    parts["X"][0, 0] = 0
    matrices = {name: _whole(-3, 4, 8, 8) for name in MATRICES}
    return Probe("scores of several hundred, and a first word of zeros", parts | matrices | {"num_heads": 2})


_BOTH = {
    **shared(*SCALES, "by_count", d_k="d_head"),
    **shared("over_queries", "no_softmax", "no_max", "no_division", "winner", "causal", "weights_only"),
    **shared("swapped", "keys_from_q", "queries_from_k", "values_from_k", "all_ones", "no_keepdims"),
    "sums_beside": "Keep the axis in the sum (`keepdim=True`): without it the sums line up with other axes of the weights.",
    "one_matrix": "Queries, keys and values have a matrix each, W_q, W_k and W_v; yours are all made with W_q.",
    "strided_once": "Split and join in the same order: yours splits off every num_heads-th feature and joins neighbours.",
    **heads_of("by_heads", "by_model", "reshape_only", "join_no_swap", "reshape_both", "strided", "over_heads"),
    **heads_of("no_W_o", "W_o_transposed", "averaged", "mean_repeated", "summed", "largest", "first_only", "reversed"),
    **heads_of("one_head", "one_projection", "features_moved"),
    "one_max": "Subtract each row's own largest score, not that of the whole table: rows far below it become 0 / 0.",
    "whole_table": "Every query has a softmax of its own, over its keys (dim=-1); yours is one softmax for a whole head.",
    "over_batch": "The softmax runs over the keys, the last axis; yours runs over the sentences of the batch.",
    "residual": "Return what the attention finds: X is not added here.",
    "values_from_q": "The values are made with W_v; you made them with W_q.",
    "matrices_transposed": "Do not transpose W_q, W_k and W_v: X @ W_q. (Only nn.Linear and F.linear take the transpose.)",
    "all_transposed": "Multiply by the four matrices as they are, X @ W_q: F.linear (as nn.Linear) multiplies by the transpose.",
    "not_transposed": "Every query meets every key: swap the last two axes of the keys, queries @ keys.transpose(-2, -1).",
}
_ALONE = {
    "all_ones",
    "no_keepdims",
    "sums_beside",
    "one_matrix",
    "strided_once",
    "whole_table",
    "residual",
    "features_moved",
    "eight",
    "whole_root",
    "by_count",
    "no_max",
    "one_max",
    "no_division",
    "winner",
    "causal",
    "over_batch",
    "keys_from_q",
    "queries_from_k",
    "not_transposed",
    "mean_repeated",
    "summed",
    "largest",
    "first_only",
    "reversed",
    "weights_only",
    "strided",
}

MANY = Spec(
    name="multi_head",
    chapter=4,
    minutes=15,
    difficulty=3,
    oracle=_many_oracle,
    variant=as_set(many_heads),
    faults=_BOTH
    | {
        **shared("raw_values"),
        "across_batch": "Words look into other sentences of the batch: each sentence attends to itself only.",
        "batch_first": "Axis 0 is the batch, axis 1 the words: yours lets the words at one place of all sentences attend to each other.",
        "heads_not_moved": "Swap the axes of words and heads before the scores: yours lets the heads of one word attend to each other.",
        "split_first": "Project first, then split: every head reads all d_model features; yours reads its own part of them.",
    },
    unpaired=frozenset(_ALONE | {"split_first", "batch_first", "heads_not_moved"}),
    probes=(
        _many_probe("two sentences of five words, three heads", 2, 5, 12, 3),
        _many_probe("three sentences of seven words, two heads", 3, 7, 10, 2),
        _many_probe("as many sentences and words as heads", 2, 2, 14, 2),
        _many_probe("as many words as features in a head", 2, 3, 6, 2),
        _high_probe(5),
    ),
    hints=(
        "After the split every head is a small attention of its own. Which of the steps of chapter 2 must change for that?",
        "Project, split all three, scaled scores on the last two axes, softmax, times values, join, times W_o.",
        "weights = (queries @ keys.transpose(-2, -1) / ____ ** 0.5).softmax(dim=____)",
    ),
    follow_up="which line would change if every head had a mask of its own?",
)

CROSS = Spec(
    name="multi_head_cross",
    chapter=4,
    minutes=8,
    difficulty=2,
    oracle=_cross_oracle,
    variant=as_set(cross),
    faults={key: says for key, says in _BOTH.items() if key != "sums_beside"}
    | {
        **shared("by_queries", d_k="d_head"),
        "batch_first": "Axis 0 is the batch, axis 1 the words: yours lets words at one place of all sentences attend to each other.",
        "raw_values": "The values are memory times W_v, not memory itself.",
        "swapped": "The queries are made with W_q and the keys with W_k: your matrices are swapped.",
        "sources_swapped": "The queries come from X and the keys and values from memory: yours are the other way round.",
        "only_self": "The memory is not used: keys and values come from it, not from X.",
        "only_memory": "The queries come from X; you took everything from memory.",
        "values_from_X": "The values come from memory, as the keys do; you took them from X.",
        "keys_from_X": "The keys come from memory, as the values do; you took them from X.",
        "memory_behind": "The words of X look at memory alone: leave X out of what keys and values are made from.",
        "memory_cut": "The memory may be longer than X: use all its m words, the weights are then (n, m).",
        "first_memory": "Every sentence has its own memory: yours uses the first one for the whole batch.",
        "across_batch": "Words look into the memories of other sentences: memory b belongs to sentence b alone.",
    },
    unpaired=frozenset(
        _ALONE - {"sums_beside"}
        | {"memory_behind", "memory_cut", "first_memory", "across_batch", "by_queries", "batch_first"}
    ),
    probes=(
        _many_probe("five words asking seven, three heads", 2, 5, 12, 3, m=7),
        _many_probe("three words asking two, two heads", 1, 3, 10, 2, m=2),
        _many_probe("equally long sentences", 2, 4, 6, 2, m=4),
        _many_probe("as many words in memory as features in a head", 3, 2, 6, 2, m=3),
        _high_probe(3, m=5),
    ),
    hints=(
        "One sentence asks, the other one answers. Which of query, key and value belongs to which sentence?",
        "As multi_head, with X @ W_q for the queries and memory @ W_k, memory @ W_v for keys and values.",
        "queries, keys, values = ____ @ W_q, ____ @ W_k, ____ @ W_v",
    ),
    follow_up="how many rows does the output have: as many as X or as many as the memory?",
)
