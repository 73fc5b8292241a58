"""Two ways to start a student's process: fork it from one that has the libraries loaded, or start it anew."""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from attnlib.check import wire

START_SECONDS = 180  # loading torch on a busy machine
_QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _command(*words):
    return [sys.executable, "-E", "-s", str(Path(__file__).with_name("start_child.py")), *words]


def _environment():
    """Hand over nothing of the grader's own environment but what Python needs to start."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "LANG", "TMP", "TEMP")
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return one | {"MPLBACKEND": "agg"} | {name: os.environ[name] for name in kept if name in os.environ}


class Forked:
    """A process forked from the one that has the libraries loaded (Linux)."""

    _lock, _mother, _orders, _owner = threading.Lock(), None, None, None

    def __init__(self, settings):
        mine, theirs = socket.socketpair()
        self._hold, held = socket.socketpair()
        with theirs, held:
            self._order(json.dumps(settings).encode(), [held.fileno(), theirs.fileno()])
        self._socket, self.line = mine, (mine.fileno(), mine.fileno())
        self._code = None

    @classmethod
    def _order(cls, data, descriptors):
        with cls._lock:
            if cls._owner != os.getpid() or cls._mother.poll() is not None:  # none yet, or it was ended
                cls._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    number = theirs.fileno()
                    cls._mother = subprocess.Popen(
                        _command("--many", str(number)), pass_fds=[number], env=_environment(), **_QUIET
                    )
                if cls._owner != os.getpid():
                    atexit.register(cls._stop)
                cls._owner = os.getpid()
            socket.send_fds(cls._orders, [data], descriptors)

    @classmethod
    def _stop(cls):
        if cls._owner == os.getpid():
            cls._orders.close()
            cls._mother.wait()

    def wait(self):
        """Return the exit code of the process, which has ended."""
        if self._code is None:
            self._hold.settimeout(START_SECONDS)
            data = self._hold.recv(16)
            self._code = int(data) if data else -9
        return self._code

    def end(self):
        """End the process if it has not ended."""
        self._hold.shutdown(socket.SHUT_WR)
        return self.wait()

    def hang_up(self):
        """Close the line."""
        self._hold.close()
        self._socket.close()


class Started:
    """A process that is started anew (macOS, Windows)."""

    def __init__(self, settings):
        self._process = subprocess.Popen(
            _command(), env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.line = self._process.stdout.fileno(), self._process.stdin.fileno()
        wire.send(self.line[1], settings)

    def wait(self):
        """Return the exit code of the process, which has ended."""
        return self._process.wait(START_SECONDS)

    def end(self):
        """End the process if it has not ended."""
        self._process.kill()
        return self._process.wait()

    def hang_up(self):
        """Close the line."""
        self._process.stdin.close()
        self._process.stdout.close()
