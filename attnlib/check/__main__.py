"""python -m attnlib.check build [--check] [--force] | progress | grade FOLDER"""

import argparse
import sys

from attnlib.check import building, grade_command, records
from attnlib.check.verbs import progress


def main(arguments=None):
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m attnlib.check", description="Exercises of the course.")
    words = parser.add_subparsers(dest="word", required=True)
    build = words.add_parser("build", help="make exercises/ from solutions/; never overwrites what you filled in")
    build.add_argument("--check", action="store_true", help="write nothing, say what is not up to date")
    build.add_argument("--force", action="store_true", help="replace filled-in notebooks, keeping a copy")
    words.add_parser("progress", help="show how many exercises of each chapter are done")
    grade_command.add_to(words)
    given = parser.parse_args(arguments)
    if given.word == "progress":
        progress()
        return 0
    if given.word == "grade":
        return grade_command.run(given)
    return _check() if given.check else _build(given.force)


def _build(force):
    folder = records.course_folder()
    try:
        written = building.build(folder / "solutions", folder / "exercises", force=force)
    except building.WouldOverwrite as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print("\n".join(f"wrote exercises/{file.name}" for file in written) or "exercises/ is up to date")
    return 0


def _check():
    folder = records.course_folder()
    rows = building.differences(folder / "solutions", folder / "exercises")
    rows_in_use = building.in_use(folder / "exercises")
    for name, state in rows_in_use:
        print(f"exercises/{name} is {state}: left as it is")
    print("\n".join(rows) or "exercises/ is up to date")
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())
