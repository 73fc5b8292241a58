"""Run a learner's function so that it can neither hang the kernel nor spoil the next run."""

import contextlib
import ctypes
import io
import signal
import sys
import threading
import traceback
import warnings
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np

TIME_LIMIT = 2.0
KEPT_OUTPUT = 2_000


class TimeUp(BaseException):
    """The function ran past its time limit. Not an Exception, so that ``except Exception`` lets it through."""


@dataclass
class Outcome:
    """What one call did: its value or its error, the arguments it changed, and what it printed."""

    value: object = None
    error: BaseException | None = None
    line: str = ""
    changed: list[str] = field(default_factory=list)
    printed: str = ""
    printed_characters: int = 0


class _Bounded(io.TextIOBase):
    """A text stream that remembers its beginning and counts the rest."""

    def __init__(self):
        self.kept, self.count = "", 0

    def write(self, text):
        self.count += len(text)
        if len(self.kept) < KEPT_OUTPUT:
            self.kept += text[: KEPT_OUTPUT - len(self.kept)]
        return len(text)


def run(function, arguments, seconds=TIME_LIMIT):
    """Call ``function`` with copies of the arguments (a dict, in order) and report what happened."""
    given = deepcopy(arguments)
    outcome, stream = Outcome(), _Bounded()
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome.value = call_within(seconds, lambda: function(*given.values()))
    except BaseException as error:  # also an interrupt, an exit or the time limit: the card says which
        outcome.error, outcome.line = error, _line_of(error, function)
    outcome.changed = [name for name in arguments if not same_argument(arguments[name], given[name])]
    outcome.printed, outcome.printed_characters = stream.kept, stream.count
    return outcome


def call_within(seconds, call):
    """Return ``call()`` or raise ``TimeUp``: by an alarm where the system has one, else from a second thread."""
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        return _call_with_alarm(seconds, call)
    return _call_in_thread(seconds, call)


def _call_with_alarm(seconds, call):
    rung = []

    def ring(*_):
        rung.append(True)
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    # it rings again and again, for code that swallows the first ring
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        value = call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if rung:  # it was swallowed, and the function ended late
        raise TimeUp
    return value


def _call_in_thread(seconds, call):
    result = {}

    def work():
        try:
            result["value"] = call()
        except BaseException as error:
            result["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    for _ in range(20):
        if not thread.is_alive():
            break
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeUp))
        thread.join(0.1)
    if "error" in result:
        raise result["error"]
    if "value" not in result:
        raise TimeUp
    return result["value"]


def _line_of(error, function):
    """Return the last line of the learner's own code on the way to the error."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    return own[-1].line or "" if own else ""


def same_argument(before, after):
    """Tell whether an argument is as it was before the call."""
    if callable(before):  # a function or layer that is handed over: its copy is another object
        return True
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(same_argument(before[key], after[key]) for key in before)
    if isinstance(before, list):
        return len(before) == len(after) and all(map(same_argument, before, after))
    if hasattr(before, "detach"):
        before, after = before.detach().cpu().numpy(), after.detach().cpu().numpy()
    return np.array_equal(before, after, equal_nan=np.asarray(before).dtype.kind == "f")


def is_recursion(error):
    """Tell whether a function called itself until Python gave up."""
    return isinstance(error, RecursionError) or (isinstance(error, MemoryError) and sys.getrecursionlimit() < 10_000)
