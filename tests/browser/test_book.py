"""The book in a real browser: from disk and from a server on this machine, with every other request blocked."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attnlib.check.contents import CHAPTERS
from tests.browser import lab
from tests.browser.test_chapters import BAD_FORMULAS
from tests.browser.test_head_view import DRAWN

pytestmark = pytest.mark.browser
LISTINGS = ("index", "claims", "figures", "mistakes", "checks", "glossary", "notation", "library", "plots")
LISTINGS += ("bibliography", "teaching")
PAGES = [
    *(f"notebooks/{one.slug}" for one in CHAPTERS),
    *(f"exercises/{one.slug}" for one in CHAPTERS if (lab.ROOT / f"solutions/{one.slug}.ipynb").exists()),
    *LISTINGS,
    "search",
    "genindex",
]
BY_KEYBOARD = ("notebooks/01_vectors", "notebooks/04_multi_head", "exercises/02_matrices", "notation")
WITH_HEAD_VIEW = [
    f"notebooks/{one.slug}"
    for one in CHAPTERS
    if "attn-heads" in (lab.ROOT / f"notebooks/{one.slug}.ipynb").read_text(encoding="utf-8")
]
PHONE, DESK = 390, 1280
ELSEWHERE = re.compile(r"^(?!file:|data:|blob:|about:|http://127\.0\.0\.1:)")
SERIOUS = ("serious", "critical")
TYPESET = "() => !window.MathJax?.startup || MathJax.startup.promise.then(() => true)"
STICKS_OUT = """() => [document.documentElement, document.body].map(one => one.scrollWidth - innerWidth)
    .filter(more => more > 0)"""
AXE = """serious => axe.run(document, {preload: false, resultTypes: ['violations']}).then(found =>
    found.violations.filter(one => serious.includes(one.impact)).flatMap(one =>
        one.nodes.slice(0, 5).map(node => `${one.id}: ${node.html.slice(0, 120)} ${node.failureSummary}`)))"""
# What a reader without a mouse must come to: links, folds, boxes, words of a head view, what scrolls sideways.
WANTED = """() => {
    const seen = one => one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true});
    const all = [...document.querySelectorAll('article *')].filter(seen);
    const scrolls = one => one.scrollWidth > one.clientWidth + 1
        && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX);
    const answers = one => one.matches('summary, input, button, .attn-heads .w, a[href]:not(.headerlink)');
    window.wanted = new Set(all.filter(one => answers(one) || scrolls(one)));
    return window.wanted.size;
}"""
# What scrolls is reached, too, where something inside it is: the keys scroll it from there.
REACHED = """() => {
    let one = document.activeElement;
    if (one === document.body) return 'outside';
    const again = one.dataset.reached;
    one.dataset.reached = 'yes';
    for (; one; one = one.parentElement) window.wanted.delete(one);
    return again ? 'again' : 'new';
}"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of the book, built from this checkout."""
    pytest.importorskip("playwright", reason="needs the extra `browser`: pip install -e .[browser]")
    pytest.importorskip("myst_nb", reason="needs the extra `book`: pip install -e .[book]")
    if lab.chromium_path() is None:
        pytest.skip("needs Chromium: no `chromium` or `chromium-browser` on the PATH")
    out = tmp_path_factory.mktemp("book")
    subprocess.run([sys.executable, "-m", "book.build", "--out", out], cwd=lab.ROOT, check=True)
    return out


@pytest.fixture(scope="module")
def origins(book):
    """Where the pages are: on disk, and on a server as `course.py book` starts it."""
    with served(book) as address:
        yield {"disk": (book / "html").as_uri(), "server": address}


