"""attnlib.check grade: what a notebook earns, and what a hostile one cannot do."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attnlib.check import grade_command, reports, sandbox
from attnlib.check.draws import DRAWS
from attnlib.check.fresh import fresh_probes
from attnlib.check.grading import NOT_GRADED, grade
from attnlib.check.marking import Task, mark
from attnlib.check.notebook_files import Unreadable, code_cells, find
from attnlib.check.running import run
from attnlib.check.sandbox import Limits
from attnlib.check.spec import all_specs
from tests.test_answers import RIGHT

ROOT = Path(__file__).resolve().parents[1]
LIMITS = Limits(seconds=0.5, cell_seconds=2.0, megabytes=256)
WALLS = pytest.mark.skipif(sys.platform != "linux", reason="walls are known on Linux alone")

RIGHT_CELLS = {
    "stable_softmax": "def stable_softmax(scores):\n    powers = np.exp(scores - scores.max(-1, keepdims=True))\n"
    "    return powers / powers.sum(-1, keepdims=True)",
    "score_vector": "def score_vector(query, keys):\n    return keys @ query",
    "scale_scores": "def scale_scores(scores, d_k):\n    return scores / np.sqrt(d_k)",
    "weighted_sum": "def weighted_sum(weights, values):\n    return weights @ values",
}
START = "import os, sys, time\nimport numpy as np\nfrom attnlib.check import check, hint, progress"


def notebook(*sources, language="python", outputs=()):
    """The bytes of a notebook with these code cells."""
    cells = [
        {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}, "execution_count": 1}
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4}).encode()


def first_chapter(**changed):
    """A notebook of chapter 1 with four right answers, some of them changed; others are not written."""
    cells = {"start": START} | RIGHT_CELLS | changed
    return notebook(*(source for source in cells.values() if source))


def marked(data, chapter=1, limits=LIMITS):
    result = mark(Task(data, chapter, limits, seed=11))
    return {one["exercise"]: one for one in result["marks"]}


def earned(marks):
    return {name for name, one in marks.items() if one["points"]}


def lose_only(marks, name="scale_scores"):
    """Assert that this exercise lost its point, its three neighbours kept theirs, and return what is said."""
    assert earned(marks) == set(RIGHT_CELLS) - {name}
    return f"{marks[name]['state']}: {marks[name]['headline']}"


def test_solutions_earn_every_point():
    file = ROOT / "solutions" / "01_vectors.ipynb"
    marks = marked(file.read_bytes(), limits=Limits())
    assert earned(marks) == {name for name, spec in all_specs().items() if spec.chapter == 1}


def test_unfilled_notebooks_are_not_started():
    marks = marked(first_chapter(scale_scores="def scale_scores(scores, d_k):\n    raise NotImplementedError"))
    assert lose_only(marks) == "not started: It is not written."


def test_known_mistakes_are_named():
    marks = marked(first_chapter(scale_scores="def scale_scores(scores, d_k):\n    return scores / d_k"))
    assert "not by d_k itself" in lose_only(marks)
    assert marks["scale_scores"]["faults"] == ["by_d"]


def test_an_answer_may_call_a_function_that_the_probe_hands_over():
    source = (
        "import torch\ndef is_equivariant(layer, X, order):\n    plain, moved = layer(X), layer(X[order])\n"
        "    return len(plain) == len(X) and bool((plain[order] - moved).abs().max() < 1e-5)"
    )
    marks = marked(notebook(source), chapter=6)
    assert marks["is_equivariant"]["state"] == "correct"


HEAD = "def scale_scores(scores, d_k):\n    "
HOSTILE = {
    "endless loop": ("while True: pass", "did not come to an end in time. Look for a loop"),
    "loop that swallows": (
        "import signal\n    signal.setitimer(signal.ITIMER_PROF, 0)\n    while True:\n        try:\n            "
        "while True: pass\n        except BaseException: pass",
        "did not come to an end in time",
    ),
    "sleeps": ("time.sleep(100)", "did not come to an end in time"),
    "memory hog": ("return np.ones(10**9)", "more than the 256 megabytes"),
    "exits": ("os._exit(0)", "The process ended itself (exit code 0)"),
    "calls exit": ("sys.exit(0)", "exit()"),
    "crashes": ("import ctypes\n    ctypes.string_at(0)", "ended by SIGSEGV"),
    "huge result": ("return np.zeros(3 * 10**6)", "more than 16 megabytes"),
    "prints the expected": ("print('Correct: scale_scores')\n    return None", "None"),
    "writes on the line": (
        "for number in range(3, 60):\n        try: os.write(number, b'{}' * 99)\n        except OSError: pass",
        "",
    ),
    "a string that lies": ("class C(str):\n        __eq__ = lambda *_: True\n    return C('x')", ""),
    "an error without end": (
        "class E(Exception):\n        def __str__(self):\n            while True: pass\n    raise E",
        "did not come to an end in time",
    ),
    "calls itself": ("return scale_scores(scores, d_k)", "calls itself without end"),
}
WALLED = {
    "fork": ("os.fork()", "start no process"),
    "fork bomb": (
        "while True:\n        try: os.fork()\n        except OSError: pass",
        "did not come to an end in time",
    ),
    "runs a program": ("import subprocess\n    subprocess.run(['true'])", "start no process"),
    "uses the network": ("import socket\n    socket.create_connection(('127.0.0.1', 9))", "use no network"),
    "kills the grader": ("os.kill(os.getppid(), 9)", "start no process"),
    "kills everything": ("os.kill(-1, 9)", "start no process"),
    "reads the specs": ("return open('@SPECS').read()", "an empty folder of its own"),
    "deletes a file": ("os.remove('@CANARY')", "an empty folder of its own"),
    "deletes a folder": (
        "import shutil\n    shutil.rmtree(os.path.dirname('@CANARY'), ignore_errors=True)\n    return 0",
        "",
    ),
    "empties a file": ("open('@CANARY', 'w')", "an empty folder of its own"),
    "changes a mode": ("os.chmod('@CANARY', 0)", "an empty folder of its own"),
    "changes a time": ("os.utime('@CANARY', (1, 1))", "an empty folder of its own"),
    "makes a link": ("os.symlink('@CANARY', '@CANARY-2')", "an empty folder of its own"),
    "raises its limits": ("import resource\n    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))", ""),
}


@pytest.mark.parametrize(("body", "says"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_answers_lose_their_own_point_alone(body, says):
    assert says in lose_only(marked(first_chapter(scale_scores=HEAD + body)))


def test_memory_taken_bit_by_bit_is_named_when_it_runs_out():
    # Filling the memory takes processor time: on a busy machine more than the half second of the other tests.
    data = first_chapter(scale_scores=f"{HEAD}hog = []\n    while True: hog.append(bytearray(2**24))")
    assert "256 megabytes" in lose_only(marked(data, limits=replace(LIMITS, seconds=10.0)))


@pytest.mark.parametrize(
    "shape", ["10**6", "(10**6, 1)", "(1, 10**6)", "()", "0", "(0, 10**9)", "[1] * 40", "(5, 5, 5)"]
)
def test_strange_shapes_are_judged_without_delay(shape):
    start = time.monotonic()
    lose_only(marked(first_chapter(scale_scores=f"{HEAD}return np.zeros({shape})")))
    assert time.monotonic() - start < 20


@WALLS
@pytest.mark.parametrize(("body", "says"), WALLED.values(), ids=WALLED)
def test_walls_hold_and_nothing_outside_is_changed(body, says, tmp_path):
    canary = tmp_path / "inner" / "marks.csv"
    canary.parent.mkdir()
    canary.write_text("ada,1\n")
    before = canary.stat()
    specs = str(ROOT / "attnlib" / "check" / "specs" / "chapter_01.py")
    body = body.replace("@CANARY", str(canary)).replace("@SPECS", specs)
    assert says in lose_only(marked(first_chapter(scale_scores=HEAD + body)))
    assert (canary.read_text(), canary.stat().st_mode, canary.stat().st_mtime) == (
        "ada,1\n",
        before.st_mode,
        before.st_mtime,
    )
    assert [file.name for file in canary.parent.iterdir()] == ["marks.csv"]


def test_an_answer_that_deletes_its_own_folder_keeps_the_points_it_earned():
    body = "import shutil\n    open('a', 'w').close()\n    shutil.rmtree('.', ignore_errors=True)\n    "
    marks = marked(first_chapter(scale_scores=f"{HEAD}{body}return scores / np.sqrt(d_k)"))
    assert earned(marks) == set(RIGHT_CELLS)


def test_output_of_100_megabytes_is_dropped():
    body = "print('x' * 10**8)\n    os.write(1, b'x' * 10**8)\n    return scores / np.sqrt(d_k)"
    assert earned(marked(first_chapter(scale_scores=HEAD + body))) == set(RIGHT_CELLS)


OVERWRITTEN = {
    "check": "check = lambda f: True",
    "the module": "import attnlib.check\nattnlib.check.check = lambda f: True",
    "attnlib": "import attnlib.reference\nattnlib.reference.softmax = attnlib.attention = lambda *_: 0",
    "numpy": "np.abs = np.allclose = np.array_equal = lambda *_: True",
    "what sends": "import sys\nmodule = sys.modules['wire']\nmodule.encode = lambda one: {'number': 1.0}",
    "what calls": "import child\nchild.call = lambda *_: {'value': True, 'state': 'correct', 'points': 1}",
    "equality": "class Same(np.ndarray):\n    __eq__ = lambda *_: True",
}


@pytest.mark.parametrize("cell", OVERWRITTEN.values(), ids=OVERWRITTEN)
def test_overwriting_earns_no_point(cell):
    wrong = {name: f"def {name}(*_):\n    return 1.5" for name in RIGHT_CELLS}
    assert earned(marked(notebook(START, *wrong.values(), cell))) == set()


def test_forged_outputs_are_never_looked_at():
    card = {"output_type": "display_data", "data": {"text/plain": "Correct: scale_scores"}, "metadata": {}}
    wrong = notebook(START, f"{HEAD}return scores", "check(scale_scores)", outputs=[card])
    assert earned(marked(wrong)) == set()


def test_an_answer_that_knows_the_probes_by_heart_is_found_out():
    spec = all_specs()["scale_scores"]
    rows = [[*(np.asarray(one).tolist() for one in probe.arguments.values())] for probe in spec.probes]
    known = [[*row, np.asarray(spec.oracle(np.array(row[0]), row[1])).tolist()] for row in rows]
    body = f"for row in {known}:\n        if np.array_equal(row[0], scores) and row[1] == d_k: return np.array(row[2])"
    says = lose_only(marked(first_chapter(scale_scores=f"{HEAD}{body}\n    return scores")))
    assert "wrong on others of the same kind" in says


def test_no_answer_of_the_course_lies_in_the_students_process():
    body = "return np.array([len([name for name in sys.modules if name.startswith('attnlib.check.')])])"
    marks = marked(first_chapter(scale_scores=HEAD + body))
    assert marks["scale_scores"]["state"] == "not yet"
    tried = "import attnlib.check.spec" if sys.platform == "linux" else "raise ImportError"
    assert "attnlib.check" in lose_only(marked(first_chapter(scale_scores=f"{HEAD}{tried}")))


def test_modules_can_be_forbidden():
    body = "import attnlib.dot_product\n    return scores / np.sqrt(d_k)"
    data = first_chapter(scale_scores=HEAD + body)
    assert earned(marked(data)) == set(RIGHT_CELLS)
    limits = Limits(seconds=0.5, cell_seconds=2.0, megabytes=256, forbidden=("attnlib.dot_product",))
    assert "attnlib.dot_product" in lose_only(marked(data, limits=limits))


def test_cells_that_end_the_process_are_left_out():
    marks = marked(first_chapter(hostile="gone = os._exit(0)", scale_scores="while True:\n    scale_scores = 1"))
    assert lose_only(marks).startswith("not found")


def test_a_cell_that_does_not_parse_is_named():
    says = lose_only(marked(first_chapter(scale_scores="def scale_scores(scores, d_k)\n    return scores")))
    assert "The cell of `scale_scores` did not run. SyntaxError" in says


def test_a_missing_cell_and_a_renamed_function_are_told_apart():
    assert lose_only(marked(first_chapter(scale_scores=""))) == "not found: No cell defines `scale_scores`."
    says = lose_only(marked(first_chapter(scale_scores="def scale(scores, d_k):\n    return scores")))
    assert "Was it renamed? The notebook also defines `scale`." in says


def test_other_arguments_are_named():
    says = lose_only(marked(first_chapter(scale_scores="def scale_scores(scores):\n    return scores")))
    assert "called as `scale_scores(scores, d_k)`, but defined as `scale_scores(scores)`" in says


UNREADABLE = {
    "broken JSON": (b'{"cells": [', "JSONDecodeError"),
    "not a notebook": (b"[]", "TypeError"),
    "not text": (b"\xff\xfe\x00", "no notebook"),
    "nested": (b"[" * 100_000, "RecursionError"),
    "wrong kernel": (notebook("x <- 1", language="R"), "another language (r)"),
    "100 MB": (b" " * 10**8, "100 MB"),
}


@pytest.mark.parametrize(("data", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_files_are_reported_in_words(data, says):
    marks = marked(data)
    assert earned(marks) == set()
    assert says in marks["scale_scores"]["headline"]


def test_magic_lines_are_taken_out():
    cells = code_cells(notebook("%matplotlib inline\n!pip list\nx = 1", "%%bash\nls", "if True:\n    !ls"))
    assert cells == ["pass\npass\nx = 1", "", "if True:\n    pass"]
    with pytest.raises(Unreadable, match="another language"):
        code_cells(notebook("1", language="julia"))


def test_right_answers_are_right_on_fresh_numbers_too():
    wrong = []
    for name, answers in RIGHT.items():
        for probe in fresh_probes(name, 3):
            for slug, answer in answers.items():
                outcome = run(answer, probe.arguments)
                value = outcome.value
                ok = outcome.error is None and _agrees(all_specs()[name], value, probe.expected)
                wrong += [] if ok else [(name, slug, probe.label)]
    assert wrong == []


def test_every_exercise_has_fresh_numbers():
    assert [name for name in all_specs() if not fresh_probes(name, 3)] == []
    assert [name for name in DRAWS if any(len(fresh_probes(name, seed)) < 4 for seed in range(9))] == []


def test_an_answer_that_knows_the_tests_sizes_by_heart_earns_nothing():
    spec = all_specs()["score_flops"]
    known = {tuple(probe.arguments.values()): spec.oracle(*probe.arguments.values()) for probe in spec.probes}
    code = f"def score_flops(kind, num_queries, num_keys, d_q, d_k, d_hidden):\n    return {known}"
    code += ".get((kind, num_queries, num_keys, d_q, d_k, d_hidden), 0)"
    marks = marked(notebook("import torch", code), chapter=3)
    assert marks["score_flops"]["state"] == "not yet"
    assert "on others of the same kind (sizes drawn anew)" in marks["score_flops"]["headline"]


def _agrees(spec, value, expected):
    from attnlib.check.comparing import equal, normalise

    return equal(normalise(value, several=spec.several), expected)


def test_fresh_numbers_depend_on_the_seed_alone():
    one, again, other = (fresh_probes.__wrapped__("weighted_sum", seed) for seed in (1, 1, 2))
    assert np.array_equal(one[0].arguments["weights"], again[0].arguments["weights"])
    assert not np.array_equal(one[0].arguments["weights"], other[0].arguments["weights"])


@pytest.fixture
def class_folder(tmp_path):
    """Three students: one right, one partly, one whose notebook ends the process."""
    folder = tmp_path / "class"
    for student, data in {
        "ada": first_chapter(),
        "bob": first_chapter(scale_scores=f"{HEAD}return scores"),
        "=cmd()": first_chapter(scale_scores=f"{HEAD}os._exit(1)"),
    }.items():
        (folder / student).mkdir(parents=True)
        (folder / student / "01_vectors.ipynb").write_bytes(data)
    (folder / "broken.ipynb").write_text("{")
    return folder


class AtOnce(Executor):
    """An executor that does everything at once, and counts; ``loses`` numbers the jobs whose worker it loses."""

    def __init__(self, loses=()):
        self.count, self.loses = 0, loses

    def submit(self, function, *arguments):
        future = Future()
        self.count += 1
        if self.count in self.loses:
            future.set_exception(RuntimeError("the worker is gone"))
        else:
            future.set_result(function(*arguments))
        return future


def test_results_do_not_depend_on_the_order_or_the_executor(class_folder, tmp_path):
    seen = []
    for name, executor in {"one": AtOnce(), "many": ThreadPoolExecutor(4)}.items():
        with executor:
            grades = grade(class_folder, tmp_path / name, limits=LIMITS, seed=5, executor=executor)
        reports.write(grades, tmp_path / name)
        seen.append((tmp_path / name / "results.json").read_bytes())
    assert seen[0] == seen[1]
    students = json.loads(seen[0])["students"]
    assert {name: one["points"] for name, one in students.items()} == {"=cmd()": 3, "ada": 4, "bob": 3, "broken": 0}


def test_a_second_run_does_only_what_is_left(class_folder, tmp_path):
    first = AtOnce(loses=[2])
    lost = grade(class_folder, tmp_path / "out", limits=LIMITS, executor=first)
    assert [row.student for row in lost.rows if row.mark.state == NOT_GRADED] == ["ada"] * 6
    second, third = AtOnce(), AtOnce()
    whole = grade(class_folder, tmp_path / "out", limits=LIMITS, executor=second)
    again = grade(class_folder, tmp_path / "out", limits=LIMITS, executor=third)
    assert (first.count, second.count, third.count) == (3, 1, 0)
    assert not [row for row in whole.rows if row.mark.state == NOT_GRADED]
    assert whole.rows == again.rows
    (class_folder / "bob" / "01_vectors.ipynb").write_bytes(first_chapter(score_vector=""))
    grade(class_folder, tmp_path / "out", limits=LIMITS, executor=third)
    assert third.count == 1


def test_reports_say_the_same_in_every_form(class_folder, tmp_path):
    grades = grade(class_folder, tmp_path / "out", limits=LIMITS, executor=AtOnce())
    reports.write(grades, tmp_path / "out")
    text = reports.table(grades)
    assert "bob, scale_scores: not yet" in text
    assert "broken.ipynb: no exercise of the course was found in it." in text
    lines = (tmp_path / "out" / "results.csv").read_text().splitlines()
    assert lines[0] == "student,chapter,exercise,points,state,says"
    assert sum(line.startswith("'=cmd(),") for line in lines) == 6
    scores = json.loads((tmp_path / "out" / "gradescope" / "bob" / "results.json").read_text())
    assert scores["score"] == sum(one["score"] for one in scores["tests"]) == 3
    assert {one["max_score"] for one in scores["tests"]} == {1, 2}


def test_without_walls_the_report_says_so_first(class_folder, tmp_path):
    limits = Limits(seconds=0.5, cell_seconds=2.0, megabytes=256, walls=False)
    grades = grade(class_folder, tmp_path / "out", limits=limits, executor=AtOnce())
    assert reports.table(grades).startswith("ISOLATION IS MISSING: it was switched off.")
    rows = reports.by_student(grades)["ada"]
    assert reports.gradescope(rows, grades.missing_walls)["output"].startswith("ISOLATION IS MISSING")


def test_systems_that_cannot_fork_start_a_process_for_each(monkeypatch):
    monkeypatch.setattr(sandbox, "Forked", sandbox.Started)
    marks = marked(first_chapter(scale_scores=f"{HEAD}os._exit(3)", weighted_sum=""))
    assert "exit code 3" in marks["scale_scores"]["headline"]
    assert earned(marks) == {"stable_softmax", "score_vector"}


def test_systems_that_cannot_wait_for_a_line_have_a_watchdog(monkeypatch):
    monkeypatch.setattr(sandbox, "Forked", sandbox.Started)
    monkeypatch.delattr(sandbox.select, "poll")
    marks = marked(notebook(START, RIGHT_CELLS["weighted_sum"], f"{HEAD}time.sleep(100)"))
    assert "did not come to an end in time" in marks["scale_scores"]["headline"]
    assert earned(marks) == {"weighted_sum"}


def test_layouts_of_a_class_are_understood(tmp_path):
    data = first_chapter()
    for name in (
        "ada/01_vectors.ipynb",
        "bob/01_vectors/01_vectors (2).ipynb",
        "cem.ipynb",
        "01_vectors.ipynb",
        "bob/.ipynb_checkpoints/01_vectors-checkpoint.ipynb",
        "dora/other.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{" if name.startswith("dora") else data)
    found = [(one.student, one.chapter) for one in find(tmp_path)]
    assert sorted(found, key=str) == sorted(
        [(tmp_path.name, 1), ("ada", 1), ("bob", 1), ("cem", 1), ("dora", None)], key=str
    )
    assert [one.student for one in find(tmp_path / "cem.ipynb")] == ["cem"]


def test_of_two_notebooks_the_newer_counts(tmp_path):
    for place, name in enumerate(["01_vectors (1).ipynb", "01_vectors.ipynb"]):
        (tmp_path / "ada").mkdir(exist_ok=True)
        (tmp_path / "ada" / name).write_bytes(b"{}")
        os.utime(tmp_path / "ada" / name, (1000 - place, 1000 - place))
    assert [one.file.name for one in find(tmp_path)] == ["01_vectors (1).ipynb"]


def test_the_command_grades_in_processes(class_folder, tmp_path):
    command = [sys.executable, "-m", "attnlib.check", "grade", str(class_folder), "--results", str(tmp_path / "out")]
    done = subprocess.run([*command, "--workers", "2"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "Grading" in done.stderr
    assert "ada" in done.stdout
    assert (tmp_path / "out" / "results.csv").is_file()


@WALLS
def test_a_grader_that_is_killed_leaves_nothing_behind_and_is_resumed(class_folder, tmp_path):
    for number in range(2):
        sleeps = f"{HEAD}time.sleep({9 + number})"
        (class_folder / f"slow {number}.ipynb").write_bytes(first_chapter(scale_scores=sleeps))
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "attnlib.check", "grade", str(class_folder), "--results", str(tmp_path / "out")]
    command += ["--seconds", "0.5", "--workers", "1", "--seed", "3"]
    places = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    grader = subprocess.Popen(command, env=places, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _until(lambda: list((tmp_path / "out" / "kept").glob("*.json")))
    grader.kill()
    grader.wait()
    _until(lambda: not list((tmp_path / "tmp").glob("attnlib-grade-*")))
    kept = len(list((tmp_path / "out" / "kept").glob("*.json")))
    rest = AtOnce()
    grade(class_folder, tmp_path / "out", limits=Limits(seconds=0.5), seed=3, executor=rest)
    assert 0 < kept < 5
    assert kept + rest.count == 5


def _until(true, seconds=60):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_command_names_what_it_cannot_do(tmp_path, capsys):
    class Given:
        folder, results, chapters = tmp_path, tmp_path / "inside", None

    assert grade_command.run(Given) == 2
    assert "must not lie among the submissions" in capsys.readouterr().err
    Given.chapters = "1,x"
    assert grade_command.run(Given) == 2
    assert "--chapters takes numbers" in capsys.readouterr().err


def test_no_process_and_no_folder_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox.tempfile, "tempdir", str(tmp_path))
    marked(first_chapter(scale_scores=f"{HEAD}open('a', 'w').write('x')\n    while True: pass"))
    time.sleep(0.1)
    assert list(tmp_path.iterdir()) == []
