"""Chapter 3: pooling by similarity, bilinear and additive scores, on torch tensors."""

import math

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose, shared

_generator = torch.Generator().manual_seed(303)

SOFTMAXED_DOWN = (
    "Return the scores themselves: the softmax comes in a later step (and would run over the keys, not the queries)."
)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def kernel_regression(faults, query_points, points, targets, width):
    """Nadaraya-Watson with a Gaussian kernel, with the mistakes in ``faults``."""
    if "pairwise" in faults:
        return (-((query_points - points) ** 2) / (2 * width**2)).softmax(-1) * targets
    scores = _kernel_scores(faults, query_points[:, None] - points, width)
    if "nearest" in faults:
        return targets[scores.argmax(dim=1)]
    weights = _kernel_weights(faults, scores, width)
    if "weights_only" in faults:
        return weights
    pooled = weights * (points if "points_pooled" in faults else targets)
    ways = {"mean": lambda: pooled.mean(dim=1), "no_sum": lambda: pooled, "over_all": pooled.sum}
    return choose(faults, ways, lambda: pooled.sum(dim=1))


def _kernel_scores(faults, gaps, width):
    squares = gaps.abs() if "no_square" in faults else gaps**2
    divisors = {
        "no_two": lambda: width**2,
        "two_squared": lambda: (2 * width) ** 2,
        "width_once": lambda: 2 * width,
        "width_alone": lambda: width,
        "no_width": lambda: 2.0,
        "width_times": lambda: 2 / width**2,
        "no_divisor": lambda: 1.0,
        "multiplied": lambda: 1 / (2 * width**2),
    }
    scores = squares / choose(faults, divisors, lambda: 2 * width**2)
    return scores if "far_wins" in faults else -scores


def _kernel_weights(faults, scores, width):
    powers = scores.exp()
    ways = {
        "no_division": lambda: powers,
        "zero_by_zero": lambda: _shares(powers),
        "no_keepdims": lambda: powers / powers.sum(dim=1),
        "small_number": lambda: powers / (powers.sum(dim=1, keepdim=True) + 1e-8),
        "far_mean": lambda: _shares(torch.where(powers.sum(dim=1, keepdim=True) > 0, powers, 1.0)),
        "one_max": lambda: _shares((scores - scores.max()).exp()),
        "column_max": lambda: _shares((scores - scores.amax(0)).exp()),
        "density": lambda: powers / (width * math.sqrt(2 * math.pi)),
        "over_queries": lambda: scores.softmax(dim=0),
        "whole_sum": lambda: powers / powers.sum(),
        "no_exp": lambda: _shares(scores),
        "exp_twice": lambda: powers.softmax(dim=1),
        "all_ones": lambda: torch.ones_like(scores),
        "uniform": lambda: torch.full_like(scores, 1 / scores.shape[1]),
    }
    return choose(faults, ways, lambda: scores.softmax(dim=1))


def _shares(powers):
    return powers / powers.sum(dim=1, keepdim=True)


def _kernel_oracle(query_points, points, targets, width):
    scores = -((query_points[:, None] - points) ** 2) / (2 * width**2)
    return scores.softmax(dim=1) @ targets


def _curve_probe(label, query_points, points, targets, width):
    return Probe(label, {"query_points": query_points, "points": points, "targets": targets, "width": width})


def _far_probe(label, query_points):
    """Points and width are exact in binary, so that scores of -2000 are, too."""
    points, targets = torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([1.0, 3.0, -2.0])
    return _curve_probe(label, torch.tensor(query_points), points, targets, 0.5)


