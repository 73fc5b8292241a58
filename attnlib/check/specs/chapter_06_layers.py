"""Chapter 6: does a layer keep the order of its words? The layers here are small objects that say what they are."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(636)
ROUNDING = 7e-7


def _normal(*shape):
    return torch.randn(*shape, generator=_generator)


class Layer:
    """A function from (n, d) to a tensor; ``says`` is what a card shows for it.

    With ``rounds``, its results differ from call to call by as much as rounding may do.
    """

    def __init__(self, says, function, *, rounds=False):
        self.says, self.function, self.rounds, self.sign = says, function, rounds, 1

    def __call__(self, X):
        self.sign = -self.sign
        result = self.function(X)
        return result + ROUNDING * self.sign if self.rounds else result

    def __repr__(self):
        return self.says

    def __deepcopy__(self, memo):
        return Layer(self.says, self.function, rounds=self.rounds)


def is_equivariant(faults, layer, X, order):
    """Tell whether a layer is permutation equivariant, with the mistakes in ``faults``."""
    if "always" in faults:
        return True
    given = torch.arange(len(X)).flip(0) if "order_ignored" in faults else order
    if "columns" in faults:
        moved, output = layer(X[:, given]), layer(X)[:, given]
        return bool((moved - output).abs().max() <= 1e-5)
    if "columns_fitted" in faults:
        return _moves_features(layer, X, given)
    plain, moved = layer(X), layer(X[given])
    unguarded = "length_unchecked" in faults or "compared_unpermuted" in faults
    if not unguarded and len(plain) != len(X):
        return "inverted" in faults or "length_true" in faults
    if "sizes_only" in faults:
        return moved.shape == plain.shape == X.shape
    if "same_width" in faults and plain.shape != X.shape:
        return False
    answer = _compared(faults, X, moved, plain, given)
    return not answer if "inverted" in faults else answer


def _moves_features(layer, X, order):
    """Compare as somebody does who permutes the features, by as much of the order as there are features."""
    n, d = X.shape
    order = torch.cat([order[order < d], torch.arange(d)[n:]])
    output = layer(X)
    return output.shape == X.shape and bool((layer(X[:, order]) - output[:, order]).abs().max() <= 1e-5)


def _compared(faults, X, moved, plain, order):
    if "sum" in faults:
        return bool((moved.sum(0) - plain.sum(0)).abs().max() <= 1e-5)
    if "compared_unpermuted" in faults or "unpermuted_same_length" in faults:
        expected = plain
    elif "input_compared" in faults:
        expected = X[order]
    elif "input_not_permuted" in faults:
        moved, expected = plain, plain[order]
    else:
        expected = plain[order.argsort() if "inverse" in faults else order]
    difference = moved - expected
    if "first_row" in faults:
        difference = difference[0]
    limit = choose(faults, {"no_tolerance": lambda: 0.0, "loose": lambda: 1e-2}, lambda: 1e-5)
    ways = {
        "any": lambda: bool((difference.abs() <= limit).any()),
        "no_abs": lambda: bool(difference.max() <= limit),
        "no_abs_turned": lambda: bool((-difference).max() <= limit),
        "not_reduced": lambda: difference.abs() <= limit,
        "not_reduced_rows": lambda: (difference.abs() <= limit).all(-1),
        "difference": lambda: difference.abs().max(),
    }
    return choose(faults, ways, lambda: bool((difference.abs() <= limit).all()))


def _oracle(layer, X, order):
    plain, moved = layer(X), layer(X[order])
    if plain.ndim < 2 or len(plain) != len(X):
        return False
    return all(bool((row - plain[place]).abs().max() <= 1e-5) for row, place in zip(moved, order, strict=True))


def _attend(d, width):
    W_q, W_k, W_v = (_normal(d, size).requires_grad_() for size in (d, d, width))  # to be learned, as in a real layer
    return lambda X: attnlib.attention(*(X[None] @ W for W in (W_q, W_k, W_v)))[0]


def _positions(n, d, size):
    return size * _normal(n, d)


def _probe(layer, X, *order):
    return Probe(layer.says, {"layer": layer, "X": X, "order": torch.tensor(order)})


def _added(says, P, **how):
    return Layer(says, lambda X: X + P, **how)


def _falling(n, d, step):
    """Words whose features fall from the first to the last, by a small step each."""
    return 1.0 + step * (n - torch.arange(n)[:, None]) + 0.1 * torch.arange(d)


_EQUIVARIANT = Layer("self-attention without positions", _attend(3, 3), rounds=True)
_BACKWARD = Layer(
    "a layer in which a word sees itself and the words behind it", lambda X: X.flip(0).cummax(0).values.flip(0)
)
_CAUSAL = Layer("a causal layer: a word sees itself and the words before it", lambda X: X.cummax(0).values)
_MEAN = Layer("a layer that returns one row, the mean of all words", lambda X: X.mean(0, keepdim=True))
_P_FIVE, _P_SIX = _positions(5, 2, 1.0), _positions(6, 3, 1.0)
_P_FIVE[3:] = _P_FIVE[:2].flip(0)  # the same from both ends: only an order that is not given keeps it
_CYCLE = (0, 2, 3, 1, 4)
_ADDED = _added("a layer that adds positions", _P_FIVE)
_STILL = Layer(
    "a layer that adds positions, and an order that moves nothing",
    lambda X: torch.cat([X + _P_SIX, X[:, :2]], dim=1),
    rounds=True,
)

EQUIVARIANT = Spec(
    name="is_equivariant",
    chapter=6,
    minutes=8,
    difficulty=2,
    oracle=_oracle,
    variant=is_equivariant,
    faults={
        "compared_unpermuted": "The outputs should move along: compare layer(X[order]) with layer(X)[order]. With layer(X) itself you test whether the layer is invariant.",
        "unpermuted_same_length": "The outputs should move along: compare layer(X[order]) with layer(X)[order], not with layer(X).",
        "inverse": "Permute the outputs by the same order as the words: layer(X[order]) is compared with layer(X)[order]. Yours moves them by the inverse order. (To undo an order takes order.argsort(), not order again.)",
        "input_not_permuted": "Call the layer a second time, with the words permuted: layer(X[order]). Yours only permutes its output.",
        "inverted": "True and False have changed places: equal outputs mean that the layer is equivariant.",
        "no_tolerance": "Allow for rounding: differences up to 1e-5 count as equal, as in torch.allclose(a, b, atol=1e-5). Yours asks for less.",
        "loose": "Differences above 1e-5 count: your tolerance is too large, small positions slip through.",
        "any": "Every number must agree, not some of them: `all`, not `any`.",
        "sum": "Compare number by number, row by row: sums, means and sorted values over the words can agree where the rows do not.",
        "sizes_only": "Compare the numbers, not the shapes alone. (And the output may be wider or narrower than X.)",
        "first_row": "Compare all rows, not the first alone.",
        "order_ignored": "Use the order that is given: yours tests with another one.",
        "same_width": "The output may be wider or narrower than X: only its number of rows must be n.",
        "length_unchecked": "Look at the length of the output first: when it does not have n rows, return False.",
        "length_true": "A layer whose output does not have n rows is not equivariant: return False for it, not True.",
        "input_compared": "Compare outputs with outputs: layer(X[order]) with layer(X)[order], not with the words themselves.",
        "no_abs": "Take absolute values: a difference below 0 is a difference, too.",
        "no_abs_turned": "Take absolute values before you look for the largest difference: yours may all be below 0.",
        "not_reduced": "Return one True or False for the layer, not one for each number: add `.all()`.",
        "not_reduced_rows": "Return one True or False for the layer, not one for each row: add `.all()`.",
        "difference": "Return True or False: compare the largest difference with 1e-5.",
        "columns": "The words are the rows: permute the first axis, X[order] and layer(X)[order]. You permute the features.",
        "columns_fitted": "Permute the words, which are the rows: X[order] and layer(X)[order]. You move features, cutting the order down to their number.",
        "always": "Your function says True of every layer: compare layer(X[order]) with layer(X)[order].",
    },
    unpaired=frozenset(
        {
            "length_true",
            "input_compared",
            "not_reduced_rows",
            "difference",
            "columns",
            "columns_fitted",
            "sizes_only",
            "unpermuted_same_length",
            "always",
            "no_abs",
            "no_abs_turned",
            "order_ignored",
            "same_width",
            "input_not_permuted",
        }
    ),
    probes=(
        _probe(_EQUIVARIANT, _normal(5, 3), 3, 0, 4, 2, 1),
        _probe(_BACKWARD, _falling(7, 4, 3e-4), 0, 3, 1, 2, 6, 4, 5),
        _probe(_ADDED, torch.full((5, 2), 0.3) + _P_FIVE[list(_CYCLE)], *_CYCLE),
        _probe(_CAUSAL, _falling(6, 5, 3e-4), 3, 2, 0, 1, 5, 4),
        _probe(_MEAN, torch.arange(28.0).reshape(4, 7) % 5, 2, 3, 0, 1),
        _probe(_STILL, _normal(6, 3), 0, 1, 2, 3, 4, 5),
    ),
    hints=(
        "Two calls are needed: one with the words as they are, one with the words permuted. What should be true of the two outputs?",
        "Call the layer on X and on X[order]. Return False when there are not n rows; else compare the second output with the permuted first one, allowing 1e-5.",
        "return torch.allclose(layer(____), layer(X)[____], atol=1e-5)",
    ),
    follow_up="a layer that gives every word the mean of all words: is it equivariant, invariant, or both?",
)
