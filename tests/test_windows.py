"""attnlib.windows: attention in a window is attention under a window's mask, for less work."""

import pytest
import torch

from attnlib import attention, causal_mask, count_flops, local_attention, window_mask
from attnlib.shapes import ShapeError

BATCH, NUM_HEADS, N, D_K, D_V = 2, 3, 11, 5, 7


def inputs(n=N):
    g = torch.Generator().manual_seed(0)
    return [torch.randn(BATCH, NUM_HEADS, n, width, generator=g, dtype=torch.float64) for width in (D_K, D_K, D_V)]


@pytest.mark.parametrize("causal", [False, True], ids=["both sides", "causal"])
@pytest.mark.parametrize("radius", [1, 4, N - 1, N + 6])
def test_a_window_is_a_mask(radius, causal):
    mask = window_mask(N, radius) & causal_mask(N) if causal else window_mask(N, radius)
    given = [x.requires_grad_() for x in inputs()]
    found, expected = local_attention(*given, radius, causal=causal, scale=0.7), attention(*given, mask, scale=0.7)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    slopes = [torch.autograd.grad(output.square().sum(), given) for output in (found, expected)]
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


def test_a_window_over_everything_is_full_attention():
    torch.testing.assert_close(local_attention(*inputs(), N - 1), attention(*inputs()), rtol=0, atol=1e-12)


def test_leading_axes_may_be_missing_or_shared():
    queries, keys, values = inputs()
    alone = local_attention(queries[0, 0], keys[0, 0], values[0, 0], 2)
    torch.testing.assert_close(alone, local_attention(*inputs(), 2)[0, 0])
    shared = local_attention(queries, keys[:1], values[:, :1], 2)
    expected = local_attention(queries, keys[:1].expand_as(keys), values[:, :1].expand_as(values), 2)
    torch.testing.assert_close(shared, expected)


def test_flops_grow_with_n_times_the_width():
    counts = {n: count_flops(lambda *x: local_attention(*x, 3), *inputs(n)) for n in (11, 22)}
    assert counts[11] == 2 * BATCH * NUM_HEADS * 11 * 7 * (D_K + D_V)
    assert counts[22] == 2 * counts[11]


def test_errors_name_the_argument():
    queries, keys, values = inputs()
    with pytest.raises(ShapeError, match="num_keys is 11 but num_queries is 4"):
        local_attention(queries[:, :, :4], keys, values, 2)
    with pytest.raises(ValueError, match="radius is 0, expected an integer of at least 1"):
        local_attention(queries, keys, values, 0)
    with pytest.raises(ShapeError, match="d_k is 5 in keys but 4 in queries"):
        local_attention(queries[..., :4], keys, values, 2)
