"""See a notebook as its reader does: run it in a real JupyterLab and write pictures of the page.

    python tests/browser/look.py NOTEBOOK [--out DIR] [--light | --dark] [--stored]

The notebook runs in a temporary copy of the course: nothing in the checkout is changed.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from lab import ROOT, Notebook, browse, course_copy, serve


def main():
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="attn-look-") as scratch:
        course = course_copy(Path(scratch, "course"))
        path = place(options.notebook.resolve(), course)
        with serve(course, Path(scratch), options.themes[0]) as server, browse() as page:
            notebook = Notebook(page, server, path)
            errors = [] if options.stored else notebook.run_all(seconds=600)
            notebook.settle()
            for theme in options.themes:
                notebook.set_theme(theme)
                for file in notebook.photograph(f"{Path(path).stem}_{theme}", options.out):
                    print(file)
    for complaint in [*errors, *page.complaints]:
        print(complaint)
    return bool(errors)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/look"), help="default: build/look")
    theme = parser.add_mutually_exclusive_group()
    theme.add_argument("--light", dest="themes", action="store_const", const=["light"])
    theme.add_argument("--dark", dest="themes", action="store_const", const=["dark"])
    parser.add_argument("--stored", action="store_true", help="as it is stored, without running it")
    parser.set_defaults(themes=["light", "dark"])
    return parser.parse_args()


def place(notebook, course):
    """The notebook's path in the copy; one from elsewhere is put among the chapters."""
    if notebook.is_relative_to(ROOT):
        return notebook.relative_to(ROOT).as_posix()
    (course / "notebooks").mkdir(exist_ok=True)
    shutil.copy(notebook, course / "notebooks")
    return f"notebooks/{notebook.name}"


if __name__ == "__main__":
    raise SystemExit(main())
