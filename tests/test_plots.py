"""attnlib.plots: figures reach the page with their alt text, heatmaps show the numbers, controls follow inputs."""

import base64
import io
import re
from html.parser import HTMLParser

import ipywidgets
import matplotlib
import matplotlib.colors
import matplotlib.pyplot
import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from attnlib import plots
from attnlib.plots import base, control, figure, heatmap, show

ALT = "Seven queries look at eleven keys; the third query looks at the last key most of all."
TRICKY = 'The row "it" & the column <animal>:\n  the weight is 0.8, twice that of any other word\'s.'


def uniforms(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.02, 0.98, size=shape)


def img(page):
    """The attributes of the one <img> of a page."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append(dict(attributes)) if tag == "img" else None
    parser.feed(page)
    (attributes,) = found
    return attributes


def picture(page):
    """The bytes of the PNG inside the one <img> of a page."""
    kind, data = img(page)["src"].split(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(data, validate=True)


@pytest.fixture
def shown(monkeypatch):
    """What show() hands to Jupyter, as Jupyter stores it: one dict of MIME types each."""
    bundles = []
    monkeypatch.setattr(base, "display", lambda thing: bundles.append(DisplayFormatter().format(thing)[0]))
    return bundles


def luminance(colour):
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    """The contrast ratio of two colours (WCAG 2), from 1 to 21."""
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


# ---------------------------------------------------------------------------------------------------------- show


def test_without_alt_text_nothing_is_shown(shown):
    with pytest.raises(TypeError, match="alt"):
        show(figure()[0])
    assert shown == []


@pytest.mark.parametrize("alt", ["", "a heatmap", "x" * 39, "spaces do not     count" + 40 * " ", None])
def test_alt_text_that_says_too_little_is_refused(alt, shown):
    with pytest.raises(ValueError, match=r"^alt is '.*', expected a sentence that says what is to be seen"):
        show(figure()[0], alt=alt)
    assert shown == []


def test_a_figure_is_shown_as_html_with_real_alt_text(shown):
    show(figure()[0], alt=ALT)
    (bundle,) = shown
    assert set(bundle) == {"text/html", "text/plain"}
    assert img(bundle["text/html"])["alt"] == ALT


def test_alt_text_may_hold_quotes_and_angles(shown):
    show(figure()[0], alt=TRICKY)
    page = shown[0]["text/html"]
    assert img(page)["alt"] == " ".join(TRICKY.split())
    assert "<animal>" not in page


def test_the_picture_is_a_png_of_the_whole_figure():
    fig, ax = figure(width=5.0, height=2.0)
    ax.plot([0, 1], [0, 1])
    page = base.image(fig, ALT)
    with Image.open(io.BytesIO(picture(page))) as png:
        assert png.format == "PNG"
        assert png.size == (5 * 144, 2 * 144)
        colours = png.convert("RGB").getcolors(maxcolors=2**16)
    assert max(colours)[1] == (255, 255, 255)
    assert len(colours) > 10
    assert img(page)["width"] == str(5 * 96)


def test_the_paper_is_white_on_dark_pages_too():
    assert "background: white" in img(base.image(figure()[0], ALT))["style"]


def test_the_same_figure_gives_the_same_bytes():
    def page():
        return base.image(heatmap(uniforms(5, 7), title="as before", mask=uniforms(5, 7) > 0.3), ALT)

    assert page() == page()
    assert page() != base.image(heatmap(uniforms(5, 7, seed=1), title="as before"), ALT)


# -------------------------------------------------------------------------------------------------------- figure


def test_a_figure_has_the_asked_for_axes_and_size():
    fig, axes = figure(2, 3, width=6.5, height=4.0, sharex=True)
    assert isinstance(fig, Figure)
    assert fig.get_size_inches().tolist() == [6.5, 4.0]
    assert axes.shape == (2, 3)
    assert axes[0, 0].get_shared_x_axes().joined(axes[0, 0], axes[1, 2])


def test_figures_leave_no_trace():
    before = matplotlib.rcParams.copy()
    base.image(heatmap(uniforms(2, 3), title="a"), ALT)
    assert matplotlib.pyplot.get_fignums() == []
    assert matplotlib.rcParams == before


def test_the_look_does_not_hang_on_the_readers_settings():
    plain = base.image(heatmap(uniforms(2, 3), title="a"), ALT)
    others = {"font.size": 23, "axes.titlesize": 5, "savefig.dpi": 31, "text.color": "red", "figure.facecolor": "blue"}
    with matplotlib.rc_context(others):
        assert base.image(heatmap(uniforms(2, 3), title="a"), ALT) == plain


@pytest.mark.parametrize("role", plots.COLOURS)
def test_the_colours_stand_out_from_white(role):
    assert contrast(plots.COLOURS[role], "white") >= 3


def test_lines_differ_in_more_than_colour():
    _, ax = figure()
    lines = [ax.plot([0, 1], [k, k])[0] for k in range(4)]
    assert [line.get_color() for line in lines] == list(plots.COLOURS.values())
    assert len({line.get_linestyle() for line in lines}) == 4
    assert len({line.get_marker() for line in lines}) == 4


# ------------------------------------------------------------------------------------------------------- heatmap


def drawn(fig):
    """The numbers behind the colours, NaN where there is no colour."""
    (ax,) = fig.axes
    (image,) = ax.images
    return np.ma.filled(image.get_array().astype(float), np.nan)


def hatched(fig):
    """The cells that are hatched, as {(row, column)}."""
    cells = set()
    for patch in fig.axes[0].patches:
        assert isinstance(patch, Rectangle)
        assert patch.get_hatch()
        assert (patch.get_width(), patch.get_height()) == (1, 1)
        cells.add((patch.get_y() + 0.5, patch.get_x() + 0.5))
    return cells


def numbers(fig):
    """What is written in the cells, as {(row, column): text}."""
    return {text.get_position()[::-1]: text.get_text() for text in fig.axes[0].texts}


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def colour_limits(fig):
    return fig.axes[0].images[0].get_clim()


def colour_map(fig):
    return fig.axes[0].images[0].get_cmap().name


@pytest.mark.parametrize("shape", [(5, 7), (1, 2), (13, 3), (17, 19)])
def test_the_colours_are_those_of_the_matrix(shape):
    matrix = uniforms(*shape)
    fig = heatmap(matrix, title="a")
    np.testing.assert_array_equal(drawn(fig), matrix)
    assert fig.axes[0].images[0].origin == "upper"
    assert fig.axes[0].get_ylim() == (shape[0] - 0.5, -0.5)
    assert hatched(fig) == set()


def test_hidden_cells_are_hatched_and_have_neither_colour_nor_number():
    matrix, mask = uniforms(5, 7), uniforms(5, 7, seed=1) > 0.4
    fig = heatmap(matrix, title="a", mask=torch.from_numpy(mask))
    np.testing.assert_array_equal(drawn(fig), np.where(mask, matrix, np.nan))
    assert hatched(fig) == set(zip(*np.nonzero(~mask), strict=True))
    assert set(numbers(fig)) == set(zip(*np.nonzero(mask), strict=True))


def test_scores_of_minus_infinity_are_hidden_cells():
    matrix = uniforms(2, 3)
    matrix[1, 2] = -np.inf
    fig = heatmap(matrix, title="a", signed=True)
    assert hatched(fig) == {(1, 2)}
    assert colour_limits(fig)[1] == np.abs(matrix[np.isfinite(matrix)]).max()


@pytest.mark.parametrize(("shape", "fit"), [((12, 12), True), ((2, 12), True), ((2, 13), False), ((13, 2), False)])
def test_numbers_are_written_where_they_fit(shape, fit):
    matrix = uniforms(*shape)
    expected = {(i, j): f"{matrix[i, j]:.2f}" for i in range(shape[0]) for j in range(shape[1])}
    assert numbers(heatmap(matrix, title="a")) == (expected if fit else {})


def test_large_numbers_are_written_without_decimals():
    matrix = np.array([[112.4, -9.96, 0.3], [3.2, 14.0, 96.0]])
    assert list(numbers(heatmap(matrix, title="a", signed=True)).values()) == ["112", "-10", "0", "3", "14", "96"]


@pytest.mark.parametrize("signed", [False, True])
def test_numbers_can_be_read_on_every_colour(signed):
    matrix = np.linspace(-1 if signed else 0, 1, 96).reshape(8, 12)
    fig = heatmap(matrix, title="a", signed=signed)
    image = fig.axes[0].images[0]
    for text in fig.axes[0].texts:
        column, row = text.get_position()
        assert contrast(text.get_color(), image.cmap(image.norm(matrix[row, column]))) >= 3


def test_weights_are_coloured_from_zero_to_one():
    fig = heatmap(0.3 * uniforms(5, 7), title="a")
    assert colour_limits(fig) == (0, 1)
    assert colour_map(fig) == "cividis"


@pytest.mark.parametrize("sign", [1, -1])
def test_signed_numbers_are_coloured_symmetrically_about_zero(sign):
    matrix = sign * (uniforms(5, 7) - 0.3)
    matrix[2, 3] = 50.0
    mask = np.ones((5, 7), dtype=bool)
    mask[2, 3] = False
    fig = heatmap(matrix, title="a", signed=True, mask=mask)
    largest = np.abs(matrix[mask]).max()
    assert colour_limits(fig) == (-largest, largest)
    assert colour_map(fig) == "PuOr"


def test_nothing_but_zeros_or_hidden_cells_can_be_drawn():
    assert colour_limits(heatmap(np.zeros((2, 3)), title="a", signed=True)) == (-1, 1)
    fig = heatmap(uniforms(2, 3), title="a", signed=True, mask=np.zeros((2, 3), dtype=bool))
    assert len(hatched(fig)) == 6
    assert numbers(fig) == {}
    assert picture(base.image(fig, ALT))


def test_given_limits_are_kept():
    assert colour_limits(heatmap(uniforms(2, 3), title="a", limits=(-2, 5))) == (-2, 5)


def test_axes_are_named_after_dimensions():
    (ax,) = heatmap(uniforms(5, 7), title="Every query looks around").axes
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("queries", "keys")
    assert ax.get_title(loc="left") == "Every query looks around"
    assert tick_labels(ax.yaxis) == list("01234")
    assert tick_labels(ax.xaxis) == list("0123456")
    (ax,) = heatmap(uniforms(5, 7), title="a", rows="tokens", columns="d_model").axes
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("tokens", "d_model")


def test_rows_and_columns_can_have_names():
    names = ["The", "animal", "was", "too", "tired"]
    (ax,) = heatmap(uniforms(5, 3), title="a", row_names=names, column_names=["a", "bc", "def"]).axes
    assert tick_labels(ax.yaxis) == names
    assert tick_labels(ax.xaxis) == ["a", "bc", "def"]
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {0}
    (ax,) = heatmap(uniforms(3, 5), title="a", column_names=names).axes
    assert tick_labels(ax.xaxis) == names
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {45}


def test_all_names_of_a_large_heatmap_are_shown_but_few_numbers():
    names = [f"t{k}" for k in range(17)]
    (ax,) = heatmap(uniforms(17, 41), title="a", row_names=names).axes
    assert tick_labels(ax.yaxis) == names
    assert tick_labels(ax.xaxis) == ["0", "10", "20", "30", "40"]


@pytest.mark.parametrize("shape", [(), (7,), (2, 5, 7)])
def test_a_matrix_without_two_axes_is_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"matrix has shape {shape}, expected (num_rows, num_columns)")):
        heatmap(np.zeros(shape), title="a")


def test_a_tensor_with_gradients_is_drawn_and_left_alone():
    tensor = torch.from_numpy(uniforms(5, 7)).requires_grad_()
    before = tensor.detach().clone()
    fig = heatmap(tensor.softmax(-1), title="a")
    np.testing.assert_array_equal(drawn(fig), before.softmax(-1).numpy())
    heatmap(tensor, title="a", mask=tensor > 0.5)
    assert torch.equal(tensor.detach(), before)
    assert tensor.requires_grad
    assert tensor.grad is None


@pytest.mark.parametrize(
    "matrix",
    [[[1, 0, 1], [0, 0, 1]], np.array([[True, False, True], [False, False, True]]), torch.eye(3, dtype=torch.bool)[1:]],
    ids=["list", "array_of_booleans", "tensor_of_booleans"],
)
def test_lists_and_booleans_can_be_drawn(matrix):
    fig = heatmap(matrix, title="a")
    np.testing.assert_array_equal(drawn(fig), np.asarray(matrix, dtype=float))
    assert set(numbers(fig).values()) == {"0.00", "1.00"}


def test_a_heatmap_can_be_drawn_into_axes_of_a_larger_figure():
    fig, (left, right) = figure(1, 2)
    assert heatmap(uniforms(2, 3), title="a", ax=right) is fig
    assert len(left.images) == 0
    assert len(right.images) == 1


# ------------------------------------------------------------------------------------------------------- control


def spread(power=2, **others):
    """A picture and an alt text that depend on the value."""
    if power == 5:
        raise ZeroDivisionError("no power <5>")
    return heatmap(uniforms(2, 3) ** power, title="a"), f"A heatmap of numbers to the power of {power}, with {others}."


def page_of(widget):
    """The HTML under the inputs."""
    return widget.children[-1].value


def test_the_first_picture_is_drawn_at_once():
    moved = control(spread, power=(1, 6, 1, 3))
    fig, alt = spread(3)
    assert img(page_of(moved))["alt"] == alt
    assert picture(page_of(moved)) == picture(base.image(fig, alt))


def test_the_picture_follows_the_inputs():
    moved = control(spread, power=(1, 6, 1), signed=False)
    power, signed, _ = moved.children
    before = page_of(moved)
    power.value = 4
    fig, alt = spread(4, signed=False)
    assert page_of(moved) != before
    assert img(page_of(moved))["alt"] == alt
    assert picture(page_of(moved)) == picture(base.image(fig, alt))
    signed.value = True
    assert img(page_of(moved))["alt"] == spread(4, signed=True)[1]
    power.value, signed.value = 1, False
    assert page_of(moved) == before


def test_changes_are_read_out_politely():
    assert page_of(control(spread, power=(1, 6, 1))).startswith('<div aria-live="polite"><img ')


def test_a_later_error_is_shown_in_place_of_the_picture_and_goes_away_again():
    moved = control(spread, power=(1, 6, 1))
    before = page_of(moved)
    moved.children[0].value = 5
    assert page_of(moved) == "<pre>ZeroDivisionError: no power &lt;5&gt;</pre>"
    moved.children[0].value = 1
    assert page_of(moved) == before


def test_an_error_in_the_first_picture_is_raised():
    with pytest.raises(ZeroDivisionError, match="no power"):
        control(spread, power=(5, 6, 1))


def test_a_picture_of_a_control_needs_alt_text_too():
    with pytest.raises(ValueError, match="alt is 'short'"):
        control(lambda power: (spread(power)[0], "short"), power=(1, 6, 1))


@pytest.mark.parametrize(
    ("given", "kind", "state"),
    [
        ((2, 11, 3), ipywidgets.IntSlider, {"min": 2, "max": 11, "step": 3, "value": 2}),
        ((2, 11, 3, 8), ipywidgets.IntSlider, {"min": 2, "max": 11, "step": 3, "value": 8}),
        ((-1.0, 1.0, 0.25), ipywidgets.FloatSlider, {"min": -1.0, "max": 1.0, "step": 0.25, "value": -1.0}),
        ((0, 1, 0.1, 0.3), ipywidgets.FloatSlider, {"min": 0.0, "max": 1.0, "step": 0.1, "value": 0.3}),
        (["dot", "bilinear"], ipywidgets.Dropdown, {"options": ("dot", "bilinear"), "value": "dot"}),
        (True, ipywidgets.Checkbox, {"value": True}),
        (False, ipywidgets.Checkbox, {"value": False}),
    ],
)
def test_every_shorthand_becomes_its_widget(given, kind, state):
    values = []

    def draw(some_input):
        values.append(some_input)
        return spread()

    widget = control(draw, some_input=given).children[0]
    assert type(widget) is kind
    assert {name: getattr(widget, name) for name in state} == state
    assert values == [state["value"]]
    assert widget.description == "some input"


def test_symbols_keep_their_underscore_in_a_label():
    labels = [widget.description for widget in control(spread, d_k=(1, 7, 2), number_of_keys=(2, 5, 1)).children[:-1]]
    assert labels == ["d_k", "number of keys"]


@pytest.mark.parametrize("given", [(1, 6, 1), (1.0, 6.0, 0.5)])
def test_a_slider_redraws_when_it_is_let_go(given):
    assert control(spread, power=given).children[0].continuous_update is False


def test_a_widget_of_ones_own_is_taken_as_it_is():
    text = ipywidgets.Text("cat", description="word")
    moved = control(spread, word=text)
    assert moved.children[0] is text
    text.value = "mat"
    assert "'mat'" in img(page_of(moved))["alt"]


@pytest.mark.parametrize("given", ["dot", 7, None, (1, 6), (1, 2, 3, 4, 5), {"a": 1}])
def test_other_shorthands_are_refused(given):
    with pytest.raises(TypeError, match=re.escape(f"power is {given!r}, expected a widget, a list, a bool or (lowest")):
        control(spread, power=given)


def test_the_text_form_of_a_control_is_short():
    moved = control(spread, power=(1, 6, 1), signed=True)
    assert repr(moved) == "Control of power, signed (moves in a running notebook)"
