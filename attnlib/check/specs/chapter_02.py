"""Chapter 2: projections, scores, softmax and masks on torch tensors. Attention is in the two modules beside."""

import math

import torch

import attnlib
from attnlib import reference
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_02_attention import COLUMNS, MASKED
from attnlib.check.specs.chapter_02_batch import BATCH
from attnlib.check.specs.common import choose, scale_of, shared

_generator = torch.Generator().manual_seed(202)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _scale(faults, d_k, num_queries, num_keys):
    scale = scale_of(faults, d_k, {"by_count": num_keys, "by_queries": num_queries})
    return d_k * scale if "mean" in faults else scale


def projections(faults, X, W_q, W_k, W_v):
    """Queries, keys and values, with the mistakes in ``faults``."""
    if "matrices_transposed" in faults:
        W_q, W_k, W_v = W_q.T, W_k.T, W_v.T
    values_from = W_k if "values_from_k" in faults else W_v
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    if "short" in faults:
        X, W_q, W_k, values_from = X[:, :-1], W_q[:-1], W_k[:-1], values_from[:-1]
    queries = X @ (W_k if "queries_from_k" in faults else W_q)
    if "chained" in faults:
        return queries, queries @ W_k, queries @ W_k @ W_v
    keys = X if "raw_keys" in faults else X @ (W_q if "keys_from_q" in faults else W_k)
    values = X if "raw_values" in faults else X @ values_from
    if "nothing" in faults:
        queries, keys, values = X, X, X
    if "scaled" in faults:
        queries = queries / W_q.shape[1] ** 0.5
    if "scaled_keys" in faults:
        keys = keys / W_q.shape[1] ** 0.5
    orders = {
        "values_first": lambda: (values, queries, keys),
        "values_second": lambda: (queries, values, keys),
    }
    return _finished(faults, choose(faults, orders, lambda: (queries, keys, values)))


