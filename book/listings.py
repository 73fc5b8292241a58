"""Pages that are made from the course itself: contents, claims, figures, mistakes, notation."""

import json

from attnlib.check.contents import CHAPTERS, chapter
from attnlib.check.spec import all_specs
from book.words import literal


def index_page(text, chapters):
    """Fill in the table of contents; chapters: [(chapter, whether it has exercises)]."""
    rows = ["| Chapter | Minutes | |", "|---|--:|---|"]
    for one, has_exercises in chapters:
        exercises = f"[exercises](exercises/{one.slug}.ipynb)" if has_exercises else ""
        rows.append(f"| [{one.number} · {one.title}](notebooks/{one.slug}.ipynb) | {one.minutes} | {exercises} |")
    pages = [f"notebooks/{one.slug}" for one, _ in chapters]
    exercises = [f"exercises/{one.slug}" for one, has_exercises in chapters if has_exercises]
    for place, lines in {"contents": rows, "chapters": pages, "exercises": exercises}.items():
        text = text.replace(f"{{{{ {place} }}}}", "\n".join(lines))
    return text


def claims_page(claims):
    """List every claim with a link to the cell that shows it; claims: {chapter: [(label, number, text)]}."""
    lines = ["# Claims", "", "Every claim of the course, with a link to the place where a cell proves it.", ""]
    for one in CHAPTERS:
        if claims.get(one.number):
            lines += [f"## {one.number} · {one.title}", ""]
            in_order = sorted(claims[one.number], key=lambda claim: int(claim[1].split(".")[1]))
            lines += [f"- [Claim {number}](#{label}) {text}" for label, number, text in in_order] + [""]
    return "\n".join(lines)


def figures_page(figures):
    """List every figure by what is to be seen in it; figures: {chapter: [(label, alt text)]}."""
    lines = ["# Figures", "", "What is to be seen in each figure, in the words that a screen reader reads.", ""]
    for one in CHAPTERS:
        if figures.get(one.number):
            lines += [f"## {one.number} · {one.title}", ""]
            for place, (label, alt) in enumerate(figures[one.number], start=1):
                lines.append(f"- [Figure {one.number}.{place}](#{label}) {literal(alt)}")
            lines.append("")
    return "\n".join(lines)


def mistakes_page():
    """List, exercise by exercise, the mistakes that the checks know, with what to change."""
    lines = ["# Mistakes", "", "What the checks recognise in a wrong answer, and what they say about it.", ""]
    known = {one.number for one in CHAPTERS} & {spec.chapter for spec in all_specs().values()}
    for number in sorted(known):
        one = chapter(number)
        lines += [f"## {one.number} · {one.title}", ""]
        for spec in (spec for spec in all_specs().values() if spec.chapter == number):
            lines += [f"### `{spec.name}`", ""] + [f"- {literal(says)}" for says in spec.faults.values()] + [""]
    return "\n".join(lines)


def notation_page(path):
    """Repeat the table of notation from chapter 0."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = next(text for text in ("".join(cell["source"]) for cell in cells) if text.startswith("## Notation"))
    return text.removeprefix("#")
