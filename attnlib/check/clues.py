"""What a wrong result shows about itself, when no mistake of the exercise explains it.

Every clue is a kind, a test of (value, expected), and a sentence. The first whose test holds is taken, so the
order runs from what says most to what says least. Shapes come before numbers: numbers are compared only where
the shapes agree. A sentence states what was tested and no more; a guess at the cause is a question.
"""

import numpy as np

from attnlib.check.comparing import equal


def clue(value, expected):
    """Return (kind, sentence) on how a normalised value differs from what was expected."""
    if isinstance(value, tuple) or isinstance(expected, tuple):
        return _tuple_clue(value, expected)
    if value.shape != expected.shape:
        kind, says = _first_that_holds(_SHAPE_TESTS, value, expected) or ("shape", "Your result has {shapes}.")
        return kind, says.format(shapes=f"shape {value.shape}, expected {expected.shape}")
    if (value.dtype == bool) != (expected.dtype == bool):
        kind = "True and False" if expected.dtype == bool else "numbers, not True and False"
        return "dtype", f"The array must hold {kind}; yours has dtype {value.dtype}."
    with np.errstate(all="ignore"):
        return _same_shape_clue(value, expected)


def _tuple_clue(value, expected):
    if _form(value) != _form(expected):
        return "form", f"Return {_form(expected)}; yours is {_form(value)}."
    matches = [[k for k, part in enumerate(expected) if equal(one, part)] for one in value]
    if all(matches) and len({found[0] for found in matches}) == len(expected):
        return "order of parts", "All the parts are right, but they stand in another order."
    place = next(k for k, pair in enumerate(zip(value, expected, strict=True)) if not equal(*pair))
    kind, says = clue(value[place], expected[place])
    return kind, f"Part {place + 1} of {len(expected)}: {says}"


def _form(value):
    return f"a tuple of {len(value)} arrays" if isinstance(value, tuple) else "one array"


def _same_shape_clue(value, expected):
    if expected.dtype == bool:
        return _mask_clue(value, expected)
    if value.dtype.kind in "iu" and (expected != np.round(expected)).any():
        return "whole", _WHOLE
    if not value.ndim and expected.dtype.kind in "iu":
        return _number(value, expected)
    value, expected = value.astype(float), expected.astype(float)
    found = _first_that_holds(_NUMBER_TESTS, value, expected)
    return (
        found
        or _unfilled(value, expected)
        or _factor(value, expected)
        or _sum(value, expected)
        or _where(value, expected)
    )


def _first_that_holds(tests, value, expected):
    return next(((kind, says) for kind, holds, says in tests if holds(value, expected)), None)


def _mask_clue(value, expected):
    hidden, shown = expected & ~value, value & ~expected
    if (value == ~expected).all():
        return "opposite", "Every entry is the opposite of the right one: turn True and False round."
    unfilled = _unfilled(value, expected)
    if unfilled:
        return unfilled
    if not shown.any():
        return "hidden", f"{_entries(hidden)} False and must be True: {_place(hidden)}."
    if not hidden.any():
        return "shown", f"{_entries(shown)} True and must be False: {_place(shown)}."
    return _where(value, expected)


def _entries(wrong):
    count = int(wrong.sum())
    return "One entry is" if count == 1 else f"{count} entries are"


def _place(wrong):
    places = [f"[{', '.join(map(str, place))}]" for place in np.argwhere(wrong)[:3]]
    return ", ".join(places) + (" ..." if wrong.sum() > 3 else "")


def _starts_with(whole, part):
    if whole.ndim != part.ndim or any(a < b for a, b in zip(whole.shape, part.shape, strict=True)):
        return False
    return part.size > 0 and _close(whole[tuple(map(slice, part.shape))], part)


def _is_one_row(value, expected):
    if value.ndim >= expected.ndim or expected.shape[expected.ndim - value.ndim :] != value.shape:
        return False
    return any(_close(value, row) for row in expected.reshape(-1, *value.shape))


def _repeats(value, expected):
    try:
        return _close(np.broadcast_to(expected, value.shape), value)
    except ValueError:
        return False


def _running_sums(expected):
    yield np.cumsum(expected).reshape(expected.shape)
    for axis in range(expected.ndim):
        yield np.cumsum(expected, axis=axis)


def _without_ones(value):
    return [size for size in value.shape if size != 1]


_SHAPE_TESTS = (
    (
        "transposed",
        lambda value, expected: value.ndim > 1 and _close(value.T, expected),
        "Your result is transposed: {shapes}.",
    ),
    (
        "axis",
        lambda value, expected: value.size == expected.size and _close(value.ravel(), expected.ravel()),
        "The numbers are right, but they stand in another shape: {shapes}.",
    ),
    (
        "total",
        lambda value, expected: value.ndim == 0 and _close(value, expected.sum()),
        "You added up everything, so that one number is left: {shapes}.",
    ),
    (
        "part",
        lambda value, expected: _starts_with(expected, value),
        "Only the first part of the result is there: {shapes}. Does a loop stop too early?",
    ),
    (
        "part",
        _is_one_row,
        "Only one part of the result is there: {shapes}. Is `return` inside a loop, or an index too many?",
    ),
    ("repeated", _repeats, "The numbers are right, but they stand there several times: {shapes}."),
    (
        "more",
        lambda value, expected: _starts_with(value, expected),
        "The right result is the first part of yours, but yours is larger: {shapes}.",
    ),
    (
        "axis",
        lambda value, expected: _without_ones(value) == _without_ones(expected),
        "There is an axis of size 1 too many or too few: {shapes}.",
    ),
)

