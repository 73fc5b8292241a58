"""What the engine knows about an exercise: the right answer, the mistakes, the inputs that tell them apart."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from attnlib.check.contents import CHAPTERS


@dataclass(frozen=True)
class Probe:
    """One set of arguments; ``label`` says in words what is special about it."""

    label: str
    arguments: dict


@dataclass(frozen=True)
class Spec:
    """An exercise, keyed by the name of the function that the reader writes.

    ``oracle(*arguments)`` is the right answer. ``variant(faults, *arguments)`` is the answer of somebody who
    makes the mistakes whose keys are in ``faults``: with none it equals the oracle. ``Spec.faults`` maps every key
    to what is said about it: what to change first, and why. Those in ``unpaired`` are looked for alone, not together
    with a second one: that keeps the search short where there are many. ``properties`` holds pairs
    (what is true of a right answer, predicate(value, expected)) for saying what is right already. ``several`` is True
    where a tuple of arrays is asked for. ``raises`` holds the errors that a right answer raises on some probe: of these
    the type counts, not the words.
    """

    name: str
    chapter: int
    minutes: int
    difficulty: int
    oracle: Callable
    variant: Callable
    faults: dict[str, str]
    probes: tuple[Probe, ...]
    hints: tuple[str, str, str]
    follow_up: str
    properties: tuple[tuple[str, Callable], ...] = ()
    several: bool = False
    unpaired: frozenset[str] = frozenset()
    raises: tuple[type[Exception], ...] = ()


@cache
def all_specs():
    """Return every spec of the course by the name of its function, in teaching order."""
    specs = {}
    for chapter in CHAPTERS:
        module = import_module(f"attnlib.check.specs.chapter_{chapter.number:02d}")
        for spec in module.SPECS:
            if spec.name in specs:
                raise ValueError(f"two exercises are called {spec.name!r}")
            specs[spec.name] = spec
    return specs
