"""attnlib.tasks.karate: the real club, and a model that sees it through its edges alone."""

import networkx
import pytest
import torch

from attnlib import graph_mask
from attnlib.tasks import karate


@pytest.fixture(scope="module")
def club():
    return karate.load_club()


def make(seed=1):
    torch.manual_seed(seed)
    return karate.GraphClassifier(34)


def trained(mask, sides, steps=100):
    model = make()
    generator = torch.Generator().manual_seed(1)
    history = karate.train_on_labels(model, mask, sides, karate.LEADERS, generator, steps=steps)
    return model, history


def test_the_club_is_the_one_of_networkx(club):
    graph = networkx.karate_club_graph()
    assert {frozenset(edge) for edge in club.edges.tolist()} == {frozenset(edge) for edge in graph.edges()}
    assert club.edges.shape == (78, 2)
    assert [karate.SIDES[side] for side in club.sides] == [club for _, club in graph.nodes("club")]
    assert club.sides[karate.LEADERS].tolist() == [0, 1]


def test_members_look_at_their_friends_and_at_themselves(club):
    assert torch.equal(club.mask, graph_mask(club.edges, 34))
    assert torch.equal(club.mask, club.mask.T)
    assert club.mask.sum() == 2 * 78 + 34


def test_a_node_depends_on_those_at_most_two_edges_away(club):
    model, reach = make(), (club.mask.double() @ club.mask.double()) > 0
    model.numbers.requires_grad_()
    for node in (0, 11, 33):
        (slope,) = torch.autograd.grad(model(club.mask)[node].sum(), model.numbers)
        assert torch.equal(slope[0].abs().sum(dim=-1) > 0, reach[node])


def test_the_weights_shown_are_those_used(club):
    model = make()
    first, second = model.attention_weights(club.mask)
    assert first.shape == second.shape == (4, 34, 34)
    assert torch.allclose(first.sum(dim=-1), torch.ones(4, 34), atol=1e-6)
    assert (first[:, ~club.mask] == 0).all()
    values = model.first.W_v(model.numbers)[0].unflatten(-1, (4, -1)).transpose(0, 1)
    hidden = torch.nn.functional.elu(model.first.W_o((first @ values).transpose(0, 1).flatten(1)))
    values = model.second.W_v(hidden).unflatten(-1, (4, -1)).transpose(0, 1)
    assert torch.allclose(model.second.W_o((second @ values).transpose(0, 1).flatten(1)), model(club.mask), atol=1e-5)


def test_two_labels_and_the_edges_are_enough(club):
    model, history = trained(club.mask, club.sides)
    assert len(history.losses) == 100
    assert karate.unlabelled_accuracy(model, club.mask, club.sides, karate.LEADERS) > 0.9


def test_the_model_never_sees_the_other_labels(club):
    hidden = 1 - club.sides
    hidden[karate.LEADERS] = club.sides[karate.LEADERS]
    one, other = (trained(club.mask, sides, steps=7)[0](club.mask) for sides in (club.sides, hidden))
    assert torch.equal(one, other)


def test_with_every_edge_all_members_look_alike(club):
    everybody = torch.ones(34, 34, dtype=torch.bool)
    model, _ = trained(everybody, club.sides)
    assert karate.unlabelled_accuracy(model, everybody, club.sides, karate.LEADERS) <= 0.6


def test_accuracy_leaves_the_labelled_out():
    class Fixed(torch.nn.Module):
        def forward(self, mask):
            return torch.eye(2)[torch.tensor([0, 0, 1, 1, 0])]

    sides = torch.tensor([0, 1, 1, 0, 0])
    assert karate.unlabelled_accuracy(Fixed(), None, sides, [0, 1]) == pytest.approx(2 / 3)


def test_learning_uses_the_leaders_labels_and_can_be_repeated(club):
    model, share = karate.learn_sides(club, club.mask, seed=3)
    assert share == karate.unlabelled_accuracy(model, club.mask, club.sides, karate.LEADERS) > 0.9
    assert karate.learn_sides(club, club.mask, seed=3)[1] == share


def test_an_even_share_of_an_edge_is_one(club):
    class Even:
        def attention_weights(self, mask):
            weights = mask.float() / mask.sum(dim=1, keepdim=True)
            return torch.stack([torch.full((4, 34, 34), torch.nan), weights.expand(4, 34, 34)])

    assert torch.allclose(karate.edge_shares(Even(), club), torch.ones(78))


def test_shares_are_means_of_heads_and_directions(club):
    model = make()
    weights, edge = model.attention_weights(club.mask)[1], 5
    i, j = club.edges[edge]
    sizes = club.mask.sum(dim=1)
    expected = (weights[:, i, j].mean() * sizes[i] + weights[:, j, i].mean() * sizes[j]) / 2
    assert karate.edge_shares(model, club)[edge].item() == pytest.approx(expected.item())


def test_edges_across_join_two_sides(club):
    found = karate.lies_across(club)
    assert [club.sides[i] != club.sides[j] for i, j in club.edges.tolist()] == found.tolist()
    assert 0 < found.sum() < 39
