"""Chapter 2: the same steps for all words at once, with masks and batches, on torch tensors."""

import math

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import shared

_generator = torch.Generator().manual_seed(202)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _scale(faults, d_k, count):
    if "no_scale" in faults:
        return 1.0
    size = count if "by_count" in faults else d_k
    return size if "by_d" in faults else size**-0.5 if "times" in faults else size**0.5


def _softmax(scores, axis=-1):
    nowhere = (scores == -math.inf).all(dim=axis, keepdim=True)
    return scores.masked_fill(nowhere, 0.0).softmax(dim=axis).masked_fill(nowhere, 0.0)


def projections(faults, X, W_q, W_k, W_v):
    """Queries, keys and values, with the mistakes in ``faults``."""
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    queries = X @ W_q
    keys = queries if "keys_from_q" in faults else X @ W_k
    values = X if "raw_values" in faults else X @ (W_k if "values_from_k" in faults else W_v)
    parts = (values, queries, keys) if "values_first" in faults else (queries, keys, values)
    if "columns" in faults:
        parts = tuple(part.T for part in parts)
    if "side_by_side" in faults:
        return torch.cat(parts, dim=-1)
    return tuple(part.softmax(-1) for part in parts) if "softmaxed" in faults else parts


def _projection_probe(label, n, d_model, d_k, d_v):
    X, W_q, W_k, W_v = (_normal(*s) for s in ((n, d_model), (d_model, d_k), (d_model, d_k), (d_model, d_v)))
    return Probe(label, {"X": X, "W_q": W_q, "W_k": W_k, "W_v": W_v})


PROJECT = Spec(
    name="project_qkv",
    several=True,
    chapter=2,
    minutes=4,
    difficulty=1,
    oracle=lambda X, W_q, W_k, W_v: (X @ W_q, X @ W_k, X @ W_v),
    variant=projections,
    faults={
        **shared("swapped", "keys_from_q", "values_from_k", "raw_values"),
        "values_first": "Return them in the order (Q, K, V).",
        "columns": "Your three results are transposed: rows are tokens, so it is X @ W and not (X @ W).T.",
        "side_by_side": "Return a tuple of three tensors, not one with the three side by side.",
        "softmaxed": "Only the products are asked for here: no softmax yet.",
    },
    probes=(
        _projection_probe("five tokens", 5, 7, 3, 2),
        _projection_probe("equal sizes", 4, 4, 4, 4),
    ),
    hints=(
        "In chapter 1 one embedding times W_q gave one query. What does a matrix of n embeddings times W_q give?",
        "Three matrix products, one for each weight matrix, all with X on the left.",
        "return X @ ____, X @ ____, X @ ____",
    ),
    follow_up="could one matrix product do all three? Which shape would its weight matrix have?",
)


def scores(faults, queries, keys):
    """All scaled scores, with the mistakes in ``faults``."""
    if "cosine" in faults:
        queries = queries / queries.norm(dim=-1, keepdim=True)
        keys = keys / keys.norm(dim=-1, keepdim=True)
    if "not_transposed" in faults:
        return queries @ keys
    products = queries @ keys.T
    products = products / 8 if "eight" in faults else products / _scale(faults, queries.shape[1], len(keys))
    if "transposed" in faults:
        products = products.T
    return products.softmax(-1) if "softmaxed" in faults else products


def _score_probe(label, num_queries, num_keys, d_k):
    return Probe(label, {"queries": _normal(num_queries, d_k), "keys": _normal(num_keys, d_k)})


SCORE_MATRIX = Spec(
    name="score_matrix",
    chapter=2,
    minutes=5,
    difficulty=1,
    oracle=lambda queries, keys: queries @ keys.T / queries.shape[1] ** 0.5,
    variant=scores,
    faults={
        **shared("no_scale", "by_d", "times", "by_count", "eight"),
        "not_transposed": "The columns of the right factor must be the keys: queries @ keys.T.",
        "transposed": "Row i belongs to query i: you computed keys @ queries.T, which is the transpose.",
        "cosine": "No division by the lengths of the vectors: only by sqrt(d_k).",
        "softmaxed": "The softmax is the next exercise: return the scores.",
    },
    probes=(
        _score_probe("five queries, seven keys", 5, 7, 3),
        _score_probe("as many queries as keys", 4, 4, 11),
        _score_probe("all sizes equal", 3, 3, 3),
    ),
    hints=(
        "Entry (i, j) of a matrix product is row i on the left times column j on the right. What must the columns be?",
        "Multiply the queries by the transposed keys, then divide by the root of d_k, the last axis of the queries.",
        "return queries @ keys.____ / queries.shape[____] ** 0.5",
    ),
    follow_up="how many multiplications did one line of code start?",
)


