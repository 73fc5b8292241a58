"""Chapter 1: the six steps, one exercise a step. All of them for one word are in ``chapter_01_one_word``."""

import numpy as np

from attnlib import reference
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_01_one_word import EQUAL_KEYS, ONE_WORD
from attnlib.check.specs.common import choose, shared

_rng = np.random.default_rng(101)


def softmax(faults, scores):
    """Softmax over the last axis, with the mistakes in ``faults``."""
    given = np.asarray(scores)
    x = given.astype(int if "cut_first" in faults else float)
    x = -x if "sign" in faults else x
    if "by_largest" in faults:
        x = x / np.abs(x).max(-1, keepdims=True)
    if "clipped" in faults:
        x = np.clip(x, -50, 50)
    if "flat" in faults:
        x = x.ravel()
    weights = _soft_weights(faults, x)
    if "painted" in faults:
        weights = np.nan_to_num(weights)
    if "logarithm" in faults:
        return np.log(weights)
    return weights.astype(given.dtype) if "truncated" in faults else weights


def _soft_weights(faults, x):
    if "winner" in faults:
        return (x == x.max(-1, keepdims=True)).astype(float)
    if "all_ones" in faults:
        return np.ones(x.shape)
    if "sigmoid" in faults:
        return 1 / (1 + np.exp(-x))
    if "no_exp" in faults:
        return x / x.sum(-1, keepdims=True)
    axis = choose(faults, {"first_axis": lambda: 0, "axis_1": lambda: 1}, lambda: -1)
    shifted = x - _shift(faults, x, axis)
    powers = 2.0**shifted if "base_2" in faults else np.exp(shifted)
    if "max_outside" in faults:
        powers = np.exp(x) - x.max(-1, keepdims=True)
    if "no_division" in faults:
        return powers
    if "whole_array" in faults:
        return powers / powers.sum()
    axis = 0 if "sum_first_axis" in faults else axis
    total = powers.sum(axis, keepdims="no_keepdims" not in faults)
    return powers / (total + 1 if "plus_one" in faults else total)


def _shift(faults, x, axis):
    shifts = {
        "no_max": lambda: 0.0,
        "painted": lambda: 0.0,
        "clipped": lambda: 0.0,
        "one_max": lambda: x.max(),
        "column_max": lambda: x.max(0),
        "smallest": lambda: x.min(axis, keepdims=True),
        "middle": lambda: x.mean(axis, keepdims=True),
        "max_no_keepdims": lambda: x.max(axis),
    }
    return choose(faults, shifts, lambda: x.max(axis, keepdims=True))


SOFTMAX = Spec(
    name="stable_softmax",
    chapter=1,
    minutes=8,
    difficulty=1,
    oracle=reference.softmax,
    variant=softmax,
    faults={
        **shared("no_max", "no_division", "no_exp", "plus_one", "logarithm", "winner", "truncated"),
        "all_ones": "Every weight is 1: your softmax runs over an axis of size 1. It must run over the scores of a row.",
        "max_outside": "Subtract the largest score inside `exp`, np.exp(scores - largest): you subtract it from the exponentials.",
        "whole_array": "Sum over the last axis only: yours sums over the whole array, so all rows share one sum.",
        "flat": "Keep the shape: you flatten the array and take one softmax over everything. Each row needs its own.",
        "first_axis": "Softmax runs over the keys, the last axis (`axis=-1`); yours runs over the first.",
        "sum_first_axis": "Sum over the last axis too, with keepdims: your maximum runs over the keys, but your sum over the first axis.",
        "axis_1": "Softmax runs over the last axis, whatever their number: write `axis=-1`, not `axis=1`.",
        "no_keepdims": "Write `keepdims=True` in the sum: without it the sums of the rows line up with the columns.",
        "max_no_keepdims": "Write `keepdims=True` in the maximum: without it the maxima of the rows line up with the columns.",
        "painted": "Subtract the row's largest score before `exp`; `nan_to_num` only paints over the overflow.",
        "clipped": "Do not clip the scores: 60 and 1000 then get equal weights. Subtract the row's largest score.",
        "one_max": "Subtract each row's own largest score, not that of the whole array: a row far below it is lost (0, or 0 / 0).",
        "column_max": "Subtract the largest score of each row (last axis), not of each column: that changes the weights.",
        "smallest": "Subtract the largest score of the row, not the smallest: large differences still overflow in `exp`.",
        "middle": "Subtract the largest score of the row, not the mean: a score far above the mean still overflows.",
        "by_largest": "Subtract the largest score; dividing by it changes the differences between the scores.",
        "cut_first": "Leave the scores as they are: made into integers, they lose the digits behind the point.",
        "sigmoid": "That is a sigmoid of each score alone: the weights of a row must share 1 among them.",
        "sign": "A high score must give a high weight: the sign of the scores is turned round.",
        "base_2": "Use `np.exp` (base e), not powers of 2.",
    },
    probes=(
        Probe("a batch of rows", {"scores": _rng.normal(size=(3, 5)) * 1.5}),
        Probe("one row of whole numbers", {"scores": np.array([2, 0, -1, 3, 1, 1, 0])}),
        Probe("a square of scores", {"scores": _rng.normal(size=(3, 3))}),
        Probe("three axes", {"scores": _rng.normal(size=(2, 3, 4))}),
        Probe(
            "scores around 1000 and around -1000",
            {
                "scores": np.array(
                    [
                        [1000.0, 1001.0, 998.5, 999.0],
                        [-1000.0, -1002.0, -1000.5, -1001.5],
                        [1000.0, -1000.0, -1000.5, 999.5],
                        [1000.0, 998.5, 999.5, -1000.0],
                    ]
                )
            },
        ),
    ),
    hints=(
        "What happens to exp(s) / sum of exp(s) when you subtract the same number from every s? Try it on paper.",
        "Subtract each row's largest score (keep the axis), take exp, divide by each row's sum (keep the axis).",
        "powers = np.exp(scores - scores.max(axis=____, keepdims=____))",
    ),
    follow_up="why may you subtract the largest score without changing a single weight?",
    properties=(
        ("every weight is positive", lambda value, _: bool((value > 0).all())),
        ("every row sums to 1", lambda value, _: np.allclose(value.sum(-1), 1, atol=1e-4)),
    ),
)