@contextlib.contextmanager
def served(book):
    command = [sys.executable, "-m", "book.build", "--out", book, "--serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=lab.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            said = iter(server.stdout.readline, "")
            yield next(found[0] for found in (re.search(r"http://127\.0\.0\.1:\d+", line) for line in said) if found)
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def page(origins):
    """A page that reaches this machine alone; what it asks for elsewhere is noted."""
    with lab.browse() as page:
        page.asked_elsewhere = []

        def refuse(route):
            page.asked_elsewhere.append(route.request.url)
            route.abort()

        page.route(ELSEWHERE, refuse)
        yield page


@pytest.fixture(scope="module", params=["disk", "server"])
def origin(request, origins):
    return origins[request.param]


@pytest.fixture(scope="module", params=PAGES)
def visit(request, page, origin):
    """One page of the book, from one place, with all formulas set."""
    return go(page, f"{origin}/{request.param}.html")


@pytest.fixture
def from_disk(page, origins):
    """A function that opens a page from disk."""
    return lambda name, width=DESK: go(page, f"{origins['disk']}/{name}", width)


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The source of axe-core: the file named by ATTN_AXE, else fetched by npm."""
    if "ATTN_AXE" in os.environ:
        return Path(os.environ["ATTN_AXE"]).read_text(encoding="utf-8")
    if shutil.which("npm") is None:
        pytest.skip("needs axe-core: set ATTN_AXE to its axe.min.js, or install npm")
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "axe-core@4"], cwd=folder, check=True)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def go(page, address, width=DESK):
    page.complaints.clear()
    page.asked_elsewhere.clear()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    page.wait_for_function(TYPESET)
    return page


def set_theme(page, theme):
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    page.wait_for_timeout(300)  # colours fade


# --- every page ---------------------------------------------------------------------------------


def test_all_pages_are_visited(book):
    built = {path.relative_to(book / "html").with_suffix("").as_posix() for path in (book / "html").rglob("*.html")}
    assert {name for name in built if not name.startswith("_static/")} == set(PAGES)


def test_nothing_is_asked_elsewhere_and_nothing_complained_of(visit):
    assert visit.asked_elsewhere == []
    assert visit.complaints == []


def test_every_formula_is_set(visit):
    article = visit.locator("article")
    assert article.locator("mjx-container").count() == article.locator(".math").count()
    assert article.evaluate_all(BAD_FORMULAS) == []


def test_every_picture_is_drawn_and_has_alt_text(visit):
    images = visit.locator("article img").evaluate_all(
        "images => images.map(image => [image.alt, image.complete && image.naturalWidth > 0])"
    )
    for alt, drawn in images:
        assert drawn, alt
        assert len(alt.split()) >= 5, alt


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_does_not_scroll_sideways(visit, width):
    visit.set_viewport_size({"width": width, "height": 900})
    assert visit.evaluate(STICKS_OUT) == []


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_light_or_dark(from_disk, axe, name):
    page = from_disk(f"{name}.html")
    page.evaluate(axe)
    for width, theme in ((DESK, "light"), (DESK, "dark"), (PHONE, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        set_theme(page, theme)
        assert page.evaluate(AXE, SERIOUS) == []


# --- what a reader does -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["notebooks/01_vectors", "notebooks/04_multi_head", "exercises/02_matrices", "notation"]
)
def test_the_tab_key_reaches_everything(from_disk, name):
    page = from_disk(f"{name}.html", PHONE)
    assert page.evaluate(WANTED) > 0
    for _ in range(2000):
        page.keyboard.press("Tab")
        if page.evaluate(REACHED) == "again":
            break
    assert page.evaluate("() => [...window.wanted].map(one => one.outerHTML.slice(0, 100))") == []


def test_folds_open_by_keyboard(from_disk):
    page = from_disk("exercises/01_vectors.html")
    fold = page.locator("details", has_text="An answer").first
    assert not fold.locator("pre").is_visible()
    fold.locator("summary").press("Enter")
    assert fold.locator("pre").is_visible()


@pytest.mark.parametrize("name", WITH_HEAD_VIEW)
def test_the_head_view_answers_to_focus_and_hover(page, origin, name):
    go(page, f"{origin}/{name}.html")
    for view in page.locator(".attn-heads").all():
        words = {place: view.locator(f".a{place}") for place in (1, 2)}
        words[1].focus()
        assert {query for _, query, _ in view.evaluate(DRAWN)} == {1}
        words[2].hover()
        assert {query for _, query, _ in view.evaluate(DRAWN)} == {2}
        page.mouse.move(1, 1)
        words[1].press("Escape")
        assert not view.evaluate("view => view.matches(':has(.w:focus)')")


def test_the_switch_changes_between_light_and_dark(from_disk):
    page = from_disk("notebooks/01_vectors.html")
    grounds = {}
    for theme in ("Dark", "Light"):
        page.locator(".theme-switch-button").press("Enter")
        page.get_by_role("button", name=theme, exact=True).press("Enter")
        page.wait_for_timeout(400)
        grounds[theme] = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert grounds == {"Dark": "rgb(18, 18, 18)", "Light": "rgb(255, 255, 255)"}
    go(page, page.url.replace("01_vectors", "02_matrices"))
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"


def test_the_search_finds_a_word(page, origin):
    go(page, f"{origin}/search.html?q=softmax")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() > 3
    assert page.complaints == []


def test_links_lead_to_the_place_they_name(from_disk):
    page = from_disk("claims.html")
    link = page.locator("article li a", has_text="Claim 2.1").first
    link.click()
    page.wait_for_function(TYPESET)
    target = page.locator("#claim-2-1")
    assert target.inner_text().startswith("Claim 2.1.")
    page.wait_for_function("() => document.querySelector('#claim-2-1').getBoundingClientRect().top < innerHeight")


def test_the_first_chapter_can_be_read_within_a_second_from_disk(from_disk):
    painted = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    times = [from_disk("notebooks/01_vectors.html").wait_for_function(painted).json_value() for _ in range(3)]
    assert min(times) < 1000
