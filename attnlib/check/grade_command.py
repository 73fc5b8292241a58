"""``python -m attnlib.check grade FOLDER``: what can be said on the command line."""

import contextlib
import sys
from pathlib import Path

from attnlib.check import reports
from attnlib.check.contents import CHAPTERS
from attnlib.check.sandbox import Limits


def add_to(words):
    """Add the command and its options to a parser's commands."""
    usual = Limits()
    parser = words.add_parser("grade", help="mark the notebooks of a class, each shut in a process of its own")
    parser.add_argument("folder", type=Path, help="a folder of students' folders, or of notebooks, or one notebook")
    parser.add_argument("--results", type=Path, help="where to write (default: FOLDER-results, beside it)")
    parser.add_argument("--chapters", help="which chapters were asked for, as in 1,2 (default: those handed in)")
    parser.add_argument("--workers", type=int, help="how many notebooks at a time (default: one a processor)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="mark on a Dask cluster (needs attnlib[class])")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="processor time of a call (%(default)s)")
    parser.add_argument(
        "--cell-seconds", type=float, default=usual.cell_seconds, help="processor time of all cells (%(default)s)"
    )
    parser.add_argument("--megabytes", type=int, default=usual.megabytes, help="memory (%(default)s)")
    parser.add_argument("--forbid", action="append", default=[], metavar="MODULE", help="as in attnlib.dot_product")
    parser.add_argument("--seed", type=int, help="of the fresh numbers (default: drawn once and kept)")
    parser.add_argument("--no-walls", action="store_true", help="without isolation; the report says so first")


def run(given):
    """Grade, write the reports, print the table, and return the exit code."""
    from attnlib.check.grading import grade

    if not given.folder.exists():
        print(f"{given.folder} does not exist.", file=sys.stderr)
        return 2
    chapters = _chapters(given.chapters)
    if chapters is None:
        print(f"--chapters takes numbers such as 1,2 and not {given.chapters!r}.", file=sys.stderr)
        return 2
    place = given.folder.resolve()
    results = given.results or place.with_name(f"{place.stem if place.is_file() else place.name}-results")
    if results.resolve().is_relative_to(place):
        print("The results must not lie among the submissions: choose another --results.", file=sys.stderr)
        return 2
    limits = Limits(given.seconds, given.cell_seconds, given.megabytes, tuple(given.forbid), not given.no_walls)
    with executor_at(given.scheduler) as executor:
        grades = grade(
            place, results, chapters=chapters, limits=limits, seed=given.seed, executor=executor, workers=given.workers
        )
    written = reports.write(grades, results)
    print(reports.table(grades))
    print("Written: " + ", ".join(str(file) for file in written))
    return 0


def _chapters(text):
    if not text:
        return ()
    numbers = [int(part) for part in text.split(",") if part.strip().isdigit()]
    known = {one.number for one in CHAPTERS}
    return tuple(numbers) if len(numbers) == len(text.split(",")) and known.issuperset(numbers) else None


@contextlib.contextmanager
def executor_at(address):
    """Give the executor of a Dask cluster, which starts a lost notebook again; None without an address."""
    if not address:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        sys.exit('A Dask cluster needs one more package: pip install "attnlib[class]".')
    with Client(address) as client:
        yield client.get_executor(retries=3)
