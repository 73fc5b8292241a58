"""Chapter 10: details of a BERT that can be wrong without an error, and by how much each moves the output."""

import copy

import torch
from torch import nn


def _set(name, value):
    """A mistake that sets one thing in every block, such as "attention.num_heads"."""
    part, _, what = name.rpartition(".")

    def change(model):
        for block in model.encoder.blocks:
            setattr(block.get_submodule(part), what, value)

    return change


def _transpose_queries(model):
    for block in model.encoder.blocks:
        block.attention.W_q.weight.copy_(block.attention.W_q.weight.T.clone())


def _all_eps(model):
    for part in model.modules():
        if isinstance(part, nn.LayerNorm):
            part.eps = 1e-5


MISTAKES = {  # each changes a model in place
    "no types": lambda model: model.embedding.types.weight.zero_(),
    "no positions": lambda model: model.embedding.positions.weight.zero_(),
    "pre-norm": _set("pre_norm", True),
    "6 heads, not 4": _set("attention.num_heads", 6),
    "W_q transposed": _transpose_queries,
    "approximate GELU": _set("feed_forward.activation", nn.GELU("tanh")),
    "eps 1e-5 in one norm a block": _set("attention_norm.eps", 1e-5),
    "eps 1e-5 in all norms": _all_eps,
}


@torch.no_grad()
def differences(model, words, lengths, types=None):
    """Compute for each mistake the largest difference that it makes in the output, padding left out.

    **Shapes** a ``Bert`` of 4 heads whose width 6 divides; words, lengths, types as in its ``forward``
    -> {name: a number}

    **Promises** the model is not changed.
    """
    right = model(words, lengths, types)
    no_padding = torch.arange(words.shape[1]) < lengths[:, None]
    found = {}
    for name, make in MISTAKES.items():
        wrong = copy.deepcopy(model)
        make(wrong)
        found[name] = (wrong(words, lengths, types) - right)[no_padding].abs().max().item()
    return found
