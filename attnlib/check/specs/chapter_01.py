"""Chapter 1: the six steps, one exercise a step, then all of them for one word."""

import numpy as np

from attnlib import reference
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import shared

_rng = np.random.default_rng(101)


def softmax(faults, scores):
    """Softmax over the last axis, with the mistakes in ``faults``."""
    given = np.asarray(scores)
    x = -given.astype(float) if "sign" in faults else given.astype(float)
    if "one_hot" in faults:
        return (x == x.max(-1, keepdims=True)).astype(float)
    if "no_exp" in faults:
        return x / x.sum(-1, keepdims=True)
    top = 0.0 if "no_max" in faults else x.max() if "one_max" in faults else x.max(-1, keepdims=True)
    powers = 2.0 ** (x - top) if "base_2" in faults else np.exp(x - top)
    axis = None if "whole_array" in faults else 0 if "first_axis" in faults else -1
    if "first_axis" in faults and "no_max" not in faults and "one_max" not in faults:
        powers = np.exp(x - x.max(0, keepdims=True))
    total = powers.sum(axis) if "no_keepdims" in faults else powers.sum(axis, keepdims=True)
    weights = powers if "no_division" in faults else powers / total
    if "logarithm" in faults:
        return np.log(weights)
    return weights.astype(given.dtype) if "truncated" in faults else weights


