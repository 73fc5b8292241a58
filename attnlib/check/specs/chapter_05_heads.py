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


def without_head(faults, weights, values, W_o, head):
    """Switch one head off, with the mistakes in ``faults``."""
    num_heads, n, d_head = values.shape
    off = choose(
        faults,
        {"from_one": lambda: head - 1, "first_off": lambda: 0, "last_off": lambda: num_heads - 1},
        lambda: head,
    )
    weights, values = _silenced(faults, weights.clone(), values.clone(), off)
    heads = (weights.transpose(1, 2) if "weights_turned" in faults else weights) @ values
    own, W_o = slice(off * d_head, (off + 1) * d_head), W_o.clone()
    if "rows_first" in faults or "rows_last" in faults:
        rest = [h for h in range(num_heads) if h != off]
        rows = W_o[: len(rest) * d_head] if "rows_first" in faults else W_o[-len(rest) * d_head :]
        return heads[rest].transpose(0, 1).reshape(n, -1) @ rows
    heads = _switched(faults, heads, off)
    if "columns" in faults:
        W_o[:, own] = 0
    for key, rows in (
        ("one_row", off),
        ("strided_rows", slice(off, None, num_heads)),
        ("rows_window", slice(off, off + d_head)),
    ):
        if key in faults:
            W_o[rows] = 0
    output = _joined(faults, heads, W_o)
    if "wrong_rows_subtracted" in faults:
        output = output - (weights[off] @ values[off]) @ W_o[:d_head]
    factors = {"rescaled": num_heads / (num_heads - 1), "scaled_down": (num_heads - 1) / num_heads}
    return next((factor for key, factor in factors.items() if key in faults), 1) * output


def _silenced(faults, weights, values, off):
    n = weights.shape[1]
    if "uniform" in faults:
        weights[off] = 1 / n
    if "identity" in faults:
        weights[off] = torch.eye(n)
    if "minus_infinity" in faults:
        weights[off] = -torch.inf
    if "word_zeroed" in faults:
        values[:, off] = 0
    if "feature_zeroed" in faults:
        values[:, :, off] = 0
    if "query_zeroed" in faults:
        weights[:, off] = 0
    if "softmaxed" in faults:
        weights[off] = 0
        weights = weights.softmax(-1)
    return weights, values


def _switched(faults, heads, off):
    kept = {"not_switched", "uniform", "identity", "minus_infinity", "word_zeroed", "query_zeroed"}
    kept |= {
        "softmaxed",
        "columns",
        "one_row",
        "strided_rows",
        "rows_window",
        "feature_zeroed",
        "wrong_rows_subtracted",
    }
    if kept & set(faults):
        return heads
    places = torch.arange(len(heads))
    options = {
        "only_head": lambda: places == off,
        "only_before": lambda: places < off,
        "only_behind": lambda: places > off,
    }
    on = choose(faults, options, lambda: places != off)
    silent = choose(
        faults,
        {
            "mean_ablated": lambda: heads.mean(1, keepdim=True),
            "mean_of_others": lambda: heads[places != off].mean(0),
            "mean_of_all": lambda: heads.mean(0),
        },
        lambda: torch.zeros_like(heads),
    )
    return torch.where(on[:, None, None], heads, silent)


def _joined(faults, heads, W_o):
    num_heads, n, d_head = heads.shape
    if "averaged" in faults or "summed" in faults:
        mixed = heads.mean(0) if "averaged" in faults else heads.sum(0)
        return mixed if "no_W_o" in faults else mixed @ W_o[:d_head]
    orders = {
        "join_no_swap": lambda: heads,
        "interleaved": lambda: heads.permute(1, 2, 0),
        "reversed": lambda: heads.flip(0).transpose(0, 1),
    }
    joined = choose(faults, orders, lambda: heads.transpose(0, 1)).reshape(n, num_heads * d_head)
    if "no_W_o" in faults:
        return joined
    return joined @ (W_o.T if "W_o_transposed" in faults else W_o)


def _true_without(weights, values, W_o, head):
    others = [h for h in range(len(values)) if h != head]
    heads = torch.zeros_like(values)
    heads[others] = weights[others] @ values[others]
    return attnlib.merge_heads(heads[None])[0] @ W_o


