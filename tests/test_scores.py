"""attnlib.scores: every score equals its formula pair by pair, and keeps its promises."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlib import (
    AdditiveScore,
    BilinearScore,
    ShapeError,
    attention_weights,
    count_flops,
    dot_score,
    gaussian_score,
    scaled_dot_score,
)
from attnlib.scores import LEARNED_SHAPES, SHAPES

# leading axes of queries and of keys
LEADING = {"none": ((), ()), "one": ((2,), (2,)), "two": ((2, 3), (2, 3)), "crossed": ((3, 1), (1, 2))}
FUNCTIONS = {
    "dot": (dot_score, lambda q, k: q @ k),
    "scaled_dot": (scaled_dot_score, lambda q, k: q @ k / math.sqrt(5)),
    "gaussian": (gaussian_score, lambda q, k: np.log(np.exp(-(np.linalg.norm(q - k) ** 2) / 2))),
    "gaussian_of_width_3": (lambda q, k: gaussian_score(q, k, width=3.0), lambda q, k: -((q - k) @ (q - k)) / 18),
}
every_leading = pytest.mark.parametrize("leading", LEADING)
every_function = pytest.mark.parametrize("name", FUNCTIONS)


def normals(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=dtype)


def pair(leading="one", d_q=5, d_k=5, dtype=torch.float64):
    normal, (of_queries, of_keys) = normals(0, dtype), LEADING[leading]
    return normal(*of_queries, 7, d_q), normal(*of_keys, 11, d_k)


def learned(kind, seed=1, dtype=torch.float64):
    """A module for d_q = 3 and d_k = 5 whose weights do not depend on what ran before."""
    module = BilinearScore(3, 5) if kind == "bilinear" else AdditiveScore(3, 5, 13)
    normal = normals(seed, dtype)
    for parameter in module.parameters():
        parameter.data = normal(*parameter.shape) / 2
    return module


def by_loops(score, queries, keys):
    """One query and one key at a time."""
    queries, keys = queries.numpy(), keys.numpy()
    lead = np.broadcast_shapes(queries.shape[:-2], keys.shape[:-2])
    queries, keys = (np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (queries, keys))
    scores = np.zeros((*lead, queries.shape[-2], keys.shape[-2]))
    for at in np.ndindex(scores.shape):
        *head, i, j = at
        scores[at] = score(queries[(*head, i)], keys[(*head, j)])
    return torch.from_numpy(scores)


def close(actual, expected, atol=1e-12):
    assert actual.shape == expected.shape
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


every_module = pytest.mark.parametrize("kind", ["bilinear", "additive"])

# ------------------------------------------------------------------------------------------------- the definitions


@every_function
@every_leading
def test_a_score_is_its_formula_for_every_pair(name, leading):
    function, formula = FUNCTIONS[name]
    queries, keys = pair(leading)
    close(function(queries, keys), by_loops(formula, queries, keys))


@every_leading
def test_the_bilinear_score_is_its_formula_for_every_pair(leading):
    score, (queries, keys) = learned("bilinear"), pair(leading, 3, 5)
    W = score.W.detach().numpy()
    close(score(queries, keys).detach(), by_loops(lambda q, k: q @ W @ k, queries, keys))


@every_leading
def test_the_additive_score_is_its_formula_for_every_pair(leading):
    score, (queries, keys) = learned("additive"), pair(leading, 3, 5)
    W_q, W_k, v = (x.detach().numpy() for x in (score.W_q, score.W_k, score.v))
    close(score(queries, keys).detach(), by_loops(lambda q, k: v @ np.tanh(q @ W_q + k @ W_k), queries, keys))


def test_the_additive_score_is_the_network_of_query_and_key_side_by_side():
    score, (queries, keys) = learned("additive"), pair("two", 3, 5)
    both = torch.cat(
        [queries[..., :, None, :].expand(2, 3, 7, 11, 3), keys[..., None, :, :].expand(2, 3, 7, 11, 5)], -1
    )
    close(score(queries, keys), torch.tanh(both @ torch.cat([score.W_q, score.W_k])) @ score.v)


def test_the_gaussian_score_equals_torchs_distances():
    queries, keys = pair("two")
    close(gaussian_score(queries, keys, width=0.7), -torch.cdist(queries, keys).square() / (2 * 0.7**2))


def test_a_softmax_of_the_scaled_dot_product_gives_the_weights_of_attention():
    queries, keys = pair("two")
    close(scaled_dot_score(queries, keys).softmax(-1), attention_weights(queries, keys))


@every_module
def test_float32_stays_float32(kind):
    queries, keys = pair("one", 3, 5, torch.float32)
    exact = learned(kind)(queries.double(), keys.double())
    score = learned(kind)
    result = score.float()(queries, keys)
    assert result.dtype == torch.float32
    close(result.double(), exact, atol=1e-5)


# --------------------------------------------------------------------------------------------------- what is promised


@settings(max_examples=40)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.floats(0.2, 5.0), st.integers(0, 2**20))
def test_keys_of_equal_length_make_the_gaussian_kernel_a_dot_product(num_queries, num_keys, d_k, width, seed):
    normal = normals(seed)
    queries, keys = normal(num_queries, d_k), torch.nn.functional.normalize(normal(num_keys, d_k), dim=-1)
    gaussian = gaussian_score(queries, keys, width=width).softmax(-1)
    close(gaussian, (dot_score(queries, keys) / width**2).softmax(-1), atol=1e-10)


def test_keys_of_unequal_length_do_not():
    queries, keys = pair()
    assert (gaussian_score(queries, keys).softmax(-1) - dot_score(queries, keys).softmax(-1)).abs().max() > 0.1


@settings(max_examples=40)
@given(st.floats(0.1, 10.0), st.integers(0, 2**20))
def test_only_the_distance_counts_for_the_gaussian_score(width, seed):
    normal = normals(seed)
    queries, keys, shift = normal(7, 3), normal(11, 3), normal(3)
    scores = gaussian_score(queries, keys, width=width)
    assert (scores <= 0).all()
    close(gaussian_score(queries + shift, keys + shift, width=width), scores, atol=1e-9)
    assert (gaussian_score(queries, queries, width=width).diagonal() == 0).all()


def test_near_points_far_from_the_origin_keep_their_distance():
    # |q|^2 - 2 q.k + |k|^2 would be off by more than 1 here
    keys = torch.tensor([[4096.0, 0.5], [4096.5, 0.0]])
    close(gaussian_score(keys, keys), torch.tensor([[0.0, -0.25], [-0.25, 0.0]]), atol=0)


def test_the_width_can_be_learned():
    queries, keys = pair()
    width = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: gaussian_score(queries, keys, width=w), width)


def test_equal_query_and_key_have_a_finite_gradient():
    queries = normals(2)(7, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(gaussian_score(queries, queries.detach()).exp().sum(), queries)
    assert gradient.isfinite().all()
    assert (gradient != 0).any()


@pytest.mark.parametrize("d_k", [3, 31, 307])
def test_the_scale_keeps_the_variance_of_scores_at_one(d_k):
    normal = normals(3)
    queries, keys = normal(307, d_k), normal(311, d_k)
    assert scaled_dot_score(queries, keys).var() == pytest.approx(1, abs=0.1)
    assert dot_score(queries, keys).var() == pytest.approx(d_k, rel=0.1)


def test_a_bilinear_score_is_the_dot_product_of_two_projections():
    normal, score = normals(4), learned("bilinear")
    queries, keys = pair("two", 3, 5)
    W_q, W_k = normal(3, 2), normal(5, 2)
    score.W.data = W_q @ W_k.T
    close(score(queries, keys), dot_score(queries @ W_q, keys @ W_k))


def test_no_bilinear_score_ranks_the_middle_key_first_but_an_additive_score_can():
    normal = normals(5)
    a, b = normal(5), normal(5)
    keys = torch.stack([a, (a + b) / 2, b])
    queries = normal(101, 3)
    scores = learned("bilinear")(queries, keys)
    close(scores[:, 1], (scores[:, 0] + scores[:, 2]) / 2)

    # two units: one falls off below -2, the other above 2, so their sum is largest in between
    additive = AdditiveScore(1, 1, 2).double()
    for parameter, numbers in ((additive.W_q, [[2.0, 2.0]]), (additive.W_k, [[1.0, -1.0]]), (additive.v, [1.0, 1.0])):
        parameter.data = torch.tensor(numbers, dtype=torch.float64)
    low, middle, high = additive(torch.ones(1, 1).double(), torch.tensor([[-3.0], [0.0], [3.0]]).double())[0]
    assert middle > max(low, high) + 1


@settings(max_examples=20)
@given(st.sampled_from([0.1, 1.0, 1e3]), st.integers(0, 2**20))
def test_no_additive_score_is_larger_than_the_sum_of_v(size, seed):
    normal, score = normals(seed), learned("additive")
    scores = score(size * normal(7, 3), size * normal(11, 5))
    assert scores.isfinite().all()
    assert (scores.abs() <= score.v.abs().sum() + 1e-12).all()


@every_module
def test_new_modules_score_with_a_spread_of_about_one(kind):
    torch.manual_seed(0)
    module = BilinearScore(31, 61) if kind == "bilinear" else AdditiveScore(31, 61, 127)
    normal = normals(6, torch.float32)
    assert 0.5 < module(normal(101, 31), normal(103, 61)).std() < 1.5


def test_parameters_are_as_many_as_promised():
    count = {m: sum(p.numel() for p in m.parameters()) for m in (BilinearScore(3, 5), AdditiveScore(3, 5, 13))}
    assert list(count.values()) == [3 * 5, 13 * (3 + 5 + 1)]


def test_flops_are_those_of_the_matrix_products():
    queries, keys = pair("none", 3, 5)
    assert count_flops(dot_score, *pair("none")) == 2 * 7 * 11 * 5
    assert count_flops(learned("bilinear"), queries, keys) == 2 * 7 * 3 * 5 + 2 * 7 * 11 * 5
    additive = 2 * 7 * 3 * 13 + 2 * 11 * 5 * 13 + 2 * 7 * 11 * 13
    assert count_flops(learned("additive"), queries, keys) == additive


@every_module
def test_gradients_equal_finite_differences(kind):
    score = learned(kind)
    queries, keys = (x.requires_grad_() for x in pair("crossed", 3, 5))
    assert torch.autograd.gradcheck(
        lambda q, k, *_: score(q[:, :, :2], k[:, :, :3]), (queries, keys, *score.parameters())
    )


@every_module
def test_a_module_comes_back_from_its_state(kind):
    queries, keys = pair("one", 3, 5)
    one, other = learned(kind), learned(kind, seed=7)
    assert (one(queries, keys) - other(queries, keys)).abs().max() > 0.1
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(queries, keys), other(queries, keys))


# ---------------------------------------------------------------------------------------------- arguments and errors


def callables():
    return [function for function, _ in FUNCTIONS.values()] + [learned("bilinear"), learned("additive")]


def test_no_argument_is_changed_and_none_comes_back():
    for function in callables():
        queries, keys = pair("crossed", 3 if isinstance(function, torch.nn.Module) else 5, 5)
        before = queries.clone(), keys.clone()
        scores = function(queries, keys)
        scores.detach().add_(1.0)
        assert torch.equal(queries, before[0])
        assert torch.equal(keys, before[1])
        assert queries._version == keys._version == 0


def documented(function):
    section = function.__doc__.split("**Shapes**")[1].split("**Promises**")[0]
    return dict(re.findall(r"^\s+(\w+)\s+(\([^ ]*(?:, \w+)*,?\))$", section, flags=re.MULTILINE))


@pytest.mark.parametrize("function", [dot_score, scaled_dot_score, gaussian_score])
def test_functions_promise_the_patterns_that_are_checked(function):
    assert documented(function) == SHAPES


@pytest.mark.parametrize(("module", "weights"), [(BilinearScore, {"W"}), (AdditiveScore, {"W_q", "W_k", "v"})])
def test_modules_promise_the_patterns_that_are_checked(module, weights):
    patterns = {name: LEARNED_SHAPES[name] for name in {"queries", "keys", "scores"} | weights}
    assert documented(module) == patterns


@every_function
def test_a_function_tells_which_size_differs(name):
    with pytest.raises(ShapeError) as caught:
        FUNCTIONS[name][0](*pair("one", 3, 5))
    assert str(caught.value) == "\n".join(
        [
            "d_k is 5 in keys but 3 in queries.",
            "  queries   (2, 7, 3)         expected (..., num_queries, d_k)",
            "  keys      (2, 11, 5)        expected (..., num_keys, d_k)",
            "This score compares a query with a key number by number, so both need the same d_k.",
        ]
    )


@every_module
def test_a_module_tells_which_size_differs_from_its_own(kind):
    queries, keys = pair("one", 3, 5)
    weight = "W" if kind == "bilinear" else "W_k"
    with pytest.raises(ShapeError, match=f"^d_k is 3 in keys but 5 in {weight}") as caught:
        learned(kind)(queries, keys[..., :3])
    assert "(2, 11, 3)        expected (..., num_keys, d_k)" in str(caught.value)
    assert str(caught.value).endswith("The module was made for keys with d_k numbers each.")
    weight = "W" if kind == "bilinear" else "W_q"
    with pytest.raises(ShapeError, match=f"^d_q is 2 in queries but 3 in {weight}"):
        learned(kind)(queries[..., :2], keys)


@every_module
def test_a_module_refuses_another_dtype_by_name(kind):
    queries, keys = pair("one", 3, 5, torch.float32)
    with pytest.raises(TypeError, match=r"queries \(2, 7, 3\) has dtype torch.float32 but W.* has dtype torch.float64"):
        learned(kind)(queries, keys)


@pytest.mark.parametrize("function", callables())
def test_numbers_that_are_no_tensors_are_refused(function):
    with pytest.raises(TypeError, match=r"queries is of type ndarray .*from_numpy"):
        function(np.zeros((7, 3)), np.zeros((11, 3)))
    with pytest.raises(TypeError, match=r"queries has dtype torch\.int64"):
        function(torch.zeros(7, 3).long(), torch.zeros(11, 3).long())


def test_leading_axes_must_broadcast():
    queries, keys = pair("one")
    with pytest.raises(ShapeError, match=r"the leading axes are \(3,\) in keys but \(2,\) in queries"):
        dot_score(queries, keys[:1].expand(3, 11, 5))


@pytest.mark.parametrize("width", [0.0, -2.0, math.nan, torch.tensor(-2.0)])
def test_a_width_that_is_not_positive_is_refused(width):
    with pytest.raises(ValueError, match=r"width is (0.0|-2.0|nan), expected a number above 0"):
        gaussian_score(*pair(), width=width)


@pytest.mark.parametrize("sizes", [(0, 5, 13), (3, -5, 13), (3, 5, 0)])
def test_a_size_below_one_is_refused(sizes):
    name = ("d_q", "d_k", "d_hidden")[[size < 1 for size in sizes].index(True)]
    with pytest.raises(ValueError, match=rf"^{name} is {min(sizes)}, expected an integer of at least 1"):
        AdditiveScore(*sizes)
    if name != "d_hidden":
        with pytest.raises(ValueError, match=rf"^{name} is {min(sizes)}"):
            BilinearScore(*sizes[:2])


def test_a_size_that_is_no_integer_is_refused():
    with pytest.raises(TypeError, match=r"d_k is 2.5, expected an integer"):
        BilinearScore(3, 2.5)
