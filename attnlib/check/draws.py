"""Inputs that are drawn anew for exercises on whole numbers or words, where nothing can be moved by a few per cent."""

import torch

from attnlib.check.specs.chapter_05 import NOUNS, Reader


class Dice:
    """Whole numbers and choices from one seeded generator."""

    def __init__(self, random):
        self.random = random

    def __call__(self, low, high):
        """Draw a whole number from ``low`` to ``high``, both included."""
        return int(self.random.integers(low, high + 1))

    def among(self, *options):
        return options[self(0, len(options) - 1)]

    def shuffled(self, count):
        return self.random.permutation(count).tolist()

    def table(self, n, share):
        """Draw an (n, n) table of True and False."""
        return torch.from_numpy(self.random.random((n, n)) < share)


SCORES = ("dot", "scaled_dot", "bilinear", "additive")
LAYERS = ("conv", "rnn", "gru", "lstm", "attention")


def _score_sizes(dice):
    """Draw kind, d_q, d_k and d_hidden: for dot products queries and keys are equally long."""
    kind, d_q = dice.among(*SCORES), dice(2, 40)
    return kind, d_q, d_q if "dot" in kind else dice(2, 40), dice(2, 40)


def _score_counts(dice):
    kind, *sizes = _score_sizes(dice)
    return kind, dice(2, 40), dice(2, 40), *sizes


def _lengths(dice):
    num_keys = dice(3, 12)
    return torch.tensor([dice(1, num_keys) for _ in range(dice(2, 6))]), num_keys


def _heads(dice):
    num_heads = dice(1, 9)
    return num_heads * dice(2, 20), num_heads


def _last_queries(dice):
    num_keys = dice(3, 12)
    return 2 ** dice(0, 5), dice(1, num_keys), num_keys


def _paths(dice):
    n = dice(4, 9)
    return dice.table(n, 0.25), dice(0, n - 1), dice(0, n - 1)


def _edges(dice):
    n = dice(4, 9)
    pairs = [(a, b) for a in range(n) for b in range(a)]
    chosen = dice.shuffled(len(pairs))[: dice(2, n)]
    return torch.tensor([pairs[place] for place in chosen]), n


def _layers_of_mask(dice):
    n = dice(4, 9)
    return dice.table(n, 0.2) | torch.eye(n, dtype=torch.bool), dice(1, 4)


def _shift(dice):
    return dice(-60, 60), 2 * dice(1, 12)


def _tap(dice):
    n = dice(3, 12)
    return n, dice(-n - 1, n + 1)


def _sentences(dice):
    """Draw sentences of two nouns, of which a model that takes the first noun is wrong about some."""
    nouns = sorted(NOUNS)
    pairs = [[nouns[place] for place in dice.shuffled(len(nouns))[:2]] for _ in range(dice(3, 8))]
    sentences = [f"the {one} did not see the {other} because it was tired" for one, other in pairs]
    read = Reader("a model that takes the first noun", lambda found, sentence: found[0])
    return read, sentences, [pair[dice.among(0, 0, 1)] for pair in pairs]


# For each exercise, what draws its arguments, in their order.
DRAWS = {
    "make_causal_mask": lambda dice: (dice(2, 12),),
    "make_padding_mask": _lengths,
    "score_parameters": _score_sizes,
    "score_flops": _score_counts,
    "multi_head_parameters": lambda dice: (*_heads(dice), dice.among(True, False)),
    "multi_head_flops": lambda dice: (dice(2, 60), *_heads(dice)),
    "first_fooled": _sentences,
    "sinusoidal": lambda dice: (dice(2, 40), 2 * dice(1, 16)),
    "shift_by": _shift,
    "alibi": _last_queries,
    "layer_flops": lambda dice: (dice.among(*LAYERS), dice(2, 60), dice(2, 40), dice(1, 9)),
    "steps_in_a_row": lambda dice: (dice.among("rnn", "conv", "attention"), dice(1, 60), dice(1, 9)),
    "path_length": _paths,
    "crossover": lambda dice: (dice.among(*LAYERS[:-1]), dice(2, 40), dice(1, 12)),
    "receptive_field": lambda dice: (dice(1, 6), [dice(1, 5) for _ in range(dice(1, 4))]),
    "tap_weights": _tap,
    "mask_of_graph": _edges,
    "reach": _layers_of_mask,
    "window_flops": lambda dice: (dice(2, 40), dice(1, 50), dice(1, 20), dice(1, 20)),
}
