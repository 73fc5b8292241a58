"""Chapter 2: attention with a mask, and with tokens as columns, on torch tensors."""

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
        "zeros_hidden": lambda: mask & (queries @ keys.T != 0),
        "first_key": lambda: torch.cat([mask[:, :1] | ~mask.any(1, keepdim=True), mask[:, 1:]], dim=1),
    }
    mask, empty = choose(faults, masks, lambda: mask), ~mask.any(1, keepdim=True)
    (num_queries, d_k), num_keys = queries.shape, len(keys)
    sizes = {"by_count": num_keys, "by_queries": num_queries, "by_v": values.shape[1]}
    ways = {
        "not_transposed": lambda: queries @ keys,
        "swapped": lambda: keys @ queries.T,
        "reshaped": lambda: (keys @ queries.T).reshape(num_queries, num_keys),
    }
    products = choose(faults, ways, lambda: queries @ keys.T)
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
    visible = scores.masked_fill(~mask, -math.inf)
    by_hand = {
        "no_max": lambda: 0.0,
        "one_max": scores.max,
        "renormalised": lambda: scores.amax(1, keepdim=True),
    }
    ways = {
        "ignored": lambda: scores.softmax(axis),
        "only_empty": lambda: scores.softmax(axis).masked_fill(empty, 0.0),
        "mask_late": lambda: scores.softmax(axis) * mask,
        "zero_scores": lambda: (scores * mask).softmax(axis),
        "uniform_rows": lambda: scores.masked_fill(~mask, -1e9).softmax(axis),
        "hundred": lambda: scores.masked_fill(~mask, -100.0).softmax(axis).masked_fill(empty, 0.0),
        "fill_added": lambda: (scores + (~mask).float() * -1e4).softmax(axis).masked_fill(empty, 0.0),
        "nan_rows": lambda: visible.softmax(axis),
        "all_ones": mask.float,
        "no_keepdims": lambda: torch.nan_to_num(_powers(visible) / _powers(visible).sum(1)),
        "scores_lost": lambda: torch.zeros_like(scores),
        "one_visible_max": lambda: _by_hand(visible - visible.max().clamp(min=-1e30), mask),
        "zero_times_infinity": lambda: (scores + (~mask).float() * -math.inf).softmax(axis),
        "mask_added": lambda: (scores + mask.float()).softmax(axis),
        "no_softmax": lambda: scores * mask,
        "no_scores": lambda: mask / mask.sum(1, keepdim=True).clamp(min=1),
        **{key: lambda top=top: _by_hand(scores - top(), mask) for key, top in by_hand.items()},
    }
    return choose(faults, ways, lambda: _softmax(visible, axis))


def _powers(scores):
    return torch.exp(scores - scores.amax(-1, keepdim=True).clamp(min=-1e30))


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


def _empty_probe():
    """The query that may look nowhere is zeros: whatever is added to its scores, its weights would be equal."""
    probe = _masked_probe("a query that may look nowhere", 3, 5, 7, 11, _with_empty_row(_some_mask(3, 5)))
    probe.arguments["queries"][1] = 0
    return probe


def _high_probe():
    parts = {"queries": _whole(12, 20, 3, 16), "keys": _whole(20, 24, 4, 16), "values": _normal(4, 2)}
    parts["queries"][2] = 0
    label = "scores above 1000, a last query of zeros, nothing hidden"
    return Probe(label, parts | {"mask": torch.ones(3, 4, dtype=torch.bool)})


