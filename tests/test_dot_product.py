"""attnlib.dot_product: attention equals its definition and torch's, and keeps its promises at the edges."""

import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlib import ShapeError, attention, attention_weights, causal_mask, reference

ATOL = {torch.float32: 1e-6, torch.float64: 1e-12}
# leading axes of queries, keys and values
LEADING = {
    "none": ((), (), ()),
    "one": ((2,), (2,), (2,)),
    "two": ((2, 3), (2, 3), (2, 3)),
    "three": ((2, 1, 3), (2, 1, 3), (2, 1, 3)),
    "four": ((3, 1, 2, 2), (3, 1, 2, 2), (3, 1, 2, 2)),
    "one_sentence_many_queries": ((5,), (1,), (1,)),
    "many_keys_one_query": ((), (2,), (3, 1)),
    "heads_share_keys": ((2, 3), (2, 1), (1, 3)),
    "five_axes_crossed": ((2, 1, 3), (1, 2, 1), (2, 1, 1, 1)),
}
# d_k and d_v; torch takes its fused kernel only where both are equal
WIDTHS = {"unequal_widths": (3, 5), "equal_widths": (5, 5)}
EXTRAS = ["plain", "mask", "bias", "mask_and_bias", "scale", "all_three"]


def normals(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=dtype)


def qkv(leading="one", widths="unequal_widths", dtype=torch.float64, seed=0):
    normal, (d_k, d_v) = normals(seed, dtype), WIDTHS[widths]
    lead_queries, lead_keys, lead_values = LEADING[leading]
    return normal(*lead_queries, 7, d_k), normal(*lead_keys, 11, d_k), normal(*lead_values, 11, d_v)


def extras(name, dtype=torch.float64, seed=100):
    """Keyword arguments; row 4 of a mask is False throughout, and mask and bias broadcast along different axes."""
    normal = normals(seed, dtype)
    mask = normal(7, 11) > -0.3
    mask[4] = False
    return {
        "plain": {},
        "mask": {"mask": mask},
        "bias": {"bias": normal(7, 11)},
        "mask_and_bias": {"mask": normal(11) > -0.3, "bias": normal(7, 1).expand(7, 11) * normal(11)},
        "scale": {"scale": 0.2},
        "all_three": {"mask": mask, "bias": normal(1, 11), "scale": 0.8},
    }[name]


def weighted(queries, keys, values, mask=None, **keywords):
    """attention by way of the weights: the written-out path."""
    return attention_weights(queries, keys, mask, **keywords) @ values


def in_numpy(queries, keys, values, mask=None, bias=None, scale=None):
    tensors = (None if x is None else x.detach().numpy() for x in (queries, keys, values, mask, bias))
    *three, mask, bias = tensors
    return torch.from_numpy(reference.attention(*three, mask, bias=bias, scale=scale))


def by_torch(queries, keys, values, mask=None, bias=None, scale=None):
    """torch's own function; it takes one mask, so mask and bias are made one."""
    if bias is not None and mask is not None:
        bias = torch.where(mask, bias, -math.inf)
    return F.scaled_dot_product_attention(queries, keys, values, mask if bias is None else bias, scale=scale)


def close(actual, expected, atol):
    assert actual.shape == expected.shape
    torch.testing.assert_close(actual, expected, rtol=atol, atol=atol)


def gradients(function, *tensors, seed=200, **keywords):
    """Gradients of a random weighted sum of the output."""
    tensors = [x.detach().clone().requires_grad_() for x in tensors]
    output = function(*tensors, **keywords)
    return torch.autograd.grad((output * normals(seed, output.dtype)(*output.shape)).sum(), tensors)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tensors this small are slower on many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


every_leading = pytest.mark.parametrize("leading", LEADING)
every_width = pytest.mark.parametrize("widths", WIDTHS)
every_extra = pytest.mark.parametrize("extra", EXTRAS)
every_dtype = pytest.mark.parametrize("dtype", ATOL, ids=["float32", "float64"])
both_ways = pytest.mark.parametrize("function", [attention, weighted], ids=["attention", "weights"])

