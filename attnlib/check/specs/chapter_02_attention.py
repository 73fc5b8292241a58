"""Chapter 2: attention with a mask, with tokens as columns, and for a padded batch, on torch tensors."""

import math

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import SCALES, choose, scale_of, shared

_generator = torch.Generator().manual_seed(212)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _whole(low, high, *shape):
    """Draw whole numbers: their products are exact in float32, so that huge scores are, too."""
    return torch.randint(low, high, shape, generator=_generator).float()


def _softmax(scores, axis=-1):
    return torch.nan_to_num(scores.softmax(dim=axis))


def masked(faults, queries, keys, values, mask):
    """Attention under a mask, with the mistakes in ``faults``."""
    masks = {
        "inverted": lambda: ~mask,
        "mask_transposed": lambda: mask.T,
        "mask_reshaped": lambda: mask.T.reshape(mask.shape),
        "first_mask_row": lambda: mask[:1].expand_as(mask),
        "own_causal": lambda: torch.ones_like(mask).tril(),
        "hidden_for_all": lambda: mask.all(0).expand_as(mask),
        "first_key": lambda: torch.cat([mask[:, :1] | ~mask.any(1, keepdim=True), mask[:, 1:]], dim=1),
    }
    mask, empty = choose(faults, masks, lambda: mask), ~mask.any(1, keepdim=True)
    (num_queries, d_k), num_keys = queries.shape, len(keys)
    sizes = {"by_count": num_keys, "by_queries": num_queries, "by_v": values.shape[1]}
    products = (keys @ queries.T).reshape(num_queries, num_keys) if "reshaped" in faults else queries @ keys.T
    weights = _masked_weights(faults, products / scale_of(faults, d_k, sizes), mask, empty)
    if "any_row" in faults:
        weights = weights * mask.all(1, keepdim=True)
    if "all_rows" in faults and empty.any():
        weights = torch.zeros_like(weights)
    if "scale_late" in faults:
        weights = weights / d_k**0.5
    ways = {
        "weights_only": lambda: weights,
        "keys_as_values": lambda: weights @ keys,
        "mean": lambda: weights @ values / num_keys,
    }
    return choose(faults, ways, lambda: weights @ values)


def _masked_weights(faults, scores, mask, empty):
    axis = 0 if "over_queries" in faults else 1
    by_hand = {"no_max": lambda: 0.0, "one_max": scores.max, "renormalised": lambda: scores.amax(1, keepdim=True)}
    ways = {
        "ignored": lambda: scores.softmax(axis),
        "only_empty": lambda: scores.softmax(axis).masked_fill(empty, 0.0),
        "mask_late": lambda: scores.softmax(axis) * mask,
        "zero_scores": lambda: (scores * mask).softmax(axis),
        "uniform_rows": lambda: scores.masked_fill(~mask, -1e9).softmax(axis),
        "hundred": lambda: scores.masked_fill(~mask, -100.0).softmax(axis).masked_fill(empty, 0.0),
        "nan_rows": lambda: scores.masked_fill(~mask, -math.inf).softmax(axis),
        "zero_times_infinity": lambda: (scores + (~mask).float() * -math.inf).softmax(axis),
        "mask_added": lambda: (scores + mask.float()).softmax(axis),
        "no_softmax": lambda: scores * mask,
        "no_scores": lambda: mask / mask.sum(1, keepdim=True).clamp(min=1),
        **{key: lambda top=top: _by_hand(scores - top(), mask) for key, top in by_hand.items()},
    }
    return choose(faults, ways, lambda: _softmax(scores.masked_fill(~mask, -math.inf), axis))


def _by_hand(scores, mask):
    powers = torch.exp(scores) * mask
    total = powers.sum(1, keepdim=True)
    return torch.where(total > 0, powers / total, 0.0)


def _masked_probe(label, num_queries, num_keys, d_k, d_v, mask):
    parts = {"queries": (num_queries, d_k), "keys": (num_keys, d_k), "values": (num_keys, d_v)}
    return Probe(label, {name: _normal(*shape) for name, shape in parts.items()} | {"mask": mask})


def _some_mask(num_queries, num_keys):
    """Draw a mask with a full row 0, a full column 1 and a last row that hides key 0."""
    mask = torch.rand(num_queries, num_keys, generator=_generator) < 0.5
    mask[0], mask[1, 2], mask[:, 1], mask[-1, 0] = True, False, True, False
    return mask


