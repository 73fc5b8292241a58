"""A notebook's functions, ready to be called: in a process that is started again when an answer has ended it."""

import builtins
import time

import numpy as np

from attnlib.check import wire
from attnlib.check.running import Outcome, same_argument
from attnlib.check.sandbox import PATIENCE, Child, Ended

TRIES = 3  # how many cells may end the process; each is left out from then on
LARGEST_REQUEST = 20_000  # numbers that a student's code may hand to a function of the grader's


class Notebook:
    """The cells of one notebook, in a process that is started again when an answer has ended it."""

    def __init__(self, cells, limits):
        self.cells, self.limits = cells, limits
        self.skip, self.problems, self.names, self.missing_walls = [], {}, [], ""
        self._child, self._given_up = None, None

    def close(self):
        """End the process."""
        if self._child:
            self._child.close()
        self._child = None

    def ask(self, order, arguments=None):
        """Send an order and return the answer, or raise ``Ended``; ``arguments`` holds functions it may ask for."""
        self._start()
        until = time.monotonic() + PATIENCE * self.limits.seconds
        try:
            message = self._child.ask(order, self.limits.seconds)
            while "ask" in message:
                self._child.tell(_answered(message, arguments or {}))
                message = self._child.receive(until - time.monotonic())
            return message
        except Ended:
            self.close()
            raise

    def _start(self):
        while self._child is None:
            if self._given_up:
                raise self._given_up
            self._child = Child(self.limits)
            self.missing_walls = self._child.missing_walls
            self._run_cells()

    def _run_cells(self):
        running_cell, until = None, time.monotonic() + PATIENCE * self.limits.cell_seconds
        try:
            message = self._child.ask({"cells": self.cells, "skip": self.skip}, self.limits.cell_seconds)
            while "problems" not in message:
                running_cell = int(message["cell"])
                message = self._child.receive(until - time.monotonic())
            for number, words in message["problems"]:
                self.problems.setdefault(int(number), str(words))
            self.names = [str(name) for name in message["names"]]
        except Ended as end:
            self._leave_out(running_cell, str(end))
        except (KeyError, TypeError, ValueError):
            self._leave_out(running_cell, "What it sent back cannot be read")

    def _leave_out(self, number, why):
        self.close()
        self.skip.append(number)
        if number is None or len(self.skip) > TRIES:
            self._given_up = Ended(f"The cells of the notebook could not be run. {why}")
            return
        self.problems[number] = f"{why}, so this cell is left out"


def _answered(message, arguments):
    """Run a function that a probe handed over, as a student's code asks for it."""
    try:
        function = arguments[message["ask"]]
        given = [wire.decode(one) for one in message["arguments"]]
        if sum(np.asarray(one).size for one in given) > LARGEST_REQUEST:
            raise ValueError("that is more than this function takes")
        return {"value": wire.encode(function(*given))}
    except Exception as error:
        return {"error": type(error).__name__, "says": str(error)[:300]}


def outcome_of(answer, arguments):
    """Turn the message about one call into what ``judge_outcomes`` understands."""
    try:
        if "error" in answer:
            outcome = Outcome(error=_error(answer), line=str(answer["line"])[:200])
        else:
            outcome = Outcome(value=wire.decode(answer["value"]))
        after = {name: wire.decode(one) for name, one in answer["after"].items()}
        outcome.printed_characters = int(answer["printed"])
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Ended("What it sent back cannot be read") from error
    outcome.changed = [name for name, one in arguments.items() if not _alike(one, after.get(name))]
    return outcome


def _alike(before, after):
    try:
        return callable(before) or same_argument(before, after)
    except Exception:  # what came back is of another sort
        return False


def _error(answer):
    """Return an error of the same name, which is one of Python's own where the student's was a kind of it."""
    names = [str(name) for name in answer["error"]][:20] or ["Exception"]
    kinds = [getattr(builtins, name, None) for name in names]
    kind = next((one for one in kinds if isinstance(one, type) and issubclass(one, Exception)), Exception)
    if names[0] in ("SystemExit", "KeyboardInterrupt"):
        kind = getattr(builtins, names[0])
    return type(names[0][:60], (kind,), {"__str__": lambda _: str(answer["says"])[:400]})()
