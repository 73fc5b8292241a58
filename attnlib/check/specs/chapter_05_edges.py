"""Chapter 5: cut an edge of all heads, on torch tensors."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import weights_of
from attnlib.check.specs.chapter_05_heads import SOFTMAX
from attnlib.check.specs.common import choose, shared

_generator = torch.Generator().manual_seed(535)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def _whole(low, high, *shape):
    """Draw whole numbers, which stay exact in float32 however large they are."""
    return torch.randint(low, high, shape, generator=_generator).float()


def cut_edge(faults, scores, query, key):
    """Cut one edge in all heads, with the mistakes in ``faults``."""
    if "scaled_again" in faults:
        scores = scores / scores.shape[-1] ** 0.5
    chosen = _edges(faults, scores, query, key)
    if "late" in faults:
        return weights_of(faults, scores).masked_fill(chosen, 0)
    if {"spread", "given_to_self", "twice", "whole_sum", "divided_late", "all_nan"} & set(faults):
        return _mended(faults, scores.softmax(-1), chosen, query)
    fills = {
        "zero_scores": lambda: 0.0,
        "hundred": lambda: -100.0,
        "tiny": lambda: -1.0,
        "smallest": lambda: scores.min().item(),
    }
    scores = scores.masked_fill(chosen, choose(faults, fills, lambda: -torch.inf))
    if "uniform" in faults:
        scores = scores.clone()
        scores[:, query] = torch.where(chosen[:, query], -torch.inf, 0.0)
    return weights_of(faults, scores)


def _edges(faults, scores, query, key):
    """Say which entries are cut: True in the shape of the scores."""
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    options = {
        "not_cut": lambda: (),
        "turned": lambda: ((slice(None), key, query),),
        "both_ways": lambda: ((slice(None), query, key), (slice(None), key, query)),
        "column": lambda: ((slice(None), slice(None), key),),
        "row": lambda: ((slice(None), query),),
        "column_and_row": lambda: ((slice(None), slice(None), key), (slice(None), query)),
        "first_head": lambda: ((0, query, key),),
        "last_head": lambda: ((-1, query, key),),
        "head_axis": lambda: ((query, key),),
        "query_as_head": lambda: ((query, slice(None), key),),
        "all_up_to": lambda: ((slice(None), query, slice(None, key + 1)),),
        "all_behind": lambda: ((slice(None), query, slice(key, None)),),
        "one_behind": lambda: ((slice(None), query, key - 1),),
    }
    for place in choose(faults, options, lambda: ((slice(None), query, key),)):
        chosen[place] = True
    return ~chosen if "inverted" in faults else chosen


def _mended(faults, weights, chosen, query):
    freed = (weights * chosen).sum(-1, keepdim=True)
    kept = weights.masked_fill(chosen, 0)
    if "spread" in faults:
        return torch.where(chosen, 0, kept + freed / (weights.shape[-1] - 1) * chosen.any(-1, keepdim=True))
    if "given_to_self" in faults:
        kept[:, query, query] += freed[:, query, 0]
        return kept
    if "divided_late" in faults:
        return kept / kept.sum(-1, keepdim=True)
    if "all_nan" in faults:
        return torch.full_like(weights, torch.nan)
    if "whole_sum" in faults:
        return kept / kept.sum((-2, -1), keepdim=True) * weights.shape[-2]
    return weights.masked_fill(chosen, -torch.inf).softmax(-1)


def _true_cut(scores, query, key):
    """Attend with the scores as queries and the identity as keys, so that every score is its own dot product."""
    n = scores.shape[-1]
    mask = torch.ones(n, n, dtype=torch.bool)
    mask[query, key] = False
    keys = torch.eye(n).expand(1, len(scores), n, n)
    return attnlib.attention_weights(scores[None], keys, mask, scale=1.0)[0]


def _edge_probe(label, num_heads, n, query, key, scores=None):
    scores = 1.5 * _normal(num_heads, n, n) if scores is None else scores
    return Probe(label, {"scores": scores, "query": query, "key": key})


def _far_scores():
    """Two heads: one row of -20000, where the edge is cut that stands far above it, and one row of 1000."""
    scores = _whole(-3, 4, 2, 6, 6)
    scores[:, 2] -= 20000
    scores[:, 4] += 1000
    scores[:, 2, 3] += 1000  # after the softmax nothing is left beside the edge that is cut
    return scores


CUT = Spec(
    name="cut_edge",
    chapter=5,
    minutes=8,
    difficulty=2,
    oracle=_true_cut,
    variant=cut_edge,
    faults={
        **shared("over_queries", "no_max", "no_division", "winner", "causal"),
        **SOFTMAX,
        "over_heads": "The softmax runs over the keys, the last axis; yours runs over the heads.",
        "late": "Cut before the softmax: a weight set to 0 afterwards leaves a row that no longer sums to 1.",
        "zero_scores": "A score that is cut becomes minus infinity. With 0 (or 1e-9) the key still gets exp(0) = 1 before the division.",
        "tiny": "A score that is cut becomes minus infinity: -1 makes the weight smaller, not 0.",
        "smallest": "A score that is cut becomes minus infinity: with the smallest score of the table the word keeps as much weight as the one that has it.",
        "hundred": "A fill such as -100 or -10000 is not small beside scores of -20000: the word that is cut wins. Fill with minus infinity.",
        "not_cut": "The edge is still there: set scores[:, query, key] to minus infinity before the softmax, and use the result.",
        "inverted": "The mask is the wrong way round: only that edge goes, all others stay. (masked_fill fills where the mask is True.)",
        "turned": "Query first, then key: scores[:, query, key]. You cut the way back.",
        "both_ways": "Cut one direction only: key may still look at query.",
        "column": "Only that query loses the key: you take the key away from all words.",
        "row": "The query's row is NaN: set one entry of it, scores[:, query, key], to minus infinity. With a whole row of that, or with plus infinity, nothing is left to share.",
        "column_and_row": "Cut a single entry of each head: you take away a whole row and a whole column.",
        "first_head": "Cut the edge in every head: yours cuts it in head 0 alone.",
        "last_head": "Cut the edge in every head: yours cuts it in the last head alone.",
        "head_axis": "The first axis counts the heads: scores[:, query, key], not scores[query, key].",
        "query_as_head": "The first axis counts the heads, the second the queries: scores[:, query, key].",
        "all_up_to": "Cut the edge to that one key: you take away all keys before it, too.",
        "all_behind": "Cut the edge to that one key: you take away all keys behind it, too.",
        "one_behind": "Places are counted from 0: you cut the key before the right one.",
        "spread": "The words that are left share in proportion to their weights, as softmax does: you give each an equal part of what was freed.",
        "given_to_self": "The words that are left share what was freed in proportion to their weights: you give it all to the query's own word.",
        "divided_late": "Cut before the softmax: where all the weight was on that edge, what is left afterwards is 0, and 0 / 0 is NaN.",
        "all_nan": "0 * infinity is NaN: do not multiply a mask by infinity. Fill the entry: masked_fill, torch.where or scores[:, query, key] = -torch.inf.",
        "whole_sum": "Divide each row by its own sum: yours is the sum over a whole head.",
        "twice": "One softmax, over the scores with the edge cut: a second one makes the weights more equal.",
        "uniform": "The words that are left keep their scores: you make their weights equal.",
        "scaled_again": "The scores are scaled already: do not divide them again.",
    },
    unpaired=frozenset(
        {
            "no_max",
            "one_max",
            "no_division",
            "winner",
            "causal",
            "whole_table",
            "tiny",
            "smallest",
            "hundred",
            "column_and_row",
            "last_head",
            "head_axis",
            "query_as_head",
            "all_up_to",
            "all_behind",
            "one_behind",
            "spread",
            "given_to_self",
            "whole_sum",
            "divided_late",
            "all_nan",
            "twice",
            "uniform",
            "row",
        }
    ),
    probes=(
        _edge_probe("three heads, five words", 3, 5, 1, 4),
        _edge_probe("two heads, four words", 2, 4, 3, 0),
        _edge_probe("a word that may not look at itself", 4, 3, 2, 2),
        _edge_probe("as many heads as words", 3, 3, 0, 2),
        _edge_probe("scores of -20000 in one row and of 1000 in another", 2, 6, 2, 3, scores=_far_scores()),
    ),
    hints=(
        "What must a score be so that its weight is exactly 0 after the softmax, and the rest of the row still sums to 1?",
        "Copy the scores; set the entry of that query and that key to minus infinity, in all heads; softmax over the keys.",
        "scores[____, query, key] = ____",
    ),
    follow_up="for which edge does a cut change nothing at all?",
)