def score_vector(faults, query, keys):
    """One query against every key, with the mistakes in ``faults``."""
    if "last_key" in faults:
        keys = keys[:-1]
    other_shapes = {
        "not_transposed": lambda: query @ keys,
        "reshaped": lambda: query @ keys.reshape(len(query), -1),
        "no_sum": lambda: keys * query,
        "over_keys": lambda: (keys * query).sum(0),
    }
    scores = choose(faults, other_shapes, lambda: _dot_products(faults, query, keys))
    if "cosine" in faults:
        scores = scores / np.linalg.norm(query) / np.linalg.norm(keys, axis=-1)
    if "scaled" in faults:
        scores = scores / np.sqrt(len(query))
    if "softmaxed" in faults:
        return reference.softmax(scores)
    return np.abs(scores) if "absolute" in faults else scores


def _dot_products(faults, query, keys):
    products = keys * query
    if "short" in faults:
        products = products[:, :-1]
    if "first_missing" in faults:
        products = products[:, 1:]
    if "absolute_products" in faults:
        products = np.abs(products)
    ways = {
        "mean": lambda: products.mean(-1),
        "only_last": lambda: products[:, -1],
        "largest_product": lambda: products.max(-1),
        "squared_distance": lambda: ((keys - query) ** 2).sum(-1),
        "minus_squared": lambda: -((keys - query) ** 2).sum(-1),
        "distance": lambda: np.sqrt(((keys - query) ** 2).sum(-1)),
        "minus_distance": lambda: -np.sqrt(((keys - query) ** 2).sum(-1)),
        "sums_first": lambda: query.sum() * keys.sum(-1),
        "added": lambda: (keys + query).sum(-1),
        "query_unused": lambda: (keys * keys).sum(-1),
    }
    return choose(faults, ways, lambda: products.sum(-1))


