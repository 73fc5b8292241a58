"""tools/notebooks.py: a notebook runs, and a second run changes no byte."""

import asyncio
import copy
import queue
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import notebooks
from tools.notebooks import WIDGET_STATE, WIDGET_VIEW, canonical, read, run

WIDGETS = """
import matplotlib.pyplot as plt
from IPython.display import HTML, display
from ipywidgets import IntSlider, interact, jslink
from tqdm.auto import tqdm
"""
INTERACT = """
@interact(x=IntSlider(value=3, max=11))
def draw(x):
    print("x is", x)
    plt.plot([x, 1])
    plt.show()
"""
LINKED = """
import os, sys
unseen = IntSlider()
a, b = IntSlider(value=2, max=5), IntSlider(value=2, max=5)
jslink((a, "value"), (b, "value"))
for i in tqdm(range(7), leave=False):
    print(i, end=" ", flush=True)
print("progress file:", os.path.exists(os.environ["ATTN_PROGRESS"]))
display(a, b)
"""


def store(path, *cells):
    """Write a notebook of code cells (source, or source and tags) as Jupyter would."""
    notebook = new_notebook(metadata={"language_info": {"name": "python", "version": "3.11.7"}})
    for source in cells:
        source, *tags = source if isinstance(source, tuple) else (source,)
        notebook.cells.append(new_code_cell(source, metadata={"tags": tags} if tags else {}))
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The bytes of one notebook with widgets after its first and after its second run."""
    raises = ("import json\njson.loads('{')", "raises-exception")
    folder = tmp_path_factory.mktemp("stored")
    path = store(folder / "a.ipynb", WIDGETS, INTERACT, LINKED, "[1, 2];", raises)
    changed = run(path)
    first = path.read_bytes()
    return path, first, changed, run(path), path.read_bytes()


async def wakes_nobody(timeout):
    """Wait for a message that lies there unseen: it is found by looking anew alone."""
    wakes_nobody.looks += 1
    if wakes_nobody.looks < 3:
        await asyncio.sleep(timeout)
        raise queue.Empty
    return "here"


def test_a_message_that_wakes_nobody_is_found_soon():
    wakes_nobody.looks = 0
    look = notebooks.looked_for_again(wakes_nobody, interval=0.05)
    start = time.monotonic()
    assert asyncio.run(look(timeout=600)) == "here"
    assert time.monotonic() - start < 60


def test_a_message_that_does_not_come_ends_the_wait_in_time():
    wakes_nobody.looks = -1000
    look = notebooks.looked_for_again(wakes_nobody, interval=0.05)
    with pytest.raises(queue.Empty):
        asyncio.run(look(timeout=0.2))
    assert wakes_nobody.looks < -980


def test_second_run_changes_no_byte(stored):
    _, first, changed, changed_again, second = stored
    assert changed
    assert not changed_again
    assert first == second


def test_stored_form_is_a_fixed_point(stored):
    path, first, *_ = stored
    assert notebooks.text_of(canonical(read(path))).encode() == first


def test_stored_notebook_is_valid_and_counts_from_one(stored):
    notebook = nbformat.read(stored[0], as_version=4)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3, 4, 5]
    assert "version" not in notebook.metadata.language_info
    assert not any("execution" in cell.metadata for cell in notebook.cells)


def test_outputs_are_those_of_a_reader_without_bars_and_progress(stored):
    _, _, linked, quiet, raises = nbformat.read(stored[0], as_version=4).cells
    kinds = [output.output_type for output in linked.outputs]
    assert kinds == ["stream", "display_data", "display_data"]
    assert linked.outputs[0].text == "0 1 2 3 4 5 6 progress file: False\n"
    assert quiet.outputs == []
    assert raises.outputs[0].ename == "JSONDecodeError"
    assert ".py" not in "".join(raises.outputs[0].traceback)


def test_widgets_are_numbered_as_they_appear_and_unseen_ones_dropped(stored):
    notebook = read(stored[0])
    states = notebook.metadata.widgets[WIDGET_STATE]["state"]
    shown = [o.data[WIDGET_VIEW].model_id for c in notebook.cells for o in c.outputs if "data" in o]
    assert sorted(states) == [f"{number:032x}" for number in range(1, len(states) + 1)]
    assert shown == sorted(shown)
    assert shown[0] == f"{1:032x}"
    sliders = [state for state in states.values() if state.model_name == "IntSliderModel"]
    assert len(sliders) == 3  # a fourth is never shown
    assert sum(state.model_name == "LinkModel" for state in states.values()) == 1


def test_what_a_callback_printed_is_kept_for_the_static_page(stored):
    states = read(stored[0]).metadata.widgets[WIDGET_STATE]["state"]
    (output,) = [s.state for s in states.values() if s.model_name == "OutputModel"]
    assert output["msg_id"] == ""
    assert output["outputs"][0]["text"] == "x is 3\n"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1", "{}['key']"], ["cell 2", "KeyError", "'key'"]),
        ([f"{WIDGETS}\n@interact(x=(0, 4))\ndef f(x):\n    return 1 // 0"], ["cell 1", "widget"]),
        ([("1 // 0", "raises-exception"), "2 // 0"], ["cell 2", "ZeroDivisionError"]),
    ],
    ids=["cell", "callback", "second of two"],
)
def test_failing_notebook_is_left_as_it_was(tmp_path, capsys, cells, said):
    path = store(tmp_path / "failing.ipynb", *cells)
    before = path.read_bytes()
    assert notebooks.main([str(path)]) == 1
    printed = capsys.readouterr().out
    for word in ["failing.ipynb", *said]:
        assert word in printed
    assert path.read_bytes() == before


def test_a_file_that_is_no_notebook_is_named(tmp_path, capsys):
    (tmp_path / "broken.ipynb").write_text("no JSON")
    assert notebooks.main([str(tmp_path / "broken.ipynb")]) == 1
    assert notebooks.main([str(tmp_path / "missing.ipynb")]) == 1
    assert "broken.ipynb: not stored" in capsys.readouterr().out


def test_canonical_form_leaves_its_argument_alone():
    notebook = new_notebook(cells=[new_code_cell("1", metadata={"collapsed": True})])
    before = copy.deepcopy(notebook)
    canonical(notebook)
    assert notebook == before


def test_cell_ids_are_kept_or_made_of_the_first_words():
    cells = [new_markdown_cell("# The first part: why?"), new_code_cell(""), new_code_cell("x = 1")]
    cells += [new_code_cell("x = 1"), new_code_cell("x = 1"), new_code_cell("y")]
    for cell, name in zip(cells, [None, None, None, "x-1", "x-1", "not valid"], strict=True):
        cell.pop("id")
        if name:
            cell["id"] = name
    notebooks.name_cells(cells)
    names = [cell["id"] for cell in cells]
    assert names == ["the-first-part-why", "empty", "x-1-2", "x-1", "x-1-3", "y"]
