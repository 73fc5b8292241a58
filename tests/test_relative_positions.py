"""attnlib.relative_positions: buckets, slopes and vectors of offsets are those of the papers' code."""

import math
import re

import pytest
import torch

from attnlib import (
    Encoder,
    MultiHeadAttention,
    RelativePositionBias,
    ShapeError,
    ShawRelativePositions,
    alibi_bias,
    alibi_slopes,
    causal_mask,
    split_heads,
)


def normals(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=dtype)


def raises(error, said):
    return pytest.raises(error, match=re.escape(said))


# --------------------------------------------------------------------------------------------------------------- ALiBi


def slopes_of_the_paper(n):
    """The recursion that the authors of ALiBi published, in our words."""
    if math.log2(n).is_integer():
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start ** (h + 1) for h in range(n)]
    below = 2 ** math.floor(math.log2(n))
    return slopes_of_the_paper(below) + slopes_of_the_paper(2 * below)[0::2][: n - below]


@pytest.mark.parametrize("num_heads", [1, 2, 3, 5, 7, 8, 12, 16, 20, 71])
def test_alibi_slopes_are_those_of_the_papers_code(num_heads):
    slopes = alibi_slopes(num_heads)
    torch.testing.assert_close(
        slopes.double(), torch.tensor(slopes_of_the_paper(num_heads)).double(), rtol=0, atol=1e-7
    )
    assert len(set(slopes.tolist())) == num_heads
    assert (slopes > 0).all()
    assert (slopes < 1).all()


def test_alibi_slopes_for_8_12_and_5_heads():
    eight = [2.0**-h for h in range(1, 9)]
    assert alibi_slopes(8).tolist() == eight
    between = [2.0 ** -(h + 0.5) for h in range(4)]
    torch.testing.assert_close(alibi_slopes(12), torch.tensor([*eight, *between]))
    torch.testing.assert_close(alibi_slopes(5), torch.tensor([2.0**-2, 2.0**-4, 2.0**-6, 2.0**-8, 2.0**-1]))


def test_alibi_slopes_are_those_of_bloom():
    bloom = pytest.importorskip("transformers.models.bloom.modeling_bloom")
    for num_heads in (5, 8, 12):
        theirs = bloom.build_alibi_tensor(torch.ones(1, 2), num_heads, torch.float32)[:, 0, 1]
        torch.testing.assert_close(alibi_slopes(num_heads), theirs)


@pytest.mark.parametrize(("num_queries", "num_keys"), [(7, 7), (5, 11)])
def test_alibi_takes_off_the_slope_for_every_step(num_queries, num_keys):
    bias = alibi_bias(3, num_queries, num_keys)
    assert bias.shape == (3, num_queries, num_keys)
    for h, slope in enumerate(slopes_of_the_paper(3)):
        for i in range(num_queries):
            for j in range(num_keys):
                distance = abs(i + num_keys - num_queries - j)
                assert abs(bias[h, i, j].item() + slope * distance) < 1e-6
    assert torch.equal(alibi_bias(3, 7), alibi_bias(3, 7, 7))


def test_alibi_alone_cannot_tell_left_from_right():
    torch.manual_seed(0)
    layer = MultiHeadAttention(6, 3).double()
    x, bias = normals(1)(2, 7, 6), alibi_bias(3, 7).double()
    torch.testing.assert_close(layer(x.flip(1), bias=bias), layer(x, bias=bias).flip(1))
    mask = causal_mask(7)
    mirrored, straight = layer(x.flip(1), mask=mask, bias=bias), layer(x, mask=mask, bias=bias)
    assert (mirrored - straight.flip(1)).abs().max() > 0.1


# ------------------------------------------------------------------------------------------------------------------ T5

SIZES = [(32, 128), (32, 20), (8, 16), (16, 1000), (64, 300)]


@pytest.mark.parametrize("bidirectional", [True, False], ids=["both", "past"])
@pytest.mark.parametrize(("num_buckets", "max_distance"), SIZES)
def test_buckets_are_those_of_t5(num_buckets, max_distance, bidirectional):
    t5 = pytest.importorskip("transformers.models.t5.modeling_t5")
    offsets = torch.arange(-2003, 2004)
    theirs = t5.T5Attention._relative_position_bucket(offsets, bidirectional, num_buckets, max_distance)
    assert torch.equal(RelativePositionBias(2, num_buckets, max_distance, bidirectional).buckets(offsets), theirs)


def test_near_offsets_have_a_bucket_each_and_far_ones_share():
    offsets = torch.tensor([0, 1, 7, 8, 11, 12, 16, 90, 91, 128, 10**6])
    assert RelativePositionBias(2).buckets(-offsets).tolist() == [0, 1, 7, 8, 8, 9, 10, 14, 15, 15, 15]
    assert RelativePositionBias(2).buckets(offsets).tolist() == [0, 17, 23, 24, 24, 25, 26, 30, 31, 31, 31]
    past = RelativePositionBias(2, bidirectional=False)
    assert past.buckets(offsets).tolist() == [0] * 11
    assert past.buckets(-offsets).tolist() == [0, 1, 7, 8, 11, 12, 16, 29, 29, 31, 31]