# ------------------------------------------------------------------------------------------------- the definition


@every_leading
@every_extra
def test_the_output_equals_the_loops(leading, extra):
    for widths in WIDTHS:
        tensors, keywords = qkv(leading, widths), extras(extra)
        expected = in_numpy(*tensors, **keywords)
        close(attention(*tensors, **keywords), expected, atol=1e-10)
        close(weighted(*tensors, **keywords), expected, atol=1e-10)


@every_leading
@every_extra
@every_dtype
def test_the_output_equals_torch(leading, extra, dtype):
    for widths in WIDTHS:
        tensors, keywords = qkv(leading, widths, dtype), extras(extra, dtype)
        expected = by_torch(*tensors, **keywords)
        close(attention(*tensors, **keywords), expected, ATOL[dtype])
        close(weighted(*tensors, **keywords), expected, ATOL[dtype])


@pytest.mark.parametrize("mask_shape", [(), (11,), (7, 1), (1, 1, 11), (3, 1, 1), (2, 1, 7, 11), (2, 3, 7, 11)])
@pytest.mark.parametrize("bias_shape", [(), (7, 11), (3, 7, 1), (2, 1, 1, 11)])
def test_mask_and_bias_broadcast_each_in_its_own_way(mask_shape, bias_shape):
    tensors, normal = qkv("two"), normals(1)
    keywords = {"mask": normal(*mask_shape) > -0.5, "bias": normal(*bias_shape)}
    expected = in_numpy(*tensors, **keywords)
    for function in (attention, weighted):
        close(function(*tensors, **keywords), expected, atol=1e-10)


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0, 12.5, -0.7])
def test_the_scale_multiplies_the_scores(scale):
    tensors = qkv("two")
    queries, keys, values = tensors
    weights = torch.softmax(scale * torch.einsum("bhqd,bhkd->bhqk", queries, keys), dim=-1)
    close(attention_weights(queries, keys, scale=scale), weights, atol=1e-12)
    close(attention(*tensors, scale=scale), weights @ values, atol=1e-12)


def test_the_scale_is_one_over_the_root_of_d_k_unless_given():
    queries, keys, values = qkv()
    close(attention(queries, keys, values), attention(queries, keys, values, scale=3**-0.5), atol=1e-14)
    close(attention_weights(queries, keys), attention_weights(queries, keys, scale=3**-0.5), atol=1e-14)
    assert (attention_weights(queries, keys) - attention_weights(queries, keys, scale=1.0)).abs().max() > 0.05


@every_dtype
@every_width
def test_the_output_is_the_same_with_and_without_gradients(dtype, widths):
    tensors, keywords = qkv("two", widths, dtype), extras("all_three", dtype)
    with torch.no_grad():
        quiet = attention(*tensors, **keywords)
    recorded = attention(*(x.clone().requires_grad_() for x in tensors), **keywords)
    assert not quiet.requires_grad
    assert recorded.requires_grad
    close(quiet, recorded.detach(), ATOL[dtype])


@every_width
@every_extra
def test_both_ways_have_the_same_gradients(widths, extra):
    tensors, keywords = qkv("heads_share_keys", widths), extras(extra)
    for one, other in zip(
        gradients(attention, *tensors, **keywords), gradients(weighted, *tensors, **keywords), strict=True
    ):
        close(one, other, atol=1e-12)


@both_ways
def test_gradients_equal_finite_differences(function):
    normal = normals(3)
    tensors = [x.requires_grad_() for x in (normal(2, 3, 2), normal(1, 5, 2), normal(2, 5, 3), normal(3, 5))]
    mask = torch.arange(5) < torch.tensor([[2], [0], [5]])
    torch.autograd.gradcheck(lambda q, k, v, bias: function(q, k, v, mask, bias=bias, scale=0.9), tensors)


