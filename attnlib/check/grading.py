"""Grade a class: every notebook in a process of its own, several at a time, and go on where it was left off.

A notebook's result depends on the notebook, its chapter, the limits and the seed, on nothing else. So the order
does not matter, nor on which machine it is marked; and a result that is kept needs no second run.
"""

import hashlib
import json
import multiprocessing
import os
import re
import secrets
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from tqdm import tqdm

from attnlib.check.marking import NOT_HANDED_IN, Mark, Task, exercises_of, mark
from attnlib.check.notebook_files import Submission, find
from attnlib.check.records import course_folder
from attnlib.check.sandbox import Limits

NOT_GRADED = "not graded"
ROUNDS = 2  # how often a notebook is tried again when the grader's own worker was lost


@dataclass(frozen=True)
class Row:
    """One exercise of one student; ``worth`` is how many points it brings."""

    student: str
    chapter: int
    mark: Mark
    worth: float = 1

    @property
    def points(self):
        """How many points it brought."""
        return self.worth * self.mark.points


@dataclass(frozen=True)
class Grades:
    """What came out: rows by student and exercise, files that belong to no chapter, and what was missing."""

    rows: tuple[Row, ...]
    strangers: tuple[Submission, ...]
    missing_walls: str


def grade(folder, results, *, chapters=None, limits=None, seed=None, executor=None, workers=None):
    """Grade all notebooks of a folder and return ``Grades``.

    ``results`` is the folder where the result of every notebook is kept; a second call does what is left.
    ``chapters`` says which chapters were asked for (all that somebody handed in, if it is left out). ``executor`` is
    any executor of ``concurrent.futures``, or one like it; without it, ``workers`` processes are used.
    """
    limits, kept = limits or Limits(), Path(results) / "kept"
    kept.mkdir(parents=True, exist_ok=True)
    found = find(folder)
    wanted = sorted(chapters or {one.chapter for one in found if one.chapter is not None})
    submissions = [one for one in found if one.chapter in wanted]
    seed = _seed(kept, seed)
    tasks = {one: Task(one.file.read_bytes(), one.chapter, limits, seed) for one in submissions}
    _mark_all(tasks.values(), kept, executor, workers)
    marked = {one: _load(kept, task) for one, task in tasks.items()}
    rows = [row for student in sorted({one.student for one in found}) for row in _rows(student, wanted, marked)]
    missing = next((result["missing_walls"] for result in marked.values() if result and result["missing_walls"]), "")
    return Grades(tuple(rows), tuple(one for one in found if one.chapter is None), missing)


def _seed(kept, seed):
    """Return the seed of the fresh numbers: drawn once for a class, so that nobody can know it, then kept."""
    file = kept / "seed"
    if seed is None and file.is_file():
        return int(file.read_text())
    seed = secrets.randbits(32) if seed is None else seed
    file.write_text(f"{seed}\n")
    return seed


def _mark_all(tasks, kept, executor, workers):
    wanted = {_key(task): task for task in tasks}
    left = {key: task for key, task in wanted.items() if _load(kept, task) is None}
    with tqdm(total=len(wanted), initial=len(wanted) - len(left), unit="notebook", desc="Grading") as bar:
        for _ in range(1 if executor else ROUNDS):
            if left:
                _one_round(left, kept, executor, workers, bar)


def _one_round(left, kept, executor, workers, bar):
    """Mark what is left, and take what was marked out of it."""
    own = None if executor else _processes(workers, len(left))
    try:
        futures = {(executor or own).submit(mark, task): key for key, task in left.items()}
        for future in as_completed(futures):
            try:
                result = future.result()
            except Exception as error:  # a worker was lost: another round, or a row that says so
                bar.write(f"A notebook was not graded ({type(error).__name__}: {error})"[:300], file=sys.stderr)
                continue
            _keep(kept / f"{futures[future]}.json", result)
            del left[futures[future]]
            bar.update()
    finally:
        if own:
            own.shutdown(cancel_futures=True)


def _processes(workers, most):
    """Return as many processes as there are processors; spawned, for a forked one may hang in torch's threads."""
    count = min(workers or os.cpu_count() or 1, most)
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent():
    """End this worker when the grader is killed: it would wait for work for ever."""

    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _key(task):
    """Return a name for everything that a result depends on, the version of the exercises among it."""
    settings = [task.chapter, asdict(task.limits), task.seed, _version()]
    return hashlib.sha256(task.data + json.dumps(settings).encode()).hexdigest()[:32]


@cache
def _version():
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _keep(file, result):
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(result, indent=1), encoding="utf-8")
    os.replace(draft, file)  # in one step: a crash leaves no half of it


def _load(kept, task):
    try:
        return json.loads((kept / f"{_key(task)}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _rows(student, wanted, marked):
    for chapter in wanted:
        place = next((found for found in marked if (found.student, found.chapter) == (student, chapter)), None)
        for one in _marks(chapter, place, marked.get(place)):
            yield Row(student, chapter, one, points_of().get(one.exercise, 1))


def _marks(chapter, place, result):
    if result:
        return [Mark(**one) for one in result["marks"]]
    state, says = NOT_HANDED_IN, "No notebook of this chapter was found."
    if place:
        state, says = NOT_GRADED, "The grader lost the process that was to mark it. Grade again: the rest is kept."
    return [Mark(spec.name, state, says) for spec in exercises_of(chapter)]


@cache
def points_of():
    """Return {exercise: points} as ``solutions/`` tells them to nbgrader; an exercise that is not there brings 1."""
    found = {}
    for file in sorted((course_folder() / "solutions").glob("*.ipynb")):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            name = re.search(r"\bcheck\((\w+)\)", "".join(cell["source"]))
            if name and cell["metadata"].get("nbgrader", {}).get("grade"):
                found[name[1]] = cell["metadata"]["nbgrader"]["points"]
    return found
