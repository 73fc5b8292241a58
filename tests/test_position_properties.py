"""Every way to tell positions, and what it claims: one probe a property, and each scheme passes or fails it as it says.

distinct        two places get different rows: of vectors, or of what is added to the scores
shift linear    one matrix takes the row of every place to the row of the next
offset only     for equal words the score, or what is added to it, depends on i - j alone
any length      the scheme answers for sentences longer than any it was made for; otherwise it refuses by name
"""

from dataclasses import dataclass
from functools import partial

import pytest
import torch

from attnlib import (
    LearnedPositions,
    RelativePositionBias,
    ShawRelativePositions,
    alibi_bias,
    rotary,
    shift_matrix,
    sinusoidal_positions,
)

D, LONGEST = 10, 37  # the features, and the places of a learned table
generator = torch.Generator().manual_seed(0)
QUERY, KEY = torch.randn(2, D, generator=generator, dtype=torch.float64)  # one word, at every place


@dataclass
class Scheme:
    """How a scheme is asked, and what it claims; None where the question makes no sense."""

    scores: callable  # n -> (n, n): scores, or what is added to them, of one word at n places
    rows: callable  # n -> (n, d): the vector of each place, or its row of the scores
    distinct: bool = True
    shift_linear: bool | None = None
    offset_only: bool = True
    any_length: bool = True


def of_vectors(vectors, **claims):
    """A scheme of vectors: n -> (n, d); places are compared by the dot products of their vectors."""
    return Scheme(scores=lambda n: vectors(n) @ vectors(n).T, rows=vectors, **claims)


def of_scores(scores, **claims):
    """A scheme that adds to the scores: n -> (n, n)."""
    return Scheme(scores=scores, rows=scores, **claims)


def of_rotation(rotate):
    """A scheme that rotates queries and keys."""
    return Scheme(
        scores=lambda n: rotate(QUERY.expand(n, D)) @ rotate(KEY.expand(n, D)).T,
        rows=lambda n: rotate(QUERY.expand(n, D)),
        shift_linear=True,
    )


def filled(module):
    """Give the table of a module numbers of order 1."""
    numbers = torch.randn(module.table.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    module.table = torch.nn.Parameter(numbers, requires_grad=False)
    return module


learned, t5 = filled(LearnedPositions(LONGEST, D)), filled(RelativePositionBias(3))
t5_past, shaw = filled(RelativePositionBias(3, bidirectional=False)), filled(ShawRelativePositions(D, 5))

SCHEMES = {
    "none": of_scores(lambda n: QUERY.expand(n, D) @ KEY.expand(n, D).T, distinct=False, shift_linear=None),
    "sinusoidal": of_vectors(partial(sinusoidal_positions, d_model=D, dtype=torch.float64), shift_linear=True),
    "sinusoidal_half": of_vectors(
        partial(sinusoidal_positions, d_model=D, layout="half", dtype=torch.float64), shift_linear=True
    ),
    "learned": of_vectors(
        lambda n: learned(torch.zeros(1, n, D, dtype=torch.float64))[0],
        shift_linear=False,
        offset_only=False,
        any_length=False,
    ),
    "t5": of_scores(lambda n: t5(n)[1]),
    "t5_past": of_scores(lambda n: t5_past(n)[1]),
    "shaw": of_scores(lambda n: shaw(QUERY.expand(n, D))),
    "rotary": of_rotation(rotary),
    "rotary_half": of_rotation(partial(rotary, layout="half")),
    "alibi": of_scores(lambda n: alibi_bias(3, n)[0].double()),
}

every_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)


def smallest_distance(rows):
    return torch.pdist(rows).min()


def next_row_error(rows, fitted):
    """Fit a matrix that takes each row to the next on the first rows; its worst error on the others."""
    step = torch.linalg.lstsq(rows[:fitted], rows[1 : fitted + 1]).solution
    return (rows[fitted:-1] @ step - rows[fitted + 1 :]).abs().max()


def offset_error(scores):
    """The largest difference between two scores of the same offset."""
    return max(
        (diagonal.max() - diagonal.min()).item()
        for diagonal in (scores.diagonal(offset) for offset in range(1 - len(scores), len(scores)))
    )


@every_scheme
def test_places_are_told_apart_or_not_as_claimed(scheme):
    assert (smallest_distance(scheme.rows(LONGEST)) > 1e-3) == scheme.distinct


@every_scheme
def test_the_shift_is_linear_or_not_as_claimed(scheme):
    if scheme.shift_linear is not None:
        assert (next_row_error(scheme.rows(LONGEST), 19) < 1e-6) == scheme.shift_linear


@every_scheme
def test_scores_depend_on_the_offset_only_or_not_as_claimed(scheme):
    scores = scheme.scores(31)
    assert scores.shape == (31, 31)
    assert (offset_error(scores) < 1e-9) == scheme.offset_only


@every_scheme
@pytest.mark.parametrize("n", [LONGEST + 1, 401])
def test_any_length_is_answered_or_refused_as_claimed(scheme, n):
    if scheme.any_length:
        assert scheme.scores(n).isfinite().all()
    else:
        with pytest.raises(IndexError, match=f"position {n - 1} is not in the table"):
            scheme.scores(n)


@every_scheme
def test_a_longer_sentence_changes_nothing_for_its_first_places(scheme):
    torch.testing.assert_close(scheme.scores(LONGEST)[:13, :13], scheme.scores(13), rtol=0, atol=1e-12)


@pytest.mark.parametrize("layout", ["interleaved", "half"])
def test_ten_thousand_rows_are_distinct_in_float32(layout):
    # the nearest rows are those of places that are few steps apart, or that many turns of the fast frequencies join
    P = sinusoidal_positions(10001, 16, layout=layout)
    assert len({row.numpy().tobytes() for row in P}) == len(P)
    nearest = min(torch.cdist(part, P).topk(2, largest=False).values[:, 1].min().item() for part in P.split(1000))
    assert nearest > 0.01


@pytest.mark.parametrize("rows", [7, 13])
def test_the_probe_of_the_shift_finds_the_shift_matrix(rows):
    P = sinusoidal_positions(53, 6, dtype=torch.float64)
    step = torch.linalg.lstsq(P[:rows], P[1 : rows + 1]).solution
    torch.testing.assert_close(step.T, shift_matrix(1, 6, dtype=torch.float64), rtol=0, atol=1e-8)