def _with_empty_row(mask):
    mask[1] = False
    return mask


def _high_probe():
    parts = {"queries": _whole(12, 20, 2, 16), "keys": _whole(20, 24, 3, 16), "values": _normal(3, 2)}
    return Probe("scores above 1000, nothing hidden", parts | {"mask": torch.ones(2, 3, dtype=torch.bool)})


def _far_probe():
    """Row 0 hides a score of 1000 among small ones; row 1 sees scores around -1000 alone."""
    queries, keys = torch.zeros(2, 16), _whole(-2, 3, 4, 16)
    queries[0, 0], queries[1, 1], queries[0, 2], queries[1, 3] = 80.0, -80.0, 1.0, 1.0
    keys[:, 0], keys[:, 1] = torch.tensor([0.0, 50.0, 0.0, 0.0]), 50.0
    mask = torch.tensor([[True, False, True, True], [True, True, False, True]])
    values = _normal(4, 3)
    return Probe(
        "a hidden score of 1000, and a row of scores around -1000",
        {"queries": queries, "keys": keys, "values": values, "mask": mask},
    )


MASKED = Spec(
    name="masked_attention",
    chapter=2,
    minutes=12,
    difficulty=2,
    oracle=attnlib.attention,
    variant=masked,
    faults={
        **shared(*SCALES, "by_count", "by_queries", "by_v", "inverted", "zero_scores", "hundred", "mask_late"),
        **shared("over_queries", "no_softmax", "no_max", "weights_only", "mean", "any_row", "all_rows"),
        "ignored": "The mask has no effect: its False entries must get the weight 0. (`masked_fill` returns a new tensor: use that.)",
        "only_empty": "The mask acts on the rows that are all False alone: in every other row too, False must get the weight 0.",
        "mask_transposed": "Use the mask as it is, rows are queries: transposed, it fits only when it is square.",
        "mask_reshaped": "Use the mask as it is: `reshape` after a transpose puts its entries in other places.",
        "first_mask_row": "Every query has its own row of the mask; yours uses the first row for all.",
        "own_causal": "Use the mask that is handed over: yours hides the future, whatever the mask says.",
        "hidden_for_all": "A key is hidden from those queries alone whose row says False, not from everyone.",
        "first_key": "A query that may look nowhere gets zeros: do not let it look at the first key.",
        "nan_rows": "A query that may look nowhere gives 0 / 0 = NaN: return zeros for its row.",
        "uniform_rows": "A query that may look nowhere must give zeros. A large negative fill such as -1e9 spreads its weight over masked keys: use minus infinity and set that row to 0.",
        "zero_times_infinity": "0 times minus infinity is NaN, so the visible scores are lost: use `masked_fill` or `torch.where`.",
        "mask_added": "Adding True to a score adds 1: hidden scores must become minus infinity, visible ones stay as they are.",
        "renormalised": "Hide the scores before the softmax, and before the row's maximum: next to a huge hidden score the visible weights vanish.",
        "one_max": "Subtract each row's own largest score, not that of the whole table: a row far below it vanishes.",
        "no_scores": "The scores must decide the weights: yours is the plain mean of the visible values.",
        "reshaped": "`reshape` does not transpose: write queries @ keys.T instead of mending the shape of keys @ queries.T.",
        "keys_as_values": "The output is made of values: multiply the weights by the values, not by the keys.",
    },
    unpaired=frozenset(
        {
            "eight",
            "whole_root",
            "by_queries",
            "hundred",
            "only_empty",
            "mask_transposed",
            "mask_reshaped",
            "first_mask_row",
            "own_causal",
            "hidden_for_all",
            "first_key",
            "zero_times_infinity",
            "mask_added",
            "renormalised",
            "one_max",
            "no_scores",
            "reshaped",
            "keys_as_values",
        }
    ),
    probes=(
        _masked_probe("five queries and seven keys", 5, 7, 3, 2, _some_mask(5, 7)),
        _masked_probe("a query that may look nowhere", 3, 5, 7, 11, _with_empty_row(_some_mask(3, 5))),
        _masked_probe("a causal mask", 4, 4, 4, 4, attnlib.causal_mask(4)),
        _high_probe(),
        _far_probe(),
    ),
    hints=(
        "Which score gives the weight 0 after softmax, whatever the other scores are?",
        "Scaled scores; minus infinity where the mask is False; your row_softmax; then times the values.",
        "scores = score_matrix(queries, keys).masked_fill(____, -math.inf)",
    ),
    follow_up="which gradient does a masked key get?",
)


