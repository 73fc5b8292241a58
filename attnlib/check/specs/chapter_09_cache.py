"""Chapter 9: one step of decoding with a cache, on torch tensors."""

import numpy as np
import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import SCALES, SHARED, choose, scale_of, shared

_generator = torch.Generator().manual_seed(929)


def cached(faults, query, keys, values, new_key, new_value):
    """One step of decoding, with the mistakes in ``faults``."""
    if "news_swapped" in faults:
        new_key, new_value = new_value, new_key
    all_keys = _appended(faults, keys, query if "query_appended" in faults else new_key, "keys")
    all_values = _appended(faults, values, new_key if "key_as_value" in faults else new_value, "values")
    old = {"old_only", "nothing_appended", "key_forgotten"}
    seen_keys = keys if faults & old else all_keys
    seen_values = values if faults & {*old, "value_forgotten"} else all_values
    output = _attended(faults, query, seen_keys, seen_values, new_key, new_value)
    return _returned(faults, output, (keys, values), (all_keys, all_values))


def _appended(faults, old, new, name):
    row = new[None]
    front = "front" in faults or f"{name}_front" in faults
    ways = {
        "dropped_first": lambda: torch.cat([old[1:], row]),
        "overwritten": lambda: torch.cat([old[:-1], row]),
        "twice": lambda: torch.cat([old, row, row]),
        "new_only": lambda: row,
        "added": lambda: old + new,
        "list_append": lambda: old.append(new),
        "flat": lambda: torch.cat([old.flatten(), new]),
        "no_axis": lambda: torch.cat([old, new]),
        "no_axis_numpy": lambda: np.concatenate([old.numpy(), new.numpy()]),
        "stacked": lambda: torch.stack([old, new]),
        "columns": lambda: torch.cat([old, row], dim=1),
    }
    return choose(faults, ways, lambda: torch.cat([row, old] if front else [old, row]))


def _attended(faults, query, keys, values, new_key, new_value):
    query = new_key if "new_key_asks" in faults else query
    if "flat" in faults:
        return torch.zeros(len(new_value))
    if "values_asked" in faults:
        scores = values @ query
    elif "cosine" in faults:
        scores = keys @ query / keys.norm(dim=-1) / query.norm()
    else:
        scores = keys @ query
    d_k, n = len(query), len(keys)
    late = "scale_late" in faults
    scores = scores / scale_of(faults, d_k, {"by_count": n, "by_old": max(n - 1, 1), "by_v": len(new_value)})
    if "first_scale" in faults:
        scores = torch.cat([keys[:-1] @ query, scores[-1:]])
    weights = _weights(faults, scores) / (d_k**0.5 if late else 1)
    ends = {
        "keys_summed": lambda: weights @ keys,
        "weights_only": lambda: weights,
        "weight_dropped": lambda: weights[:-1] @ values[:-1],
        "no_sum": lambda: weights[:, None] * values,
        "mean": lambda: weights @ values / n,
        "recomputed": lambda: (keys @ keys.T / d_k**0.5).softmax(-1) @ values,
        "new_added": lambda: weights @ values + new_value,
        "old_then_new": lambda: _weights(faults, scores[:-1]) @ values[:-1] + new_value,
        "even": lambda: values.mean(0),
        "self_only": lambda: new_value,
        "first_value": lambda: values[0],
    }
    return choose(faults, ends, lambda: weights @ values)


def _weights(faults, scores):
    ways = {
        "no_softmax": lambda: scores,
        "no_division": scores.exp,
        "no_max": lambda: scores.exp() / scores.exp().sum(),
        "no_exp": lambda: scores / scores.sum(),
        "size_one": lambda: torch.ones_like(scores),
        "winner": lambda: (scores == scores.max()).float(),
        "sigmoid": scores.sigmoid,
        "logarithm": lambda: scores.log_softmax(-1),
    }
    return choose(faults, ways, lambda: scores.softmax(-1))


