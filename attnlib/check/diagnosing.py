"""Find out which mistake a wrong answer contains.

Every spec can commit its known mistakes, alone or in pairs. The mistake is the one that behaves like the answer
on the first probe that failed, and on most of the others.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from attnlib.check.comparing import Misfit, equal, normalise
from attnlib.check.spec import all_specs


@dataclass(frozen=True)
class Behaviour:
    """What one call did, ready to be compared: a normalised value, or the type and words of an error."""

    value: object = None
    error: str = ""


def behaviour(outcome):
    """Boil an outcome down to what can be compared; a value that is no array counts as its misfit."""
    return _behaviour_of_error(outcome.error) if outcome.error is not None else _behaviour_of_value(outcome.value)


def _behaviour_of_error(error):
    return Behaviour(error=f"{type(error).__name__}: {error}")


def _behaviour_of_value(value):
    try:
        return Behaviour(value=normalise(value))
    except Misfit as misfit:
        return _behaviour_of_error(misfit)


def same(one, other):
    """Tell whether two behaviours are the same."""
    if one.error or other.error:
        return one.error == other.error
    return equal(one.value, other.value)


@cache
def known(name, faults, place):
    """Return how someone with these faults (a tuple of keys, () for none) behaves on one probe of an exercise."""
    spec = all_specs()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _behaviour_of_value(spec.variant(faults, *spec.probes[place].arguments.values()))
        except Exception as error:  # a mistake may well end in an error: it is compared like a value
            return _behaviour_of_error(error)


def find_faults(spec, behaviours, first):
    """Return the keys of the mistakes that explain the behaviours, or () when none that is known does.

    ``behaviours`` has one entry for each probe that the answer was run on, ``first`` is the first failing one.
    Pairs are tried only when no single mistake explains everything.
    """
    keys = [fault.key for fault in spec.faults]
    best = (0, ())
    for faults in [*((key,) for key in keys), *combinations(keys, 2)]:
        if len(faults) == 2 and best[0] == len(behaviours):
            break
        if same(known(spec.name, faults, first), behaviours[first]):
            agreed = sum(same(known(spec.name, faults, place), one) for place, one in enumerate(behaviours))
            best = max(best, (agreed, faults), key=lambda found: found[0])
    return best[1]


def clue(value, expected):
    """Say what kind of wrong an answer is when no known mistake explains it."""
    if isinstance(value, tuple) or isinstance(expected, tuple):
        return _tuple_clue(value, expected)
    if value.shape != expected.shape:
        return _shape_clue(value.shape, expected.shape)
    if (value.dtype == bool) != (expected.dtype == bool):
        kind = "True and False" if expected.dtype == bool else "numbers, not True and False"
        return f"The shape is right, but the array must hold {kind} (yours has dtype {value.dtype})."
    if expected.dtype == bool:
        wrong = int((value != expected).sum())
        return f"{wrong} of {value.size} entries are the other way round."
    return _number_clue(value.astype(float), expected.astype(float))


def _form(value):
    return f"a tuple of {len(value)} arrays" if isinstance(value, tuple) else "one array"


def _tuple_clue(value, expected):
    if _form(value) != _form(expected):
        return f"Return {_form(expected)}; yours is {_form(value)}."
    for place, (one, other) in enumerate(zip(value, expected, strict=True)):
        if not equal(one, other):
            return f"Part {place + 1} of {len(expected)}: {clue(one, other)}"
    return "The parts are right one by one."


def _shape_clue(got, wanted):
    if got == wanted[::-1]:
        return f"Your result is transposed: it has shape {got}, expected {wanted}."
    if [size for size in got if size != 1] == [size for size in wanted if size != 1]:
        return f"There is an axis of size 1 too many or too few: shape {got}, expected {wanted}."
    return f"Your result has shape {got}, expected {wanted}."


def _number_clue(value, expected):
    if np.isnan(value).any():
        return (
            "There is NaN (not a number) in your result: look for 0 / 0, infinity - infinity or exp of a large number."
        )
    if np.isinf(value).any() and not np.isinf(expected).any():
        return "There is infinity in your result: look for exp of a large number or a division by 0."
    if value.ndim and np.allclose(expected.sum(-1), 1, atol=1e-3) and not np.allclose(value.sum(-1), 1, atol=1e-3):
        return "Each row should sum to 1, and yours does not."
    filled = np.isfinite(expected) & (np.abs(expected) > 1e-6)
    if filled.any():
        ratios = value[filled] / expected[filled]
        if np.allclose(ratios, ratios.flat[0], rtol=1e-3) and abs(ratios.flat[0] - 1) > 1e-3:
            return f"Every number is {ratios.flat[0]:.3g} times what it should be: a factor is missing or one too many."
    if np.allclose(np.sort(value, axis=None), np.sort(expected, axis=None), rtol=1e-4, atol=1e-5):
        return "All the right numbers are there, but in another order."
    wrong = int((~np.isclose(value, expected, rtol=1e-4, atol=1e-5)).sum())
    return f"The shape is right, but {wrong} of {value.size} numbers differ from what was expected."