def _off_probe(label, num_heads, n, d_head, d_model, head):
    weights = _normal(num_heads, n, n).softmax(-1)
    parts = {"weights": weights, "values": _normal(num_heads, n, d_head), "W_o": _normal(num_heads * d_head, d_model)}
    return Probe(label, parts | {"head": head})


WITHOUT = Spec(
    name="without_head",
    chapter=5,
    minutes=8,
    difficulty=2,
    oracle=_true_without,
    variant=without_head,
    faults={
        "not_switched": "The head is still on: set what it finds, weights[head] @ values[head], to 0.",
        "only_head": "That is the head alone: it is the one to switch off, the others stay.",
        "only_before": "Only that head is off: the heads behind it stay on.",
        "only_behind": "Only that head is off: the heads before it stay on.",
        "from_one": "Heads are counted from 0: you switch off the one before.",
        "first_off": "Switch off the head that is asked for: yours is always the first.",
        "last_off": "Switch off the head that is asked for: yours is always the last.",
        "uniform": "A head that is off adds nothing: equal weights 1 / n still add the mean of its values. Set its weights to 0.",
        "identity": "A head that is off adds nothing: with the identity as weights it still adds its own values.",
        "minus_infinity": "These are weights, the softmax is done: 0 switches off. Minus infinity is for scores, here it gives NaN or infinity.",
        "softmaxed": "The weights are weights already: a second softmax changes them all, and makes zeros equal shares.",
        "mean_ablated": "A head that is off adds nothing: yours still adds its mean over the words.",
        "mean_of_others": "A head that is off adds nothing: yours puts the mean of the other heads in its place.",
        "mean_of_all": "A head that is off adds nothing: yours puts the mean of all heads in its place.",
        "word_zeroed": "The first axis counts the heads: values[head] = 0 or weights[head] = 0. You take away a word (values[:, head] or weights[..., head]), in all heads.",
        "feature_zeroed": "The first axis of values counts the heads: values[head] = 0. You set a feature to 0, in all heads.",
        "query_zeroed": "The first axis of weights counts the heads: you set a row to 0, a word that looks at nothing.",
        "rescaled": "The other heads stay as they were: do not scale the rest up.",
        "scaled_down": "The other heads stay as they were: do not scale the rest down.",
        "rows_first": "Without the head its own rows of W_o must go, too: each head keeps the rows head * d_head to (head + 1) * d_head.",
        "rows_last": "Each head keeps its own rows of W_o: you leave out the first ones, whichever head is off.",
        "columns": "A head owns rows of W_o, not columns: W_o[head * d_head : (head + 1) * d_head] = 0.",
        "one_row": "A head owns d_head rows of W_o, head * d_head to (head + 1) * d_head; you set a single one to 0.",
        "strided_rows": "A head owns neighbouring rows of W_o, head * d_head to (head + 1) * d_head; you set every num_heads-th one to 0.",
        "rows_window": "The rows of a head start at head * d_head, not at head.",
        "wrong_rows_subtracted": "What the head adds goes through its own rows of W_o, head * d_head to (head + 1) * d_head; you take the first ones.",
        "join_no_swap": "Swap heads and words before you put the heads side by side, (n, num_heads, d_head): `reshape` alone mixes words.",
        "interleaved": "Keep the features of one head together: head 0 first, then head 1, and so on.",
        "reversed": "Keep the order of the heads: head 0 comes first.",
        "averaged": "Put the heads side by side before W_o; you take their mean.",
        "summed": "Put the heads side by side before W_o; you add them up.",
        "no_W_o": "The output matrix W_o is missing: multiply the heads, side by side, by it.",
        "W_o_transposed": "Multiply by W_o as it is, without a transpose.",
        "weights_turned": "Multiply weights[h] @ values[h] as they are: row i holds what word i looks at. Yours are transposed.",
    },
    unpaired=frozenset(
        {
            "only_before",
            "only_behind",
            "first_off",
            "last_off",
            "identity",
            "minus_infinity",
            "softmaxed",
            "mean_ablated",
            "mean_of_others",
            "mean_of_all",
            "feature_zeroed",
            "query_zeroed",
            "word_zeroed",
            "scaled_down",
            "rows_first",
            "rows_last",
            "columns",
            "one_row",
            "strided_rows",
            "rows_window",
            "wrong_rows_subtracted",
            "reversed",
            "averaged",
            "summed",
        }
    ),
    probes=(
        _off_probe("the second of three heads", 3, 5, 2, 7, 1),
        _off_probe("the first of two heads, a square W_o", 2, 4, 3, 6, 0),
        _off_probe("the last of four heads", 4, 6, 2, 5, 3),
        _off_probe("as many heads as words", 3, 3, 4, 11, 1),
    ),
    hints=(
        "What a head adds to the output passes through d_head rows of W_o. What must stand there for it to add nothing?",
        "heads = weights @ values; set heads[head] to 0 on a copy; put the heads side by side; times W_o.",
        "heads[____] = 0; return heads.transpose(____, ____).reshape(n, -1) @ W_o",
    ),
    follow_up="is the output without head 0, plus the output with head 0 alone, the full output? Why?",
)


