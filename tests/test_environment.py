"""The files that describe the environment say the same thing, and it is true here."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILES = ["pyproject.toml", "constraints.txt", "environment.yml", ".ci/run"]
FILES += [str(path.relative_to(ROOT)) for path in (ROOT / ".github").rglob("*.yml")]
# conda-forge's name -> the name that pip knows
CONDA_NAMES = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def requirements(*extras):
    """Requirements of the package and of `extras`, those inside other extras included."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    groups = project["optional-dependencies"]
    found, waiting = {}, [*project["dependencies"], *(r for e in extras for r in groups[e])]
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name == project["name"]:
            waiting += [r for extra in requirement.extras for r in groups[extra]]
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def all_extras():
    return tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]


def constraints():
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def test_conda_lists_the_packages_of_the_project_with_the_same_bounds():
    *items, last = yaml.safe_load(read("environment.yml"))["dependencies"]
    assert last == {"pip": ["-e ."]}
    conda = {}
    for item in map(Requirement, items):
        conda[canonicalize_name(CONDA_NAMES.get(item.name, item.name))] = str(item.specifier)
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert conda.pop("python") == project["requires-python"]
    assert conda.pop("pip") == ""
    assert conda == {name: str(r.specifier) for name, r in requirements("test").items()}


def test_every_requirement_is_a_lower_bound():
    for requirement in requirements(*all_extras()).values():
        assert [part.operator for part in requirement.specifier] == [">="], str(requirement)


def test_every_constraint_is_one_exact_public_version():
    for constraint in constraints().values():
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(constraint.specifier)), str(constraint)
        assert constraint.url is None
        assert constraint.marker is None


def test_constraints_cover_all_requirements_and_accept_their_bounds():
    pinned = constraints()
    for name, requirement in requirements(*all_extras()).items():
        assert name in pinned, f"constraints.txt does not pin {name}"
        exact = str(pinned[name].specifier).removeprefix("==")
        assert requirement.specifier.contains(exact), f"{requirement} refuses {exact}"


def test_constraints_cover_what_the_requirements_bring_along():
    pinned, seen = constraints(), set()
    waiting = list(requirements("test"))
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    # What only some systems need is left to pip, as constraints.txt says; CUDA belongs to torch.
    left = re.compile(r"nvidia-|cuda-|triton|pywin|appnope|colorama|setuptools|async-timeout")
    assert {name for name in seen - set(pinned) if not left.match(name)} == set()


@pytest.mark.parametrize("name", sorted(requirements("test")))
def test_installed_version_is_within_the_bounds(name):
    requirement = requirements("test")[name]
    assert requirement.specifier.contains(version(name), prereleases=True), str(requirement)


def test_package_is_installed_from_this_folder():
    try:
        found = distribution("attnlib")
    except PackageNotFoundError:
        pytest.fail("attnlib is not installed: run `python3 course.py`")
    assert found.version == tomllib.loads(read("pyproject.toml"))["project"]["version"]


@pytest.mark.parametrize("name", FILES)
def test_no_host_and_no_path_of_a_machine(name):
    text = read(name)
    if name == "pyproject.toml":
        text = re.sub(r"#.*", "", text)
    assert not re.findall(r"\w+://\S+", text)
    assert not re.findall(r"(?<![\w.])/(?:home|root|Users|tmp|opt|mnt|srv|var|usr(?!/bin/env))\b", text)
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_ci_runs_the_command_of_the_readme():
    assert "python3 course.py test" in read("README.md")
    assert "python3 course.py test" in read(".ci/run")
    assert "run: python course.py test" in read(".github/workflows/test.yml")


def test_workflow_covers_three_systems_and_three_pythons():
    matrix = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


def test_constraints_say_the_same_as_what_is_installed_in_the_course_environment():
    conda = (Path(sys.prefix) / "conda-meta").exists()
    if conda or not (Path(sys.prefix) / "course-installed.txt").exists():
        pytest.skip("not an environment that course.py filled from constraints.txt")
    for name in requirements("test"):
        exact = str(constraints()[name].specifier).removeprefix("==")
        assert version(name).split("+")[0] == exact, name
