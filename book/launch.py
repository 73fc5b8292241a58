"""Where a page can be run: the buttons appear once the repository has an address.

The address stands in one place, `[project.urls]` in pyproject.toml:

    [project.urls]
    Repository = "https://github.com/NAME/COURSE"

Colab opens notebooks from a repository alone, so the pages are to be published on its branch `gh-pages`.
"""

import copy
import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BRANCH, PAGES_BRANCH = "main", "gh-pages"
BINDER, COLAB = "https://mybinder.org", "https://colab.research.google.com"
GITHUB = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
LAB_INSTALL = "# The library of the course, for a JupyterLab of yours that does not have it yet."
COLAB_INSTALL = "# The library of the course; what it needs, Colab has already."


def repository(root=ROOT):
    """Return the address of the repository, or None where pyproject.toml names none."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository", "")
    return address.rstrip("/").removesuffix(".git") or None


def theme_options(address):
    """What the theme has to know for its buttons: Lab by download, Binder and Colab."""
    if address is None:
        return {"use_download_button": False}
    if not on_github(address):
        return {"use_download_button": True}
    return {
        "use_download_button": True,
        "repository_url": address,
        "repository_branch": BRANCH,
        "launch_buttons": {"binderhub_url": BINDER, "colab_url": COLAB, "notebook_interface": "jupyterlab"},
    }


def links(address, page):
    """Return what leads from a page such as notebooks/01_vectors to Colab and Binder, by name."""
    if address is None or not on_github(address):
        return {}
    name = address.removeprefix("https://github.com/")
    return {
        "Colab": f"{COLAB}/github/{name}/blob/{PAGES_BRANCH}/colab/{page}.ipynb",
        "Binder": f"{BINDER}/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/{page}.ipynb",
    }


def point_to_colab(address, page, header_buttons):
    """Lead the theme's Colab button to the notebook that installs attnlib first."""
    colab = links(address, page).get("Colab")
    for button in (button for group in header_buttons for button in group.get("buttons", ())):
        if colab and button["text"] == "Colab":
            button["url"] = colab


def write_notebooks(address, notebooks, pages):
    """Put what the buttons give into the built pages: notebooks whose first cell installs attnlib."""
    if address is None:
        return
    for page, path in notebooks.items():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        _write(pages / f"_sources/{page}.ipynb", with_install(notebook, LAB_INSTALL, f'"{_package(address)}"'))
        _write(pages / f"colab/{page}.ipynb", with_install(notebook, COLAB_INSTALL, f'--no-deps "{_package(address)}"'))


def with_install(notebook, comment, package):
    """Return the notebook with a first cell that installs a package."""
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "install-attnlib",
        "metadata": {},
        "outputs": [],
        "source": f"{comment}\n%pip install --quiet {package}",
    }
    return copy.deepcopy(notebook) | {"cells": [cell, *copy.deepcopy(notebook["cells"])]}


def on_github(address):
    """Whether Colab and Binder can read from there."""
    return GITHUB.fullmatch(address) is not None


def _package(address):
    return f"attnlib @ git+{address}"


def _write(path, notebook):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
