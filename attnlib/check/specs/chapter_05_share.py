"""Chapter 5: how often a head is right, on torch tensors."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(545)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def top_word_share(faults, weights, askers, answers):
    """Count how often the largest weight is right, with the mistakes in ``faults``."""
    count, n, _ = weights.shape
    if "swapped" in faults:
        askers, answers = answers, askers
    rows = _rows(faults, weights, askers)
    if "mean_weight" in faults:
        return rows[torch.arange(count), answers].mean()
    if "mean_largest" in faults:
        return rows.amax(-1).mean()
    hits = _hits(faults, rows, weights, askers, answers)
    ends = {
        "count": lambda: hits.sum(),
        "by_words": lambda: hits.double().sum() / n,
        "percent": lambda: 100 * hits.double().mean(),
        "wrong_share": lambda: 1 - hits.double().mean(),
        "not_averaged": lambda: hits,
        "cut": lambda: hits.sum() // count,
        "all_right": lambda: hits.all(),
        "any_right": lambda: hits.any(),
        "top_words": lambda: rows.argmax(-1),
        "last_only": lambda: hits[-1].double(),
        "by_one_less": lambda: hits.double().sum() / (count - 1),
        "by_pairs": lambda: hits.double().sum() / count / n,
    }
    return choose(faults, ends, lambda: hits.double().mean())


def _rows(faults, weights, askers):
    """Return what every asker looks at: (num_sentences, n)."""
    count, n, _ = weights.shape
    sentences = torch.arange(count)
    if "own_excluded" in faults:
        weights = weights.masked_fill(torch.eye(n, dtype=torch.bool), 0)
    options = {
        "columns": lambda: weights[sentences, :, askers],
        "first_asker": lambda: weights[:, askers[0]],
        "first_word": lambda: weights[:, 0],
        "last_word": lambda: weights[:, -1],
        "asker_before": lambda: weights[sentences, askers - 1],
        "summed_queries": lambda: weights.sum(1),
        "first_sentence": lambda: weights[0, askers],
    }
    return choose(faults, options, lambda: weights[sentences, askers])


def _hits(faults, rows, weights, askers, answers):
    ways = {
        "all_pairs": lambda: weights[:, askers].argmax(-1) == answers,
        "all_queries": lambda: weights.argmax(-1) == answers[:, None],
        "smallest": lambda: rows.argmin(-1) == answers,
        "over_half": lambda: rows[torch.arange(len(rows)), answers] > 0.5,
        "above_even": lambda: rows[torch.arange(len(rows)), answers] > 1 / rows.shape[1],
        "top_two": lambda: (rows.topk(2).indices == answers[:, None]).any(-1),
        "asker_compared": lambda: rows.argmax(-1) == askers,
        "flat": lambda: weights.flatten(1).argmax(-1) == answers,
        "flat_place": lambda: weights.flatten(1).argmax(-1) == askers * weights.shape[2] + answers,
        "over_sentences": lambda: weights.argmax(0)[askers, answers] == torch.arange(len(weights)),
        "counted_from_one": lambda: rows.argmax(-1) + 1 == answers,
        "answer_from_one": lambda: rows.argmax(-1) == answers + 1,
        "next_best": lambda: rows.topk(2).indices[:, 1] == answers,
    }
    return choose(faults, ways, lambda: rows.argmax(-1) == answers)


def _true_share(weights, askers, answers):
    right = [int(one[i].argmax()) == j for one, i, j in zip(weights, askers.tolist(), answers.tolist(), strict=True)]
    return sum(right) / len(right)


def _share_probe(label, count, n, right, *, last_right=False):
    """Sentences in which the first ``right`` askers look at their answer, and the others anywhere else."""
    weights = _normal(count, n, n, scale=1.5).softmax(-1)
    askers = torch.randint(n, (count,), generator=_generator)
    answers = weights[torch.arange(count), askers].argmax(-1)
    answers[right:] = (answers[right:] + torch.randint(1, n, (count - right,), generator=_generator)) % n
    order = torch.randperm(count, generator=_generator)
    order = torch.cat([order[order > 0], torch.tensor([0])]) if last_right else order
    return Probe(label, {"weights": weights[order], "askers": askers[order], "answers": answers[order]})


SHARE = Spec(
    name="top_word_share",
    chapter=5,
    minutes=6,
    difficulty=1,
    oracle=_true_share,
    variant=top_word_share,
    faults={
        "swapped": "askers are the words that look, answers the words to be found: yours have changed places.",
        "columns": "Row askers[s] holds what that word looks at; you take the column: who looks at that word.",
        "first_asker": "Every sentence has its own asker: yours uses that of the first sentence for all.",
        "first_word": "Take the row of the asker, weights[s, askers[s]]: yours is always the row of word 0.",
        "last_word": "Take the row of the asker, weights[s, askers[s]]: yours is always the row of the last word.",
        "asker_before": "Places are counted from 0: you take the row before that of the asker.",
        "first_sentence": "Every sentence has weights of its own: yours uses those of the first sentence for all.",
        "summed_queries": "Take the row of the asker alone: you add up what all words look at.",
        "all_pairs": "Sentence s belongs to askers[s] alone: weights[:, askers] pairs every sentence with every asker. Use weights[torch.arange(num_sentences), askers].",
        "all_queries": "Only the asker's row counts: you compare the top words of all rows.",
        "own_excluded": "Nothing forbids a word to look at itself: leave the diagonal in.",
        "mean_weight": "That is the mean weight on the right word: count instead how often it gets the largest weight (argmax).",
        "mean_largest": "That is the mean of the largest weights: compare their places (argmax) with answers.",
        "smallest": "The top word gets the largest weight: argmax, not argmin.",
        "over_half": "The largest weight may be below 0.5: compare its place (argmax) with the answer.",
        "above_even": "More than 1 / n is not the largest: compare the place of the largest weight (argmax) with the answer.",
        "top_two": "Only the largest weight counts, not the two largest.",
        "next_best": "Take the place of the largest weight; yours is that of the second largest.",
        "asker_compared": "Compare the top word with the answer; you compare it with the asker.",
        "flat": "argmax over a whole table gives a place in the flattened table: take the asker's row first, then argmax.",
        "flat_place": "Only the asker's row counts: you ask for the largest weight of the whole table.",
        "over_sentences": "The largest weight is looked for along the keys (dim=-1) of a row; yours along the sentences (dim=0).",
        "counted_from_one": "Places are counted from 0, as argmax counts: do not add 1.",
        "answer_from_one": "Places are counted from 0, as argmax counts: do not move the answers.",
        "count": "Return a share: divide the count by the number of sentences.",
        "by_words": "Divide by the number of sentences, not by the number of words.",
        "by_one_less": "Divide by the number of sentences, not by one less.",
        "by_pairs": "Divide by the number of sentences once; you divide by the number of words, too.",
        "percent": "A share lies between 0 and 1: do not multiply by 100.",
        "wrong_share": "That is the share of wrong top words: count where the places are equal.",
        "not_averaged": "That says of each sentence whether it is right: take the mean (of floats).",
        "cut": "Keep the digits: `//` cuts the share down to 0.",
        "all_right": "Return a share, not whether all are right: take the mean instead of `all`.",
        "any_right": "Return a share, not whether any is right: take the mean instead of `any`.",
        "top_words": "Those are the top words: compare them with answers, and take the mean.",
        "last_only": "All sentences count: yours is the result of the last one.",
    },
    unpaired=frozenset(
        {
            "first_asker",
            "first_word",
            "last_word",
            "asker_before",
            "first_sentence",
            "summed_queries",
            "own_excluded",
            "mean_weight",
            "mean_largest",
            "smallest",
            "over_half",
            "above_even",
            "top_two",
            "next_best",
            "asker_compared",
            "flat",
            "flat_place",
            "over_sentences",
            "counted_from_one",
            "answer_from_one",
            "by_one_less",
            "by_pairs",
            "not_averaged",
            "cut",
            "all_right",
            "any_right",
            "top_words",
            "last_only",
            "all_pairs",
            "all_queries",
        }
    ),
    probes=(
        _share_probe("seven sentences of five words", 7, 5, 3),
        _share_probe("as many sentences as words", 6, 6, 4, last_right=True),
        _share_probe("many sentences", 41, 7, 26),
        _share_probe("thirteen sentences, one of them right", 13, 4, 1),
        _share_probe("three sentences of eight words, all of them right", 3, 8, 3),
    ),
    hints=(
        "Which row of the table of sentence s says what the asker looks at?",
        "For every sentence take the row of its asker, find the place of the largest weight, compare with the answer; the mean of that is the share.",
        "top = weights[torch.arange(len(weights)), ____].argmax(dim=____)",
    ),
    follow_up="a head that always looks at word 0 gets which share, when the answers are spread evenly over n words?",
)