KERNEL = Spec(
    name="nadaraya_watson",
    chapter=3,
    minutes=10,
    difficulty=2,
    oracle=_kernel_oracle,
    variant=kernel_regression,
    faults={
        **shared("mean"),
        "all_ones": "Every weight is 1: your softmax runs over an axis of size 1. It must run over the points.",
        "no_square": "Square the distance: the Gaussian kernel has (x - x_j)**2 in the exponent, not abs(x - x_j).",
        "no_two": "Divide the squared distance by 2 * width**2; the factor 2 is missing.",
        "two_squared": "Square the width alone: divide by 2 * width**2, not by (2 * width)**2, which is twice as much.",
        "width_once": "Square the width too: divide by 2 * width**2, not by 2 * width.",
        "width_alone": "Divide the squared distance by 2 * width**2; you divide by the width as it is.",
        "no_divisor": "Divide the squared distance by 2 * width**2: you take it as it is.",
        "multiplied": "Divide the squared distance by 2 * width**2; you multiply it by that.",
        "no_width": "The width is not used: divide the squared distance by 2 * width**2.",
        "width_times": "A larger width must flatten the weights: divide by width**2. (`a / 2 * b` multiplies by b; `a / (2 * b)` divides.)",
        "far_wins": "The sign in the exponent is missing: now the points far away get the largest weights.",
        "no_division": "Divide the kernel values by their sum over all points, so that the weights sum to 1.",
        "density": "Divide by the sum of the kernel values; width * sqrt(2 pi) makes a density of the kernel, not weights that sum to 1.",
        "whole_sum": "Every query point has its own sum: divide each row by the sum of that row.",
        "no_keepdims": "Keep the axis that you sum over, `keepdim=True`: without it the sums stand beside the points, not beside the query points.",
        "zero_by_zero": "Far from all points every kernel value is 0, and 0 / 0 is NaN: use a softmax of the scores.",
        "small_number": "Far from all points the prediction must not become 0, as it does after adding a small number (or painting over NaN): use a softmax of the scores.",
        "far_mean": "Far from all points the nearest one still weighs most, so the plain mean is wrong there: use a softmax of the scores.",
        "one_max": "Subtract each row's own largest score, not that of the whole table: a query point far away still gets 0 / 0.",
        "column_max": "Subtract the largest score of each row, not of each column: that changes the weights within a row.",
        "over_queries": "The weights of one query point sum to 1 over the points; yours sum to 1 over the query points.",
        "no_exp": "Take `exp` of the scores before you divide by the sum: as it is, the points far away get the largest weights.",
        "exp_twice": "Softmax takes the exponential by itself: give it -(x - x_j)**2 / (2 * width**2), not the kernel values.",
        "nearest": "Take the mean over all points with their weights, not only the target of the nearest point.",
        "uniform": "That is average pooling: the weights must depend on the distance to the query point.",
        "pairwise": "Every query point must meet every point: give the query points an axis for them with [:, None] before you subtract.",
        "points_pooled": "Average the targets of the points, not the points themselves.",
        "weights_only": "Those are the weights: multiply the targets by them and add up.",
        "no_sum": "The weighted targets are there; add them up over the points, one sum for every query point.",
        "over_all": "One prediction is asked for at every query point: add up over the points alone (dim=1).",
    },
    unpaired=frozenset(
        {
            "width_alone",
            "multiplied",
            "all_ones",
            "no_keepdims",
            "density",
            "small_number",
            "far_mean",
            "one_max",
            "column_max",
            "no_exp",
            "exp_twice",
            "nearest",
            "uniform",
            "pairwise",
        }
    ),
    probes=(
        _curve_probe("five query points and seven points", _normal(5), _normal(7), _normal(7), 0.7),
        _curve_probe("a wide kernel", _normal(3), _normal(5), _normal(5), 1.9),
        _curve_probe("as many query points as points", _normal(4), _normal(4), _normal(4), 0.8),
        _far_probe("a query point far from all points", [0.25, 40.0]),
        _far_probe("one query point alone, far from all points", [-40.0]),
    ),
    hints=(
        "Which point should have the largest say in a prediction at x, and what should become of a point far away?",
        "All differences as a matrix (query points in rows); scores = -difference**2 / (2 width**2); softmax; times targets.",
        "scores = -((query_points[:, ____] - points) ** 2) / ____",
    ),
    follow_up="which predictions does a very small width make, and which a very large one?",
    properties=(
        (
            "every prediction lies between the smallest and the largest target",
            lambda value, wanted: wanted.min() - 1e-4 <= value.min() and value.max() <= wanted.max() + 1e-4,
        ),
    ),
)


