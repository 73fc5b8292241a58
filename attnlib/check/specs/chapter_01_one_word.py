"""Chapter 1: all six steps for one word, and what they give when all keys are equal."""

import numpy as np

from attnlib import reference
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose, scale_of, shared

_rng = np.random.default_rng(111)


def _softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def one_word(faults, embeddings, position, W_q, W_k, W_v):
    """All six steps for one word, with the mistakes in ``faults``."""
    if "matrices_transposed" in faults:
        W_q, W_k, W_v = W_q.T, W_k.T, W_v.T
    values_from = W_k if "values_from_k" in faults else W_v
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    at = choose(
        faults, {"first_word": lambda: 0, "last_word": lambda: -1, "before": lambda: position - 1}, lambda: position
    )
    at = at + 1 if "after" in faults else at
    word = embeddings[:, at] if "column" in faults else embeddings[at]
    seen = embeddings[: position + 1] if "only_back" in faults else embeddings
    query = word if "raw_query" in faults else word @ (W_k if "queries_from_k" in faults else W_q)
    keys = seen if "raw_keys" in faults else seen @ (W_q if "keys_from_q" in faults else W_k)
    values = seen if "raw_values" in faults else seen @ values_from
    sizes = {"by_model": len(word), "by_count": len(embeddings), "by_v": values.shape[1]}
    scale = scale_of([key for key in faults if key != "scale_late"], len(query), sizes)
    products = query @ keys if "not_transposed" in faults else keys @ query
    scores = products / (1.0 if "scale_late" in faults else scale)
    if "no_self" in faults:
        scores[at] = -np.inf
    if "all_words" in faults:
        table = embeddings @ W_q @ keys.T / scale
        return (table if "no_softmax" in faults else _softmax(table)) @ values
    if "over_queries" in faults:
        weights = _softmax(embeddings @ W_q @ keys.T / scale, 0)[at]
    else:
        weights = _weights(faults, scores)
    weights = weights / scale if "scale_late" in faults else weights
    return _gathered(faults, weights, values, position)


def _weights(faults, scores):
    ways = {
        "no_softmax": lambda: scores,
        "no_exp": lambda: scores / scores.sum(),
        "all_ones": lambda: np.ones(len(scores)),
        "winner": lambda: (np.arange(len(scores)) == scores.argmax()).astype(float),
        "no_division": lambda: np.exp(scores - scores.max()),
        "no_max": lambda: np.exp(scores) / np.exp(scores).sum(),
    }
    weights = choose(faults, ways, lambda: _softmax(scores))
    return weights.round(2) if "rounded" in faults else weights


def _gathered(faults, weights, values, position):
    ways = {
        "weights_only": lambda: weights,
        "no_sum": lambda: weights[:, None] * values,
        "own_value": lambda: weights.sum() * values[position],
        "adds_own": lambda: weights @ values + values[position],
        "mean": lambda: weights @ values / len(values),
        "equal_weights": lambda: values.mean(0),
    }
    return choose(faults, ways, lambda: weights @ values)


def _one_word_oracle(embeddings, position, W_q, W_k, W_v):
    query = embeddings[position] @ W_q
    return reference.attention(query[None], embeddings @ W_k, embeddings @ W_v)[0]


