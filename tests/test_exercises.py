"""The exercise notebooks: generated, unfilled, and safe to rebuild."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from attnlib.check import building, cards
from attnlib.check.spec import all_specs

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = sorted((ROOT / "solutions").glob("*.ipynb"))
SLUGS = [file.stem for file in SOLUTIONS]


@pytest.fixture
def rebuilt(tmp_path):
    """A copy of the solutions with freshly built exercises beside it."""
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns(".*"))
    building.build(tmp_path / "solutions", tmp_path / "exercises")
    return tmp_path


def cells_of(file):
    return json.loads(Path(file).read_text(encoding="utf-8"))["cells"]


def text(cell):
    return "".join(cell["source"])


def test_exercises_equal_a_rebuild_except_where_a_learner_works(record_property):
    rows = building.differences(ROOT / "solutions", ROOT / "exercises")
    in_use = building.in_use(ROOT / "exercises")
    record_property("in use", in_use)
    for name, state in in_use:
        print(f"exercises/{name} is {state}: left as it is")
    assert rows == []


def test_two_builds_give_the_same_bytes(rebuilt, tmp_path):
    building.build(rebuilt / "solutions", tmp_path / "again")
    for slug in SLUGS:
        assert (tmp_path / "again" / f"{slug}.ipynb").read_bytes() == (rebuilt / f"exercises/{slug}.ipynb").read_bytes()


@pytest.mark.parametrize("slug", SLUGS)
def test_no_answer_leaks_into_the_exercises(slug, rebuilt):
    cells = cells_of(rebuilt / f"exercises/{slug}.ipynb")
    stubs = [text(cell) for cell in cells if "raise NotImplementedError" in text(cell)]
    names = [spec.name for spec in all_specs().values() if f"def {spec.name}(" in "".join(stubs)]
    assert len(stubs) == len(names) > 0
    assert all("SOLUTION" not in text(cell) and not cell.get("outputs") for cell in cells)


@pytest.mark.parametrize("slug", SLUGS)
def test_unfilled_exercises_give_only_not_started_cards(slug, rebuilt):
    notebook = run(rebuilt / f"exercises/{slug}.ipynb")
    states = [data["state"] for data in card_data(notebook) if "state" in data]
    exercises = sum("raise NotImplementedError" in text(cell) for cell in notebook.cells)
    assert states == ["not started"] * exercises


@pytest.mark.parametrize("file", SOLUTIONS, ids=SLUGS)
def test_every_solution_is_correct_as_stored(file):
    cells = cells_of(file)
    data = [out["data"] for cell in cells if cell["cell_type"] == "code" for out in cell["outputs"] if "data" in out]
    states = [one[cards.MIME]["state"] for one in data if cards.MIME in one]
    answered = sum(building.BEGIN in text(cell) for cell in cells)
    assert states == ["correct"] * answered


@pytest.mark.parametrize("file", SOLUTIONS, ids=SLUGS)
def test_statements_agree_with_the_checks(file):
    cells = cells_of(file)
    answered = [text(cell) for cell in cells if building.BEGIN in text(cell)]
    statements = "\n".join(text(cell) for cell in cells if cell["cell_type"] == "markdown")
    for answer in answered:
        name = re.search(r"def (\w+)\(([^)]*)\)", answer)
        spec = all_specs()[name[1]]
        assert [part.strip() for part in name[2].split(",")] == list(spec.probes[0].arguments)
        assert f"{spec.minutes} minutes, difficulty {spec.difficulty} of 3" in statements
        assert all(one in statements for one in spec.hints)
        assert "Shapes:" in answer


def test_every_spec_has_its_exercise():
    sources = "".join(
        text(cell) for file in [*SOLUTIONS, *(ROOT / "notebooks").glob("*.ipynb")] for cell in cells_of(file)
    )
    assert [name for name in all_specs() if f"def {name}(" not in sources] == []


@pytest.mark.parametrize("file", SOLUTIONS, ids=SLUGS)
def test_cells_carry_what_nbgrader_needs(file):
    grading = [cell["metadata"]["nbgrader"] for cell in cells_of(file) if "nbgrader" in cell["metadata"]]
    answers = sum(building.BEGIN in text(cell) for cell in cells_of(file))
    assert len({one["grade_id"] for one in grading}) == len(grading) == 2 * answers
    assert sum(one["solution"] for one in grading) == sum(one["grade"] for one in grading) == answers
    assert all(one.get("points", 0) > 0 for one in grading if one["grade"])


def fill_in(file, answer="return 1"):
    source = file.read_text(encoding="utf-8")
    file.write_text(source.replace(building.STUB, answer, 1), encoding="utf-8")


def test_a_filled_in_notebook_is_never_overwritten(rebuilt):
    first, second = (rebuilt / f"exercises/{slug}.ipynb" for slug in SLUGS[:2])
    fill_in(first)
    second.unlink()
    before = first.read_bytes()
    with pytest.raises(building.WouldOverwrite, match=first.name):
        building.build(rebuilt / "solutions", rebuilt / "exercises")
    assert first.read_bytes() == before
    assert not second.exists(), "all are written or none"


def test_force_keeps_a_copy_of_what_was_filled_in(rebuilt):
    file = rebuilt / f"exercises/{SLUGS[0]}.ipynb"
    for number in (1, 2):
        fill_in(file)
        work = file.read_bytes()
        building.build(rebuilt / "solutions", rebuilt / "exercises", force=True)
        assert (rebuilt / f"exercises/kept/{SLUGS[0]}-{number}.ipynb").read_bytes() == work
        assert building.state_of(file) == "untouched"


def test_an_executed_notebook_is_told_from_a_filled_in_one(rebuilt):
    file = rebuilt / f"exercises/{SLUGS[0]}.ipynb"
    nbformat.write(run(file), file)
    assert building.state_of(file) == "executed"
    fill_in(file)
    assert building.state_of(file) == "filled in"
    file.write_text("{damaged")
    assert building.state_of(file) == "filled in"
    assert building.state_of(rebuilt / "exercises/none.ipynb") == "missing"


def test_notes_in_a_text_cell_count_as_work(rebuilt):
    file = rebuilt / f"exercises/{SLUGS[0]}.ipynb"
    notebook = json.loads(file.read_text(encoding="utf-8"))
    notebook["cells"][0]["source"].append("\nmy own note")
    file.write_text(json.dumps(notebook), encoding="utf-8")
    assert building.state_of(file) == "filled in"


def test_a_changed_solution_rebuilds_an_untouched_exercise(rebuilt):
    solution = rebuilt / f"solutions/{SLUGS[0]}.ipynb"
    solution.write_text(solution.read_text(encoding="utf-8").replace("difficulty 1 of 3", "difficulty 2 of 3"))
    assert building.differences(rebuilt / "solutions", rebuilt / "exercises") == [
        f"{SLUGS[0]}.ipynb is older than its solution"
    ]
    written = building.build(rebuilt / "solutions", rebuilt / "exercises")
    assert [file.stem for file in written] == [SLUGS[0]]


def test_an_orphan_is_named(rebuilt):
    (rebuilt / "exercises/99_orphan.ipynb").write_text("{}")
    assert "99_orphan.ipynb has no solution it belongs to" in building.differences(
        rebuilt / "solutions", rebuilt / "exercises"
    )


def test_an_unpaired_marker_is_an_error():
    cell = {"cell_type": "code", "id": "one", "source": f"{building.BEGIN}\n1", "metadata": {}}
    with pytest.raises(ValueError, match="in pairs"):
        building.exercise_of({"cells": [cell], "metadata": {}})


def test_the_command_refuses_and_names_the_notebook(rebuilt):
    (rebuilt / "course.py").touch()
    fill_in(rebuilt / f"exercises/{SLUGS[0]}.ipynb")
    solution = rebuilt / f"solutions/{SLUGS[0]}.ipynb"
    solution.write_text(solution.read_text(encoding="utf-8").replace("difficulty 1 of 3", "difficulty 2 of 3"))
    refused, checked = (command(rebuilt, *words) for words in (["build"], ["build", "--check"]))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{SLUGS[0]}.ipynb: somebody has written into it")
    assert "is filled in: left as it is" in checked.stdout
    assert checked.returncode == 0, checked.stdout


def test_solving_an_exercise_notebook_is_counted(rebuilt):
    (rebuilt / "course.py").touch()
    file = rebuilt / f"exercises/{SLUGS[0]}.ipynb"
    fill_in(
        file, "powers = np.exp(scores - scores.max(-1, keepdims=True)); return powers / powers.sum(-1, keepdims=True)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "ATTN_PROGRESS"}
    notebook = run(file, environment)
    assert card_data(notebook)[0] == {"exercise": "stable_softmax", "state": "correct", "faults": []}
    assert json.loads((rebuilt / ".progress.json").read_text()) == {"done": ["stable_softmax"]}


def command(folder, *words):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "attnlib.check", *words], cwd=folder, env=environment, capture_output=True, text=True
    )


def run(file, environment=None):
    """Run a notebook in its own folder and return it."""
    notebook = nbformat.read(file, as_version=4)
    environment = (environment or dict(os.environ)) | {"PYTHONPATH": str(ROOT)}
    client = NotebookClient(notebook, kernel_name="python3", timeout=60, resources={"metadata": {"path": file.parent}})
    client.execute(env=environment)
    return notebook


def card_data(notebook):
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    return [dict(out["data"][cards.MIME]) for out in outputs if cards.MIME in out.get("data", {})]
