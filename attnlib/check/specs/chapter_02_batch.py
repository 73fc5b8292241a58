"""Chapter 2: attention for a padded batch, on torch tensors."""

import math

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import SCALES, choose, scale_of, shared

_generator = torch.Generator().manual_seed(222)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _whole(low, high, *shape):
    """Draw whole numbers: their products are exact in float32, so that huge scores are, too."""
    return torch.randint(low, high, shape, generator=_generator).float()


def batch(faults, X, W_q, W_k, W_v, lengths):
    """Self-attention for a padded batch, with the mistakes in ``faults``."""
    turned = bool({"batch_first", "batch_first_nan"} & set(faults))
    if turned:
        X = X.transpose(0, 1)
    if "matrices_transposed" in faults:
        W_q, W_k, W_v = W_q.T, W_k.T, W_v.T
    values_from = W_k if "values_from_k" in faults else W_v
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    (count, n, d_model), d_k = X.shape, W_q.shape[1]
    real = _real_keys(faults, lengths, count if turned else n)
    real = real.T if turned else real
    if {"zero_embeddings", "zeroed_too"} & set(faults):
        X = X * real[:, :, None]
    queries, keys = X @ (W_k if "queries_from_k" in faults else W_q), X @ (W_q if "keys_from_q" in faults else W_k)
    values = X if "raw_values" in faults else X @ values_from
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
    return output.transpose(0, 1) if turned else output


