"""Find the notebooks of a class in a folder, and read the code cells of one; outputs are never looked at.

Three layouts are accepted, also mixed:

- ``FOLDER/ada/01_vectors.ipynb``: a folder for each student, with notebooks at any depth (so nbgrader's
  ``submitted/ada/01_vectors/01_vectors.ipynb`` is read, too);
- ``FOLDER/ada.ipynb``: one notebook for each student, whose chapter is told by the exercises in it;
- ``FOLDER/01_vectors.ipynb``: notebooks that keep their names are all of one student, called like the folder.

``FOLDER`` may also be one notebook.
"""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

from attnlib.check.contents import CHAPTERS
from attnlib.check.spec import all_specs

LARGEST = 50 * 2**20  # bytes of one notebook: pictures in its outputs count
MAGIC = re.compile(r"^(\s*)[%!?].*$|^(\s*)\S.*\?\s*$", re.MULTILINE)


class Unreadable(Exception):
    """A file that is no notebook with code in Python; the message says what it is."""


@dataclass(frozen=True)
class Submission:
    """One notebook of one student; ``chapter`` is None where nothing tells which one it answers."""

    student: str
    file: Path
    chapter: int | None


def find(folder):
    """Return the submissions of a folder, sorted by student and chapter.

    Of two notebooks for one chapter the one changed last counts, then the one whose name sorts last.
    """
    folder = Path(folder)
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.ipynb"))
    best = {}
    for file in files:
        parts = file.relative_to(folder.parent if folder.is_file() else folder).parts
        if any(part.startswith(".") for part in parts) or not file.is_file() or file.is_symlink():
            continue
        one = Submission(_student(folder, parts), file, _chapter(file))
        key = (one.student, -1 if one.chapter is None else one.chapter, file if one.chapter is None else "")
        if key not in best or _age(best[key].file) < _age(file):
            best[key] = one
    return [best[key] for key in sorted(best, key=lambda key: (key[0], key[1], str(key[2])))]


def _age(file):
    return file.stat().st_mtime_ns, str(file)


def _student(folder, parts):
    if len(parts) > 1:
        return parts[0]
    stem = Path(parts[0]).stem
    keeps_its_name = _chapter_of_name(stem) is not None
    return (folder.parent if folder.is_file() else folder).resolve().name if keeps_its_name else stem


def _chapter(file):
    by_name = _chapter_of_name(file.stem)
    if by_name is not None:
        return by_name
    try:
        text = "\n".join(code_cells(file.read_bytes()))
    except (Unreadable, OSError):
        return None
    found = [spec.chapter for spec in all_specs().values() if re.search(rf"\bdef {spec.name}\b", text)]
    return max(sorted(set(found)), key=found.count, default=None)


def _chapter_of_name(stem):
    """Tell the chapter from a name such as ``01_vectors``, ``01_vectors (2)`` or ``ada_01_vectors``."""
    return next((one.number for one in CHAPTERS if one.slug in stem), None)


def code_cells(data):
    """Return the sources of the code cells of a notebook, given as bytes, or raise ``Unreadable``."""
    if len(data) > LARGEST:
        raise Unreadable(f"The file has {len(data) / 1e6:.0f} MB; a notebook may have {LARGEST / 1e6:.0f}.")
    try:
        notebook = json.loads(data)
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        sources = [cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"The file is no notebook that can be read ({type(error).__name__}).") from error
    language = _language(notebook)
    if language != "python":
        raise Unreadable(f"The notebook was written for the kernel of another language ({language}), not for Python.")
    return [_without_magic(source) for source in sources]


def _language(notebook):
    metadata = notebook.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language", "python") if isinstance(kernel, dict) else "python"
    return str(language)[:40].lower()


def _without_magic(source):
    """Take out lines such as ``%matplotlib inline`` and ``!pip``, where the cell is no Python as it stands."""
    if source.startswith("%%"):
        return ""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return MAGIC.sub(lambda found: f"{found[1] or found[2] or ''}pass", source)
    return source
