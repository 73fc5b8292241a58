"""Chapter 6: tell every word where it stands, by a vector or by a rotation.

Sinusoidal and learned positions are added to the embeddings; rotary positions turn queries and keys. What is
added to the scores is in ``relative_positions``. A layout says where the two numbers of a pair stand:
"interleaved" side by side (features 2i and 2i + 1), "half" one half apart (features i and d / 2 + i).
"""

import math
import numbers

import torch
from torch import nn

from attnlib.shapes import match, must_be_floating, must_count

SHAPES = {
    "table": "(num_positions, d_model)",
    "embeddings": "(batch, n, d_model)",
    "x": "(..., n, d)",
    "positions": "(n,)",
}
WHY = {
    "d_model": "A position is added to an embedding number by number, so both need the same d_model.",
    "n": "Every word has one position.",
}

LAYOUTS = ("interleaved", "half")


def sinusoidal_positions(num_positions, d_model, *, base=10000.0, layout="interleaved", dtype=torch.float32):
    """Write every position as sines and cosines of falling frequency.

    P[p, 2i] = sin(p / base^(2i / d_model)), P[p, 2i + 1] = cos(p / base^(2i / d_model)) (Vaswani et al. 2017,
    section 3.5). Layout "half" stores all sines first, then all cosines.

    **Shapes** -> (num_positions, d_model), d_model even

    **Promises** the angles are computed in float64, so a float32 result is off by rounding alone at any position;
    every row has the length sqrt(d_model / 2), and no two rows are equal.

    **Raises** ``ValueError`` for a count below 1, an odd d_model, a base that is not above 1 or an unknown layout;
    ``TypeError`` for a count that is no integer and a dtype that is not floating-point.

    **Example**

    >>> sinusoidal_positions(2, 4)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    must_count(num_positions=num_positions)
    _must_be_floating_dtype(dtype)
    angles = _angles(torch.arange(num_positions), d_model, base)
    return _join(angles.sin(), angles.cos(), layout).to(dtype)


def shift_matrix(offset, d_model, *, base=10000.0, layout="interleaved", dtype=torch.float32):
    """Write the step from any position to the one ``offset`` further on as one matrix.

    R P[p] = P[p + offset] for every p: each pair (sine, cosine) of frequency w is rotated by the block
    [[cos(offset w), sin(offset w)], [-sin(offset w), cos(offset w)]] (Vaswani et al. 2017, section 3.5).

    **Shapes** offset a number, which may be negative or a fraction -> (d_model, d_model), d_model even

    **Promises** a rotation: its transpose is ``shift_matrix(-offset, d_model)``, and shifts in a row add up.

    **Raises** ``TypeError`` for an offset that is no number, else as ``sinusoidal_positions``.

    **Example**

    >>> P = sinusoidal_positions(8, 4)
    >>> bool(torch.allclose(shift_matrix(5, 4) @ P[2], P[7]))
    True
    """
    if isinstance(offset, bool) or not isinstance(offset, numbers.Real) or not math.isfinite(offset):
        raise TypeError(f"offset is {offset!r}, expected a number: how many positions further on.")
    _must_be_floating_dtype(dtype)
    angles = _angles(torch.tensor(offset), d_model, base)
    cosines, sines = angles.cos().diag(), angles.sin().diag()
    halves = torch.cat([torch.cat([cosines, sines], dim=1), torch.cat([-sines, cosines], dim=1)])
    order = _join(*torch.arange(d_model).chunk(2), layout)
    return halves[order][:, order].to(dtype)


class LearnedPositions(nn.Module):
    """Add to every embedding the row of a trained table that belongs to its position.

    output[b, i] = embeddings[b, i] + table[positions[i]] (Gehring et al. 2017; Devlin et al. 2019).

    **Shapes**
        table       (num_positions, d_model), at the start random with standard deviation ``std``
        embeddings  (batch, n, d_model)
        positions   (n,) whole numbers from 0 to num_positions - 1; 0, 1, ..., n - 1 unless given
        output      (batch, n, d_model)

    **Promises** num_positions * d_model parameters; a row that no training sentence reaches stays as it was.

    **Raises** ``IndexError`` for a position that is not in the table, ``TypeError`` for positions that are no
    whole numbers, ``ShapeError`` when sizes disagree.

    **Example**

    >>> LearnedPositions(32, 6)(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(self, num_positions, d_model, *, std=0.02):
        super().__init__()
        must_count(num_positions=num_positions, d_model=d_model)
        self.table = nn.Parameter(std * torch.randn(num_positions, d_model))

    def forward(self, embeddings, positions=None):
        """Compute the sum of embeddings and positions."""
        must_be_floating(table=self.table, embeddings=embeddings)
        sizes = match(SHAPES, WHY, table=self.table, embeddings=embeddings)
        positions = torch.arange(sizes["n"]) if positions is None else torch.as_tensor(positions)
        match(SHAPES, WHY, embeddings=embeddings, positions=positions)
        if positions.is_floating_point() or positions.is_complex() or positions.dtype == torch.bool:
            raise TypeError(f"positions has dtype {positions.dtype}, expected whole numbers: rows of a table.")
        for position in (positions.min().item(), positions.max().item()):
            if position not in range(len(self.table)):
                raise IndexError(
                    f"position {position} is not in the table: it has rows for 0 to {len(self.table) - 1}.\n"
                    "Learned positions know nothing outside the table. Cut the sentence, or train a longer table."
                )
        return embeddings + self.table[positions.long()]  # as indices, bytes would be a mask


def rotary(x, positions=None, *, base=10000.0, layout="interleaved"):
    """Rotate every pair of features by an angle that grows with the position: for queries and keys, before the score.

    The pair (a, b) number i of word p becomes (a cos t - b sin t, a sin t + b cos t), t = positions[p] / base^(2i / d)
    (Su et al. 2021, eq. 34). Layout "interleaved" pairs neighbours, as RoFormer and Meta's Llama do;
    "half" pairs feature i with feature d / 2 + i, as GPT-NeoX and the Llama of ``transformers`` do. Weights trained
    with one layout are wrong in the other.

    **Shapes**
        x           (..., n, d), d even
        positions   (n,) any numbers, also negative ones and fractions; 0, 1, ..., n - 1 unless given
        output      (..., n, d)

    **Promises** lengths stay as they are; the dot product of a rotated query and a rotated key depends on the
    two vectors and the difference of their positions only. dtype and device are those of x.

    **Raises** ``ShapeError`` when sizes disagree; ``ValueError`` for an odd d, a base that is not above 1 or an
    unknown layout; ``TypeError`` for an x that is not floating-point or positions that are no numbers.

    **Example**

    >>> rotary(torch.tensor([[1.0, 0.0]]), torch.tensor([torch.pi / 2])).round(decimals=3).abs()
    tensor([[0., 1.]])
    """
    must_be_floating(x=x)
    d = match(SHAPES, x=x)["d"]
    positions = torch.arange(x.shape[-2]) if positions is None else torch.as_tensor(positions)
    match(SHAPES, WHY, x=x, positions=positions)
    if positions.dtype == torch.bool or positions.is_complex():
        raise TypeError(f"positions has dtype {positions.dtype}, expected numbers.")
    angles = _angles(positions.to(x.device), d, base, name="d")
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    a, b = (x[..., 0::2], x[..., 1::2]) if layout == "interleaved" else x.chunk(2, dim=-1)
    return _join(a * cosines - b * sines, a * sines + b * cosines, layout)


def _angles(positions, d_model, base, *, name="d_model"):
    # in float64: at position 10000 the rounding of a float32 angle is as large as 0.0005
    frequencies = _frequencies(d_model, base, name).to(positions.device)
    return positions.double()[..., None] * frequencies


def _frequencies(d_model, base, name):
    must_count(**{name: d_model})
    if d_model % 2:
        raise ValueError(f"{name} is {d_model}, expected an even number: every frequency takes two features.")
    if not base > 1:
        raise ValueError(f"base is {base}, expected a number above 1: the frequencies fall from 1 towards 1 / base.")
    return base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)


def _join(first, second, layout):
    """Put the two halves of all pairs side by side (interleaved) or one behind the other (half)."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}, expected one of {', '.join(map(repr, LAYOUTS))}.")
    if layout == "interleaved":
        return torch.stack([first, second], dim=-1).flatten(-2)
    return torch.cat([first, second], dim=-1)


def _must_be_floating_dtype(dtype):
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise TypeError(f"dtype is {dtype}, expected a floating-point dtype such as torch.float32.")
