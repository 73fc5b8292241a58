"""The one command of the course: make its environment, open it, test it.

    python3 course.py               open the course in JupyterLab
    python3 course.py test          pass every test
    python3 course.py --help        every word that it knows

Standard library only. The file must still be read by an old Python 3, which is told so in words.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "The course needs Python 3.11 or newer, this is {}.{}: install a newer one "
        "(python.org) and run it with that, for example `python3.13 course.py`.".format(*sys.version_info[:2])
    )

import argparse
import difflib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NEEDED_BYTES = 3 * 1024**3  # what the environment takes with the CPU build of torch, rounded up
LOG_NAME = "course-install.log"
STAMP_NAME = "course-installed.txt"
PYTHON_VERSION = "%d.%d" % sys.version_info[:2]


class Stop(Exception):
    """Something the reader must be told; the message says what to do."""


# --- the words ----------------------------------------------------------------------------------


def parser():
    """The command line: one word, its options, and for some words further arguments."""
    main = argparse.ArgumentParser(prog="course.py", description=__doc__.splitlines()[0])
    install = argparse.ArgumentParser(add_help=False)
    install.add_argument(
        "--cpu",
        action="store_true",
        default=os.environ.get("ATTN_TORCH") == "cpu",
        help="on Linux, install the small CPU build of torch (or set ATTN_TORCH=cpu); "
        "matters only when the environment is made",
    )
    words = main.add_subparsers(dest="word", metavar="WORD", title="words")

    def word(name, action, text):
        one = words.add_parser(name, help=text, description=text, parents=[install])
        one.set_defaults(action=action)
        return one

    lab = word("open", open_course, "open the course in JupyterLab (the word may be left out)")
    lab.epilog = "Further arguments go to JupyterLab, for example --no-browser or --port 9000."
    test = word("test", test_course, "pass every test")
    test.epilog = "Further arguments go to pytest, for example -x or tests/test_course.py."
    versions = test.add_mutually_exclusive_group()
    versions.add_argument(
        "--newest",
        action="store_true",
        help="test with the newest releases, in a second environment (.venv-newest)",
    )
    versions.add_argument(
        "--lowest",
        action="store_true",
        help="test with the lowest releases that pyproject.toml allows (.venv-lowest; several GB on Linux)",
    )
    test.add_argument(
        "--newest-torch",
        action="store_true",
        help="with --newest: the newest torch too (several GB on Linux)",
    )
    versions.add_argument(
        "--class",
        dest="teachers",
        action="store_true",
        help="test also what a class may use: Dask and nbgrader (.venv-class)",
    )
    run = word("run", run_notebooks, "run notebooks and store their outputs in canonical form")
    run.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="default: all of them")
    exercises = word("exercises", build_exercises, "rebuild exercises/ from solutions/")
    exercises.add_argument("--force", action="store_true", help="overwrite filled-in notebooks")
    book = word("book", build_book, "build the book from the stored notebooks and serve it on this machine")
    book.add_argument("--port", type=int, default=8000, help="where it is served (8000; 0: any free one)")
    book.add_argument("--build-only", action="store_true", help="do not serve it")
    lint = word("lint", lint_code, "check the style of the Python files")
    lint.add_argument("--fix", action="store_true", help="repair what can be repaired")
    return main


def parse(arguments):
    """Find the word and its options; what `open` and `test` do not know is passed on."""
    known = ["open", "test", "run", "exercises", "book", "lint"]
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help")):
        arguments = ["open", *arguments]
    word = arguments[0]
    if not word.startswith("-") and word not in known:
        close = difflib.get_close_matches(word, known, n=1)
        guess = f"did you mean `{close[0]}`?" if close else f"use one of {', '.join(known)}."
        raise Stop(f"course.py does not know the word `{word}`: {guess}")
    options, rest = parser().parse_known_args(arguments)
    if rest and word not in ("open", "test"):
        raise Stop(f"`course.py {word}` does not know `{rest[0]}`: see `course.py {word} --help`.")
    options.rest = rest
    return options


def open_course(options):
    python = environment(options)
    say("Opening JupyterLab; Ctrl-C twice in this window ends it.")
    return call(python, "-m", "jupyterlab", "notebooks/00_start_here.ipynb", *options.rest)


def test_course(options):
    warnings = []
    if options.lowest:
        python = lowest_environment(options)
        # Old releases use what newer ones below them are about to drop: a warning, and no fault of the course.
        warnings = ["-W", "default::DeprecationWarning"]
    elif options.teachers:
        python = class_environment(options)
    elif options.newest or options.newest_torch:
        python = newest_environment(options)
    else:
        python = environment(options)
    return call(python, "-m", "pytest", *warnings, *options.rest)


def run_notebooks(options):
    # Paths are given from where the reader stands, and the script runs at the root.
    notebooks = [os.path.abspath(path) for path in options.notebooks]
    return call(environment(options), os.path.join("tools", "notebooks.py"), *notebooks)


def build_exercises(options):
    force = ["--force"] if options.force else []
    return call(environment(options), "-m", "attnlib.check", "build", *force)


def build_book(options):
    serve = [] if options.build_only else ["--serve", "--port", str(options.port)]
    return call(environment(options), "-m", "book.build", *serve)


def lint_code(options):
    python = environment(options)
    check, write = (["--fix"], []) if options.fix else ([], ["--check"])
    found = call(python, "-m", "ruff", "check", *check, ".")
    return call(python, "-m", "ruff", "format", *write, ".") or found


# --- environments -------------------------------------------------------------------------------


def environment(options):
    """The Python of the environment to use: the active one, else .venv, made when needed."""
    if active_environment():
        folder, python = Path(sys.prefix), sys.executable
    else:
        folder = ROOT / ".venv"
        python = python_of(folder)
    stamp = folder / STAMP_NAME
    if Path(python).exists() and stamp.exists() and stamp.read_text() == fingerprint():
        return python
    if not active_environment():
        make_environment(folder, step="1/2")
    # What conda has installed satisfies the lower bounds; exact pins would replace it.
    pins = [] if os.environ.get("CONDA_PREFIX") == sys.prefix else ["-c", "constraints.txt"]
    install(folder, python, [*pins, "-e", ".[test,book]"], options, step="2/2")
    stamp.write_text(fingerprint())
    return python


def newest_environment(options):
    """The Python of .venv-newest, brought up to date; torch stays at the tested version."""
    tested = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [] if options.newest_torch else [line for line in tested if line.startswith("torch==")]
    return other_environment(".venv-newest", ["--upgrade", "--upgrade-strategy", "eager"], pins, options)


def lowest_environment(options):
    """The Python of .venv-lowest, where every package that pyproject.toml names stands at its lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [*project["dependencies"], *(need for extra in project["optional-dependencies"].values() for need in extra)]
    pins = [need.replace(">=", "==") for need in needs if ">=" in need]
    return other_environment(".venv-lowest", [], pins, options)


