"""attnlib.positions: the values are those of the formulas and of the papers' code; what cannot be is refused."""

import math
import re

import numpy as np
import pytest
import torch

from attnlib import (
    Encoder,
    LearnedPositions,
    MultiHeadAttention,
    ShapeError,
    positions,
    reference,
    rotary,
    shift_matrix,
    sinusoidal_positions,
    split_heads,
)

every_layout = pytest.mark.parametrize("layout", positions.LAYOUTS)
FAR = [0, 1, 2, 97, 1009, 9999, 10000]


def normals(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=dtype)


def raises(error, said):
    return pytest.raises(error, match=re.escape(said))


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
    pairs, halves = (sinusoidal_positions(13, 10, layout=layout) for layout in positions.LAYOUTS)
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
        ({"num_positions": 2.5}, TypeError, "num_positions is 2.5, expected an integer"),
        ({"base": 1}, ValueError, "base is 1, expected a number above 1"),
        ({"layout": "halves"}, ValueError, "layout is 'halves', expected one of 'interleaved', 'half'"),
        ({"dtype": torch.int64}, TypeError, "dtype is torch.int64, expected a floating-point dtype"),
    ],
)
def test_sinusoidal_positions_tell_what_is_wrong(arguments, error, said):
    with raises(error, said):
        sinusoidal_positions(**{"num_positions": 5, "d_model": 6} | arguments)


# --------------------------------------------------------------------------------------------------------- the shift


@every_layout
@pytest.mark.parametrize("offset", [1, 7, 1009, -5])
def test_one_matrix_shifts_every_position(offset, layout):
    P = sinusoidal_positions(2011, 14, layout=layout, dtype=torch.float64)
    R = shift_matrix(offset, 14, layout=layout, dtype=torch.float64)
    first = max(0, -offset)
    last = len(P) - max(0, offset)
    torch.testing.assert_close(P[first:last] @ R.T, P[first + offset : last + offset], rtol=0, atol=1e-10)


@every_layout
def test_a_shift_is_a_rotation_and_shifts_add_up(layout):
    def shift(k):
        return shift_matrix(k, 10, base=100.0, layout=layout, dtype=torch.float64)

    torch.testing.assert_close(shift(3) @ shift(4), shift(7), rtol=0, atol=1e-12)
    torch.testing.assert_close(shift(3).T, shift(-3), rtol=0, atol=0)
    torch.testing.assert_close(shift(0.5) @ shift(2.5), shift(3), rtol=0, atol=1e-12)
    assert torch.equal(shift(0), torch.eye(10, dtype=torch.float64))
    assert (shift(3) - shift(-3)).abs().max() > 0.2


def test_the_interleaved_shift_is_a_row_of_two_by_two_blocks():
    R = shift_matrix(3, 6)
    assert R.dtype == torch.float32
    for i in range(3):
        t = 3 / 10000 ** (2 * i / 6)
        block = torch.tensor([[math.cos(t), math.sin(t)], [-math.sin(t), math.cos(t)]])
        torch.testing.assert_close(R[2 * i : 2 * i + 2, 2 * i : 2 * i + 2], block, rtol=0, atol=1e-7)
        R[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = 0
    assert (R == 0).all()


@pytest.mark.parametrize("offset", ["3", None, True, math.nan, math.inf, 1j])
def test_an_offset_that_is_no_number_is_refused(offset):
    with raises(TypeError, f"offset is {offset!r}, expected a number"):
        shift_matrix(offset, 6)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"d_model": 7}, ValueError, "d_model is 7, expected an even number"),
        ({"base": 0.5}, ValueError, "base is 0.5, expected a number above 1"),
        ({"layout": "llama"}, ValueError, "layout is 'llama', expected one of"),
        ({"dtype": torch.int32}, TypeError, "dtype is torch.int32"),
    ],
)
def test_the_shift_tells_what_is_wrong(arguments, error, said):
    with raises(error, said):
        shift_matrix(3, **{"d_model": 6} | arguments)


# ------------------------------------------------------------------------------------------------------------- learned


def learned():
    layer = LearnedPositions(11, 6).double()
    layer.table.data = normals(0)(11, 6)
    return layer


