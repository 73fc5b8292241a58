"""Chapter 8: the weights of a head that looks at one place."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose


def taps(faults, n, offset):
    """Make the weights of a head that looks at one offset, with the mistakes in ``faults``."""
    places = torch.arange(n)
    offset = choose(
        faults,
        {
            "left": lambda: -offset,
            "one_too_far": lambda: offset + 1,
            "one_too_near": lambda: offset - 1,
            "no_offset": lambda: 0,
            "always_right": lambda: abs(offset),
            "always_left": lambda: -abs(offset),
        },
        lambda: offset,
    )
    hit = places == places[:, None] + offset
    outside = (places + offset < 0) | (places + offset >= n)
    wholes = {
        "wrapped": lambda: (places[:, None] + offset) % n == places,
        "left_wraps": lambda: hit | ((places[:, None] + offset + n == places) & (offset < 0)),
        "clamped": lambda: (places[:, None] + offset).clamp(0, n - 1) == places,
        "own_place": lambda: hit | (outside[:, None] & (places == places[:, None])),
        "first_place": lambda: hit | (outside[:, None] & (places == 0)),
        "even": lambda: hit + outside[:, None] / n,
        "nan": lambda: hit.float().masked_fill(outside[:, None], torch.nan),
        "both_sides": lambda: hit | hit.T,
        "halves": lambda: (hit.float() + hit.T.float()) / 2,
        "window": lambda: (places - places[:, None]).abs() <= abs(offset),
        "up_to": lambda: places <= places[:, None] + offset,
        "from_there": lambda: places >= places[:, None] + offset,
        "between": lambda: _between(places, offset),
        "with_own": lambda: hit | (places == places[:, None]),
        "all_others": lambda: ~hit,
        "soft": lambda: hit.float().softmax(-1),
        "minus_infinity": lambda: torch.zeros(n, n).masked_fill(~hit, -torch.inf),
        "last_row_missing": lambda: hit & (places[:, None] < n - 1),
        "first_place_missing": lambda: hit & (places > 0),
        "last_place_missing": lambda: hit & (places < n - 1),
        "window_shares": lambda: _shares((places - places[:, None]).abs() <= abs(offset)),
        "between_shares": lambda: _shares(_between(places, offset)),
        "offset_as_weight": lambda: hit * offset,
        "one_row": lambda: hit & (places[:, None] == 0),
        "ones": lambda: torch.ones(n, n),
    }
    weights = choose(faults, wholes, lambda: hit)
    if "too_far" in faults and abs(offset) > n:
        return torch.diag(torch.ones(n - abs(offset)), offset)
    if "no_abs" in faults:
        return torch.diag(torch.ones(n - offset), offset)
    return weights if "boolean" in faults else weights.float()


def _shares(found):
    return found / found.sum(-1, keepdim=True)


def _between(places, offset):
    steps = places - places[:, None]
    low, high = min(0, offset), max(0, offset)
    return (low <= steps) & (steps <= high)


def _true_taps(n, offset):
    return torch.tensor([[float(j == i + offset) for j in range(n)] for i in range(n)])


def _tap_probe(label, n, offset):
    return Probe(label, {"n": n, "offset": offset})


TAP = Spec(
    name="tap_weights",
    chapter=8,
    minutes=8,
    difficulty=1,
    oracle=_true_taps,
    variant=taps,
    faults={
        "left": "A positive offset looks to the right: row i has its 1 in column i + offset; yours has it in column i - offset (row and column swapped?).",
        "always_right": "A negative offset looks to the left: keep its sign.",
        "always_left": "A positive offset looks to the right: column i + offset; yours always looks to the left.",
        "one_too_far": "One place too far to the right: the 1 of row i stands in column i + offset.",
        "one_too_near": "One place too far to the left: the 1 of row i stands in column i + offset.",
        "no_offset": "Every place looks at itself: the offset is not used. Row i has its 1 in column i + offset.",
        "wrapped": "The sentence is no ring: a place beyond one end does not come back at the other (`roll` and % n do that). Such a row is all zeros.",
        "left_wraps": "A negative index counts from the end in Python: test i + offset >= 0 as well. Such a row is all zeros.",
        "clamped": "A row whose place lies outside is all zeros; yours looks at the place at the end instead.",
        "own_place": "A row whose place lies outside is all zeros; yours looks at its own place instead.",
        "first_place": "A row whose place lies outside is all zeros; yours looks at place 0 instead.",
        "even": "A row whose place lies outside is all zeros; yours spreads its weight over all places (as a softmax of equal scores does).",
        "nan": "A row whose place lies outside is all zeros; yours is 0 / 0, which is NaN: do not divide a row by its sum, nor take its softmax.",
        "both_sides": "Look to one side only: to the right if the offset is positive, to the left if it is negative.",
        "halves": "Look to one side only, with the whole weight 1: yours puts a half on each side.",
        "window": "Exactly `offset` places away: yours looks at every place up to that distance, on both sides.",
        "window_shares": "One place alone, `offset` places away, gets the weight 1: yours spreads it over all places up to that distance, on both sides.",
        "between_shares": "One place alone, i + offset, gets the weight 1: yours spreads it over all places from its own to that one.",
        "between": "Exactly `offset` places away: yours looks at all places from its own to that one.",
        "up_to": "Exactly at i + offset: yours looks at all places up to there (`tril` keeps a triangle).",
        "from_there": "Exactly at i + offset: yours looks at all places from there on (`triu` keeps a triangle).",
        "with_own": "One place only, i + offset: the head does not look at its own place as well.",
        "all_others": "The weights are the wrong way round: 1 at column i + offset, 0 elsewhere.",
        "soft": "The weights are 0 and 1: a softmax of zeros and ones leaves something for every place.",
        "minus_infinity": "Those are scores to add before a softmax: return the weights, 1 at column i + offset and 0 elsewhere.",
        "last_row_missing": "The last row has a place to look at when the offset is 0 or negative: your loop ends one row early.",
        "first_place_missing": "Place 0 can be looked at, too: the test is 0 <= i + offset, not 0 < i + offset.",
        "last_place_missing": "The last place can be looked at, too: the test is i + offset < n, not i + offset < n - 1.",
        "one_row": "Every row has its own place: only the first row is filled in (is `return` inside the loop?).",
        "offset_as_weight": "The weight is 1, whatever the offset.",
        "ones": "Only one place in each row gets the weight 1: column i + offset.",
        "boolean": "The pattern is right, but weights are numbers: 1.0 and 0.0, so add `.float()`.",
        "too_far": "An offset can be larger than the sentence: then there is no place left to look at, and all rows are zeros.",
        "no_abs": "On a shifted diagonal stand n - abs(offset) ones: with n - offset the table grows when the offset is negative.",
    },
    unpaired=frozenset(
        {
            "no_abs",
            "ones",
            "minus_infinity",
            "soft",
            "one_row",
            "offset_as_weight",
            "halves",
            "from_there",
            "up_to",
            "nan",
        }
        | {
            "between",
            "with_own",
            "first_place",
            "always_left",
            "last_row_missing",
            "all_others",
            "too_far",
            "window_shares",
            "between_shares",
        }
    ),
    probes=(
        _tap_probe("two places to the right", 5, 2),
        _tap_probe("three places to the left", 7, -3),
        _tap_probe("the own place", 4, 0),
        _tap_probe("further to the right than the sentence is long", 3, 5),
        _tap_probe("further to the left than the sentence is long", 2, -4),
    ),
    hints=(
        "In row i, which column holds the 1? For which i does that column not exist?",
        "Start with zeros. Go over the rows; where 0 <= i + offset < n, write a 1. (Or compare a row of places with a column.)",
        "weights[i, ____] = 1 if 0 <= ____ < n",
    ),
    follow_up="what is tap_weights(n, 1) @ X? And tap_weights(n, 1) @ tap_weights(n, 2)?",
)
