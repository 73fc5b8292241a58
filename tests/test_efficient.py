"""attnlib.efficient: tile by tile or all at once, the same attention, in memory that grows with n alone."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlib import attention, attention_weights, causal_mask, padding_mask
from attnlib.efficient import Partial, chunked_attention, merge_partial, partial_attention
from attnlib.shapes import ShapeError

BATCH, NUM_HEADS, NUM_QUERIES, NUM_KEYS, D_K, D_V = 2, 3, 13, 17, 5, 7


def inputs(dtype=torch.float64, scale=1.0, seed=0):
    g = torch.Generator().manual_seed(seed)
    shapes = (NUM_QUERIES, D_K), (NUM_KEYS, D_K), (NUM_KEYS, D_V)
    queries, keys, values = (torch.randn(BATCH, NUM_HEADS, *shape, generator=g, dtype=dtype) for shape in shapes)
    return scale * queries, keys, values


def some_mask(*shape, seed=1):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) < 0.6


def written_out(queries, keys, values, mask=None, *, bias=None, scale=None):
    return attention_weights(queries, keys, mask, bias=bias, scale=scale) @ values


MASKS = {
    "none": None,
    "all axes": some_mask(BATCH, NUM_HEADS, NUM_QUERIES, NUM_KEYS),
    "padding": padding_mask(torch.tensor([0, 11]), NUM_KEYS),  # the first sentence is empty
    "causal": causal_mask(NUM_QUERIES, NUM_KEYS),
    "one head's": some_mask(NUM_HEADS, 1, NUM_KEYS),
    "queries alone": some_mask(NUM_QUERIES, 1),
}
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)


@every_mask
@pytest.mark.parametrize("chunk_size", [1, 4, 13, 17, 100])
def test_tiles_give_the_attention_whatever_their_size(chunk_size, mask):
    given_ = inputs()
    found = chunked_attention(*given_, mask, chunk_size=chunk_size)
    torch.testing.assert_close(found, written_out(*given_, mask), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-11), (torch.float32, 1e-3)])
@pytest.mark.parametrize("scale", [200.0, 2000.0])
def test_scores_in_the_hundreds_are_no_harm(scale, dtype, error):
    given_ = inputs(scale=scale)
    found = chunked_attention(*(x.to(dtype) for x in given_), chunk_size=4)
    torch.testing.assert_close(found.double(), written_out(*given_), rtol=0, atol=error)


@pytest.mark.parametrize("shape", [(NUM_HEADS, NUM_QUERIES, NUM_KEYS), (NUM_QUERIES, NUM_KEYS), (1, NUM_KEYS), (1,)])
@every_mask
def test_gradients_are_those_of_attention(mask, shape):
    bias = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    given_ = [x.requires_grad_() for x in (*inputs(), bias)]
    towards = torch.randn(BATCH, NUM_HEADS, NUM_QUERIES, D_V, dtype=torch.float64)
    slopes = []
    for function in (written_out, lambda *a, **k: chunked_attention(*a, **k, chunk_size=5)):
        output = function(*given_[:3], mask, bias=given_[3], scale=0.7)
        slopes.append(torch.autograd.grad((output * towards).sum(), given_))
        assert all(torch.isfinite(slope).all() for slope in slopes[-1])
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


def test_gradients_agree_with_finite_differences():
    given_ = [x.requires_grad_() for x in inputs()]
    given_ = [x[:1, :1].detach().requires_grad_() for x in given_]
    assert torch.autograd.gradcheck(lambda *a: chunked_attention(*a, causal=True, chunk_size=4), given_)


def test_causal_needs_no_mask():
    given_ = inputs()
    expected = written_out(*given_, causal_mask(NUM_QUERIES, NUM_KEYS))
    for chunk_size in (1, 3, 8, 40):
        torch.testing.assert_close(chunked_attention(*given_, causal=True, chunk_size=chunk_size), expected)
    both = chunked_attention(*given_, MASKS["all axes"], causal=True, chunk_size=4)
    together = MASKS["all axes"] & causal_mask(NUM_QUERIES, NUM_KEYS)
    torch.testing.assert_close(both, written_out(*given_, together))


def test_future_keys_have_zero_gradient():
    queries, keys, values = (x.requires_grad_() for x in inputs())
    output = chunked_attention(queries, keys, values, causal=True, chunk_size=4)
    slopes = torch.autograd.grad(output[:, :, 2].sum(), [keys, values])
    last = 2 + NUM_KEYS - NUM_QUERIES
    for slope in slopes:
        assert (slope[:, :, last + 1 :] == 0).all()
        assert (slope[:, :, : last + 1] != 0).any()


def test_a_query_that_may_look_nowhere_gets_zeros():
    mask = torch.ones(NUM_QUERIES, NUM_KEYS, dtype=torch.bool)
    mask[5] = False
    given_ = [x.requires_grad_() for x in inputs()]
    output = chunked_attention(*given_, mask, chunk_size=4)
    assert (output[:, :, 5] == 0).all()
    slopes = torch.autograd.grad(output.sum(), given_)
    assert (slopes[0][:, :, 5] == 0).all()


def test_leading_axes_broadcast_and_may_be_missing():
    queries, keys, values = inputs()
    alone = chunked_attention(queries[0, 0], keys[0, 0], values[0, 0], chunk_size=4)
    torch.testing.assert_close(alone, attention(queries[0, 0], keys[0, 0], values[0, 0]))
    shared = [x.requires_grad_() for x in (queries, keys[:1, :1].clone(), values[:, :1].clone())]
    output = chunked_attention(*shared, chunk_size=4)
    torch.testing.assert_close(output, written_out(*shared))
    assert [slope.shape for slope in torch.autograd.grad(output.sum(), shared)] == [x.shape for x in shared]


def test_arguments_are_not_changed():
    given_ = [*inputs(), MASKS["all axes"]]
    before = [x.clone() for x in given_]
    bias = torch.zeros(NUM_KEYS, dtype=torch.float64)
    chunked_attention(*given_, bias=bias, chunk_size=4)
    partial_attention(*given_, bias=bias)
    assert all(map(torch.equal, before, given_))
    assert (bias == 0).all()


# --------------------------------------------------------------------------------------------------------- partials


def split_partials(cuts, mask=None, dtype=torch.float64):
    queries, keys, values = inputs(dtype)
    pairs = list(pairwise([0, *sorted(cuts), NUM_KEYS]))
    masks = [None if mask is None else mask.expand(BATCH, NUM_HEADS, NUM_QUERIES, NUM_KEYS)[..., a:b] for a, b in pairs]
    return [
        partial_attention(queries, keys[:, :, a:b], values[:, :, a:b], seen)
        for (a, b), seen in zip(pairs, masks, strict=True)
    ]


@every_mask
def test_a_partial_over_all_keys_is_the_attention(mask):
    torch.testing.assert_close(partial_attention(*inputs(), mask).output(), written_out(*inputs(), mask))


@given(cuts=st.sets(st.integers(1, NUM_KEYS - 1), min_size=2, max_size=2), order=st.permutations(range(3)))
@settings(max_examples=25, deadline=None)
def test_merging_is_associative_and_commutative(cuts, order):
    for mask in (None, MASKS["padding"]):
        parts = split_partials(cuts, mask)
        a, b, c = (parts[place] for place in order)
        left, right = merge_partial(merge_partial(a, b), c), merge_partial(a, merge_partial(b, c))
        for one, other in zip(left, right, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(left.output(), written_out(*inputs(), mask), rtol=0, atol=1e-12)


def test_what_saw_nothing_changes_nothing():
    some, none = split_partials([5])[0], partial_attention(*inputs(), torch.zeros(1, 1, dtype=torch.bool))
    assert (none.total == 0).all()
    assert (none.output() == 0).all()
    for merged in (merge_partial(some, none), merge_partial(none, some)):
        assert all(map(torch.equal, merged, some))


# ------------------------------------------------------------------------------------------------------------- errors


def test_errors_name_the_argument():
    queries, keys, values = inputs()
    with pytest.raises(ShapeError, match="d_k is 5 in keys but 4 in queries"):
        chunked_attention(queries[..., :4], keys, values)
    with pytest.raises(ValueError, match="chunk_size is 0, expected an integer of at least 1"):
        chunked_attention(queries, keys, values, chunk_size=0)
    with pytest.raises(TypeError, match=r"mask has dtype torch\.float64"):
        chunked_attention(queries, keys, values, values)
    with pytest.raises(ShapeError, match="mask does not fit the scores"):
        chunked_attention(queries, keys, values, MASKS["all axes"][..., :3])
    with pytest.raises(ShapeError, match="num_keys is 13 but num_queries is 17"):
        chunked_attention(keys, queries, values[:, :, :13], causal=True)
    with pytest.raises(TypeError, match=r"values .* has dtype torch\.float32"):
        chunked_attention(queries, keys, values.float())


def test_partials_of_other_queries_are_refused():
    one = split_partials([5])[0]
    fewer = Partial(*(x[:, :, :4] for x in one))
    with pytest.raises(ShapeError, match="num_queries is 4 in other but 13 in one"):
        merge_partial(one, fewer)
    with pytest.raises(ShapeError, match="d_v is 1 in other but 7 in one"):
        merge_partial(one, Partial(one.maximum, one.total, one.weighted[..., :1]))
    with pytest.raises(ShapeError, match=r"maximum is \(2, 3, 13, 1\) in one but \(1, 3, 13, 1\) in other"):
        merge_partial(one, Partial(*(x[:1] for x in one)))