def rows(faults, scores):
    """Softmax of every row with masked scores, with the mistakes in ``faults``."""
    masked = scores == -math.inf
    scores = scores.masked_fill(masked, 0.0) if "zero_scores" in faults else scores
    if "no_exp" in faults:
        return scores / scores.sum(-1, keepdim=True)
    axis = 0 if "over_queries" in faults else 1
    top = scores.amax(axis, keepdim=True)
    if "no_max" in faults or "one_max" in faults:
        top = scores.max() if "one_max" in faults else 0.0
    elif "nan_rows" not in faults:
        top = top.masked_fill(top == -math.inf, 0.0)
    powers = torch.exp(scores - top)
    total = powers.sum() if "whole_array" in faults else powers.sum(axis, keepdim=True)
    if "no_keepdims" in faults:
        total = total.squeeze(axis)
    weights = powers if "no_division" in faults else powers / total
    if "uniform_rows" in faults:
        return torch.where(masked.all(1, keepdim=True), 1 / scores.shape[1], weights)
    if "nan_rows" in faults or "no_division" in faults:
        return weights
    return torch.where(masked.all(1, keepdim=True), 0.0, weights)


def _with_masked(scores, *places):
    scores[tuple(zip(*places, strict=True))] = -math.inf
    return scores


ROW_SOFTMAX = Spec(
    name="row_softmax",
    chapter=2,
    minutes=8,
    difficulty=2,
    oracle=lambda scores: _softmax(scores),
    variant=rows,
    faults={
        **shared("over_queries", "zero_scores"),
        "whole_array": "Divide every row by its own sum; yours divides by the sum of the whole matrix.",
        "no_keepdims": "Keep the axis in the sum (`keepdim=True`): without it the row sums line up with the columns.",
        "nan_rows": "A row that is all minus infinity becomes 0 / 0 = NaN: catch that row and return zeros for it.",
        "uniform_rows": "A row that is all minus infinity must become zeros; yours spreads the weight over masked keys.",
        "no_max": "Subtract the row's largest score before `exp`: exp(300) is infinite in float32.",
        "one_max": "Subtract each row's own largest score, not that of the whole matrix: a low row becomes 0 / 0.",
        "no_division": "Divide the exponentials by their sum, so that every row sums to 1.",
        "no_exp": "Take `exp` of the scores first: dividing raw scores by their sum can give negative weights.",
    },
    probes=(
        Probe("a matrix of scores", {"scores": _normal(3, 5)}),
        Probe("a square of scores", {"scores": _normal(4, 4)}),
        Probe("some masked scores", {"scores": _with_masked(_normal(5, 3), (0, 1), (3, 0), (3, 2))}),
        Probe(
            "a row that is all masked",
            {"scores": _with_masked(_normal(3, 2), (1, 0), (1, 1), (2, 0))},
        ),
        Probe(
            "scores around 300 and -300",
            {"scores": _normal(2, 5) + torch.tensor([[300.0], [-300.0]])},
        ),
    ),
    hints=(
        "What is exp(-infinity)? And what is -infinity minus the largest score, when that is -infinity too?",
        "Softmax along the last axis as in chapter 1. Find the rows that are all -inf and put zeros there.",
        "nowhere = (scores == -math.inf).all(dim=____, keepdim=True)",
    ),
    follow_up="why are zeros for an all-masked row a better answer than equal weights?",
    properties=(
        ("no weight is negative", lambda value, _: bool((value >= 0).all())),
        (
            "the rows sum to 1 where they should",
            lambda value, wanted: abs(value.sum(1) - wanted.sum(1)).max() < 1e-4,
        ),
    ),
)


