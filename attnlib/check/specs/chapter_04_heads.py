"""Chapter 4: split features into heads and join them again, on torch tensors, and what is said about heads."""

import torch
from torch.nn.functional import pad

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(404)

HEADS = {
    "reshape_only": "`reshape` alone mixes words into heads: reshape to (batch, n, num_heads, d_head), then swap the axes of words and heads.",
    "join_no_swap": "Swap the axes of heads and words back before you put the heads side by side: `reshape` alone mixes words.",
    "reshape_both": "`reshape` alone mixes words into heads: swap the axes of words and heads after the split, and back before you join.",
    "strided": "Head h gets neighbouring features, h * d_head to (h + 1) * d_head; yours takes every num_heads-th one.",
    "by_heads": "The scale is the square root of the length of a query in one head, not of the number of heads.",
    "by_model": "The scale is the square root of d_head = d_model / num_heads, the length of a query in one head, not of d_model.",
    "features_moved": "Swap heads and words, axes 1 and 2, before you join the heads; you swap words and features.",
    "no_W_o": "The output matrix W_o is missing: it mixes what the heads have found.",
    "W_o_transposed": "Multiply the joined heads by W_o as it is, without a transpose.",
    "averaged": "Put the heads side by side; a mean over the heads throws away which head found what.",
    "mean_repeated": "Put the heads themselves side by side, not num_heads copies of their mean.",
    "summed": "Put the heads side by side; a sum over the heads throws away which head found what.",
    "largest": "Put the heads side by side; the maximum over the heads throws the others away.",
    "reversed": "Keep the order of the heads: head 0 comes first.",
    "first_only": "All heads are needed, not only the first: put them side by side.",
    "one_head": "The heads are not used: split queries, keys and values into num_heads parts first.",
    "one_projection": "Every head has its own columns of W_q, W_k and W_v; yours all share the columns of the first head.",
    "over_heads": "The softmax runs over the keys, the last axis; yours runs over the heads.",
}


def heads_of(*keys):
    """Return {key: what to change} for mistakes with heads."""
    return {key: HEADS[key] for key in keys}


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def split(faults, x, num_heads):
    """Split the features into heads, with the mistakes in ``faults``."""
    batch, n, d_model = x.shape
    d_head = d_model // num_heads
    heads = _cut(faults, x, num_heads)
    heads = heads.flip(1) if "reversed" in faults else heads
    places = {
        "no_swap": lambda: heads.transpose(1, 2),
        "heads_first": lambda: heads.transpose(0, 1),
        "heads_last": lambda: heads.permute(0, 2, 3, 1),
        "words_last": lambda: heads.transpose(2, 3),
        "batch_merged": lambda: heads.reshape(batch * num_heads, n, d_head),
        "below_batch": lambda: heads.transpose(0, 1).reshape(batch * num_heads, n, d_head),
    }
    return choose(faults, places, lambda: heads)


def _cut(faults, x, num_heads):
    batch, n, d_model = x.shape
    d_head = d_model // num_heads
    options = {
        "reshape_only": lambda: x.reshape(batch, num_heads, n, d_head),
        "strided": lambda: x.reshape(batch, n, d_head, num_heads).permute(0, 3, 1, 2),
        "reshape_turned": lambda: x.reshape(batch, num_heads, d_head, n).transpose(2, 3),
        "words_moved": lambda: x.transpose(1, 2).reshape(batch, num_heads, n, d_head),
        "sizes_swapped": lambda: x.reshape(batch, n, d_head, num_heads).transpose(1, 2),
        "words_cut": lambda: torch.stack(x.chunk(num_heads, dim=1), dim=1),
        "copied": lambda: x[:, None].expand(batch, num_heads, n, d_model),
        "first_for_all": lambda: x[:, None, :, :d_head].expand(batch, num_heads, n, d_head),
        "windows": lambda: torch.stack([x[:, :, h : h + d_head] for h in range(num_heads)], dim=1),
    }
    return choose(faults, options, lambda: x.reshape(batch, n, num_heads, d_head).transpose(1, 2))


