"""Chapter 9: what a window saves, in FLOPs."""

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import choose


def count(faults, n, radius, d_k, d_v):
    """Count the FLOPs inside a window, with the mistakes in ``faults``."""
    reach = choose(
        faults,
        {"exclusive": lambda: radius - 1, "halved": lambda: radius // 2, "diameter": lambda: 2 * radius},
        lambda: radius,
    )
    pairs = _pairs(faults, n, reach)
    if "exact_adds" in faults:
        return pairs * (2 * d_k - 1) + d_v * (2 * pairs - n)
    costs = {
        "once": lambda: d_k + d_v,
        "scores_only": lambda: 2 * d_k,
        "sum_only": lambda: 2 * d_v,
        "scores_once": lambda: d_k + 2 * d_v,
        "sum_once": lambda: 2 * d_k + d_v,
        "d_k_twice": lambda: 4 * d_k,
        "d_v_twice": lambda: 4 * d_v,
        "four": lambda: 4 * (d_k + d_v),
        "product": lambda: 2 * d_k * d_v,
        "product_four": lambda: 4 * d_k * d_v,
        "one_less": lambda: 2 * d_k - 1 + 2 * d_v,
        "softmax_one": lambda: 2 * (d_k + d_v) + 1,
        "softmax_two": lambda: 2 * (d_k + d_v) + 2,
        "softmax_three": lambda: 2 * (d_k + d_v) + 3,
        "softmax_four": lambda: 2 * (d_k + d_v) + 4,
        "softmax_five": lambda: 2 * (d_k + d_v) + 5,
        "mask_pairs": lambda: 1,
        "scores_whole": lambda: 2 * d_v,
        "sum_whole": lambda: 2 * d_k,
        "scores_once_only": lambda: d_k,
    }
    flops = pairs * choose(faults, costs, lambda: 2 * (d_k + d_v))
    if "scores_whole" in faults:
        flops += 2 * n * n * d_k
    if "sum_whole" in faults:
        flops += 2 * n * n * d_v
    if "projections" in faults:
        flops += 2 * n * (2 * d_k * d_k + d_v * d_v)
    if "per_word_exact" in faults:
        return flops / n
    return flops // n if "per_word" in faults else flops


def _pairs(faults, n, r):
    inner = max(0, n - 2 * r)
    ways = {
        "no_ends": lambda: n * (2 * r + 1),
        "ends_by_width": lambda: n * min(n, 2 * r + 1),
        "everything": lambda: n * n,
        "whole_beyond": lambda: n * n if r >= n else n * (2 * r + 1),
        "ends_alike": lambda: inner * (2 * r + 1) + min(n, 2 * r) * min(n, r + 1),
        "formula": lambda: n * (2 * r + 1) - r * (r + 1),
        "one_end": lambda: n * (2 * r + 1) - r * (r + 1) // 2,
        "one_end_capped": lambda: n * (2 * min(r, n - 1) + 1) - min(r, n - 1) * (min(r, n - 1) + 1) // 2,
        "ends_twice": lambda: n * (2 * r + 1) - 2 * r * (r + 1),
        "corner_small": lambda: n * (2 * r + 1) - r * (r - 1),
        "corner_square": lambda: n * (2 * r + 1) - r * r,
        "corner_linear": lambda: n * (2 * r + 1) - 2 * r,
        "flat_capped": lambda: n * (2 * min(r, n - 1) + 1),
        "self_missing": lambda: _in_window(n, r) - n,
        "self_twice": lambda: _in_window(n, r) + n,
        "one_side_missing": lambda: sum(min(n, i + r) - max(0, i - r) for i in range(n)),
        "backward": lambda: sum(i - max(0, i - r) + 1 for i in range(n)),
        "backward_open": lambda: sum(i - max(0, i - r) for i in range(n)),
        "backward_flat": lambda: n * (r + 1),
        "width_r": lambda: n * r,
        "width_two_r": lambda: n * 2 * r,
        "one_limit": lambda: sum(i + r - max(0, i - r) + 1 for i in range(n)),
        "one_beyond": lambda: sum(min(n, i + r) - max(0, i - r) + 1 for i in range(n)),
        "inner_only": lambda: inner * (2 * r + 1),
        "one_word": lambda: min(n, 2 * r + 1),
        "one_word_flat": lambda: 2 * r + 1,
        "end_word_missing": lambda: _in_window(n, r) - min(n, r + 1),
        "slice_wraps": lambda: sum(len(range(n)[i - r : i + r + 1]) for i in range(n)),
        "one_based": lambda: sum(min(n, i + r) - max(1, i - r) + 1 for i in range(n)),
    }
    return choose(faults, ways, lambda: _in_window(n, r))


def _in_window(n, r):
    return sum(max(0, min(n - 1, i + r) - max(0, i - r) + 1) for i in range(n))


def _true_flops(n, radius, d_k, d_v):
    return 2 * int(attnlib.window_mask(n, radius).sum()) * (d_k + d_v)


def _window_probe(label, n, radius, d_k, d_v):
    return Probe(label, {"n": n, "radius": radius, "d_k": d_k, "d_v": d_v})


_BOTH = "A word looks at both sides: at up to radius places to the left and as many to the right, and at itself. "
_ENDS = "Places beyond the two ends do not exist: "
WINDOW = Spec(
    name="window_flops",
    chapter=9,
    minutes=10,
    difficulty=2,
    oracle=_true_flops,
    variant=as_set(count),
    faults={
        "no_ends": _ENDS
        + "a word near one of them sees fewer than 2 * radius + 1. Count the words one by one with min and max.",
        "ends_by_width": "Limiting the width of the window to n is not enough: the first word has nothing to its left, so even a narrow window is cut off there.",
        "flat_capped": "Limiting the radius to n - 1 is not enough: the first word has nothing to its left, so even a narrow window is cut off there.",
        "whole_beyond": "Not only where the radius is as large as n: the first word has nothing to its left, so even a narrow window is cut off there.",
        "per_word_exact": "Count the whole layer: do not take the mean over the words.",
        "ends_alike": "The words near an end differ: the first one sees radius + 1 places, the next one more, and so on.",
        "everything": "A word looks at the places at most radius away only: n * n pairs are those of full attention.",
        "formula": "The formula holds while radius is at most n - 1: use min(radius, n - 1), or count the places that exist.",
        "one_end": _ENDS
        + "the window is cut off at both, so radius * (radius + 1) pairs are missing, not half of that.",
        "one_end_capped": _ENDS
        + "the window is cut off at both, so radius * (radius + 1) pairs are missing, not half of that (radius limited to n - 1).",
        "ends_twice": _ENDS
        + "at one end radius + (radius - 1) + ... + 1 pairs are missing, that is radius * (radius + 1) at both together, not twice that.",
        "corner_small": "The first word lacks radius places, the next one radius - 1, and so on: at both ends together radius * (radius + 1) pairs are missing.",
        "corner_square": "At one end radius + ... + 1 = radius * (radius + 1) / 2 pairs are missing, so at both together more than radius ** 2.",
        "corner_linear": "More than one word is near an end: the first one lacks radius places, the next one radius - 1, and so on.",
        "self_missing": "A word looks at itself, too. From the first to the last place of a window there are last - first + 1 places.",
        "self_twice": "Count the word itself once: it stands between the places to its left and those to its right.",
        "one_side_missing": "Both the places i - radius and i + radius belong to the window: yours loses one of them. In Python the end of a range is left out, so it is i + radius + 1.",
        "backward": _BOTH
        + "You count one side and the word itself (or every pair once; that i looks at j and j at i are two).",
        "backward_open": _BOTH + "You count one side alone.",
        "backward_flat": _BOTH + "You count radius + 1 places, and as many at the ends.",
        "width_r": _BOTH + "The window has 2 * radius + 1 places, fewer at the ends, not radius.",
        "width_two_r": _BOTH + "You leave the word itself out, and count places beyond the two ends.",
        "one_limit": "The window is cut off at both ends of the sentence, from max(0, i - radius) to min(n - 1, i + radius): you limit it at one end alone.",
        "one_beyond": "The last place has the number n - 1: limit i + radius by n - 1, or do without the + 1.",
        "slice_wraps": "A slice with a negative start counts from the end in Python: begin it at max(0, i - radius).",
        "one_based": "Places are counted from 0 in `range(n)`: your limits 1 and n do not fit to it.",
        "inner_only": "Words near the ends look at something, too: their window is only smaller.",
        "one_word": "That is what one word costs: add the windows of all n words up.",
        "one_word_flat": "That is what one word in the middle costs: add the windows of all n words up.",
        "end_word_missing": "One word is left out, the first or the last: both the words that look and the places that are looked at are numbered 0 to n - 1.",
        "per_word": "Count the whole layer: do not divide by the number of words.",
        "exclusive": "At most radius away means that the place at exactly radius counts (<=, not <).",
        "halved": "The radius counts places on each side; you take it as the width of both sides together.",
        "diameter": "The radius counts places on each side: you double it once too often.",
        "once": "A multiply-add counts 2, a multiplication and an addition: yours counts it once.",
        "scores_only": "The weighted sum costs something, too: 2 * d_v for each pair. You count the scores alone.",
        "sum_only": "The scores cost something, too: 2 * d_k for each pair. You count the weighted sum alone.",
        "scores_once_only": "A multiply-add counts 2, and the weighted sum (d_v) is missing.",
        "scores_once": "A multiply-add counts 2 in the scores, too: 2 * d_k for each pair.",
        "sum_once": "A multiply-add counts 2 in the weighted sum, too: 2 * d_v for each pair.",
        "d_k_twice": "The weighted sum adds up values, of length d_v: 2 * d_v for each pair, not 2 * d_k.",
        "d_v_twice": "A score is a dot product of length d_k: 2 * d_k for each pair, not 2 * d_v.",
        "four": "Twice too many: 2 * (d_k + d_v) for each pair holds scores and weighted sum already.",
        "product": "Scores and weighted sum come one after the other: add d_k and d_v, do not multiply them.",
        "product_four": "Scores and weighted sum come one after the other: 2 * d_k + 2 * d_v for each pair, a sum and no product.",
        "one_less": "Count by multiply-adds: a score is d_k of them, so 2 * d_k, not 2 * d_k - 1.",
        "exact_adds": "Count by multiply-adds, 2 each: you leave the first addition of every sum out.",
        "softmax_one": "Only the scores and the weighted sum are counted: one operation a pair, such as the scale or exp, is too many.",
        "softmax_two": "Only the scores and the weighted sum are counted: leave the two operations a pair of the softmax out.",
        "softmax_three": "Only the scores and the weighted sum are counted: leave the three operations a pair of the softmax out.",
        "softmax_four": "Only the scores and the weighted sum are counted: leave the four operations a pair of scale and softmax out.",
        "softmax_five": "Only the scores and the weighted sum are counted: leave the five operations a pair of the softmax out.",
        "projections": "Only the scores and the weighted sum are counted: leave the projections out.",
        "mask_pairs": "That is how many pairs there are: each costs 2 * d_k for its score and 2 * d_v for its value.",
        "scores_whole": "The scores are computed inside the window, too: not for all n * n pairs.",
        "sum_whole": "The weighted sum runs over the window, too: not over all n words.",
    },
    unpaired=frozenset(
        {
            "per_word_exact",
            "ends_alike",
            "whole_beyond",
            "one_end_capped",
            "ends_twice",
            "corner_small",
            "corner_square",
            "corner_linear",
            "self_twice",
        }
        | {
            "backward_open",
            "backward_flat",
            "width_r",
            "width_two_r",
            "one_beyond",
            "one_based",
            "slice_wraps",
            "inner_only",
        }
        | {"one_word", "one_word_flat", "end_word_missing", "per_word", "diameter", "scores_once_only", "product"}
        | {"product_four", "one_less", "exact_adds", "softmax_two", "softmax_four", "softmax_five", "projections"}
        | {"mask_pairs", "scores_whole", "sum_whole", "four", "one_limit", "one_end"}
        | {"flat_capped", "one_side_missing"}
    ),
    probes=(
        _window_probe("a window well inside the sentence", 23, 4, 5, 7),
        _window_probe("a radius larger than n", 5, 17, 3, 11),
        _window_probe("a window wider than the sentence, its radius smaller", 9, 6, 7, 4),
        _window_probe("radius 0: a word sees itself alone", 13, 0, 6, 5),
        _window_probe("one word", 1, 3, 2, 9),
        _window_probe("a radius one below n", 11, 10, 13, 3),
    ),
    hints=(
        "How many places does a word in the middle see, and how many the first one?",
        "Add up over the words how many places i - radius .. i + radius exist. A score costs 2 * d_k, a weighted value 2 * d_v.",
        "pairs = sum(min(n - 1, ____) - max(0, ____) + 1 for i in range(n))",
    ),
    follow_up="n = 4,096 and radius 128: which share of the FLOPs of full attention is left?",
)
