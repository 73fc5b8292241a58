"""The book: built once, with warnings as errors, then read without a browser."""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("myst_nb", reason="needs the extra `book`: pip install -e .[book]")

from bs4 import BeautifulSoup

from attnlib.check.contents import CHAPTERS
from book import build, chapters, checks, launch, listings, modules
from book.words import literal

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("attnlib", "book", "notebooks", "solutions", "exercises", "tests/answers", "pyproject.toml")
ADDRESS = "https://github.com/someone/some-course"
MEGABYTE = 1024**2
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "audio": "src", "video": "src"}
LOADED |= {"embed": "src", "object": "data"}
STYLE_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)")
DATA = re.compile(r"(?<=[\"'])data:[^\"']+")  # pictures inside a page: long, and not from elsewhere
RAW_TEX = re.compile(r"\$[^$\n]+\$|\\[(\[]|\\begin\b|\\[a-z]{3,}")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course whose repository has no address."""
    course = tmp_path_factory.mktemp("book") / "course"
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, course / part, ignore=ignore)
        else:
            shutil.copy(ROOT / part, course / part)
    settings = (course / "pyproject.toml").read_text(encoding="utf-8")
    (course / "pyproject.toml").write_text(re.sub(r"\n\[project\.urls\]\n(?:[^\[\n].*\n|\n)*", "\n", settings))
    return course


@pytest.fixture(scope="module")
def pages(course):
    """The folder of the built pages, and what stands in each."""
    return Pages(built(course, "plain"))


@pytest.fixture(scope="module")
def pages_with_address(course, pages):
    """The same, after the repository was given an address, in the one place."""
    settings = course / "pyproject.toml"
    with settings.open("a", encoding="utf-8") as file:
        file.write(f'\n[project.urls]\nRepository = "{ADDRESS}"\n')
    shutil.copytree(course / "plain", course / "launched")
    return Pages(built(course, "launched"))


def built(course, out):
    command = [sys.executable, "-m", "book.build", "--out", out]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return course / out / "html"


class Pages(dict):
    """{path inside the folder: parsed page}, read when first asked for."""

    def __init__(self, folder):
        self.folder = folder
        super().__init__((path.relative_to(folder).as_posix(), None) for path in sorted(folder.rglob("*.html")))
        for name in [name for name in self if name.startswith("_static/")]:
            del self[name]  # pieces of the theme, no pages

    def __getitem__(self, name):
        if super().__getitem__(name) is None:
            text = (self.folder / name).read_text(encoding="utf-8")
            self[name] = BeautifulSoup(DATA.sub("data:", text), "html.parser")
        return super().__getitem__(name)

    def items(self):
        return [(name, self[name]) for name in self]


def notebook(path):
    return json.loads(path.read_text(encoding="utf-8"))


def texts(path):
    return "\n\n".join("".join(cell["source"]) for cell in notebook(path)["cells"] if cell["cell_type"] == "markdown")


def on_disk(folder, page, address):
    """Where an address inside a page leads: (path, anchor)."""
    path, _, anchor = address.partition("#")
    target = (folder / page).parent / unquote(path.partition("?")[0]) if path else folder / page
    return target.resolve(), unquote(anchor)


# --- the pages: nothing from elsewhere ----------------------------------------------------------


def test_warnings_are_errors_and_every_reference_is_looked_up():
    assert {"-n", "-W"} <= set(build.SPHINX)


def test_no_script_style_image_or_font_comes_from_elsewhere(pages):
    external = []
    for name, page in pages.items():
        for address in loaded(page):
            if address.startswith("data:"):
                continue
            if ":" in address or address.startswith("//"):
                external.append((name, address))
            else:
                assert on_disk(pages.folder, name, address)[0].is_file(), f"{name}: {address}"
    for path in pages.folder.rglob("*.css"):
        for address in style_urls(path.read_text(encoding="utf-8")):
            if ":" in address or address.startswith("//"):
                external.append((path.name, address))
            else:
                assert on_disk(path.parent, path.name, address)[0].is_file(), f"{path.name}: {address}"
    assert external == []


def loaded(page):
    """The addresses that a browser asks for to show a page."""
    for tag, attribute in LOADED.items():
        yield from (element[attribute] for element in page.find_all(tag) if element.get(attribute))
    for element in page.find_all("link", href=True):
        if not {"next", "prev", "index", "search", "author"} & set(element["rel"]):
            yield element["href"]
    for element in page.find_all(srcset=True):
        yield from (part.split()[0] for part in element["srcset"].split(","))
    for text in [
        *(style.get_text() for style in page.find_all("style")),
        *(e["style"] for e in page.find_all(style=True)),
    ]:
        yield from style_urls(text)


def style_urls(text):
    urls = [first or second for first, second in STYLE_URL.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))]
    return [url for url in urls if not url.startswith("data:")]


def test_no_widget_manager_is_loaded(pages):
    for name, page in pages.items():
        for script in page.find_all("script"):
            words = script.get("src", "") + script.get("type", "") + script.get_text()
            assert not re.search(r"widget-(view|state)|html-manager|jupyter-widgets|require(\.min)?\.js", words), name


def test_the_book_is_small(pages):
    sizes = {path: path.stat().st_size for path in pages.folder.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 30 * MEGABYTE
    assert sizes[pages.folder / "notebooks/01_vectors.html"] < 2 * MEGABYTE


# --- the pages: all is there, and leads somewhere -----------------------------------------------


def test_every_link_and_anchor_inside_leads_somewhere(pages):
    anchors = {name: {element["id"] for element in page.find_all(id=True)} for name, page in pages.items()}
    broken = []
    for name, page in pages.items():
        for link in page.find_all("a", href=True):
            if re.match(r"[a-z]+:", link["href"]):
                continue
            path, anchor = on_disk(pages.folder, name, link["href"])
            known = anchors.get(path.relative_to(pages.folder.resolve()).as_posix(), set())
            if not path.is_file() or (anchor and anchor not in known):
                broken.append((name, link["href"]))
    assert broken == []


def test_every_image_says_what_is_to_be_seen(pages):
    images = [(name, image) for name, page in pages.items() for image in page.find_all("img")]
    assert len(images) > 3 * len(CHAPTERS)
    for name, image in images:
        alt = image.get("alt", "")
        assert len(alt.split()) >= 5, f"{name}: {alt!r}"
        assert not re.search(r"\.(png|svg|jpe?g)\b", alt), f"{name}: {alt!r}"


def test_no_formula_stands_outside_of_a_math_element(pages):
    for name, page in pages.items():
        article = page.find("article") or page
        apart = {id(element) for element in article.select(".math, pre, code, script, style")}
        strings = article.find_all(string=True)
        texts = [text for text in strings if apart.isdisjoint(map(id, text.parents))]
        assert RAW_TEX.findall("".join(texts)) == [], name


def test_every_claim_is_listed_with_a_link_to_itself(pages):
    claims = {number for one in CHAPTERS for number in re.findall(r"^\*\*Claim ([\d.]+)\.\*\*", prose_of(one), re.M)}
    links = pages["claims.html"].find("article").select("li > p > a.reference, li > a.reference")
    assert sorted(link.get_text() for link in links) == sorted(f"Claim {number}" for number in claims)
    for link in links:
        path, anchor = on_disk(pages.folder, "claims.html", link["href"])
        target = pages[path.relative_to(pages.folder.resolve()).as_posix()].find(id=anchor)
        assert target.get_text().startswith(f"{link.get_text()}."), link["href"]


def prose_of(chapter):
    return texts(ROOT / f"notebooks/{chapter.slug}.ipynb")


def test_every_figure_is_listed_by_what_is_to_be_seen(pages):
    listed = " ".join(pages["figures.html"].find("article").get_text().split())
    for one in CHAPTERS:
        for image in pages[f"notebooks/{one.slug}.html"].find("article").find_all("img"):
            words = re.sub(r"[\W_]+", " ", image["alt"]).strip()
            assert words in re.sub(r"[\W_]+", " ", listed), image["alt"]


def test_the_pages_follow_the_contents(pages):
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in pages["index.html"].select("article tr")]
    assert [row[:2] for row in rows if row] == [[f"{one.number} · {one.title}", str(one.minutes)] for one in CHAPTERS]
    sidebar = [link["href"] for link in pages["index.html"].select(".bd-sidebar-primary li a.reference")]
    assert [path for path in sidebar if path.startswith("notebooks/")] == [f"notebooks/{o.slug}.html" for o in CHAPTERS]
    for one in CHAPTERS:
        title = pages[f"notebooks/{one.slug}.html"].find("h1").get_text()
        assert title.startswith(f"{one.number} · {one.title}")


def test_answers_are_folded(pages):
    for one in CHAPTERS:
        solutions = ROOT / f"solutions/{one.slug}.ipynb"
        if not solutions.exists():
            continue
        page = BeautifulSoup(str(pages[f"exercises/{one.slug}.html"].find("article")), "html.parser")
        answers = [cell for cell in notebook(solutions)["cells"] if "### BEGIN SOLUTION" in "".join(cell["source"])]
        folds = [fold for fold in page.find_all("details") if fold.find("summary").get_text() == "An answer"]
        assert len(folds) == len(answers) > 0
        for fold, cell in zip(folds, answers, strict=True):
            assert not fold.has_attr("open")
            answer = re.search(r"### BEGIN SOLUTION\n(.*?) *### END", "".join(cell["source"]), re.DOTALL)[1]
            assert "".join(answer.split()) in "".join(fold.get_text().split())
        for fold in page.find_all("details"):
            fold.decompose()
        assert page.get_text().count("raise NotImplementedError") == len(answers)
        assert "SOLUTION" not in page.get_text()


def test_every_public_name_of_the_library_has_its_entry(pages):
    import attnlib

    anchors = {element["id"] for element in pages["library.html"].find_all(id=True)}
    anchors |= {element["id"] for element in pages["plots.html"].find_all(id=True)}
    for name in attnlib._HOME:
        assert f"api-{name}".replace("_", "-").lower() in anchors
    for name in ("check-check", "reference-softmax", "plots-head-view"):
        assert f"api-{name}" in anchors


def test_a_control_shows_its_picture_and_says_how_to_run_it(pages):
    notes = [note for name, page in pages.items() if name.startswith("notebooks/") for note in page.select("p.still")]
    assert notes
    for note in notes:
        assert note.find_previous_sibling(["div", "img"]).find_all("img") or note.find_previous_sibling("img")
        assert "open this chapter in JupyterLab." in note.get_text()


# --- papers -------------------------------------------------------------------------------------

NAME = r"(?:(?:van|von|der|de|Le|La|Van) )*[A-Z][\w’'-]*\w"
CITED = re.compile(rf"({NAME})(?: et al\.|(?:, {NAME})*,? and {NAME})?,? \(?((?:19|20)\d\d)\b")


def test_every_paper_that_is_named_has_its_entry_and_no_entry_is_without_use():
    written = [texts(path) for folder in ("notebooks", "solutions") for path in (ROOT / folder).glob("*.ipynb")]
    written += [path.read_text(encoding="utf-8") for path in (ROOT / "attnlib").rglob("*.py")]
    named = {pair for text in written for pair in CITED.findall(" ".join(text.split()))}
    assert named == entries()


def entries():
    """The first author's family name and the year of every entry."""
    source = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    found = re.findall(r"author = \{([^,}]+).*?year = \{(\d{4})\}", source, re.DOTALL)
    assert len(found) == len(set(found)) == source.count("\n@") + 1
    return set(found)