def test_each_word_gets_the_row_of_its_place():
    layer, x = learned(), normals(1)(3, 7, 6)
    output = layer(x)
    for b in range(3):
        for i in range(7):
            assert torch.equal(output[b, i], x[b, i] + layer.table[i])
    picked = [4, 0, 10, 4, 1, 2, 3]
    for given in (picked, torch.tensor(picked, dtype=torch.uint8)):
        assert torch.equal(layer(x, given), x + layer.table[torch.tensor(picked)])


def test_only_the_rows_that_were_used_get_a_gradient():
    layer = learned()
    layer(normals(1)(3, 7, 6)).square().sum().backward()
    reached = (layer.table.grad != 0).any(dim=-1)
    assert reached.tolist() == [True] * 7 + [False] * 4


def test_the_table_starts_with_the_spread_that_is_asked_for():
    torch.manual_seed(0)
    for std in (0.02, 0.3):
        assert abs(LearnedPositions(503, 64, std=std).table.std().item() / std - 1) < 0.02


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ([0, 1, 2, 3, 4, 5, 11], IndexError, "position 11 is not in the table: it has rows for 0 to 10."),
        ([0, 1, -1, 3, 4, 5, 6], IndexError, "position -1 is not in the table"),
        ([0, 1, 2, 2.5, 4, 5, 6], TypeError, "positions has dtype torch.float32, expected whole numbers"),
        ([True] * 7, TypeError, "positions has dtype torch.bool"),
        ([0, 1, 2], ShapeError, "n is 3 in positions but 7 in embeddings."),
        ([[0, 1, 2, 3, 4, 5, 6]], ShapeError, "positions has 2 axes, 1 axis expected"),
    ],
)
def test_a_position_without_a_row_is_refused(given, error, said):
    with pytest.raises(error) as caught:
        learned()(normals(1)(3, 7, 6), given)
    assert said.replace("1 axis expected", "1 expected") in str(caught.value)


def test_a_sentence_longer_than_the_table_is_refused():
    with raises(IndexError, "position 11 is not in the table"):
        learned()(normals(1)(3, 12, 6))
    assert learned()(normals(1)(3, 11, 6)).shape == (3, 11, 6)


def test_learned_positions_tell_what_is_wrong():
    with raises(ShapeError, "d_model is 5 in embeddings but 6 in table."):
        learned()(normals(1)(3, 7, 5))
    with raises(TypeError, "embeddings (3, 7, 6) has dtype torch.float32"):
        learned()(normals(1)(3, 7, 6).float())
    with raises(ValueError, "num_positions is 0, expected"):
        LearnedPositions(0, 6)


def test_positions_fit_into_an_encoder():
    torch.manual_seed(0)
    layer, x = learned(), normals(1)(3, 7, 6)
    encoder = Encoder(1, 6, 2, positions=layer).double()
    plain = Encoder(1, 6, 2).double()
    plain.load_state_dict({name: x for name, x in encoder.state_dict().items() if not name.startswith("positions")})
    torch.testing.assert_close(encoder(x), plain(layer(x)))
    assert (encoder(x) - plain(x)).abs().max() > 0.1


# -------------------------------------------------------------------------------------------------------------- rotary


@every_layout
def test_rotary_turns_each_pair_by_the_formula(layout):
    x, places = normals(2)(2, 5, 7, 6), [0, 3, -2, 0.5, 10000, 41, 1]
    output = rotary(x, places, base=500.0, layout=layout)
    for place, p in enumerate(places):
        for i in range(3):
            t = p / 500 ** (2 * i / 6)
            first, second = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, 3 + i)
            a, b = x[..., place, first], x[..., place, second]
            wanted = a * math.cos(t) - b * math.sin(t), a * math.sin(t) + b * math.cos(t)
            torch.testing.assert_close(output[..., place, first], wanted[0], rtol=0, atol=1e-10)
            torch.testing.assert_close(output[..., place, second], wanted[1], rtol=0, atol=1e-10)


def test_rotary_keeps_its_digits_up_to_position_10000():
    x = normals(3)(7, 22)
    exact = rotary(x, FAR)
    assert (rotary(x.float(), FAR) - exact).abs().max() < 1e-6