def bilinear(faults, queries, keys, W):
    """Bilinear scores, with the mistakes in ``faults``."""
    projected = _through_matrix(faults, queries, W)
    projected = projected.tanh() if "tanh" in faults else projected
    keys = keys @ W if "both_sides" in faults else keys
    if "short" in faults:
        projected, keys = projected[:, :-1], keys[:, :-1]
    if "not_transposed" in faults:
        return projected @ keys
    each = projected[:, None] * keys
    ways = {"added": lambda: (projected[:, None] + keys).sum(-1), "no_sum": lambda: each, "mean": lambda: each.mean(-1)}
    scores = choose(faults, ways, lambda: projected @ keys.T)
    scales = {"scaled": lambda: keys.shape[1] ** 0.5, "scaled_q": lambda: queries.shape[1] ** 0.5}
    scores = scores / choose(faults, scales, lambda: 1.0)
    if "pairwise" in faults:
        return scores.diagonal()
    scores = scores.transpose(0, 1) if "transposed" in faults else scores
    ends = {
        "softmaxed": lambda: scores.softmax(dim=1),
        "softmaxed_down": lambda: scores.softmax(dim=0),
        "reshaped": lambda: scores.T.reshape(scores.shape),
    }
    return choose(faults, ends, lambda: scores)


def _through_matrix(faults, queries, W):
    d_q, d_k = W.shape
    if "short_q" in faults:
        queries, W = queries[:, :-1], W[:-1]
    if "diagonal" in faults:
        return torch.cat([queries[:, : min(d_q, d_k)] * W.diagonal(), torch.zeros(len(queries), max(0, d_k - d_q))], 1)
    ways = {
        "no_matrix": lambda: queries,
        "matrix_transposed": lambda: queries @ W.T,
        "matrix_reshaped": lambda: queries @ W.reshape(W.shape[::-1]).T,
    }
    return choose(faults, ways, lambda: queries @ W)


def _bilinear_probe(label, num_queries, num_keys, d_q, d_k):
    parts = {"queries": _normal(num_queries, d_q), "keys": _normal(num_keys, d_k), "W": _normal(d_q, d_k)}
    return Probe(label, parts)


BILINEAR = Spec(
    name="bilinear_scores",
    chapter=3,
    minutes=5,
    difficulty=1,
    oracle=lambda queries, keys, W: torch.einsum("qd,de,ke->qk", queries, W, keys),
    variant=bilinear,
    faults={
        **shared("softmaxed", "short"),
        "softmaxed_down": SOFTMAXED_DOWN,
        "short_q": "The last component of the queries is left out: check where your loop or slice over d_q ends.",
        "no_matrix": "W stands between the query and the key: without it this is the plain dot product.",
        "matrix_transposed": "W is (d_q, d_k), so it multiplies the queries from the right as it is: no transpose.",
        "matrix_reshaped": "Use W as it is: a `reshape` and a transpose put its numbers in other places.",
        "diagonal": "All entries of W count, not its diagonal alone: every component of a query meets every component of a key.",
        "both_sides": "W stands between the two once: multiply the queries by it, and leave the keys as they are.",
        "not_transposed": "The columns of the right factor must be the keys: queries @ W @ keys.T.",
        "transposed": "Row i belongs to query i: your result is transposed.",
        "reshaped": "`reshape` does not transpose: it puts the scores of different queries together. Use `.T`.",
        "pairwise": "Every query must meet every key; yours compares query i with key i alone.",
        "added": "Multiply what W makes of a query with the key, and add up; you add the two instead of multiplying.",
        "no_sum": "Add up over the last axis: one number is left for every query and key.",
        "mean": "The score is a sum over the components, not a mean.",
        "scaled": "No scale here: a bilinear score learns its own scale in W, so do not divide by sqrt(d_k).",
        "scaled_q": "No scale here: a bilinear score learns its own scale in W, so do not divide by sqrt(d_q).",
        "tanh": "There is no tanh in a bilinear score: it is linear in the query and in the key.",
    },
    unpaired=frozenset(
        {"softmaxed_down", "diagonal", "both_sides", "added", "no_sum", "reshaped", "matrix_reshaped", "short_q"}
    ),
    probes=(
        _bilinear_probe("five queries, seven keys, d_q = 3 and d_k = 2", 5, 7, 3, 2),
        _bilinear_probe("d_q equal to d_k", 3, 2, 5, 5),
        _bilinear_probe("as many queries as keys, d_q smaller than d_k", 3, 3, 2, 7),
    ),
    hints=(
        "Which product turns a query of length d_q into a vector that can meet a key of length d_k?",
        "Multiply all queries by W first; what comes out has the length of a key. Then every row meets every key.",
        "return queries @ ____ @ keys.____",
    ),
    follow_up="which W makes this the plain dot product?",
)


