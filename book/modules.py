"""Pages that are made from docstrings: the library, and its plots."""

import importlib
import inspect
import pkgutil
import re

import attnlib
from attnlib import plots, tasks
from book.words import literal

SECTION = re.compile(r"^\*\*(Shapes|Promises|Raises|Example)\*\* *", re.MULTILINE)
WIDTH = 72
APART = ("reference", "check")  # reached by module: attnlib.reference.attention


def library_page():
    """Describe the library, module by module, in the words of its docstrings."""
    lines = ["# The library", "", _prose(inspect.getdoc(attnlib)), ""]
    lines += ["The functions that draw the figures are on [a page of their own](plots.md).", ""]
    for home in dict.fromkeys([*APART, *attnlib._HOME.values()]):
        names = [name for name, where in attnlib._HOME.items() if where == home]
        lines += _module(f"attnlib.{home}", names)
    for info in pkgutil.iter_modules(tasks.__path__):
        lines += _module(f"attnlib.tasks.{info.name}", [])
    return "\n".join(lines)


def plots_page():
    """Describe the functions that draw, in the words of their docstrings."""
    lines = ["# The plots", "", _prose(inspect.getdoc(plots)), ""]
    functions = {name: getattr(plots, name) for name in plots.__all__ if callable(getattr(plots, name))}
    for name, function in functions.items():
        lines += _entry(f"plots.{name}", function, level="##")
    return "\n".join(lines)


def _module(path, names):
    """The entries of a module: of these names, or of all that it exports."""
    module = importlib.import_module(path)
    names = names or getattr(module, "__all__", None) or [name for name in vars(module) if _is_its_own(module, name)]
    lines = [f"## `{path}`", "", _prose(inspect.getdoc(module)), ""]
    home = path.removeprefix("attnlib.")
    for name in names:
        called = name if attnlib._HOME.get(name) == home else f"{home}.{name}"
        lines += _entry(called, getattr(module, name), level="###")
    return lines


def _is_its_own(module, name):
    thing = getattr(module, name)
    made_here = getattr(thing, "__module__", None) == module.__name__
    return not name.startswith("_") and callable(thing) and made_here and inspect.getdoc(thing)


def _entry(name, thing, level):
    lines = [f"(api-{name})=", f"{level} `{name.rpartition('.')[2]}`", "", "```python", call(name, thing), "```", ""]
    lines += [_prose(inspect.getdoc(thing)), ""]
    if inspect.isclass(thing):
        for method, function in vars(thing).items():
            public = not method.startswith("_") and inspect.getdoc(function) and callable(getattr(thing, method))
            if public:
                lines += ["```python", call(f"{name}.{method}", getattr(thing, method)), "```", ""]
                lines += [_prose(inspect.getdoc(getattr(thing, method))), ""]
    return lines


def call(name, thing):
    """Return the name with its parameters, on several lines where they are long; an exception has none."""
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return name
    signature = _readable(inspect.signature(thing))
    line = f"{name}{signature}"
    if len(line) <= WIDTH:
        return line
    parameters, star = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parameters.append("*")
        star = star or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        parameters.append(str(parameter))
    together = "    " + ", ".join(parameters)
    lines = [together] if len(together) <= WIDTH else [f"    {parameter}," for parameter in parameters]
    return "\n".join([f"{name}(", *lines, ")"])


class _Named:
    """A default that is a class or a function, written as in the code: by its name."""

    def __init__(self, thing):
        self.thing = thing

    def __repr__(self):
        return self.thing.__name__


def _readable(signature):
    parameters = [
        one.replace(default=_Named(one.default))
        if hasattr(one.default, "__name__") and one.default is not one.empty
        else one
        for one in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


def _prose(docstring):
    """Docstring to Markdown: a section's name in bold, its table as it stands, its example as code."""
    parts = SECTION.split(docstring)
    text = [_paragraphs(parts[0])]
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        if ">>>" in body:
            text.append(f"**{title}**\n\n```python\n{body.strip()}\n```")
        elif body.startswith("\n"):  # a table below the section's name
            table, _, rest = body.strip("\n").partition("\n\n")
            text.append(f"**{title}**\n\n```text\n{inspect.cleandoc(table)}\n```\n\n{_paragraphs(rest)}")
        else:
            text.append(f"**{title}** {_paragraphs(body)}")
    return "\n\n".join(part.strip() for part in text if part)


def _paragraphs(text):
    """Prose as prose; what is indented keeps its lines."""
    found = []
    for paragraph in text.strip("\n").split("\n\n"):
        lines = paragraph.strip("\n").split("\n")
        first = next((place for place, line in enumerate(lines) if line.startswith("    ")), len(lines))
        if first:
            found.append(literal("\n".join(lines[:first]).strip()))
        if first < len(lines):
            found.append(f"```text\n{inspect.cleandoc(chr(10).join(lines[first:]))}\n```")
    return "\n\n".join(part for part in found if part)