# --- the address of the repository --------------------------------------------------------------


def test_without_an_address_no_page_offers_to_run_elsewhere(pages):
    for name, page in pages.items():
        assert not page.find("a", href=re.compile("colab|binder|_sources")), name
    assert not (pages.folder / "colab").exists()
    assert not [path for path in (pages.folder / "_sources").rglob("*") if path.is_file()]


def test_with_an_address_every_notebook_can_be_taken_and_launched(pages_with_address):
    for folder in ("notebooks", "exercises"):
        for path in (pages_with_address.folder / folder).glob("*.html"):
            page, name = pages_with_address[f"{folder}/{path.name}"], f"{folder}/{path.stem}"
            header = [link["href"] for link in page.select(".article-header-buttons a")]
            assert f"../_sources/{name}.ipynb" in header
            assert (
                f"https://colab.research.google.com/github/someone/some-course/blob/gh-pages/colab/{name}.ipynb"
                in header
            )
            assert f"https://mybinder.org/v2/gh/someone/some-course/main?urlpath=lab/tree/{name}.ipynb" in header


def test_what_is_given_away_installs_the_library_and_is_the_stored_notebook(pages_with_address):
    for one in CHAPTERS:
        stored = notebook(ROOT / f"notebooks/{one.slug}.ipynb")["cells"]
        for place in ("colab", "_sources"):
            first, *rest = notebook(pages_with_address.folder / f"{place}/notebooks/{one.slug}.ipynb")["cells"]
            assert f"attnlib @ git+{ADDRESS}" in first["source"]
            assert rest == stored