def _far_probe():
    """Row 0 hides a score of 200000 among small ones; row 1 sees scores around -200000 alone, 100 apart."""
    queries, keys = torch.zeros(2, 16), _whole(-2, 3, 4, 16)
    queries[0, 0], queries[1, 1], queries[0, 2], queries[1, 3] = 16000.0, -16000.0, 1.0, 400.0
    keys[:, 0], keys[:, 1] = torch.tensor([0.0, 50.0, 0.0, 0.0]), 50.0
    keys[:, 3] = torch.tensor([0.0, 1.0, -1.0, 2.0])
    mask = torch.tensor([[True, False, True, True], [True, True, False, True]])
    values = _normal(4, 3)
    return Probe(
        "a hidden score of 200000, and a row of scores around -200000",
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
        **shared("all_ones", "zeros_hidden"),
        "fill_added": "Put minus infinity into the place of a hidden score: with -1e4 added to it, a score of 200000 still wins.",
        "not_transposed": "The columns of the right factor must be the keys: queries @ keys.T.",
        "swapped": "Row i belongs to query i: write queries @ keys.T, not keys @ queries.T.",
        **shared("no_keepdims"),
        "ignored": "The mask has no effect: its False entries must get the weight 0. (`masked_fill` returns a new tensor: use that.)",
        "only_empty": "The mask acts on the rows that are all False alone: in every other row too, False must get the weight 0.",
        "mask_transposed": "Use the mask as it is, rows are queries: transposed, it fits only when it is square.",
        "mask_reshaped": "Use the mask as it is: `reshape` after a transpose puts its entries in other places.",
        "first_mask_row": "Every query has its own row of the mask; yours uses the first row for all.",
        "own_causal": "Use the mask that is handed over: yours hides the future, whatever the mask says.",
        "hidden_for_all": "A key is hidden from those queries alone whose row says False, not from everyone.",
        "first_key": "A query that may look nowhere gets zeros: do not let it look at the first key.",
        "nan_rows": "A query that may look nowhere gives 0 / 0 = NaN: return zeros for its row.",
        "uniform_rows": "A query that may look nowhere must give zeros: yours looks at masked keys, as a large negative fill such as -1e9 makes it do. Use minus infinity, and set that row to 0.",
        "zero_times_infinity": "0 times minus infinity is NaN, so the visible scores are lost: use `masked_fill` or `torch.where`.",
        "scores_lost": "All weights have become 0. 0 times minus infinity is NaN, and `nan_to_num` makes it 0: use `masked_fill` or `torch.where`.",
        "mask_added": "Adding True to a score adds 1: hidden scores must become minus infinity, visible ones stay as they are.",
        "renormalised": "Hide the scores before the softmax, and before the row's maximum: next to a huge hidden score the visible weights vanish.",
        "one_max": "Subtract each row's own largest score, not that of the whole table: a row far below it vanishes.",
        "one_visible_max": "Subtract each row's own largest score, not the largest of all that is visible: a row far below it vanishes.",
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
            "scores_lost",
            "mask_added",
            "renormalised",
            "one_max",
            "one_visible_max",
            "fill_added",
            "all_ones",
            "no_keepdims",
            "zeros_hidden",
            "not_transposed",
            "swapped",
            "no_scores",
            "reshaped",
            "keys_as_values",
        }
    ),
    probes=(
        _masked_probe("five queries and seven keys", 5, 7, 3, 2, _some_mask(5, 7)),
        _empty_probe(),
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
    ways = {"not_transposed": lambda: K @ Q, "swapped": lambda: Q.T @ K}
    scores = choose(faults, ways, lambda: K.T @ Q) / scale
    weights = _column_weights(faults, scores)
    weights = weights / d_k**0.5 if "scale_late" in faults else weights
    if "weights_only" in faults:
        return weights
    V = K if "keys_as_values" in faults else V
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
        "all_ones": lambda: torch.ones_like(scores),
        "one_max": lambda: _divided((scores - scores.max()).exp(), 0),
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


def _high_columns():
    parts = {"Q": _whole(12, 20, 16, 2), "K": _whole(20, 24, 16, 3), "V": _normal(2, 3)}
    parts["Q"][:, 0] = 0
    return Probe("scores above 1000, and a first query of zeros", parts)


COLUMNS = Spec(
    name="column_attention",
    chapter=2,
    minutes=8,
    difficulty=2,
    oracle=lambda Q, K, V: attnlib.attention(Q.T, K.T, V.T).T,
    variant=columns,
    faults={
        **shared(
            *SCALES, "by_count", "by_v", "no_softmax", "winner", "no_division", "weights_only", "mean", "all_ones"
        ),
        "by_queries": "The scale is sqrt(d_k); in this convention d_k is the first axis of Q: Q.shape[0].",
        "no_max": "Subtract the column's largest score before `exp`: exp(1000) is infinite, and infinity / infinity is NaN.",
        "over_queries": "The softmax runs over the keys: down the columns of K^T Q (dim=0), along the rows of Q^T K. Yours runs over the queries.",
        "whole_table": "Every column gets a softmax of its own (dim=0); yours is one softmax over the whole table.",
        "one_max": "Subtract each column's own largest score, not that of the whole table: a column far below it becomes 0 / 0.",
        "row_max": "Subtract the largest score of each column, not of each row: that changes the weights within a column.",
        "row_sums": "Divide by the sum of each column (dim=0, with keepdim); you divide by the sums of the rows.",
        "row_formula": "Q K^T is the formula for tokens in rows. With tokens in columns it is A = K^T Q and O = V A.",
        "swapped": "Queries and keys are swapped: with tokens in columns A = K^T Q has the keys in its rows.",
        "keys_as_values": "The output is made of values: O = V A. You multiply the keys by the weights.",
        "not_transposed": "Transpose the keys: A = K^T Q compares every key with every query.",
        "reshaped": "`reshape` does not transpose: it puts numbers of different tokens together. Use `.T`.",
        "weights_transposed": "The weights are used transposed: column i of A must hold the weights of query i, then O = V A.",
        "row_output": "The result is in rows: keep the tokens in columns, O = V A.",
    },
    probes=(
        _column_probe("five queries and seven keys", 5, 7, 3, 2),
        _column_probe("three queries, two keys", 3, 2, 11, 13),
        _column_probe("all sizes equal", 4, 4, 4, 4),
        _high_columns(),
    ),
    hints=(
        "Entry (j, i) of K^T Q compares key j with query i. Which entries of A belong to query i: a row or a column?",
        "A = K.T @ Q / sqrt(d_k) with d_k = Q.shape[0]; softmax down the columns; O = V @ A.",
        "A = (K.T @ Q / Q.shape[____] ** 0.5).softmax(dim=____)",
    ),
    follow_up="how can you get this result from attnlib.attention with nothing but transposes?",
)
