"""Clues and advice: what a result or an error shows by itself, said truly."""

import numpy as np
import pytest
import torch

from attnlib.check.advice import advice
from attnlib.check.clues import clue

TABLE = np.random.default_rng(0).normal(size=(4, 3)) * 2
WEIGHTS = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
MASK = np.tri(4, dtype=bool)


def with_zeros(table, index):
    table = table.copy()
    table[index] = 0
    return table


@pytest.mark.parametrize(
    ("value", "expected", "kind"),
    [
        (TABLE.T, TABLE, "transposed"),
        (TABLE[None], TABLE, "axis"),
        (TABLE.sum(), TABLE, "total"),
        (TABLE[:2], TABLE, "part"),
        (TABLE[1], TABLE, "part"),
        (TABLE, TABLE[:, :2], "more"),
        (np.stack([TABLE, TABLE]), TABLE, "repeated"),
        (TABLE[:2] + 1, TABLE, "shape"),
        (MASK.astype(float), MASK, "dtype"),
        (~MASK, MASK, "opposite"),
        (np.eye(4, dtype=bool), MASK, "hidden"),
        (np.ones((4, 4), dtype=bool), MASK, "shown"),
        (with_zeros(MASK, 3), MASK, "unfilled"),
        (TABLE * np.nan, TABLE, "nan"),
        (TABLE + np.inf, TABLE, "infinite"),
        (TABLE - np.inf, TABLE, "minus infinity"),
        (TABLE * 0, TABLE, "zeros"),
        (TABLE.astype(int), TABLE, "whole"),
        (np.floor(TABLE), TABLE, "whole"),
        (-TABLE, TABLE, "sign"),
        (np.abs(TABLE), TABLE, "absolute"),
        (TABLE.round(2), TABLE, "rounded"),
        (np.sort(TABLE[:, 0])[::-1], TABLE[:, 0], "sorted"),
        (TABLE.T.reshape(4, 3), TABLE, "reshaped"),
        (TABLE[::-1], TABLE, "order"),
        (TABLE.cumsum(0), TABLE, "running sum"),
        (TABLE.cumsum(1), TABLE, "running sum"),
        (TABLE.cumsum().reshape(4, 3), TABLE, "running sum"),
        (TABLE.astype(np.float16), TABLE, "digits"),
        (with_zeros(TABLE, 3), TABLE, "unfilled"),
        (with_zeros(TABLE, (slice(None), 2)), TABLE, "unfilled"),
        (TABLE / 3, TABLE, "factor"),
        (WEIGHTS + 0.2, WEIGHTS, "sum"),
        (WEIGHTS[0] + 0.2, WEIGHTS[0], "sum"),
        (TABLE + np.array([[1], [0], [0], [1]]), TABLE, "rows"),
        (TABLE + 1, TABLE, "entries"),
        (np.array(420), np.array(600), "number"),
        (np.array(5997), np.array(6000), "number"),
        (np.array(4.2), np.array(6.1), "number"),
        ((TABLE, WEIGHTS), (WEIGHTS, TABLE), "order of parts"),
        (TABLE, (WEIGHTS, TABLE), "form"),
        ((WEIGHTS, -TABLE), (WEIGHTS, TABLE), "sign"),
    ],
)
def test_a_result_gets_the_clue_that_says_most(value, expected, kind):
    pair = [one if isinstance(one, tuple) else np.asarray(one) for one in (value, expected)]
    found, says = clue(*pair)
    assert found == kind
    assert says.endswith((".", "?"))
    assert "{" not in says


def test_counts_and_places_in_a_clue_are_true():
    wrong = TABLE.copy()
    wrong[1, 0], wrong[3] = 9, 9
    assert (
        clue(wrong, TABLE)[1]
        == "4 of 12 entries differ from what was expected, all of them at index 1, 3 of the first axis."
    )
    assert clue(MASK & ~np.eye(4, dtype=bool), MASK)[1].startswith(
        "4 entries are False and must be True: [0, 0], [1, 1]"
    )
    assert clue(with_zeros(TABLE, (slice(None), 2)), TABLE)[1].startswith(
        "All is right but index 2 of axis 1, which is 0"
    )
    assert clue(TABLE / 2, TABLE)[1].startswith("Every number is 0.5 times")


def attempt(call):
    try:
        call()
    except Exception as error:
        return advice(error)[0]
    return None


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: np.array([1, 2]).__itruediv__(2), "whole numbers in place"),
        (lambda: 1.0 / TABLE.sum, "not called"),
        (lambda: TABLE @ TABLE, "matrix product"),
        (lambda: TABLE + np.ones(4), "broadcast"),
        (lambda: TABLE.sum(axis=2), "axis"),
        (lambda: TABLE[7], "index"),
        (lambda: torch.ones(4, 3).T.view(12), "view"),
        (lambda: TABLE.reshape(5, 3), "sizes"),
        (lambda: torch.ones(4, 3).view(5, 3), "sizes"),
        (lambda: wieghts, "name"),  # noqa: F821
        (lambda: torch.ones(3, 3).bool() @ torch.ones(3, 3).bool(), "needs floats"),
        (lambda: torch.ones(3, 3).bool() @ torch.ones(3, 3), "needs floats"),
        (lambda: torch.arange(3).softmax(-1), "needs floats"),
        (lambda: {}["a"], "KeyError"),
    ],
)
def test_an_error_gets_advice(call, kind):
    assert attempt(call) == kind


@pytest.mark.parametrize("kind", ["matrix product", "broadcast", "index"])
def test_torch_words_its_errors_otherwise(kind):
    table = torch.ones(4, 3)
    calls = {
        "matrix product": lambda: table @ table,
        "broadcast": lambda: table + torch.ones(4),
        "index": lambda: table[7],
    }
    assert attempt(calls[kind]) == kind