def test_long_sentences_are_no_exception():
    # longer than the blocks in which torch's fused kernel works; whole blocks of keys are masked
    normal = normals(4, torch.float32)
    tensors = normal(1, 1031, 5), normal(1, 1033, 5), normal(1, 1033, 5)
    mask = torch.arange(1033) >= torch.arange(1031)[:, None] * 2
    output = attention(*tensors, mask)
    close(output, weighted(*tensors, mask), atol=1e-6)
    assert (output[:, 517:] == 0).all()
    assert (output[:, :517] != 0).all()


# ------------------------------------------------------------------------------------------------------- weights


@st.composite
def problems(draw):
    """Random sizes, spread of scores, mask; sizes may coincide, masks may hide all."""
    size = st.integers(1, 6)
    lead = draw(st.lists(st.integers(1, 3), max_size=2))
    num_queries, num_keys, d_k, d_v = (draw(size) for _ in range(4))
    normal = normals(draw(st.integers(0, 2**20)))
    spread = draw(st.sampled_from([0.0, 0.5, 1.0, 30.0]))
    mask = normal(num_queries, num_keys) > draw(st.sampled_from([-9.0, 0.0, 9.0]))
    return spread * normal(*lead, num_queries, d_k), normal(*lead, num_keys, d_k), normal(*lead, num_keys, d_v), mask


@settings(max_examples=40)
@given(problems())
def test_weights_are_shares_of_what_a_query_may_look_at(problem):
    queries, keys, _, mask = problem
    weights = attention_weights(queries, keys, mask)
    assert weights.shape == (*queries.shape[:-1], keys.shape[-2])
    assert (weights >= 0).all()
    assert (weights[..., ~mask] == 0).all()
    close(weights.sum(-1), mask.any(-1).double().expand(weights.shape[:-1]), atol=1e-12)


@settings(max_examples=40)
@given(problems())
def test_outputs_lie_between_the_values_looked_at(problem):
    queries, keys, values, mask = problem
    output = attention(queries, keys, values, mask)
    for i, row in enumerate(mask):
        if row.any():
            seen = values[..., row, :]
            assert (output[..., i, :] >= seen.amin(-2) - 1e-12).all()
            assert (output[..., i, :] <= seen.amax(-2) + 1e-12).all()
        else:
            assert (output[..., i, :] == 0).all()


@settings(max_examples=20)
@given(problems(), st.integers(0, 2**20))
def test_the_order_of_the_keys_does_not_matter(problem, seed):
    queries, keys, values, mask = problem
    order = torch.randperm(keys.shape[-2], generator=torch.Generator().manual_seed(seed))
    shuffled = attention(queries, keys[..., order, :], values[..., order, :], mask[:, order])
    close(shuffled, attention(queries, keys, values, mask), atol=1e-12)


@settings(max_examples=20)
@given(problems(), st.integers(0, 2**20))
def test_permuted_queries_give_permuted_outputs(problem, seed):
    queries, keys, values, mask = problem
    order = torch.randperm(queries.shape[-2], generator=torch.Generator().manual_seed(seed))
    shuffled = attention(queries[..., order, :], keys, values, mask[order])
    close(shuffled, attention(queries, keys, values, mask)[..., order, :], atol=1e-12)


def test_permuting_keys_without_their_values_does_matter():
    queries, keys, values = qkv()
    assert (attention(queries, keys.flip(-2), values) - attention(queries, keys, values)).abs().max() > 0.1


# --------------------------------------------------------------------------------------------------------- masks


@both_ways
@every_width
def test_masked_keys_have_no_influence_at_all(function, widths):
    queries, keys, values = qkv("two", widths)
    mask = torch.arange(11) % 3 != 1
    _, of_keys, of_values = gradients(function, queries, keys, values, mask=mask)
    for gradient in (of_keys, of_values):
        assert (gradient[..., ~mask, :] == 0).all()
        assert (gradient[..., mask, :] != 0).all()
    changed = torch.where(mask[:, None], values, 1e6)
    assert torch.equal(function(queries, keys, changed, mask), function(queries, keys, values, mask))