_WHOLE = (
    "Your numbers are whole, the digits behind the point are cut off: divide with `/`, not `//`, and make the "
    "result array of floats."
)
_NUMBER_TESTS = (
    (
        "nan",
        lambda value, _: np.isnan(value).any(),
        "There is NaN (not a number) in it: look for 0 / 0, infinity - infinity or 0 * infinity.",
    ),
    (
        "infinite",
        lambda value, expected: (np.isposinf(value) & ~np.isposinf(expected)).any(),
        "There is infinity in it: look for exp of a large number or a division by 0.",
    ),
    (
        "minus infinity",
        lambda value, expected: (np.isneginf(value) & ~np.isneginf(expected)).any(),
        "There is minus infinity in it: is it a masked score that is returned as it is, or the logarithm of 0?",
    ),
    (
        "zeros",
        lambda value, expected: not value.any() and expected.any(),
        "Every number is 0: is the result ever filled in, or cut down to whole numbers?",
    ),
    (
        "whole",
        lambda value, expected: (value == np.trunc(expected)).all() or (value == np.floor(expected)).all(),
        _WHOLE,
    ),
    (
        "sign",
        lambda value, expected: _close(value, -expected),
        "The sign is turned round: every number is minus the right one.",
    ),
    ("absolute", lambda value, expected: _close(value, np.abs(expected)), "Keep the signs: yours are all positive."),
    (
        "rounded",
        lambda value, expected: any(_close(value, expected.round(digits)) for digits in (1, 2, 3)),
        "Your result is rounded: return all digits.",
    ),
    (
        "sorted",
        lambda value, expected: (
            value.ndim == 1 and (_close(value, np.sort(expected)) or _close(value, np.sort(expected)[::-1]))
        ),
        "The numbers are right, but sorted: leave them in the order of the input.",
    ),
    (
        "reshaped",
        lambda value, expected: value.ndim == 2 and _close(value, expected.T.reshape(expected.shape)),
        "You reshape where a transpose is needed: that puts the numbers of different rows together. Use `.T`.",
    ),
    (
        "order",
        lambda value, expected: _close(np.sort(value, axis=None), np.sort(expected, axis=None)),
        "All the right numbers are there, but in other places.",
    ),
    (
        "running sum",
        lambda value, expected: value.size > 1 and any(_close(value, one) for one in _running_sums(expected)),
        "Every entry contains those before it: set the total back to 0 inside the loop.",
    ),
    (
        "digits",
        lambda value, expected: np.allclose(value, expected, rtol=1e-2, atol=2e-3 * np.abs(expected).max(initial=0)),
        "Your numbers agree with the right ones to two digits: is something rounded on the way, or in half precision?",
    ),
)


def _unfilled(value, expected):
    """Find slices that are all 0 (or False) where everything else is right."""
    right = _right_entries(value, expected)
    for axis in range(value.ndim):
        others = tuple(k for k in range(value.ndim) if k != axis)
        wrong = np.flatnonzero(~right.all(axis=others))
        if 0 < len(wrong) < value.shape[axis] and not np.take(value, wrong, axis).any():
            where = ", ".join(map(str, wrong))
            empty = "False" if expected.dtype == bool else "0"
            says = f"All is right but index {where} of axis {axis}, which is {empty}: does a loop stop too early?"
            return "unfilled", says
    return None


def _factor(value, expected):
    filled = np.abs(expected) > 1e-6
    if filled.sum() < 2 or np.abs(value[~filled]).max(initial=0) > 1e-5:
        return None
    ratios = value[filled] / expected[filled]
    if not np.allclose(ratios, ratios[0], rtol=1e-3) or abs(ratios[0]) < 1e-3:
        return None
    times = f"Every number is {ratios[0]:.3g} times what it should be"
    return "factor", f"{times}: a factor is missing, or one too many."


def _sum(value, expected):
    if not expected.ndim or not np.allclose(expected.sum(-1), 1, atol=1e-3):
        return None
    if np.allclose(value.sum(-1), 1, atol=1e-3):
        return None
    if value.ndim == 1:
        return "sum", f"The numbers should sum to 1; yours sum to {value.sum():.3g}."
    return "sum", "Each row should sum to 1, and yours does not."


def _where(value, expected):
    if not value.ndim:
        return _number(value, expected)
    close = _right_entries(value, expected)
    wrong = int((~close).sum())
    says = f"{wrong} of {value.size} entries differ from what was expected"
    if value.ndim and close.any():
        whole = close.all(axis=tuple(range(1, value.ndim)))
        rows = np.flatnonzero(~whole).tolist()
        if whole.any():
            return "rows", f"{says}, all of them at index {', '.join(map(str, rows))} of the first axis."
    return "entries", f"The shape is right, but {says}."


def _number(value, expected):
    return "number", f"Your number is {value:.8g}, and it should be {expected:.8g}."


def _right_entries(value, expected):
    return value == expected if expected.dtype == bool else np.isclose(value, expected, rtol=1e-4, atol=1e-5)


def _close(one, other):
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-4, atol=1e-5)