def causal(faults, num_queries):
    """The causal mask, with the mistakes in ``faults``."""
    position = torch.arange(num_queries)
    query, key = position[:, None], position[None, :]
    patterns = {
        "inverted": key > query,
        "upper": key >= query,
        "no_self": key < query,
        "one_ahead": key <= query + 1,
        "everywhere": key < num_queries + 0 * query,
        "only_self": key == query,
        "reversed": key >= num_queries - 1 - query,
    }
    mask = next((patterns[name] for name in patterns if name in faults), key <= query)
    if "additive" in faults:
        return torch.zeros(num_queries, num_queries).masked_fill(~mask, -math.inf)
    return mask.float() if "not_boolean" in faults else mask


CAUSAL = Spec(
    name="make_causal_mask",
    chapter=2,
    minutes=5,
    difficulty=1,
    oracle=attnlib.causal_mask,
    variant=causal,
    faults={
        **shared("not_boolean"),
        "inverted": "True means may look: you marked what is to be hidden. Turn the mask round.",
        "upper": "That shows each position its future: rows are queries, columns keys, so take the lower triangle.",
        "no_self": "A position may look at itself: the diagonal must be True (the first row would be empty).",
        "one_ahead": "Position i sees i + 1, one word of the future: the diagonal is shifted by one.",
        "everywhere": "This mask hides nothing: position i may look only at positions up to i.",
        "only_self": "Each position sees itself alone; it may look at everything before it too.",
        "reversed": "The triangle is the wrong way round from left to right: row 0 sees key 0 only.",
        "additive": "0 and minus infinity are what is added to the scores; here True and False are asked for.",
    },
    probes=(
        Probe("five positions", {"num_queries": 5}),
        Probe("two positions", {"num_queries": 2}),
        Probe("one position", {"num_queries": 1}),
    ),
    hints=(
        "Write the mask for three words on paper. Which of the nine entries are True?",
        "Start from a square of True and keep its lower triangle; or compare the column number with the row number.",
        "return torch.ones(n, n, dtype=torch.bool).____()",
    ),
    follow_up="how many of the n * n entries are True, and what does that say about wasted work?",
    properties=(("the diagonal", lambda value, wanted: (value.diagonal() == wanted.diagonal()).all()),),
)


def padding(faults, lengths, num_keys):
    """The padding mask, with the mistakes in ``faults``."""
    lengths, position = torch.as_tensor(lengths)[:, None], torch.arange(num_keys)
    if "first_length" in faults:
        lengths = lengths[:1].expand_as(lengths)
    mask = position < lengths
    if "one_more" in faults:
        mask = position <= lengths
    if "one_less" in faults:
        mask = position < lengths - 1
    if "left" in faults:
        mask = position >= num_keys - lengths
    mask = ~mask if "inverted" in faults else mask
    mask = mask.float() if "not_boolean" in faults else mask
    if "two_axes" in faults:
        return mask
    if "query_axis" in faults:
        return mask[:, :, None]
    if "square" in faults:
        return mask[:, None, :] * mask[:, :, None]
    return mask[:, None, None, :] if "four_axes" in faults else mask[:, None, :]


PADDING = Spec(
    name="make_padding_mask",
    chapter=2,
    minutes=6,
    difficulty=2,
    oracle=lambda lengths, num_keys: attnlib.padding_mask(lengths, num_keys)[:, 0],
    variant=padding,
    faults={
        **shared("first_length", "not_boolean"),
        "inverted": "True means may look: you marked the padding. Turn the mask round.",
        "one_more": "A sentence of length 3 has positions 0, 1, 2: write position < length, not <=.",
        "one_less": "The last word is hidden: a sentence of length 3 has positions 0, 1, 2.",
        "left": "The padding stands behind the words: True for the first lengths[b] keys.",
        "two_axes": "Add the axis of the queries: (batch, 1, num_keys), so that the mask fits the scores of a batch.",
        "query_axis": "The padding must be hidden on the key axis, the last one; yours is on the axis of the queries.",
        "square": "Hide the padding keys alone, with shape (batch, 1, num_keys): padding queries may keep looking.",
        "four_axes": "Three axes are asked for, (batch, 1, num_keys): there are no heads yet.",
    },
    probes=(
        Probe("three sentences", {"lengths": torch.tensor([2, 5, 3]), "num_keys": 5}),
        Probe("two sentences, one of them empty", {"lengths": torch.tensor([0, 4]), "num_keys": 7}),
    ),
    hints=(
        "Which comparison between a position and a length is true for words and false for padding?",
        "Compare torch.arange(num_keys) with lengths as a column, then add the axis of size 1 in the middle.",
        "return (torch.arange(num_keys) < lengths[:, ____])[:, ____, :]",
    ),
    follow_up="why does nobody need to hide the padding on the axis of the queries?",
)