def columns(faults, Q, K, V):
    """Attention with tokens as columns, with the mistakes in ``faults``."""
    d_k, num_keys = K.shape
    num_queries = Q.shape[1]
    scale = scale_of(faults, d_k, {"by_count": num_keys, "by_queries": num_queries, "by_v": len(V)})
    if "row_formula" in faults:
        return (Q @ K.T / Q.shape[1] ** 0.5).softmax(-1) @ V
    if "reshaped" in faults:
        Q, K, V = (part.reshape(part.shape[1], -1).T for part in (Q, K, V))
    scores = (K @ Q if "not_transposed" in faults else K.T @ Q) / scale
    weights = _column_weights(faults, scores)
    weights = weights / d_k**0.5 if "scale_late" in faults else weights
    if "weights_only" in faults:
        return weights
    output = V @ (weights.T if "weights_transposed" in faults else weights)
    output = output / num_keys if "mean" in faults else output
    return output.T if "row_output" in faults else output


def _column_weights(faults, scores):
    ways = {
        "no_softmax": lambda: scores,
        "over_queries": lambda: scores.softmax(1),
        "whole_table": lambda: scores.flatten().softmax(0).reshape(scores.shape),
        "winner": lambda: (scores == scores.amax(0)).float(),
        "no_max": lambda: scores.exp() / scores.exp().sum(0),
        "row_max": lambda: _divided((scores - scores.amax(1, keepdim=True)).exp(), 0),
        "row_sums": lambda: _divided((scores - scores.amax(0)).exp(), 1),
        "no_division": lambda: (scores - scores.amax(0)).exp(),
    }
    return choose(faults, ways, lambda: scores.softmax(0))


def _divided(powers, axis):
    return powers / powers.sum(axis, keepdim=True)


def _column_probe(label, num_queries, num_keys, d_k, d_v):
    parts = {"Q": (d_k, num_queries), "K": (d_k, num_keys), "V": (d_v, num_keys)}
    return Probe(label, {name: _normal(*shape) for name, shape in parts.items()})


COLUMNS = Spec(
    name="column_attention",
    chapter=2,
    minutes=8,
    difficulty=2,
    oracle=lambda Q, K, V: attnlib.attention(Q.T, K.T, V.T).T,
    variant=columns,
    faults={
        **shared(*SCALES, "by_count", "by_v", "no_softmax", "winner", "no_division", "weights_only", "mean"),
        "by_queries": "The scale is sqrt(d_k); in this convention d_k is the first axis of Q: Q.shape[0].",
        "no_max": "Subtract the column's largest score before `exp`: exp(1000) is infinite, and infinity / infinity is NaN.",
        "over_queries": "The softmax runs over the keys: down the columns of K^T Q (dim=0), along the rows of Q^T K. Yours runs over the queries.",
        "whole_table": "Every column gets a softmax of its own (dim=0); yours is one softmax over the whole table.",
        "row_max": "Subtract the largest score of each column, not of each row: that changes the weights within a column.",
        "row_sums": "Divide by the sum of each column (dim=0, with keepdim); you divide by the sums of the rows.",
        "row_formula": "Q K^T is the formula for tokens in rows. With tokens in columns it is A = K^T Q and O = V A.",
        "not_transposed": "Transpose the keys: A = K^T Q compares every key with every query.",
        "reshaped": "`reshape` does not transpose: it puts numbers of different tokens together. Use `.T`.",
        "weights_transposed": "The weights are used transposed: column i of A must hold the weights of query i, then O = V A.",
        "row_output": "The result is in rows: keep the tokens in columns, O = V A.",
    },
    probes=(
        _column_probe("five queries and seven keys", 5, 7, 3, 2),
        _column_probe("three queries, two keys", 3, 2, 11, 13),
        _column_probe("all sizes equal", 4, 4, 4, 4),
        Probe("scores above 1000", {"Q": _whole(12, 20, 16, 2), "K": _whole(20, 24, 16, 3), "V": _normal(2, 3)}),
    ),
    hints=(
        "Entry (j, i) of K^T Q compares key j with query i. Which entries of A belong to query i: a row or a column?",
        "A = K.T @ Q / sqrt(d_k) with d_k = Q.shape[0]; softmax down the columns; O = V @ A.",
        "A = (K.T @ Q / Q.shape[____] ** 0.5).softmax(dim=____)",
    ),
    follow_up="how can you get this result from attnlib.attention with nothing but transposes?",
)


