"""nbgrader reads ``solutions/`` as it is: the released notebook, the points and the feedback are right.

nbgrader may live in an environment of its own: the test takes the command on the PATH, and hands it this
environment's kernel.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from attnlib.check import reports
from attnlib.check.building import BEGIN
from attnlib.check.grading import grade, points_of
from attnlib.check.spec import all_specs

ROOT = Path(__file__).resolve().parents[1]
NAME = "01_vectors"
WRONG = {"scale_scores": "    return scores / d_k\n"}

# An environment that is not active has its commands beside its Python; nbgrader calls others of them.
COMMANDS = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
NBGRADER = shutil.which("nbgrader", path=COMMANDS)

pytestmark = pytest.mark.skipif(NBGRADER is None, reason="needs nbgrader: python3 course.py test --class")


def nbgrader(folder, *words):
    """Run a command of nbgrader in a course's folder."""
    kernel = folder / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    places = {
        "PATH": COMMANDS,
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "ATTN_PROGRESS": str(folder / "progress.json"),
        "OMP_NUM_THREADS": "1",
    }
    command = [NBGRADER, *words, "--CourseDirectory.root", str(folder)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | places, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def code_of(file):
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def hand_in(folder, student, change):
    """Put the released notebook, answered by ``change(source of a cell)``, where nbgrader collects it."""
    notebook = json.loads((folder / "release" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = change("".join(cell["source"]))
    target = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(notebook), encoding="utf-8")


def answered(wrong):
    """A change that answers every exercise as ``solutions/`` does, except for the bodies in ``wrong``."""
    answers = {code.split("(")[0]: code for code in code_of(ROOT / "solutions" / f"{NAME}.ipynb") if BEGIN in code}

    def change(source):
        head = source.split("(")[0]
        if head not in answers or "NotImplementedError" not in source:
            return source
        body = wrong.get(head.removeprefix("def "))
        return f"{source.split('    raise')[0]}{body}" if body else answers[head]

    return change


def test_nbgrader_releases_grades_and_comments(tmp_path):
    source = tmp_path / "source" / NAME
    source.mkdir(parents=True)
    shutil.copy2(ROOT / "solutions" / f"{NAME}.ipynb", source)
    nbgrader(tmp_path, "generate_assignment", NAME)
    released = "\n".join(code_of(tmp_path / "release" / NAME / f"{NAME}.ipynb"))
    names = [spec.name for spec in all_specs().values() if spec.chapter == 1]
    assert released.count("raise NotImplementedError") == len(names)
    assert "SOLUTION" not in released
    hand_in(tmp_path, "ada", answered({}))
    hand_in(tmp_path, "bob", answered(WRONG))
    hand_in(tmp_path, "cem", lambda source: source)
    nbgrader(tmp_path, "autograde", NAME)
    nbgrader(tmp_path, "export")
    with (tmp_path / "grades.csv").open(newline="") as stream:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(stream)}
    assert scores == grades_here(tmp_path) | {"cem": 0}
    assert scores["ada"] == sum(points_of()[name] for name in names) > scores["bob"] > 0
    nbgrader(tmp_path, "generate_feedback", NAME)
    page = (tmp_path / "feedback" / "bob" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "CheckFailed: scale_scores" in page.replace("&#39;", "'")


def grades_here(folder):
    """What our own grader gives for the same notebooks."""
    with ThreadPoolExecutor(1) as executor:
        grades = grade(folder / "submitted", folder / "results", executor=executor)
    return {student: sum(row.points for row in rows) for student, rows in reports.by_student(grades).items()}
