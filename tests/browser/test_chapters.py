"""Every chapter runs in a real JupyterLab and looks as it should there."""

import pytest

from tests.browser.lab import ROOT

pytestmark = pytest.mark.browser
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WITHOUT_CONTROL = {"00_start_here"}
SHORTEST_ALT = 40

PICTURES = """images => images.map(image => ({
    alt: image.alt, drawn: image.complete && image.naturalWidth > 0
}))"""
# What is left of the text without code and formulas must hold no TeX; what MathJax did not
# understand it marks as an error or writes in red.
BAD_FORMULAS = r"""texts => texts.flatMap(text => {
    const errors = [...text.querySelectorAll('merror, mtext[mathcolor="red"]')];
    const rest = text.cloneNode(true);
    rest.querySelectorAll('code, pre, mjx-container').forEach(part => part.remove());
    const left = rest.textContent.match(/.{0,30}(\$|\\\(|\\\[|\\begin).{0,30}/g) || [];
    return [...errors.map(error => error.textContent), ...left];
})"""
INPUTS = ".jp-OutputArea-output :is(.noUi-handle, .widget-dropdown select, .widget-checkbox input)"
# An error in a control takes the picture's place: then there is no picture beside the input.
FIGURE = "input => input.closest('.jp-OutputArea-output').querySelector('img')?.src"
REDRAWN = f"([input, before]) => [before, undefined].every(old => old !== ({FIGURE})(input))"


@pytest.fixture(scope="module", params=CHAPTERS)
def chapter(request, open_notebook):
    """A chapter after Run All: what it showed before, and the errors that its cells showed."""
    notebook = open_notebook(f"notebooks/{request.param}.ipynb")
    notebook.settle()
    notebook.stored_pictures = pictures(notebook)
    notebook.shown_errors = notebook.run_all()
    return notebook


def test_run_all_shows_no_error(chapter):
    assert chapter.shown_errors == []


def test_browser_has_nothing_to_complain_about(chapter):
    assert chapter.page.complaints == []


def test_every_figure_is_drawn_and_has_alt_text(chapter):
    check_pictures(pictures(chapter))


def test_stored_figures_have_alt_text_before_anything_is_run(chapter):
    """JupyterLab does not trust a notebook yet that it sees for the first time, and cleans it."""
    check_pictures(chapter.stored_pictures)


def pictures(notebook):
    return notebook.page.locator(".jp-OutputArea-output img").evaluate_all(PICTURES)


def check_pictures(pictures):
    assert pictures, "no figure in the whole chapter"
    for picture in pictures:
        assert picture["drawn"], picture["alt"]
        assert len(picture["alt"]) >= SHORTEST_ALT, picture["alt"]


def test_no_formula_is_left_as_tex(chapter):
    texts = chapter.page.locator(".jp-MarkdownOutput")
    assert texts.count() > 0
    assert texts.evaluate_all(BAD_FORMULAS) == []


def test_every_control_answers_to_the_keyboard(chapter):
    inputs = chapter.page.locator(INPUTS).all()
    if not inputs:
        assert any(name in chapter.path for name in WITHOUT_CONTROL), "no control"
    for one in inputs:
        before = one.evaluate(FIGURE)
        one.press(key_for(one))
        chapter.page.wait_for_function(REDRAWN, arg=[one.element_handle(), before], timeout=10_000)


def key_for(control):
    """A key that changes this input, wherever it stands.

    JupyterLab keeps the arrows up and down for itself: a closed dropdown answers to Home and End.
    """
    if control.get_attribute("type") == "checkbox":
        return "Space"
    if control.evaluate("input => input.tagName") == "SELECT":
        return "Home" if control.evaluate("input => input.selectedIndex") else "End"
    at_end = control.evaluate("input => input.ariaValueNow === input.ariaValueMax")
    return "ArrowLeft" if at_end else "ArrowRight"
