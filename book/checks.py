"""The page that tells how the checks were tested: its tables are counted from the banks of answers in the tests."""

import ast
import tomllib

from attnlib.check.contents import CHAPTERS
from attnlib.check.spec import all_specs
from book.words import literal

NOT_NAMED = {"faults": "other"}  # so tests/answers/diagnoses.toml says that a diagnosis is not exact


def checks_page(text, root):
    """Fill the tables into the page's text."""
    folder = root / "tests/answers"
    diagnoses, changes = (_table(folder / f"{name}.toml") for name in ("diagnoses", "survivors"))
    reasons, right = changes.pop("why"), _right_answers(folder)
    bank, mutants = {}, {}
    for one in CHAPTERS:
        names = [spec.name for spec in all_specs().values() if spec.chapter == one.number]
        records = [record for name in names for record in diagnoses[name].values()]
        exact = len(records) - records.count(NOT_NAMED)
        bank[one] = [len(names), len(records), exact, sum(right[name] for name in names)]
        mutants[one] = _counts([changes[name] for name in names])
    _, rejected, _, otherwise = map(sum, zip(*mutants.values(), strict=True))
    parts = {
        "bank": _rows(bank),
        "changes": _rows(mutants),
        "reasons": "\n".join(f"- {literal(why)}" for why in reasons.values()),
        "share": f"{100 * rejected / (rejected + otherwise):.1f} %",
    }
    for place, part in parts.items():
        text = text.replace(f"{{{{ {place} }}}}", part)
    return text


def _table(file):
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _right_answers(folder):
    """Count the right answers of the bank by exercise."""
    counts = dict.fromkeys(all_specs(), 0)
    for file in folder.glob("right_*.py"):
        for statement in ast.parse(file.read_text(encoding="utf-8")).body:
            name = getattr(statement, "name", "").partition("__")[0]
            if name in counts:
                counts[name] += 1
    return counts


def _counts(tables):
    """Return how many small changes there are, are rejected, pass and behave the same, pass and do not."""
    changes = sum(table["changes"] for table in tables)
    passed = [why for table in tables for change, why in table.items() if change != "changes"]
    otherwise = sum(why.startswith("differs") for why in passed)
    return [changes, changes - len(passed), len(passed) - otherwise, otherwise]


def _rows(numbers):
    """Write {chapter: numbers} as the rows of a table, with the sums below."""
    rows = {f"{one.number} · {one.title}": row for one, row in numbers.items()}
    rows["**all**"] = map(sum, zip(*numbers.values(), strict=True))
    return "\n".join(f"| {title} | {' | '.join(f'{one:,}' for one in row)} |" for title, row in rows.items())
