"""attnlib.reference: the loops agree with formulas that were written by others, or in another way."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlib import reference


def torch_softmax(scores):
    return torch.softmax(torch.as_tensor(scores, dtype=torch.float64), dim=-1).numpy()


def normals(seed):
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.normal(size=shape)


# ------------------------------------------------------------------------------------------------------- softmax


@pytest.mark.parametrize("shape", [(5,), (1,), (7, 5), (2, 3, 11)])
@pytest.mark.parametrize("spread", [0.3, 1.0, 300.0])
def test_softmax_equals_torch_over_the_last_axis(shape, spread):
    scores = spread * normals(len(shape))(*shape)
    np.testing.assert_allclose(reference.softmax(scores), torch_softmax(scores), rtol=1e-12, atol=0)


def test_softmax_of_the_familiar_scores_is_088_and_012():
    odds = np.exp(2)  # 14 is 2 above 12
    np.testing.assert_allclose(reference.softmax([14, 12]), [odds / (odds + 1), 1 / (odds + 1)], rtol=1e-14)
    np.testing.assert_allclose(reference.softmax([14, 12]), [0.8808, 0.1192], atol=5e-5)


@settings(max_examples=60)
@given(st.lists(st.floats(-1e4, 1e4) | st.just(-np.inf), min_size=1, max_size=6))
def test_softmax_rows_are_shares_or_zero(scores):
    weights = reference.softmax(scores)
    assert (weights >= 0).all()
    assert (weights[np.isneginf(scores)] == 0).all()
    np.testing.assert_allclose(weights.sum(), 0 if np.isneginf(scores).all() else 1, atol=1e-14)


def test_softmax_takes_integers_and_leaves_them_alone():
    scores = np.array([[3, 1, 4], [1, 5, 9]])
    weights = reference.softmax(scores)
    np.testing.assert_allclose(weights, torch_softmax(scores))
    assert scores.tolist() == [[3, 1, 4], [1, 5, 9]]


# ----------------------------------------------------------------------------------------------------- attention


def written_out(queries, keys, values, mask=True, bias=0.0, scale=None):
    """The formula in three products, for scores of order 1; a fully masked row gives 0."""
    scale = queries.shape[-1] ** -0.5 if scale is None else scale
    unnormalised = np.exp(scale * np.einsum("...qd,...kd->...qk", queries, keys) + bias) * mask
    total = unnormalised.sum(-1, keepdims=True)
    weights = np.divide(unnormalised, total, out=np.zeros_like(unnormalised), where=total > 0)
    return np.einsum("...qk,...kv->...qv", weights, values)


@pytest.mark.parametrize(
    ("lead_queries", "lead_keys", "lead_values"),
    [((), (), ()), ((2,), (2,), (2,)), ((2, 1), (1, 3), (3,)), ((), (5,), (2, 1))],
)
def test_attention_equals_the_formula_for_any_leading_axes(lead_queries, lead_keys, lead_values):
    normal = normals(1)
    queries, keys = normal(*lead_queries, 7, 3), normal(*lead_keys, 11, 3)
    values = normal(*lead_values, 11, 5)
    output = reference.attention(queries, keys, values)
    expected = written_out(queries, keys, values)
    assert output.shape == expected.shape
    np.testing.assert_allclose(output, expected, atol=1e-13)


@pytest.mark.parametrize("scale", [None, 0.2, 1.0, -1.5])
def test_attention_equals_the_formula_with_mask_bias_and_scale(scale):
    normal = normals(2)
    queries, keys, values = normal(2, 7, 3), normal(2, 11, 3), normal(2, 11, 5)
    mask = normal(7, 11) > 0
    mask[4] = False
    bias = normal(2, 1, 11)
    output = reference.attention(queries, keys, values, mask, bias=bias, scale=scale)
    np.testing.assert_allclose(output, written_out(queries, keys, values, mask, bias, scale), atol=1e-13)
    assert (output[:, 4] == 0).all()
    assert (output[:, :4] != 0).all()


def test_attention_with_scores_in_the_hundreds_picks_the_best_key():
    normal = normals(3)
    queries, keys, values = 60 * normal(7, 3), 60 * normal(11, 3), normal(11, 5)
    scores = queries @ keys.T / np.sqrt(3)
    best_two = np.sort(scores, axis=-1)[:, -2:]
    assert (best_two[:, 1] - best_two[:, 0] > 40).all(), "the data should leave no doubt"
    output = reference.attention(queries, keys, values)
    np.testing.assert_allclose(output, values[scores.argmax(-1)], atol=1e-15)


# ------------------------------------------------------------------------------------------- multi_head_attention


def torch_heads(d_query, d_key, d_value, num_heads, d_k, seed):
    """torch's module with random weights, and the same weights as W_q, W_k, W_v, W_o."""
    d_model = num_heads * d_k
    module = torch.nn.MultiheadAttention(
        d_model, num_heads, bias=False, kdim=d_key, vdim=d_value, batch_first=True, dtype=torch.float64
    )
    assert d_query == d_model, "torch's module projects queries to their own size"
    normal = normals(seed)
    W_q, W_k, W_v = (normal(num_heads, size, d_k) / np.sqrt(size) for size in (d_query, d_key, d_value))
    W_o = normal(d_model, d_model) / np.sqrt(d_model)
    with torch.no_grad():
        for parameter, weight in (
            (module.q_proj_weight, W_q),
            (module.k_proj_weight, W_k),
            (module.v_proj_weight, W_v),
        ):
            parameter.copy_(torch.from_numpy(np.concatenate(list(weight), axis=-1).T))
        module.out_proj.weight.copy_(torch.from_numpy(W_o.T))
    return module, (W_q, W_k, W_v, W_o)


