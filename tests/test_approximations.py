"""attnlib.approximations: cheaper heads, exact where nothing is left out."""

import copy
from functools import partial

import pytest
import torch

from attnlib import (
    CustomAttention,
    LinformerAttention,
    MultiHeadAttention,
    attention,
    count_flops,
    local_attention,
    segment_means,
    strided_attention,
    strided_mask,
    window_mask,
)
from attnlib.approximations import low_rank_attention
from attnlib.shapes import ShapeError

BATCH, NUM_HEADS, N, D_K, D_V = 2, 3, 11, 5, 7
D_MODEL, HEADS = 14, 2


def inputs(n=N):
    g = torch.Generator().manual_seed(0)
    return [torch.randn(BATCH, NUM_HEADS, n, width, generator=g, dtype=torch.float64) for width in (D_K, D_K, D_V)]


def layers(rank=None):
    """A multi-head layer, one of another kind with the same weights, and a sentence."""
    torch.manual_seed(3)
    whole = MultiHeadAttention(D_MODEL, HEADS).double()
    other = CustomAttention(D_MODEL, HEADS, attention) if rank is None else LinformerAttention(D_MODEL, HEADS, N, rank)
    other = other.double()
    other.load_state_dict(whole.state_dict(), strict=rank is None)
    return whole, other, torch.randn(BATCH, N, D_MODEL, generator=torch.Generator().manual_seed(4)).double()


# ------------------------------------------------------------------------------------------------ strided