def masked(faults, queries, keys, values, mask):
    """Attention under a mask, with the mistakes in ``faults``."""
    mask = ~mask if "inverted" in faults else mask
    products = queries @ keys.T / _scale(faults, queries.shape[1], len(keys))
    if "ignored" in faults or "mask_late" in faults:
        weights = products.softmax(0 if "over_queries" in faults else 1)
    elif "zero_scores" in faults:
        weights = (products * mask).softmax(1)
    elif "uniform_rows" in faults:
        weights = products.masked_fill(~mask, -1e9).softmax(0 if "over_queries" in faults else 1)
    elif "nan_rows" in faults:
        weights = products.masked_fill(~mask, -math.inf).softmax(0 if "over_queries" in faults else 1)
    else:
        weights = _softmax(products.masked_fill(~mask, -math.inf), 0 if "over_queries" in faults else 1)
    if "no_softmax" in faults:
        weights = products * mask
    weights = weights * mask if "mask_late" in faults else weights
    return weights if "weights_only" in faults else weights @ values


def _masked_probe(label, num_queries, num_keys, d_k, d_v, mask):
    parts = {"queries": (num_queries, d_k), "keys": (num_keys, d_k), "values": (num_keys, d_v)}
    return Probe(label, {name: _normal(*shape) for name, shape in parts.items()} | {"mask": mask})


def _some_mask(num_queries, num_keys):
    mask = torch.rand(num_queries, num_keys, generator=_generator) < 0.6
    mask[:, 0], mask[-1, 0], mask[-1, 1] = True, False, True
    return mask


def _with_empty_row(mask):
    mask[1] = False
    return mask


