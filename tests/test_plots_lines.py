"""The head view shows the weights that it is given, in one page that needs nothing else."""

import base64
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from attnlib import plots
from attnlib.plots import line_styles, lines
from attnlib.shapes import ShapeError

SENTENCE = ["The", "animal", "didn't", "cross", "the", "street", "because", "it", "was", "too", "tired"]
WORDS = ["owl", "sees", "a", "mouse", "run"]
ALT = "Lines from each word to the words that it looks at; most go to the mouse."
VOID = {"img", "input", "path"}


class Page(HTMLParser):
    """All elements of a page as (tag, attributes, texts, tags around it); it fails on tags that do not pair up."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), "an attribute twice"
        element = (tag, dict(attributes), [], [*self.open])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            self.open[-1][2].append(data)

    def find(self, name, within=None):
        """The elements that have a class, within an element that has another."""
        return [
            element
            for element in self.elements
            if has(element, name) and (within is None or any(has(outer, within) for outer in element[3]))
        ]


def has(element, name):
    return name in element[1].get("class", "").split()


def some_weights(num_heads, num_queries, num_keys, spread=2.5):
    scores = np.random.default_rng(3).normal(scale=spread, size=(num_heads, num_queries, num_keys))
    return np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)


@pytest.fixture
def view(monkeypatch):
    """The page that a call displays, as text."""
    shown = []
    monkeypatch.setattr(lines, "display", lambda page: shown.append(page.data))

    def call(*args, alt=ALT, **options):
        assert plots.head_view(*args, alt=alt, **options) is None
        return shown.pop()

    return call


def drawn(page):
    """{(head, query, key): opacity} of the lines, as the classes around them say."""
    found = {}
    for tag, attributes, _, around in page.elements:
        if tag == "path" and "opacity" in attributes:
            query, head = (outer[1]["class"] for outer in around[-2:])
            place = int(head.removeprefix("head")), int(query[1:]), int(attributes["class"][1:])
            assert place not in found
            found[place] = float(attributes["opacity"])
    return found


def test_each_weight_from_the_threshold_on_has_one_line_as_strong_as_it_is(view):
    weights = some_weights(3, 5, 7)
    page = Page(view(weights, list("abcdefg"), query_tokens=WORDS))
    expected = {place: weight for place, weight in np.ndenumerate(weights) if weight >= 0.005}
    assert 0 < len(expected) < weights.size
    assert drawn(page) == pytest.approx(expected, abs=5.1e-4)


def test_a_line_joins_its_two_words(view):
    weights = np.zeros((1, 5, 5))
    weights[0, 3, 1] = 1
    (path,) = [attributes for tag, attributes, *_ in Page(view(weights, WORDS)).elements if "opacity" in attributes]
    row = line_styles.ROW
    assert path["d"] == f"M0 {3.5 * row:g} {line_styles.WIDTH} {1.5 * row:g}"


def test_numbers_are_the_weights_with_two_digits(view):
    weights = some_weights(3, 5, 7)
    page = Page(view(weights, list("abcdefg"), query_tokens=WORDS))
    for query, head in np.ndindex(5, 3):
        (column,) = [element for element in page.find(f"head{head}", "numbers") if has(element[3][-1], f"q{query}")]
        assert column[2][-1].split() == [f"{weight:.2f}" for weight in weights[head, query]]


def test_labels_of_queries_name_the_three_largest_weights_of_each_head(view):
    weights = np.array([[[0.5, 0.1, 0.3, 0.1, 0.0], [0.996, 0.004, 0, 0, 0], [0, 0, 0, 0, 0]]])
    weights = np.concatenate([weights, weights[:, ::-1]])
    page = Page(view(weights, WORDS, query_tokens=["x", "y", "z"], heads=["near", "far"]))
    labels = [page.find(f"a{place}")[0][1]["aria-label"] for place in range(3)]
    assert labels == [
        "x, 1 of 3, looks at: near: owl 0.50, a 0.30, sees 0.10; far: nothing.",
        "y, 2 of 3, looks at: near: owl 1.00; far: owl 1.00.",
        "z, 3 of 3, looks at: near: nothing; far: owl 0.50, a 0.30, sees 0.10.",
    ]


def test_labels_of_keys_name_who_looks_at_them(view):
    weights = some_weights(2, 5, 5)
    page = Page(view(weights, WORDS))
    for key in range(5):
        label = page.find(f"b{key}")[0][1]["aria-label"]
        assert label.startswith(f"{WORDS[key]}, {key + 1} of 5, is looked at by: head 0: ")
        for head, text in enumerate(label.split(": ", 1)[1].removesuffix(".").split("; ")):
            order = np.argsort(-weights[head, :, key])[:3]
            said = [f"{WORDS[q]} {weights[head, q, key]:.2f}" for q in order if weights[head, q, key] >= 0.005]
            assert text == f"head {head}: {', '.join(said)}"


def test_every_word_can_be_reached_by_keyboard_and_is_a_list_item(view):
    words = Page(view(some_weights(2, 5, 5), WORDS)).find("w")
    assert [element[2] for element in words] == [[word] for word in WORDS * 2]
    for _, attributes, _, around in words:
        assert (attributes["tabindex"], attributes["role"]) == ("0", "listitem")
        assert around[-1][1]["role"] == "list"


def test_alt_text_is_on_the_still_picture_and_on_the_lines(view):
    page = Page(view(some_weights(2, 5, 5), WORDS, alt=f'{ALT} "<&>"'))
    (image,) = page.find("attn-still")
    (drawing,) = page.find("lines")
    assert image[1]["alt"] == drawing[1]["aria-label"] == f'{ALT} "<&>"'
    assert drawing[1]["role"] == "img"


def test_each_head_has_a_labelled_box_and_a_look_of_its_own(view):
    page = Page(view(some_weights(4, 5, 5), WORDS, heads=["near", "far", "noun", "self"]))
    for head, name in enumerate(["near", "far", "noun", "self"]):
        (box,) = page.find(f"c{head}")
        assert "checked" in box[1]
        assert box[3][-1][0] == "label"
        assert box[3][-1][2] == [name]


def test_words_are_text_and_not_html(view):
    nasty = ["<b>bold</b>", '"', "&amp;", "'", "</style><script>"]
    page = Page(view(some_weights(2, 5, 5), nasty, heads=["<i>", '"&'], selected=0))
    assert {element[0] for element in page.elements}.isdisjoint({"b", "i", "script"})
    assert [element[2] for element in page.find("w")] == [[word] for word in nasty * 2]
    assert page.find("a4")[0][1]["aria-label"].startswith("</style><script>, 5 of 5")


def test_the_picture_at_rest_is_an_svg_with_words_and_lines(view):
    weights = some_weights(2, 5, 5)
    source = Page(view(weights, WORDS)).find("attn-still")[0][1]["src"]
    svg = ElementTree.fromstring(base64.b64decode(source.split(",")[1]))
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["head 0", "head 1", "queries", "keys", *WORDS, *WORDS]
    paths = [path.get("d") for path in svg.iter("{http://www.w3.org/2000/svg}path") if path.get("opacity")]
    assert sum(path.count("M") for path in paths) == (weights >= 0.005).sum()


def test_selected_word_has_a_ticked_box_and_its_rule(view):
    text = view(some_weights(2, 5, 5), WORDS, selected=3)
    (box,) = Page(text).find("o3")
    assert "checked" in box[1]
    assert box[3][-1][2] == ["only the lines of “mouse”"]
    assert ":has(.o3:checked)" in text
    assert "only the lines of" not in view(some_weights(2, 5, 5), WORDS)


def test_same_arguments_give_the_same_bytes_as_array_tensor_or_list(view):
    weights = some_weights(2, 5, 5)
    pages = {
        view(given, words)
        for given in (weights, torch.tensor(weights, requires_grad=True), weights.tolist())
        for words in (WORDS, tuple(WORDS))
    }
    assert len(pages) == 1


def test_small_errors_of_rounding_do_not_matter(view):
    weights = some_weights(2, 5, 5)
    weights[0, 0] = [1 + 1e-7, -1e-9, 0, 0, 0]
    page = Page(view(torch.tensor(weights, dtype=torch.float32), WORDS))
    assert drawn(page)[0, 0, 0] == 1
    assert "-" not in "".join(page.find("head0", "numbers")[0][2])


def test_page_loads_nothing_and_has_no_id(view):
    text = view(some_weights(4, 5, 5), WORDS, selected=1)
    assert "//" not in re.sub(r"base64,[\w+/=]+", "", text)
    assert not re.search(r"url\(|@import|<script|<link|\bid=", text)


def test_rules_of_two_views_on_one_page_agree():
    small, large = (line_styles.rules(*size).splitlines() for size in ((2, 3, 5), (7, 11, 13)))
    assert set(small) < set(large)


@pytest.mark.parametrize("spread", [0.01, 1, 4])
def test_eight_heads_over_the_sentence_stay_small(view, spread):
    assert len(view(some_weights(8, 11, 11, spread), SENTENCE, selected=7).encode()) < 150_000


def test_forty_heads_look_different_and_eight_have_a_colour_of_their_own():
    assert len({line_styles.look(head) for head in range(40)}) == 40
    assert len(set(line_styles.HEAD_COLOURS)) == 8


@pytest.mark.parametrize("colour", line_styles.HEAD_COLOURS)
def test_colours_have_contrast_with_paper(colour):
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    assert 1.05 / (np.dot(linear, [0.2126, 0.7152, 0.0722]) + 0.05) >= 3


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((5, 5), {}, r"weights has 2 axes, 3 expected(?s:.)*\(5, 5\)"),
        ((1, 2, 5, 5), {}, r"weights has 4 axes, 3 expected"),
        ((0, 5, 5), {}, r"weights is empty"),
        ((2, 5, 7), {}, r"num_keys is 5 in tokens but 7 in weights(?s:.)*\(2, 5, 7\)(?s:.)*Each key"),
        ((2, 7, 5), {}, r"num_queries is 5 in query_tokens but 7 in weights(?s:.)*stand on both sides"),
        ((2, 7, 5), {"query_tokens": list("abc")}, r"num_queries is 3 in query_tokens but 7 in weights"),
        ((2, 5, 5), {"heads": ["one"]}, r"num_heads is 1 in heads but 2 in weights"),
    ],
)
def test_counts_that_do_not_fit_are_named(view, shape, options, message):
    with pytest.raises(ShapeError, match=message):
        view(np.full(shape, 0.2), WORDS, **options)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan, np.inf])
def test_weights_outside_zero_to_one_are_refused(view, wrong):
    weights = some_weights(2, 5, 5)
    weights[1, 2, 3] = wrong
    with pytest.raises(ValueError, match=r"weights \(2, 5, 5\) holds numbers from .*, expected 0 to 1"):
        view(weights, WORDS)


@pytest.mark.parametrize("selected", [-1, 5, 1.5, "owl"])
def test_selected_must_be_the_index_of_a_query(view, selected):
    with pytest.raises(ValueError, match=r"selected is .* from 0 to 4"):
        view(some_weights(2, 5, 5), WORDS, selected=selected)


def test_a_sentence_in_one_string_is_refused(view):
    with pytest.raises(TypeError, match="tokens is the text 'owl sees', expected a list of words"):
        view(some_weights(2, 5, 5), "owl sees")


def test_alt_text_is_required_and_must_say_something(view):
    with pytest.raises(TypeError, match="alt"):
        plots.head_view(some_weights(2, 5, 5), WORDS)
    with pytest.raises(ValueError, match="alt is 'lines'"):
        view(some_weights(2, 5, 5), WORDS, alt="lines")