@pytest.mark.parametrize(("num_queries", "num_keys"), [(7, 7), (5, 11)])
def test_the_bias_is_the_entry_of_the_offsets_bucket(num_queries, num_keys):
    layer = RelativePositionBias(3, num_buckets=8, max_distance=5)
    layer.table.data = normals(2)(8, 3)
    bias = layer(num_queries, num_keys)
    assert bias.shape == (3, num_queries, num_keys)
    for i in range(num_queries):
        for j in range(num_keys):
            bucket = layer.buckets(torch.tensor(j - (i + num_keys - num_queries)))
            assert torch.equal(bias[:, i, j], layer.table[bucket])
    assert layer.table.numel() == 8 * 3


def test_the_bias_is_handed_over_as_a_tensor_or_as_the_module():
    torch.manual_seed(0)
    layer, bias = MultiHeadAttention(6, 3), RelativePositionBias(3)
    bias.table.data = normals(2, torch.float32)(32, 3)
    x = normals(3, torch.float32)(2, 7, 6)
    torch.testing.assert_close(layer(x, bias=bias), layer(x, bias=bias(7)))
    encoder = Encoder(2, 6, 3)
    torch.testing.assert_close(encoder(x, bias=bias), encoder(x, bias=bias(7)))
    assert (encoder(x, bias=bias) - encoder(x)).abs().max() > 0.05


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"num_buckets": 30}, "num_buckets is 30, expected a multiple of 4"),
        ({"num_buckets": 3, "bidirectional": False}, "num_buckets is 3, expected a multiple of 2"),
        ({"max_distance": 8}, "max_distance is 8, expected more than the 8 near offsets"),
        ({"num_heads": 0}, "num_heads is 0, expected"),
    ],
)
def test_the_bias_tells_what_is_wrong(arguments, said):
    with raises(ValueError, said):
        RelativePositionBias(**{"num_heads": 2} | arguments)


# ---------------------------------------------------------------------------------------------------------------- Shaw


@pytest.mark.parametrize(("num_queries", "num_keys"), [(7, 7), (5, 11)])
def test_shaw_scores_are_those_of_vectors_added_to_the_keys(num_queries, num_keys):
    normal = normals(4)
    queries, keys = normal(2, 3, num_queries, 5), normal(2, 3, num_keys, 5)
    shaw = ShawRelativePositions(5, max_distance=3).double()
    shaw.table.data = normal(7, 5)
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(5) + shaw(queries, num_keys)
    for i in range(num_queries):
        for j in range(num_keys):
            offset = min(max(j - (i + num_keys - num_queries), -3), 3)
            moved = keys[:, :, j] + shaw.table[offset + 3]
            wanted = (queries[:, :, i] * moved).sum(-1) / math.sqrt(5)
            torch.testing.assert_close(scores[:, :, i, j], wanted, rtol=0, atol=1e-10)


def test_shaw_is_handed_over_as_a_function_of_the_split_queries():
    torch.manual_seed(0)
    layer, shaw = MultiHeadAttention(15, 3).double(), ShawRelativePositions(5, max_distance=2).double()
    x = normals(5)(2, 7, 15)
    bias = shaw(split_heads(layer.W_q(x), 3))
    assert bias.shape == (2, 3, 7, 7)
    torch.testing.assert_close(layer(x, bias=shaw), layer(x, bias=bias))
    assert (layer(x, bias=shaw) - layer(x)).abs().max() > 0.05
    layer(x, bias=shaw).sum().backward()
    assert (shaw.table.grad != 0).any(dim=-1).all()


def test_shaw_tells_what_is_wrong():
    shaw = ShawRelativePositions(5, max_distance=2)
    with raises(ShapeError, "d_k is 3 in queries but 5 in table."):
        shaw(torch.zeros(2, 7, 3))
    with raises(TypeError, "queries (2, 7, 5) has dtype torch.float64"):
        shaw(torch.zeros(2, 7, 5).double())
    with raises(ValueError, "max_distance is 0, expected"):
        ShawRelativePositions(5, 0)


# ---------------------------------------------------------------------------------------------------------- all three


@pytest.mark.parametrize(
    "bias",
    [
        lambda queries, keys: alibi_bias(3, queries, keys),
        RelativePositionBias(3),
        lambda queries, keys: ShawRelativePositions(5, 2)(torch.zeros(queries, 5), keys),
    ],
    ids=["alibi", "t5", "shaw"],
)
def test_more_queries_than_keys_are_refused(bias):
    with raises(ShapeError, "num_keys is 5 but num_queries is 7, expected num_keys >= num_queries."):
        bias(7, 5)
    assert bias(5, 7).shape[-2:] == (5, 7)
