"""The specs of all exercises: every mistake has its own behaviour, and is named when it is made."""

import inspect
import re
from itertools import combinations
from pathlib import Path

import pytest
import torch

from attnlib.check import running
from attnlib.check.contents import CHAPTERS
from attnlib.check.diagnosing import behaviour, find_faults, known, pairs, same
from attnlib.check.judging import judge
from attnlib.check.running import run
from attnlib.check.spec import all_specs

ROOT = Path(__file__).resolve().parents[1]
# their inputs have two different axes at most
FEW_SIZES = {"top_word_share", "is_equivariant", "first_fooled", "steps_in_a_row", "crossover", "linear_attention_step"}
SPECS = pytest.mark.parametrize("spec", all_specs().values(), ids=all_specs())


@pytest.fixture(autouse=True)
def one_thread_and_no_hurry(monkeypatch):
    monkeypatch.setattr(running.run, "__defaults__", (60.0,))  # seconds: a busy machine must fail nobody
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the probes are tiny: waking a second thread costs more than it brings
    yield
    torch.set_num_threads(threads)


def behaviours(spec, *faults):
    """How somebody with these mistakes behaves on every probe."""
    return [known(spec.name, faults, place) for place in range(len(spec.probes))]


def agrees(ones, others):
    return [same(one, other) for one, other in zip(ones, others, strict=True)]


def sizes(probe):
    """All the sizes that an input has: the lengths of axes and lists, and whole numbers."""
    values = [len(value) if isinstance(value, list) else value for value in probe.arguments.values()]
    values = [value for value in values if hasattr(value, "shape") or isinstance(value, (int, float))]
    shapes = [getattr(value, "shape", (value,)) for value in values]
    return [int(size) for shape in shapes for size in shape]


def answer(spec, *faults):
    """An answer, with the right arguments, that makes these mistakes."""

    def call(*arguments):
        return spec.variant(faults, *arguments)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    call.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in spec.probes[0].arguments])
    return call


@SPECS
def test_without_mistakes_the_variant_is_the_oracle(spec):
    for place, probe in enumerate(spec.probes):
        right = behaviour(spec, run(spec.oracle, probe.arguments))
        assert same(known(spec.name, (), place), right), probe.label
        assert right.value is not None or right.error in {kind.__name__ for kind in spec.raises}, right.error
    assert judge(spec, answer(spec)), "the oracle itself is not accepted"


@SPECS
def test_every_mistake_shows_on_some_probe(spec):
    right = behaviours(spec)
    assert [key for key in spec.faults if all(agrees(behaviours(spec, key), right))] == []


@SPECS
def test_no_mistake_is_a_slip_in_the_spec_itself(spec):
    """A variant that stops with NameError would pass as one that ends in an error."""
    errors = [(key, one.error) for key in spec.faults for one in behaviours(spec, key)]
    assert [error for error in errors if error[1].startswith(("NameError", "UnboundLocalError"))] == []


@SPECS
def test_every_mistake_is_told_from_every_other(spec):
    each = {key: behaviours(spec, key) for key in spec.faults}
    assert [twins for twins in combinations(each, 2) if all(agrees(*map(each.get, twins)))] == []


@SPECS
def test_a_single_mistake_is_diagnosed_exactly(spec):
    named = {key: judge(spec, answer(spec, key)).faults for key in spec.faults}
    assert {key: found for key, found in named.items() if found != (key,)} == {}


@SPECS
def test_two_mistakes_are_explained_together(spec):
    """The two themselves, or mistakes that behave alike on every probe: at least nine pairs in ten."""
    right, lost, count = behaviours(spec), [], 0
    for pair in pairs(spec):
        made = behaviours(spec, *pair)
        passed = agrees(made, right)
        if all(passed):
            continue  # the two cancel each other
        count += 1
        found = find_faults(spec, made, passed)
        if set(found) != set(pair) and not (found and all(agrees(behaviours(spec, *found), made))):
            lost.append(pair)
    assert len(lost) <= 0.1 * count, lost


@SPECS
def test_probes_have_unequal_sizes_and_labels(spec):
    assert 2 <= len(spec.probes) <= 6
    assert len({probe.label for probe in spec.probes}) == len(spec.probes)
    assert all(list(probe.arguments) == list(spec.probes[0].arguments) for probe in spec.probes)
    assert len({tuple(sizes(probe)) for probe in spec.probes}) >= 2
    if len(spec.probes[0].arguments) > 2 and spec.name not in FEW_SIZES:
        # all sizes equal in every probe would hide a wrong axis
        assert sum(len(set(sizes(probe))) >= 3 for probe in spec.probes) >= 2


@SPECS
def test_arguments_are_called_as_in_the_solution(spec):
    chapter = next(one for one in CHAPTERS if one.number == spec.chapter)
    folder = "solutions" if spec.chapter else "notebooks"
    file = ROOT / folder / f"{chapter.slug}.ipynb"
    if not file.is_file():
        pytest.skip("this chapter is not written yet")
    signature = re.search(rf"def {spec.name}\((.*?)\):", file.read_text(encoding="utf-8"))
    assert signature[1].split(", ") == list(spec.probes[0].arguments)


@SPECS
def test_every_sentence_says_what_to_change(spec):
    assert len(set(spec.faults.values())) == len(spec.faults)
    for key, says in spec.faults.items():
        assert 30 <= len(says) <= 220, key
        assert re.search(r"[.!]\)?$", says), key
    assert spec.unpaired <= set(spec.faults)
