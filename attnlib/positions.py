"""Chapter 6: tell every word where it stands."""

import torch

from attnlib.shapes import must_count

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
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise TypeError(f"dtype is {dtype}, expected a floating-point dtype such as torch.float32.")
    angles = _angles(torch.arange(num_positions), d_model, base)
    return _join(angles.sin(), angles.cos(), layout).to(dtype)


def _angles(positions, d_model, base):
    # in float64: at position 10000 the rounding of a float32 angle is as large as 0.0005
    frequencies = _frequencies(d_model, base).to(positions.device)
    return positions.double()[..., None] * frequencies


def _frequencies(d_model, base):
    must_count(d_model=d_model)
    if d_model % 2:
        raise ValueError(
            f"d_model is {d_model}, expected an even number: every frequency takes two features, a sine and a cosine."
        )
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
