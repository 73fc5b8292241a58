"""attnlib.decoding: one step at a time gives what causal attention gives at once, and copies nothing it holds."""

import pytest
import torch

from attnlib import KeyValueCache, attention, causal_mask
from attnlib.shapes import ShapeError

BATCH, NUM_HEADS, N, D_K, D_V = 2, 3, 11, 5, 7


def inputs(n=N, dtype=torch.float64):
    g = torch.Generator().manual_seed(0)
    return [torch.randn(BATCH, NUM_HEADS, n, width, generator=g, dtype=dtype) for width in (D_K, D_K, D_V)]


def cache(capacity=N, dtype=torch.float64):
    return KeyValueCache(BATCH, NUM_HEADS, capacity, D_K, D_V, dtype=dtype)


@pytest.mark.parametrize("steps", [[1] * N, [4, 1, 1, 5], [N]], ids=["one by one", "in pieces", "at once"])
def test_step_by_step_is_causal_attention(steps):
    queries, keys, values = inputs()
    kept, found = cache(), []
    for query, key, value in zip(*(x.split(steps, dim=2) for x in (queries, keys, values)), strict=True):
        seen_keys, seen_values = kept.append(key, value)
        found.append(attention(query, seen_keys, seen_values, causal_mask(query.shape[2], len(kept))))
    expected = attention(queries, keys, values, causal_mask(N))
    torch.testing.assert_close(torch.cat(found, dim=2), expected, rtol=0, atol=1e-12)


def test_it_grows_by_one_row_a_step_and_copies_none():
    _, keys, values = inputs()
    kept = cache(capacity=13)
    first_keys, first_values = kept.append(keys[:, :, :1], values[:, :, :1])
    for place in range(1, N):
        seen_keys, seen_values = kept.append(keys[:, :, place : place + 1], values[:, :, place : place + 1])
        assert len(kept) == seen_keys.shape[2] == seen_values.shape[2] == place + 1
        assert seen_keys.data_ptr() == first_keys.data_ptr()
        assert seen_values.data_ptr() == first_values.data_ptr()
    assert torch.equal(kept.keys, keys)
    assert torch.equal(kept.values, values)
    assert kept.capacity == 13


def test_rows_are_kept_not_remembered():
    _, keys, values = inputs()
    kept, before = cache(), keys.clone()
    kept.append(keys, values)
    keys.zero_()
    assert torch.equal(kept.keys, before)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda k, v: (k[:1], v[:1]), ShapeError, "batch is 1 in the new rows but 2 in the cache"),
        (lambda k, v: (k[:, :2], v[:, :2]), ShapeError, "num_heads is 2 in the new rows but 3"),
        (lambda k, v: (k[..., :4], v), ShapeError, "d_k is 4 in the new rows but 5"),
        (lambda k, v: (k, v[..., :4]), ShapeError, "d_v is 4 in the new rows but 7"),
        (lambda k, v: (k, v[:, :, :2]), ShapeError, "n is 2 in values but 11 in keys"),
        (lambda k, v: (k[0], v[0]), ShapeError, "keys has 3 axes, 4 expected"),
        (lambda k, v: (k.float(), v.float()), TypeError, r"keys .* has dtype torch\.float32 but cache .*float64"),
        (lambda k, v: (k.numpy(), v), TypeError, "keys is of type ndarray"),
        (lambda k, v: (k.repeat(1, 1, 2, 1), v.repeat(1, 1, 2, 1)), ShapeError, "holds 3 of 13 words, 22 more do not"),
    ],
)
def test_what_does_not_belong_is_refused_and_changes_nothing(change, error, words):
    _, keys, values = inputs()
    kept = cache(capacity=13)
    kept.append(keys[:, :, :3], values[:, :, :3])
    with pytest.raises(error, match=words):
        kept.append(*change(keys, values))
    assert len(kept) == 3
    assert torch.equal(kept.keys, keys[:, :, :3])


def test_a_full_cache_says_so():
    _, keys, values = inputs()
    kept = cache()
    kept.append(keys, values)
    with pytest.raises(ShapeError, match="holds 11 of 11 words, 1 more do not fit"):
        kept.append(keys[:, :, :1], values[:, :, :1])
    with pytest.raises(ValueError, match="capacity is 0, expected an integer of at least 1"):
        cache(capacity=0)
