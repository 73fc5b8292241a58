"""What a wrong result shows about itself, when no mistake of the exercise explains it.

Every clue is a kind, a test of (value, expected), and a sentence. The first whose test holds is taken, so the
order runs from what says most to what says least. Shapes come before numbers: numbers are compared only where
the shapes agree.
"""

import numpy as np

from attnlib.check.comparing import equal


def clue(value, expected):
    """Return (kind, sentence) on how a normalised value differs from what was expected."""
    if isinstance(value, tuple) or isinstance(expected, tuple):
        return _tuple_clue(value, expected)
    if value.shape != expected.shape:
        return _shape_clue(value, expected)
    if (value.dtype == bool) != (expected.dtype == bool):
        kind = "True and False" if expected.dtype == bool else "numbers, not True and False"
        return "dtype", f"The array must hold {kind}; yours has dtype {value.dtype}."
    with np.errstate(all="ignore"):
        found = _same_shape_clue(value.astype(float), expected.astype(float))
    return found or _where(value, expected)


def _tuple_clue(value, expected):
    if _form(value) != _form(expected):
        return "form", f"Return {_form(expected)}; yours is {_form(value)}."
    place = next(k for k, pair in enumerate(zip(value, expected, strict=True)) if not equal(*pair))
    kind, says = clue(value[place], expected[place])
    return kind, f"Part {place + 1} of {len(expected)}: {says}"


def _form(value):
    return f"a tuple of {len(value)} arrays" if isinstance(value, tuple) else "one array"


def _shape_clue(value, expected):
    shapes = f"shape {value.shape}, expected {expected.shape}"
    if value.size == expected.size and _close(value.ravel(), expected.ravel()):
        return "axis", f"The numbers are right, but they stand in another shape: {shapes}."
    if value.ndim > 1 and value.T.shape == expected.shape and _close(value.T, expected):
        return "transposed", f"Your result is transposed: {shapes}."
    if value.ndim == 0 and _close(value, expected.sum()):
        return "total", f"You added up everything: one number came out, expected shape {expected.shape}."
    if value.ndim == expected.ndim and all(a <= b for a, b in zip(value.shape, expected.shape, strict=True)):
        return "part", f"Only a part of the result is there: {shapes}. Does a loop stop too early?"
    if value.ndim < expected.ndim and any(_close(value, row) for row in expected.reshape(-1, *value.shape)):
        return "part", f"Only one part of the result is there: {shapes}."
    if [size for size in value.shape if size != 1] == [size for size in expected.shape if size != 1]:
        return "axis", f"There is an axis of size 1 too many or too few: {shapes}."
    return "shape", f"Your result has {shapes}."


def _same_shape_clue(value, expected):
    rows = expected.sum(-1) if expected.ndim else expected
    tests = (
        (
            "nan",
            lambda: np.isnan(value).any(),
            "There is NaN (not a number) in it: look for 0 / 0 or infinity - infinity.",
        ),
        (
            "infinite",
            lambda: (np.isinf(value) & ~np.isinf(expected)).any(),
            "There is infinity in it: look for exp of a large number or a division by 0.",
        ),
        ("zeros", lambda: not value.any() and expected.any(), "Every number is 0: is the result ever filled in?"),
        (
            "sign",
            lambda: _close(value, -expected),
            "The sign is turned round: every number is minus the right one.",
        ),
        (
            "whole",
            lambda: (value == np.round(value)).all() and (np.abs(value - expected) <= 1).all(),
            "Your numbers are whole: digits behind the point are cut off. Make the result array of floats.",
        ),
        (
            "rounded",
            lambda: any(_close(value, expected.round(digits)) for digits in (1, 2, 3)),
            "Your result is rounded: return all digits.",
        ),
        (
            "order",
            lambda: _close(np.sort(value, axis=None), np.sort(expected, axis=None)),
            "All the right numbers are there, but in another order.",
        ),
        ("absolute", lambda: _close(value, np.abs(expected)), "Keep the signs: yours are all positive."),
    )
    for kind, holds, says in tests:
        if holds():
            return kind, says
    factor = _factor(value, expected)
    if factor:
        return "factor", f"Every number is {factor:.3g} times what it should be: a factor is missing, or one too many."
    if expected.ndim and np.allclose(rows, 1, atol=1e-3) and not np.allclose(value.sum(-1), 1, atol=1e-3):
        return "sum", "Each row should sum to 1, and yours does not."
    return None


def _factor(value, expected):
    filled = np.abs(expected) > 1e-6
    if not filled.any() or np.abs(value[~filled]).max(initial=0) > 1e-5:
        return None
    ratios = value[filled] / expected[filled]
    constant = np.allclose(ratios, ratios[0], rtol=1e-3) and abs(ratios[0]) > 1e-3 and len(ratios) > 1
    return ratios[0] if constant else None


def _where(value, expected):
    close = value == expected if expected.dtype == bool else np.isclose(value, expected, rtol=1e-4, atol=1e-5)
    wrong = int((~close).sum())
    says = f"{wrong} of {value.size} entries differ from what was expected"
    if value.ndim and close.any():
        whole = close.all(axis=tuple(range(1, value.ndim)))
        rows = np.flatnonzero(~whole).tolist()
        if whole.any():
            return "rows", f"{says}, all of them at index {', '.join(map(str, rows))} of the first axis."
    return "entries", f"The shape is right, but {says}."


def _close(one, other):
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-4, atol=1e-5)