def batch(faults, X, W_q, W_k, W_v, lengths):
    """Self-attention for a padded batch, with the mistakes in ``faults``."""
    if "batch_first" in faults:
        X = X.transpose(0, 1)
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    (count, n, d_model), d_k = X.shape, W_q.shape[1]
    real = _real_keys(faults, lengths, count if "batch_first" in faults else n)
    real = real.T if "batch_first" in faults else real
    if "zero_embeddings" in faults:
        X = X * real[:, :, None]
    queries, keys = X @ (W_k if "queries_from_k" in faults else W_q), X @ (W_q if "keys_from_q" in faults else W_k)
    values = X if "raw_values" in faults else X @ (W_k if "values_from_k" in faults else W_v)
    if "one_big_sentence" in faults:
        return _one_big_sentence(queries, keys, values, real).reshape(count, n, -1)
    products = _batch_products(faults, queries, keys)
    products = products / (
        lengths[:, None, None] ** 0.5
        if "by_length" in faults
        else scale_of(faults, d_k, {"by_model": d_model, "by_count": n})
    )
    weights = _batch_weights(faults, products, _batch_mask(faults, real))
    weights = weights / d_k**0.5 if "scale_late" in faults else weights
    if "weights_only" in faults:
        return weights
    values = values * real[:, :, None] if "zero_keys" in faults else values
    output = weights @ (values[0] if "first_values" in faults else values)
    output = output * real[:, :, None] if "zero_padding" in faults else output
    return output.transpose(0, 1) if "batch_first" in faults else output


def _batch_products(faults, queries, keys):
    ways = {
        "dot_t": lambda: queries @ keys.permute(2, 1, 0),
        "reshaped": lambda: queries @ keys.reshape(len(keys), keys.shape[2], -1),
        "first_keys": lambda: queries @ keys[0].T,
    }
    return choose(faults, ways, lambda: queries @ keys.transpose(1, 2))


def _real_keys(faults, lengths, n):
    changes = {
        "first_length": lambda: lengths[:1].expand_as(lengths),
        "longest_length": lambda: lengths.max().expand_as(lengths),
        "sorted_lengths": lambda: lengths.sort(descending=True).values,
    }
    lengths, position = choose(faults, changes, lambda: lengths)[:, None], torch.arange(n)
    patterns = {
        "one_more": lambda: position <= lengths,
        "one_less": lambda: position < lengths - 1,
        "left": lambda: position >= n - lengths,
        "ignored": lambda: position < n + 0 * lengths,
    }
    real = choose(faults, patterns, lambda: position < lengths)
    return ~real if "inverted" in faults else real


def _batch_mask(faults, real):
    shapes = {
        "query_axis": lambda: real[:, :, None],
        "query_axis_filled": lambda: real[:, :, None],
        "nan_queries": lambda: real[:, :, None],
        "no_axis": lambda: real,
        "causal": lambda: real[:, None, :] & torch.ones(real.shape[1], real.shape[1]).tril().bool(),
    }
    return choose(faults, shapes, lambda: real[:, None, :])


def _batch_weights(faults, products, mask):
    axis = 1 if "over_queries" in faults else 0 if "over_batch" in faults else 2
    ways = {
        "no_softmax": lambda: products * mask,
        "mask_late": lambda: products.softmax(axis) * mask,
        "zero_scores": lambda: (products * mask).softmax(axis),
        "zero_embeddings": lambda: products.softmax(axis),
        "zero_keys": lambda: (products * mask).softmax(axis),
        "query_axis_filled": lambda: products.masked_fill(~mask, -1e9).softmax(axis),
        "nan_queries": lambda: products.masked_fill(~mask, -math.inf).softmax(axis),
        "no_max": lambda: products.exp() * mask / (products.exp() * mask).sum(axis, keepdim=True),
    }
    return choose(faults, ways, lambda: _softmax(products.masked_fill(~mask, -math.inf), axis))


def _one_big_sentence(queries, keys, values, real):
    queries, keys, values = (part.flatten(0, 1) for part in (queries, keys, values))
    scores = (queries @ keys.T / queries.shape[1] ** 0.5).masked_fill(~real.flatten(), -math.inf)
    return scores.softmax(-1) @ values


def _batch_oracle(X, W_q, W_k, W_v, lengths):
    mask = attnlib.padding_mask(lengths, X.shape[1])[:, 0]
    return attnlib.attention(X @ W_q, X @ W_k, X @ W_v, mask)


