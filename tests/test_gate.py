"""The gate itself: what pytest and nbval let pass in a notebook, and what they do not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
INTERACT = "from ipywidgets import interact\n@interact(x=(0, 4))\ndef f(x):\n    "
DRAW = "import matplotlib.pyplot as plt\nprint('x is', x); plt.plot([x]); plt.show(); return x"


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def picture(html):
    plain = "<IPython.core.display.HTML object>"
    return new_output("display_data", data={"text/html": html, "text/plain": plain})


def result(text):
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


WIDGET = new_output(
    "display_data",
    data={
        "text/plain": "interactive(children=(IntSlider(value=2, description='x', max=4), "
        "Output()), _dom_classes=('widget-interact',)\N{HORIZONTAL ELLIPSIS}",
        "application/vnd.jupyter.widget-view+json": {"model_id": "0", "version_major": 2},
    },
)
WARN = "import sys; print('careful', file=sys.stderr)"
MARK = "import os; open(os.environ['ATTN_PROGRESS'], 'x').write('{}')"
# name: source, stored outputs, whether the gate passes it
CELLS = {
    "widget_that_prints_and_draws": (INTERACT + DRAW.replace("\n", "\n    "), [WIDGET], True),
    "widget_that_raises": (INTERACT + "return 1 // 0", [WIDGET], False),
    "text_as_stored": ("print('a')\n1 + 1", [printed("a\n"), result("2")], True),
    "text_not_as_stored": ("print('a')", [printed("b\n")], False),
    "value_not_as_stored": ("1 + 1", [result("3")], False),
    "hidden_value": ("[1, 2];", [], True),
    "warning_as_stored": (WARN, [printed("careful\n", "stderr")], True),
    "warning_not_stored": (WARN, [], False),
    "progress_bar": ("from tqdm.auto import tqdm\nfor i in tqdm([1]): pass", [], True),
    "fresh_progress": (MARK + ";", [], True),
    "other_alt_text": (
        "from IPython.display import HTML, display\ndisplay(HTML('<img alt=\"a cat\">'))",
        [picture('<img alt="a dog">')],
        False,
    ),
    "other_picture": (
        'display(HTML(\'<img src="data:image/png;base64,AAAA" alt="a cat">\'))',
        [picture('<img src="data:image/png;base64,BBB=" alt="a cat">')],
        True,
    ),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Run the cells as one notebook through the gate's own settings; name -> passed."""
    folder = tmp_path_factory.mktemp("gate")
    for name in ("pyproject.toml", "conftest.py", "tools", "tests/sanitize.cfg"):
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    cells = [
        new_code_cell(source, outputs=outputs, execution_count=number)
        for number, (source, outputs, _) in enumerate(CELLS.values(), start=1)
    ]
    (folder / "notebooks").mkdir()
    (folder / "exercises").mkdir()
    nbformat.write(new_notebook(cells=cells), folder / "notebooks" / "cells.ipynb")
    # Must not even be looked at, although it would fail.
    nbformat.write(new_notebook(cells=cells[3:4]), folder / "exercises" / "learner.ipynb")
    before = {"ATTN_PROGRESS": str(folder / "mine.json")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "--no-header", "."],
        cwd=folder,
        env={**os.environ, **before, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert not (folder / "mine.json").exists()
    found = re.findall(r"Cell (\d+) (PASSED|FAILED)", done.stdout)
    assert [int(number) for number, _ in found] == list(range(len(CELLS))), done.stdout
    return {name: word == "PASSED" for name, (_, word) in zip(CELLS, found, strict=True)}


@pytest.mark.parametrize("name", CELLS)
def test_gate_tells_right_from_wrong(verdicts, name):
    assert verdicts[name] == CELLS[name][2]


def test_progress_of_this_run_is_nobodys():
    assert "attn-" in os.environ["ATTN_PROGRESS"]
    assert ROOT not in Path(os.environ["ATTN_PROGRESS"]).parents


def test_sanitizer_is_short_and_ascii():
    text = (ROOT / "tests" / "sanitize.cfg").read_bytes()
    assert text.isascii()
    assert text.count(b"regex: ") <= 4