def test_the_half_layout_is_that_of_llama():
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    queries, keys = normals(4)(2, 2, 3, 11, 10)
    angles = torch.arange(11)[:, None] / 10000 ** (torch.arange(0, 10, 2).double() / 10)
    angles = torch.cat([angles, angles], dim=-1)[None]
    wanted = llama.apply_rotary_pos_emb(queries, keys, angles.cos(), angles.sin())
    for ours, theirs in zip((queries, keys), wanted, strict=True):
        torch.testing.assert_close(rotary(ours, layout="half"), theirs, rtol=0, atol=1e-10)
        assert (rotary(ours) - theirs).abs().max() > 0.5


def test_the_interleaved_layout_is_that_of_roformer():
    roformer = pytest.importorskip("transformers.models.roformer.modeling_roformer")
    queries, keys = normals(4)(2, 2, 3, 11, 10)
    # RoFormer keeps its sines and cosines in the half layout
    table = sinusoidal_positions(11, 10, layout="half", dtype=torch.float64)[None, None]
    wanted = roformer.RoFormerSelfAttention.apply_rotary_position_embeddings(table, queries, keys)
    for ours, theirs in zip((queries, keys), wanted, strict=True):
        torch.testing.assert_close(rotary(ours), theirs, rtol=0, atol=1e-10)
        assert (rotary(ours, layout="half") - theirs).abs().max() > 0.5


def test_the_layouts_of_rotary_differ_by_the_order_of_the_features_alone():
    x, order = normals(5)(7, 10), [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    torch.testing.assert_close(rotary(x[:, order], layout="half"), rotary(x)[:, order], rtol=0, atol=1e-12)


@every_layout
def test_rotary_keeps_lengths_dtype_and_the_first_word(layout):
    x = normals(6, torch.float32)(3, 7, 10)
    output = rotary(x, layout=layout)
    torch.testing.assert_close(output.norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(output[:, 0], x[:, 0])
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        assert rotary(x.to(dtype), layout=layout).dtype == dtype


def test_sinusoidal_positions_are_a_rotated_vector():
    # (sin, cos) runs clockwise, so it is the rotation by the negative position
    start = sinusoidal_positions(1, 10, dtype=torch.float64).expand(13, 10)
    rows = sinusoidal_positions(13, 10, dtype=torch.float64)
    torch.testing.assert_close(rotary(start, -torch.arange(13)), rows, rtol=0, atol=1e-12)


def test_rotary_is_handed_to_attention_as_rotate():
    torch.manual_seed(0)
    layer = MultiHeadAttention(12, 3, rotate=rotary).double()
    x = normals(7)(2, 7, 12)
    queries, keys = (split_heads(linear(x), 3) for linear in (layer.W_q, layer.W_k))
    scores = rotary(queries) @ rotary(keys).transpose(-2, -1) / 2
    torch.testing.assert_close(layer.attention_weights(x), scores.softmax(-1), rtol=0, atol=1e-12)


def test_rotary_changes_no_argument_and_lets_gradients_through():
    x, places = normals(8)(2, 3, 6).requires_grad_(), torch.tensor([4, 0, -1])
    before = x.detach().clone(), places.clone()
    torch.autograd.gradcheck(lambda x: rotary(x, places), x)
    assert torch.equal(x, before[0])
    assert torch.equal(places, before[1])


@pytest.mark.parametrize(
    ("x", "arguments", "error", "said"),
    [
        ((7, 5), {}, ValueError, "d is 5, expected an even number"),
        ((7, 6), {"positions": [0, 1, 2]}, ShapeError, "n is 3 in positions but 7 in x."),
        ((7, 6), {"positions": torch.zeros(7).bool()}, TypeError, "positions has dtype torch.bool, expected numbers"),
        ((7, 6), {"layout": "adjacent"}, ValueError, "layout is 'adjacent', expected one of"),
        ((7, 6), {"base": -2}, ValueError, "base is -2, expected a number above 1"),
        ((6,), {}, ShapeError, "x has 1 axis, 2 or more expected"),
    ],
)
def test_rotary_tells_what_is_wrong(x, arguments, error, said):
    with raises(error, said):
        rotary(normals(9)(*x), **arguments)


def test_rotary_refuses_whole_numbers():
    with raises(TypeError, "x has dtype torch.int64"):
        rotary(torch.zeros(7, 6).long())