MASKED = Spec(
    name="masked_attention",
    chapter=2,
    minutes=12,
    difficulty=2,
    oracle=attnlib.attention,
    variant=masked,
    faults={
        **shared(
            "no_scale",
            "by_d",
            "times",
            "by_count",
            "inverted",
            "zero_scores",
            "mask_late",
            "over_queries",
            "no_softmax",
            "weights_only",
        ),
        "ignored": "The mask is not used: its False entries must get the weight 0.",
        "nan_rows": "A query that may look nowhere gives 0 / 0 = NaN: return zeros for its row.",
        "uniform_rows": "A query that may look nowhere must give zeros. A large negative fill such as -1e9 spreads its weight over masked keys: use minus infinity and set that row to 0.",
    },
    probes=(
        _masked_probe("five queries and seven keys", 5, 7, 3, 2, _some_mask(5, 7)),
        _masked_probe("a query that may look nowhere", 3, 5, 7, 11, _with_empty_row(_some_mask(3, 5))),
        _masked_probe("a causal mask", 4, 4, 4, 4, attnlib.causal_mask(4)),
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
    if "row_formula" in faults:
        return (Q @ K.T / Q.shape[1] ** 0.5).softmax(-1) @ V
    if "not_transposed" in faults:
        return K @ Q
    d_k, num_keys = K.shape
    products = K.T @ Q / _scale(faults, d_k, num_keys)
    if "by_queries" in faults:
        products = K.T @ Q / Q.shape[1] ** 0.5
    weights = products if "no_softmax" in faults else products.softmax(1 if "over_queries" in faults else 0)
    if "weights_only" in faults:
        return weights
    if "weights_transposed" in faults:
        return V @ weights.T
    output = V @ weights
    return output.T if "row_output" in faults else output


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
        **shared("no_scale", "by_d", "times", "by_count", "no_softmax", "weights_only"),
        "by_queries": "The scale is sqrt(d_k); in this convention d_k is the first axis of Q: Q.shape[0].",
        "over_queries": "Here a column belongs to one query: the softmax runs down each column (dim=0).",
        "row_formula": "Q K^T is the formula for tokens in rows. With tokens in columns it is A = K^T Q and O = V A.",
        "not_transposed": "Transpose the keys: A = K^T Q compares every key with every query.",
        "weights_transposed": "The weights are used transposed: O = V A, without another transpose.",
        "row_output": "The result is in rows: keep the tokens in columns, O = V A.",
    },
    probes=(
        _column_probe("five queries and seven keys", 5, 7, 3, 2),
        _column_probe("three queries, two keys", 3, 2, 11, 13),
        _column_probe("all sizes equal", 4, 4, 4, 4),
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
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    (count, n, d_model), d_k = X.shape, W_q.shape[1]
    queries, keys = X @ W_q, X @ W_k
    values = X if "raw_values" in faults else X @ (W_k if "values_from_k" in faults else W_v)
    if "dot_t" in faults:
        return queries @ keys.permute(2, 1, 0)
    real = _real_keys(faults, lengths, n)
    if "one_big_sentence" in faults:
        return _one_big_sentence(queries, keys, values, real).reshape(count, n, -1)
    size = _scale(faults, d_model if "by_model" in faults else d_k, n)
    products = queries @ keys.transpose(1, 2) / size
    mask = real[:, :, None] if "query_axis" in faults else real[:, None, :]
    weights = _batch_weights(faults, products, mask)
    if "weights_only" in faults:
        return weights
    output = weights @ values
    return output * real[:, :, None] if "zero_padding" in faults else output


def _real_keys(faults, lengths, n):
    lengths = lengths[:1].expand_as(lengths) if "first_length" in faults else lengths
    position = torch.arange(n)
    real = position <= lengths[:, None] if "one_more" in faults else position < lengths[:, None]
    real = torch.ones_like(real) if "ignored" in faults else real
    return ~real if "inverted" in faults else real


def _batch_weights(faults, products, mask):
    if "no_softmax" in faults:
        return products * mask
    axis = 1 if "over_queries" in faults else 0 if "over_batch" in faults else 2
    if "mask_late" in faults:
        return products.softmax(axis) * mask
    if "zero_scores" in faults:
        return (products * mask).softmax(axis)
    return _softmax(products.masked_fill(~mask, -math.inf), axis)


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


BATCH = Spec(
    name="batch_attention",
    chapter=2,
    minutes=15,
    difficulty=3,
    oracle=_batch_oracle,
    variant=batch,
    faults={
        **shared(
            "no_scale",
            "by_d",
            "times",
            "by_model",
            "by_count",
            "inverted",
            "first_length",
            "mask_late",
            "zero_scores",
            "over_queries",
            "swapped",
            "values_from_k",
            "raw_values",
            "no_softmax",
            "weights_only",
        ),
        "ignored": "The padding takes part: keys behind the end of a sentence must get the weight 0.",
        "query_axis": "You hide the padding on the axis of the queries; it must be hidden on the axis of the keys, the last one.",
        "one_more": "One padding key is left in: write position < length, not <=.",
        "over_batch": "The softmax runs over the keys, the last axis; yours runs over the sentences of the batch.",
        "one_big_sentence": "Words look into other sentences of the batch: each sentence attends to itself only.",
        "dot_t": "On three axes `.T` reverses all of them: use `.transpose(-2, -1)` to swap the last two.",
        "zero_padding": "Leave the rows of the padding queries as they come out: they look at the real words too.",
    },
    probes=(
        _batch_probe("three sentences of lengths 4, 2 and 5", 3, 5, 7, 3, 2, [4, 2, 5]),
        _batch_probe("two longer sentences", 2, 7, 3, 11, 13, [3, 6]),
    ),
    hints=(
        "Which of the steps of masked_attention change when a batch axis stands in front, and which do not?",
        "Project X (`@` works on the last axes), swap the last two axes of the keys, use make_padding_mask.",
        "scores = queries @ keys.transpose(____, ____) / W_q.shape[____] ** 0.5",
    ),
    follow_up="change the numbers in the padding rows of X. Which rows of your output change?",
)

SPECS = (PROJECT, SCORE_MATRIX, ROW_SOFTMAX, CAUSAL, PADDING, MASKED, COLUMNS, BATCH)
