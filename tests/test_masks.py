"""attnlib.masks: every mask equals its definition, pair by pair, and bad arguments are told."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlib import ShapeError, attention, causal_mask, graph_mask, padding_mask, window_mask

SIZES = st.integers(1, 9)


def by_definition(num_queries, num_keys, may_look):
    """A mask filled pair by pair."""
    mask = torch.zeros(num_queries, num_keys, dtype=torch.bool)
    for i in range(num_queries):
        for j in range(num_keys):
            mask[i, j] = may_look(i, j)
    return mask


def same(mask, expected):
    assert mask.dtype == torch.bool
    assert mask.shape == expected.shape
    assert mask.tolist() == expected.tolist()
    return True


def refused(error, *pieces):
    """A context that expects an error whose message holds all the pieces."""
    pattern = "".join(f"(?=.*{piece})" for piece in map(re.escape, pieces))
    return pytest.raises(error, match=f"(?s){pattern}")


# -------------------------------------------------------------------------------------------------------- causal


@pytest.mark.parametrize("n", range(1, 9))
def test_causal_mask_shows_the_past_and_the_present(n):
    assert same(causal_mask(n), by_definition(n, n, lambda i, j: j <= i))


@settings(max_examples=40)
@given(SIZES, st.integers(0, 5))
def test_with_more_keys_the_queries_are_the_last_positions(num_queries, more):
    num_keys = num_queries + more
    expected = by_definition(num_queries, num_keys, lambda i, j: j <= i + more)
    assert same(causal_mask(num_queries, num_keys), expected)
    assert same(causal_mask(num_queries, num_keys), causal_mask(num_keys)[more:])


def test_causal_mask_refuses_fewer_keys_than_queries():
    with refused(ShapeError, "num_keys is 5 but num_queries is 7", "expected num_keys >= num_queries"):
        causal_mask(7, 5)


# ------------------------------------------------------------------------------------------------------- padding


@settings(max_examples=40)
@given(st.data(), SIZES, st.sampled_from([torch.int64, torch.int32, torch.uint8, list, np.array]))
def test_padding_mask_shows_every_sentence_up_to_its_length(data, num_keys, kind):
    lengths = data.draw(st.lists(st.integers(0, num_keys), min_size=1, max_size=5))
    expected = by_definition(len(lengths), num_keys, lambda b, j: j < lengths[b])
    given_lengths = torch.tensor(lengths, dtype=kind) if isinstance(kind, torch.dtype) else kind(lengths)
    mask = padding_mask(given_lengths, num_keys)
    assert mask.shape == (len(lengths), 1, 1, num_keys)
    assert same(mask[:, 0, 0], expected)


def test_padding_mask_serves_all_heads_and_queries_of_its_own_sentence():
    generator = torch.Generator().manual_seed(0)
    queries, keys = torch.randn(2, 3, 7, 5, generator=generator), torch.randn(2, 3, 11, 5, generator=generator)
    values = torch.randn(2, 3, 11, 13, generator=generator)
    output = attention(queries, keys, values, padding_mask([4, 9], 11))
    for sentence, length in enumerate([4, 9]):
        alone = attention(queries[sentence], keys[sentence, :, :length], values[sentence, :, :length])
        torch.testing.assert_close(output[sentence], alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("lengths", "error", "pieces"),
    [
        (torch.tensor([[2, 3]]), ShapeError, ("lengths has shape (1, 2)", "expected (batch,)")),
        (torch.tensor(3), ShapeError, ("lengths has shape ()", "expected (batch,)")),
        ([], ShapeError, ("lengths has shape (0,)", "expected (batch,)")),
        (torch.tensor([2.0, 3.0]), TypeError, ("lengths has dtype torch.float32 and shape (2,)", "expected integers")),
        (torch.tensor([True, False]), TypeError, ("lengths has dtype torch.bool and shape (2,)", "expected integers")),
        (torch.tensor([1j]), TypeError, ("lengths has dtype torch.complex64 and shape (1,)", "expected integers")),
        ([2, -1, 12], ValueError, ("lengths contains -1", "from 0 to num_keys = 11")),
        ([2, 12], ValueError, ("lengths contains 12", "from 0 to num_keys = 11")),
    ],
)
def test_padding_mask_refuses_bad_lengths(lengths, error, pieces):
    with refused(error, *pieces):
        padding_mask(lengths, 11)


def test_padding_mask_leaves_the_lengths_alone():
    lengths = torch.tensor([2, 5])
    mask = padding_mask(lengths, 7)
    mask.zero_()
    assert lengths.tolist() == [2, 5]
    assert lengths._version == 0


# -------------------------------------------------------------------------------------------------------- window


@settings(max_examples=40)
@given(SIZES, st.integers(0, 10))
def test_window_mask_shows_positions_at_most_a_radius_away(n, radius):
    assert same(window_mask(n, radius), by_definition(n, n, lambda i, j: abs(i - j) <= radius))


@pytest.mark.parametrize("radius", [-1, 1.0, True, None])
def test_window_mask_refuses_a_radius_that_counts_nothing(radius):
    with refused(ValueError, f"radius is {radius!r}", "expected an integer of at least 0"):
        window_mask(7, radius)


# --------------------------------------------------------------------------------------------------------- graph

FORMS = {
    "pairs": list,
    "set": set,
    "generator": lambda edges: (edge for edge in edges),
    "lists": lambda edges: [list(edge) for edge in edges],
    "tensor": lambda edges: torch.tensor(edges).reshape(-1, 2),
    "array": lambda edges: np.array(edges, dtype=int).reshape(-1, 2),
}


@settings(max_examples=80)
@given(st.data(), st.integers(1, 6), st.booleans(), st.booleans(), st.sampled_from(sorted(FORMS)))
def test_graph_mask_lets_the_receiver_look_at_the_sender(data, num_nodes, self_loops, directed, form):
    node = st.integers(0, num_nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=7))

    def may_look(receiver, sender):
        arrived = (sender, receiver) in edges or (not directed and (receiver, sender) in edges)
        return arrived or (self_loops and receiver == sender)

    mask = graph_mask(FORMS[form](edges), num_nodes, self_loops=self_loops, directed=directed)
    assert same(mask, by_definition(num_nodes, num_nodes, may_look))


def test_graph_mask_is_undirected_with_self_loops_unless_told_otherwise():
    edges = [(0, 2), (2, 1)]
    assert same(graph_mask(edges, 4), graph_mask(edges, 4, self_loops=True, directed=False))


@pytest.mark.parametrize(
    ("edges", "error", "pieces"),
    [
        ([(0, 1), (0, 1, 2)], ShapeError, ("edges contains (0, 1, 2)", "expected pairs")),
        ([0, 1], ShapeError, ("edges contains 0", "expected pairs")),
        (torch.tensor([0, 1]), ShapeError, ("edges contains 0", "expected pairs")),
        (torch.tensor([[0, 1, 1], [1, 2, 0]]), ShapeError, ("edges contains [0, 1, 1]", "expected pairs")),
        ([(0, 5)], ValueError, ("edges contains (0, 5)", "nodes from 0 to 4")),
        ([(-1, 0)], ValueError, ("edges contains (-1, 0)", "nodes from 0 to 4")),
        (np.array([[5, 0]]), ValueError, ("edges contains (5, 0)", "nodes from 0 to 4")),
        ([(0.5, 1)], ValueError, ("edges contains (0.5, 1)", "nodes from 0 to 4")),
        ([("cat", "mat")], ValueError, ("edges contains ('cat', 'mat')", "nodes from 0 to 4")),
    ],
)
def test_graph_mask_refuses_what_is_no_edge(edges, error, pieces):
    with refused(error, *pieces):
        graph_mask(edges, 5)


# -------------------------------------------------------------------------------------------------------- counts

COUNTS = {
    "num_queries": [lambda count: causal_mask(count), lambda count: window_mask(count, 1)],
    "num_keys": [lambda count: causal_mask(1, count), lambda count: padding_mask([0], count)],
    "num_nodes": [lambda count: graph_mask([], count)],
}
CALLS = [(name, call) for name, calls in COUNTS.items() for call in calls]


@pytest.mark.parametrize(("name", "call"), CALLS)
@pytest.mark.parametrize("count", [0, -3])
def test_a_count_below_one_is_refused(name, call, count):
    with refused(ValueError, f"{name} is {count}", "expected an integer of at least 1"):
        call(count)


@pytest.mark.parametrize(("name", "call"), CALLS)
@pytest.mark.parametrize("count", [2.0, "7", True])
def test_a_count_that_is_no_integer_is_refused(name, call, count):
    with refused(TypeError, f"{name} is {count!r}", "expected an integer of at least 1"):
        call(count)
