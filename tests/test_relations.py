"""attnlib.relations: linear attention is a recurrent network, and a mask of edges makes attention pass messages."""

import numpy as np
import pytest
import torch

from attnlib import (
    ShapeError,
    attention,
    causal_mask,
    graph_mask,
    linear_attention,
    linear_attention_recurrent,
    message_passing,
    window_mask,
)
from attnlib.relations import feature_map

FORMS = [linear_attention, lambda *inputs: linear_attention(*inputs, causal=True), linear_attention_recurrent]


def draw(*shapes, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(*shape, generator=generator, dtype=dtype) for shape in shapes]


def by_definition(queries, keys, values, causal):
    """Linear attention with NumPy, one query after the other."""
    queries, keys = (np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) for x in (queries.numpy(), keys.numpy()))
    rows = []
    for i, query in enumerate(queries):
        seen = slice(0, i + 1 if causal else None)
        weights = np.array([query @ key for key in keys[seen]])
        rows.append(sum(w * v for w, v in zip(weights / weights.sum(), values.numpy()[seen], strict=True)))
    return torch.tensor(np.array(rows))


# ---------------------------------------------------------------------------------------------- linear attention


@pytest.mark.parametrize("causal", [False, True])
def test_linear_attention_equals_its_definition(causal):
    inputs = draw((7, 3), (7, 3), (7, 5))
    found = linear_attention(*inputs, causal=causal)
    assert torch.allclose(found, by_definition(*inputs, causal), rtol=0, atol=1e-10)