def _returned(faults, output, old, new):
    (keys, values), (all_keys, all_values) = old, new
    ways = {
        "nothing_appended": lambda: (output, keys, values),
        "old_returned": lambda: (output, keys, values),
        "old_keys_returned": lambda: (output, keys, all_values),
        "key_forgotten": lambda: (output, keys, all_values),
        "old_values_returned": lambda: (output, all_keys, values),
        "value_forgotten": lambda: (output, all_keys, values),
        "output_only": lambda: output,
        "caches_only": lambda: (all_keys, all_values),
        "output_last": lambda: (all_keys, all_values, output),
        "values_first": lambda: (output, all_values, all_keys),
        "output_as_row": lambda: (output[None], all_keys, all_values),
        "news_returned": lambda: (output, all_keys[-1], all_values[-1]),
    }
    return choose(faults, ways, lambda: (output, all_keys, all_values))


def _true_step(query, keys, values, new_key, new_value):
    keys, values = torch.cat([keys, new_key[None]]), torch.cat([values, new_value[None]])
    return attnlib.attention(query[None], keys, values)[0], keys, values


def _cache_probe(label, n, d_k, d_v, scale=1.0):
    rows = {"query": (d_k,), "keys": (n, d_k), "values": (n, d_v), "new_key": (d_k,), "new_value": (d_v,)}
    parts = {name: torch.randn(*shape, generator=_generator) for name, shape in rows.items()}
    return Probe(label, {**parts, "query": scale * parts["query"]})


