"""Find out which mistake a wrong answer contains.

Every spec can commit its known mistakes, alone or in pairs. The mistake is the one that behaves like the answer
on the first probe that failed, and on most of the others.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from attnlib.check.comparing import Misfit, equal, normalise
from attnlib.check.spec import all_specs


@dataclass(frozen=True)
class Behaviour:
    """What one call did, ready to be compared: a normalised value, or the type and words of an error."""

    value: object = None
    error: str = ""


def behaviour(outcome, *, several=False):
    """Boil an outcome down to what can be compared; a value that is no array counts as its misfit."""
    if outcome.error is not None:
        return _behaviour_of_error(outcome.error)
    return _behaviour_of_value(outcome.value, several)


def _behaviour_of_error(error):
    return Behaviour(error=f"{type(error).__name__}: {error}")


def _behaviour_of_value(value, several):
    try:
        return Behaviour(value=normalise(value, several=several))
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
            value = spec.variant(faults, *spec.probes[place].arguments.values())
            return _behaviour_of_value(value, spec.several)
        except Exception as error:  # a mistake may well end in an error: it is compared like a value
            return _behaviour_of_error(error)


def find_faults(spec, behaviours, first):
    """Return the keys of the mistakes that explain the behaviours, or () when none that is known does.

    ``behaviours`` has one entry for each probe that the answer was run on, ``first`` is the first failing one.
    Pairs are tried only when no single mistake explains everything.
    """
    best = (0, ())
    for faults in [*((key,) for key in spec.faults), *combinations(spec.faults, 2)]:
        if len(faults) == 2 and best[0] == len(behaviours):
            break
        if same(known(spec.name, faults, first), behaviours[first]):
            agreed = sum(same(known(spec.name, faults, place), one) for place, one in enumerate(behaviours))
            best = max(best, (agreed, faults), key=lambda found: found[0])
    return best[1]
