"""The head view answers to mouse and keyboard, on a plain page and in JupyterLab."""

import json
import urllib.request

import nbformat
import numpy as np
import pytest

from attnlib import plots
from attnlib.plots import lines

pytestmark = pytest.mark.browser
WORDS = ["owl", "sees", "a", "grey", "mouse"]
ALT = "Lines from each of five words to the words that it looks at, in three colours."
WEIGHTS = np.random.default_rng(2).dirichlet(np.full(5, 0.4), size=(3, 5)).round(3)
CALLS = ["", "", ", selected=3"]  # the same view twice, and one that starts with a word

# an element that is not displayed has no box
DRAWN = """view => [...view.querySelectorAll('.lines path')]
    .filter(path => path.getClientRects().length)
    .map(path => [path.parentNode, path.parentNode.parentNode, path])
    .map(parts => parts.map(part => +part.getAttribute('class').replace(/[a-z]+/, '')))"""
NUMBERS = r"""view => [...view.querySelectorAll('.numbers>div>div[class]')]
    .filter(column => column.checkVisibility({visibilityProperty: true}))
    .map(column => column.innerText.split('\n'))"""


@pytest.fixture(scope="module", params=["plain page", "JupyterLab"])
def page_with_views(request, page, open_notebook, server):
    """A page with the views; in JupyterLab after Run All."""
    if request.param == "plain page":
        page.goto("about:blank")
        page.complaints.clear()
        page.set_content("<!doctype html><title>Views</title>" + "<p>Text.</p>".join(html_of_views()))
    else:
        store_views(server)
        assert open_notebook("views.ipynb").run_all() == []
    yield page
    assert page.complaints == []


