"""The bank of learners' answers: wrong ones are rejected and their mistake named, right ones pass.

`tests/answers/diagnoses.toml` says for each wrong answer which diagnosis names its mistake. To add an answer, write
it into the bank, and its diagnosis into that table: the failing test prints the line.
"""

import importlib
import inspect
import json
import time
import tomllib
from pathlib import Path

import pytest

from attnlib.check import running
from attnlib.check.judging import CORRECT, ERROR, NOT_STARTED, NOT_YET, judge
from attnlib.check.spec import all_specs

FOLDER = Path(__file__).parent / "answers"
TABLE = tomllib.loads((FOLDER / "diagnoses.toml").read_text(encoding="utf-8"))
ENDLESS = {
    "to_shares__loops_for_ever",
    "attend_one_word__loops_for_ever",
    "attend_one_word__swallows_what_stops_it",
    "batch_attention__waits_for_a_length_that_does_not_come",
}
NOT_STARTED_YET = {"to_shares__not_implemented"}
CHANGES_ITS_INPUT = {"weighted_sum__right_but_changes_its_input", "row_softmax__right_but_changes_its_input"}


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch):
    monkeypatch.setattr(running.run, "__defaults__", (60.0,))  # seconds: a busy machine must fail nobody


def answers(kind):
    """{exercise: {slug: function}} of the modules with such names, for exercises that have a spec."""
    found = {}
    for file in sorted(FOLDER.glob(f"{kind}.py")):
        module = importlib.import_module(f"tests.answers.{file.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            exercise, _, slug = name.partition("__")
            if exercise in all_specs() and function.__module__ == module.__name__:
                found.setdefault(exercise, {})[slug] = function
    return found


WRONG, RIGHT, ODD = answers("wrong_[0-9]*"), answers("right_[0-9]*"), answers("wrong_behaviour")
EXERCISES = pytest.mark.parametrize("name", all_specs())


def line_of(slug, verdict):
    """The line of the table that records a verdict."""
    if verdict.faults:
        return f"{slug} = {{ faults = {json.dumps(sorted(verdict.faults))} }}"
    return f"{slug} = {{ clue = {json.dumps(verdict.clue)} }}"


def as_recorded(verdict, record):
    if record == {"faults": "other"}:
        return True
    return {"faults": sorted(verdict.faults)} == record if verdict.faults else {"clue": verdict.clue} == record


@EXERCISES
def test_wrong_answers_are_rejected_with_the_recorded_diagnosis(name):
    verdicts = {slug: judge(all_specs()[name], function) for slug, function in WRONG[name].items()}
    assert [slug for slug, verdict in verdicts.items() if verdict] == []
    table = TABLE[name]
    assert [line_of(slug, one) for slug, one in verdicts.items() if not as_recorded(one, table.get(slug))] == []


@EXERCISES
def test_right_answers_pass(name):
    verdicts = {slug: judge(all_specs()[name], function) for slug, function in RIGHT[name].items()}
    assert {slug: one.headline for slug, one in verdicts.items() if not one} == {}


@EXERCISES
def test_the_bank_is_large_enough(name):
    assert len(WRONG[name]) >= 8
    assert len(RIGHT[name]) >= 3


def test_the_table_and_the_bank_belong_together():
    assert {name: sorted(slugs) for name, slugs in TABLE.items()} == {
        name: sorted(slugs) for name, slugs in WRONG.items()
    }


@pytest.mark.parametrize("chapter", [*sorted({spec.chapter for spec in all_specs().values()}), "all"])
def test_nine_mistakes_in_ten_are_named(chapter):
    records = [
        record
        for name, slugs in TABLE.items()
        if chapter in ("all", all_specs()[name].chapter)
        for record in slugs.values()
    ]
    exact = [record for record in records if record != {"faults": "other"}]
    assert len(exact) >= 0.9 * len(records), f"{len(exact)} of {len(records)}"


def test_recorded_mistakes_exist():
    unknown = [
        (name, key)
        for name, slugs in TABLE.items()
        for record in slugs.values()
        for key in record.get("faults", [])
        if record["faults"] != "other" and key not in all_specs()[name].faults
    ]
    assert unknown == []


def expected_state(full_name):
    if full_name in NOT_STARTED_YET:
        return {NOT_STARTED}
    if full_name in CHANGES_ITS_INPUT:
        return {NOT_YET}
    return {CORRECT} if "right_but" in full_name else {ERROR, NOT_YET}


@pytest.mark.parametrize("full_name", [f"{name}__{slug}" for name, slugs in ODD.items() for slug in slugs])
def test_misbehaving_answers_get_a_card_and_end(full_name, monkeypatch):
    name, _, slug = full_name.partition("__")
    if full_name in ENDLESS:
        monkeypatch.setattr(running.run, "__defaults__", (0.3,))
    start = time.monotonic()
    verdict = judge(all_specs()[name], ODD[name][slug])
    assert verdict.state in expected_state(full_name)
    assert verdict.headline.strip()
    if full_name in ENDLESS:
        assert verdict.clue == "TimeUp"
        assert time.monotonic() - start < 3