def _batch_probe(label, count, n, d_model, d_k, d_v, lengths, make=lambda *shape: _normal(*shape, scale=0.7)):
    sizes = {
        "X": (count, n, d_model),
        "W_q": (d_model, d_k),
        "W_k": (d_model, d_k),
        "W_v": (d_model, d_v),
    }
    parts = {name: make(*shape) for name, shape in sizes.items()}
    return Probe(label, parts | {"lengths": torch.tensor(lengths)})


BATCH = Spec(
    name="batch_attention",
    chapter=2,
    minutes=15,
    difficulty=3,
    oracle=_batch_oracle,
    variant=batch,
    faults={
        **shared(*SCALES, "by_model", "by_count", "inverted", "mask_late", "zero_scores", "over_queries", "causal"),
        **shared("first_length", "longest_length", "sorted_lengths", "left", "swapped", "keys_from_q"),
        **shared("queries_from_k", "values_from_k", "raw_values", "no_softmax", "no_max", "weights_only"),
        "by_length": "The scale is the square root of d_k, the length of a query, not of the length of the sentence.",
        "ignored": "The padding takes part: keys behind the end of a sentence must get the weight 0. (Use the scores after masking.)",
        "query_axis": "You hide the padding on the axis of the queries; it must be hidden on the axis of the keys, the last one.",
        "query_axis_filled": "You hide the padding on the axis of the queries, so that their rows get equal weights: hide it on the axis of the keys, the last one, with minus infinity.",
        "nan_queries": "Whole rows of minus infinity become NaN: hide the padding on the key axis, the last one, not on that of the queries.",
        "no_axis": "Give the mask its middle axis, (batch, 1, n): without it the sentences of the mask line up with the queries.",
        "one_more": "One padding key is left in: write position < length, not <=.",
        "one_less": "The last real word is hidden too: a sentence of length 3 has positions 0, 1, 2.",
        "over_batch": "The softmax runs over the keys, the last axis; yours runs over the sentences of the batch.",
        "batch_first": "Words look at the same place in other sentences: the batch is the first axis, so do not swap it with n.",
        "one_big_sentence": "Words look into other sentences of the batch: each sentence attends to itself only.",
        "first_keys": "Each sentence is compared with its own keys; yours uses the keys of the first for all. (np.dot mixes sentences.)",
        "first_values": "Each sentence gathers from its own values; yours uses the values of the first for all.",
        "reshaped": "`reshape` does not transpose: it puts numbers of different words together. Use `.transpose(-2, -1)`.",
        "dot_t": "On three axes `.T` reverses all of them: use `.transpose(-2, -1)` to swap the last two.",
        "zero_embeddings": "Padding rows of zeros still have the score 0, and exp(0) = 1: fill their scores with minus infinity.",
        "zero_keys": "Padding keys of zeros still have the score 0, and exp(0) = 1 stays in the sum: fill their scores with minus infinity instead.",
        "zero_padding": "Leave the rows of the padding queries as they come out: they look at the real words too.",
    },
    unpaired=frozenset(
        {
            "eight",
            "whole_root",
            "by_length",
            "keys_from_q",
            "queries_from_k",
            "longest_length",
            "sorted_lengths",
            "left",
            "causal",
            "nan_queries",
            "no_axis",
            "over_batch",
            "batch_first",
            "one_big_sentence",
            "first_keys",
            "first_values",
            "reshaped",
            "dot_t",
            "zero_embeddings",
            "zero_keys",
            "query_axis_filled",
        }
    ),
    probes=(
        _batch_probe("three sentences of lengths 3, 2 and 4", 3, 6, 7, 3, 2, [3, 2, 4]),
        _batch_probe("two longer sentences", 2, 7, 3, 11, 13, [4, 7]),
        _batch_probe("as many sentences as words", 4, 4, 4, 4, 4, [2, 4, 1, 3]),
        _batch_probe("scores above 1000", 2, 3, 2, 16, 5, [2, 3], make=lambda *shape: _whole(3, 9, *shape)),
    ),
    hints=(
        "Which of the steps of masked_attention change when a batch axis stands in front, and which do not?",
        "Project X (`@` works on the last axes), swap the last two axes of the keys, use make_padding_mask.",
        "scores = queries @ keys.transpose(____, ____) / W_q.shape[____] ** 0.5",
    ),
    follow_up="change the numbers in the padding rows of X. Which rows of your output change?",
)