def store_views(server):
    """Put a notebook of the views into the copy of the course, with what its cells show."""
    setup = f"from attnlib import plots\nweights, words, alt = {WEIGHTS.tolist()}, {WORDS}, {ALT!r}"
    cells = [nbformat.v4.new_code_cell(setup)]
    for call, page in zip(CALLS, html_of_views(), strict=True):
        shown = nbformat.v4.new_output("display_data", {"text/html": page})
        cells.append(nbformat.v4.new_code_cell(f"plots.head_view(weights, words, alt=alt{call})", outputs=[shown]))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    request = urllib.request.Request(
        f"{server.url}/api/contents/views.ipynb",
        data=json.dumps({"type": "notebook", "content": content}).encode(),
        headers={"Authorization": f"token {server.token}"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def html_of_views():
    pages = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "display", lambda page: pages.append(page.data))
        for options in ({}, {}, {"selected": 3}):
            plots.head_view(WEIGHTS, WORDS, alt=ALT, **options)
    return pages


@pytest.fixture
def views(page_with_views):
    """The views, nothing pointed at, nothing in focus."""
    page_with_views.mouse.move(1, 1)
    page_with_views.evaluate("document.activeElement.blur()")
    views = page_with_views.locator(".attn-heads").all()
    assert len(views) == len(CALLS)
    return views


def drawn(view):
    return {tuple(place) for place in view.evaluate(DRAWN)}


def lines_where(condition):
    return {place for place, weight in np.ndenumerate(WEIGHTS) if weight >= 0.005 and condition(*place)}


def numbers(query, heads=(0, 1, 2)):
    return [[str(head), *(f"{weight:.2f}" for weight in WEIGHTS[head, query])] for head in heads]


ALL = lines_where(lambda head, query, key: True)


def test_at_rest_all_lines_are_seen_and_no_number(views):
    for view in views[:2]:
        assert drawn(view) == ALL
        assert view.evaluate(NUMBERS) == []


def test_the_image_for_untrusted_notebooks_is_not_seen_beside_the_view(views):
    for image in views[0].page.locator(".attn-still").all():
        assert not image.is_visible()


def test_view_has_names_for_a_screen_reader(views):
    view = views[0]
    assert view.get_by_role("img", name=ALT).count() == 1
    assert view.get_by_role("list", name="queries").get_by_role("listitem").count() == len(WORDS)
    assert view.get_by_role("listitem", name="mouse, 5 of 5, looks at: head 0:").count() == 1
    assert view.get_by_role("checkbox", name="head 2").count() == 1


def test_focus_by_keyboard_shows_one_words_lines_and_numbers_until_escape(views):
    view, keyboard = views[0], views[0].page.keyboard
    view.get_by_role("button", name="no head").focus()
    for query in range(3):
        keyboard.press("Tab")
        assert drawn(view) == lines_where(lambda _, q, __, query=query: q == query)
        assert view.evaluate(NUMBERS) == numbers(query)
    ring = view.locator(".a2").evaluate(
        "word => getComputedStyle(word).outlineStyle + getComputedStyle(word).outlineWidth"
    )
    assert ring.startswith("solid")
    assert not ring.endswith("solid0px")
    assert drawn(views[1]) == ALL, "the other view follows"
    keyboard.press("Escape")
    assert drawn(view) == ALL
    assert view.evaluate(NUMBERS) == []


def test_keys_are_reached_by_keyboard_and_show_who_looks_at_them(views):
    view = views[0]
    view.locator(".a4").focus()
    view.page.keyboard.press("Tab")
    assert drawn(view) == lines_where(lambda head, query, key: key == 0)


def test_pointing_at_a_word_shows_its_lines_until_the_mouse_leaves(views):
    view = views[1]
    view.locator(".a3").hover()
    assert drawn(view) == lines_where(lambda head, query, key: query == 3)
    assert view.evaluate(NUMBERS) == numbers(3)
    view.locator(".b4").hover()
    assert drawn(view) == lines_where(lambda head, query, key: key == 4)
    view.page.mouse.move(1, 1)
    assert drawn(view) == ALL


def test_the_word_pointed_at_goes_before_the_word_in_focus(views):
    view = views[0]
    view.locator(".a0").focus()
    view.locator(".a3").hover()
    assert drawn(view) == lines_where(lambda head, query, key: query == 3)
    assert view.evaluate(NUMBERS) == numbers(3)


def test_a_box_hides_and_shows_its_head_in_its_own_view(views):
    view = views[0]
    box = view.get_by_role("checkbox", name="head 1")
    box.press("Space")
    assert drawn(view) == lines_where(lambda head, query, key: head != 1)
    assert drawn(views[1]) == ALL
    view.locator(".a2").hover()
    assert view.evaluate(NUMBERS) == numbers(2, heads=(0, 2))
    box.press("Space")
    view.page.mouse.move(1, 1)
    assert drawn(view) == ALL


def test_buttons_switch_all_heads_off_and_on(views):
    view = views[1]
    view.get_by_role("button", name="no head").click()
    assert drawn(view) == set()
    view.get_by_text("head 2").click()
    assert drawn(view) == lines_where(lambda head, query, key: head == 2)
    view.get_by_role("button", name="all heads").press("Enter")
    assert drawn(view) == ALL


def test_selected_word_is_shown_alone_until_its_box_is_cleared(views):
    view = views[2]
    assert drawn(view) == lines_where(lambda head, query, key: query == 3)
    assert view.evaluate(NUMBERS) == numbers(3)
    view.locator(".a1").hover()
    assert drawn(view) == lines_where(lambda head, query, key: query == 1)
    box = view.get_by_role("checkbox", name="only the lines of “grey”")
    box.press("Space")
    view.page.mouse.move(1, 1)
    assert drawn(view) == ALL
    box.press("Space")


def test_stored_view_is_a_picture_with_alt_text_before_the_notebook_is_trusted(open_notebook, server):
    """JupyterLab takes style and drawing out of what it does not trust; the image at rest stands in."""
    store_views(server)
    notebook = open_notebook("views.ipynb")
    notebook.settle()
    outputs = notebook.page.locator(".jp-OutputArea-output")
    for text in outputs.all_inner_texts():
        assert text.strip() == "", "words without their places"
    images = outputs.locator("img:visible")
    assert images.evaluate_all("images => images.map(image => image.alt)") == [ALT] * len(CALLS)
    assert images.evaluate_all("images => images.every(image => image.complete && image.naturalWidth > 0)")
