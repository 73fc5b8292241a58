"""Probes with fresh numbers: an answer that knows the course's own inputs by heart fails on them.

Numbers with a point are moved a little; for exercises on whole numbers the inputs are drawn anew.
"""

import zlib
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch

from attnlib.check.comparing import equal, normalise
from attnlib.check.draws import DRAWS, Dice
from attnlib.check.running import same_argument
from attnlib.check.spec import all_specs

DRAWN = 4  # inputs of an exercise on whole numbers


@dataclass
class Fresh:
    """A probe with other numbers, and what comes out of them."""

    label: str
    arguments: dict
    expected: object = field(repr=False)


@cache
def fresh_probes(name, seed):
    """Return the probes of an exercise with other numbers, drawn from a seed.

    Floats are a few per cent off; zeros, signs and infinities stay. A probe is left out where the two ways in which the
    course knows the right answer, oracle and variant, do not agree on the new numbers, and where nothing has changed.
    """
    spec = all_specs()[name]
    found = []
    for label, arguments in _drawn(spec, seed) if name in DRAWS else _moved(spec, seed):
        expected = _agreed(spec, arguments)
        if expected is not None:
            found.append(Fresh(label, arguments, expected))
    return tuple(found)


def _random(name, seed, place):
    return np.random.default_rng([seed, zlib.crc32(name.encode()), place])


def _drawn(spec, seed):
    for place in range(DRAWN):
        values = DRAWS[spec.name](Dice(_random(spec.name, seed, place)))
        yield "sizes drawn anew", dict(zip(spec.probes[0].arguments, values, strict=True))


def _moved(spec, seed):
    for place, probe in enumerate(spec.probes):
        random = _random(spec.name, seed, place)
        arguments = {key: _nudged(value, random) for key, value in deepcopy(probe.arguments).items()}
        if any(_changed(probe.arguments[key], value) for key, value in arguments.items()):
            yield probe.label, arguments


def _nudged(value, random):
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value * torch.as_tensor(random.uniform(0.9, 1.1, tuple(value.shape))).to(value.dtype)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value * random.uniform(0.9, 1.1, value.shape).astype(value.dtype)
    if isinstance(value, list):
        return [_nudged(one, random) for one in value]
    if isinstance(value, dict):
        return {key: _nudged(one, random) for key, one in value.items()}
    return value


def _changed(before, after):
    return not callable(before) and not same_argument(before, after)


def _agreed(spec, arguments):
    try:
        one = normalise(spec.oracle(*deepcopy(arguments).values()), several=spec.several)
        other = normalise(spec.variant((), *deepcopy(arguments).values()), several=spec.several)
    except Exception:  # the new numbers are outside of what the exercise is about
        return None
    return one if equal(one, other) else None
