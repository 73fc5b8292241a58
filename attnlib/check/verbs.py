"""The three words of an exercise notebook: check, hint, progress."""

import os

from attnlib.check import cards, records
from attnlib.check.contents import CHAPTERS, chapter
from attnlib.check.judging import ERROR, Verdict, judge, unknown_exercise
from attnlib.check.spec import all_specs

all_specs()  # read now, with the imports of the notebook, so that the first check answers at once
_hints_shown = {}


class CheckFailed(AssertionError):
    """An answer that is not correct, in strict mode; shown as one line instead of a traceback."""

    def _render_traceback_(self):
        return [f"CheckFailed: {self}"]


def check(function):
    """Check an answer and show a card that says what to do next.

    ``function`` is the reader's function; its name tells which exercise it answers. The result is true only
    when the answer is correct, so ``if check(f):`` can guard what needs it. In strict mode (environment
    variable ATTN_STRICT=1, or under nbgrader) anything else raises ``CheckFailed``.

    **Promises** the function gets copies of the inputs, at most 2 seconds a call, and prints nothing.
    """
    verdict = _verdict(function)
    if verdict:
        records.remember(verdict.exercise)
    cards.show_verdict(verdict, _count(verdict))
    if not verdict and strict():
        raise CheckFailed(f"{verdict.exercise}: {verdict.state}. {verdict.headline}")
    return verdict


def hint(function):
    """Show the next hint of an exercise: a question, a plan, a line with a blank, then where the solution is.

    ``function`` is the reader's function or its name.
    """
    name = function if isinstance(function, str) else getattr(function, "__name__", str(function))
    spec = all_specs().get(name)
    if spec is None:
        cards.show_verdict(unknown_exercise(name))
        return
    slug = chapter(spec.chapter).slug
    last = f"The answer, with its reasons, is in `solutions/{slug}.ipynb`."
    texts = [*spec.hints, last]
    step = _hints_shown[name] = min(_hints_shown.get(name, 0) + 1, len(texts))
    cards.show_hint(name, step, texts[step - 1])


def progress():
    """Show how many exercises of every chapter are done, and which comes next."""
    cards.show_progress(progress_rows(), _next_up())


def progress_rows():
    """Return (title, done, all) for every chapter that has exercises."""
    solved, rows = records.done(), []
    for one in CHAPTERS:
        names = [spec.name for spec in all_specs().values() if spec.chapter == one.number]
        if names:
            rows.append((f"{one.number} {one.title}", len(solved.intersection(names)), len(names)))
    return rows


def strict():
    """Tell whether an answer that is not correct must stop the notebook."""
    return os.environ.get("ATTN_STRICT") == "1" or "NBGRADER_EXECUTION" in os.environ


def _verdict(function):
    if not callable(function):
        return Verdict(
            type(function).__name__,
            ERROR,
            "Hand over the function itself, without calling it: `check(f)` and not `check(f(x))`.",
        )
    name = getattr(function, "__name__", type(function).__name__)
    spec = all_specs().get(name)
    return judge(spec, function) if spec else unknown_exercise(name)


def _count(verdict):
    if not verdict:
        return ""
    if records.counted_nowhere():
        return "Answers run from `solutions/` are not counted."
    number = all_specs()[verdict.exercise].chapter
    names = {spec.name for spec in all_specs().values() if spec.chapter == number}
    return f"Chapter {number}: {len(records.done() & names)} of {len(names)} done."


def _next_up():
    solved = records.done()
    for spec in all_specs().values():
        if spec.name not in solved:
            slug = chapter(spec.chapter).slug
            where = f"notebooks/{slug}.ipynb" if spec.chapter == 0 else f"exercises/{slug}.ipynb"
            return f"Next: `{spec.name}` in `{where}`."
    return "All exercises are done."