@both_ways
@every_width
@pytest.mark.parametrize("position", range(7))
def test_future_tokens_have_zero_gradient(function, widths, position):
    normal, (d_k, d_v) = normals(5), WIDTHS[widths]
    X = normal(2, 7, 13).requires_grad_()
    W_q, W_k, W_v = normal(13, d_k) / 3, normal(13, d_k) / 3, normal(13, d_v) / 3
    output = function(X @ W_q, X @ W_k, X @ W_v, causal_mask(7))
    (gradient,) = torch.autograd.grad((output[:, position] * normal(2, d_v)).sum(), X)
    assert (gradient[:, position + 1 :] == 0).all()
    assert (gradient[:, : position + 1] != 0).all()


def test_with_more_keys_the_last_query_sees_them_all():
    queries, keys, values = qkv()
    output = attention(queries, keys, values, causal_mask(7, 11))
    close(output[:, -1:], attention(queries[:, -1:], keys, values), atol=1e-12)
    close(output[:, :1], attention(queries[:, :1], keys[:, :5], values[:, :5]), atol=1e-12)


def hide(rows, way, dtype):
    """Keyword arguments that leave some queries nothing to look at."""
    mask = torch.ones(7, 11, dtype=torch.bool)
    mask[rows] = False
    bias = torch.zeros(7, 11, dtype=dtype).masked_fill(~mask, -math.inf)
    few = torch.arange(11) < 4
    return {
        "by_mask": {"mask": mask},
        "by_bias": {"bias": bias},
        "by_both": {"mask": few, "bias": bias},
        "by_both_in_part": {"mask": mask | few, "bias": bias.masked_fill(~few, 0.0)},
    }[way]


@both_ways
@every_dtype
@every_width
@pytest.mark.parametrize("rows", [[3], [0, 6], list(range(7))], ids=["one", "two", "all"])
@pytest.mark.parametrize("way", ["by_mask", "by_bias", "by_both", "by_both_in_part"])
def test_a_query_that_may_look_nowhere_gets_zeros_and_finite_gradients(function, dtype, widths, rows, way):
    others = [row for row in range(7) if row not in rows]
    for leading in ("none", "heads_share_keys"):
        tensors, keywords = qkv(leading, widths, dtype), hide(rows, way, dtype)
        output = function(*tensors, **keywords)
        assert (output[..., rows, :] == 0).all()
        assert (output[..., others, :] != 0).all()
        with torch.no_grad():
            assert (function(*tensors, **keywords)[..., rows, :] == 0).all()
        found = gradients(function, *tensors, **keywords)
        assert (found[0][..., rows, :] == 0).all()
        for gradient in found:
            assert gradient.isfinite().all()
            assert (gradient != 0).any() == bool(others)


@every_dtype
@pytest.mark.parametrize("way", ["by_mask", "by_bias", "by_both"])
def test_where_a_query_may_look_nowhere_its_weights_are_zero(dtype, way):
    queries, keys, _ = qkv("two", dtype=dtype)
    weights = attention_weights(queries, keys, **hide([0, 6], way, dtype))
    assert (weights[..., [0, 6], :] == 0).all()
    close(weights[..., 1:6, :].sum(-1), torch.ones(2, 3, 5, dtype=dtype), ATOL[dtype])


@both_ways
@every_dtype
def test_a_learned_bias_has_finite_gradients_beside_a_full_mask(function, dtype):
    tensors = qkv("two", "equal_widths", dtype)
    mask = hide([2], "by_mask", dtype)["mask"]
    bias = normals(6, dtype)(3, 1, 11)
    *_, of_bias = gradients(lambda q, k, v, bias: function(q, k, v, mask, bias=bias), *tensors, bias)
    assert of_bias.shape == (3, 1, 11)
    assert of_bias.isfinite().all()
    assert (of_bias != 0).all()