def test_the_strided_mask_is_own_block_and_own_place():
    mask = strided_mask(N, 4)
    for i in range(N):
        for j in range(N):
            assert mask[i, j] == (i // 4 == j // 4 or i % 4 == j % 4)


def test_two_steps_link_any_two_words():
    for n, stride in ((12, 4), (35, 5), (N, 4), (17, 3)):
        steps = strided_mask(n, stride).double()
        assert not steps.bool().all()
        assert (steps @ steps > 0).all()


@pytest.mark.parametrize("stride", [1, 3, 4, N - 1, N, N + 6])
def test_strided_attention_is_a_mask(stride):
    given = [x.requires_grad_() for x in inputs()]
    found = strided_attention(*given, stride, scale=0.7)
    expected = attention(*given, strided_mask(N, stride), scale=0.7)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    slopes = [torch.autograd.grad(output.square().sum(), given) for output in (found, expected)]
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("stride", [1, N])
def test_a_stride_of_one_or_of_everything_is_full_attention(stride):
    torch.testing.assert_close(strided_attention(*inputs(), stride), attention(*inputs()), rtol=0, atol=1e-12)


def test_scores_in_the_hundreds_stay_finite():
    queries, keys, values = inputs()
    found = strided_attention(300 * queries, keys, values, 4)
    expected = attention(300 * queries, keys, values, strided_mask(N, 4))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_shared_heads_broadcast_and_arguments_stay():
    queries, keys, values = inputs()
    before = [x.clone() for x in (queries, keys, values)]
    shared = strided_attention(queries, keys[:1], values[:, :1], 3)
    expected = strided_attention(queries, keys[:1].expand_as(keys), values[:, :1].expand_as(values), 3)
    torch.testing.assert_close(shared, expected)
    assert all(torch.equal(one, other) for one, other in zip(before, (queries, keys, values), strict=True))


def test_strided_flops_grow_with_stride_plus_blocks():
    for n, stride in ((12, 4), (35, 5)):
        counted = count_flops(lambda *x, stride=stride: strided_attention(*x, stride), *inputs(n))
        assert counted == 2 * BATCH * NUM_HEADS * n * (stride + n // stride) * (D_K + D_V)


def test_strided_errors_name_the_argument():
    queries, keys, values = inputs()
    with pytest.raises(ShapeError, match="num_keys is 11 but num_queries is 4"):
        strided_attention(queries[:, :, :4], keys, values, 2)
    with pytest.raises(ValueError, match="stride is 0"):
        strided_attention(queries, keys, values, 0)


# ------------------------------------------------------------------------------------------------ low rank


@pytest.mark.parametrize("rank", [1, 2, 4, 10, N])
def test_segments_are_even_neighbours_that_cover_all(rank):
    means = segment_means(N, rank)
    sizes = (means > 0).sum(dim=-1)
    torch.testing.assert_close(means.sum(dim=-1), torch.ones(rank))
    assert sizes.sum() == N
    assert sizes.max() - sizes.min() <= 1
    owner = means.argmax(dim=0)
    assert (owner.diff() >= 0).all()
    assert torch.equal(means > 0, owner == torch.arange(rank)[:, None])


def test_full_rank_starts_as_full_attention():
    assert torch.equal(segment_means(N, N), torch.eye(N))
    whole, low, x = layers(rank=N)
    torch.testing.assert_close(low(x), whole(x), rtol=0, atol=1e-12)


def test_linformer_is_its_equation_head_by_head():
    _, low, x = layers(rank=4)
    torch.manual_seed(5)
    torch.nn.init.normal_(low.E)
    torch.nn.init.normal_(low.F)
    width, outputs = D_MODEL // HEADS, []
    for head in range(HEADS):
        rows = slice(head * width, (head + 1) * width)
        queries, keys, values = (x @ W.weight[rows].T + W.bias[rows] for W in (low.W_q, low.W_k, low.W_v))
        scores = torch.einsum("bid,rn,bnd->bir", queries, low.E, keys) / width**0.5
        outputs.append(scores.softmax(dim=-1) @ torch.einsum("rn,bnd->brd", low.F, values))
    torch.testing.assert_close(low(x), low.W_o(torch.cat(outputs, dim=-1)), rtol=0, atol=1e-12)


def test_linformer_trains_its_mixtures_and_can_be_copied():
    _, low, x = layers(rank=4)
    twin = copy.deepcopy(low)
    low(x).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for name, parameter in low.named_parameters() if name != "W_k.bias")
    torch.nn.init.zeros_(low.F)
    assert (twin(x) - low(x)).abs().max() > 0.01


def test_linformer_refuses_other_lengths_and_too_large_ranks():
    with pytest.raises(ShapeError, match="n is 9 in x but 11 in the layer"):
        LinformerAttention(D_MODEL, HEADS, N, 4)(torch.zeros(1, 9, D_MODEL))
    with pytest.raises(ValueError, match="rank is 12, expected at most n = 11"):
        LinformerAttention(D_MODEL, HEADS, N, 12)


# ------------------------------------------------------------------------------------------------ in a layer


def test_a_layer_with_full_heads_is_multi_head_attention():
    whole, custom, x = layers()
    torch.testing.assert_close(custom(x), whole(x), rtol=0, atol=1e-12)


def test_a_layer_with_window_heads_is_a_masked_layer():
    whole, custom, x = layers()
    custom.attend = partial(local_attention, radius=2)
    torch.testing.assert_close(custom(x), whole(x, mask=window_mask(N, 2)), rtol=0, atol=1e-12)


def test_a_layer_names_a_wrong_width():
    with pytest.raises(ShapeError, match="d_model is 13 in x but 14 in layer"):
        CustomAttention(D_MODEL, HEADS, attention)(torch.zeros(1, N, 13))


# ------------------------------------------------------------------------------------------------------- low rank


@pytest.mark.parametrize("rank", [1, 3, 7, N])
def test_low_rank_attention_is_a_linformer_that_was_not_trained(rank):
    torch.manual_seed(1)
    layer = LinformerAttention(D_MODEL, HEADS, N, rank)
    x = torch.randn(BATCH, N, D_MODEL)
    again = CustomAttention(D_MODEL, HEADS, partial(low_rank_attention, rank=rank))
    again.load_state_dict({name: part for name, part in layer.state_dict().items() if name not in ("E", "F")})
    torch.testing.assert_close(again(x), layer(x))


def test_low_rank_attention_of_rank_n_is_full_attention():
    queries, keys, values = (x.double() for x in inputs())
    torch.testing.assert_close(low_rank_attention(queries, keys, values, N), attention(queries, keys, values))


def test_low_rank_attention_computes_rank_scores_a_query():
    queries, keys, values = inputs()
    scores = 2 * BATCH * NUM_HEADS * N * 3 * (D_K + D_V)
    means = 2 * BATCH * NUM_HEADS * 3 * N * (D_K + D_V)
    assert count_flops(low_rank_attention, queries, keys, values, 3) == scores + means


def test_low_rank_attention_refuses_more_means_than_keys():
    with pytest.raises(ValueError, match=f"rank is {N + 1}, expected at most n = {N}"):
        low_rank_attention(*inputs(), N + 1)
