"""Chapter 7: from which length on attention costs more than another layer."""

import math

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import choose


def first_dearer(faults, kind, d, k):
    """Find the smallest n at which attention costs more, with the mistakes in ``faults``."""
    if faults & {"always_one", "above_d"}:
        return 1 if "always_one" in faults else d + 1
    if "table" in faults:  # n**2 d > k n d**2
        return _rounded(faults, d * {"conv": k, "rnn": 1, "gru": 3, "lstm": 4}[kind])
    other, both = _other(faults, kind, k), "one_twice" not in faults
    projections = {
        "no_projections": lambda: 0,
        "one_projection": lambda: 2,
        "no_output": lambda: 6,
        "other_side_doubled": lambda: 4,
        "projections_half": lambda: 4,
        "eight": lambda: 16,
    }
    pairs = {"one_product": lambda: 2, "other_side_doubled": lambda: 2, "pairs_doubled": lambda: 8}
    if faults & {"no_d", "d_squared"}:
        power = {"no_d": lambda: 1 / d, "d_squared": lambda: d}
        return _rounded(faults, choose(faults, power, lambda: 1) * (other - 8) * d / 4)
    per_word = choose(faults, projections, lambda: 8)
    answer = _rounded(faults, (other - per_word) * d / (choose(faults, pairs, lambda: 4) if both else 2))
    return min(d, answer) if "stops_at_d" in faults else answer


def _other(faults, kind, k):
    """Return what the other layer costs in units of n d**2."""
    if kind == "conv":
        kernel = {
            "conv_no_k": lambda: 1,
            "conv_k_squared": lambda: k**2,
            "conv_k_less": lambda: k - 1,
            "conv_twice": lambda: 2 * k,
        }
        cost = 2 * choose(faults, kernel, lambda: k)
    else:
        gates = choose(
            faults,
            {
                "gates_swapped": lambda: {"gru": 4, "lstm": 3},
                "gru_two": lambda: {"gru": 2, "lstm": 4},
                "lstm_three": lambda: {"gru": 3, "lstm": 3},
                "gates_in_paper": lambda: {"gru": 2, "lstm": 3},
            },
            lambda: {"gru": 3, "lstm": 4},
        ).get(kind, 1)
        cost = (2 if "one_matrix" in faults else 4) * gates
        cost *= k if "k_everywhere" in faults else 1
    return cost / 2 if "other_half" in faults else cost


def _rounded(faults, border):
    """Make a whole number of the n at which both cost the same."""
    smallest = 0 if "from_zero" in faults else 1
    ways = {
        "tie": lambda: max(smallest, math.ceil(border)),
        "tie_not_clamped": lambda: math.ceil(border),
        "not_rounded": lambda: border,
        "not_rounded_clamped": lambda: max(1, border),
        "border_and_one": lambda: max(1, border + 1),
        "floored": lambda: max(1, math.floor(border)),
        "not_clamped": lambda: math.floor(border) + 1,
        "one_more": lambda: max(1, math.ceil(border) + 1),
        "before": lambda: max(0, math.floor(border)),
        "floored_not_clamped": lambda: math.floor(border),
        "cheaper": lambda: 1 if border > 1 else -1,
        "minus_one": lambda: math.floor(border) + 1 if border >= 1 else -1,
        "by_doubling": lambda: 2 ** math.ceil(math.log2(max(1, math.floor(border) + 1))),
        "from_two": lambda: max(2, math.floor(border) + 1),
        "gives_up": lambda: min(1000, max(1, math.floor(border) + 1)),
        "absolute": lambda: max(1, math.floor(abs(border)) + 1),
    }
    return choose(faults, ways, lambda: max(smallest, math.floor(border) + 1))


def _true_crossover(kind, d, k):
    from attnlib import costs  # here, so that the other chapters do not wait for it

    n = 1
    while costs.formula("attention", n, d) <= costs.formula(kind, n, d, k if kind == "conv" else None):
        n += 1
    return n


def _probe(label, kind, d, k):
    return Probe(label, {"kind": kind, "d": d, "k": k})


