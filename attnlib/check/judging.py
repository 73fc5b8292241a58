"""Judge an answer: run it on every probe, compare, and say in words what came out."""

import difflib
import inspect
import traceback
from dataclasses import dataclass, field

import numpy as np
import torch

from attnlib.check.advice import advice
from attnlib.check.clues import clue
from attnlib.check.comparing import equal, shapes_of, text_of
from attnlib.check.diagnosing import behaviour, find_faults, known, same
from attnlib.check.running import TIME_LIMIT, TimeUp, is_recursion, run
from attnlib.check.spec import all_specs

SHOWN = 8  # names of a dict on a card
NOT_STARTED, ERROR, NOT_YET, CORRECT = "not started", "stopped with an error", "not yet", "correct"


@dataclass
class Verdict:
    """What is said about an answer. True only when it is correct.

    ``faults`` names the known mistakes that explain it; where there are none, ``clue`` names what the result or the
    error shows by itself.
    """

    exercise: str
    state: str
    headline: str
    faults: tuple[str, ...] = ()
    right: list[str] = field(default_factory=list)
    details: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""
    clue: str = ""

    def __bool__(self):
        return self.state == CORRECT

    def _ipython_display_(self):
        """Show nothing: ``check`` has shown the card already."""


def judge(spec, answer):
    """Run an answer on the probes of its exercise and return a ``Verdict``."""
    problem = _wrong_arguments(spec, answer)
    if problem:
        return Verdict(spec.name, ERROR, problem)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the probes are tiny: waking a second thread costs more than it brings
    try:
        return _judge(spec, answer)
    finally:
        torch.set_num_threads(threads)


def _judge(spec, answer):
    outcomes = []
    for probe in spec.probes:
        outcomes.append(run(answer, probe.arguments))
        if isinstance(outcomes[-1].error, TimeUp) or _is_unfilled(outcomes[-1].error):
            break
    verdict = judge_outcomes(spec, outcomes)
    verdict.note = _chatter(outcomes)
    return verdict


def judge_outcomes(spec, outcomes):
    """Return the verdict on what an answer did on the probes, in their order."""
    missing = next((one.error for one in outcomes if _is_unfilled(one.error)), None)
    if missing is not None:
        return _explain_missing(spec, missing)
    behaviours = [behaviour(spec, outcome) for outcome in outcomes]
    passed = [same(one, known(spec.name, (), place)) for place, one in enumerate(behaviours)]
    if not all(passed):
        return _explain_failure(spec, outcomes, behaviours, passed)
    changed = next((one.changed for one in outcomes if one.changed), None)
    if changed:
        return _explain_change(spec, changed)
    return Verdict(spec.name, CORRECT, spec.follow_up)


def _is_unfilled(error):
    """Tell the error of a stub from that of torch, where a function does not exist for a dtype."""
    return isinstance(error, NotImplementedError) and " not implemented for '" not in str(error)


def _explain_missing(spec, error):
    where = traceback.extract_tb(error.__traceback__)[-1].name
    if where in all_specs() and where != spec.name:
        return Verdict(spec.name, NOT_STARTED, f"It uses `{where}`, which is not written yet: do that exercise first.")
    says = "Replace the line with NotImplementedError by your answer, then run the cell again."
    return Verdict(spec.name, NOT_STARTED, says)


def _explain_failure(spec, outcomes, behaviours, passed):
    first = passed.index(False)
    outcome, shown, wanted = outcomes[first], behaviours[first], known(spec.name, (), first)
    label = spec.probes[first].label
    faults = () if isinstance(outcome.error, TimeUp) else find_faults(spec, behaviours, passed)
    says = " ".join(spec.faults[key] for key in faults)
    details = [("The input it was tried on", _inputs(spec.probes[first]))]
    if outcome.error is not None:
        kind, hint = ("", "") if says else advice(outcome.error)
        if wanted.error and not isinstance(outcome.error, TimeUp) and not says:
            kind, hint = "another error", f"On {label} it must raise {wanted.error}."
        headline = says or (f"{_error_words(outcome).rstrip('.')}. {hint}" if hint else _error_words(outcome))
        details.insert(0, ("The error", _error_details(outcome)))
        return Verdict(spec.name, ERROR, headline, faults, [], details, clue=kind)
    if shown.error:
        tried = f" (Tried on {label}.)" if any(passed) else ""
        headline = shown.error.removeprefix("Misfit: ") + tried
        if wanted.error:
            headline = f"On {label} your function must raise {wanted.error}. {shown.error.removeprefix('Misfit: ')}"
        return Verdict(spec.name, NOT_YET, says or headline, faults, [], details, clue="" if says else "misfit")
    details.append((f"Your result: {shapes_of(shown.value)}", text_of(shown.value)))
    if wanted.error:
        details.append(("Expected", wanted.error))
        kind, hint = "no error", f"On {label} your function must raise {wanted.error}; it gives back a value."
        right = _passed(spec, passed)
    else:
        details.append((f"Expected: {shapes_of(wanted.value)}", text_of(wanted.value)))
        right = _already_right(spec, shown.value, wanted.value, passed)
        kind, hint = clue(shown.value, wanted.value)
        hint = f"{hint} (Tried on {label}.)"
    return Verdict(spec.name, NOT_YET, says or hint, faults, right, details, clue="" if says else kind)


