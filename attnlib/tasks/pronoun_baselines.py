"""Chapter 5: readers that cannot use the order of the words, and rules that use nothing else.

A model that is better than all of these has found something that they lack.
"""

import itertools

import torch
from torch import nn

from attnlib.tasks.pronoun_probes import accuracy
from attnlib.tasks.pronoun_words import ALL_NOUNS, WORDS


class BagOfWords(nn.Module):
    """Say which noun "it" stands for from the set of words alone.

    **Shapes** d_hidden: None for a logistic regression, else the width of a hidden layer

    **Promises** the order of the words changes nothing.
    """

    def __init__(self, d_hidden=None, *, generator=None):
        super().__init__()
        widths = [len(WORDS) + 1, *([] if d_hidden is None else [d_hidden]), len(ALL_NOUNS)]
        layers = [nn.Linear(*pair) for pair in itertools.pairwise(widths)]
        for layer in layers:
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)
        self.layers = nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU())][:-1])

    def forward(self, batch):
        """Compute a score for every noun: a ``Batch`` -> (batch, number of nouns)."""
        counts = torch.zeros(len(batch), len(WORDS) + 1)
        counts.scatter_add_(1, batch.ids, (batch.ids > 0).float())
        return self.layers(counts)


@torch.no_grad()
def told_accuracy(reader, batch):
    """Compute how often a reader is right when it is told the two candidates.

    **Shapes** anything that maps a ``Batch`` to scores of nouns, and a ``Batch`` -> a number from 0 to 1
    """
    scores = reader(batch)
    rows = torch.arange(len(batch))
    candidates = [batch.noun_at(places) for places in (batch.referent, batch.other)]
    right, wrong = (scores[rows, nouns] for nouns in candidates)
    return (right > wrong).double().mean().item()


def rule_accuracies(batch):
    """Compute how often rules are right that know the two candidates and look at places alone.

    **Shapes** a ``Batch`` -> {rule: a number from 0 to 1}
    """
    first = (batch.referent < batch.other).double().mean().item()
    nearer = (batch.referent - batch.it).abs() < (batch.other - batch.it).abs()
    return {"the first noun": first, "the second noun": 1 - first, "the nearer noun": nearer.double().mean().item()}


def majority_accuracy(known, batch):
    """Compute how often the noun that is meant most in training is right.

    **Shapes** two ``Batch``, of training and of evaluation -> a number from 0 to 1
    """
    favourite = known.noun.bincount().argmax()
    return (batch.noun == favourite).double().mean().item()


def accuracies(bags, known, batch):
    """Compute how often the majority, the rules and bags of words are right; each bag also told the candidates.

    **Shapes** bags {name: reader}; two ``Batch``, of training and of evaluation -> {name: a number from 0 to 1}
    """
    found = {"majority": majority_accuracy(known, batch)} | rule_accuracies(batch)
    return found | {name: accuracy(bag, batch) for name, bag in bags.items()} | told_accuracies(bags, batch)


def told_accuracies(bags, batch):
    """Compute how often each reader is right when it is told the two candidates.

    **Shapes** bags {name: reader}, a ``Batch`` -> {"name, told": a number from 0 to 1}
    """
    return {f"{name}, told": told_accuracy(bag, batch) for name, bag in bags.items()}
