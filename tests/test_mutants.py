"""Every small change to a solution is rejected, or is listed with the reason why it is not.

`tests/answers/survivors.toml` counts the changes to each solution and lists those that pass. When a solution or a spec
changes, the failing test prints the lines.
"""

import ast
import json
import tomllib
from functools import cache
from pathlib import Path

import pytest

from attnlib.check import running
from attnlib.check.contents import chapter
from attnlib.check.judging import judge
from attnlib.check.notebook_files import code_cells
from attnlib.check.spec import all_specs
from tests.mutants import mutants

ROOT = Path(__file__).resolve().parents[1]
TABLE = tomllib.loads((ROOT / "tests/answers/survivors.toml").read_text(encoding="utf-8"))
WHY = TABLE.pop("why")


@pytest.fixture(autouse=True)
def little_hurry(monkeypatch):
    # A busy machine must fail nobody, and six changes make a loop that does not end.
    monkeypatch.setattr(running.run, "__defaults__", (5.0,))


@cache
def solved(number):
    """The imports and functions of a chapter's solutions, run: ({name: value}, {name: source})."""
    folder = "solutions" if number else "notebooks"
    values, sources = {}, {}
    for cell in code_cells((ROOT / f"{folder}/{chapter(number).slug}.ipynb").read_bytes()):
        for statement in ast.parse(cell).body:
            if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef)):
                exec(compile(ast.Module([statement], []), f"<solutions {number}>", "exec"), values)
            if isinstance(statement, ast.FunctionDef):
                sources[statement.name] = ast.unparse(statement)
    return values, sources


def changed(name):
    """Every small change to the solution of an exercise: (what has changed, the function that came out)."""
    values, sources = solved(all_specs()[name].chapter)
    for change, source in mutants(sources[name]):
        names = dict(values)
        exec(source, names)
        yield change, names[name]


@pytest.mark.parametrize("name", all_specs())
def test_small_changes_to_a_solution_are_rejected(name):
    count, passed = 0, []
    for change, function in changed(name):
        count += 1
        if judge(all_specs()[name], function):
            passed.append(change)
    table = TABLE.get(name, {})  # none yet: the lines below are what it needs
    lines = [f"changes = {count}", *(f'{json.dumps(one)} = "..."' for one in passed if one not in table)]
    assert {key for key in table if key != "changes"} == set(passed), lines
    assert table.get("changes") == count >= 3, lines


def test_reasons_are_those_that_are_explained():
    used = {why for rows in TABLE.values() for change, why in rows.items() if change != "changes"}
    assert used == set(WHY)
    assert set(TABLE) == set(all_specs())


def test_of_changes_in_behaviour_nineteen_in_twenty_are_rejected():
    changes = sum(rows["changes"] for rows in TABLE.values())
    passed = [why for rows in TABLE.values() for change, why in rows.items() if change != "changes"]
    differ = [why for why in passed if why.startswith("differs")]
    behave_otherwise = changes - len(passed) + len(differ)
    assert changes > 1500
    assert behave_otherwise - len(differ) >= 0.95 * behave_otherwise


EXAMPLE = '''def f(x, y):
    """Say nothing."""
    total = x + 2
    for part in y[1:]:
        total += g(part, axis=-1)
    return total
'''


def test_changes_are_small_and_many():
    found = dict(mutants(EXAMPLE))
    assert "total = x + 2  ->  total = x - 2" in found
    assert "total = x + 2  ->  total = y + 2" in found
    assert "total = x + 2  ->  pass" in found
    assert "total += g(part, axis=-1)  ->  total += g(part, axis=-2)" in found
    assert "total += g(part, axis=-1)  ->  total += g(part)" in found
    assert "total += g(part, axis=-1)  ->  total += part" in found
    assert "for part in y[1:]:  ->  for part in y[:]:" in found
    assert "return total  ->  pass" not in found
    assert len(set(found.values())) == len(found)
    assert all(ast.unparse(ast.parse(source)) == source for source in found.values())


def test_a_loop_that_no_longer_ends_is_rejected(monkeypatch):
    monkeypatch.setattr(running.run, "__defaults__", (0.3,))
    endless = [function for change, function in changed("crossover") if change == "n += 1  ->  pass"]
    verdicts = [judge(all_specs()["crossover"], function) for function in endless]
    assert [verdict.clue for verdict in verdicts] == ["TimeUp"]