def cut_edge(faults, scores, query, key):
    """Cut one edge in all heads, with the mistakes in ``faults``."""
    if "scaled_again" in faults:
        scores = scores / scores.shape[-1] ** 0.5
    chosen = _edges(faults, scores, query, key)
    if "late" in faults:
        return weights_of(faults, scores).masked_fill(chosen, 0)
    if {"spread", "given_to_self", "twice", "whole_sum"} & set(faults):
        return _mended(faults, scores.softmax(-1), chosen, query)
    fills = {
        "zero_scores": lambda: 0.0,
        "hundred": lambda: -100.0,
        "tiny": lambda: -1.0,
    }
    scores = scores.masked_fill(chosen, choose(faults, fills, lambda: -torch.inf))
    if "uniform" in faults:
        scores = scores.clone()
        scores[:, query] = torch.where(chosen[:, query], -torch.inf, 0.0)
    return weights_of(faults, scores)


def _edges(faults, scores, query, key):
    """Say which entries are cut: True in the shape of the scores."""
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    options = {
        "not_cut": lambda: (),
        "turned": lambda: ((slice(None), key, query),),
        "both_ways": lambda: ((slice(None), query, key), (slice(None), key, query)),
        "column": lambda: ((slice(None), slice(None), key),),
        "row": lambda: ((slice(None), query),),
        "column_and_row": lambda: ((slice(None), slice(None), key), (slice(None), query)),
        "first_head": lambda: ((0, query, key),),
        "last_head": lambda: ((-1, query, key),),
        "head_axis": lambda: ((query, key),),
        "query_as_head": lambda: ((query, slice(None), key),),
        "all_up_to": lambda: ((slice(None), query, slice(None, key + 1)),),
        "all_behind": lambda: ((slice(None), query, slice(key, None)),),
        "one_behind": lambda: ((slice(None), query, key - 1),),
    }
    for place in choose(faults, options, lambda: ((slice(None), query, key),)):
        chosen[place] = True
    return ~chosen if "inverted" in faults else chosen


def _mended(faults, weights, chosen, query):
    freed = (weights * chosen).sum(-1, keepdim=True)
    kept = weights.masked_fill(chosen, 0)
    if "spread" in faults:
        return torch.where(chosen, 0, kept + freed / (weights.shape[-1] - 1) * chosen.any(-1, keepdim=True))
    if "given_to_self" in faults:
        kept[:, query, query] += freed[:, query, 0]
        return kept
    if "whole_sum" in faults:
        return kept / kept.sum((-2, -1), keepdim=True) * weights.shape[-2]
    return weights.masked_fill(chosen, -torch.inf).softmax(-1)


def _true_cut(scores, query, key):
    """Attend with the scores as queries and the identity as keys, so that every score is its own dot product."""
    n = scores.shape[-1]
    mask = torch.ones(n, n, dtype=torch.bool)
    mask[query, key] = False
    keys = torch.eye(n).expand(1, len(scores), n, n)
    return attnlib.attention_weights(scores[None], keys, mask, scale=1.0)[0]


def _edge_probe(label, num_heads, n, query, key, scores=None):
    scores = 1.5 * _normal(num_heads, n, n) if scores is None else scores
    return Probe(label, {"scores": scores, "query": query, "key": key})


