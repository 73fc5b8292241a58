"""attnlib.check.contents: the README, chapter 0 and the notebooks say the same about every chapter."""

import json
import re
from pathlib import Path

import pytest

from attnlib.check.contents import CHAPTERS, chapter

ROOT = Path(__file__).resolve().parents[1]
every_chapter = pytest.mark.parametrize("one", CHAPTERS, ids=lambda one: one.slug)


def texts(slug):
    cells = json.loads((ROOT / f"notebooks/{slug}.ipynb").read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


@every_chapter
def test_the_notebook_has_its_title_and_minutes(one):
    opening = texts(one.slug)[0]
    assert opening.startswith(f"# {one.number} · {one.title}\n")
    assert re.search(rf"\*\*Time:?\*\* {one.minutes} minutes", opening)


@every_chapter
def test_the_readme_lists_it(one):
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("|") and one.slug in line]
    assert len(rows) == 1
    assert rows[0][-2].strip() == str(one.minutes)
    assert one.title.startswith(re.search(r"\[(.+)\]", rows[0][2])[1])


@every_chapter
def test_chapter_0_lists_it(one):
    lines = [line for text in texts("00_start_here") for line in text.splitlines()]
    rows = [line.split("|") for line in lines if line.startswith("|") and f"]({one.slug}" in line]
    assert one.title in rows[0][1]
    assert rows[0][3].strip() == str(one.minutes)


def test_no_notebook_stands_outside_the_contents():
    assert [file.stem for file in sorted((ROOT / "notebooks").glob("*.ipynb"))] == [one.slug for one in CHAPTERS]


def test_links_between_files_of_the_course_lead_somewhere():
    for folder in ("notebooks", "solutions"):
        for file in (ROOT / folder).glob("*.ipynb"):
            source = "\n".join(
                "".join(cell["source"]) for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]
            )
            for target in re.findall(r"\]\(([^)#:]+\.ipynb)\)", source):
                assert (file.parent / target).is_file(), f"{file.name} links to {target}"


def test_a_chapter_is_found_by_its_number():
    assert [chapter(one.number) for one in CHAPTERS] == list(CHAPTERS)