def _explain_change(spec, changed):
    names = " and ".join(f"`{name}`" for name in changed)
    return Verdict(
        spec.name,
        NOT_YET,
        f"The result is right, but your function changes its argument {names}, so the caller's data is spoilt. "
        "Work on a new array: `x = x - 1` makes one, `x -= 1` and `x[...] = ...` do not.",
        right=["every number of the result"],
        clue="changed",
    )


def _passed(spec, passed):
    return [f"the result on {probe.label}" for probe, good in zip(spec.probes, passed, strict=False) if good]


def _already_right(spec, value, wanted, passed):
    right = _passed(spec, passed)
    if isinstance(value, tuple) or isinstance(wanted, tuple):
        if isinstance(value, tuple) and isinstance(wanted, tuple) and len(value) == len(wanted):
            good = [str(k + 1) for k, pair in enumerate(zip(value, wanted, strict=True)) if equal(*pair)]
            right += [f"part {' and '.join(good)} of the tuple"] if good else []
        return right
    if value.shape != wanted.shape:
        return right
    right.append(f"the shape {value.shape}")
    return right + [says for says, holds in spec.properties if holds(value, wanted)]


def _wrong_arguments(spec, answer):
    wanted = list(spec.probes[0].arguments)
    try:
        inspect.signature(answer).bind(*wanted)
    except TypeError:
        return (
            f"`{spec.name}` is called with {len(wanted)} argument{'s' * (len(wanted) > 1)}: "
            f"`{spec.name}({', '.join(wanted)})`. Yours is defined as "
            f"`{spec.name}{inspect.signature(answer)}`."
        )
    except ValueError:  # a built-in without a signature: let it run
        return ""
    return ""


def _error_words(outcome):
    error = outcome.error
    if isinstance(error, TimeUp):
        return f"Your function was stopped after {TIME_LIMIT:g} seconds. Look for a loop that does not end."
    if is_recursion(error):
        return "Your function calls itself without end."
    if isinstance(error, KeyboardInterrupt):
        return "Your function was interrupted."
    if isinstance(error, SystemExit):
        return "Your function calls exit(), which would end the notebook. Use `return`."
    return f"Your function stopped with {type(error).__name__}: {_first_line(error)}"


def _error_details(outcome):
    error = outcome.error
    name = "Time limit" if isinstance(error, TimeUp) else type(error).__name__
    said = _first_line(error)
    where = f"\nin your line:  {outcome.line}" if outcome.line else ""
    return f"{name}{': ' + said if said else ''}{where}"


def _first_line(error):
    text = str(error).strip()
    return text.splitlines()[0] if text else "no message"


def _inputs(probe):
    rows = []
    for name, value in probe.arguments.items():
        rows.append(f"{name:<12} {_described(value)}")
    return f"{probe.label}\n" + "\n".join(rows)


def _described(value):
    if isinstance(value, dict):
        parts = [f"{key!r}: {_described(part)}" for key, part in value.items()]
        more = [f"... ({len(parts)} in all)"] if len(parts) > SHOWN else []
        return "{" + ", ".join(parts[:SHOWN] + more) + "}"
    if isinstance(value, list) and value and hasattr(value[0], "shape"):
        return "[" + ", ".join(map(_described, value)) + "]"
    if not hasattr(value, "shape"):
        return repr(value)
    short = np.asarray(value).dtype.kind in "iu" and value.ndim == 1 and len(value) <= 8
    return f"shape {tuple(value.shape)}" + (f": {value.tolist()}" if short else "")


def _chatter(outcomes):
    count = sum(one.printed_characters for one in outcomes)
    return f"It printed {count:,} characters during the check; they are not shown." if count else ""


def unknown_exercise(name):
    """Return the verdict on something that is not an exercise, with the nearest name."""
    near = difflib.get_close_matches(name, all_specs(), n=1, cutoff=0.5)
    guess = f" Did you mean `{near[0]}`?" if near else ""
    return Verdict(
        name,
        ERROR,
        f"No exercise is called `{name}`.{guess} The name of the function tells which one it is.",
    )