# ------------------------------------------------------------------------------------------------------ extremes


@both_ways
@every_width
@pytest.mark.parametrize("size", [300.0, 1e4])
@pytest.mark.parametrize("way", [None, "by_mask", "by_both"])
def test_huge_scores_stay_finite(function, widths, size, way):
    queries, keys, values = qkv("two", widths, torch.float32)
    queries = size * queries
    keywords = hide([3], way, torch.float32) if way else {}
    output = function(queries, keys, values, **keywords)
    assert output.isfinite().all()
    # scores rounded to float32: a tie of the two best keys may break otherwise, so the loops get room
    exact = in_numpy(queries, keys, values, **keywords)
    torch.testing.assert_close(output.double(), exact, rtol=0, atol=1e-6 * size)
    for gradient in gradients(function, queries, keys, values, **keywords):
        assert gradient.isfinite().all()


@both_ways
def test_one_score_far_above_the_others_takes_all(function):
    queries, keys, values = qkv()
    bias = torch.zeros(7, 11, dtype=torch.float64)
    best = torch.tensor([0, 10, 4, 4, 9, 1, 7])
    bias[torch.arange(7), best] = 1e4
    close(function(queries, keys, values, bias=bias), values[:, best], atol=1e-14)


# ---------------------------------------------------------------------------------------- arguments and their form


@both_ways
@every_width
def test_no_argument_is_changed(function, widths):
    normal = normals(7)
    tensors = dict(zip(("queries", "keys", "values"), qkv("heads_share_keys", widths), strict=True))
    tensors |= {"mask": normal(7, 11) > 0, "bias": normal(3, 1, 11)}
    for name in ("queries", "bias"):
        tensors[name].requires_grad_()
    before = {name: (x.detach().clone(), x._version, x.requires_grad, x.stride()) for name, x in tensors.items()}
    output = function(**tensors)
    output.sum().backward()
    for name, x in tensors.items():
        values, version, requires_grad, stride = before[name]
        assert torch.equal(x.detach(), values), name
        assert (x._version, x.requires_grad, x.stride()) == (version, requires_grad, stride), name
        assert (x.grad is not None) == requires_grad, name


@both_ways
def test_the_result_shares_no_memory_with_the_arguments(function):
    normal = normals(8)
    queries, keys, values = normal(1, 3), normal(1, 3), normal(1, 5)  # one key: the output equals its value
    output = function(queries, keys, values)
    close(output, values, atol=1e-14)
    output.add_(1.0)
    assert (output != values).all()


@both_ways
@every_width
def test_any_layout_in_memory_gives_the_same(function, widths):
    queries, keys, values = qkv("two", widths)
    expected = function(queries, keys, values, **extras("all_three"))
    by_columns = [x.transpose(-1, -2).contiguous().transpose(-1, -2) for x in (queries, keys, values)]
    heads_last = [x.transpose(1, 2).contiguous().transpose(1, 2) for x in (queries, keys, values)]
    every_second = [x.repeat_interleave(2, dim=-2)[..., ::2, :] for x in (queries, keys, values)]
    keywords = extras("all_three")
    keywords["mask"] = keywords["mask"].T.contiguous().T
    for tensors in (by_columns, heads_last, every_second):
        assert not any(x.is_contiguous() for x in tensors)
        close(function(*tensors, **keywords), expected, atol=1e-12)


# torch has no rule of its own for its fused kernel under vmap: it loops, and says so
@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@every_width
def test_vmap_over_a_batch_equals_the_batch(widths):
    queries, keys, values = qkv("two", widths)
    close(torch.func.vmap(attention)(queries, keys, values), attention(queries, keys, values), atol=1e-12)
    shared = torch.func.vmap(attention, in_dims=(0, None, None))(queries, keys[0], values[0])
    close(shared, attention(queries, keys[0], values[0]), atol=1e-12)
    weights = torch.func.vmap(attention_weights)(queries, keys)
    close(weights, attention_weights(queries, keys), atol=1e-12)


