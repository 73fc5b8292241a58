"""Chapter 10: which head looks at the previous word."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(1021)


def previous(faults, maps):
    """Find the head that looks back by one word, with the mistakes in ``faults``."""
    num_layers, num_heads = maps.shape[:2]
    found = _scores(faults, maps)
    if faults & {"largest_value", "all_values"}:
        return found.max() if "largest_value" in faults else found
    if "heads_averaged" in faults:
        found = found.mean(1, keepdim=True).expand_as(found)
    if "layers_averaged" in faults:
        found = found.mean(0, keepdim=True).expand_as(found)
    ways = {
        "apart": lambda: (int(found.mean(1).argmax()), int(found.mean(0).argmax())),
        "apart_by_largest": lambda: (int(found.amax(1).argmax()), int(found.mean(0).argmax())),
        "first_layer": lambda: (0, int(found[0].argmax())),
        "last_layer": lambda: (num_layers - 1, int(found[-1].argmax())),
        "first_head": lambda: (int(found[:, 0].argmax()), 0),
        "last_head": lambda: (int(found[:, -1].argmax()), num_heads - 1),
        "smallest": lambda: divmod(int(found.argmin()), num_heads),
        "second": lambda: divmod(int(found.flatten().argsort()[-2]), num_heads),
        "best_layer_first": lambda: (layer := int(found.mean(1).argmax()), int(found[layer].argmax())),
        "head_of_first_layer": lambda: (int(found.amax(1).argmax()), int(found[0].argmax())),
        "head_of_layers": lambda: (int(found.argmax(0)[0]), int(found.argmax(1)[0])),
    }
    layer, head = choose(faults, ways, lambda: divmod(int(found.argmax()), num_heads))
    flat = layer * num_heads + head
    ends = {
        "by_layers": lambda: divmod(flat, num_layers),
        "by_words": lambda: divmod(flat, maps.shape[-1]),
        "remainder_first": lambda: (flat % num_heads, flat // num_heads),
        "by_layers_turned": lambda: (flat % num_layers, flat // num_layers),
        "from_one": lambda: (layer + 1, head + 1),
        "layer_from_one": lambda: (layer + 1, head),
        "head_from_one": lambda: (layer, head + 1),
        "flat": lambda: flat,
        "one_tensor": lambda: torch.tensor([layer, head]),
        "with_value": lambda: (layer, head, found[layer, head]),
        "head_only": lambda: head,
        "layer_only": lambda: layer,
        "value_added": lambda: ((layer, head), found[layer, head]),
        "best_heads": lambda: found.argmax(1),
        "reversed_layers": lambda: (num_layers - 1 - layer, head),
    }
    return choose(faults, ends, lambda: (layer, head))


def _scores(faults, maps):
    """Return how much each head looks at the previous word: (num_layers, num_heads)."""
    n = maps.shape[-1]
    words = torch.arange(n)
    back = maps[..., words[1:], words[:-1]]
    hits = maps.argmax(-1)[..., 1:] == words[:-1]
    others = {
        "next": lambda: maps[..., words[:-1], words[1:]].mean(-1),
        "self": lambda: maps[..., words, words].mean(-1),
        "self_without_first": lambda: maps[..., words[1:], words[1:]].mean(-1),
        "wraps": lambda: (back.sum(-1) + maps[..., 0, -1]) / n,
        "wraps_forward": lambda: (maps[..., words[:-1], words[1:]].sum(-1) + maps[..., -1, 0]) / n,
        "first_by_itself": lambda: (back.sum(-1) + maps[..., 0, 0]) / n,
        "two_back": lambda: maps[..., words[2:], words[:-2]].mean(-1),
        "both_sides": lambda: back.mean(-1) + maps[..., words[:-1], words[1:]].mean(-1),
        "all_before": lambda: maps.tril(-1).sum((-1, -2)),
        "before_and_self": lambda: maps.tril().sum((-1, -2)),
        "all_after": lambda: maps.triu(1).sum((-1, -2)),
        "largest_single": lambda: back.amax(-1),
        "weakest": lambda: back.amin(-1),
        "median": lambda: back.median(-1).values,
        "product": lambda: back.log().mean(-1),
        "squares": lambda: (back**2).mean(-1),
        "spread": lambda: back.std(-1),
        "counted": lambda: hits.float().mean(-1),
        "over_half": lambda: (back > 0.5).float().mean(-1),
        "last_missing": lambda: back[..., :-1].mean(-1),
        "second_missing": lambda: back[..., 1:].mean(-1),
        "last_word": lambda: back[..., -1],
        "second_word": lambda: back[..., 0],
        "first_row": lambda: maps[..., 0, :].mean(-1),
        "block": lambda: maps[..., 1:, :-1].mean((-1, -2)),
        "largest_of_all": lambda: maps.amax((-1, -2)),
        "first_column": lambda: maps[..., 1:, 0].mean(-1),
        "top_weight": lambda: maps.amax(-1).mean(-1),
        "top_weight_without_first": lambda: maps[..., 1:, :].amax(-1).mean(-1),
        "minus_self": lambda: back.mean(-1) - maps[..., words, words].mean(-1),
        "share_of_before": lambda: (back / maps.tril(-1).sum(-1)[..., 1:]).mean(-1),
        "anti": lambda: maps.flip(-1)[..., words[1:], words[:-1]].mean(-1),
        "wrong_axes": lambda: maps.diagonal(-1).mean(-1),
        "distance": lambda: -(maps * (words[:, None] - 1 - words).abs()).sum((-1, -2)),
    }
    return choose(faults, others, lambda: back.mean(-1))


def _true_head(maps):
    best, place = -1.0, None
    for layer, heads in enumerate(maps.tolist()):
        for head, rows in enumerate(heads):
            mean = sum(row[i - 1] for i, row in enumerate(rows) if i) / (len(rows) - 1)
            if mean > best:
                best, place = mean, (layer, head)
    return place


def _maps_probe(label, *shape, scale=1.5, causal=False):
    scores = scale * torch.randn(*shape, shape[-1], generator=_generator)
    if causal:
        scores = scores.masked_fill(torch.ones(shape[-1], shape[-1]).triu(1).bool(), -torch.inf)
    return Probe(label, {"maps": scores.softmax(-1)})


_MEAN = "The mean over all words but the first decides: "
PREVIOUS = Spec(
    name="previous_word_head",
    chapter=10,
    minutes=8,
    difficulty=1,
    oracle=_true_head,
    variant=as_set(previous),
    several=True,
    faults={
        "next": "The rows are the queries: maps[..., i, i - 1] is how word i looks at the one before it. You take maps[..., i - 1, i], how it looks at the next one.",
        "self": "The previous word has the number i - 1: you take the weight of each word on itself.",
        "self_without_first": "The previous word has the number i - 1: you take the weight of words on themselves.",
        "wraps": "The first word has no previous one: start at word 1. Index -1 (or a `roll`) takes the last word instead.",
        "wraps_forward": "Take word i's weight on word i - 1, for i from 1 on: yours looks at the next word, and from the last one back to the first.",
        "first_by_itself": "The first word has no previous one: start at word 1. You count its weight on itself.",
        "two_back": "The previous word is one place back, i - 1: yours looks two places back.",
        "both_sides": "Only the word before counts: you add the next word, too.",
        "all_before": "Only the word right before counts, i - 1: you take all the words before.",
        "before_and_self": "Only the word right before counts, i - 1: you take the word itself and all the words before.",
        "all_after": "Only the word right before counts, i - 1: you take all the words after.",
        "largest_single": _MEAN + "you take the largest single weight.",
        "weakest": _MEAN + "you take the smallest weight.",
        "median": _MEAN + "you take the median.",
        "product": _MEAN + "you multiply the weights (or add their logarithms).",
        "squares": _MEAN + "you average the squares.",
        "spread": _MEAN + "you take the spread of the weights.",
        "counted": _MEAN + "you count how often the previous word has the largest weight.",
        "over_half": _MEAN + "you count how often the weight is above one half.",
        "last_missing": "The last word counts, too: check where your loop or slice ends.",
        "second_missing": "All words but the first count, so begin with word 1: yours begins with word 2.",
        "last_word": _MEAN + "you look at the last word alone.",
        "second_word": _MEAN + "you look at the second word alone.",
        "first_row": _MEAN + "maps[..., i, i - 1]. Yours looks at the row of the first word.",
        "block": "maps[..., 1:, :-1] is a whole block of pairs: of these only the diagonal is wanted, word i with word i - 1.",
        "largest_of_all": "Only the weights on the previous word count: you take the largest weight of the whole map.",
        "first_column": "The previous word of word i is word i - 1, not always word 0.",
        "top_weight": "Only the weights on the previous word count: you average the largest weight of every row, wherever it lies.",
        "top_weight_without_first": "Only the weights on the previous word count: you average the largest weight of every row but the first, wherever it lies.",
        "minus_self": _MEAN + "take nothing off for the weight on the word itself.",
        "share_of_before": _MEAN + "do not divide by the weights on all the words before.",
        "anti": "The pairs (i, i - 1) lie below the main diagonal: yours lie beside the other diagonal.",
        "wrong_axes": "`torch.diagonal` takes the first two axes, layers and heads, unless told otherwise: give dim1=-2, dim2=-1.",
        "distance": _MEAN + "you measure how far from it the head looks.",
        "smallest": "Look for the largest mean weight, not for the smallest.",
        "second": "Take the head with the largest mean weight, not the second one (is the last index of a sort -1?).",
        "heads_averaged": "Every head by itself: you average over the heads of a layer before you look for the largest.",
        "layers_averaged": "Every head of every layer by itself: you average over the layers before you look for the largest.",
        "apart": "Look for layer and head together, one largest number in the (num_layers, num_heads) table: yours looks for the best layer and the best head apart.",
        "best_layer_first": "The best head may stand in another layer than the one with the best mean: look for the largest number in the whole (num_layers, num_heads) table.",
        "apart_by_largest": "The head must be the best of that layer: you look for the layer with the largest number, but for the head by its mean over layers.",
        "head_of_first_layer": "The head must be the best of the layer that you return: yours is the best head of layer 0.",
        "head_of_layers": "`argmax` along one axis gives the best head of each layer, or the best layer of each head: look for the largest number of the whole table.",
        "first_layer": "Look in all layers, not in the first one alone (is `return` inside the loop?).",
        "last_layer": "Look in all layers: you keep the best head of the last one (is the best value set back in each layer?).",
        "first_head": "Look at all heads, not at the first of each layer alone.",
        "last_head": "Look at all heads, not at the last of each layer alone.",
        "by_layers": "Each layer has num_heads heads: divide the flat number by num_heads, not by num_layers.",
        "by_words": "Each layer has num_heads heads: divide the flat number by num_heads, not by the number of words.",
        "remainder_first": "Return (layer, head), the layer first: yours are swapped. (With divmod the quotient is the layer, the remainder the head.)",
        "by_layers_turned": "layer = number // num_heads and head = number % num_heads: you take num_layers, and the other way round.",
        "from_one": "Layers and heads are counted from 0: add nothing.",
        "layer_from_one": "The layers are counted from 0: add nothing.",
        "head_from_one": "The heads are counted from 0: add nothing.",
        "flat": "`argmax` without an axis counts through the whole table: make a layer and a head of that number, with divmod(number, num_heads).",
        "one_tensor": "Return a tuple of two numbers, (layer, head), not one tensor.",
        "with_value": "Return (layer, head) alone, without the weight.",
        "value_added": "Return (layer, head) alone, without the weight beside it.",
        "head_only": "Return the layer, too: (layer, head).",
        "layer_only": "Return the head, too: (layer, head).",
        "best_heads": "Those are the best heads of all layers: return one layer and one head.",
        "largest_value": "That is the largest mean weight: return where it stands, (layer, head).",
        "all_values": "Those are the mean weights of all heads: return where the largest stands, (layer, head).",
        "reversed_layers": "The first layer comes first in `maps`: do not count from the last one.",
    },
    unpaired=frozenset(
        {"self_without_first", "wraps_forward", "two_back", "both_sides", "before_and_self", "all_after"}
        | {"weakest", "median", "product", "squares", "spread", "over_half", "second_missing", "last_word"}
        | {"second_word", "first_row", "block", "largest_of_all", "top_weight", "top_weight_without_first"}
        | {"minus_self", "share_of_before", "anti", "wrong_axes", "distance", "second", "heads_averaged"}
        | {
            "layers_averaged",
            "apart",
            "best_layer_first",
            "apart_by_largest",
            "head_of_layers",
            "head_of_first_layer",
            "first_layer",
            "first_head",
        }
        | {"last_head", "by_words", "by_layers_turned", "layer_from_one", "one_tensor", "with_value"}
        | {"value_added", "head_only", "layer_only", "best_heads", "largest_value", "all_values", "reversed_layers"}
    ),
    probes=(
        _maps_probe("many layers of many heads", 29, 37, 5),
        _maps_probe("thirteen layers of five heads", 13, 5, 8, scale=2.5),
        _maps_probe("a causal model", 11, 13, 5, causal=True),
        _maps_probe("weights that are nearly even", 5, 17, 7, scale=0.3),
        _maps_probe("one layer, two words", 1, 29, 2),
        _maps_probe("more words than heads", 23, 3, 12, scale=2.0),
    ),
    hints=(
        "In the map of one head, where do the weights of word i on word i - 1 lie?",
        "Take the diagonal below the main one in every map, average it, and find the largest of the num_layers times num_heads means.",
        "means = maps.diagonal(offset=____, dim1=-2, dim2=-1).mean(-1); layer, head = divmod(int(means.argmax()), ____)",
    ),
    follow_up="a head that spreads its weights evenly over 10 words has a mean of 0.1. How would you tell a real previous-word head from chance?",
)
