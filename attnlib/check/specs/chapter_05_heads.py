"""Chapter 5: look into a head, switch it off, cut one of its edges, on torch tensors."""

import torch
from torch.nn.functional import linear

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import weights_of
from attnlib.check.specs.common import SCALES, choose, scale_of, shared

_generator = torch.Generator().manual_seed(505)

SOFTMAX = {
    "no_softmax": "The softmax is missing: scores become weights by it.",
    "whole_table": "Every query has a softmax of its own, over its keys (dim=-1); yours is one softmax for a whole table.",
    "one_max": "Subtract each row's own largest score, not that of the whole table: rows far below it become 0 / 0.",
}


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _whole(low, high, *shape):
    """Draw whole numbers: their products are exact in float32, so that huge scores are, too."""
    return torch.randint(low, high, shape, generator=_generator).float()


def head_map(faults, X, W_q, b_q, W_k, b_k, num_heads, head):
    """Compute the weights of one head, with the mistakes in ``faults``."""
    d_model = X.shape[1]
    size = num_heads if "sizes_swapped" in faults else d_model // num_heads
    if "split_first" in faults:
        kept = torch.arange(d_model) // size == head
        X = X * kept
    if "first_bias" in faults:
        b_q, b_k = b_q[:size].repeat(num_heads), b_k[:size].repeat(num_heads)
    queries, keys = _projected(faults, X, W_q, b_q, W_k, b_k)
    if "all_heads" in faults or "averaged" in faults:
        rest = set(faults) - {"all_heads", "averaged"}
        maps = [head_map(rest, X, W_q, b_q, W_k, b_k, num_heads, h) for h in range(num_heads)]
        return torch.stack(maps) if "all_heads" in faults else torch.stack(maps).mean(0)
    queries, keys = (_cut(faults, part, num_heads, size, head) for part in (queries, keys))
    own = d_model if "not_split_scaled" in faults else d_model // num_heads
    scale = scale_of(faults, own, {"by_model": d_model, "by_heads": num_heads, "by_count": len(X)})
    weights = weights_of(faults, queries @ (keys if "not_transposed" in faults else keys.T) / scale)
    weights = weights / own**0.5 if "scale_late" in faults else weights
    weights = weights.log() if "logarithm" in faults else weights
    return weights.T if "turned" in faults else weights


def _projected(faults, X, W_q, b_q, W_k, b_k):
    if "not_projected" in faults:
        return X, X
    if "weights_transposed" in faults or "queries_transposed" in faults:
        W_q = W_q.T
    if "weights_transposed" in faults or "keys_transposed" in faults:
        W_k = W_k.T
    if "swapped" in faults:
        W_q, b_q, W_k, b_k = W_k, b_k, W_q, b_q
    if "biases_swapped" in faults:
        b_q, b_k = b_k, b_q
    b_q, b_k = (0 * b_q, 0 * b_k) if "no_bias" in faults else (b_q, b_k)
    b_q, b_k = (-b_q, -b_k) if "bias_subtracted" in faults else (b_q, b_k)
    queries = linear(X, W_k, b_k) if "queries_from_k" in faults else linear(X, W_q, b_q)
    return queries, linear(X, W_q, b_q) if "keys_from_q" in faults else linear(X, W_k, b_k)


def _cut(faults, part, num_heads, size, head):
    n = len(part)
    options = {
        "strided": lambda: part[:, head::num_heads],
        "windows": lambda: part[:, head : head + size],
        "reshape_only": lambda: part.reshape(num_heads, n, size)[head],
        "first_head": lambda: part[:, :size],
        "from_one": lambda: part.reshape(n, num_heads, size)[:, head - 1],
        "from_one_sliced": lambda: part[:, (head - 1) * size : head * size],
        "from_end": lambda: part.reshape(n, num_heads, size)[:, num_heads - 1 - head],
        "up_to": lambda: part[:, : (head + 1) * size],
        "not_split": lambda: part,
        "not_split_scaled": lambda: part,
        "one_feature": lambda: part[:, head : head + 1],
    }
    return choose(faults, options, lambda: part[:, head * size : (head + 1) * size])


def _true_map(X, W_q, b_q, W_k, b_k, num_heads, head):
    queries, keys = (attnlib.split_heads(linear(X[None], W, b), num_heads) for W, b in ((W_q, b_q), (W_k, b_k)))
    return attnlib.attention_weights(queries, keys)[0, head]


def _map_probe(label, n, d_model, num_heads, head):
    W_q, W_k = (_normal(d_model, d_model, scale=1.6 * d_model**-0.5) for _ in range(2))
    arguments = {"X": _normal(n, d_model), "W_q": W_q, "b_q": _normal(d_model), "W_k": W_k, "b_k": _normal(d_model)}
    return Probe(label, arguments | {"num_heads": num_heads, "head": head})


def _high_map_probe(n):
    """Two heads of four features, so that the scale is 2: scores of several hundred, and far lower ones in one row."""
    X = _whole(-5, 6, n, 8)
    X[1] = 0
    arguments = {"X": X, "W_q": _whole(-3, 4, 8, 8), "b_q": _whole(-2, 3, 8)}
    arguments |= {"W_k": _whole(-3, 4, 8, 8), "b_k": _whole(-2, 3, 8)}
    return Probe("scores of several hundred", arguments | {"num_heads": 2, "head": 1})


