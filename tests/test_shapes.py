"""attnlib.shapes: sizes are found, misfits explained, and the patterns are those of the docstrings."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlib import ShapeError, attention, attention_weights, reference
from attnlib.dot_product import SHAPES, WHY
from attnlib.shapes import match, must_be_floating, must_fit

SMALL_SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)


def tensors(**shapes):
    return {argument: torch.zeros(shape) for argument, shape in shapes.items()}


def error_of(function, *args, **kwargs):
    with pytest.raises((ValueError, TypeError)) as caught:
        function(*args, **kwargs)
    return caught.value


def lines(*text):
    return "\n".join(text)


# ------------------------------------------------------------------------------------------ match: what is found


def test_match_returns_every_size_and_the_leading_axes():
    given_tensors = tensors(queries=(13, 2, 7, 3), keys=(13, 2, 11, 3), values=(13, 2, 11, 5))
    found = match(SHAPES, WHY, **given_tensors)
    assert found == {"num_queries": 7, "d_k": 3, "num_keys": 11, "d_v": 5, "...": (13, 2)}


def test_a_pattern_without_dots_takes_exactly_its_axes():
    patterns = {"lengths": "(batch,)", "X": "(batch, n, d_model)"}
    found = match(patterns, **tensors(lengths=(2,), X=(2, 7, 5)))
    assert found == {"batch": 2, "n": 7, "d_model": 5, "...": ()}


def test_only_what_has_a_shape_is_asked_for():
    assert match({"keys": "(num_keys, d_k)"}, keys=np.zeros((11, 3))) == {"num_keys": 11, "d_k": 3, "...": ()}


@settings(max_examples=60)
@given(SMALL_SHAPES, SMALL_SHAPES, SMALL_SHAPES)
def test_leading_axes_are_matched_as_numpy_broadcasts_them(one, other, third):
    given_tensors = tensors(queries=(*one, 7, 3), keys=(*other, 11, 3), values=(*third, 11, 5))
    try:
        expected = np.broadcast_shapes(one, other, third)
    except ValueError:
        error = error_of(match, SHAPES, **given_tensors)
        assert isinstance(error, ShapeError)
        assert str(error).startswith("the leading axes are ")
    else:
        assert match(SHAPES, **given_tensors)["..."] == expected


# ----------------------------------------------------------------------------------------- match: what is refused


def test_a_shape_error_is_a_value_error():
    assert issubclass(ShapeError, ValueError)


def test_unequal_sizes_are_told_with_all_the_shapes_and_the_reason():
    error = error_of(match, SHAPES, WHY, **tensors(queries=(2, 7, 3), keys=(2, 5, 4)))
    assert isinstance(error, ShapeError)
    assert str(error) == lines(
        "d_k is 4 in keys but 3 in queries.",
        "  queries   (2, 7, 3)         expected (..., num_queries, d_k)",
        "  keys      (2, 5, 4)         expected (..., num_keys, d_k)",
        "A score is the dot product of a query and a key, so both need the same d_k.",
    )


def test_the_owner_of_a_size_is_the_first_argument_that_has_it():
    error = error_of(match, SHAPES, WHY, **tensors(queries=(7, 3), keys=(11, 3), values=(13, 3)))
    assert str(error).startswith("num_keys is 13 in values but 11 in keys.")
    assert str(error).endswith("Every key belongs to one value, so there must be as many values as keys.")


def test_without_a_reason_the_error_ends_with_the_shapes():
    error = error_of(match, SHAPES, **tensors(queries=(7, 3), keys=(11, 2)))
    assert str(error).splitlines()[-1] == "  keys      (11, 2)           expected (..., num_keys, d_k)"


def test_a_missing_axis_is_told():
    error = error_of(match, SHAPES, **tensors(queries=(3,), keys=(11, 3)))
    assert isinstance(error, ShapeError)
    assert str(error) == lines(
        "queries has 1 axis, 2 or more expected.",
        "  queries   (3,)              expected (..., num_queries, d_k)",
        "  keys      (11, 3)           expected (..., num_keys, d_k)",
    )


@pytest.mark.parametrize(("shape", "axes"), [((), "0 axes"), ((7,), "1 axis"), ((5, 2, 7), "3 axes")])
def test_a_pattern_without_dots_refuses_other_counts_of_axes(shape, axes):
    error = error_of(match, {"X": "(n, d_model)"}, **tensors(X=shape))
    assert isinstance(error, ShapeError)
    assert str(error) == lines(f"X has {axes}, 2 expected.", f"  X         {shape!s:<18}expected (n, d_model)")


@pytest.mark.parametrize("shape", [(0, 7, 3), (2, 0, 3), (2, 7, 0)])
def test_an_empty_tensor_is_told_whichever_axis_is_empty(shape):
    error = error_of(match, SHAPES, **tensors(keys=(11, 3), queries=shape))
    assert isinstance(error, ShapeError)
    assert str(error) == lines(
        "queries is empty.",
        "  keys      (11, 3)           expected (..., num_keys, d_k)",
        f"  queries   {shape!s:<18}expected (..., num_queries, d_k)",
    )


def test_clashing_leading_axes_are_told_of_the_two_that_clash():
    error = error_of(match, SHAPES, WHY, **tensors(queries=(2, 7, 3), keys=(1, 11, 3), values=(5, 11, 13)))
    assert isinstance(error, ShapeError)
    assert str(error) == lines(
        "the leading axes are (5,) in values but (2,) in queries.",
        "  queries   (2, 7, 3)         expected (..., num_queries, d_k)",
        "  keys      (1, 11, 3)        expected (..., num_keys, d_k)",
        "  values    (5, 11, 13)       expected (..., num_keys, d_v)",
        "Leading axes (batch, heads) must be equal, or 1 where one part serves all of the other.",
    )


# ------------------------------------------------------------------------------------------------------ must_fit


def test_a_mask_that_does_not_fit_is_told():
    error = error_of(must_fit, "mask", torch.zeros(7, 5), (2, 7, 11), "Look at the last axis.")
    assert isinstance(error, ShapeError)
    assert str(error) == lines(
        "mask does not fit the scores.",
        "  mask     (7, 5)             expected something that broadcasts to (2, 7, 11)",
        "Counted from the right, every size of the mask must be 1 or that of the scores (..., num_queries, num_keys).",
        "Look at the last axis.",
    )


@settings(max_examples=150)
@given(st.lists(st.integers(0, 3), max_size=4).map(tuple), SMALL_SHAPES)
def test_what_fits_is_what_broadcasts_to_the_scores_without_widening_them(shape, scores_shape):
    try:
        fits = 0 not in shape and np.broadcast_shapes(shape, scores_shape) == scores_shape
    except ValueError:
        fits = False
    if fits:
        must_fit("bias", torch.zeros(shape), scores_shape)
    else:
        assert isinstance(error_of(must_fit, "bias", torch.zeros(shape), scores_shape), ShapeError)


# ---------------------------------------------------------------------------------------------- must_be_floating


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_floating_point_dtype_passes(dtype):
    must_be_floating(queries=torch.zeros(7, 3, dtype=dtype), keys=torch.zeros(11, 3, dtype=dtype))


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (
            torch.zeros(11, 3).long(),
            "keys has dtype torch.int64 and shape (11, 3), expected a floating-point tensor. Use keys.float().",
        ),
        (
            torch.zeros(11, 3).double(),
            "keys (11, 3) has dtype torch.float64 but queries (7, 3) has dtype torch.float32; expected the same dtype.",
        ),
        (
            torch.zeros(11, 3, device="meta"),
            "keys (11, 3) has device meta but queries (7, 3) has device cpu; expected the same device.",
        ),
        ([[1.0, 2.0, 3.0]], "keys is of type list, expected a torch.Tensor."),
        (None, "keys is of type NoneType, expected a torch.Tensor."),
        (
            np.zeros((11, 3)),
            "keys is of type ndarray and has shape (11, 3), expected a torch.Tensor. Use torch.from_numpy(...).",
        ),
    ],
    ids=["integers", "other_dtype", "other_device", "list", "None", "NumPy"],
)
def test_what_is_no_fitting_tensor_is_told(keys, text):
    error = error_of(must_be_floating, queries=torch.zeros(7, 3), keys=keys)
    assert isinstance(error, TypeError)
    assert str(error) == text


# ----------------------------------------------------------------------------------- one text for check and docstring


def documented(function):
    """The patterns in the Shapes section of a docstring, {name: pattern}; what else stands there is left out."""
    section = function.__doc__.split("**Shapes**")[1].split("**Promises**")[0]
    return dict(re.findall(r"^\s+(\w+)\s+(\(\.\.\..*\))$", section, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (attention, {"queries", "keys", "values", "output"}),
        (attention_weights, {"queries", "keys", "weights"}),
        (reference.attention, {"queries", "keys", "values", "output"}),
    ],
    ids=["attention", "attention_weights", "reference.attention"],
)
def test_docstrings_promise_the_patterns_that_are_checked(function, names):
    assert documented(function) == {name: SHAPES[name] for name in names}


@pytest.mark.parametrize("function", [attention, attention_weights])
@pytest.mark.parametrize("argument", ["mask", "bias"])
def test_docstrings_say_that_masks_broadcast_to_the_scores(function, argument):
    (line,) = re.findall(rf"^\s+{argument}  .*$", function.__doc__, flags=re.MULTILINE)
    assert line.endswith(f"broadcasts to {SHAPES['weights']}")
