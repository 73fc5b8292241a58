"""Make ``exercises/`` from ``solutions/``: the same notebooks without answers and outputs.

A generated notebook carries a fingerprint of its own text. Where the text no longer has that fingerprint,
somebody has written into the notebook, and it is left alone.
"""

import copy
import hashlib
import json
import re
import shutil
from pathlib import Path

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "raise NotImplementedError  # replace this line by your answer"
FINGERPRINT = "attnlib_exercise"
ANSWER = re.compile(rf"^([ \t]*){BEGIN}\n.*?^[ \t]*{END}[ \t]*$", re.DOTALL | re.MULTILINE)


class WouldOverwrite(Exception):
    """A notebook in ``exercises/`` holds somebody's work."""


def exercise_of(solution):
    """Return the exercise notebook (a dict) that belongs to a solution notebook (a dict)."""
    notebook = copy.deepcopy(solution)
    for cell in notebook["cells"]:
        cell["source"] = _text(cell)
        if cell["cell_type"] == "code":
            cell["source"] = ANSWER.sub(lambda found: found[1] + STUB, cell["source"])
            cell["outputs"], cell["execution_count"] = [], None
        if BEGIN in cell["source"] or END in cell["source"]:
            raise ValueError(f"cell {cell.get('id')}: {BEGIN} and {END} must stand in pairs, each on its own line")
    notebook["metadata"].pop("widgets", None)
    notebook["metadata"][FINGERPRINT] = fingerprint(notebook)
    return notebook


def fingerprint(notebook):
    """Return a hash of what stands in the cells, outputs and prompt numbers left out."""
    cells = [[cell["cell_type"], _text(cell)] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]


def to_bytes(notebook):
    """Return the one way in which a notebook is written to a file."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        cell["source"] = _text(cell).splitlines(keepends=True)
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def state_of(file):
    """Return "missing", "untouched", "executed" or "filled in" for a file of ``exercises/``."""
    if not file.is_file():
        return "missing"
    try:
        notebook = json.loads(file.read_text(encoding="utf-8"))
        written = notebook["metadata"].get(FINGERPRINT) != fingerprint(notebook)
    except (ValueError, KeyError, TypeError):
        return "filled in"  # not readable: whatever it is, it is not ours to overwrite
    if written:
        return "filled in"
    ran = any(cell.get("outputs") or cell.get("execution_count") for cell in notebook["cells"])
    return "executed" if ran else "untouched"


def build(solutions, exercises, *, force=False):
    """Write the exercises of all solutions and return the files that were written.

    **Promises** either all are written or none; a file that somebody filled in is overwritten only with
    ``force``, and then a copy is kept in ``exercises/kept/``.

    **Raises** ``WouldOverwrite`` naming the files that somebody filled in.
    """
    wanted = {exercises / file.name: rebuilt(file) for file in sorted(solutions.glob("*.ipynb"))}
    stale = {file: data for file, data in wanted.items() if not file.is_file() or file.read_bytes() != data}
    touched = [file for file in stale if state_of(file) == "filled in"]
    if touched and not force:
        names = ", ".join(file.name for file in touched)
        raise WouldOverwrite(
            f"{names}: somebody has written into it, so nothing was rebuilt. Move the file away, or add --force "
            f"to replace it (a copy is then kept in {exercises.name}/kept/)."
        )
    exercises.mkdir(exist_ok=True)
    for file in touched:
        _keep(file)
    for file, data in stale.items():
        file.write_bytes(data)
    return list(stale)


def rebuilt(solution):
    """Return the bytes of the exercise notebook of one solution file."""
    return to_bytes(exercise_of(json.loads(Path(solution).read_text(encoding="utf-8"))))


def differences(solutions, exercises):
    """Return a sentence for every file of ``exercises/`` that is not what a rebuild gives."""
    names = {file.name for file in solutions.glob("*.ipynb")}
    rows = [
        f"{file.name} has no solution it belongs to"
        for file in sorted(exercises.glob("*.ipynb"))
        if file.name not in names
    ]
    for name in sorted(names):
        file, state = exercises / name, state_of(exercises / name)
        if state == "missing":
            rows.append(f"{name} is missing")
        elif state == "untouched" and file.read_bytes() != rebuilt(solutions / name):
            rows.append(f"{name} is older than its solution")
    return rows


def in_use(exercises):
    """Return (name, state) of every exercise file that a learner has filled in or run."""
    states = [(file.name, state_of(file)) for file in sorted(exercises.glob("*.ipynb"))]
    return [(name, state) for name, state in states if state != "untouched"]


def _keep(file):
    folder = file.parent / "kept"
    folder.mkdir(exist_ok=True)
    number = 1
    while (folder / f"{file.stem}-{number}.ipynb").exists():
        number += 1
    shutil.copy2(file, folder / f"{file.stem}-{number}.ipynb")


def _text(cell):
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