def additive(faults, queries, keys, W_q, W_k, v):
    """Additive scores, with the mistakes in ``faults``."""
    one, other = _both_projected(faults, queries, keys, W_q, W_k)
    if "pairwise" in faults:
        return (one + other).tanh() @ v
    if "projected_dot" in faults:
        return one @ other.T
    bent = _bent(faults, one[:, None], other[None])
    ways = {
        "no_sum": lambda: bent * v,
        "no_v": lambda: bent.sum(-1),
        "hidden_mean": lambda: (bent * v).mean(-1),
        "short": lambda: bent[..., :-1] @ v[:-1],
    }
    scores = choose(faults, ways, lambda: bent @ v)
    scores = scores.tanh() if {"tanh_late", "tanh_twice"} & set(faults) else scores
    scores = scores / len(v) ** 0.5 if "scaled" in faults else scores
    scores = scores.transpose(0, 1) if "transposed" in faults else scores
    ends = {"softmaxed": lambda: scores.softmax(dim=1), "softmaxed_down": lambda: scores.softmax(dim=0)}
    return choose(faults, ends, lambda: scores)


def _both_projected(faults, queries, keys, W_q, W_k):
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    return queries @ (W_k if "queries_from_k" in faults else W_q), keys @ (W_q if "keys_from_q" in faults else W_k)


def _bent(faults, one, other):
    """Return the hidden numbers after the bend, one row for every query and key."""
    sums = {
        "product": lambda: one * other,
        "queries_only": lambda: one + 0 * other,
        "keys_only": lambda: 0 * one + other,
        "difference": lambda: one - other,
    }
    total = choose(faults, sums, lambda: one + other)
    plus, minus = total.exp(), (-total).exp()
    bends = {
        "no_tanh": lambda: total,
        "tanh_late": lambda: total,
        "tanh_each": lambda: one.tanh() + other.tanh(),
        "relu": total.relu,
        "sigmoid": total.sigmoid,
        "by_hand": lambda: (plus - minus) / (plus + minus),
        "by_hand_plus": lambda: ((2 * total).exp() - 1) / ((2 * total).exp() + 1),
        "by_hand_minus": lambda: (1 - (-2 * total).exp()) / (1 + (-2 * total).exp()),
    }
    return choose(faults, bends, total.tanh)


def _additive_probe(label, num_queries, num_keys, d_q, d_k, d_hidden):
    sizes = {"queries": (num_queries, d_q), "keys": (num_keys, d_k), "W_q": (d_q, d_hidden), "W_k": (d_k, d_hidden)}
    return Probe(label, {name: _normal(*shape) for name, shape in sizes.items()} | {"v": _normal(d_hidden)})