def test_without_a_mask_queries_and_keys_may_differ_in_number():
    inputs = draw((5, 3), (11, 3), (11, 2))
    assert torch.allclose(linear_attention(*inputs), by_definition(*inputs, False), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("n", [1, 17, 331])
def test_the_parallel_form_equals_the_recurrent_form(n, dtype, tolerance):
    inputs = draw((2, 3, n, 7), (2, 3, n, 7), (2, 3, n, 5), dtype=dtype)
    parallel, recurrent = linear_attention(*inputs, causal=True), linear_attention_recurrent(*inputs)
    assert parallel.dtype == recurrent.dtype == dtype
    assert parallel.shape == (2, 3, n, 5)
    assert (parallel - recurrent).abs().max() < tolerance


def test_both_forms_have_the_same_gradients():
    inputs = [x.requires_grad_() for x in draw((2, 11, 3), (2, 11, 3), (2, 11, 5))]
    (probe,) = draw((2, 11, 5))
    slopes = [torch.autograd.grad((form(*inputs) * probe).sum(), inputs) for form in FORMS[1:]]
    for parallel, recurrent in zip(*slopes, strict=True):
        assert torch.allclose(parallel, recurrent, atol=1e-10)


@pytest.mark.parametrize("form", FORMS[1:], ids=["parallel", "recurrent"])
def test_future_tokens_have_zero_gradient(form):
    queries, keys, values = (x.requires_grad_() for x in draw((7, 3), (7, 3), (7, 5)))
    slopes = torch.autograd.grad(form(queries, keys, values)[3].sum(), [queries, keys, values])
    for slope in slopes:
        assert torch.equal(slope[4:], torch.zeros_like(slope[4:]))
    assert (slopes[2][:4] != 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_every_output_lies_between_the_values(form):
    queries, keys, values = draw((13, 3), (13, 3), (13, 5))
    output = form(4 * queries, 4 * keys, values)
    assert (output <= values.amax(dim=0) + 1e-12).all()
    assert (output >= values.amin(dim=0) - 1e-12).all()


def test_without_a_mask_no_matrix_of_all_pairs_is_made():
    queries, keys, values = draw((1009, 3), (1013, 3), (1013, 5))
    sizes = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            sizes.append(result.numel() if isinstance(result, torch.Tensor) else 0)
            return result

    with Watch():
        linear_attention(queries, keys, values)
    assert 0 < max(sizes) <= 1013 * 5


@pytest.mark.parametrize("form", FORMS)
def test_linear_attention_changes_no_argument(form):
    inputs = draw((7, 3), (7, 3), (7, 5))
    before = [x.clone() for x in inputs]
    form(*inputs)
    assert all(torch.equal(x, old) for x, old in zip(inputs, before, strict=True))


def test_the_feature_map_is_positive():
    (x,) = draw((7, 11))
    assert (feature_map(9 * x) > 0).all()
    assert torch.allclose(feature_map(x.abs()), x.abs() + 1)


@pytest.mark.parametrize("form", FORMS)
def test_sizes_that_disagree_are_told(form):
    with pytest.raises(ShapeError, match="d_k is 4 in keys but 3 in queries"):
        form(*draw((7, 3), (7, 4), (7, 5)))
    with pytest.raises(ShapeError, match=r"n\w* is 6 in values but 7 in (keys|queries)"):
        form(*draw((7, 3), (7, 3), (6, 5)))
    with pytest.raises(TypeError, match=r"values \(7, 5\) has dtype torch\.float32"):
        form(*draw((7, 3), (7, 3)), torch.zeros(7, 5))


@pytest.mark.parametrize("form", FORMS[1:], ids=["parallel", "recurrent"])
def test_a_causal_form_needs_one_key_for_each_query(form):
    with pytest.raises(ShapeError, match=r"n is 11 in keys but 7 in queries(?s:.*)Each step, or node"):
        form(*draw((7, 3), (11, 3), (11, 5)))


# ----------------------------------------------------------------------------------------------- message passing

EDGES = [(0, 3), (3, 0), (4, 1), (2, 1), (1, 1), (5, 6), (3, 6), (0, 6), (6, 2)]


def test_messages_along_edges_are_attention_under_their_mask():
    inputs = draw((7, 3), (7, 3), (7, 5))
    mask = graph_mask(EDGES, 7, self_loops=False, directed=True)
    found = message_passing(*inputs, EDGES)
    assert torch.allclose(found, attention(*inputs, mask), rtol=0, atol=1e-12)
    assert torch.equal(found[4], torch.zeros(5, dtype=torch.float64))  # nobody sends to node 4


@pytest.mark.parametrize(
    "mask",
    [torch.ones(7, 7).bool(), causal_mask(7), window_mask(7, 2), graph_mask(EDGES, 7)],
    ids=["full", "triangle", "band", "graph"],
)
@pytest.mark.parametrize("scale", [None, 1.7])
def test_every_mask_is_a_graph(mask, scale):
    inputs = draw((7, 3), (7, 3), (7, 5))
    edges = mask.nonzero().flip(-1)
    found = message_passing(*inputs, edges, scale=scale)
    assert torch.allclose(found, attention(*inputs, mask, scale=scale), rtol=0, atol=1e-12)


def test_an_edge_given_twice_counts_once():
    inputs = draw((7, 3), (7, 3), (7, 5))
    assert torch.equal(message_passing(*inputs, [*EDGES, *EDGES[:4]]), message_passing(*inputs, EDGES))


def test_a_message_goes_from_the_first_to_the_second():
    queries, keys, values = draw((7, 3), (7, 3), (7, 5))
    found = message_passing(queries, keys, values, [(2, 6)])
    assert torch.allclose(found[6], values[2])
    assert found[:6].abs().max() == 0


def test_renaming_the_nodes_renames_the_output():
    inputs, order = draw((7, 3), (7, 3), (7, 5)), torch.tensor([4, 0, 6, 2, 5, 1, 3])
    place = order.argsort().tolist()
    renamed = [(place[i], place[j]) for i, j in EDGES]
    moved = message_passing(*(x[order] for x in inputs), renamed)
    assert torch.allclose(moved, message_passing(*inputs, EDGES)[order], atol=1e-12)


def test_gradients_are_those_of_masked_attention():
    inputs = [x.requires_grad_() for x in draw((7, 3), (7, 3), (7, 5))]
    (probe,) = draw((7, 5))
    mask = graph_mask(EDGES, 7, self_loops=False, directed=True)
    loops = torch.autograd.grad((message_passing(*inputs, EDGES) * probe).sum(), inputs)
    masked = torch.autograd.grad((attention(*inputs, mask) * probe).sum(), inputs)
    for one, other in zip(loops, masked, strict=True):
        assert torch.allclose(one, other, atol=1e-10)


def test_edges_that_are_none_are_told():
    inputs = draw((7, 3), (7, 3), (7, 5))
    with pytest.raises(ShapeError, match=r"edges contains \(1, 2, 3\), expected pairs"):
        message_passing(*inputs, [(1, 2, 3)])
    with pytest.raises(ShapeError, match="edges contains 5, expected pairs"):
        message_passing(*inputs, torch.tensor([5, 6]))
    with pytest.raises(ValueError, match=r"edges contains \(0, 7\), expected nodes from 0 to 6"):
        message_passing(*inputs, [(0, 7)])
    with pytest.raises(ShapeError, match="n is 6 in values but 7 in queries"):
        message_passing(*inputs[:2], inputs[2][:6], EDGES)