SCORES = Spec(
    name="score_vector",
    chapter=1,
    minutes=6,
    difficulty=1,
    oracle=lambda query, keys: keys @ query,
    variant=score_vector,
    faults={
        **shared("short", "only_last", "cosine", "softmaxed"),
        "no_sum": "A dot product is one number: multiply entry by entry, then add the products up over d_k.",
        "over_keys": "Add up over d_k, the entries of one key; you add up over the keys.",
        "not_transposed": "A key is a row of `keys`: write keys @ query (or query @ keys.T), not query @ keys.",
        **shared("reshaped"),
        "mean": "Add the products up; you take their mean, which divides by d_k.",
        "scaled": "The scale comes in the next step: here the scores stay unscaled.",
        "distance": "The score is a dot product, not a distance: similar vectors must get a high score.",
        "minus_distance": "The score is the dot product: multiply and add. You take the distance with a minus sign.",
        "squared_distance": "The score is a dot product, multiply and add: you add the squares of the differences up.",
        "minus_squared": "The score is a dot product, multiply and add: you take the squared distance with a minus sign.",
        "first_missing": "The first entry of the vectors is left out: Python counts from 0.",
        "largest_product": "Add up all the products of entries; you keep only the largest one.",
        "sums_first": "Multiply entry by entry before you add up: the product of two sums is something else.",
        "added": "Multiply query and key entry by entry; you add them.",
        "query_unused": "Multiply every key by the query; yours multiplies the keys by themselves.",
        "last_key": "The last key is left out: one score for every key is wanted, so check where your loop ends.",
        "absolute": "A negative score is information (the vectors point apart): do not take the absolute value.",
        "absolute_products": "The products keep their signs: do not take absolute values before you add up.",
    },
    probes=(
        Probe("five keys", {"query": _rng.normal(size=3), "keys": _rng.normal(size=(5, 3))}),
        Probe("two long keys", {"query": _rng.normal(size=11), "keys": _rng.normal(size=(2, 11))}),
        Probe("as many keys as entries", {"query": _rng.normal(size=4), "keys": _rng.normal(size=(4, 4))}),
        Probe("whole numbers", {"query": np.array([2, -1, 3]), "keys": np.array([[1, 0, -2], [4, 1, 1]])}),
    ),
    hints=(
        "How do you measure with one number how much two arrows point the same way?",
        "For every key: multiply query and key entry by entry and add the products. Or: one matrix times one vector.",
        "return keys ____ query",
    ),
    follow_up="which key of length 1 gets the highest score from a given query?",
    properties=(
        ("the best key", lambda value, wanted: np.argmax(value) == np.argmax(wanted)),
        ("the signs", lambda value, wanted: np.array_equal(np.sign(value), np.sign(wanted))),
    ),
)


def scaled(faults, scores, d_k):
    """Divide by sqrt(d_k), with the mistakes in ``faults``."""
    if "no_scale" in faults:
        return scores
    if "root_of_all" in faults:
        return np.sqrt(scores / d_k)
    scales = {
        "by_d": lambda: d_k,
        "by_count": lambda: np.sqrt(len(scores)),
        "eight": lambda: 8,
        "square": lambda: d_k**2,
        "whole_root": lambda: int(np.sqrt(d_k)),
        "brackets": lambda: d_k / 2,
        "brackets_too": lambda: d_k * 2,
        "rounded_root": lambda: round(d_k**0.5),
        "root_plus_one": lambda: np.sqrt(d_k + 1),
        "length": lambda: np.linalg.norm(scores),
    }
    scale = choose(faults, scales, lambda: np.sqrt(d_k))
    ways = {
        "times": lambda: scores * scale,
        "floor": lambda: scores // scale,
        "minus": lambda: scores - scale,
    }
    result = choose(faults, ways, lambda: scores / scale)
    if "truncated" in faults:
        result = result.astype(scores.dtype)
    return reference.softmax(result) if "softmaxed" in faults else result


SCALE = Spec(
    name="scale_scores",
    chapter=1,
    minutes=3,
    difficulty=1,
    oracle=lambda scores, d_k: scores / np.sqrt(d_k),
    variant=scaled,
    faults={
        **shared("no_scale", "by_d", "times", "by_count", "eight", "whole_root", "truncated"),
        "square": "Divide by the square root of d_k, not by its square.",
        "brackets": "`d_k ** 1 / 2` is half of d_k: the power comes before the division. Write `d_k ** 0.5` or np.sqrt.",
        "brackets_too": "`scores / d_k ** 1 / 2` divides by d_k and then by 2: write `d_k ** 0.5` or np.sqrt.",
        "rounded_root": "Keep the digits of the root: do not round it to a whole number.",
        "root_plus_one": "Below the root stands d_k alone: it is at least 1, so + 1 is not needed.",
        "length": "Divide by sqrt(d_k), not by the length of the vector of scores.",
        "floor": "Use `/` and not `//`, which throws the digits behind the point away.",
        "minus": "Divide by the square root of d_k; you subtract it.",
        "root_of_all": "Only d_k goes under the root: scores / sqrt(d_k), not sqrt(scores / d_k).",
        "softmaxed": "Only scale here: the softmax is the next step.",
    },
    probes=(
        Probe("five scores, d_k = 7", {"scores": _rng.normal(size=5) * 3, "d_k": 7}),
        Probe("whole numbers, d_k = 64", {"scores": np.array([112, 96, -41]), "d_k": 64}),
    ),
    hints=(
        "With the paper's d_k = 64 the scores 112 and 96 become 14 and 12. What were they divided by?",
        "Take the square root of d_k and divide the whole array by it.",
        "return scores / np.____(d_k)",
    ),
    follow_up="dividing by d_k would also make the scores small. Chapter 2 shows why it must be the root.",
    properties=(
        (
            "the order of the scores",
            lambda value, wanted: np.array_equal(value.argsort(), wanted.argsort()),
        ),
    ),
)


