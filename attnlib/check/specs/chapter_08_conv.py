"""Chapter 8: a convolution, written as heads that look at one place each."""

import torch
import torch.nn.functional as F

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(818)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


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
        "ends_scaled": lambda: 3 * sum(heads) / _present(len(X))[:, None],
    }
    if faults & {"kernel_reshaped", "X_reshaped", "output_reshaped"}:
        return _with_reshapes(faults, X, kernel)
    output = choose(faults, ways, lambda: sum(heads))
    return _finished(faults, output, X, d_in)


def _with_reshapes(faults, X, kernel):
    """Convolve with torch, which wants other axes, and reshape where a transpose is needed."""
    _, d_in, d_out = kernel.shape
    weight = kernel.reshape(d_out, d_in, 3) if "kernel_reshaped" in faults else kernel.permute(2, 1, 0)
    channels = X.reshape(1, d_in, len(X)) if "X_reshaped" in faults else X.T[None]
    output = F.conv1d(channels, weight, padding=1)[0]
    return output.reshape(len(X), d_out) if "output_reshaped" in faults else output.T


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
    if "past_the_end" in faults and not inside[-1]:
        return X[places[-1]]  # ends in an error
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
    variant=as_set(convolve),
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
        "past_the_end": "Beyond the right end stand zeros, and X has no row n: test i + t - 1 < n before you read it (and i + t - 1 >= 0 on the left).",
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
        "ends_scaled": "Add the heads up and divide by nothing: the rows at the ends are not scaled up for the neighbour that is missing.",
        "kernel_reshaped": "`reshape` does not swap axes: from (3, d_in, d_out) to torch's (d_out, d_in, 3) it is kernel.permute(2, 1, 0).",
        "X_reshaped": "`reshape` does not swap axes: torch's convolution wants (1, d_in, n), and that is X.T[None].",
        "output_reshaped": "`reshape` does not swap axes: torch's convolution gives (d_out, n), so return its transpose.",
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
        {"past_the_end", "softmaxed", "ends_scaled", "X_reshaped", "output_reshaped", "scaled", "residual", "relu"}
        | {"first_zero", "last_zero", "fewer_at_ends", "largest", "stacked", "no_middle", "first_only"}
        | {"middle_only", "even_outside", "two_apart", "sum_matrix", "mean_matrix", "ends_swapped"}
    ),
    probes=(
        _conv_probe("seven words", 7, 3, 5),
        _conv_probe("as many features out as in", 5, 4, 4),
        _conv_probe("two words, one feature out", 2, 5, 1),
        _conv_probe("a single word", 1, 2, 3),
    ),
    hints=(
        "Head t looks at place i + t - 1. What do its weights look like, and what is weights @ X?",
        "For t = 0, 1, 2: weights of the offset t - 1, times X, times kernel[t]. Add the three up.",
        "output = sum(tap_weights(len(X), ____) @ X @ kernel[____] for t in range(3))",
    ),
    follow_up="how would a kernel with five taps look as heads, and one for pictures with 3 x 3 places?",
)
