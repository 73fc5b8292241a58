"""Stored notebooks are what `course.py run` would write, and fit to be read as they are."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.notebooks import KERNELSPEC, VALID_ID, canonical, read, stored_notebooks, text_of

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = stored_notebooks(ROOT)
CLAIM = re.compile(r"\*\*Claim (\d+\.\d+)\.\*\*")
MACHINE_PATH = re.compile(
    r"/(?:home|Users|root|tmp)/|site-packages|[A-Z]:\\\\?Users|(?<![\w./:])/[\w./-]+\.py\b"
    + "".join("|" + re.escape(str(path)) for path in (ROOT, Path(sys.prefix), Path.home()))
)

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")


@pytest.fixture(autouse=True)
def not_a_readers_own_copy(request):
    """A reader who ran and saved a chapter has done nothing wrong: what was committed is tested instead, by CI."""
    path = getattr(request.node, "callspec", None) and request.node.callspec.params.get("path")
    if path and only_run(path):
        pytest.skip(f"{path.name} was run and saved; `python3 course.py run` stores it in canonical form")


def only_run(path):
    """Tell whether a notebook differs from the committed one in its outputs alone."""
    name = path.relative_to(ROOT).as_posix()
    committed = subprocess.run(["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True, check=False)
    if committed.returncode or committed.stdout == path.read_bytes():
        return False
    return sources(json.loads(committed.stdout)) == sources(json.loads(path.read_text(encoding="utf-8")))


def sources(notebook):
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def code_cells(notebook):
    """Code cells that have code: an empty one is never executed."""
    return [c for c in notebook["cells"] if c["cell_type"] == "code" and c["source"].strip()]


def outputs(notebook):
    """(cell, output) of all cells, then of the Output widgets that cells show."""
    found = [(cell["id"], output) for cell in code_cells(notebook) for output in cell["outputs"]]
    widgets = notebook["metadata"].get("widgets", {})
    for view in widgets.values():
        for name, model in view["state"].items():
            found += [(f"widget {name}", o) for o in model["state"].get("outputs", ())]
    return found


def tags(cell):
    return cell["metadata"].get("tags", [])


def has_check(cell):
    """Whether a code cell can fail: it asserts, raises, or asks `check` (cells may use magics)."""
    source = re.sub(r"^\s*[%!].*$", "", cell["source"], flags=re.MULTILINE)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            if name == "check" or name.startswith("assert_"):
                return True
    return False


def claims(notebook):
    """(number, the three cells that follow) of each claim."""
    cells = notebook["cells"]
    return [
        (number, cells[i + 1 : i + 4])
        for i, cell in enumerate(cells)
        if cell["cell_type"] == "markdown"
        for number in CLAIM.findall(cell["source"])
    ]


@every_notebook
def test_stored_form_is_canonical(path):
    assert text_of(canonical(read(path))) == path.read_text(encoding="utf-8"), (
        f"store it with `python3 course.py run {path.relative_to(ROOT).as_posix()}`"
    )


@every_notebook
def test_cells_were_run_from_top_to_bottom(path):
    # nbval would run a cell without a number and compare nothing.
    counts = [cell["execution_count"] for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))
    assert counts


@every_notebook
def test_only_cells_that_are_meant_to_fail_hold_an_error(path):
    notebook = read(path)
    meant = {cell["id"] for cell in code_cells(notebook) if "raises-exception" in tags(cell)}
    failed = {place for place, output in outputs(notebook) if output["output_type"] == "error"}
    assert failed == meant


@every_notebook
def test_cell_ids_are_valid_and_unique(path):
    names = [cell.get("id") for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert all(name and VALID_ID.fullmatch(name) for name in names)
    assert len(names) == len(set(names))


@every_notebook
def test_kernel_is_plain_python_and_no_run_left_its_times(path):
    notebook = read(path)
    assert notebook["metadata"]["kernelspec"] == KERNELSPEC
    assert not any("execution" in cell["metadata"] for cell in notebook["cells"])


@every_notebook
def test_no_path_of_a_machine(path):
    for place, output in outputs(read(path)):
        # The letters of an embedded picture may spell anything.
        text = re.sub(r"base64,[A-Za-z0-9+/=\s]+", "", repr(output))
        assert not MACHINE_PATH.search(text), place


@every_notebook
def test_small_enough_to_read_and_to_load(path):
    assert path.stat().st_size < 2_000_000
    if path.parent.name == "notebooks":
        assert len(read(path)["cells"]) <= 60


@every_notebook
def test_every_figure_has_alt_text(path):
    for place, output in outputs(read(path)):
        data = output.get("data", {})
        pictures = [kind for kind in data if kind.startswith("image/")]
        assert not pictures, f"{place}: show figures with attnlib.plots.show(figure, alt=...)"
        for tag in re.findall(r"<img\b[^>]*>", data.get("text/html", ""), re.IGNORECASE):
            assert re.search(r"""\balt=(?:"[^"]*\w[^"]*"|'[^']*\w[^']*')""", tag), place


@every_notebook
def test_every_claim_is_followed_by_a_cell_that_could_fail(path):
    for number, following in claims(read(path)):
        cells = [cell for cell in following if cell["cell_type"] == "code"]
        assert any(has_check(cell) for cell in cells), f"Claim {number} is not checked"


def test_claims_are_numbered_once_and_by_chapter():
    seen = {}
    for path in NOTEBOOKS:
        if path.parent.name == "notebooks":
            for number, _ in claims(read(path)):
                assert number not in seen, f"Claim {number}: {seen.get(number)} and {path.name}"
                seen[number] = path.name
                assert int(number.split(".")[0]) == int(path.name[:2]), f"{path.name}: {number}"


def test_a_readers_run_is_told_from_an_authors_change(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "chapter.ipynb"
    cell = {"cell_type": "code", "source": "1 + 1", "outputs": []}
    path.write_text(json.dumps({"cells": [cell]}))
    git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "chapter"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    assert not only_run(path)
    path.write_text(json.dumps({"cells": [cell | {"outputs": ["2"]}]}))
    assert only_run(path)
    path.write_text(json.dumps({"cells": [cell | {"source": "1 + 2"}]}))
    assert not only_run(path)
    assert not only_run(tmp_path / "new.ipynb")