def weighted_sum(faults, weights, values):
    """Weigh the values and add them up, with the mistakes in ``faults``."""
    if "softmaxed" in faults:
        weights = reference.softmax(weights)
    if "reversed" in faults:
        weights = weights[::-1]
    if "squared" in faults:
        weights = weights**2
    if "unweighted" in faults:
        weights = np.ones(len(weights))
    if "equal_weights" in faults:
        weights = np.full(len(weights), 1 / len(weights))
    ways = {
        "best_only": lambda: values[np.argmax(weights)],
        "on_entries": lambda: (weights * values).sum(0),
        "values_first": lambda: values @ weights,
        "reshaped": lambda: values.reshape(-1, len(weights)) @ weights,
    }
    result = choose(faults, ways, lambda: _summed(faults, weights[:, None], values))
    if "whole" in faults:
        return result.astype(int)
    return result.astype(values.dtype) if "truncated" in faults else result


def _summed(faults, weights, values):
    products = weights + values if "plus" in faults else weights * values
    if "short" in faults:
        products = products[:-1]
    if "first_missing" in faults:
        products = products[1:]
    if "d_v_keys" in faults:
        products = products[: values.shape[1]]
    if "no_sum" in faults:
        return products
    axis = choose(faults, {"wrong_axis": lambda: 1, "one_number": lambda: None}, lambda: 0)
    ways = {
        "mean": lambda: products.mean(axis),
        "only_last": lambda: products[-1],
        "only_first": lambda: products[0],
        "multiplied": lambda: products.prod(axis),
        "largest": lambda: products.max(axis),
        "truncated_steps": lambda: _summed_whole(products, values.dtype),
    }
    return choose(faults, ways, lambda: products.sum(axis))


def _summed_whole(products, dtype):
    total = np.zeros(products.shape[1])
    for row in products:
        total = (total + row).astype(dtype)
    return total


SUM = Spec(
    name="weighted_sum",
    chapter=1,
    minutes=5,
    difficulty=1,
    oracle=lambda weights, values: weights @ values,
    variant=weighted_sum,
    faults={
        **shared("mean", "only_last", "truncated"),
        "truncated_steps": "Your result array holds integers (it was made like the input), so each step of the sum is cut down to a whole number: make it of floats.",
        "no_sum": "Step 5 is there (the weighted values); step 6 is missing: add them up over the keys.",
        "wrong_axis": "Add up over the keys (axis 0), so that one vector of length d_v is left.",
        "one_number": "Add up over the keys only: d_v numbers are left, not a single one.",
        "unweighted": "Every value must be multiplied by its own weight before the sum: yours is the sum of all values.",
        "equal_weights": "Use the weights: yours is the plain mean, in which every value counts the same.",
        "on_entries": "A weight belongs to a whole value, a row: write weights[:, None] * values.",
        "values_first": "The keys are the rows of `values`: write weights @ values, not values @ weights.",
        **shared("reshaped"),
        "softmaxed": "The weights are weights already: a second softmax flattens them.",
        "best_only": "Do not take the best value alone: every value counts with its weight.",
        "reversed": "The weights are used in reverse order: weight i belongs to value i.",
        "squared": "Every weight is used twice: multiply each value by its weight once.",
        "plus": "Multiply each value by its weight; you add the weight to it.",
        "multiplied": "Add the weighted values up; you multiply them with each other.",
        "largest": "Add the weighted values up; you keep only the largest number of each column.",
        "short": "The last value is left out: check where your loop ends.",
        "first_missing": "The first value is left out: Python counts from 0.",
        "only_first": "Only the first weighted value is there: add all of them up (and take `return` out of the loop).",
        "whole": "Keep the digits behind the point: the result must be an array of floats, not of integers.",
        "d_v_keys": "Loop over the keys, len(weights) of them; you loop over d_v, the length of a value.",
    },
    probes=(
        Probe(
            "five values",
            {"weights": _rng.dirichlet(np.ones(5)), "values": _rng.normal(size=(5, 3))},
        ),
        Probe("two values", {"weights": np.array([0.88, 0.12]), "values": _rng.normal(size=(2, 7))}),
        Probe("as many values as entries", {"weights": _rng.dirichlet(np.ones(4)), "values": _rng.normal(size=(4, 4))}),
        Probe(
            "values that are whole numbers",
            {"weights": np.array([0.5, 0.2, 0.3]), "values": np.array([[3, -8], [5, 1], [-4, 6]])},
        ),
    ),
    hints=(
        "A recipe of 0.88 of one paint and 0.12 of another: what is its amount of red?",
        "Give the weights a second axis so that each multiplies a row, then add the rows. Or one matrix product.",
        "return (weights[:, None] * values).sum(axis=____)",
    ),
    follow_up="weights that are positive and sum to 1: can the output leave the box around the values?",
)

SPECS = (SOFTMAX, SCORES, SCALE, SUM, ONE_WORD, EQUAL_KEYS)
