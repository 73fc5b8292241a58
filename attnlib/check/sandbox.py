"""The grader's side of a student's process: start it, talk to it, end it, and say in words how it ended."""

import contextlib
import select
import shutil
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from attnlib.check import wire
from attnlib.check.student_processes import START_SECONDS, Forked, Started

CHECKS = Path(__file__).parent
PATIENCE = 4  # how many times its processor time a call may take by the clock


@dataclass(frozen=True)
class Limits:
    """What one submission may use; ``forbidden`` names modules that cannot be imported."""

    seconds: float = 2.0  # processor time of one call
    cell_seconds: float = 20.0  # processor time of all cells together
    megabytes: int = 1024  # on top of what the libraries take
    forbidden: tuple[str, ...] = ()
    walls: bool = True


class Ended(Exception):
    """A student's process is no more, or was ended; the message says why. ``late`` where it took too long."""

    def __init__(self, words, *, late=False):
        super().__init__(words)
        self.late = late


class Child:
    """One process that holds one student's notebook."""

    def __init__(self, limits):
        self.folder = tempfile.mkdtemp(prefix="attnlib-grade-")
        settings = {
            "folder": self.folder,
            "memory": limits.megabytes * 2**20,
            "walls": limits.walls,
            "forbidden": list(limits.forbidden),
            "hidden": [str(CHECKS), *hidden_files(limits.forbidden)],
        }
        self._process = (Forked if sys.platform == "linux" else Started)(settings)
        try:
            self.missing_walls = self.receive(START_SECONDS)["missing"]
        except Ended:
            self.close()
            raise

    def ask(self, order, seconds):
        """Send an order and return the first message that comes back; ``seconds`` are processor time."""
        try:
            wire.send(self._process.line[1], order | {"seconds": seconds})
        except OSError as error:
            raise self._ended("gone") from error
        return self.receive(PATIENCE * seconds)

    def tell(self, message):
        """Send something that is no order, and wait for nothing."""
        try:
            wire.send(self._process.line[1], message)
        except OSError as error:
            raise self._ended("gone") from error

    def receive(self, seconds):
        """Return the next message, or raise ``Ended``."""
        rung = threading.Event()
        try:
            with self._watchdog(seconds, rung):
                message = wire.receive(self._process.line[0], seconds)
        except wire.Silence as silence:
            raise self._ended("late" if rung.is_set() else str(silence)) from silence
        except OSError as error:
            raise self._ended("gone") from error
        if not isinstance(message, dict):
            raise self._ended("unreadable")
        return message

    def close(self):
        """End the process, and clear its folder away."""
        code = self._process.end()
        self._process.hang_up()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code

    @contextlib.contextmanager
    def _watchdog(self, seconds, rung):
        """End the process after so many seconds where the system cannot wait for a line with a limit (Windows)."""
        if hasattr(select, "poll"):
            yield
            return

        def ring():
            rung.set()
            self._process.end()

        timer = threading.Timer(seconds, ring)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _ended(self, how):
        if how == "gone":
            return _words_for(self._process.wait())
        if how == "late":
            return Ended("It did not come to an end in time", late=True)
        said = {"large": "It gave back more than 16 megabytes", "unreadable": "What it sent back cannot be read"}
        return Ended(said[how])


def _words_for(code):
    if code == -getattr(signal, "SIGPROF", 0):
        return Ended("It did not come to an end in time", late=True)
    if code is not None and code < 0:
        return Ended(f"The process was ended by {signal.Signals(-code).name}")
    return Ended(f"The process ended itself (exit code {code})")


def hidden_files(modules):
    """Return the files of modules of attnlib that must not be read."""
    package, files = CHECKS.parent, []
    for module in modules:
        top, *rest = module.split(".")
        if top == package.name:
            place = package.joinpath(*rest)
            files += [str(place), str(place.with_suffix(".py"))] if rest else [str(place)]
            files += map(str, place.parent.glob(f"__pycache__/{place.name}.*"))
    return files
