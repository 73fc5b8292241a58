"""Probes with fresh numbers: an answer that knows the course's own inputs by heart fails on them."""

import zlib
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch

from attnlib.check.comparing import equal, normalise
from attnlib.check.running import same_argument
from attnlib.check.spec import all_specs


@dataclass
class Fresh:
    """A probe with other numbers, and what comes out of them."""

    label: str
    arguments: dict
    expected: object = field(repr=False)


@cache
def fresh_probes(name, seed):
    """Return the probes of an exercise with every float a few per cent off, drawn from a seed.

    Zeros, signs and infinities stay. A probe is left out where the two ways in which the course knows the right
    answer, oracle and variant, do not agree on the new numbers, and where it holds no floats to change.
    """
    spec, found = all_specs()[name], []
    for place, probe in enumerate(spec.probes):
        random = np.random.default_rng([seed, zlib.crc32(name.encode()), place])
        arguments = {key: _nudged(value, random) for key, value in deepcopy(probe.arguments).items()}
        if any(_changed(probe.arguments[key], value) for key, value in arguments.items()):
            expected = _agreed(spec, arguments)
            if expected is not None:
                found.append(Fresh(probe.label, arguments, expected))
    return tuple(found)


def _nudged(value, random):
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value * torch.as_tensor(random.uniform(0.9, 1.1, tuple(value.shape))).to(value.dtype)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value * random.uniform(0.9, 1.1, value.shape).astype(value.dtype)
    return value


def _changed(before, after):
    return hasattr(before, "shape") and not same_argument(before, after)


def _agreed(spec, arguments):
    try:
        one = normalise(spec.oracle(*deepcopy(arguments).values()), several=spec.several)
        other = normalise(spec.variant((), *deepcopy(arguments).values()), several=spec.several)
    except Exception:  # the new numbers are outside of what the exercise is about
        return None
    return one if equal(one, other) else None