SPLIT = Spec(
    name="split_into_heads",
    chapter=4,
    minutes=6,
    difficulty=1,
    oracle=attnlib.split_heads,
    variant=split,
    faults={
        **heads_of("reshape_only", "strided", "reversed"),
        "no_swap": "The heads need an axis in front of the words: swap axes 1 and 2 after the reshape.",
        "heads_first": "The batch stays in front: (batch, num_heads, n, d_head).",
        "heads_last": "The heads come before the words: (batch, num_heads, n, d_head), so stack the parts on axis 1.",
        "words_last": "The words come before the features: (batch, num_heads, n, d_head).",
        "reshape_turned": "Give the last axis alone two parts: reshape to (batch, n, num_heads, d_head), then swap the axes of words and heads.",
        "words_moved": "Swap words and heads after the reshape; you swap words and features before it, which mixes words.",
        "words_cut": "Cut the features, the last axis, into heads; you cut the words.",
        "batch_merged": "Keep batch and heads apart: four axes, (batch, num_heads, n, d_head).",
        "below_batch": "Give the heads an axis of their own behind the batch: torch.stack(parts, dim=1) makes one, torch.cat does not.",
        "sizes_swapped": "num_heads is how many heads there are, not how many features a head has.",
        "copied": "Every head gets its own d_head features, not a copy of all of them.",
        "first_for_all": "Every head gets its own features, h * d_head to (h + 1) * d_head; yours all get the first ones.",
        "windows": "Head h starts at feature h * d_head, not at h: your parts overlap.",
    },
    unpaired=frozenset(
        {
            "reshape_turned",
            "below_batch",
            "words_moved",
            "words_cut",
            "copied",
            "first_for_all",
            "windows",
            "sizes_swapped",
        }
    ),
    probes=(
        Probe("three heads of two features", {"x": _normal(2, 5, 6), "num_heads": 3}),
        Probe("two heads of two features, two words", {"x": _normal(3, 2, 4), "num_heads": 2}),
        Probe("as many words as heads", {"x": _normal(1, 3, 15), "num_heads": 3}),
        Probe("two heads, as many words as features in a head", {"x": _normal(2, 4, 8), "num_heads": 2}),
    ),
    hints=(
        "After a reshape to (batch, n, num_heads, d_head), where does the feature with number 0 of head 1 stand?",
        "Reshape the last axis into (num_heads, d_head), then swap the axis of the words with that of the heads.",
        "return x.reshape(batch, n, ____, -1).transpose(____, ____)",
    ),
    follow_up="why can one reshape to (batch, num_heads, n, d_head) not do it, though the shape is the same?",
)


def join(faults, heads):
    """Put heads side by side, with the mistakes in ``faults``."""
    batch, num_heads, n, d_head = heads.shape
    heads = heads.flip(1) if "reversed" in faults else heads
    if "last_missing" in faults:
        return pad(_side_by_side(faults, heads[:, :-1]), (0, d_head))
    options = {
        "not_merged": lambda: heads.transpose(1, 2),
        "averaged": lambda: heads.mean(1),
        "summed": lambda: heads.sum(1),
        "largest": lambda: heads.amax(1),
        "mean_repeated": lambda: heads.mean(1).repeat(1, 1, num_heads),
        "turned": lambda: heads.transpose(1, 3).flatten(2),
        "sentences_joined": lambda: torch.cat(list(heads), dim=-1),
        "words_merged": lambda: heads.transpose(1, 2).reshape(batch, n * num_heads * d_head),
        "below_each_other": lambda: heads.reshape(batch, num_heads * n, d_head),
        "first_only": lambda: heads[:, 0],
        "view": lambda: heads.transpose(1, 2).view(batch, n, num_heads * d_head),
    }
    return choose(faults, options, lambda: _side_by_side(faults, heads))


def _side_by_side(faults, heads):
    batch, num_heads, n, d_head = heads.shape
    orders = {
        "join_no_swap": lambda: heads,
        "interleaved": lambda: heads.permute(0, 2, 3, 1),
        "features_moved": lambda: heads.transpose(2, 3),
        "batch_mixed": lambda: heads.permute(2, 0, 1, 3),
    }
    return choose(faults, orders, lambda: heads.transpose(1, 2)).reshape(batch, n, num_heads * d_head)


JOIN = Spec(
    name="join_heads",
    chapter=4,
    minutes=5,
    difficulty=1,
    oracle=attnlib.merge_heads,
    variant=join,
    faults={
        **heads_of("join_no_swap", "averaged", "mean_repeated", "summed", "largest", "reversed", "first_only"),
        "interleaved": "Keep the features of one head together: head 0 first, then head 1, and so on.",
        **heads_of("features_moved"),
        "turned": "Swap heads and words, axes 1 and 2; you swap heads and features.",
        "sentences_joined": "Join the heads, axis 1; you join the sentences of the batch.",
        "batch_mixed": "Keep the batch in front: swap heads and words alone, or sentences get parts of other sentences.",
        "not_merged": "One step is left: reshape the last two axes into one of num_heads * d_head features.",
        "words_merged": "Keep the words apart: only the axes of heads and features become one.",
        "below_each_other": "Put the heads side by side for every word, not below each other as more words.",
        "last_missing": "The last head is missing, zeros stand in its place: check where your loop or slice ends.",
        "view": "After the transpose `view` does not fit the order in memory: use `reshape`, or `.contiguous().view(...)`.",
    },
    unpaired=frozenset(
        {
            "turned",
            "sentences_joined",
            "features_moved",
            "batch_mixed",
            "words_merged",
            "below_each_other",
            "view",
            "mean_repeated",
        }
    ),
    probes=(
        Probe("three heads of two features", {"heads": _normal(2, 3, 5, 2)}),
        Probe("as many words as heads", {"heads": _normal(1, 3, 3, 7)}),
        Probe("as many sentences as words", {"heads": _normal(4, 2, 4, 3)}),
    ),
    hints=(
        "Which two axes must stand next to each other, and in which order, before one reshape can join them?",
        "Swap heads and words, so that the axes are (batch, n, num_heads, d_head); then join the last two.",
        "return heads.transpose(____, ____).reshape(batch, n, ____)",
    ),
    follow_up="check that join_heads(split_into_heads(x, h)) gives x back. Does the order of the heads matter to W_o?",
)
