"""Run notebooks and store them in one canonical form, so that a second run changes no byte.

    python tools/notebooks.py [NOTEBOOK ...]        (none named: all of notebooks/ and solutions/)

The canonical form keeps what a reader sees and drops what differs from run to run: times of
execution, the random ids of widgets, the exact version of Python, frames inside libraries.
"""

import argparse
import asyncio
import copy
import json
import math
import os
import queue
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ipykernel.kernelspec
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
MODEL_REFERENCE = re.compile(r"IPY_MODEL_([0-9a-f]+)")
VALID_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
BAR = re.compile(r"\[\d\d:\d\d[<,]")  # the clock in a progress bar: [00:00<?, ?it/s]


class NotebookError(Exception):
    """A notebook that could not be run to its end; it is left as it was."""


def kernel_environment(folder):
    """Environment variables under which every kernel prints the same; `folder` is a scratch one."""
    environment = {
        **os.environ,
        # A name that does not exist yet: nobody's progress is read, nobody's is changed.
        "ATTN_PROGRESS": str(Path(folder) / "progress.json"),
        # Neither a user's IPython start-up files nor their history.
        "IPYTHONDIR": str(Path(folder) / "ipython"),
        "PYTHONHASHSEED": "0",
    }
    # The kernel chooses its own drawing backend, checks answer with cards as for a reader, and nobody's
    # own BERT gets into the stored chapter 10.
    return {k: v for k, v in environment.items() if k not in ("MPLBACKEND", "ATTN_STRICT", "ATTN_BERT")}


class ThisPython(KernelSpecManager):
    """Starts kernels with the interpreter that runs this script, whatever is registered."""

    def get_kernel_spec(self, kernel_name):
        return self.kernel_spec_class(
            resource_dir=ipykernel.kernelspec.RESOURCES, **ipykernel.kernelspec.get_kernel_dict()
        )


class Client(NotebookClient):
    """Runs a notebook and remembers which cell made a widget's callback fail."""

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.kernel_spec_manager = ThisPython(parent=manager)
        return manager

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        for channel in (client.shell_channel, client.iopub_channel):
            channel.get_msg = looked_for_again(channel.get_msg)
        return client

    def callback_error(self):
        """The first error that a callback left in an Output widget, or None."""
        for state in self.widget_state.values():
            for output in state.get("outputs", ()):
                if output["output_type"] == "error":
                    return f"{output['ename']}: {output['evalue']}"
        return None


def looked_for_again(get_message, interval=1.0):
    """Wrap what waits for a message so that it looks for it again at every interval.

    A message that arrives in the moment in which one is sent (nbclient sends the state of Output widgets) wakes
    nobody: it lies there until somebody looks, which would be at the end of the timeout.
    """

    async def get_patiently(timeout=None):
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            try:
                return await get_message(timeout=min(interval, max(0.0, end - time.monotonic())))
            except queue.Empty:
                if time.monotonic() >= end:
                    raise

    return get_patiently


