"""attnlib.flow: rollout adds up all ways through the layers."""

from itertools import product

import pytest
import torch

from attnlib import rollout
from attnlib.shapes import ShapeError

LAYERS, HEADS, N, BATCH = 3, 2, 5, 7


def maps(*leading, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(*leading, LAYERS, HEADS, N, N, generator=generator, dtype=torch.float64)
    return scores.softmax(dim=-1)


def test_an_entry_is_the_sum_over_all_ways():
    given = maps()
    steps = [[[(float(a.mean()) + (i == j)) / 2 for j, a in enumerate(row)] for i, row in enumerate(layer)]
             for layer in given.permute(0, 2, 3, 1)]  # fmt: skip
    found = rollout(given)
    for top, bottom in product(range(N), repeat=2):
        ways = product(range(N), repeat=LAYERS - 1)
        total = sum(steps[2][top][two] * steps[1][two][one] * steps[0][one][bottom] for one, two in ways)
        assert found[top, bottom].item() == pytest.approx(total, abs=1e-12)


def test_rows_sum_to_1():
    torch.testing.assert_close(rollout(maps()).sum(dim=-1), torch.ones(N, dtype=torch.float64))


def test_every_sentence_of_a_batch_is_followed_by_itself():
    given = maps(BATCH)
    torch.testing.assert_close(rollout(given), torch.stack([rollout(one) for one in given]))


def test_the_order_of_layers_matters_and_that_of_heads_does_not():
    given = maps()
    assert not torch.allclose(rollout(given), rollout(given.flip(0)), atol=1e-3)
    torch.testing.assert_close(rollout(given), rollout(given.flip(1)))


def test_words_that_look_at_themselves_alone_stay_what_they_are():
    identity = torch.eye(N).expand(LAYERS, HEADS, N, N)
    assert torch.equal(rollout(identity), torch.eye(N))


def test_the_maps_are_not_changed():
    given = maps()
    copy = given.clone()
    rollout(given)
    assert torch.equal(given, copy)


@pytest.mark.parametrize("wrong", [(HEADS, N, N), (LAYERS, HEADS, N, N + 1)])
def test_maps_of_another_shape_are_refused(wrong):
    with pytest.raises(ShapeError, match="maps"):
        rollout(torch.zeros(wrong))


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match=r"maps has dtype torch\.int64"):
        rollout(torch.zeros(LAYERS, HEADS, N, N, dtype=torch.int64))
