"""Chapter 7: two tests of memory, and a small model around the layers that take them.

Delayed recall: the value of the first word is asked for at the end, behind noise. Associative recall: a list of
keys with their values, then one of the keys again: what was its value?
"""

import torch
from torch import nn

from attnlib.positions import sinusoidal_positions
from attnlib.shapes import must_count


def delayed_recall(batch, distance, *, generator, num_values=8):
    """Draw sentences that begin with a value and ask for it ``distance`` words later.

    The words between are drawn from the same values, so only the place tells which one is meant. The last word is
    the question, written as ``num_values``.

    **Shapes** -> words (batch, distance + 1) and answers (batch,), integers

    **Promises** answers == words[:, 0], and all values are equally likely: a guess is right once in num_values.

    **Raises** ``ValueError`` for a count below 1.

    **Example**

    >>> words, answers = delayed_recall(5, 3, generator=torch.Generator().manual_seed(0))
    >>> words[0], answers[0]
    (tensor([4, 7, 5, 8]), tensor(4))
    """
    must_count(batch=batch, distance=distance, num_values=num_values)
    words = torch.randint(num_values, (batch, distance + 1), generator=generator)
    words[:, -1] = num_values
    return words, words[:, 0].clone()


def associative_recall(batch, num_pairs, *, generator, num_keys=64, num_values=8):
    """Draw lists of pairs that end with a question: one of the keys, without its value.

    A pair is one word, ``key * (num_values + 1) + value``; in the question the value is ``num_values``. The keys
    of a list are all different, its values are drawn anew.

    **Shapes** -> words (batch, num_pairs + 1) and answers (batch,), integers

    **Promises** the answer is the value of the one pair whose key is asked for.

    **Raises** ``ValueError`` for a count below 1 and for more pairs than keys.

    **Example**

    >>> words, answers = associative_recall(5, 2, generator=torch.Generator().manual_seed(0))
    >>> words.shape, divmod(int(words[0, -1]), 9)[1]
    (torch.Size([5, 3]), 8)
    """
    must_count(batch=batch, num_pairs=num_pairs, num_keys=num_keys, num_values=num_values)
    if num_pairs > num_keys:
        raise ValueError(f"num_pairs is {num_pairs}, expected at most num_keys = {num_keys}: all keys are different.")
    keys = torch.rand(batch, num_keys, generator=generator).argsort(dim=-1)[:, :num_pairs]
    values = torch.randint(num_values, (batch, num_pairs), generator=generator)
    asked = torch.randint(num_pairs, (batch, 1), generator=generator)
    pairs = keys * (num_values + 1) + values
    question = keys.gather(1, asked) * (num_values + 1) + num_values
    return torch.cat([pairs, question], dim=1), values.gather(1, asked)[:, 0]


class Recall(nn.Module):
    """Embed words, run them through layers with shortcuts around them, and answer from the last one.

    x = x + layer(x) for every layer, then answer = x[last] W_out.

    **Shapes**
        layers      modules (batch, n, d_model) -> the same shape
        num_keys    for ``associative_recall``: key and value of a pair are embedded each, and added
        positions   whether sinusoidal positions are added: attention needs them to know the order
        words       (batch, n) integers -> answers (batch, num_values), unnormalised

    **Example**

    >>> model = Recall(6, [nn.Identity()])
    >>> model(torch.zeros(5, 7, dtype=torch.long)).shape
    torch.Size([5, 8])
    """

    def __init__(self, d_model, layers, *, num_values=8, num_keys=0, positions=False):
        super().__init__()
        self.num_values, self.positions = num_values, positions
        self.embed_value = nn.Embedding(num_values + 1, d_model)
        self.embed_key = nn.Embedding(num_keys, d_model) if num_keys else None
        self.layers = nn.ModuleList(layers)
        self.W_out = nn.Linear(d_model, num_values)

    def forward(self, words):
        """Compute how likely every value is.

        **Shapes** words (batch, n) -> (batch, num_values)
        """
        x = self.embed_value(words % (self.num_values + 1))
        if self.embed_key is not None:
            x = x + self.embed_key(words // (self.num_values + 1))
        if self.positions:
            x = x + sinusoidal_positions(*x.shape[1:]).to(x)
        for layer in self.layers:
            x = x + layer(x)
        return self.W_out(x[:, -1])


def recall_loss(draw):
    """Return the loss for ``fit``: the cross-entropy of the answers to freshly drawn questions.

    **Shapes** draw(generator=...) -> words, answers; for example ``partial(delayed_recall, 64, 8)``
    """

    def loss(model, generator):
        words, answers = draw(generator=generator)
        return nn.functional.cross_entropy(model(words), answers)

    return loss


@torch.no_grad()
def recall_accuracy(model, draw, *, generator):
    """Return the share of freshly drawn questions that the model answers right.

    **Shapes** draw(generator=...) -> words, answers; for example ``partial(delayed_recall, 64, 8)``;
    the result is a number from 0 to 1
    """
    words, answers = draw(generator=generator)
    return (model(words).argmax(dim=-1) == answers).float().mean().item()
