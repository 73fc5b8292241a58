"""One JupyterLab and one browser for all tests here; they are skipped where there is none."""

import pytest

from tests.browser import lab

# Two tools, not tests: one is imported above, the other is a script.
collect_ignore = ["lab.py", "look.py"]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A JupyterLab over a copy of the course."""
    pytest.importorskip("playwright", reason="needs the extra `browser`: pip install -e .[browser]")
    if lab.chromium_path() is None:
        pytest.skip("needs Chromium: no `chromium` or `chromium-browser` on the PATH")
    scratch = tmp_path_factory.mktemp("lab")
    with lab.serve(lab.course_copy(scratch / "course"), scratch) as server:
        yield server


@pytest.fixture(scope="session")
def page(server):
    with lab.browse() as page:
        yield page


@pytest.fixture(scope="module")
def open_notebook(page, server):
    """A function that opens a notebook. The kernel of the one before ends: they take memory."""
    opened = []

    def open_one(path):
        end_kernels(opened)
        page.complaints.clear()
        opened.append(lab.Notebook(page, server, path))
        return opened[-1]

    yield open_one
    end_kernels(opened)


def end_kernels(notebooks):
    while notebooks:
        notebooks.pop().end_kernel()
