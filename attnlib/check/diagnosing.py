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


def behaviour(spec, outcome):
    """Boil an outcome down to what can be compared; a value that is no array counts as its misfit."""
    if outcome.error is not None:
        return _behaviour_of_error(spec, outcome.error)
    return _behaviour_of_value(spec, outcome.value)


def _behaviour_of_error(spec, error):
    wanted = next((kind.__name__ for kind in spec.raises if isinstance(error, kind)), "")
    return Behaviour(error=wanted or f"{type(error).__name__}: {error}")


def _behaviour_of_value(spec, value):
    try:
        return Behaviour(value=normalise(value, several=spec.several))
    except Misfit as misfit:
        return _behaviour_of_error(spec, misfit)


def same(one, other):
    """Tell whether two behaviours are the same."""
    if one.error or other.error:
        return one.error == other.error
    return equal(one.value, other.value)


@cache
def known(name, faults, place):
    """Return how someone with these faults (a tuple of keys, () for none) behaves on one probe of an exercise."""
    spec = all_specs()[name]
    with np.errstate(all="ignore"):
        try:
            value = spec.variant(faults, *spec.probes[place].arguments.values())
            return _behaviour_of_value(spec, value)
        except Exception as error:  # a mistake may well end in an error: it is compared like a value
            return _behaviour_of_error(spec, error)


def find_faults(spec, behaviours, passed):
    """Return the keys of the mistakes that explain the behaviours, or () when none that is known does.

    ``behaviours`` and ``passed`` have one entry for each probe that the answer was run on. The first probe that
    gave a wrong value decides. Where none did, or its value says nothing, the first that failed may decide: it ended
    in an error, whose words depend on how the answer is written.
    """
    failed = [place for place, good in enumerate(passed) if not good]
    values = [place for place in failed if not behaviours[place].error]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for decisive in dict.fromkeys([*values[:1], failed[0]]):
            found = _find_at(spec, behaviours, failed, decisive)
            if found:
                break
    return found


def pairs(spec):
    """Return the pairs of mistakes that are looked for together."""
    return combinations([key for key in spec.faults if key not in spec.unpaired], 2)


def _find_at(spec, behaviours, failed, decisive):
    """Return the mistakes that behave alike at the decisive probe and at most others, two where one is not enough."""
    best = (0, ())
    for faults in [*((key,) for key in spec.faults), *pairs(spec)]:
        if len(faults) == 2 and best[0] == len(behaviours):
            break
        if same(known(spec.name, faults, decisive), behaviours[decisive]):
            agreed = [same(known(spec.name, faults, place), one) for place, one in enumerate(behaviours)]
            by_chance = len(faults) == 2 and 2 * sum(agreed[place] for place in failed) <= len(failed)
            if not by_chance:
                best = max(best, (sum(agreed), faults), key=lambda found: found[0])
    return best[1]