def test_with_an_address_a_control_says_where_it_moves(pages_with_address):
    notes = pages_with_address["notebooks/01_vectors.html"].select("p.still")
    assert notes
    for note in notes:
        assert [link.get_text() for link in note.find_all("a")] == ["Colab", "Binder"]


def test_an_address_elsewhere_than_github_gives_the_download_alone():
    assert launch.theme_options("https://codeberg.org/someone/course") == {"use_download_button": True}
    assert launch.links("https://codeberg.org/someone/course", "notebooks/01_vectors") == {}


def test_the_address_is_read_without_its_ending(tmp_path):
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n[project.urls]\nRepository = "{ADDRESS}.git"\n')
    assert launch.repository(tmp_path) == ADDRESS


# --- from notebook to page ----------------------------------------------------------------------


def stored(tmp_path, *cells, name="07_things.ipynb", **metadata):
    path = tmp_path / name
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def markdown(source):
    return {"cell_type": "markdown", "id": "text", "metadata": {}, "source": source}


def code(source, *outputs, **metadata):
    return {"cell_type": "code", "id": "code", "metadata": metadata, "source": source, "outputs": list(outputs)}


def shown(**data):
    return {"output_type": "display_data", "metadata": {}, "data": {k.replace("_", "/", 1): v for k, v in data.items()}}


