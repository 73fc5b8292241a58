"""Shapes: check them, explain them when they do not fit. No chapter of its own; every chapter uses it.

A *pattern* is what a docstring says about a shape, for example ``"(..., num_queries, d_k)"``: named sizes,
with ``...`` in front where any number of leading axes may stand. The same text is checked against the
arguments, printed in the error and written in the docstring.
"""

import numpy as np
import torch


class ShapeError(ValueError):
    """The shapes of two arguments, or of one argument and its description, do not fit together."""


def match(patterns, why=None, **tensors):
    """Check tensors against their patterns and return the size of every name in them.

    **Shapes**
        patterns    {argument: pattern}; arguments that are not among ``tensors`` are ignored
        why         {size name: one sentence that says why the arguments must agree on it}
        tensors     {argument: anything with a ``shape``}

    **Promises** the result maps each named size to a positive integer, and ``"..."`` to the shape that the
    leading axes broadcast to.

    **Raises** ``ShapeError`` naming the size, the two arguments and all the shapes.

    **Example**

    >>> match({"keys": "(..., num_keys, d_k)"}, keys=torch.zeros(2, 5, 3))
    {'num_keys': 5, 'd_k': 3, '...': (2,)}
    """
    sizes, owner, leading = {}, {}, {}
    for argument, tensor in tensors.items():
        names = _names(patterns[argument])
        shape = tuple(tensor.shape)
        open_ended = bool(names) and names[0] == "..."
        names = names[1:] if open_ended else names
        if len(shape) < len(names) or (len(shape) > len(names) and not open_ended):
            count = f"{len(names)} or more" if open_ended else f"{len(names)}"
            headline = f"{argument} has {_axes(len(shape))}, {count} expected."
            raise ShapeError(_explain(headline, patterns, tensors))
        if 0 in shape:
            raise ShapeError(_explain(f"{argument} is empty.", patterns, tensors))
        leading[argument] = shape[: len(shape) - len(names)]
        for name, size in zip(names, shape[len(shape) - len(names) :], strict=True):
            if sizes.setdefault(name, size) != size:
                headline = f"{name} is {size} in {argument} but {sizes[name]} in {owner[name]}."
                raise ShapeError(_explain(headline, patterns, tensors, (why or {}).get(name)))
            owner.setdefault(name, argument)
    return sizes | {"...": _broadcast_leading(leading, patterns, tensors)}


def must_fit(argument, tensor, scores_shape, hint=None):
    """Check that a mask or a bias broadcasts to the shape of the scores without making it wider.

    **Shapes**
        tensor          any shape
        scores_shape    (..., num_queries, num_keys)
        hint            a sentence added to the error, for a mistake that is often made here

    **Raises** ``ShapeError``.
    """
    shape, scores_shape = tuple(tensor.shape), tuple(scores_shape)
    if 0 not in shape and _broadcasts(shape, scores_shape):
        return
    lines = [
        f"{argument} does not fit the scores.",
        f"  {argument:<8} {shape!s:<18} expected something that broadcasts to {scores_shape}",
        f"Counted from the right, every size of the {argument} must be 1 or that of the scores"
        " (..., num_queries, num_keys).",
    ]
    raise ShapeError("\n".join(lines + ([hint] if hint else [])))


def must_be_floating(**tensors):
    """Check that all arguments are torch tensors of one floating-point dtype on one device.

    **Raises** ``TypeError`` naming the argument, its type and shape, and what was expected.
    """
    first = None
    for argument, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            kind = type(tensor).__name__
            shape = f" and has shape {tuple(tensor.shape)}" if hasattr(tensor, "shape") else ""
            hint = " Use torch.from_numpy(...)." if kind == "ndarray" else ""
            raise TypeError(f"{argument} is of type {kind}{shape}, expected a torch.Tensor.{hint}")
        if not tensor.is_floating_point():
            hint = "True and False belong in mask=." if tensor.dtype == torch.bool else f"Use {argument}.float()."
            raise TypeError(
                f"{argument} has dtype {tensor.dtype} and shape {tuple(tensor.shape)}, expected a "
                f"floating-point tensor. {hint}"
            )
        first = first or (argument, tensor)
        for what in ("dtype", "device"):
            one, other = getattr(first[1], what), getattr(tensor, what)
            if one != other:
                raise TypeError(
                    f"{argument} {tuple(tensor.shape)} has {what} {other} but {first[0]} "
                    f"{tuple(first[1].shape)} has {what} {one}; expected the same {what}."
                )


def must_count(**counts):
    """Check that all arguments are integers of at least 1.

    **Shapes** counts: {argument: what should be a count}

    **Raises** ``TypeError`` or ``ValueError`` naming the argument and what it is.
    """
    for argument, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"{argument} is {count!r}, expected an integer of at least 1.")
        if count < 1:
            raise ValueError(f"{argument} is {count}, expected an integer of at least 1.")


def _names(pattern):
    return [name.strip() for name in pattern.strip("()").split(",") if name.strip()]


def _axes(count):
    return "1 axis" if count == 1 else f"{count} axes"


def _broadcasts(shape, target):
    if len(shape) > len(target):
        return False
    return all(size in (1, full) for size, full in zip(shape[::-1], target[::-1], strict=False))


def _broadcast_leading(leading, patterns, tensors):
    try:
        return np.broadcast_shapes(*leading.values())  # torch's own loads sympy when first called
    except ValueError:
        (one, first), (other, second) = _first_clash(leading)
        headline = f"the leading axes are {second} in {other} but {first} in {one}."
        reason = "Leading axes (batch, heads) must be equal, or 1 where one part serves all of the other."
        raise ShapeError(_explain(headline, patterns, tensors, reason)) from None


def _first_clash(leading):
    pairs = list(leading.items())
    for place, (other, second) in enumerate(pairs):
        for one, first in pairs[:place]:
            if any(a != b and 1 not in (a, b) for a, b in zip(first[::-1], second[::-1], strict=False)):
                return (one, first), (other, second)
    raise AssertionError("the leading axes do broadcast")


def _explain(headline, patterns, tensors, reason=None):
    rows = [
        f"  {argument:<10}{tuple(tensor.shape)!s:<18}expected {patterns[argument]}"
        for argument, tensor in tensors.items()
    ]
    return "\n".join([headline, *rows] + ([reason] if reason else []))