CROSSOVER = Spec(
    name="crossover",
    chapter=7,
    minutes=10,
    difficulty=2,
    oracle=_true_crossover,
    variant=as_set(first_dearer),
    faults={
        "no_projections": "Include the four projections of attention, 8 * n * d**2: without them the crossover comes far too late.",
        "table": "The orders n**2 d and k n d**2 of the classic table are no FLOPs: put in the projections, the 2 of a multiply-add, and both products over pairs.",
        "always_one": "Attention does not cost more for every sentence: the other layer may cost more until n is large enough. If you search, look whether your comparison is the wrong way round.",
        "above_d": "n > d compares n**2 d with n d**2 alone: put in the projections, the factors and what the other layer costs, which differs from kind to kind.",
        "no_output": "Attention has four projections, 4 * n * d**2 in the bracket; yours has three (is W_o missing?).",
        "one_projection": "Attention has four projections, 4 * n * d**2 in the bracket; yours has one.",
        "projections_half": "The projections of attention cost 2 * 4 * n * d**2; yours are half of that.",
        "eight": "The projections of attention cost 2 * 4 * n * d**2, so 8, not 16.",
        "one_product": "Attention has two products over all pairs, scores and weighted sum: 2 * 2 * n**2 * d; yours is half of that.",
        "pairs_doubled": "The two products over all pairs cost 2 * 2 * n**2 * d together; yours is twice that.",
        "other_half": "Both sides count 2 FLOPs for a multiply-add: the cost of the other layer is halved.",
        "other_side_doubled": "Both sides count 2 FLOPs for a multiply-add: attention lacks the 2 in front of its bracket.",
        "conv_no_k": "The convolution costs k times 2 * n * d**2: the k is missing.",
        "conv_k_squared": "The kernel is k long, not k by k: words stand in one row, so k comes in once.",
        "conv_k_less": "A kernel of size k has k taps: 2 * k * n * d**2, not k - 1.",
        "conv_twice": "The convolution costs 2 * k * n * d**2; yours is twice that (only the recurrent kinds have two matrices).",
        "one_matrix": "gru and lstm come out too cheap: they cost three and four times the whole rnn, which has two products (input and state), 2 * 2 * n * d**2.",
        "gates_swapped": "gru costs three times the rnn and lstm four times; you have them the other way round.",
        "gru_two": "The gru costs three times the rnn: two gates and the new candidate.",
        "lstm_three": "The lstm costs four times the rnn: three gates and the new candidate.",
        "gates_in_paper": "Count the new candidate beside the gates: gru costs three times the rnn, lstm four times; yours have 2 and 3.",
        "k_everywhere": "k belongs to the convolution alone: leave it out of the other kinds.",
        "no_d": "The crossover grows with d: divide 2 n**2 d into n d**2 and one d is left.",
        "d_squared": "The crossover grows with d, not with d**2: n**2 d and n d**2 differ by one n and one d.",
        "tie": "Where both cost the same, attention does not cost more yet: use > and not >= (after a formula: floor + 1, neither ceil nor round).",
        "from_zero": "n is at least 1, since a sentence has a word: where attention costs more from the start, the answer is 1, not 0.",
        "not_clamped": "Where attention costs more from the start, the formula falls to 0 or below: the answer is then 1, so take max(1, ...).",
        "tie_not_clamped": "Take the next whole number above the border, floor + 1 and not ceil, and at least 1: the formula can fall below 0.",
        "not_rounded": "That is the border where both cost the same: the answer is the next whole number above it, and at least 1.",
        "not_rounded_clamped": "That is the border where both cost the same: the answer is the next whole number above it.",
        "border_and_one": "Round down to a whole number before you add 1: n counts words.",
        "floored": "That is the last n at which attention does not cost more (or 1): the first at which it does is one higher, floor + 1 of the border.",
        "floored_not_clamped": "After rounding down add 1, and take at least 1: at the border itself attention does not cost more.",
        "before": "That is the last n at which attention does not cost more: the next one is asked for.",
        "one_more": "One too many: the first n at which attention costs more is floor + 1 of the border, and 1 where it costs more from the start.",
        "cheaper": "Compare the other way round: the smallest n at which attention costs more, not the other layer.",
        "minus_one": "Where attention costs more from the start there is a smallest n, too: it is 1, not -1.",
        "by_doubling": "Try every n, not only powers of two: yours steps over the smallest one.",
        "gives_up": "The search ends at n = 1000: go on until attention costs more, or solve for n.",
        "stops_at_d": "The search ends at n = d, but the border may lie beyond: go on until attention costs more, or solve for n.",
        "from_two": "Start at n = 1: a sentence of one word counts, too.",
        "absolute": "Do not drop the sign: a border below 0 means that attention costs more from n = 1 on.",
    },
    unpaired=frozenset(
        {"one_projection", "always_one", "above_d", "gives_up", "stops_at_d", "projections_half", "eight"}
        | {"pairs_doubled", "conv_twice", "conv_k_less", "no_d", "d_squared", "tie_not_clamped"}
        | {"not_rounded_clamped", "border_and_one", "floored", "minus_one", "floored_not_clamped"}
        | {"one_more", "cheaper", "by_doubling", "from_two", "absolute", "gates_in_paper", "other_half"}
        | {"other_side_doubled", "k_everywhere"}
    ),
    probes=(
        _probe("a convolution, no whole number at the border", "conv", 3, 11),
        _probe("a convolution that costs as much at a whole number", "conv", 14, 5),
        _probe("a short kernel and a single feature", "conv", 1, 2),
        _probe("a recurrent layer with few features", "rnn", 3, 9),
        _probe("a gru", "gru", 13, 4),
        _probe("an lstm with many features", "lstm", 600, 2),
    ),
    hints=(
        "At which n do both cost exactly the same? Does attention cost more there already?",
        "Divide both sides by n * d and solve for n, or count n up from 1 and compare. Mind the tie and the sign.",
        "while 2 * (4 * n * d**2 + ____) <= ____: n += 1",
    ),
    follow_up="why does attention cost more than a plain recurrent layer at every n, and when is it used all the same?",
)