def test_a_claim_gets_an_anchor_before_it(tmp_path):
    path = stored(tmp_path, markdown("First.\n\n**Claim 7.11.** It holds\nfor $n$.\n\nThen more."))
    page, claims, _ = chapters.chapter_page(path, {})
    assert claims == [("claim-7-11", "7.11", "It holds for $n$.")]
    assert page["cells"][0]["source"] == "First.\n\n(claim-7-11)=\n**Claim 7.11.** It holds\nfor $n$.\n\nThen more."


def test_a_link_to_a_heading_is_written_as_the_page_writes_its_anchor(tmp_path):
    text = "See [above](#Who-is-it?) and [there](08_more.ipynb#Step-1:-Look), not [x](08.ipynb)."
    page, _, _ = chapters.chapter_page(stored(tmp_path, markdown(text)), {})
    source = page["cells"][0]["source"]
    assert source == "See [above](#who-is-it) and [there](08_more.ipynb#step-1-look), not [x](08.ipynb)."


def test_a_figure_gets_an_anchor_and_its_alt_text_is_known(tmp_path):
    path = stored(tmp_path, code("draw()", shown(text_html='<img alt="a &lt; b in a curve" src="data:,">')))
    page, _, figures = chapters.chapter_page(path, {})
    assert figures == [("figure-07-1", "a < b in a curve")]
    assert page["cells"][0]["source"] == "(figure-07-1)="


def test_a_control_becomes_its_picture_and_a_note(tmp_path):
    models = {
        "box": {"state": {"children": ["IPY_MODEL_slider", "IPY_MODEL_picture"]}},
        "slider": {"state": {"value": 3}},
        "picture": {"state": {"value": '<div><img alt="three bars" src="data:,"></div>'}},
    }
    widgets = {chapters.WIDGET_STATE: {"state": models}}
    control = {"output_type": "display_data", "metadata": {}, "data": {chapters.WIDGET_VIEW: {"model_id": "box"}}}
    path = stored(tmp_path, code("control()", control), widgets=widgets)
    page, _, figures = chapters.chapter_page(path, {"Colab": "https://example.org"})
    text = page["cells"][-1]["outputs"][0]["data"]["text/html"]
    assert figures == [("figure-07-1", "three bars")]
    assert text.index("three bars") < text.index('in JupyterLab or in <a href="https://example.org">Colab</a>.')
    assert "widgets" not in page["metadata"]


def test_what_is_meant_for_programs_is_left_out(tmp_path):
    verdict = shown(text_plain="Correct", **{"application_vnd.attnlib.verdict+json": {}})
    page, _, _ = chapters.chapter_page(stored(tmp_path, code("check(f)", verdict)), {})
    assert list(page["cells"][0]["outputs"][0]["data"]) == ["text/plain"]


