"""attnlib.tasks.order: the questions have the answers that they promise, and the reader is told places as asked."""

from functools import partial

import pytest
import torch

from attnlib import LearnedPositions, ShawRelativePositions, alibi_bias, fit, rotary, sinusoidal_positions
from attnlib.tasks.order import (
    NO_ANSWER,
    WordReader,
    answer_loss,
    count_marks,
    nearest_mark,
    order_of_marks,
    share_right,
    swap_marks,
    word_before,
)

SEED = 3


def seeded(seed=SEED):
    return torch.Generator().manual_seed(seed)


def add_sinusoidal(x):
    return x + sinusoidal_positions(*x.shape[1:])


def test_the_count_is_that_of_the_marks():
    words, answers = count_marks(503, 11, generator=seeded())
    assert words.shape == (503, 11)
    for sentence, answer in zip(words.tolist(), answers.tolist(), strict=True):
        assert sentence.count(0) + sentence.count(1) == 3
        assert answer == (sentence.count(0) > sentence.count(1))
    assert 0.45 < answers.float().mean() < 0.55
    assert set(words.flatten().tolist()) == set(range(8))


def test_the_order_is_that_of_the_two_marks():
    words, answers = order_of_marks(503, 11, generator=seeded(), num_words=5)
    for sentence, answer in zip(words.tolist(), answers.tolist(), strict=True):
        assert sentence.count(0) == sentence.count(1) == 1
        assert answer == (sentence.index(0) < sentence.index(1))
    assert 0.45 < answers.float().mean() < 0.55
    assert set(words.flatten().tolist()) == set(range(5))


def test_swapped_marks_keep_the_bag_and_turn_the_answer_around():
    words, answers = order_of_marks(103, 11, generator=seeded())
    swapped = swap_marks(words)
    assert torch.equal(swapped.sort(dim=1).values, words.sort(dim=1).values)
    found = [sentence.index(0) < sentence.index(1) for sentence in swapped.tolist()]
    assert found == [answer == 0 for answer in answers]
    assert torch.equal(swap_marks(swapped), words)


def test_the_nearest_mark_is_found_by_walking_both_ways():
    words, answers = nearest_mark(211, 13, generator=seeded(), num_marks=3, gap=5)
    assert (words > 0).any(dim=1).all()
    for sentence, answered in zip(words.tolist(), answers.tolist(), strict=True):
        for i, answer in enumerate(answered):
            near = next(found for step in range(13) if (found := _marks_at(sentence, i, step)))
            assert answer == (near.pop() - 1 if len(near) == 1 and sentence[i] == 0 else NO_ANSWER)
    assert (answers == NO_ANSWER).float().mean() < 0.5
    assert set(answers[answers != NO_ANSWER].tolist()) == {0, 1, 2}


def _marks_at(sentence, i, step):
    return {sentence[j] for j in (i - step, i + step) if 0 <= j < len(sentence) and sentence[j]}


@pytest.mark.parametrize("n", [2, 11])
def test_the_word_before_stands_some_steps_before(n):
    words, answers = word_before(101, n, generator=seeded(), steps=3, num_words=5)
    for i in range(n):
        assert torch.equal(answers[:, i], words[:, i - 3] if i >= 3 else torch.full((101,), NO_ANSWER))
    assert set(words.flatten().tolist()) == set(range(5))


@pytest.mark.parametrize("draw", [count_marks, order_of_marks, nearest_mark, word_before])
def test_the_same_seed_draws_the_same_and_what_is_no_count_is_refused(draw):
    for one, other in zip(draw(7, 11, generator=seeded()), draw(7, 11, generator=seeded()), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(draw(7, 11, generator=seeded())[0], draw(7, 11, generator=seeded(4))[0])
    with pytest.raises(ValueError, match=r"^n is 0"):
        draw(7, 0, generator=seeded())


def test_a_sentence_too_short_for_its_marks_is_refused():
    with pytest.raises(ValueError, match="n is 2 and num_words is 8, expected at least 3 of each"):
        order_of_marks(7, 2, generator=seeded())


# ---------------------------------------------------------------------------------------------------------- the reader


def reader(**options):
    torch.manual_seed(SEED)
    return WordReader(8, 5, d_model=12, num_heads=3, **options).double()


WORDS = word_before(5, 11, generator=seeded())[0]
ORDER = torch.randperm(11, generator=seeded())
WAYS = {
    "positions": {"positions": lambda x: x + sinusoidal_positions(*x.shape[1:], dtype=x.dtype)},
    "bias": {"bias": lambda queries: alibi_bias(3, queries.shape[-2]).double()},
    "module": {"bias": ShawRelativePositions(4, 5)},
    "rotate": {"rotate": rotary},
    "causal": {"causal": True},
}


def test_without_places_the_answers_move_with_the_words():
    model = reader()
    assert model(WORDS).shape == (5, 11, 5)
    torch.testing.assert_close(model(WORDS[:, ORDER]), model(WORDS)[:, ORDER])
    pooled = reader(pooled=True)
    assert pooled(WORDS).shape == (5, 5)
    torch.testing.assert_close(pooled(WORDS[:, ORDER]), pooled(WORDS))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_each_way_to_tell_places_reaches_the_answers(way):
    model = reader(**way)
    assert (model(WORDS[:, ORDER]) - model(WORDS)[:, ORDER]).abs().max() > 0.01
    assert (reader(pooled=True, **way)(WORDS[:, ORDER]) - reader(pooled=True, **way)(WORDS)).abs().max() > 1e-4


def test_what_is_trained_for_places_belongs_to_the_model():
    plain = sum(parameter.numel() for parameter in reader().parameters())
    for way, more in (({"positions": LearnedPositions(7, 12)}, 7 * 12), ({"bias": ShawRelativePositions(4, 5)}, 44)):
        assert sum(parameter.numel() for parameter in reader(**way).parameters()) == plain + more


def test_questions_without_an_answer_do_not_count():
    class Fixed(torch.nn.Module):
        def forward(self, words):
            return torch.nn.functional.one_hot(words, 4).double()  # answers with the word itself

    words = torch.tensor([[0, 1, 2], [3, 1, 0]])
    answers = torch.tensor([[0, 2, NO_ANSWER], [3, NO_ANSWER, 0]])
    assert share_right(Fixed(), words, answers) == 0.75
    loss = answer_loss(lambda generator: (words, answers))(Fixed(), None)
    right, wrong = torch.tensor([1.0, 0, 0, 0]).log_softmax(0)[:2].tolist()
    assert abs(loss.item() + (3 * right + wrong) / 4) < 1e-6


def test_order_is_at_chance_without_places_and_learned_with_them():
    def trained(**way):
        torch.manual_seed(SEED)
        model = WordReader(5, 2, d_model=16, num_heads=2, pooled=True, **way)
        draw = partial(order_of_marks, 64, 7, num_words=5)
        loss = answer_loss(lambda generator: draw(generator=generator))
        fit(model, loss, steps=100, generator=seeded(), learning_rate=0.02, progress=False)
        words, answers = order_of_marks(500, 7, generator=seeded(9), num_words=5)
        twins = torch.cat([words, swap_marks(words)]), torch.cat([answers, 1 - answers])
        return share_right(model, *twins)

    assert 0.45 < trained() < 0.55
    assert trained(positions=add_sinusoidal) > 0.8