HEAD_MAP = Spec(
    name="head_map",
    chapter=5,
    minutes=10,
    difficulty=2,
    oracle=_true_map,
    variant=head_map,
    faults={
        **shared(*SCALES, "by_count", d_k="d_head"),
        **shared("over_queries", "no_max", "no_division", "winner", "logarithm", "causal"),
        **SOFTMAX,
        "by_heads": "The scale is the square root of d_head, the length of a query in one head, not of the number of heads.",
        "by_model": "The scale is the square root of d_head = d_model / num_heads, the length of a query in one head, not of d_model.",
        "weights_transposed": "nn.Linear stores its matrix as (out, in): the queries are X @ W_q.T + b_q, the keys X @ W_k.T + b_k.",
        "queries_transposed": "The queries are X @ W_q.T + b_q: nn.Linear stores W_q as (out, in), as it does W_k.",
        "keys_transposed": "The keys are X @ W_k.T + b_k: nn.Linear stores W_k as (out, in), as it does W_q.",
        "no_bias": "The biases are missing: add b_q to the queries (and b_k to the keys).",
        "biases_swapped": "b_q belongs to the queries and b_k to the keys: yours have changed places.",
        "bias_subtracted": "Add the biases; you subtract them.",
        "first_bias": "The head's features have their own biases: cut b_q and b_k as you cut the rows of W, from head * d_head on. Yours are always the first d_head.",
        "swapped": "Queries come from W_q and b_q, keys from W_k and b_k: yours are swapped. (Row i of the result is what word i looks at.)",
        "keys_from_q": "The keys are made with W_k and b_k; you made them with W_q and b_q.",
        "queries_from_k": "The queries are made with W_q and b_q; you made them with W_k and b_k.",
        "not_projected": "Project first: queries are X @ W_q.T + b_q, keys X @ W_k.T + b_k. You use X itself.",
        "split_first": "Project first, then split: a head reads all d_model features; yours reads its own part of them.",
        "strided": "A head owns neighbouring features, head * d_head to (head + 1) * d_head; yours takes every num_heads-th one.",
        "windows": "The head starts at feature head * d_head, not at feature head.",
        "reshape_only": "`reshape(num_heads, n, d_head)` mixes words into heads: reshape to (n, num_heads, d_head), and take [:, head].",
        "first_head": "Use the head that is asked for; yours is always head 0.",
        "from_one": "Heads are counted from 0: yours is the one before.",
        "from_one_sliced": "Heads are counted from 0: head 0 owns the features 0 to d_head, so cut at head * d_head and (head + 1) * d_head.",
        "from_end": "Head 0 owns the first features: yours counts the heads from the end.",
        "up_to": "The head starts at feature head * d_head: yours takes the features of the heads before it, too.",
        "one_feature": "A head owns d_head = d_model / num_heads features; yours takes a single one.",
        "sizes_swapped": "A head has d_model / num_heads features; yours has num_heads of them.",
        "not_split": "The heads are not split: take the features head * d_head to (head + 1) * d_head of queries and keys.",
        "not_split_scaled": "The heads are not split: take d_head features of queries and keys, and scale by their number.",
        "averaged": "One head is asked for; yours is the mean over all heads.",
        "all_heads": "Return the weights of one head, (n, n); yours are those of all heads.",
        "turned": "Row i holds what word i looks at: yours is the transpose.",
        "not_transposed": "Every query meets every key: queries @ keys.T.",
    },
    unpaired=frozenset(
        {
            "eight",
            "whole_root",
            "by_count",
            "scale_late",
            "no_max",
            "one_max",
            "no_division",
            "winner",
            "logarithm",
            "causal",
            "whole_table",
            "queries_transposed",
            "keys_transposed",
            "bias_subtracted",
            "first_bias",
            "keys_from_q",
            "queries_from_k",
            "not_projected",
            "split_first",
            "windows",
            "first_head",
            "from_one_sliced",
            "from_end",
            "up_to",
            "one_feature",
            "sizes_swapped",
            "not_split_scaled",
            "averaged",
            "all_heads",
            "not_transposed",
            "times",
        }
    ),
    probes=(
        _map_probe("the second of three heads, five words", 5, 12, 3, 1),
        _map_probe("the first of two heads, seven words", 7, 10, 2, 0),
        _map_probe("the third of four heads, as many words as heads", 4, 24, 4, 2),
        _map_probe("as many words as features in a head", 3, 6, 2, 1),
        _high_map_probe(5),
    ),
    hints=(
        "nn.Linear stores W as (out, in). Which rows of W_q, or which columns of the queries, belong to the head?",
        "Queries X @ W_q.T + b_q, keys likewise; cut out the head's features of both; scores over sqrt(d_head); softmax over the keys.",
        "own = slice(head * d_head, ____); scores = queries[:, own] @ ____ / d_head ** 0.5",
    ),
    follow_up="leave b_k out: the weights stay as they are. Why?",
)
