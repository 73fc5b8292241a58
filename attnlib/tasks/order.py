"""Chapter 6: questions whose answer depends on the order of the words, and a small model that is asked.

``count_marks`` can be answered from a bag of words; for ``order_of_marks`` a bag gives no hint at all. In
``nearest_mark`` and ``word_before`` every word has an answer of its own, so a sentence may have any length.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnlib.encoder import Encoder
from attnlib.masks import causal_mask
from attnlib.shapes import must_count

NO_ANSWER = -100  # what torch's cross-entropy leaves out


def count_marks(batch, n, *, generator, num_words=8):
    """Draw sentences with three marks, words 0 and 1, among other words: are there more 0 than 1?

    **Shapes** -> words (batch, n), answers (batch,): 1 for yes, 0 for no

    **Promises** the answer does not depend on the order of the words; both answers are equally likely.

    **Raises** ``ValueError`` for fewer than 3 words in a sentence or in all.

    **Example**

    >>> count_marks(1, 6, generator=torch.Generator().manual_seed(0))
    (tensor([[2, 3, 5, 0, 1, 1]]), tensor([0]))
    """
    marks = torch.randint(2, (batch, 3), generator=generator)
    return _scatter(marks, n, num_words, generator)[0], (marks.sum(dim=1) < 2).long()


def order_of_marks(batch, n, *, generator, num_words=8):
    """Draw sentences with one word 0 and one word 1 among other words: does 0 stand before 1?

    **Shapes** -> words (batch, n), answers (batch,): 1 for yes, 0 for no

    **Promises** ``swap_marks`` turns every answer around and leaves the bag of words as it is.

    **Raises** as ``count_marks``.

    **Example**

    >>> order_of_marks(1, 6, generator=torch.Generator().manual_seed(0))
    (tensor([[4, 5, 7, 2, 0, 1]]), tensor([1]))
    """
    words, places = _scatter(torch.arange(2).expand(batch, 2), n, num_words, generator)
    return words, (places[:, 0] < places[:, 1]).long()


def swap_marks(words):
    """Write 0 for 1 and 1 for 0.

    **Shapes** words of any shape -> the same shape

    **Example**

    >>> swap_marks(torch.tensor([4, 0, 7, 1]))
    tensor([4, 1, 7, 0])
    """
    return torch.where(words < 2, 1 - words, words)


def nearest_mark(batch, n, *, generator, num_marks=4, gap=6):
    """Draw blanks with a mark here and there, on average every ``gap`` words: which mark is nearest?

    **Shapes** -> words (batch, n): 0 a blank, 1 to num_marks a mark; answers (batch, n): 0 to num_marks - 1

    **Promises** marks, and blanks as near to two marks of different kinds, have no answer (-100). Each sentence has
    a mark; all kinds are equally likely, so a guess is right once in num_marks. The mirrored sentence has the
    mirrored answers.

    **Raises** ``ValueError`` or ``TypeError`` for what is no count.

    **Example**

    >>> nearest_mark(1, 6, generator=torch.Generator().manual_seed(2))
    (tensor([[0, 4, 0, 1, 0, 0]]), tensor([[   3, -100, -100, -100,    0,    0]]))
    """
    must_count(batch=batch, n=n, num_marks=num_marks, gap=gap)
    kinds = torch.randint(1, num_marks + 1, (batch, n), generator=generator)
    chance = torch.rand(batch, n, generator=generator)
    # the luckiest word is a mark in any case, so that nobody is asked for the impossible
    is_mark = (chance < 1 / gap) | (chance == chance.amin(dim=1, keepdim=True))
    words = torch.where(is_mark, kinds, 0)
    places = torch.arange(n)
    distances = (places[:, None] - places).abs().expand(batch, n, n)
    # for every kind how near its nearest mark is: (batch, n, num_marks)
    is_kind = words[:, None, None, :] == torch.arange(1, num_marks + 1)[:, None]
    nearest = torch.where(is_kind, distances[:, :, None, :], 2 * n).amin(dim=-1)
    least, answers = nearest.min(dim=-1)
    tied = (nearest == least[..., None]).sum(dim=-1) > 1
    return words, answers.masked_fill(is_mark | tied, NO_ANSWER)


def word_before(batch, n, *, generator, steps=3, num_words=8):
    """Draw random words: which word stands ``steps`` places before each?

    **Shapes** -> words (batch, n), answers (batch, n): 0 to num_words - 1

    **Promises** answers[b, i] = words[b, i - steps]; the first ``steps`` words have no answer (-100).

    **Raises** ``ValueError`` or ``TypeError`` for what is no count.

    **Example**

    >>> word_before(1, 6, generator=torch.Generator().manual_seed(0))
    (tensor([[4, 7, 5, 0, 3, 3]]), tensor([[-100, -100, -100,    4,    7,    5]]))
    """
    must_count(batch=batch, n=n, steps=steps, num_words=num_words)
    words = torch.randint(num_words, (batch, n), generator=generator)
    answers = torch.full_like(words, NO_ANSWER)
    answers[:, steps:] = words[:, : max(0, n - steps)]
    return words, answers


class WordReader(nn.Module):
    """Embed words, tell them where they stand in a way that is chosen, encode them, and answer.

    **Shapes**
        positions   for the embeddings: a module or function (batch, n, d_model) -> the same shape
        bias        for the scores: a module or function of the split queries, as in ``MultiHeadAttention``
        rotate      for queries and keys: a function, as in ``MultiHeadAttention``
        pooled      True: one answer a sentence, from the mean over its words; else one a word
        causal      True: no word may look at those behind it
        words       (batch, n) integers below num_words
        output      (batch, num_answers) or (batch, n, num_answers): the score of each answer

    **Raises** what the chosen way raises, for example for a sentence longer than a learned table.

    **Example**

    >>> WordReader(8, 2)(torch.zeros(5, 7, dtype=torch.long)).shape
    torch.Size([5, 7, 2])
    """

    def __init__(
        self,
        num_words,
        num_answers,
        *,
        num_layers=1,
        d_model=32,
        num_heads=4,
        positions=None,
        bias=None,
        rotate=None,
        pooled=False,
        causal=False,
    ):
        super().__init__()
        self.embedding = nn.Embedding(num_words, d_model)
        self.encoder = Encoder(num_layers, d_model, num_heads, 2 * d_model, positions=positions, rotate=rotate)
        self.W_out = nn.Linear(d_model, num_answers)
        self.bias, self.pooled, self.causal = bias, pooled, causal

    def forward(self, words):
        """Compute the score of every answer."""
        mask = causal_mask(words.shape[1]) if self.causal else None
        x = self.encoder(self.embedding(words), mask, bias=self.bias)
        return self.W_out(x.mean(dim=1) if self.pooled else x)


def answer_loss(draw):
    """Return the loss for ``fit``: the cross-entropy of the answers to freshly drawn questions.

    **Shapes** draw: generator -> words, answers
    """

    def loss(model, generator):
        words, answers = draw(generator)
        return F.cross_entropy(model(words).flatten(0, -2), answers.flatten(), ignore_index=NO_ANSWER)

    return loss


@torch.no_grad()
def share_right(model, words, answers):
    """Return the share of questions that the model answers right; questions without an answer do not count.

    **Shapes** words (batch, n), answers (batch,) or (batch, n) -> a number from 0 to 1
    """
    asked = answers != NO_ANSWER
    return (model(words).argmax(dim=-1) == answers)[asked].float().mean().item()


def _scatter(marks, n, num_words, generator):
    """Put marks (batch, k) at random places among other words; also return the places, (batch, k)."""
    batch, k = marks.shape
    must_count(batch=batch, n=n, num_words=num_words)
    if min(n, num_words) < 3:
        raise ValueError(f"n is {n} and num_words is {num_words}, expected at least 3 of each.")
    words = torch.randint(2, num_words, (batch, n), generator=generator)
    places = torch.rand(batch, n, generator=generator).argsort(dim=1)[:, :k]
    return words.scatter(1, places, marks), places
