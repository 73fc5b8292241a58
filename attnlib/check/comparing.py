"""Turn what a learner returned into arrays, and compare it with what was expected."""

import inspect
import numbers

import numpy as np

RELATIVE, ABSOLUTE = 1e-4, 1e-5


class Misfit(Exception):
    """The returned value cannot be compared at all; the message says what it is."""


def normalise(value, *, several=False):
    """Return an array, or a tuple of arrays where ``several`` are expected, or raise ``Misfit``.

    Tensors, arrays, numbers and nested lists and tuples of these are welcome.
    """
    if several and isinstance(value, (list, tuple)):
        return tuple(_as_array(part) for part in value)
    return _as_array(value)


def _as_array(value):
    if value is None:
        raise Misfit("Your function gave back None. Is the line with `return` missing?")
    if inspect.isgenerator(value):
        raise Misfit("Your function gave back a generator, not numbers: use `return` once instead of `yield`.")
    if callable(value):
        raise Misfit("Your function gave back a function. Call it, and return what comes out.")
    if hasattr(value, "detach"):
        value = _numbers_of(value)
    elif isinstance(value, (list, tuple)):
        value = _stack([_as_array(part) for part in value])
    elif isinstance(value, numbers.Rational) and not isinstance(value, numbers.Integral):
        value = float(value)
    elif not isinstance(value, (np.ndarray, np.generic, numbers.Number)):
        raise Misfit(f"Your function gave back a value of type {type(value).__name__}, expected an array or a tensor.")
    array = np.asarray(value)
    if array.dtype.kind not in "bifu":
        raise Misfit(f"Your function gave back an array of type {array.dtype}, expected numbers.")
    return array


def _numbers_of(tensor):
    try:
        return tensor.detach().cpu().to_dense().numpy()
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        says = f"Your function gave back a tensor whose numbers cannot be read: its type is {tensor.dtype}"
        raise Misfit(f"{says}, its device `{tensor.device}`. Return an ordinary tensor.") from error


def _stack(parts):
    shapes = {part.shape for part in parts}
    if len(shapes) > 1:
        raise Misfit(f"Your function gave back a list whose parts have different shapes: {sorted(shapes)}.")
    return np.stack(parts) if parts else np.empty(0)


def equal(one, other):
    """Tell whether two normalised values agree: same structure, shapes and kind, values to float32 accuracy."""
    if isinstance(one, tuple) or isinstance(other, tuple):
        same_form = isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other)
        return same_form and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if one.shape != other.shape or (one.dtype == bool) != (other.dtype == bool):
        return False
    return _close(one, other)


def _close(one, other):
    """Do what np.allclose does with equal_nan, without its overhead: this runs a thousand times for one card."""
    with np.errstate(all="ignore"):
        near = np.abs(one.astype(float) - other) <= ABSOLUTE + RELATIVE * np.abs(other)
        near &= np.isfinite(other)
        return bool((near | (one == other) | ((one != one) & (other != other))).all())


def shapes_of(value):
    """Return the shape of a normalised value as text."""
    if isinstance(value, tuple):
        return "a tuple of " + ", ".join(str(part.shape) for part in value)
    return str(value.shape) if value.shape else "a single number"


def text_of(value):
    """Return a normalised value as short text, three digits a number."""
    if isinstance(value, tuple):
        return "\n\n".join(text_of(part) for part in value)
    with np.printoptions(precision=3, suppress=True, threshold=120, edgeitems=4, linewidth=96):
        return str(value)
