"""What the whole test run shares: a scratch place for progress, and nbval taught about widgets.

nbval runs each cell of a notebook and compares what comes out with what is stored. What it does
not know is added here:

- a cell is run as Jupyter runs it (`store_history=True`), so that a trailing `;` hides a value;
- what a widget's callback prints or draws belongs to that widget, not to the cell. Only an error
  in a callback is passed on, so that the cell fails;
- a progress bar is nothing to compare: it shows times, and stored notebooks have none;
- every kernel gets the surroundings that `course.py run` gives it.
"""

import os
import subprocess
import tempfile

import hypothesis
import nbval.kernel
import nbval.plugin
import pytest

from tools.notebooks import is_progress_bar, kernel_environment

# Exercises are a learner's own work; the answers in tests/answers are read by their own test.
collect_ignore = ["exercises", "tests/answers"]

# The same examples at every run, on slow machines too: a gate must not be a matter of luck.
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gate")

CAPTURED = {"stream", "display_data", "execute_result", "clear_output", "update_display_data"}


def pytest_configure(config):
    """Point progress at a file that does not exist, and draw without a screen."""
    config.attn_scratch = tempfile.TemporaryDirectory(prefix="attn-", ignore_cleanup_errors=True)
    patch = config.attn_patch = pytest.MonkeyPatch()
    patch.setenv("ATTN_PROGRESS", os.path.join(config.attn_scratch.name, "progress.json"))
    patch.setenv("MPLBACKEND", "agg")
    patch.setattr(nbval.kernel, "start_new_kernel", start_kernel)
    patch.setattr(nbval.kernel.RunningKernel, "execute_cell_input", execute_cell_input)
    patch.setattr(nbval.kernel.RunningKernel, "stop", stop_kernel)
    patch.setattr(nbval.plugin.IPyNbFile, "get_kernel_message", get_kernel_message)


def pytest_unconfigure(config):
    config.attn_patch.undo()
    config.attn_scratch.cleanup()


def start_kernel(startup_timeout=60, kernel_name="python", **options):
    """Start a kernel as nbval does, in the surroundings that `course.py run` gives it."""
    # nbval opens the null device for each kernel and never closes it.
    options["stderr"].close()
    scratch = tempfile.TemporaryDirectory(prefix="attn-", ignore_cleanup_errors=True)
    options.update(stderr=subprocess.DEVNULL, env=kernel_environment(scratch.name))
    manager, client = ORIGINAL_START(startup_timeout, kernel_name, **options)
    manager.attn_scratch = scratch
    return manager, client


def stop_kernel(kernel):
    """Stop a kernel and remove its scratch folder."""
    scratch = kernel.km.attn_scratch
    ORIGINAL_STOP(kernel)
    scratch.cleanup()


def execute_cell_input(kernel, source, allow_stdin=None):
    return kernel.kc.execute(source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


def get_kernel_message(notebook, timeout=None, stream="iopub"):
    """The next message that is neither captured by an Output widget nor a progress bar."""
    while True:
        message = notebook.kernel.get_message(stream, timeout=timeout)
        if not captured(notebook, message) and not is_progress_bar(message["content"]):
            return message


def captured(notebook, message):
    """Follow which Output widgets are capturing; tell whether this message is theirs."""
    capturing = notebook.__dict__.setdefault("attn_capturing", {})
    content = message["content"]
    if message["msg_type"] in ("comm_open", "comm_msg"):
        state = content["data"].get("state", {})
        if "msg_id" in state:
            capturing[content["comm_id"]] = state["msg_id"]
    parent = message["parent_header"].get("msg_id")
    return message["msg_type"] in CAPTURED and parent in capturing.values()


ORIGINAL_START = nbval.kernel.start_new_kernel
ORIGINAL_STOP = nbval.kernel.RunningKernel.stop
