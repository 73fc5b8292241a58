"""attnlib as a whole: it imports in any order, brings nothing heavy, and its modules depend one way."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import attnlib

ROOT = Path(__file__).resolve().parent.parent
# A module may import those before it. A new module gets its place here, where its chapter is taught.
TEACHING_ORDER = ["reference", "shapes", "training", "dot_product", "masks", "scores", "multihead", "encoder"]
TEACHING_ORDER += ["positions", "relative_positions", "windows", "layers", "costs", "convolution", "relations"]
TEACHING_ORDER += ["memory", "efficient", "decoding", "approximations", "ring", "pretrained", "flow", "tasks"]
BESIDE = ["plots", "check"]  # these import the library; the library knows nothing of them
HEAVY = ["matplotlib", "ipywidgets", "sklearn", "networkx", "IPython", "transformers", "sympy"]


def submodules(package):
    """The names of all modules inside a package, in alphabetical order."""
    return [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]


def python(source, *arguments):
    """Run a program in a fresh interpreter; what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# ------------------------------------------------------------------------------------------------ import it all

IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
import attnlib
print(*[name for name in attnlib.__all__ if callable(getattr(attnlib, name))])
print(type(attnlib.check).__name__, callable(attnlib.check.check), callable(attnlib.plots.heatmap))
"""


@pytest.mark.parametrize("step", [1, -1], ids=["forwards", "backwards"])
def test_every_module_imports_and_hides_no_function(step):
    names = submodules(attnlib)[::step]
    assert {"attnlib.dot_product", "attnlib.plots.base", "attnlib.check.verbs"} < set(names)
    functions, kinds = python(IMPORT_ALL, *names).splitlines()
    assert functions.split() == [name for name in attnlib.__all__ if name not in (*BESIDE, "reference")]
    assert kinds == "module True True"


@pytest.mark.parametrize("package", ["attnlib", "attnlib.plots", "attnlib.check"])
def test_no_module_has_the_name_of_a_public_function(package):
    package = importlib.import_module(package)
    modules = {name.removeprefix(package.__name__ + ".") for name in submodules(package)}
    public = {name for name in package.__all__ if not inspect.ismodule(getattr(package, name))}
    assert public
    assert not public & modules


# ------------------------------------------------------------------------------------------------ what it brings

WHAT_CAME = """
import sys
import torch
before = set(sys.modules)
import attnlib
for name in sys.argv[1:]:
    getattr(attnlib, name)
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""


def test_importing_attnlib_loads_nothing_but_itself():
    came = python("import sys; before = set(sys.modules); import attnlib; print(*set(sys.modules) - before)").split()
    assert "attnlib" in came
    assert not {"torch", "numpy", *HEAVY} & set(came)
    assert not [name for name in came if name.startswith("attnlib.")]


def test_using_the_library_brings_nothing_heavy_beyond_torch():
    names = [name for name in attnlib.__all__ if name not in BESIDE]
    came = set(python(WHAT_CAME, *names).split())
    assert {"attnlib", "tqdm"} <= came
    assert not came & set(HEAVY)


def test_the_first_attention_loads_nothing_heavy():
    source = "import sys, torch, attnlib; x = torch.eye(3); attnlib.attention(x, x, x); print(*sys.modules)"
    assert not {*HEAVY} & set(python(source).split())


# --------------------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize("name", attnlib.__all__)
def test_every_public_name_is_there_and_described(name):
    thing = getattr(attnlib, name)
    assert name in dir(attnlib)
    assert inspect.getdoc(thing)
    if inspect.isfunction(thing):
        assert "**Shapes**" in thing.__doc__
        assert thing.__name__ == name


@pytest.mark.parametrize("name", [name for name in TEACHING_ORDER if (ROOT / f"attnlib/{name}.py").exists()])
def test_every_public_function_and_class_of_a_module_tells_its_shapes(name):
    module = importlib.import_module(f"attnlib.{name}")
    things = {
        name: thing
        for name, thing in inspect.getmembers(module)
        if getattr(thing, "__module__", "") == module.__name__ and not name.startswith("_")
        if inspect.isfunction(thing) or (inspect.isclass(thing) and name in attnlib._HOME)
    }
    assert things
    silent = {name for name, thing in things.items() if "**Shapes**" not in (thing.__doc__ or "")}
    assert silent <= {"must_be_floating", "ShapeError"}  # which have to do with tensors of any shape


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match="module 'attnlib' has no attribute 'attenton'"):
        _ = attnlib.attenton


# ---------------------------------------------------------------------------------------------- arrows point one way


def library_files():
    """{name: its files} of all modules of the library; a package counts as one module."""
    names = [
        path.stem for path in (ROOT / "attnlib").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    files = {name: sorted((ROOT / "attnlib").glob(f"{name}.py")) for name in names}
    files = {name: found or sorted((ROOT / "attnlib" / name).glob("*.py")) for name, found in files.items()}
    return {name: found for name, found in files.items() if name not in ("__init__", *BESIDE)}


def source_of(name):
    return "\n".join(file.read_text(encoding="utf-8") for file in library_files()[name])


def imported_by(source):
    """The modules of attnlib, without the `attnlib.`, that a program imports at any place."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("attnlib") for alias in node.names if alias.name.startswith("attnlib")}
        elif isinstance(node, ast.ImportFrom) and node.module == "attnlib":
            found |= {f".{attnlib._HOME.get(alias.name, alias.name)}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("attnlib."):
            found.add(node.module.removeprefix("attnlib"))
    return {name.removeprefix(".").partition(".")[0] for name in found}


def test_the_import_finder_finds_imports_of_every_form():
    source = (
        "import attnlib.masks\nfrom attnlib import attention, plots\ndef f():\n    from attnlib.check.verbs import g"
    )
    assert imported_by(source) == {"masks", "dot_product", "plots", "check"}
    assert imported_by("import attnlib, torch") == {""}
    assert imported_by(source_of("dot_product")) == {"shapes"}


def test_every_module_has_its_place_in_the_teaching_order():
    assert {"reference", "shapes", "training", "dot_product", "masks"} <= set(library_files()) <= set(TEACHING_ORDER)


@pytest.mark.parametrize("name", library_files())
def test_a_module_imports_only_what_was_taught_before(name):
    taught = TEACHING_ORDER[: TEACHING_ORDER.index(name)]
    assert imported_by(source_of(name)) - {name} <= set(taught)
