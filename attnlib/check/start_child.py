"""The program in which students' code runs: it loads the libraries and then waits for orders.

The grader starts this file as a program of its own and not as a part of ``attnlib.check``, so that no spec is loaded.
On Linux one such process forks a new one for every notebook: that takes milliseconds, loading torch takes seconds.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys

if __package__:
    from attnlib.check import child, wire
else:  # started as a program: its folder stands first in the search path, and must not stay there
    import child
    import wire

    sys.path.pop(0)


def fork_for_each(control):
    """Wait for orders; for each, fork a guardian, which forks the process that the student's code runs in."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        settings, lines, *_ = socket.recv_fds(control, 65536, 2)
        if not settings:
            return
        if os.fork() == 0:
            control.close()
            _guard(*lines, json.loads(settings))
        for descriptor in lines:
            os.close(descriptor)


def _guard(hold, line, settings):
    """Start the process, end it when the grader lets go of ``hold``, and say there how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        try:
            os.close(hold)
            os.setsid()
            child.serve((line, line), settings)
        finally:
            os._exit(70)
    os.close(line)
    ended, waiting = os.pidfd_open(pid), select.poll()
    waiting.register(ended, select.POLLIN)
    waiting.register(hold, select.POLLIN | select.POLLHUP)
    if ended not in dict(waiting.poll()):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)  # what it may have started where there are no walls
    shutil.rmtree(settings["folder"], ignore_errors=True)
    try:
        os.write(hold, str(os.waitstatus_to_exitcode(status)).encode())
    finally:
        os._exit(0)


def main():
    """Load the libraries once, then wait."""
    import torch

    torch.set_num_threads(1)
    with contextlib.suppress(ImportError):
        import matplotlib.pyplot  # noqa: F401
    if sys.argv[1:2] == ["--many"]:
        fork_for_each(socket.socket(fileno=int(sys.argv[2])))
        return
    line = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in line:
            msvcrt.setmode(descriptor, os.O_BINARY)
    for descriptor in (0, 1):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    child.serve(line, wire.receive(line[0]))


if __name__ == "__main__":
    main()