def _large_probe():
    """Query 0 makes hidden numbers of about 100, query 1 of about -100, query 2 small ones."""
    probe = _additive_probe("hidden numbers of 100 and of -100", 3, 5, 2, 4, 6)
    queries, W_q = probe.arguments["queries"], probe.arguments["W_q"]
    queries[:, 0], W_q[0] = torch.tensor([10.0, -10.0, 0.0]), 10.0 + W_q[0].abs()
    return probe


ADDITIVE = Spec(
    name="additive_scores",
    chapter=3,
    minutes=12,
    difficulty=2,
    oracle=lambda queries, keys, W_q, W_k, v: torch.einsum(
        "qkh,h->qk", torch.tanh((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :]), v
    ),
    variant=additive,
    faults={
        **shared("softmaxed"),
        "softmaxed_down": SOFTMAXED_DOWN,
        "projected_dot": "That is a dot product of the two projections: add them, take the tanh, and weigh the hidden numbers with v.",
        "no_tanh": "The tanh is missing: without it the score is a sum of a query part and a key part, and every query ranks the keys alike.",
        "tanh_late": "The tanh comes before the product with v, on every hidden number; yours comes after it.",
        "tanh_twice": "One tanh is enough, on the hidden numbers: leave the second one, around the score, out.",
        "tanh_each": "Add the two projections first, then take one tanh of the sum.",
        "relu": "The additive score bends with tanh; yours uses ReLU.",
        "sigmoid": "The additive score bends with tanh; yours uses the sigmoid.",
        "by_hand": "Use torch.tanh: written with exp(h) and exp(-h) it becomes infinity / infinity = NaN for hidden numbers of 100 or -100.",
        "by_hand_plus": "Use torch.tanh: written with exp(2 * h) it becomes infinity / infinity = NaN for hidden numbers of 100.",
        "by_hand_minus": "Use torch.tanh: written with exp(-2 * h) it becomes infinity / infinity = NaN for hidden numbers of -100.",
        "product": "Add the projected query and key; you multiply them.",
        "difference": "Add the projected query and key; you subtract them.",
        "queries_only": "The keys do not appear: add the projected keys too.",
        "keys_only": "The queries do not appear: add the projected queries too.",
        "swapped": "The queries go through W_q and the keys through W_k: yours are swapped.",
        "keys_from_q": "The keys have a matrix of their own, W_k; yours go through W_q.",
        "queries_from_k": "The queries have a matrix of their own, W_q; yours go through W_k.",
        "pairwise": "Every query must meet every key: give the queries an axis for the keys with [:, None] before you add.",
        "no_v": "Weigh the hidden numbers with v before you add them up.",
        "hidden_mean": "The product with v is a sum over the hidden numbers, not a mean.",
        "short": "The last hidden number is left out: check where your loop or slice ends.",
        "no_sum": "Add up over the hidden axis: one number is left for every query and key.",
        "scaled": "No scale here: tanh keeps the hidden numbers between -1 and 1.",
        "transposed": "Row i belongs to query i: your result is transposed.",
    },
    unpaired=frozenset(
        {
            "softmaxed_down",
            "projected_dot",
            "by_hand",
            "by_hand_plus",
            "by_hand_minus",
            "queries_only",
            "keys_only",
            "pairwise",
            "short",
            "difference",
        }
    ),
    probes=(
        _additive_probe("five queries and seven keys", 5, 7, 3, 2, 11),
        _additive_probe("as many queries as keys", 3, 3, 5, 5, 2),
        _large_probe(),
    ),
    hints=(
        "Query 0 must be added to all keys, query 1 to all keys, ... Which shapes make broadcasting do that?",
        "Project both. Queries as (num_queries, 1, d_hidden), keys as (1, num_keys, d_hidden); add, tanh, times v.",
        "hidden = torch.tanh((queries @ W_q)[:, ____, :] + (keys @ W_k)[____, :, :])",
    ),
    follow_up="how many numbers does the hidden tensor hold for 1000 queries, 1000 keys and d_hidden = 64?",
)
