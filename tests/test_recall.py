"""The questions of the recall tasks can be answered, by the right word alone."""

from functools import partial

import pytest
import torch
from torch import nn

import attnlib
from attnlib.tasks.recall import Recall, associative_recall, delayed_recall, recall_accuracy, recall_loss


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def test_the_answer_of_delayed_recall_is_the_first_word():
    words, answers = delayed_recall(3000, 5, generator=generator(), num_values=7)
    assert words.shape == (3000, 6)
    assert torch.equal(answers, words[:, 0])
    assert (words[:, -1] == 7).all()
    assert set(words[:, :-1].unique().tolist()) == set(range(7))


def test_the_noise_does_not_tell_the_answer():
    words, answers = delayed_recall(20_000, 3, generator=generator())
    for place in (1, 2):
        assert (words[:, place] == answers).float().mean().item() == pytest.approx(1 / 8, abs=0.01)
    assert (answers.bincount() / 20_000 - 1 / 8).abs().max() < 0.01


def test_the_answer_of_associative_recall_belongs_to_the_key_asked_for():
    words, answers = associative_recall(500, 6, generator=generator(), num_keys=11, num_values=5)
    assert words.shape == (500, 7)
    for sentence, answer in zip(words.tolist(), answers.tolist(), strict=True):
        pairs = [divmod(word, 6) for word in sentence]
        keys = [key for key, _ in pairs[:-1]]
        assert len(set(keys)) == 6
        assert pairs[-1][1] == 5
        assert dict(pairs[:-1])[pairs[-1][0]] == answer < 5


def test_every_key_and_place_is_asked_for():
    words, _ = associative_recall(5000, 3, generator=generator(), num_keys=5, num_values=2)
    asked = words[:, -1:] // 3 == words[:, :-1] // 3
    assert (asked.float().mean(dim=0) - 1 / 3).abs().max() < 0.03
    assert (((words[:, -1] // 3).bincount() / 5000) - 1 / 5).abs().max() < 0.03


def test_the_same_seed_draws_the_same_questions():
    for draw in (partial(delayed_recall, 4, 9), partial(associative_recall, 4, 9)):
        first, second, other = (draw(generator=generator(seed))[0] for seed in (1, 1, 2))
        assert torch.equal(first, second)
        assert not torch.equal(first, other)


def test_more_pairs_than_keys_are_refused():
    with pytest.raises(ValueError, match="num_pairs is 5, expected at most num_keys = 4"):
        associative_recall(2, 5, generator=generator(), num_keys=4)
    with pytest.raises(ValueError, match="distance is 0"):
        delayed_recall(2, 0, generator=generator())


def test_the_model_adds_layers_to_embeddings_and_answers_from_the_last_word():
    torch.manual_seed(2)
    model = Recall(6, [nn.Linear(6, 6), nn.Tanh()], num_values=5)
    words = torch.randint(6, (3, 7), generator=generator())
    x = model.embed_value.weight[words]
    x = x + model.layers[0](x)
    x = x + x.tanh()
    torch.testing.assert_close(model(words), model.W_out(x[:, -1]))


def test_positions_are_added_when_asked_for():
    torch.manual_seed(3)
    model = Recall(6, [attnlib.SelfAttentionLayer(6)], positions=True)
    words = torch.randint(8, (1, 7), generator=generator())
    swapped = words.clone()
    swapped[0, 0], swapped[0, 1] = 1, 2
    words[0, 0], words[0, 1] = 2, 1
    assert (model(words) - model(swapped)).abs().max() > 1e-4
    model.positions = False
    torch.testing.assert_close(model(words), model(swapped))


def test_keys_and_values_of_pairs_are_told_apart():
    torch.manual_seed(4)
    model = Recall(6, [], num_keys=10, num_values=3)
    word = torch.tensor([[4 * 7 + 2]])
    torch.testing.assert_close(model(word), model.W_out(model.embed_key.weight[7] + model.embed_value.weight[2])[None])


def test_attention_learns_to_recall_in_a_moment():
    torch.manual_seed(5)
    model = Recall(32, [attnlib.SelfAttentionLayer(32)], num_keys=8, num_values=3)
    draw = partial(associative_recall, 64, 3, num_keys=8, num_values=3)
    before = recall_accuracy(model, partial(draw), generator=generator())
    attnlib.fit(model, recall_loss(draw), steps=200, learning_rate=1e-2, generator=generator(), progress=False)
    after = recall_accuracy(model, draw, generator=generator())
    assert before < 0.7 < 0.95 < after