@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention_equals_torch_with_copied_weights(masked):
    module, weights = torch_heads(d_query=15, d_key=7, d_value=13, num_heads=3, d_k=5, seed=4)
    normal = normals(5)
    queries, keys, values = normal(2, 15), normal(11, 7), normal(11, 13)
    mask = np.arange(11) % 3 < np.array([[1], [2]]) if masked else None
    output = reference.multi_head_attention(queries, keys, values, *weights, mask)
    hidden = None if mask is None else torch.from_numpy(~mask)  # torch's module means the opposite
    given_tensors = (torch.from_numpy(x) for x in (queries, keys, values))
    expected, _ = module(*given_tensors, attn_mask=hidden, need_weights=False)
    np.testing.assert_allclose(output, expected.detach().numpy(), atol=1e-12)


def test_multi_head_attention_takes_every_size_of_its_own():
    normal = normals(6)
    queries, keys, values = normal(2, 7), normal(11, 13), normal(11, 17)
    W_q, W_k = normal(3, 7, 5) / 3, normal(3, 13, 5) / 3
    W_v, W_o = normal(3, 17, 19) / 3, normal(3 * 19, 23) / 7
    expected = sum(
        written_out(queries @ W_q[head], keys @ W_k[head], values @ W_v[head]) @ W_o[head * 19 : (head + 1) * 19]
        for head in range(3)
    )
    output = reference.multi_head_attention(queries, keys, values, W_q, W_k, W_v, W_o)
    assert output.shape == (2, 23)
    np.testing.assert_allclose(output, expected, atol=1e-12)


# -------------------------------------------------------------------------------------------- sinusoidal_positions


@pytest.mark.parametrize(("num_positions", "d_model", "base"), [(11, 6, 10000.0), (101, 2, 10000.0), (7, 10, 50.0)])
def test_positions_are_turns_of_the_complex_unit_circle(num_positions, d_model, base):
    frequencies = np.exp(-np.log(base) * np.arange(0, d_model, 2) / d_model)
    circle = np.exp(1j * np.outer(np.arange(num_positions), frequencies))
    interleaved = reference.sinusoidal_positions(num_positions, d_model, base=base)
    half = reference.sinusoidal_positions(num_positions, d_model, base=base, layout="half")
    np.testing.assert_allclose(interleaved[:, 0::2], circle.imag, atol=1e-12)
    np.testing.assert_allclose(interleaved[:, 1::2], circle.real, atol=1e-12)
    np.testing.assert_allclose(half, np.concatenate([circle.imag, circle.real], axis=1), atol=1e-12)


def test_wavelengths_reach_from_two_pi_to_nearly_the_base():
    d_model = 512
    radians_per_step = np.arctan2(*reference.sinusoidal_positions(2, d_model)[1].reshape(-1, 2).T)
    wavelengths = 2 * np.pi / radians_per_step
    np.testing.assert_allclose(wavelengths[0], 2 * np.pi)
    np.testing.assert_allclose(wavelengths[-1], 2 * np.pi * 10000 ** ((d_model - 2) / d_model))
    np.testing.assert_allclose(wavelengths[1:] / wavelengths[:-1], 10000 ** (2 / d_model))