def _far_scores():
    """Two heads: one row of -20000 and less, where the edge is cut, and one row of 1000 and more."""
    scores = _whole(-3, 4, 2, 6, 6)
    scores[:, 2] -= 20000
    scores[:, 4] += 1000
    return scores


CUT = Spec(
    name="cut_edge",
    chapter=5,
    minutes=8,
    difficulty=2,
    oracle=_true_cut,
    variant=cut_edge,
    faults={
        **shared("over_queries", "no_max", "no_division", "winner", "causal"),
        **SOFTMAX,
        "over_heads": "The softmax runs over the keys, the last axis; yours runs over the heads.",
        "late": "Cut before the softmax: a weight set to 0 afterwards leaves a row that no longer sums to 1.",
        "zero_scores": "A score that is cut becomes minus infinity. With 0 (or 1e-9) the key still gets exp(0) = 1 before the division.",
        "tiny": "A score that is cut becomes minus infinity: -1 makes the weight smaller, not 0.",
        "hundred": "A fill such as -100 or -10000 is not small beside scores of -20000: the word that is cut wins. Fill with minus infinity.",
        "not_cut": "The edge is still there: set scores[:, query, key] to minus infinity before the softmax, and use the result.",
        "inverted": "The mask is the wrong way round: only that edge goes, all others stay. (masked_fill fills where the mask is True.)",
        "turned": "Query first, then key: scores[:, query, key]. You cut the way back.",
        "both_ways": "Cut one direction only: key may still look at query.",
        "column": "Only that query loses the key: you take the key away from all words.",
        "row": "The query's row is NaN: set one entry of it, scores[:, query, key], to minus infinity. With a whole row of that, or with plus infinity, nothing is left to share.",
        "column_and_row": "Cut a single entry of each head: you take away a whole row and a whole column.",
        "first_head": "Cut the edge in every head: yours cuts it in head 0 alone.",
        "last_head": "Cut the edge in every head: yours cuts it in the last head alone.",
        "head_axis": "The first axis counts the heads: scores[:, query, key], not scores[query, key].",
        "query_as_head": "The first axis counts the heads, the second the queries: scores[:, query, key].",
        "all_up_to": "Cut the edge to that one key: you take away all keys before it, too.",
        "all_behind": "Cut the edge to that one key: you take away all keys behind it, too.",
        "one_behind": "Places are counted from 0: you cut the key before the right one.",
        "spread": "The words that are left share in proportion to their weights, as softmax does: you give each an equal part of what was freed.",
        "given_to_self": "The words that are left share what was freed in proportion to their weights: you give it all to the query's own word.",
        "whole_sum": "Divide each row by its own sum: yours is the sum over a whole head.",
        "twice": "One softmax, over the scores with the edge cut: a second one makes the weights more equal.",
        "uniform": "The words that are left keep their scores: you make their weights equal.",
        "scaled_again": "The scores are scaled already: do not divide them again.",
    },
    unpaired=frozenset(
        {
            "no_max",
            "one_max",
            "no_division",
            "winner",
            "causal",
            "whole_table",
            "tiny",
            "hundred",
            "column_and_row",
            "last_head",
            "head_axis",
            "query_as_head",
            "all_up_to",
            "all_behind",
            "one_behind",
            "spread",
            "given_to_self",
            "whole_sum",
            "twice",
            "uniform",
            "row",
        }
    ),
    probes=(
        _edge_probe("three heads, five words", 3, 5, 1, 4),
        _edge_probe("two heads, four words", 2, 4, 3, 0),
        _edge_probe("a word that may not look at itself", 4, 3, 2, 2),
        _edge_probe("as many heads as words", 3, 3, 0, 2),
        _edge_probe("scores of -20000 in one row and of 1000 in another", 2, 6, 2, 3, scores=_far_scores()),
    ),
    hints=(
        "What must a score be so that its weight is exactly 0 after the softmax, and the rest of the row still sums to 1?",
        "Copy the scores; set the entry of that query and that key to minus infinity, in all heads; softmax over the keys.",
        "scores[____, query, key] = ____",
    ),
    follow_up="for which edge does a cut change nothing at all?",
)
