"""Say what a class has earned: a table in the terminal, CSV, JSON, and the results.json that Gradescope reads."""

import csv
import json
import re
from pathlib import Path

WITHOUT_WALLS = (
    "ISOLATION IS MISSING: {}. Students' code ran with the rights of the grader and could read and change its files."
)


def write(grades, folder):
    """Write ``results.csv``, ``results.json`` and ``gradescope/STUDENT/results.json``; return what was written."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(grades, folder / "results.csv")
    (folder / "results.json").write_text(_json(as_data(grades)), encoding="utf-8")
    for student, rows in by_student(grades).items():
        file = folder / "gradescope" / _file_name(student) / "results.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_json(gradescope(rows, grades.missing_walls)), encoding="utf-8")
    return [folder / "results.csv", folder / "results.json", folder / "gradescope"]


def by_student(grades):
    """Return {student: rows}."""
    found = {}
    for row in grades.rows:
        found.setdefault(row.student, []).append(row)
    return found


def as_data(grades):
    """Return everything as plain data."""
    students = {
        student: {
            "points": sum(row.points for row in rows),
            "of": sum(row.worth for row in rows),
            "exercises": [{"chapter": row.chapter, **vars(row.mark), "points": row.points} for row in rows],
        }
        for student, rows in by_student(grades).items()
    }
    strangers = [{"student": one.student, "file": one.file.name} for one in grades.strangers]
    return {"isolation_missing": grades.missing_walls, "students": students, "not_recognised": strangers}


def gradescope(rows, missing_walls=""):
    """Return what Gradescope expects of an autograder for one submission."""
    tests = [
        {
            "name": f"{row.chapter}: {row.mark.exercise}",
            "score": row.points,
            "max_score": row.worth,
            "status": "passed" if row.mark.points else "failed",
            "output": f"{row.mark.state.capitalize()}. {row.mark.headline}",
            "output_format": "text",
        }
        for row in rows
    ]
    score, most = sum(row.points for row in rows), sum(row.worth for row in rows)
    says = [WITHOUT_WALLS.format(missing_walls)] if missing_walls else []
    return {"score": score, "output": "\n".join([*says, f"{score} of {most} points."]), "tests": tests}


def table(grades):
    """Return the table for a terminal: a line for each student, then what was not correct, in words."""
    lines = [WITHOUT_WALLS.format(grades.missing_walls)] if grades.missing_walls else []
    chapters = sorted({row.chapter for row in grades.rows})
    students = by_student(grades)
    width = max([7, *(len(_plain(name)) for name in students)])
    heads = "  ".join(f"ch {number:>2}" for number in chapters)
    lines.append(f"{'student':<{width}}  {heads}  points")
    for student, rows in students.items():
        parts = [[row for row in rows if row.chapter == number] for number in chapters]
        cells = "  ".join(_sums(part) for part in parts)
        lines.append(f"{_plain(student):<{width}}  {cells}  {_sums(rows)}")
    lines += _lost(grades)
    for one in grades.strangers:
        lines.append(f"{_plain(one.student)}, {_plain(one.file.name)}: no exercise of the course was found in it.")
    return "\n".join(lines)


def _sums(rows):
    return f"{sum(row.points for row in rows):>2}/{sum(row.worth for row in rows):<2}"


def _lost(grades):
    """Return a line for every exercise without its point, one for a whole chapter where all say the same."""
    groups = {}
    for row in grades.rows:
        groups.setdefault((row.student, row.chapter), []).append(row.mark)
    lines = []
    for (student, chapter), marks in groups.items():
        said = {(one.state, one.headline) for one in marks}
        whole = len(said) == 1 < len(marks) and not marks[0].points
        for one in marks[:1] if whole else marks:
            what = f"chapter {chapter}" if whole else one.exercise
            if not one.points:
                lines.append(f"{_plain(student)}, {what}: {one.state}. {one.headline}")
    return lines


def _write_csv(grades, file):
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["student", "chapter", "exercise", "points", "state", "says"])
        for row in grades.rows:
            one = row.mark
            cells = [row.student, row.chapter, one.exercise, row.points, one.state, one.headline]
            writer.writerow([_no_formula(cell) if isinstance(cell, str) else cell for cell in cells])


def _no_formula(text):
    """Keep a spreadsheet from computing what a student has written."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _plain(text):
    return "".join(one if one.isprintable() else "?" for one in text)


def _file_name(student):
    return re.sub(r"[^\w. -]", "_", student).strip(".") or "_"


def _json(data):
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
