"""attnlib.positions: the values are those of the formulas and of the papers' code; what cannot be is refused."""

import math

import numpy as np
import pytest
import torch

from attnlib import reference, sinusoidal_positions

every_layout = pytest.mark.parametrize("layout", ["interleaved", "half"])
FAR = [0, 1, 2, 97, 1009, 9999, 10000]


# ---------------------------------------------------------------------------------------------------------- sinusoidal


@every_layout
@pytest.mark.parametrize(("num_positions", "d_model", "base"), [(13, 6, 10000.0), (7, 14, 10000.0), (11, 10, 100.0)])
def test_sinusoidal_positions_are_the_loops_of_the_reference(num_positions, d_model, base, layout):
    ours = sinusoidal_positions(num_positions, d_model, base=base, layout=layout, dtype=torch.float64)
    wanted = reference.sinusoidal_positions(num_positions, d_model, base=base, layout=layout)
    assert ours.dtype == torch.float64
    np.testing.assert_allclose(ours.numpy(), wanted, rtol=0, atol=1e-10)


@every_layout
def test_sinusoidal_positions_keep_their_digits_up_to_position_10000(layout):
    ours = sinusoidal_positions(10001, 22, layout=layout)
    assert ours.dtype == torch.float32
    for p in FAR:
        for i in range(11):
            angle = p / 10000 ** (2 * i / 22)
            sine, cosine = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, 11 + i)
            assert abs(ours[p, sine].item() - math.sin(angle)) < 1e-6
            assert abs(ours[p, cosine].item() - math.cos(angle)) < 1e-6


def test_angles_in_float32_would_lose_them():
    # so the test above can fail
    angles = torch.tensor(9999.0) * 10000.0 ** (-torch.arange(0, 22, 2, dtype=torch.float32) / 22)
    exact = sinusoidal_positions(10000, 22, dtype=torch.float64)[9999, 0::2]
    assert (angles.sin() - exact).abs().max() > 1e-5


def test_the_layouts_are_the_same_numbers_in_another_order():
    pairs, halves = (sinusoidal_positions(13, 10, layout=layout) for layout in ("interleaved", "half"))
    assert torch.equal(halves, torch.cat([pairs[:, 0::2], pairs[:, 1::2]], dim=-1))
    assert not torch.equal(halves, pairs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_sinusoidal_positions_come_in_the_dtype_that_is_asked_for(dtype):
    ours = sinusoidal_positions(13, 10, dtype=dtype)
    assert ours.dtype == dtype
    assert torch.equal(ours, sinusoidal_positions(13, 10, dtype=torch.float64).to(dtype))


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"d_model": 7}, ValueError, "d_model is 7, expected an even number: every frequency takes two features"),
        ({"d_model": 0}, ValueError, "d_model is 0, expected an integer of at least 1"),
        ({"num_positions": 0}, ValueError, "num_positions is 0, expected"),
        ({"num_positions": -3}, ValueError, "num_positions is -3, expected"),
        ({"num_positions": 2.5}, TypeError, r"num_positions is 2\.5, expected an integer"),
        ({"base": 1}, ValueError, "base is 1, expected a number above 1"),
        ({"layout": "halves"}, ValueError, "layout is 'halves', expected one of 'interleaved', 'half'"),
        ({"dtype": torch.int64}, TypeError, r"dtype is torch.int64, expected a floating-point dtype"),
    ],
)
def test_sinusoidal_positions_tell_what_is_wrong(arguments, error, said):
    with pytest.raises(error, match=said):
        sinusoidal_positions(**{"num_positions": 5, "d_model": 6} | arguments)
