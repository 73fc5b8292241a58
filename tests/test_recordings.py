"""What was measured beforehand: found from a notebook's folder, and where the library was installed elsewhere."""

import json
import re
from pathlib import Path

import pytest

from attnlib.tasks import recordings
from attnlib.tasks.recordings import recorded

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted(file.stem for file in (ROOT / "benchmarks/results").glob("*.json"))


@pytest.mark.parametrize("folder", [".", "notebooks", "attnlib/tasks"])
def test_a_recording_is_found_from_every_folder_of_the_course(folder, monkeypatch):
    monkeypatch.chdir(ROOT / folder)
    for name in NAMES:
        assert recorded(name) == json.loads((ROOT / f"benchmarks/results/{name}.json").read_text(encoding="utf-8"))


def test_a_library_that_lies_elsewhere_finds_the_recordings_of_the_course(monkeypatch, tmp_path):
    monkeypatch.setattr(recordings, "__file__", str(tmp_path / "attnlib/tasks/recordings.py"))
    monkeypatch.chdir(ROOT / "notebooks")
    assert recorded(NAMES[0])


def test_from_elsewhere_the_course_of_the_library_is_used(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert recorded(NAMES[0])


def test_a_missing_recording_is_named_with_what_writes_it():
    with pytest.raises(FileNotFoundError, match=r"benchmarks/results/no_such\.json .*`python benchmarks/no_such\.py`"):
        recorded("no_such")


def test_notebooks_ask_for_recordings_that_exist_and_whose_script_is_here():
    text = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "notebooks").glob("*.ipynb")))
    asked = set(re.findall(r"recorded\(\\\"(\w+)\\\"\)", text))
    assert asked <= set(NAMES)
    assert all((ROOT / f"benchmarks/{name}.py").is_file() for name in NAMES)