def execute(notebook, folder, timeout=600):
    """Run all cells of `notebook` in `folder`, in a fresh kernel; outputs are stored in place."""

    def refuse_callback_errors(cell, cell_index, **_):
        error = client.callback_error()
        if error:
            raise NotebookError(f"cell {cell_index + 1} ({cell['id']}): in a widget: {error}")

    client = Client(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        on_cell_executed=refuse_callback_errors,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        try:
            client.execute(env=kernel_environment(scratch), stderr=subprocess.DEVNULL)
        except CellExecutionError as error:
            raise NotebookError(describe_failure(notebook, error)) from None
        except (CellTimeoutError, DeadKernelError) as error:
            raise NotebookError(str(error).strip()) from None


def describe_failure(notebook, error):
    """Name the cell that raised, and what it raised."""
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error" and output["ename"] == error.ename:
                if "raises-exception" in cell.metadata.get("tags", ()):
                    continue
                return f"cell {number} ({cell['id']}): {error.ename}: {error.evalue}"
    return f"{error.ename}: {error.evalue}"


# --- the canonical form -------------------------------------------------------------------------


def canonical(notebook):
    """Return a copy of `notebook` without anything that differs from run to run."""
    notebook = copy.deepcopy(notebook)
    notebook.update(nbformat=4, nbformat_minor=5)
    metadata = notebook["metadata"]
    for key in ("jupytext", "signature", "toc-autonumbering", "toc-showcode"):
        metadata.pop(key, None)
    metadata.update(kernelspec=dict(KERNELSPEC), language_info=dict(LANGUAGE_INFO))
    for cell in notebook["cells"]:
        for key in ("execution", "ExecuteTime", "collapsed", "scrolled", "trusted"):
            cell["metadata"].pop(key, None)
        if cell["cell_type"] == "code":
            kept = "output-not-stored" not in cell["metadata"].get("tags", ())
            cell["outputs"] = canonical_outputs(cell["outputs"]) if kept else []
    renumber_widgets(notebook)
    return nbformat.from_dict(notebook)


def name_cells(cells):
    """Keep valid unique ids; give every other cell one made of its first words."""
    taken = {None}
    for cell in cells:
        name = cell.get("id")
        if name in taken or not VALID_ID.fullmatch(name):
            name = cell["id"] = free_name(cell, taken | {other.get("id") for other in cells})
        taken.add(name)


def free_name(cell, taken):
    """A slug of the cell's first words, with a counter where it is taken."""
    words = re.findall(r"[a-z0-9]+", joined(cell["source"]).lower())[:4]
    slug = "-".join(words)[:40] or "empty"
    names = [slug] + [f"{slug}-{number}" for number in range(2, len(taken) + 3)]
    return next(name for name in names if name not in taken)


def joined(text):
    """Multi-line text is stored as a string or as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def canonical_outputs(outputs):
    """Merge pieces of one stream, drop progress bars, keep only the notebook's own frames."""
    result = []
    for output in outputs:
        if is_progress_bar(output):
            continue
        kind = output["output_type"]
        if kind == "stream":
            last = result[-1] if result else {}
            if last.get("output_type") == "stream" and last["name"] == output["name"]:
                last["text"] += output["text"]
                continue
        elif kind == "error":
            output["traceback"] = [part for part in output["traceback"] if not ANSI.sub("", part).startswith("File ")]
        result.append(output)
    return result


def is_progress_bar(output):
    """Whether this is a tqdm bar: one is for those who wait, and its times differ every time."""
    data = output.get("data", {})
    return WIDGET_VIEW in data and bool(BAR.search(joined(data.get("text/plain", ""))))


# --- widgets ------------------------------------------------------------------------------------


def renumber_widgets(notebook):
    """Number widget models by order of appearance; drop those that no output shows."""
    states = notebook["metadata"].get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    order = displayed_models(notebook["cells"], states)
    names = {old: f"{number:032x}" for number, old in enumerate(order, start=1)}
    if not names:
        notebook["metadata"].pop("widgets", None)
        return
    kept = {names[old]: rename(canonical_model(states[old]), names) for old in order}
    notebook["metadata"]["widgets"] = {WIDGET_STATE: {"state": kept, "version_major": 2, "version_minor": 0}}
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = rename(cell["outputs"], names)


def canonical_model(model):
    """Empty the id of the message that was captured, and a layout's forty unset properties."""
    state = model["state"]
    if "msg_id" in state:
        state["msg_id"] = ""
    if "outputs" in state:
        state["outputs"] = canonical_outputs(state["outputs"])
    if model["model_name"] == "LayoutModel":
        model["state"] = {key: value for key, value in state.items() if value is not None}
    return model


def displayed_models(cells, states):
    """Ids of the models that outputs show, each followed by the models that it is made of."""
    order = []

    def visit(model):
        if model in states and model not in order:
            order.append(model)
            for part in references(states[model]["state"]):
                visit(part)

    for cell in cells:
        for part in references(cell.get("outputs", [])):
            visit(part)
    # Nothing refers to a link: it is kept when both of its ends are.
    for model, state in states.items():
        ends = references(state["state"])
        if "LinkModel" in state["model_name"] and ends and set(ends) <= set(order):
            visit(model)
    return order


def references(data):
    """Ids of all models that `data` mentions, in order, keys sorted as they are stored."""
    if isinstance(data, dict):
        view = data.get(WIDGET_VIEW)
        first = [view["model_id"]] if view else []
        return first + [found for key in sorted(data) for found in references(data[key])]
    if isinstance(data, list):
        return [found for item in data for found in references(item)]
    return MODEL_REFERENCE.findall(data) if isinstance(data, str) else []


def rename(data, names):
    """Replace the ids of models everywhere in `data`."""
    if isinstance(data, dict):
        return {
            key: names.get(value, value) if key == "model_id" else rename(value, names) for key, value in data.items()
        }
    if isinstance(data, list):
        return [rename(item, names) for item in data]
    if isinstance(data, str):
        return MODEL_REFERENCE.sub(lambda m: f"IPY_MODEL_{names.get(m[1], m[1])}", data)
    return data


# --- files --------------------------------------------------------------------------------------


def read(path):
    """The notebook at `path`, every cell with an id (nbformat itself would make random ones)."""
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    data.update(nbformat=4, nbformat_minor=5)
    name_cells(data["cells"])
    return nbformat.reads(json.dumps(data), as_version=4)


def text_of(notebook):
    """What is stored of a notebook: sorted keys, one line of text per line of the file."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def run(path, timeout=600):
    """Run the notebook at `path` and store it; return True when its bytes changed."""
    path = Path(path).resolve()
    notebook = read(path)
    execute(notebook, path.parent, timeout)
    text = text_of(canonical(notebook))
    changed = text != path.read_text(encoding="utf-8")
    if changed:
        # Written beside it first: an interruption leaves either the old or the new notebook.
        scratch = path.with_name(path.name + ".new")
        scratch.write_text(text, encoding="utf-8", newline="\n")
        scratch.replace(path)
    return changed


def stored_notebooks(root=ROOT):
    """All notebooks of the course that are kept with their outputs."""
    folders = (root / "notebooks", root / "solutions")
    return [path for folder in folders for path in sorted(folder.glob("*.ipynb"))]


def main(arguments=None):
    """Run the notebooks that are named; the exit code is the number of failures."""
    parser = argparse.ArgumentParser(description="Run notebooks and store them in canonical form.")
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    options = parser.parse_args(arguments)
    if os.name == "nt":
        # pyzmq needs an event loop with add_reader.
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    failures = 0
    for path in options.notebooks or stored_notebooks():
        start = time.perf_counter()
        print(f"{path.name}: ", end="", flush=True)
        try:
            changed = run(path)
        except (NotebookError, OSError, ValueError) as error:
            failures += 1
            print(f"not stored. {error}")
            continue
        seconds = time.perf_counter() - start
        print(f"{'stored anew' if changed else 'unchanged'} ({seconds:.1f} s)")
    return min(failures, 125)


if __name__ == "__main__":
    sys.exit(main())