def _finished(faults, parts):
    ways = {
        "columns": lambda: tuple(part.T for part in parts),
        "softmaxed": lambda: tuple(part.softmax(-1) for part in parts),
        "relu": lambda: tuple(part.relu() for part in parts),
        "side_by_side": lambda: torch.cat(parts, dim=-1),
        "equal_thirds": lambda: torch.cat(parts, dim=-1).chunk(3, dim=-1),
    }
    return choose(faults, ways, lambda: parts)


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
        **shared("keys_from_q", "queries_from_k", "values_from_k", "raw_values", "raw_keys", "matrices_transposed"),
        "swapped": "Queries and keys have changed places: queries come from W_q, keys from W_k, and the order is (Q, K, V).",
        "nothing": "Q, K and V are three projections of X, not X itself: multiply X by W_q, by W_k and by W_v.",
        "chained": "Each of the three products starts from X: yours overwrites X and projects what was projected before.",
        "short": "Sum over all of d_model: the last number of every row of X is left out.",
        "values_first": "Return them in the order (Q, K, V); your values come first.",
        "values_second": "Return them in the order (Q, K, V); your values come before the keys.",
        "columns": "Your three results are transposed: rows are tokens, so it is X @ W and not (X @ W).T.",
        "side_by_side": "Return a tuple of three tensors, not one with the three side by side.",
        "equal_thirds": "Split at the widths d_k, d_k and d_v: three equal parts are right only when d_v equals d_k.",
        "scaled": "Do not scale the queries here: the division by sqrt(d_k) belongs to the scores.",
        "scaled_keys": "Do not scale the keys here: the division by sqrt(d_k) belongs to the scores.",
        "relu": "Leave the ReLU out: a projection is a matrix product and nothing else, with negative numbers too.",
        "softmaxed": "Only the products are asked for here: no softmax yet.",
    },
    probes=(
        _projection_probe("five tokens", 5, 7, 3, 2),
        _projection_probe("longer values", 3, 2, 4, 7),
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
    scale = _scale(faults, queries.shape[1], len(queries), len(keys))
    if "cosine" in faults:
        queries = queries / queries.norm(dim=-1, keepdim=True)
        keys = keys / keys.norm(dim=-1, keepdim=True)
    ways = {
        "not_transposed": lambda: queries @ keys,
        "reshaped": lambda: queries @ keys.reshape(keys.shape[1], len(keys)),
        "components": lambda: queries.T @ keys,
        "queries_only": lambda: queries @ queries.T,
        "keys_only": lambda: keys @ keys.T,
        "pairs": lambda: (queries @ keys.T).diagonal(),
        "minus_distance": lambda: -torch.cdist(queries, keys),
        "mirrored": lambda: _mirrored(queries @ keys.T),
    }
    products = choose(faults, ways, lambda: queries @ keys.T) / scale
    if "causal" in faults:
        products = products.masked_fill(torch.ones_like(products).triu(1) > 0, -math.inf)
    if "transposed" in faults:
        products = products.t()
    return products.softmax(-1) if "softmaxed" in faults else products


def _mirrored(table):
    square = min(table.shape)
    corner = table[:square, :square].triu()
    table = table.triu()
    table[:square, :square] = corner + corner.triu(1).T
    return table


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
        **shared("no_scale", "by_d", "times", "by_count", "by_queries", "eight", "whole_root", "reshaped", "causal"),
        "mean": "Add the products up and divide by sqrt(d_k) alone: a mean over d_k divides once more.",
        "not_transposed": "The columns of the right factor must be the keys: queries @ keys.T.",
        "components": "Transpose the keys, not the queries: yours multiplies columns (entries) instead of rows (tokens).",
        "transposed": "Row i belongs to query i: you computed keys @ queries.T, which is the transpose.",
        "queries_only": "Multiply the queries by the keys; yours multiplies the queries by themselves.",
        "keys_only": "Multiply the queries by the keys; yours multiplies the keys by themselves.",
        "pairs": "Every query meets every key, not only the key of the same number: a matrix is wanted.",
        "minus_distance": "The score is the dot product: multiply and add. You take the distance with a minus sign.",
        "mirrored": "The table is not symmetric: query i with key j is not query j with key i. Compute both.",
        "cosine": "Do not divide by the lengths of the vectors (that is the cosine): divide by sqrt(d_k) alone.",
        "softmaxed": "The softmax is the next exercise: return the scores.",
    },
    probes=(
        _score_probe("five queries, seven keys", 5, 7, 3),
        _score_probe("four queries, two keys", 4, 2, 6),
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
    if "zeros_hidden" in faults:
        scores = scores.masked_fill(scores == 0, -math.inf)
    masked = scores == -math.inf
    fills = {"zero_scores": lambda: 0.0, "late_zeros": lambda: 0.0, "hundred": lambda: -100.0}
    fill = choose(faults, fills, lambda: None)
    filled = scores if fill is None else scores.masked_fill(masked, fill)
    weights = _row_weights(faults, filled.clamp(min=-100.0) if "clamped" in faults else filled)
    if "late_zeros" in faults:
        weights = weights.masked_fill(masked, 0.0)
    empty = masked.all(1, keepdim=True)
    weights = weights.nan_to_num() if "painted" in faults else weights
    if (fill is not None or "clamped" in faults) and "uniform_rows" not in faults:
        weights = weights.masked_fill(empty, 0.0)
    if "any_row" in faults:
        weights = weights.masked_fill(masked.any(1, keepdim=True), 0.0)
    if "first_entry" in faults:
        weights = weights.masked_fill(masked[:, :1], 0.0)
    if "skipped_rows" in faults:
        weights = torch.where(masked.any(1, keepdim=True), scores, weights)
    if "left_aligned" in faults:
        weights = weights.gather(1, masked.int().argsort(dim=1, stable=True))
    if "all_rows" in faults and empty.any():
        weights = torch.zeros_like(weights)
    if "dropped" in faults:
        weights = weights[~empty[:, 0]]
    return weights.log() if "logarithm" in faults else weights


def _row_weights(faults, scores):
    if "no_exp" in faults:
        return scores / scores.sum(-1, keepdim=True)
    axis = 0 if "over_queries" in faults else 1
    top = scores.amax(axis, keepdim=True)
    if "max_no_keepdims" in faults:
        top = top.squeeze(axis)
    nothing = {key: lambda: torch.zeros(1) for key in ("no_max", "painted")}
    tops = {**nothing, "one_max": scores.max, "low_rows": scores.max}
    top = choose(faults, tops, lambda: top)
    powers = torch.exp(scores - top.clamp(min=-1e30))
    if "no_division" in faults:
        return powers
    total = powers.sum() if "whole_array" in faults else powers.sum(axis, keepdim="no_keepdims" not in faults)
    if "plus_one" in faults:
        return powers / (total + 1)
    weights, nowhere = powers / total, (scores == -math.inf).all(axis, keepdim=True)
    nothing = nowhere if "one_max" in faults else total == 0
    if "uniform_rows" in faults:
        return torch.where(nothing, 1 / scores.shape[1], weights)
    return weights if "nan_rows" in faults else torch.where(nothing, 0.0, weights)


def _with_masked(scores, *places):
    scores[tuple(zip(*places, strict=True))] = -math.inf
    return scores


def _with_zeros(*shape):
    """Draw scores of which two are exactly 0."""
    scores = _normal(*shape)
    scores[2, 0], scores[4, 2] = 0.0, 0.0
    return scores


def _high_and_low():
    """Of the low scores that are seen one is far above the others: its logarithm of a sum is exact in float32, too."""
    low = torch.tensor([[-200100.0, -200000.0, -200300.0, -200200.0, -200400.0]])
    return _with_masked(torch.cat([_normal(1, 5) + 1000, low]), (1, 1))


ROW_SOFTMAX = Spec(
    name="row_softmax",
    chapter=2,
    minutes=8,
    difficulty=2,
    oracle=lambda scores: torch.as_tensor(reference.softmax(scores)),
    variant=rows,
    faults={
        **shared("over_queries", "zero_scores", "hundred", "any_row", "all_rows", "plus_one", "logarithm"),
        **shared("no_division", "no_exp", "no_max", "zeros_hidden"),
        "painted": "Subtract the row's largest score before `exp`: `nan_to_num` turns the NaN of an overflow into zeros, too.",
        "clamped": "Do not cut the scores off below: a row of very low scores then gets equal weights. Use minus infinity as it is.",
        "whole_array": "Divide every row by its own sum; yours divides by the sum of the whole matrix.",
        "no_keepdims": "Keep the axis in the sum (`keepdim=True`): without it the row sums line up with the columns.",
        "max_no_keepdims": "Keep the axis in the maximum (`keepdim=True`): without it the row maxima line up with the columns.",
        "late_zeros": "Fill masked scores with minus infinity before the softmax: set to 0 afterwards, the row no longer sums to 1.",
        "nan_rows": "A row that is all minus infinity becomes 0 / 0 = NaN: return zeros for it. (`masked_fill` returns a new tensor: use that.)",
        "uniform_rows": "A row that is all minus infinity must become zeros; yours spreads the weight over masked keys.",
        "low_rows": "Subtract each row's own largest score before `exp`: a row of very low scores becomes zeros here.",
        "one_max": "Subtract each row's own largest score, not that of the whole matrix: a low row becomes 0 / 0.",
        "first_entry": "A row is empty only when all its scores are minus infinity: you look at the first one alone.",
        "skipped_rows": "Rows with some masked scores need a softmax too: you leave their scores as they are.",
        "left_aligned": "Each weight must stay at the place of its score: yours are pushed to the left of the row.",
        "dropped": "Keep the empty rows, as rows of zeros: yours are missing from the result.",
    },
    probes=(
        Probe("a matrix of scores", {"scores": _normal(3, 5)}),
        Probe("a square of scores", {"scores": _normal(4, 4)}),
        Probe(
            "some masked scores",
            {"scores": _with_masked(_with_zeros(5, 4), (0, 1), (3, 0), (3, 2), *((row, 3) for row in range(5)))},
        ),
        Probe(
            "a row that is all masked",
            {"scores": _with_masked(_normal(3, 2), (1, 0), (1, 1), (2, 0))},
        ),
        Probe("scores around 1000", {"scores": _normal(2, 5) + 1000}),
        Probe("rows around 1000 and around -200000", {"scores": _high_and_low()}),
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
    size = 4 if "four" in faults else num_queries + 1 if "one_larger" in faults else num_queries
    position = torch.arange(size)
    query, key = position[:, None], position[None, :]
    patterns = {
        "inverted": lambda: key > query,
        "upper": lambda: key >= query,
        "no_self": lambda: key < query,
        "one_ahead": lambda: key <= query + 1,
        "everywhere": lambda: key < size + 0 * query,
        "only_self": lambda: key == query,
        "band": lambda: (key == query) | (key == query - 1),
        "reversed": lambda: key >= size - 1 - query,
        "no_first": lambda: (key <= query) & (key > 0),
        "one_row": lambda: key[:1] < size,
    }
    mask = choose(faults, patterns, lambda: key <= query)
    numbers = {
        "additive": lambda: torch.zeros(mask.shape).masked_fill(~mask, -math.inf),
        "zero_times_infinity": lambda: (~mask).float() * -math.inf,
        "not_boolean": mask.float,
    }
    return choose(faults, numbers, lambda: mask)


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
        "everywhere": "This mask hides nothing: position i sees positions up to i. Use what `tril` returns, and give every row a list of its own ([row] * n is one list n times).",
        "only_self": "Each position sees itself alone; it may look at everything before it too.",
        "band": "Each position sees itself and the one before; it may look at everything before it.",
        "reversed": "The triangle is the wrong way round from left to right: row 0 sees key 0 only.",
        "no_first": "Everyone may look at the first position: your keys are counted from 1, Python counts from 0.",
        "one_row": "Every position needs a row of its own; you return the row of the last one alone.",
        "one_larger": "The mask has num_queries rows and columns; yours has one more of each.",
        "four": "The size 4 is built in: make the mask as large as num_queries says.",
        "additive": "0 and minus infinity are what is added to the scores; here True and False are asked for.",
        "zero_times_infinity": "0 times minus infinity is NaN, not 0. Here a mask of True and False is asked for: compare positions.",
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
    width = int(lengths.max()) if "longest_width" in faults else num_keys
    changes = {
        "first_length": lambda: lengths[:1].expand_as(lengths),
        "longest_length": lambda: lengths.max().expand_as(lengths),
        "sorted_lengths": lambda: lengths.sort(descending=True).values,
        "added_lengths": lambda: lengths.cumsum(0),
    }
    lengths, position = choose(faults, changes, lambda: lengths)[:, None], torch.arange(width)
    patterns = {
        "one_more": lambda: position <= lengths,
        "one_less": lambda: position < lengths - 1,
        "left": lambda: position >= num_keys - lengths,
        "only_last": lambda: position == (lengths - 1) % num_keys,
        "everywhere": lambda: position < num_keys + 0 * lengths,
        "along_keys": lambda: (position < lengths[:, 0]).expand(len(lengths), -1),
    }
    mask = choose(faults, patterns, lambda: position < lengths)
    mask = ~mask if "inverted" in faults else mask
    shapes = {
        "two_axes": lambda: mask,
        "query_axis": lambda: mask[:, :, None],
        "square": lambda: mask[:, None, :] & mask[:, :, None],
        "query_rows": lambda: mask[:, :, None].expand(-1, -1, width),
        "causal": lambda: mask[:, None, :] & torch.ones(width, width).tril().bool(),
        "four_axes": lambda: mask[:, None, None, :],
    }
    mask = choose(faults, shapes, lambda: mask[:, None, :])
    if "additive" in faults:
        return torch.zeros(mask.shape).masked_fill(~mask, -math.inf)
    return mask.float() if "not_boolean" in faults else mask


PADDING = Spec(
    name="make_padding_mask",
    chapter=2,
    minutes=6,
    difficulty=2,
    oracle=lambda lengths, num_keys: attnlib.padding_mask(lengths, num_keys)[:, 0],
    variant=padding,
    faults={
        **shared("first_length", "longest_length", "sorted_lengths", "left", "not_boolean"),
        "inverted": "True means may look: you marked the padding. Turn the mask round.",
        "one_more": "A sentence of length 3 has positions 0, 1, 2: write position < length, not <=.",
        "one_less": "The last word is hidden: a sentence of length 3 has positions 0, 1, 2.",
        "only_last": "All of the first lengths[b] keys are True: take a slice `: lengths[b]`, not the one place lengths[b] - 1.",
        "everywhere": "This mask hides nothing: keys from lengths[b] on must be False.",
        "added_lengths": "Every sentence starts at position 0 again: do not add the lengths up.",
        "along_keys": "The lengths belong to the sentences: give them an axis of their own, lengths[:, None], before you compare.",
        "longest_width": "The mask is num_keys wide; yours is as wide as the longest sentence.",
        "two_axes": "Add the axis of the queries: (batch, 1, num_keys), so that the mask fits the scores of a batch.",
        "query_axis": "The padding must be hidden on the key axis, the last one; yours is on the axis of the queries.",
        "query_rows": "You hide the rows of the padding queries: hide the padding keys, on the last axis, with shape (batch, 1, num_keys).",
        "square": "Hide the padding keys alone, with shape (batch, 1, num_keys): padding queries may keep looking.",
        "causal": "Hide the padding alone, with shape (batch, 1, num_keys): nothing says that the future is hidden.",
        "four_axes": "Three axes are asked for, (batch, 1, num_keys): there are no heads yet.",
        "additive": "0 and minus infinity are what is added to the scores; here True and False are asked for.",
    },
    probes=(
        Probe("three sentences", {"lengths": torch.tensor([2, 5, 3]), "num_keys": 6}),
        Probe("two sentences, one of them empty", {"lengths": torch.tensor([0, 4]), "num_keys": 7}),
        Probe("as many sentences as keys", {"lengths": torch.tensor([1, 3, 2]), "num_keys": 3}),
    ),
    hints=(
        "Which comparison between a position and a length is true for words and false for padding?",
        "Compare torch.arange(num_keys) with lengths as a column, then add the axis of size 1 in the middle.",
        "return (torch.arange(num_keys) < lengths[:, ____])[:, ____, :]",
    ),
    follow_up="why does nobody need to hide the padding on the axis of the queries?",
)

SPECS = (PROJECT, SCORE_MATRIX, ROW_SOFTMAX, CAUSAL, PADDING, MASKED, COLUMNS, BATCH)