def class_environment(options):
    """The Python of .venv-class, with Dask and nbgrader, which would add itself to a reader's JupyterLab."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return other_environment(".venv-class", [], pins, options, extras="test,book,class")


def other_environment(name, how, pins, options, extras="test,book"):
    """The Python of a second environment, made or brought up to date with pip's options `how` and these pins."""
    folder = ROOT / name
    make_environment(folder, step="1/2")
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    install(folder, python_of(folder), [*how, "-c", str(constraints), "-e", f".[{extras}]"], options, step="2/2")
    return python_of(folder)


def active_environment():
    """Whether Python runs in a venv or a conda environment of the reader's (base is not one)."""
    conda = os.environ.get("CONDA_PREFIX") == sys.prefix
    base = os.environ.get("CONDA_DEFAULT_ENV") == "base"
    return sys.prefix != sys.base_prefix or (conda and not base)


def fingerprint():
    """Changes when the packages, this folder or Python change: then they are installed anew."""
    parts = [PYTHON_VERSION, str(ROOT)]
    parts += [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def python_of(folder):
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def make_environment(folder, step):
    """Make a virtual environment, or keep the one that is there and works."""
    if is_usable(folder):
        return
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise Stop(
                f"This Python has no module `{module}`: install it (on Debian and Ubuntu: "
                f"`sudo apt install python{PYTHON_VERSION}-venv`), then run this again."
            )
    require_space()
    say(f"{step}  Making the environment {folder.name} with Python {PYTHON_VERSION} ...")
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        output = (result.stdout + result.stderr).strip()
        print(output, file=sys.stderr)
        raise Stop(reason(output) or f"The environment {folder.name} could not be made (above).")


def is_usable(folder):
    """Whether the environment was made by this version of Python, to its end."""
    config = folder / "pyvenv.cfg"
    if not Path(python_of(folder)).exists() or not config.exists():
        return False
    found = re.search(r"^version\s*=\s*(\d+\.\d+)", config.read_text("utf-8"), re.MULTILINE)
    has_pip = subprocess.run([python_of(folder), "-m", "pip", "--version"], capture_output=True)
    return bool(found) and found[1] == PYTHON_VERSION and has_pip.returncode == 0


def require_space():
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise Stop(
            f"Too little disk space: {free / 1024**3:.1f} GB are free and the course needs "
            f"{NEEDED_BYTES / 1024**3:.0f} GB; make room, then run this again."
        )


def install(folder, python, arguments, options, step):
    """Install with pip, whose words go to a log; show one line that tells how far it is."""
    require_space()
    log = folder / LOG_NAME
    say(f"{step}  Installing the packages; the first time takes minutes (log: {log})")
    command = [python, "-m", "pip", "install", "--no-input", "--progress-bar", "off", *arguments]
    if options.cpu:
        command += ["--extra-index-url", CPU_INDEX]
    start = time.monotonic()
    try:
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        watch(process, log, start)
    except OSError as error:
        raise Stop(reason(str(error)) or f"pip could not be started: {error}.") from None
    if process.returncode:
        lines = log.read_text("utf-8", errors="replace").splitlines()
        noted = [line for line in lines if line and not line.startswith("WARNING")]
        print("\n".join(noted[-10:]), file=sys.stderr)
        message = f"pip could not install the packages: the reason is above and in {log}."
        raise Stop(reason("\n".join(noted)) or message)
    say(f"     Installed in {time.monotonic() - start:.0f} s.")


def watch(process, log, start):
    """Until pip ends, show the time and its current work: on one line, or every 20 s in a log."""
    terminal = sys.stdout.isatty()
    shown = 0.0
    while process.poll() is None:
        time.sleep(0.2)
        seconds = time.monotonic() - start
        if seconds - shown < (0.5 if terminal else 20):
            continue
        shown = seconds
        width = shutil.get_terminal_size().columns - 1
        line = f"     {seconds:4.0f} s  {current_work(log)}"
        print(f"\r{line[:width]:<{width}}" if terminal else line, end="" if terminal else "\n")
        sys.stdout.flush()
    if terminal:
        print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r")


def current_work(log):
    """The last thing that pip said it is doing."""
    text = log.read_text("utf-8", errors="replace")
    doing = re.findall(r"^\s*((?:Collecting|Downloading|Using cached|Installing) .*)$", text, re.M)
    if doing and doing[-1].startswith("Installing collected packages"):
        return f"Unpacking {doing[-1].count(',') + 1} packages"
    return doing[-1].split(" (")[0] if doing else "Looking for packages"


REASONS = (
    (
        r"No space left|Errno 28|not enough space",
        "The disk is full: make room (3 GB, several more for torch's CUDA build), then run this again.",
    ),
    (
        r"NewConnectionError|name resolution|getaddrinfo|ConnectTimeout|Connection (refused|reset)"
        r"|Network is unreachable|ProxyError|Read timed out|Max retries exceeded"
        r"|No matching distribution found",
        "pip could not reach or find a package: check the network connection, then run this again.",
    ),
    (
        r"ensurepip is not available|No module named '?ensurepip",
        "This Python cannot make environments: install its venv package (on Debian and Ubuntu: "
        f"`sudo apt install python{PYTHON_VERSION}-venv`), then run this again.",
    ),
    (
        r"Permission denied|Errno 13",
        f"No permission to write in {ROOT}: copy the course to a folder of yours and run it there.",
    ),
)


def reason(text):
    """What a failure means in plain words, or None."""
    return next((words for pattern, words in REASONS if re.search(pattern, text)), None)


# --- small things -------------------------------------------------------------------------------


def say(text):
    print(text, flush=True)


def call(python, *arguments):
    """Run a program at the root of the course and return its exit code; it handles Ctrl-C."""
    process = subprocess.Popen([python, *arguments], cwd=ROOT)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def main(arguments=None):
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        return options.action(options)
    except Stop as stop:
        print(stop, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    except OSError as error:
        print(reason(str(error)) or f"That did not work: {error}.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
