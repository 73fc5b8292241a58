"""course.py makes the environment, and says in one sentence what to do when it cannot."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORDS = ["open", "test", "run", "exercises", "book", "lint"]


@pytest.fixture
def copy(tmp_path):
    """A folder with all that course.py reads; the real environment stays out of reach."""
    for name in ("course.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def course(copy):
    """course.py as a module whose ROOT is the copy."""
    spec = importlib.util.spec_from_file_location("course_copy", copy / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(folder, *arguments, before="", **variables):
    """Run course.py in a bare Python, as a reader does; `before` fakes a defect of the machine."""
    code = f"import sys, runpy; sys.argv[0] = 'course.py'; {before}\n"
    code += "runpy.run_path('course.py', run_name='__main__')"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "CONDA_"))}
    # The interpreter that made the environment of this test run: outside of any environment.
    return subprocess.run(
        [bare_python(), "-c", code, *arguments],
        cwd=folder,
        env={**environment, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def bare_python():
    return getattr(sys, "_base_executable", sys.executable)


def assert_one_sentence(result, *words):
    """It failed with a last line that says `words`, and without a traceback."""
    assert result.returncode == 1
    said = result.stderr.strip()
    assert "Traceback" not in said + result.stdout
    last = said.splitlines()[-1]
    assert last.endswith((".", "?"))
    for word in words:
        assert word in last, said


def test_unknown_word_is_named_with_the_nearest_known_one(copy):
    result = run(copy, "tset")
    assert_one_sentence(result, "`tset`", "`test`")
    assert len(result.stderr.splitlines()) == 1


def test_unknown_word_without_a_neighbour_lists_the_words(copy):
    assert_one_sentence(run(copy, "zzz"), *WORDS)


def test_unknown_option_is_named(copy):
    assert_one_sentence(run(copy, "lint", "--quick"), "`--quick`", "lint --help")


def test_old_python_is_told_which_one_is_needed(copy):
    result = run(copy, before="sys.version_info = (3, 8, 0, 'final', 0)")
    assert_one_sentence(result, "3.11", "3.8")
    assert len(result.stderr.splitlines()) == 1


def test_old_python_can_read_the_file():
    ast.parse((ROOT / "course.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_missing_module_is_named_with_the_package_that_brings_it(copy, module):
    assert_one_sentence(run(copy, before=f"sys.modules[{module!r}] = None"), module, "-venv")
    assert not (copy / ".venv").exists()


def test_full_disk_says_how_much_is_needed(copy):
    fake = "import shutil; shutil.disk_usage = lambda p: type('Usage', (), {'free': 5 * 10**8})"
    assert_one_sentence(run(copy, "test", before=fake), "0.5 GB", "3 GB")


def test_pip_without_a_network_shows_its_last_lines_then_one_sentence(copy):
    result = run(copy, "test", PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert_one_sentence(result, "network")
    assert re.search("^1/2 .*\n2/2 ", result.stdout)
    assert "No matching distribution" in result.stderr
    assert (copy / ".venv" / "course-install.log").exists()
    assert not (copy / ".venv" / "course-installed.txt").exists()


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError: Failed to establish a new connection", "network"),
        ("The virtual environment was not created: ensurepip is not available", "venv package"),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "permission"),
    ],
)
def test_known_failures_are_put_in_plain_words(course, said, word):
    assert word in course.reason(said)


def test_unknown_failures_are_not_explained_away(course):
    assert course.reason("error: metadata-generation-failed") is None


@pytest.mark.parametrize("word", WORDS)
def test_every_word_has_help(copy, word):
    result = run(copy, word, "--help")
    assert result.returncode == 0
    assert f"course.py {word}" in result.stdout
    assert word in run(copy, "--help").stdout


def test_every_word_and_option_of_the_documents_exists(course):
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        lines = re.findall(r"python3? course\.py([^`\n#,]*)", text)
        assert lines, name
        for line in lines:
            options = line.split()
            if options != ["--help"]:
                assert course.parse(options).rest == [], line


def test_words_of_pytest_and_jupyter_are_passed_on(course):
    assert course.parse(["test", "-x", "-k", "a or b"]).rest == ["-x", "-k", "a or b"]
    assert course.parse(["--no-browser"]).rest == ["--no-browser"]
    assert course.parse(["--no-browser"]).word == "open"
    assert course.parse(["test", "--newest", "-q"]).newest


def test_cpu_build_is_an_option_and_a_variable_and_not_the_default(course, monkeypatch):
    monkeypatch.delenv("ATTN_TORCH", raising=False)
    assert not course.parse([]).cpu
    assert course.parse(["--cpu"]).cpu
    monkeypatch.setenv("ATTN_TORCH", "cpu")
    assert course.parse(["test"]).cpu


@pytest.fixture
def recorded(course, monkeypatch):
    """Every installation is noted instead of made."""
    calls = []

    def install(folder, python, arguments, options, step):
        calls.append(arguments)

    def make_environment(folder, step):
        Path(course.python_of(folder)).parent.mkdir(parents=True, exist_ok=True)
        Path(course.python_of(folder)).touch()

    monkeypatch.setattr(course, "install", install)
    monkeypatch.setattr(course, "make_environment", make_environment)
    monkeypatch.setattr(course, "active_environment", lambda: False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    return calls


def test_packages_are_installed_once_and_again_when_their_list_changes(course, copy, recorded):
    options = course.parse([])
    course.environment(options)
    course.environment(options)
    assert recorded == [["-c", "constraints.txt", "-e", ".[test,book]"]]
    with open(copy / "constraints.txt", "a") as file:
        file.write("# one more\n")
    course.environment(options)
    assert len(recorded) == 2


def test_an_interrupted_installation_is_taken_up_again(course, recorded, monkeypatch):
    good = course.install

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(course, "install", interrupted)
    assert course.main(["lint"]) == 130
    monkeypatch.setattr(course, "install", good)
    course.environment(course.parse(["lint"]))
    assert len(recorded) == 1


def test_newest_releases_leave_torch_where_it_was_tested(course, copy, recorded):
    pin = re.search("^torch==.*", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[0]
    course.newest_environment(course.parse(["test", "--newest"]))
    assert (copy / ".venv-newest" / "constraints.txt").read_text().splitlines() == [pin]
    assert "--upgrade" in recorded[0]
    course.newest_environment(course.parse(["test", "--newest-torch"]))
    assert (copy / ".venv-newest" / "constraints.txt").read_text().split() == []


def test_lowest_releases_are_the_bounds_of_pyproject(course, copy, recorded):
    bounds = re.findall(r'"([\w-]+>=[\w.]+)"', (ROOT / "pyproject.toml").read_text().partition("[project]")[2])
    course.lowest_environment(course.parse(["test", "--lowest"]))
    pins = (copy / ".venv-lowest" / "constraints.txt").read_text().split()
    assert pins == [bound.replace(">=", "==") for bound in bounds]
    assert {"torch", "nbval", "distributed"} < {pin.partition("==")[0] for pin in pins}
    assert "--upgrade" not in recorded[0]


def test_the_active_environment_is_used_but_conda_base_is_not(course, monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.delenv("CONDA_DEFAULT_ENV", raising=False)
    assert not course.active_environment()
    monkeypatch.setenv("CONDA_PREFIX", sys.prefix)
    assert course.active_environment()
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "base")
    assert not course.active_environment()
    monkeypatch.setattr(sys, "base_prefix", "elsewhere")
    assert course.active_environment()


def test_exit_code_of_the_tests_is_passed_on(course):
    assert course.call(sys.executable, "-c", "raise SystemExit(5)") == 5
