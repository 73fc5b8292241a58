"""Turn stored notebooks into pages: nothing is run, what was proven is shown."""

import copy
import html
import json
import re

from attnlib.check.contents import CHAPTERS

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
CLAIM = re.compile(r"^\*\*Claim (\d+)\.(\d+)\.\*\* *(.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
ALT = re.compile(r'<img\b[^>]*?\balt="([^"]*)"')
SOLUTION = re.compile(r" *### BEGIN SOLUTION\n(.*?) *### END SOLUTION\n?", re.DOTALL)
ANSWERS = re.compile(r"\[([^\]]*)\]\(\.\./solutions/[^)]*\)")  # here the answers stand on the same page
TO_HEADING = re.compile(r"\]\(([^)\s#:]*)#([^)\s]+)\)")  # JupyterLab keeps capitals and marks in a heading's anchor
SHOWN = ("text/html", "text/plain", "image/png")
STILL = (
    '<p class="still">On this page the control stands still: you see its first picture. '
    "To move it, open this chapter in JupyterLab{places}.</p>"
)


def chapter_page(path, links):
    """Read a chapter and return its page (a notebook), its claims and its figures.

    Claims are (label, number, text), figures are (label, alt text). ``links`` names other places to run it.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    widgets = notebook["metadata"].pop("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    number, cells, claims, figures = path.stem[:2], [], [], []
    note = STILL.format(places="".join(f' or in <a href="{address}">{name}</a>' for name, address in links.items()))
    for cell in notebook["cells"]:
        cell = copy.deepcopy(cell)
        if cell["cell_type"] == "markdown":
            cell["source"] = _with_anchors(_to_headings("".join(cell["source"])), claims)
        else:
            cell["outputs"] = [_known(_still(output, widgets, note)) for output in cell["outputs"]]
            found = [alt for output in cell["outputs"] for alt in ALT.findall(_html_of(output))]
            for alt in found:
                figures.append((f"figure-{number}-{len(figures) + 1}", html.unescape(alt)))
                cells.append(_text(f"({figures[-1][0]})=", f"{cell['id']}-{len(figures)}"))
        cells.append(cell)
    return notebook | {"cells": cells}, claims, figures


def exercise_page(path):
    """Read the solutions of a chapter and return a page with the exercises and their answers folded."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"].pop("widgets", None)
    cells = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        kind = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "markdown":
            cells.append(cell | {"source": _to_headings(ANSWERS.sub(r"\1", source))})
        elif kind.get("solution"):
            cells.append(_text(_folded(source), cell["id"]))
        elif kind.get("grade"):
            cells.append(_text(f"```python\n{source}\n```", cell["id"]))
    return notebook | {"cells": cells}


def pages_of(root):
    """Return the chapters that are there, with the paths of their notebook and of their solutions (or None)."""
    found = []
    for chapter in CHAPTERS:
        solutions = root / f"solutions/{chapter.slug}.ipynb"
        found.append((chapter, root / f"notebooks/{chapter.slug}.ipynb", solutions if solutions.exists() else None))
    return found


def _to_headings(source):
    return TO_HEADING.sub(lambda link: f"]({link[1]}#{re.sub(r'[^a-z0-9_-]', '', link[2].lower())})", source)


def _with_anchors(source, claims):
    def anchored(match):
        chapter, number, text = match.groups()
        claims.append((f"claim-{chapter}-{number}", f"{chapter}.{number}", " ".join(text.split())))
        return f"({claims[-1][0]})=\n{match[0]}"

    return CLAIM.sub(anchored, source)


def _folded(source):
    stub = SOLUTION.sub("    raise NotImplementedError\n", source).rstrip()
    answer = "".join(SOLUTION.findall(source)).rstrip()
    return f"```python\n{stub}\n```\n\n<details><summary>An answer</summary>\n\n```python\n{answer}\n```\n\n</details>"


def _still(output, widgets, note):
    """Replace a live control by the picture that it shows first, and a note."""
    view = output.get("data", {}).get(WIDGET_VIEW)
    if view is None:
        return output
    pictures = [model["state"]["value"] for model in _inside(view["model_id"], widgets) if "<img" in _value(model)]
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": "\n".join([*pictures, note])}}


def _known(output):
    """Leave out what is meant for programs, such as the verdict beside a card."""
    if "data" not in output:
        return output
    return output | {"data": {kind: data for kind, data in output["data"].items() if kind in SHOWN}}


def _inside(name, widgets):
    model = widgets[name]
    children = [child.removeprefix("IPY_MODEL_") for child in model["state"].get("children", ())]
    return [model, *(inner for child in children for inner in _inside(child, widgets))]


def _value(model):
    value = model["state"].get("value", "")
    return value if isinstance(value, str) else ""


def _html_of(output):
    return "".join(output.get("data", {}).get("text/html", ""))


def _text(source, name):
    return {"cell_type": "markdown", "id": name[:64], "metadata": {}, "source": source}
