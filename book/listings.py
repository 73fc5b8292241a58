"""Pages that are made from the course itself: claims, figures, mistakes, the library."""

import importlib
import inspect
import json
import re

import attnlib
from attnlib.check.contents import CHAPTERS, chapter
from attnlib.check.spec import all_specs

SECTION = re.compile(r"^\*\*(Shapes|Promises|Raises|Example)\*\* *", re.MULTILINE)


def claims_page(claims):
    """List every claim with a link to the cell that shows it; claims: {chapter: [(label, number, text)]}."""
    lines = ["# Claims", "", "Every claim of the course, with a link to the place where a cell proves it.", ""]
    for one in CHAPTERS:
        if claims.get(one.number):
            lines += [f"## {one.number} · {one.title}", ""]
            lines += [f"- [Claim {number}](#{label}) {text}" for label, number, text in claims[one.number]] + [""]
    return "\n".join(lines)


def figures_page(figures):
    """List every figure by what is to be seen in it; figures: {chapter: [(label, alt text)]}."""
    lines = ["# Figures", "", "What is to be seen in each figure, in the words that a screen reader reads.", ""]
    for one in CHAPTERS:
        if figures.get(one.number):
            lines += [f"## {one.number} · {one.title}", ""]
            for place, (label, alt) in enumerate(figures[one.number], start=1):
                lines.append(f"- [Figure {one.number}.{place}](#{label}) {_literal(alt)}")
            lines.append("")
    return "\n".join(lines)


def mistakes_page():
    """List, exercise by exercise, the mistakes that the checks know, with what to change."""
    lines = ["# Mistakes", "", "What the checks recognise in a wrong answer, and what they say about it.", ""]
    for number in sorted({spec.chapter for spec in all_specs().values()}):
        one = chapter(number)
        lines += [f"## {one.number} · {one.title}", ""]
        for spec in (spec for spec in all_specs().values() if spec.chapter == number):
            lines += [f"### `{spec.name}`", ""] + [f"- {_literal(says)}" for says in spec.faults.values()] + [""]
    return "\n".join(lines)


def notation_page(path):
    """Repeat the table of notation from chapter 0."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = next(text for text in ("".join(cell["source"]) for cell in cells) if text.startswith("## Notation"))
    return text.removeprefix("#")


def library_page():
    """Describe the library, module by module, in the words of its docstrings."""
    homes = dict.fromkeys(attnlib._HOME.values())
    lines = ["# The library", "", _prose(inspect.getdoc(attnlib)), ""]
    for home in homes:
        module = importlib.import_module(f"attnlib.{home}")
        lines += [f"## `attnlib.{home}`", "", _prose(inspect.getdoc(module)), ""]
        for name in (name for name, where in attnlib._HOME.items() if where == home):
            lines += _entry(name, getattr(attnlib, name))
    return "\n".join(lines)


def _entry(name, thing):
    lines = [f"(api-{name})=", f"### `{name}`", "", "```python", _call(name, thing), "```", ""]
    lines += [_prose(inspect.getdoc(thing)), ""]
    if inspect.isclass(thing):
        for method, function in vars(thing).items():
            public = not method.startswith("_") and inspect.getdoc(function) and callable(getattr(thing, method))
            if public:
                lines += ["```python", _call(f"{name}.{method}", getattr(thing, method)), "```", ""]
                lines += [_prose(inspect.getdoc(getattr(thing, method))), ""]
    return lines


def _call(name, thing):
    """The name with its parameters; an exception has none."""
    exception = inspect.isclass(thing) and issubclass(thing, Exception)
    return name if exception else f"{name}{inspect.signature(thing)}"


def _prose(docstring):
    """Docstring to Markdown: a section's name in bold, its table as it stands, its example as code."""
    parts = SECTION.split(docstring)
    text = [_paragraphs(parts[0])]
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        text.append(f"**{title}**")
        text.append(f"```python\n{body.strip()}\n```" if ">>>" in body else _block(body))
    return "\n\n".join(part for part in text if part)


def _block(body):
    if body.startswith("\n"):  # a table below the section's name
        table, _, rest = body.strip("\n").partition("\n\n")
        return f"```text\n{inspect.cleandoc(table)}\n```" + (f"\n\n{_paragraphs(rest)}" if rest.strip() else "")
    return _paragraphs(body)


def _paragraphs(text):
    found = []
    for paragraph in text.strip().split("\n\n"):
        indented = paragraph.startswith("    ") or "\n    " in paragraph
        found.append(f"```text\n{inspect.cleandoc(paragraph)}\n```" if indented else _literal(paragraph))
    return "\n\n".join(found) if text.strip() else ""


def _literal(text):
    """Keep the text from being read as Markdown, except for `code`."""
    parts = re.split(r"(`+[^`]+`+)", text)
    plain = [re.sub(r"([*_$\[\]<>{}|#~^\\])", r"\\\1", part) for part in parts[::2]]
    code = [re.sub(r"^``(.+)``$", r"`\1`", part) for part in parts[1::2]]
    return "".join(x + y for x, y in zip(plain, [*code, ""], strict=True))