_BEHIND = "The new word stands behind the others: "
_RETURN = "Return (output, keys, values) with the new word in both caches; "
CACHE = Spec(
    name="cached_step",
    chapter=9,
    minutes=10,
    difficulty=1,
    oracle=_true_step,
    variant=as_set(cached),
    several=True,
    faults={
        **shared(*SCALES, "by_v"),
        "by_count": "The scale is the square root of d_k, the length of a key, not of the number of keys.",
        "by_old": "The scale is the square root of d_k, the length of a key, not of n, the number of words in the cache.",
        "first_scale": "Divide all scores by sqrt(d_k), also those of the keys that were in the cache before.",
        "old_only": "The new word looks at itself, too: put its key and value into the cache first, then attend to all of them.",
        "nothing_appended": "Put the new key and value behind the others first (`torch.cat` gives a new tensor back), then attend to all and return all.",
        "key_forgotten": "Put the new key behind the old keys, too, not the new value alone: the new word looks at itself with it.",
        "value_forgotten": "Put the new value behind the old values, too, not the new key alone: there must be one value for each weight.",
        "list_append": "A tensor has no `append`: `torch.cat([keys, new_key[None]])` gives a longer one back.",
        "front": _BEHIND + "you put its key and its value in front.",
        "keys_front": _BEHIND + "you put its key in front, so that the keys no longer stand beside their values.",
        "values_front": _BEHIND + "you put its value in front, so that the values no longer stand beside their keys.",
        "dropped_first": "The cache grows by one row, n + 1: no old key or value is dropped (here the first is missing).",
        "overwritten": "The cache grows by one row, n + 1: the new row must not take the place of the last one.",
        "twice": "The new key and value are in the cache twice: append them once.",
        "new_only": "Keep the old rows: your caches hold the new word alone, so it can look at nothing else.",
        "added": "A new row is put below the others with `torch.cat`: `+` adds the new vector to every old row.",
        "flat": "The cache is a matrix: turn the new vector into a row, new_key[None], and join with it along axis 0 (`np.append` needs axis=0).",
        "no_axis": "`torch.cat` joins a matrix with a matrix: make the new vector a row of shape (1, d_k) first, new_key[None].",
        "no_axis_numpy": "`np.concatenate` joins a matrix with a matrix: make the new vector a row of shape (1, d_k) first, new_key[None].",
        "stacked": "`torch.stack` puts tensors of equal shape on a new axis: join cache and new row with `torch.cat([keys, new_key[None]])`.",
        "columns": "The new word is a new row: join along axis 0, not along the features.",
        "news_swapped": "The new key goes to the keys and the new value to the values: yours are swapped.",
        "query_appended": "The cache of the keys takes the new key, not the query.",
        "key_as_value": "The cache of the values takes the new value, not the new key.",
        "new_key_asks": "The new word's query asks; you ask with its key.",
        "values_asked": "Scores are dot products of the query with the keys, not with the values.",
        "cosine": SHARED["cosine"],
        "no_softmax": SHARED["no_softmax"],
        "no_division": SHARED["no_division"],
        "no_max": SHARED["no_max"],
        "no_exp": SHARED["no_exp"],
        "size_one": "All your weights are 1: the softmax runs over an axis of length 1. Let it run over the keys.",
        "winner": SHARED["winner"],
        "sigmoid": "Softmax shares out a total of 1 among all keys; a sigmoid looks at each score by itself.",
        "logarithm": "Use the weights themselves, `softmax`, not their logarithm.",
        "keys_summed": "The output is a weighted sum of the values, not of the keys.",
        "weights_only": SHARED["weights_only"],
        "weight_dropped": "The new word's value counts, too: its weight takes a share, and you leave its value out of the sum.",
        "no_sum": "Add the weighted values up over the words: the output is one vector, (d_v,).",
        "mean": SHARED["mean"],
        "recomputed": "Only the new word asks: one query, one output of d_v numbers. You compute an output for every word (with keys as queries).",
        "new_added": "The output is the weighted sum alone: add no value to it.",
        "old_then_new": "One softmax over all n + 1 keys: the new value is not added with weight 1 to what the old ones give.",
        "even": "The weights come from query and keys: yours give every word the same share.",
        "self_only": "The new word looks at all words of the cache, not at itself alone. (A softmax over an axis of length 1 gives weight 1.)",
        "first_value": "The last word may look at everything: leave the causal mask out (a triangle with one row leaves the first key alone).",
        "old_returned": _RETURN + "yours gives the old ones back.",
        "old_keys_returned": _RETURN + "your keys are still the old ones.",
        "old_values_returned": _RETURN + "your values are still the old ones.",
        "output_only": _RETURN + "yours gives the output alone.",
        "caches_only": _RETURN + "the output is missing.",
        "output_last": _RETURN + "your output stands last.",
        "values_first": _RETURN + "your values stand before the keys.",
        "output_as_row": "The output is a vector of d_v numbers, (d_v,): yours has an axis of size 1 in front.",
        "news_returned": _RETURN + "yours gives the new row alone.",
    },
    unpaired=frozenset(
        {"by_old", "first_scale", "nothing_appended", "key_forgotten", "value_forgotten", "list_append"}
        | {"values_front", "overwritten", "twice", "new_only", "added", "flat", "no_axis", "no_axis_numpy"}
        | {"stacked", "columns", "news_swapped", "query_appended", "key_as_value", "values_asked", "cosine"}
        | {"no_division", "no_max", "no_exp", "winner", "sigmoid", "logarithm", "weights_only", "weight_dropped"}
        | {"no_sum", "mean", "recomputed", "new_added", "old_then_new", "even", "self_only", "first_value"}
        | {"old_keys_returned", "old_values_returned", "output_only", "caches_only", "news_returned"}
        | {"times", "eight", "whole_root"}
    ),
    probes=(
        _cache_probe("five words in the cache", 5, 3, 7, scale=1.5),
        _cache_probe("as many numbers in a key as in a value", 6, 5, 5, scale=1.5),
        _cache_probe("the first word: nothing is in the cache", 0, 2, 3),
        _cache_probe("a long query", 4, 11, 2, scale=900.0),
        _cache_probe("one word in the cache", 1, 6, 4),
    ),
    hints=(
        "The new word may look at itself. What must happen before its query asks?",
        "Make the new key a row, join it below the keys; the same with the value. Then attend with one query, and return all three.",
        "keys = torch.cat([keys, ____]); weights = (keys @ query / len(query) ** ____).softmax(-1)",
    ),
    follow_up="after 1,000 words, how many scores does one step compute, and how many would it be without a cache?",
)
