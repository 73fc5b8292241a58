"""Mark one notebook: run its functions in a process of their own, and judge out here what comes back.

The right answers and the comparison stay in this process. The student's process gets arguments and sends numbers.
"""

import re
from copy import deepcopy
from dataclasses import asdict, dataclass

import torch

from attnlib.check import wire
from attnlib.check.comparing import equal
from attnlib.check.diagnosing import behaviour
from attnlib.check.fresh import fresh_probes
from attnlib.check.judging import CORRECT, ERROR, NOT_STARTED, NOT_YET, judge_outcomes
from attnlib.check.notebook_files import Unreadable, code_cells
from attnlib.check.notebook_process import Notebook, outcome_of
from attnlib.check.sandbox import Ended, Limits
from attnlib.check.spec import all_specs

NOT_FOUND, NOT_HANDED_IN = "not found", "not handed in"
RESTRICTED = "The grader lets an answer write into an empty folder of its own, start no process and use no network."


@dataclass(frozen=True)
class Task:
    """What it takes to mark one notebook, on any machine: the file's bytes, its chapter, limits and a seed."""

    data: bytes
    chapter: int
    limits: Limits
    seed: int


@dataclass
class Mark:
    """What one exercise of one notebook earned, and what is said about it."""

    exercise: str
    state: str
    headline: str
    points: int = 0
    faults: tuple[str, ...] = ()
    right: tuple[str, ...] = ()


def exercises_of(chapter):
    """Return the specs of a chapter in teaching order."""
    return [spec for spec in all_specs().values() if spec.chapter == chapter]


def mark(task):
    """Mark one notebook and return {"marks": [...], "missing_walls": words}: plain data, the same at every run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        marks, missing = _marks(task)
    finally:
        torch.set_num_threads(threads)
    return {"marks": [_clean(asdict(one)) for one in marks], "missing_walls": missing}


def _marks(task):
    try:
        notebook = Notebook(code_cells(task.data), task.limits)
    except Unreadable as error:
        return [Mark(spec.name, ERROR, str(error)) for spec in exercises_of(task.chapter)], ""
    try:
        marks = [_mark_exercise(notebook, spec, task.seed) for spec in exercises_of(task.chapter)]
    finally:
        notebook.close()
    return marks, notebook.missing_walls


def _mark_exercise(notebook, spec, seed):
    try:
        answer = notebook.ask({"name": spec.name, "names": list(spec.probes[0].arguments)})
        if answer.get("absent"):
            return _absent(notebook, spec)
        if answer.get("defined"):
            return Mark(spec.name, ERROR, _wrong_arguments(spec, answer["defined"]))
        return _judge(notebook, spec, seed)
    except Ended as end:
        says = "Look for a loop that does not end." if end.late else "It must end with `return`."
        return Mark(
            spec.name, ERROR, f"{end}. {says if str(end).startswith(('It did', 'The process')) else ''}".strip()
        )


def _judge(notebook, spec, seed):
    outcomes = []
    for probe in spec.probes:
        outcome, answer = _call(notebook, spec.name, probe.arguments)
        if _is_unfilled(outcome.error):
            return _unfilled(spec, answer)
        outcomes.append(outcome)
    verdict = judge_outcomes(spec, outcomes)
    if verdict.state == CORRECT:
        return _judge_on_fresh_numbers(notebook, spec, seed)
    headline = verdict.headline
    if any(isinstance(one.error, PermissionError) for one in outcomes):
        headline = f"{headline} {RESTRICTED}"
    if any(isinstance(one.error, MemoryError) for one in outcomes):
        headline = f"{headline} It asked for more than the {notebook.limits.megabytes} megabytes that it may use."
    printed = sum(one.printed_characters for one in outcomes)
    if printed > 1_000_000:
        headline = f"{headline} It printed {printed:,} characters."
    return Mark(spec.name, verdict.state, headline, 0, verdict.faults, tuple(verdict.right))


def _judge_on_fresh_numbers(notebook, spec, seed):
    for probe in fresh_probes(spec.name, seed):
        outcome, _ = _call(notebook, spec.name, probe.arguments)
        result = behaviour(spec, outcome)
        if result.error or not equal(result.value, probe.expected):
            says = f"It is right on the course's own numbers and wrong on others of the same kind ({probe.label})."
            return Mark(spec.name, NOT_YET, says)
    return Mark(spec.name, CORRECT, "Correct.", 1)


def _call(notebook, name, arguments):
    given = deepcopy(arguments)
    functions = {key: one for key, one in given.items() if callable(one)}
    data = {key: {"function": [key, str(one)]} if callable(one) else wire.encode(one) for key, one in given.items()}
    answer = notebook.ask({"name": name, "arguments": data}, functions)
    return outcome_of(answer, arguments), answer


def _is_unfilled(error):
    return isinstance(error, NotImplementedError) and " not implemented for '" not in str(error)


def _unfilled(spec, answer):
    where = str(answer.get("where"))
    if where in all_specs() and where != spec.name:
        return Mark(spec.name, NOT_STARTED, f"It uses `{where}`, which is not written.")
    return Mark(spec.name, NOT_STARTED, "It is not written.")


def _absent(notebook, spec):
    """Say why a notebook has no function of this name."""
    headline = f"No cell defines `{spec.name}`."
    for number, source in enumerate(notebook.cells):
        if re.search(rf"\bdef {spec.name}\b", source) and number in notebook.problems:
            return Mark(spec.name, ERROR, f"The cell of `{spec.name}` did not run. {notebook.problems[number]}")
    strangers = [name for name in notebook.names if name not in all_specs()]
    if strangers:
        headline += f" Was it renamed? The notebook also defines {', '.join(f'`{one}`' for one in strangers[:6])}."
    return Mark(spec.name, NOT_FOUND, headline)


def _wrong_arguments(spec, defined):
    wanted = ", ".join(spec.probes[0].arguments)
    return f"It is called as `{spec.name}({wanted})`, but defined as `{spec.name}{defined}`."


def _clean(row):
    """Take what could disturb a terminal out of a student's own words, and keep them short."""
    words = "".join(one if one.isprintable() else " " for one in row["headline"])
    return row | {"headline": words[:600], "faults": list(row["faults"]), "right": list(row["right"])}
