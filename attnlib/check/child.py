"""The student's side of the grader: run the cells, call the functions, send back what came out.

Nothing else of ``attnlib.check`` is loaded beside the student's code: no spec, no right answer, no verdict. Whatever
a student overwrites here, the grader compares elsewhere. The file ``start_child.py`` is the program that gets here.
"""

import ast
import inspect
import linecache
import os
import signal
import sys
import traceback
import types
import warnings

if __package__:
    from attnlib.check import isolation, wire
else:  # beside a student's code there is no package
    import isolation
    import wire


class Remote:
    """A function of the grader's that a probe hands over: it runs over there."""

    def __init__(self, name, says, line):
        self.name, self.says, self.line = name, says, line

    def __call__(self, *arguments):
        wire.send(self.line[1], {"ask": self.name, "arguments": [wire.encode(one) for one in arguments]})
        answer = wire.receive(self.line[0])
        if "error" in answer:
            raise getattr(__import__("builtins"), answer["error"], RuntimeError)(answer["says"])
        return wire.decode(answer["value"])

    def __repr__(self):
        return self.says


class Counted:
    """A place to print to that only counts."""

    count, encoding = 0, "utf-8"

    def write(self, text):
        self.count += len(text)
        return len(text)

    def flush(self):
        """There is nothing to flush."""

    def isatty(self):
        return False


def run_cells(cells, skip, namespace, tell):
    """Run imports, definitions and assignments, statement by statement; return [cell, words] for what failed."""
    problems = []
    for number, source in enumerate(cells):
        if number in skip:
            continue
        tell(number)
        name = f"<cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            statements = ast.parse(source, name).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            problems.append([number, _words(error)])
            continue
        for statement in statements:
            if not _is_demo(statement):
                try:
                    exec(compile(ast.Module([statement], []), name, "exec"), namespace)
                except BaseException as error:
                    problems.append([number, _words(error)])
    return problems


def _is_demo(statement):
    """Tell ``check(f)``, ``print(...)`` and ``if check(f): ...`` from what defines something."""
    called = statement.test if isinstance(statement, ast.If) else None
    asks = isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "check"
    return asks or isinstance(statement, ast.Expr)


def call(function, arguments, line):
    """Call a student's function and return a message that says what happened."""
    given = {name: wire.decode(one, lambda content: Remote(*content, line)) for name, one in arguments.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = {"value": wire.encode(function(*given.values()))}
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename.startswith("<cell ")]
        answer = {
            "error": [kind.__name__ for kind in type(error).__mro__],
            "says": _words(error, named=False),
            "line": own[-1].line or "" if own else "",
            "where": frames[-1].name,
        }
    answer["after"] = {name: wire.encode(one) for name, one in given.items() if not callable(one)}
    return answer


def misfit(function, names):
    """Return "" where a function takes these arguments, else how it is defined."""
    try:
        inspect.signature(function).bind(*names)
    except TypeError:
        return str(inspect.signature(function))[:200]
    except ValueError:  # a built-in without a signature: let it run
        return ""
    return ""


def _words(error, named=True):
    try:
        text = str(error)[:400]
    except Exception:
        text = "an error without words"
    return f"{type(error).__name__}: {text}" if named else text


def serve(line, settings):
    """Shut this process in, then do what the grader asks until it hangs up."""
    os.environ.clear()
    folder = settings["folder"]
    os.environ.update(HOME=folder, TMPDIR=folder, MPLCONFIGDIR=folder, MPLBACKEND="agg", PATH="/usr/bin:/bin")
    os.chdir(folder)
    for module in settings["forbidden"]:
        sys.modules[module] = None
    sys.modules["attnlib.check"] = _bystander()
    isolation.limit(settings["memory"])
    missing = isolation.wall_in(folder, settings["hidden"]) if settings["walls"] else "it was switched off"
    sys.stdout = sys.stderr = Counted()
    wire.send(line[1], {"missing": missing})
    notebook = types.ModuleType("__main__")
    sys.modules["__main__"] = notebook
    while True:
        order = wire.receive(line[0])
        _ring_after(order["seconds"])
        sys.stdout.count = 0
        answer = _obey(order, vars(notebook), line)
        _ring_after(0)
        wire.send(line[1], answer | {"printed": sys.stdout.count})


def _obey(order, namespace, line):
    if "cells" in order:
        problems = run_cells(order["cells"], order["skip"], namespace, lambda n: wire.send(line[1], {"cell": n}))
        return {"problems": problems, "names": [name for name, one in namespace.items() if _is_own(one)]}
    function = namespace.get(order["name"])
    if not callable(function):
        return {"absent": True}
    if "arguments" not in order:
        return {"defined": misfit(function, order["names"])}
    return call(function, order["arguments"], line)


def _is_own(one):
    return inspect.isfunction(one) and one.__code__.co_filename.startswith("<cell ")


def _ring_after(seconds):
    """End this process after so much processor time; the grader waits a few times as long by the clock."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _bystander():
    """Return what stands in for ``attnlib.check``: its words are there, and do nothing."""
    module = types.ModuleType("attnlib.check")
    module.__path__ = []
    for name in ("check", "hint", "progress"):
        setattr(module, name, lambda *_: None)
    module.CheckFailed = AssertionError
    return module