# -------------------------------------------------------------------------------------------------------- errors

normal = normals(9, torch.float32)
GOOD = {"queries": normal(2, 7, 3), "keys": normal(2, 11, 3), "values": normal(2, 11, 5)}
ALLOWED = normal(7, 11) > 0
WANTED = "broadcasts to (2, 7, 11)"
# what is wrong: (the arguments in question, the error, what its text says)
WRONG = {
    "mask_of_zeros_and_ones": (
        {"mask": ALLOWED.float()},
        TypeError,
        ["mask has dtype torch.float32", "shape (7, 11)", "expected a torch.bool tensor", WANTED, "bias="],
    ),
    "mask_of_integers": (
        {"mask": ALLOWED.int()},
        TypeError,
        ["mask has dtype torch.int32", "shape (7, 11)", "expected a torch.bool tensor", WANTED],
    ),
    "mask_as_a_list": (
        {"mask": ALLOWED.tolist()},
        TypeError,
        ["mask is of type list", "expected a torch.bool tensor", WANTED],
    ),
    "mask_as_an_array": (
        {"mask": ALLOWED.numpy()},
        TypeError,
        ["mask is of type ndarray", "shape (7, 11)", "expected a torch.bool tensor", WANTED],
    ),
    "mask_of_another_shape": (
        {"mask": ALLOWED[:, :5]},
        ShapeError,
        ["mask does not fit the scores", "(7, 5)", WANTED, "(..., num_queries, num_keys)"],
    ),
    "mask_transposed": ({"mask": ALLOWED.T}, ShapeError, ["mask does not fit the scores", "(11, 7)", WANTED]),
    "mask_that_widens_the_batch": (
        {"mask": ALLOWED.expand(5, 1, 7, 11)},
        ShapeError,
        ["mask does not fit the scores", "(5, 1, 7, 11)", WANTED],
    ),
    "mask_for_four_axes": (
        {"mask": ALLOWED[None, None]},
        ShapeError,
        ["mask does not fit the scores", "(1, 1, 7, 11)", WANTED],
    ),
    "empty_mask": ({"mask": ALLOWED[:0]}, ShapeError, ["mask does not fit the scores", "(0, 11)", WANTED]),
    "bias_of_another_shape": (
        {"bias": normal(5, 11)},
        ShapeError,
        ["bias does not fit the scores", "(5, 11)", WANTED],
    ),
    "bias_that_widens_the_batch": (
        {"bias": normal(3, 2, 7, 11)},
        ShapeError,
        ["bias does not fit the scores", "(3, 2, 7, 11)", WANTED],
    ),
    "bias_of_integers": (
        {"bias": ALLOWED.long()},
        TypeError,
        ["bias has dtype torch.int64", "shape (7, 11)", "expected a floating-point tensor"],
    ),
    "bias_of_another_dtype": (
        {"bias": normal(7, 11).double()},
        TypeError,
        ["bias (7, 11) has dtype torch.float64", "queries (2, 7, 3) has dtype torch.float32", "expected the same"],
    ),
    "bias_as_a_number": ({"bias": 0.5}, TypeError, ["bias is of type float", "expected a torch.Tensor"]),
    "unequal_d_k": (
        {"keys": normal(2, 11, 5)},
        ShapeError,
        [
            "d_k is 5 in keys but 3 in queries",
            "(2, 7, 3)",
            "(2, 11, 5)",
            "expected (..., num_queries, d_k)",
            "expected (..., num_keys, d_k)",
            "dot product",
        ],
    ),
    "more_values_than_keys": (
        {"values": normal(2, 13, 5)},
        ShapeError,
        ["num_keys is 13 in values but 11 in keys", "(2, 13, 5)", "expected (..., num_keys, d_v)", "as many values"],
    ),
    "integer_queries": (
        {"queries": GOOD["queries"].long()},
        TypeError,
        ["queries has dtype torch.int64", "shape (2, 7, 3)", "expected a floating-point tensor", "queries.float()"],
    ),
    "integer_values": (
        {"values": GOOD["values"].int()},
        TypeError,
        ["values has dtype torch.int32", "shape (2, 11, 5)", "expected a floating-point tensor"],
    ),
    "keys_as_an_array": (
        {"keys": GOOD["keys"].numpy()},
        TypeError,
        ["keys is of type ndarray", "shape (2, 11, 3)", "expected a torch.Tensor", "torch.from_numpy"],
    ),
    "queries_as_a_list": (
        {"queries": GOOD["queries"].tolist()},
        TypeError,
        ["queries is of type list", "expected a torch.Tensor"],
    ),
    "two_dtypes": (
        {"keys": GOOD["keys"].double()},
        TypeError,
        ["keys (2, 11, 3) has dtype torch.float64", "queries (2, 7, 3) has dtype torch.float32", "same dtype"],
    ),
    "two_devices": (
        {"keys": GOOD["keys"].to("meta")},
        TypeError,
        ["keys (2, 11, 3) has device meta", "queries (2, 7, 3) has device cpu", "same device"],
    ),
    "no_queries": (
        {"queries": GOOD["queries"][:, :0]},
        ShapeError,
        ["queries is empty", "(2, 0, 3)", "expected (..., num_queries, d_k)"],
    ),
    "no_keys": (
        {"keys": GOOD["keys"][:, :0], "values": GOOD["values"][:, :0]},
        ShapeError,
        ["keys is empty", "(2, 0, 3)", "expected (..., num_keys, d_k)"],
    ),
    "empty_batch": (
        {"queries": GOOD["queries"][:0]},
        ShapeError,
        ["queries is empty", "(0, 7, 3)", "expected (..., num_queries, d_k)"],
    ),
    "leading_axes_that_clash": (
        {"keys": normal(5, 11, 3)},
        ShapeError,
        ["the leading axes are (5,) in keys but (2,) in queries", "(2, 7, 3)", "(5, 11, 3)", "must be equal, or 1"],
    ),
    "one_axis": (
        {"queries": normal(3)},
        ShapeError,
        ["queries has 1 axis", "2 or more expected", "(3,)", "expected (..., num_queries, d_k)"],
    ),
    "no_axis": ({"keys": normal()}, ShapeError, ["keys has 0 axes", "2 or more expected", "()"]),
}


def raises(error, pieces):
    """Expect exactly this type of error, with all the pieces in its text."""
    return pytest.raises(error, match="(?s)" + "".join(f"(?=.*{re.escape(piece)})" for piece in pieces))


@pytest.mark.parametrize("wrong", WRONG)
def test_attention_tells_what_is_wrong(wrong):
    change, error, pieces = WRONG[wrong]
    with raises(error, pieces) as caught:
        attention(**GOOD | change)
    assert caught.type is error


@pytest.mark.parametrize("wrong", [name for name, (change, *_) in WRONG.items() if "values" not in change])
def test_attention_weights_tell_what_is_wrong(wrong):
    change, error, pieces = WRONG[wrong]
    arguments = GOOD | change
    del arguments["values"]
    with raises(error, pieces) as caught:
        attention_weights(**arguments)
    assert caught.type is error


def test_a_mask_in_place_of_the_scale_or_bias_is_not_taken():
    with pytest.raises(TypeError, match="positional"):
        attention(*GOOD.values(), ALLOWED, normal(7, 11))


def test_arrays_are_refused_with_the_way_out():
    with pytest.raises(TypeError, match="from_numpy"):
        attention(*(np.zeros((7, 3)), np.zeros((11, 3)), np.zeros((11, 5))))