def _one_word_probe(label, n, d_model, d_k, d_v, position, make=lambda size: _rng.normal(size=size) * 0.8):
    sizes = ((n, d_model), (d_model, d_k), (d_model, d_k), (d_model, d_v))
    embeddings, W_q, W_k, W_v = (make(size) for size in sizes)
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
        **shared("no_scale", "by_d", "times", "by_model", "by_count", "by_v", "eight", "whole_root", "scale_late"),
        **shared("no_softmax", "no_exp", "no_division", "winner", "no_max", "weights_only", "no_sum", "mean"),
        **shared("keys_from_q", "queries_from_k", "values_from_k", "raw_keys", "matrices_transposed", "all_ones"),
        "swapped": "Queries come from W_q and keys from W_k: yours are swapped. In the table of all scores, take the row of this word, not its column.",
        "raw_values": "The values are the embeddings times W_v; you gathered the embeddings themselves.",
        "raw_query": "The query is this word's embedding times W_q, not the embedding itself.",
        "not_transposed": "A key is a row of `keys`: write keys @ query (or query @ keys.T), not query @ keys.",
        "first_word": "Take the query of the word at `position`; you always take the first word.",
        "last_word": "Take the query of the word at `position`; you always take the last word.",
        "before": "You take the word before: `position` counts from 0, so it is embeddings[position].",
        "after": "You take the word behind: `position` counts from 0, so it is embeddings[position].",
        "column": "A word is a row of `embeddings`: take embeddings[position], not embeddings[:, position].",
        "no_self": "A word looks at itself too: keep its own key and value.",
        "only_back": "A word looks at all words: keep those behind `position` too.",
        "all_words": "Return the output of the one word at `position`, not of all words.",
        "over_queries": "The softmax runs over the keys, along the row of this word; yours runs over the queries.",
        "equal_weights": "The scores must decide the weights: yours gives every word the same weight.",
        "rounded": "Do not round the weights: keep all digits, also where a text shows only two.",
        "own_value": "Every weight belongs to the value of its own word; you weigh one value with all of them.",
        "adds_own": "This word is among the keys already: do not add its value once more.",
    },
    unpaired=frozenset(
        {
            *("eight", "whole_root", "by_v", "rounded", "all_ones", "equal_weights", "own_value", "adds_own"),
            *("not_transposed", "column", "before", "after", "only_back", "queries_from_k", "raw_query"),
        }
    ),
    probes=(
        _one_word_probe("five words", 5, 7, 3, 2, 2),
        _one_word_probe("three words, longer queries", 3, 5, 11, 13, 1),
        _one_word_probe("as many words as dimensions", 4, 4, 4, 4, 1),
        _one_word_probe(
            "scores around 1000", 3, 2, 16, 5, 2, make=lambda size: _rng.integers(3, 9, size=size).astype(float)
        ),
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
    score, used = query @ key / np.sqrt(len(key)), values[:-1] if "short" in faults else values
    axis = choose(faults, {"wrong_axis": lambda: 1, "one_number": lambda: None}, lambda: 0)
    ways = {
        "sum": lambda: used.sum(axis),
        "first": lambda: used[0],
        "last": lambda: used[-1],
        "largest": lambda: used.max(axis),
        "median": lambda: np.median(used, axis),
        "zeros": lambda: np.zeros(values.shape[1]),
        "no_sum": lambda: used / len(used),
        "key": lambda: key,
        "weights_only": lambda: np.full(len(used), 1 / len(used)),
        "by_d_k": lambda: used.sum(axis) / len(key),
        "by_d_v": lambda: used.sum(axis) / values.shape[1],
        "one_less": lambda: used.sum(axis) / (len(used) - 1),
        "values_as_keys": lambda: _softmax(used @ query / np.sqrt(len(query))) @ used,
    }
    result = choose(faults, ways, lambda: used.mean(axis))
    factors = {
        "no_softmax": lambda: score * len(used),
        "scaled_mean": lambda: score,
        "raw_score_mean": lambda: query @ key,
        "no_division": lambda: np.exp(score) * len(used),
        "no_max": lambda: np.exp(score) / np.exp(score),
    }
    result = result * choose(faults, factors, lambda: 1)
    if "whole" in faults:
        return result.astype(int)
    return result.astype(values.dtype) if "truncated" in faults else result


EQUAL_KEYS = Spec(
    name="output_for_equal_keys",
    chapter=1,
    minutes=5,
    difficulty=1,
    oracle=lambda query, key, values: reference.attention(query[None], np.tile(key, (len(values), 1)), values)[0],
    variant=equal_keys,
    faults={
        **shared("no_softmax", "no_max", "truncated"),
        "sum": "The weights of all keys together sum to 1, so the output is the mean of the values, not their sum (softmax of one score alone is 1).",
        "first": "The first value is not special: equal keys get equal weights.",
        "last": "The last value is not special: equal keys get equal weights.",
        "largest": "No value wins: equal keys get equal weights, whatever the values are.",
        "median": "Equal weights make the mean, not the median.",
        "zeros": "Equal scores do not cancel: softmax of equal scores gives every key the same positive weight.",
        "no_sum": "The weights 1 / n are right; now add the weighted values up.",
        "wrong_axis": "Take the mean over the values (axis 0), so that one vector of length d_v is left.",
        "one_number": "Take the mean over the values only: d_v numbers are left, not a single one.",
        "key": "Keys decide the weights but are not part of the output: it is made of values.",
        "weights_only": "Those are the equal weights: now multiply the values by them and add up.",
        "by_d_k": "Divide the sum by the number of values, not by d_k, the length of a key.",
        "by_d_v": "Divide the sum by the number of values, not by d_v, the length of a value.",
        "one_less": "Divide by the number of values; you divide by one less.",
        "short": "The last value is left out: all values count the same.",
        "scaled_mean": "The score does not multiply the mean: softmax has turned equal scores into equal weights.",
        "raw_score_mean": "Leave query and key out of the result: equal scores become equal weights, whatever the score is.",
        "no_division": "Each weight is exp(score) divided by the sum of all exponentials; your division is missing.",
        "values_as_keys": "The scores are made from the key, not from the values: here they are all equal.",
        "whole": "Keep the digits behind the point: do not turn the result into integers.",
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
                "query": _rng.normal(size=13) * 2,
                "key": _rng.normal(size=13),
                "values": _rng.normal(size=(2, 3)),
            },
        ),
        Probe(
            "all sizes equal",
            {name: _rng.normal(size=size) for name, size in (("query", 4), ("key", 4), ("values", (4, 4)))},
        ),
        Probe(
            "values that are whole numbers",
            {"query": _rng.normal(size=2), "key": _rng.normal(size=2), "values": np.array([[3, -8], [5, 2], [3, 5]])},
        ),
        Probe(
            "scores of 1000",
            {"query": np.full(16, 20.0), "key": np.full(16, 12.5), "values": _rng.normal(size=(3, 2))},
        ),
    ),
    hints=(
        "All keys are equal. Is there any reason for the query to prefer one of them?",
        "Equal keys give equal scores; softmax of n equal scores gives n equal weights that sum to 1. Which ones?",
        "return values.____(axis=0)",
    ),
    follow_up="the query and the key do not appear in the result. When would they?",
)