SOFTMAX = Spec(
    name="stable_softmax",
    chapter=1,
    minutes=8,
    difficulty=1,
    oracle=reference.softmax,
    variant=softmax,
    faults={
        "whole_array": "Sum over the last axis only: yours sums over the whole array, so all rows share one sum.",
        "first_axis": "Softmax runs over the keys, the last axis (`axis=-1`); yours runs over the first.",
        "no_keepdims": "Write `keepdims=True` in the sum: without it the sums of the rows line up with the columns.",
        "no_max": "Subtract the row's largest score before `exp`: exp(1000) is infinite, and infinity / infinity is NaN.",
        "one_max": "Subtract each row's own largest score, not that of the whole array: a low row becomes 0 / 0.",
        "no_division": "Divide the exponentials by their sum, so that the weights sum to 1.",
        "no_exp": "Take `np.exp` of the scores first: dividing raw scores by their sum can give negative weights.",
        "sign": "A high score must give a high weight: the sign of the scores is turned round.",
        "base_2": "Use `np.exp` (base e), not powers of 2.",
        "logarithm": "That is the logarithm of the weights; return the weights.",
        "truncated": "Your result array holds integers (it was made from the scores), which cuts every weight to 0: use floats.",
        "one_hot": "Softmax is soft: every key gets a share, not only the one with the largest score.",
    },
    probes=(
        Probe("a batch of rows", {"scores": _rng.normal(size=(3, 5)) * 1.5}),
        Probe("one row of whole numbers", {"scores": np.array([2, 0, -1, 3, 1, 1, 0])}),
        Probe("a square of scores", {"scores": _rng.normal(size=(3, 3))}),
        Probe(
            "scores around 1000 and around -1000",
            {"scores": np.array([[1000.0, 1001.0, 998.5], [-1000.0, -1002.0, -1000.5]])},
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
    products = keys * query
    if "no_sum" in faults:
        return products
    if "over_keys" in faults:
        return products.sum(0)
    if "distance" in faults:
        return np.sqrt(((keys - query) ** 2).sum(-1))
    if "short" in faults:
        products = products[:, :-1]
    scores = products.sum(-1)
    if "cosine" in faults:
        scores = scores / np.linalg.norm(query) / np.linalg.norm(keys, axis=-1)
    if "mean" in faults:
        scores = scores / len(query)
    if "scaled" in faults:
        scores = scores / np.sqrt(len(query))
    if "softmaxed" in faults:
        return reference.softmax(scores)
    return np.abs(scores) if "absolute" in faults else scores


SCORES = Spec(
    name="score_vector",
    chapter=1,
    minutes=6,
    difficulty=1,
    oracle=lambda query, keys: keys @ query,
    variant=score_vector,
    faults={
        "no_sum": "A dot product is one number: multiply entry by entry, then add the products up over d_k.",
        "over_keys": "Add up over d_k, the entries of one key; you add up over the keys.",
        "cosine": "No division by the lengths: the score is the plain dot product (yours is the cosine).",
        "mean": "Add the products up; you take their mean, which divides by d_k.",
        "scaled": "The scale comes in the next step: here the scores stay unscaled.",
        "softmaxed": "The softmax comes later: return the scores themselves.",
        "distance": "The score is a dot product, not a distance: similar vectors must get a high score.",
        "short": "The last entry of the vectors is left out: a loop over `range(d_k - 1)` stops too early.",
        "absolute": "A negative score is information (the vectors point apart): do not take the absolute value.",
    },
    probes=(
        Probe("five keys", {"query": _rng.normal(size=3), "keys": _rng.normal(size=(5, 3))}),
        Probe("two long keys", {"query": _rng.normal(size=11), "keys": _rng.normal(size=(2, 11))}),
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
    scale = np.sqrt(d_k)
    if "by_d" in faults:
        scale = d_k
    if "by_count" in faults:
        scale = np.sqrt(len(scores))
    if "eight" in faults:
        scale = 8
    if "square" in faults:
        scale = d_k**2
    result = scores * scale if "times" in faults else scores // scale if "floor" in faults else scores / scale
    return reference.softmax(result) if "softmaxed" in faults else result


SCALE = Spec(
    name="scale_scores",
    chapter=1,
    minutes=3,
    difficulty=1,
    oracle=lambda scores, d_k: scores / np.sqrt(d_k),
    variant=scaled,
    faults={
        **shared("no_scale", "by_d", "times", "by_count", "eight"),
        "square": "Divide by the square root of d_k, not by its square.",
        "floor": "Use `/` and not `//`, which throws the digits behind the point away.",
        "root_of_all": "Only d_k goes under the root: scores / sqrt(d_k), not sqrt(scores / d_k).",
        "softmaxed": "Only scale here: the softmax is the next step.",
    },
    probes=(
        Probe("five scores, d_k = 7", {"scores": _rng.normal(size=5) * 3, "d_k": 7}),
        Probe("whole numbers, d_k = 64", {"scores": np.array([112, 96, -40]), "d_k": 64}),
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
    if "unweighted" in faults:
        return values.sum(0)
    if "best_only" in faults:
        return values[np.argmax(weights)]
    if "softmaxed" in faults:
        weights = reference.softmax(weights)
    if "reversed" in faults:
        weights = weights[::-1]
    if "squared" in faults:
        weights = weights**2
    products = weights[:, None] * values
    if "short" in faults:
        products = products[:-1]
    if "no_sum" in faults:
        return products
    if "wrong_axis" in faults:
        return products.sum(1)
    if "one_number" in faults:
        return products.sum()
    return products.mean(0) if "mean" in faults else products.sum(0)


SUM = Spec(
    name="weighted_sum",
    chapter=1,
    minutes=5,
    difficulty=1,
    oracle=lambda weights, values: weights @ values,
    variant=weighted_sum,
    faults={
        "no_sum": "Step 5 is there (the weighted values); step 6 is missing: add them up over the keys.",
        "wrong_axis": "Add up over the keys (axis 0), so that one vector of length d_v is left.",
        "mean": "Add the weighted values up; a mean divides once more by the number of keys.",
        "unweighted": "Every value must be multiplied by its weight before the sum.",
        "softmaxed": "The weights are weights already: a second softmax flattens them.",
        "best_only": "Do not take the best value alone: every value counts with its weight.",
        "one_number": "Add up over the keys only: d_v numbers are left, not a single one.",
        "reversed": "The weights are used in reverse order: weight i belongs to value i.",
        "squared": "Every weight is used twice: multiply each value by its weight once.",
        "short": "The last value is left out: check where your loop ends.",
    },
    probes=(
        Probe(
            "five values",
            {"weights": _rng.dirichlet(np.ones(5)), "values": _rng.normal(size=(5, 3))},
        ),
        Probe("two values", {"weights": np.array([0.88, 0.12]), "values": _rng.normal(size=(2, 7))}),
    ),
    hints=(
        "A recipe of 0.88 of one paint and 0.12 of another: what is its amount of red?",
        "Give the weights a second axis so that each multiplies a row, then add the rows. Or one matrix product.",
        "return (weights[:, None] * values).sum(axis=____)",
    ),
    follow_up="weights that are positive and sum to 1: can the output leave the box around the values?",
)


def one_word(faults, embeddings, position, W_q, W_k, W_v):
    """All six steps for one word, with the mistakes in ``faults``."""
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    place = 0 if "first_word" in faults else -1 if "last_word" in faults else position
    rows = slice(None) if "all_words" in faults else slice(place, None if place == -1 else place + 1)
    queries, keys = embeddings[rows] @ W_q, embeddings @ W_k
    if "key_as_query" in faults:
        queries = embeddings[rows] @ W_k
    keys = keys if "keys_from_q" not in faults else embeddings @ W_q
    values = embeddings if "raw_values" in faults else embeddings @ (W_k if "values_from_k" in faults else W_v)
    scores = queries @ keys.T
    scale = _scale(faults, embeddings, W_k)
    weights = scores / (1.0 if "scale_late" in faults else scale)
    if "no_self" in faults:
        weights[:, place] = -np.inf
    weights = weights if "no_softmax" in faults else reference.softmax(weights)
    if "scale_late" in faults:
        weights = weights / scale
    if "weights_only" in faults:
        return weights[0]
    if "no_sum" in faults:
        return weights[0][:, None] * values
    return weights @ values if "all_words" in faults else (weights @ values)[0]


def _scale(faults, embeddings, W_k):
    n, d_model = embeddings.shape
    d_k = W_k.shape[1]
    if "no_scale" in faults:
        return 1.0
    size = d_model if "by_model" in faults else n if "by_count" in faults else d_k
    return size if "by_d" in faults else 1 / np.sqrt(size) if "times" in faults else np.sqrt(size)


def _one_word_oracle(embeddings, position, W_q, W_k, W_v):
    query = embeddings[position] @ W_q
    return reference.attention(query[None], embeddings @ W_k, embeddings @ W_v)[0]


def _one_word_probe(label, n, d_model, d_k, d_v, position):
    sizes = ((n, d_model), (d_model, d_k), (d_model, d_k), (d_model, d_v))
    embeddings, W_q, W_k, W_v = (_rng.normal(size=size) * 0.8 for size in sizes)
    arguments = {"embeddings": embeddings, "position": position, "W_q": W_q, "W_k": W_k, "W_v": W_v}
    return Probe(label, arguments)


ONE_WORD = Spec(
    name="attend_one_word",
    chapter=1,
    minutes=12,
    difficulty=2,
    oracle=_one_word_oracle,
    variant=one_word,
    faults={
        **shared(
            "no_scale",
            "by_d",
            "times",
            "by_model",
            "by_count",
            "no_softmax",
            "swapped",
            "keys_from_q",
            "values_from_k",
            "weights_only",
            "no_sum",
        ),
        "scale_late": "Divide by sqrt(d_k) before the softmax: afterwards the weights no longer sum to 1.",
        "key_as_query": "The query is made with W_q; you made it with W_k.",
        "raw_values": "The values are the embeddings times W_v; you gathered the embeddings themselves.",
        "first_word": "Take the query of the word at `position`; you always take the first word.",
        "last_word": "Take the query of the word at `position`; you always take the last word.",
        "no_self": "A word looks at itself too: keep its own key and value.",
        "all_words": "Return the output of the one word at `position`, not of all words.",
    },
    probes=(
        _one_word_probe("five words", 5, 7, 3, 2, 3),
        _one_word_probe("three words, longer queries", 3, 5, 11, 13, 1),
        _one_word_probe("as many words as dimensions", 4, 4, 4, 4, 2),
    ),
    hints=(
        "Which of the three vectors does only this word need, and which do all words need?",
        "query = this word's embedding times W_q; keys and values for all words; then the exercises above, one by one.",
        "weights = stable_softmax(scale_scores(score_vector(query, ____), ____))",
    ),
    follow_up="which lines of your answer must run again for the next word, and which need not?",
)


def equal_keys(faults, query, key, values):
    """Attention over equal keys, with the mistakes in ``faults``."""
    score = query @ key / np.sqrt(len(key))
    results = {
        "sum": values.sum(0),
        "first": values[0],
        "last": values[-1],
        "largest": values.max(0),
        "median": np.median(values, axis=0),
        "zeros": np.zeros(values.shape[1]),
        "no_softmax": score * values.sum(0),
        "no_sum": values / len(values),
        "wrong_axis": values.mean(1),
        "one_number": values.mean(),
        "key": key,
        "scaled_mean": score * values.mean(0),
    }
    return next((results[name] for name in results if name in faults), values.mean(0))


EQUAL_KEYS = Spec(
    name="output_for_equal_keys",
    chapter=1,
    minutes=5,
    difficulty=1,
    oracle=lambda query, key, values: reference.attention(query[None], np.tile(key, (len(values), 1)), values)[0],
    variant=equal_keys,
    faults={
        **shared("no_softmax"),
        "sum": "The weights sum to 1, so the output is the mean of the values, not their sum.",
        "first": "The first value is not special: equal keys get equal weights.",
        "last": "The last value is not special: equal keys get equal weights.",
        "largest": "No value wins: equal keys get equal weights, whatever the values are.",
        "median": "Equal weights make the mean, not the median.",
        "zeros": "Equal scores do not cancel: softmax of equal scores gives every key the same positive weight.",
        "no_sum": "The weights 1 / n are right; now add the weighted values up.",
        "wrong_axis": "Take the mean over the values (axis 0), so that one vector of length d_v is left.",
        "one_number": "Take the mean over the values only: d_v numbers are left, not a single one.",
        "key": "Keys decide the weights but are not part of the output: it is made of values.",
        "scaled_mean": "The score does not multiply the mean: softmax has turned equal scores into equal weights.",
    },
    probes=(
        Probe(
            "five values",
            {
                "query": _rng.normal(size=3),
                "key": _rng.normal(size=3),
                "values": _rng.normal(size=(5, 7)),
            },
        ),
        Probe(
            "a long query and two values",
            {
                "query": _rng.normal(size=13) * 4,
                "key": _rng.normal(size=13),
                "values": _rng.normal(size=(2, 3)),
            },
        ),
    ),
    hints=(
        "All keys are equal. Is there any reason for the query to prefer one of them?",
        "Equal keys give equal scores; softmax of n equal scores gives n equal weights that sum to 1. Which ones?",
        "return values.____(axis=0)",
    ),
    follow_up="the query and the key do not appear in the result. When would they?",
)

SPECS = (SOFTMAX, SCORES, SCALE, SUM, ONE_WORD, EQUAL_KEYS)
