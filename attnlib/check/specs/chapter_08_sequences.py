"""Chapter 8: a convolution, written as heads that look at one place each."""

import torch
import torch.nn.functional as F

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(818)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


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
        "offset_as_weight": lambda: hit * offset,
        "one_row": lambda: hit & (places[:, None] == 0),
        "ones": lambda: torch.ones(n, n),
    }
    weights = choose(faults, wholes, lambda: hit)
    if "too_far" in faults and abs(offset) > n:
        return torch.diag(torch.ones(n - abs(offset)), offset)
    return weights if "boolean" in faults else weights.float()


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
        "between": "Exactly `offset` places away: yours looks at all places from its own to that one.",
        "up_to": "Exactly at i + offset: yours looks at all places up to there (`tril` keeps a triangle).",
        "from_there": "Exactly at i + offset: yours looks at all places from there on (`triu` keeps a triangle).",
        "with_own": "One place only, i + offset: the head does not look at its own place as well.",
        "all_others": "The weights are the wrong way round: 1 at column i + offset, 0 elsewhere.",
        "soft": "The weights are 0 and 1: a softmax of zeros and ones leaves something for every place.",
        "minus_infinity": "Those are scores to add before a softmax: return the weights, 1 at column i + offset and 0 elsewhere.",
        "last_row_missing": "The last row has a place to look at when the offset is 0 or negative: your loop ends one row early.",
        "one_row": "Every row has its own place: only the first row is filled in (is `return` inside the loop?).",
        "offset_as_weight": "The weight is 1, whatever the offset.",
        "ones": "Only one place in each row gets the weight 1: column i + offset.",
        "boolean": "The pattern is right, but weights are numbers: 1.0 and 0.0, so add `.float()`.",
        "too_far": "An offset can be larger than the sentence: then there is no place left to look at, and all rows are zeros.",
    },
    unpaired=frozenset(
        {"ones", "minus_infinity", "soft", "one_row", "offset_as_weight", "halves", "from_there", "up_to", "nan"}
        | {"between", "with_own", "first_place", "always_left", "last_row_missing", "all_others", "too_far"}
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


def convolve(faults, X, kernel):
    """A convolution with three taps, with the mistakes in ``faults``."""
    d_in = X.shape[1]
    kernel = _kernel(faults, kernel)
    shifts = choose(
        faults,
        {
            "back": lambda: (-2, -1, 0),
            "ahead": lambda: (0, 1, 2),
            "no_shift": lambda: (0, 0, 0),
            "two_apart": lambda: (-2, 0, 2),
        },
        lambda: (-1, 0, 1),
    )
    heads = [_shifted(faults, X, shift) @ kernel[t] for t, shift in enumerate(shifts)]
    kept = {
        "middle_only": lambda: heads[1:2],
        "no_left": lambda: heads[1:],
        "no_right": lambda: heads[:2],
        "no_middle": lambda: heads[::2],
        "last_only": lambda: heads[2:],
        "first_only": lambda: heads[:1],
    }
    heads = choose(faults, kept, lambda: heads)
    ways = {
        "beside": lambda: torch.cat(heads, dim=-1),
        "stacked": lambda: torch.stack(heads),
        "mean": lambda: sum(heads) / len(heads),
        "largest": lambda: torch.stack(heads).amax(0),
        "fewer_at_ends": lambda: sum(heads) / _present(len(X))[:, None],
    }
    output = choose(faults, ways, lambda: sum(heads))
    return _finished(faults, output, X, d_in)


def _kernel(faults, kernel):
    ways = {
        "turned": lambda: kernel.flip(0),
        "transposed": lambda: kernel.transpose(1, 2),
        "one_matrix": lambda: kernel[:1].expand_as(kernel),
        "middle_matrix": lambda: kernel[1:2].expand_as(kernel),
        "mean_matrix": lambda: kernel.mean(0, keepdim=True).expand_as(kernel),
        "sum_matrix": lambda: kernel.sum(0, keepdim=True).expand_as(kernel),
        "ends_swapped": lambda: kernel[[1, 2, 0]],
    }
    return choose(faults, ways, lambda: kernel)


def _shifted(faults, X, shift):
    n = len(X)
    places = torch.arange(n) + shift
    inside = (places >= 0) & (places < n)
    if "wrapped" in faults:
        return X[places % n]
    if "clamped" in faults:
        return X[places.clamp(0, n - 1)]
    if "left_wraps" in faults:
        inside = places < n
    if "even_outside" in faults:
        return torch.where(inside[:, None], X[places % n], X.mean(0))
    return X[places % n] * inside[:, None]


def _present(n):
    places = torch.arange(n)
    return sum(((places + shift >= 0) & (places + shift < n)).float() for shift in (-1, 0, 1))


def _finished(faults, output, X, d_in):
    n = len(X)
    inner = torch.ones(n, 1)
    inner[0], inner[-1] = 0, 0
    last = torch.ones(n, 1)
    last[-1] = 0
    first = torch.ones(n, 1)
    first[0] = 0
    ways = {
        "ends_cut": lambda: output[1:-1],
        "ends_zero": lambda: output * inner,
        "last_zero": lambda: output * last,
        "first_zero": lambda: output * first,
        "relu": lambda: output.relu(),
        "residual": lambda: output + X if output.shape == X.shape else output,
        "scaled": lambda: output / d_in**0.5,
        "softmaxed": lambda: output.softmax(-1),
    }
    return choose(faults, ways, lambda: output)


def _true_convolution(X, kernel):
    return F.conv1d(X.T[None], kernel.permute(2, 1, 0), padding=1)[0].T


def _conv_probe(label, n, d_in, d_out):
    return Probe(label, {"X": _normal(n, d_in), "kernel": _normal(3, d_in, d_out)})


CONV = Spec(
    name="conv_by_heads",
    chapter=8,
    minutes=12,
    difficulty=2,
    oracle=_true_convolution,
    variant=convolve,
    faults={
        "turned": "The taps are turned round: kernel[0] meets the word on the left, x_{i-1}, and kernel[2] the word on the right.",
        "ends_swapped": "Each tap has its own place: kernel[0] the left word, kernel[1] the word itself, kernel[2] the right one; yours are one place off.",
        "transposed": "Do not transpose the matrices of the kernel: kernel[t] is (d_in, d_out), so X @ kernel[t].",
        "one_matrix": "Each head has its own matrix, kernel[t]; you use kernel[0] for all three.",
        "middle_matrix": "Each head has its own matrix, kernel[t]; you use kernel[1] for all three.",
        "mean_matrix": "Each head has its own matrix, kernel[t]: do not take the mean of the three first.",
        "sum_matrix": "Each head has its own matrix, kernel[t]: do not add the three up first.",
        "back": "The middle tap stands at word i: head t looks at i + t - 1; yours looks at i + t - 2 (a causal convolution).",
        "ahead": "The middle tap stands at word i: head t looks at i + t - 1; yours looks at i + t.",
        "two_apart": "The taps stand side by side: head t looks at i + t - 1; yours are two places apart.",
        "no_shift": "Head t looks at place i + t - 1: shift X (or use tap_weights) before the product; all three of yours look at place i.",
        "wrapped": "The sentence is no ring: beyond both ends stand zeros. `roll`, % n and negative indices bring the other end back.",
        "left_wraps": "X[-1] is the last word in Python, but beyond the left end stand zeros: test i - 1 >= 0 as well.",
        "clamped": "Beyond both ends stand zeros; a head of yours that has no place to look at takes the first or last word again.",
        "even_outside": "Beyond both ends stand zeros; a head of yours that has no place to look at takes the mean of all words.",
        "middle_only": "Add up all three heads; yours has the middle one alone.",
        "first_only": "Add up all three heads; yours has the first one alone (is `return` inside the loop?).",
        "last_only": "Add up all three heads; yours keeps the last one alone: write `+=` and not `=` in the loop.",
        "no_left": "The left neighbour is missing: there are three taps, t = 0, 1, 2.",
        "no_right": "The right neighbour is missing: there are three taps, t = 0, 1, 2.",
        "no_middle": "The word itself is missing: there are three taps, t = 0, 1, 2.",
        "beside": "Add the heads up: kernel[t] holds the part of W_o that belongs to head t, so nothing is put side by side any more.",
        "stacked": "Add the three heads up; yours are stacked on an axis of their own.",
        "mean": "Add the three heads up; a mean divides once more by 3.",
        "largest": "Add the three heads up; yours keeps the largest of the three numbers.",
        "fewer_at_ends": "Add the heads up and divide by nothing: at the ends there are fewer neighbours, and that is all.",
        "ends_cut": "There is an output for every word: let zeros stand beyond both ends, so that n words give n rows.",
        "ends_zero": "The first and the last word have an output too: only the neighbour that is missing counts as zeros.",
        "last_zero": "The last word has an output too: only its missing neighbour counts as zeros (does your loop end one row early?).",
        "first_zero": "The first word has an output too: only its missing neighbour counts as zeros (does your loop begin one row late?).",
        "relu": "A convolution alone is asked for: leave the ReLU out.",
        "residual": "A convolution alone is asked for: do not add X.",
        "scaled": "Nothing is scaled: the weights of these heads are 0 and 1 already.",
        "softmaxed": "No softmax here: the weights of these heads are 0 and 1 already.",
    },
    unpaired=frozenset(
        {"softmaxed", "scaled", "residual", "relu", "first_zero", "last_zero", "fewer_at_ends", "largest", "stacked"}
        | {"no_middle", "first_only", "last_only", "middle_only", "even_outside", "two_apart"}
        | {"sum_matrix", "mean_matrix", "ends_swapped", "ends_cut", "beside", "middle_matrix", "transposed"}
    ),
    probes=(
        _conv_probe("seven words", 7, 3, 5),
        _conv_probe("as many features out as in", 5, 4, 4),
        _conv_probe("two words", 2, 5, 3),
        _conv_probe("a single word", 1, 2, 3),
    ),
    hints=(
        "Head t looks at place i + t - 1. What do its weights look like, and what is weights @ X?",
        "For t = 0, 1, 2: weights of the offset t - 1, times X, times kernel[t]. Add the three up.",
        "output = sum(tap_weights(len(X), ____) @ X @ kernel[____] for t in range(3))",
    ),
    follow_up="how would a kernel with five taps look as heads, and one for pictures with 3 x 3 places?",
)