def test_an_exercise_shows_its_stub_and_folds_its_answer(tmp_path):
    answer = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    text = "Do it, then see [the answer](../solutions/07_things.ipynb)."
    cells = [markdown(text), code(answer, nbgrader={"solution": True}), code("check(f)", nbgrader={"grade": True})]
    page = chapters.exercise_page(stored(tmp_path, *cells, code("import this")))
    statement, exercise, check = [cell["source"] for cell in page["cells"]]
    assert statement == "Do it, then see the answer."
    stub, folded = exercise.split("<details>")
    assert "raise NotImplementedError" in stub
    assert "return 2 * x" not in stub
    assert "return 2 * x" in folded
    assert check == "```python\ncheck(f)\n```"


def test_text_is_kept_from_being_read_as_markdown():
    assert literal("a_b * <c> and `d_k` and ``x`` [1]") == r"a\_b \* \<c\> and `d_k` and `x` \[1\]"


def test_claims_are_listed_in_the_order_of_their_numbers():
    claims = {1: [("claim-1-10", "1.10", "Ten."), ("claim-1-2", "1.2", "Two.")]}
    lines = [line for line in listings.claims_page(claims).splitlines() if line.startswith("- ")]
    assert lines == ["- [Claim 1.2](#claim-1-2) Two.", "- [Claim 1.10](#claim-1-10) Ten."]


def test_figures_are_listed_with_their_alt_text_as_it_stands():
    assert r"- [Figure 1.1](#figure-01-1) d\_k grows" in listings.figures_page({1: [("figure-01-1", "d_k grows")]})


def test_mistakes_are_those_of_the_specs():
    from attnlib.check.spec import all_specs

    page = html.unescape(listings.mistakes_page()).replace("\\", "")
    for spec in all_specs().values():
        if spec.chapter in {one.number for one in CHAPTERS}:
            assert f"### `{spec.name}`" in page
            for says in spec.faults.values():
                assert says.replace("``", "`").replace("\\", "") in page


def test_the_tables_of_the_checks_count_what_the_tests_ran():
    from tests.test_answers import RIGHT, WRONG

    page = checks.checks_page((ROOT / "book/pages/checks.md").read_text(encoding="utf-8"), ROOT)
    bank, changes = re.findall(r"^\| \*\*all\*\* \| (.*) \|$", page, re.M)
    exercises, wrong, named, right = (int(number.replace(",", "")) for number in bank.split(" | "))
    assert (exercises, wrong, right) == (len(WRONG), *(sum(map(len, bank.values())) for bank in (WRONG, RIGHT)))
    assert 0.9 * wrong <= named <= wrong
    made, rejected, same, otherwise = (int(number.replace(",", "")) for number in changes.split(" | "))
    assert made == rejected + same + otherwise
    assert f"behave otherwise, {100 * rejected / (rejected + otherwise):.1f} % are" in page
    assert "{{" not in page


def test_a_long_call_is_written_on_several_lines():
    def short(queries, *, mask=None):
        pass

    def long(queries, keys, values, mask=None, *, bias=None, scale=None, dropout=0.0, training=False, rotate=None):
        pass

    def with_class(queries, *, kind=dict):
        pass

    assert modules.call("short", short) == "short(queries, *, mask=None)"
    assert modules.call("with_class", with_class) == "with_class(queries, *, kind=dict)"
    lines = modules.call("long", long).splitlines()
    assert lines[:2] == ["long(", "    queries,"]
    assert lines[5:7] == ["    *,", "    bias=None,"]


def test_a_docstring_becomes_prose_table_and_example():
    def documented(x):
        """Double x_i.

        **Shapes**
            x  (n, d)

        **Promises** finite.
        **Example**
        >>> 2 * 3
        6
        """

    lines = "\n".join(modules._entry("documented", documented, "###"))
    assert "Double x\\_i." in lines
    assert "**Shapes**\n\n```text\nx  (n, d)\n```" in lines
    assert "**Promises** finite." in lines
    assert "**Example**\n\n```python\n>>> 2 * 3\n6\n```" in lines


def test_only_what_is_new_is_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "sources", lambda: {"a.md": "one", "b/c.md": "two"})
    build.assemble(tmp_path)
    before = (tmp_path / "a.md").stat().st_mtime_ns
    monkeypatch.setattr(build, "sources", lambda: {"a.md": "one"})
    build.assemble(tmp_path)
    assert (tmp_path / "a.md").stat().st_mtime_ns == before
    assert not (tmp_path / "b/c.md").exists()
