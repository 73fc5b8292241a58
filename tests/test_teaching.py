"""book/pages/teaching.md: what the page for teachers shows is true."""

import re
from pathlib import Path

import pytest

from attnlib.check import __main__ as command
from attnlib.check.diagnosing import known, same
from attnlib.check.judging import judge
from attnlib.check.spec import all_specs

PAGE = (Path(__file__).resolve().parents[1] / "book" / "pages" / "teaching.md").read_text(encoding="utf-8")


@pytest.fixture
def spec(monkeypatch):
    """The exercise that the page adds."""
    space = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], space)
    (one,) = space["SPECS"]
    monkeypatch.setitem(all_specs(), one.name, one)
    return one


def test_the_exercise_of_the_page_accepts_its_answer_and_names_each_mistake(spec):
    assert judge(spec, spec.oracle)
    for place in range(len(spec.probes)):
        assert known(spec.name, (), place).value is not None
    for key in spec.faults:
        verdict = judge(spec, lambda weights, key=key: spec.variant((key,), weights))
        assert (bool(verdict), verdict.faults) == (False, (key,))


def test_no_two_mistakes_of_the_page_look_alike(spec):
    places, keys = range(len(spec.probes)), list(spec.faults)
    for first in keys:
        twins = [
            one
            for one in keys
            if all(same(known(spec.name, (one,), place), known(spec.name, (first,), place)) for place in places)
        ]
        assert twins == [first]


def test_every_option_that_the_page_names_exists(capsys):
    with pytest.raises(SystemExit):
        command.main(["grade", "--help"])
    known_options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `--"))
    named = set(re.findall(r"--[a-z-]+", table))
    assert len(named) >= 8
    assert named <= known_options