def _batch_products(faults, queries, keys):
    ways = {
        "dot_t": lambda: queries @ keys.permute(2, 1, 0),
        "reshaped": lambda: queries @ keys.reshape(len(keys), keys.shape[2], -1),
        "first_keys": lambda: queries @ keys[0].T,
        "not_transposed": lambda: queries @ keys,
        "words_and_batch": lambda: queries @ keys.transpose(0, 1),
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
    return ~real if {"inverted", "inverted_nan"} & set(faults) else real


def _batch_mask(faults, real):
    shapes = {
        "query_axis": lambda: real[:, :, None],
        "query_axis_filled": lambda: real[:, :, None],
        "nan_queries": lambda: real[:, :, None],
        "nan_padding": lambda: real[:, None, :] & real[:, :, None],
        "square_filled": lambda: real[:, None, :] & real[:, :, None],
        "no_axis": lambda: real,
        "causal": lambda: real[:, None, :] & torch.ones(real.shape[1], real.shape[1]).tril().bool(),
    }
    return choose(faults, shapes, lambda: real[:, None, :])


def _batch_weights(faults, products, mask):
    axes = {key: lambda: 1 for key in ("over_queries", "over_queries_nan")}
    axis = choose(faults, axes | {key: lambda: 0 for key in ("over_batch", "over_batch_nan")}, lambda: 2)
    if "zeros_hidden" in faults:
        mask = mask & (products != 0)
    visible = products.masked_fill(~mask, -math.inf)
    ways = {
        "no_softmax": lambda: products * mask,
        "all_ones": lambda: mask.float().expand_as(products),
        "zero_times_infinity": lambda: products * math.nan,
        "hundred": lambda: products.masked_fill(~mask, -100.0).softmax(axis),
        "one_max": lambda: _shares((visible - visible.max()).exp()),
        "one_max_each": lambda: _shares((visible - visible.amax((1, 2), keepdim=True)).exp()),
        "renormalised": lambda: _shares((products - products.amax(2, keepdim=True)).exp() * mask),
        "no_keepdims": lambda: _powers(visible) / _powers(visible).sum(2)[:, None, :],
        "sums_beside": lambda: _powers(visible) / _powers(visible).sum(2),
        "square_filled": lambda: products.masked_fill(~mask, -1e9).softmax(axis),
        "mask_late": lambda: products.softmax(axis) * mask,
        "zero_scores": lambda: (products * mask).softmax(axis),
        "zero_embeddings": lambda: products.softmax(axis),
        "zero_keys": lambda: (products * mask).softmax(axis),
        "query_axis": lambda: torch.nan_to_num(visible.softmax(axis)),
        "query_axis_filled": lambda: products.masked_fill(~mask, -1e9).softmax(axis),
        "no_max": lambda: products.exp() * mask / (products.exp() * mask).sum(axis, keepdim=True),
    }
    raw = {"over_queries_nan", "over_batch_nan", "batch_first_nan", "inverted_nan", "nan_queries", "nan_padding"}
    weights = choose(faults, ways, lambda: visible.softmax(axis))
    return weights if {*raw, "zeros_hidden", *ways} & set(faults) else torch.nan_to_num(weights)


def _powers(scores):
    return torch.exp(scores - scores.amax(-1, keepdim=True).clamp(min=-1e30))


def _shares(powers):
    return powers / powers.sum(2, keepdim=True)


def _one_big_sentence(queries, keys, values, real):
    queries, keys, values = (part.flatten(0, 1) for part in (queries, keys, values))
    scores = (queries @ keys.T / queries.shape[1] ** 0.5).masked_fill(~real.flatten(), -math.inf)
    return scores.softmax(-1) @ values


def _batch_oracle(X, W_q, W_k, W_v, lengths):
    mask = attnlib.padding_mask(lengths, X.shape[1])[:, 0]
    return attnlib.attention(X @ W_q, X @ W_k, X @ W_v, mask)


def _batch_probe(label, count, n, d_model, d_k, d_v, lengths):
    sizes = {
        "X": (count, n, d_model),
        "W_q": (d_model, d_k),
        "W_k": (d_model, d_k),
        "W_v": (d_model, d_v),
    }
    parts = {name: _normal(*shape, scale=0.7) for name, shape in sizes.items()}
    return Probe(label, parts | {"lengths": torch.tensor(lengths)})


def _huge_probe():
    """Sentence 0 has a word of zeros; in sentence 1 the padding finds itself at +1e6 and the words at -1e6."""
    X = torch.tensor([[[40.0, 41], [0, 0], [-42, -44]], [[45, 43], [41, 44], [-44, -42]]])
    parts = {"X": X, "W_q": _whole(5, 9, 2, 16), "W_k": _whole(5, 9, 2, 16), "W_v": _whole(-3, 4, 2, 5)}
    return Probe("scores around a million, and a word of zeros", parts | {"lengths": torch.tensor([3, 2])})


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
        **shared("matrices_transposed", "all_ones", "no_keepdims", "zeros_hidden", "hundred"),
        "sums_beside": "Keep the axis in the sum (`keepdim=True`): without it the sums of one sentence meet the weights of another.",
        "one_max": "Subtract each row's own largest score, not that of the whole batch: rows far below it become 0 / 0.",
        "one_max_each": "Subtract each row's own largest score, not that of the whole sentence: rows far below it become 0 / 0.",
        "renormalised": "Hide the scores before the row's maximum is taken: next to a huge hidden score the visible weights become 0 / 0.",
        "zero_times_infinity": "0 times minus infinity is NaN, so the visible scores are lost: use `masked_fill` or `torch.where`.",
        "not_transposed": "Every query meets every key: swap the last two axes of the keys, queries @ keys.transpose(-2, -1).",
        "words_and_batch": "Swap the last two axes of the keys, `.transpose(-2, -1)`; you swap the batch and the words.",
        "nan_padding": "Hide the padding keys alone: with the padding queries hidden too, their rows are all minus infinity and become NaN.",
        "square_filled": "Hide the padding keys alone: with the padding queries hidden too, their rows get equal weights.",
        "zeroed_too": "Leave the padding rows of X as they are: set to zeros, their own outputs become plain means.",
        "by_length": "The scale is the square root of d_k, the length of a query, not of the length of the sentence.",
        "ignored": "The padding takes part: keys behind the end of a sentence must get the weight 0. (Use the scores after masking.)",
        "query_axis": "You hide the padding on the axis of the queries; it must be hidden on the axis of the keys, the last one.",
        "query_axis_filled": "You hide the padding on the axis of the queries, so that their rows get equal weights: hide it on the axis of the keys, the last one, with minus infinity.",
        "nan_queries": "Whole rows of minus infinity become NaN: hide the padding on the key axis, the last one, not on that of the queries.",
        "no_axis": "Give the mask its middle axis, (batch, 1, n): without it the sentences of the mask line up with the queries.",
        "one_more": "One padding key is left in: write position < length, not <=.",
        "one_less": "The last real word is hidden too: a sentence of length 3 has positions 0, 1, 2.",
        "inverted_nan": "The mask is used the wrong way round: a full sentence then has no key left, hence the NaN. True means that a query may look there.",
        "over_queries_nan": "The softmax runs over the keys, the last axis; yours runs over the queries, hence the NaN in the columns of padding keys.",
        "over_batch_nan": "The softmax runs over the keys, the last axis; yours runs over the sentences, hence the NaN where all of them are padded.",
        "batch_first_nan": "Words look at the same place in other sentences (hence the NaN where all are padded): do not swap the batch, axis 0, with n.",
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
            "matrices_transposed",
            "all_ones",
            "no_keepdims",
            "sums_beside",
            "zeros_hidden",
            "hundred",
            "one_max",
            "one_max_each",
            "renormalised",
            "zero_times_infinity",
            "not_transposed",
            "words_and_batch",
            "over_batch_nan",
            "batch_first_nan",
            "nan_padding",
            "square_filled",
            "zeroed_too",
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
        _huge_probe(),
    ),
    hints=(
        "Which of the steps of masked_attention change when a batch axis stands in front, and which do not?",
        "Project X (`@` works on the last axes), swap the last two axes of the keys, use make_padding_mask.",
        "scores = queries @ keys.transpose(____, ____) / W_q.shape[____] ** 0.5",
    ),
    follow_up="change the numbers in the padding rows of X. Which rows of your output change?",
)
