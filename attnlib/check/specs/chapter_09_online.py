"""Chapter 9: what softmax needs to know about a row that is seen chunk by chunk."""

import math

import numpy as np
import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(919)


def online(faults, chunks):
    """Go through the chunks of a row once, with the mistakes in ``faults``."""
    if faults & {"stacked", "list_max", "tensor_of_list", "python_max"}:
        return _not_a_list_of_tensors(faults, chunks)
    chunks = [chunk.double().numpy() for chunk in chunks]
    chunks = _read(faults, chunks)
    if "overflow_error" in faults:
        total = sum(math.exp(score) for chunk in chunks for score in chunk)
        return max(map(np.max, chunks)), total
    maximum = choose(faults, {"start_zero": lambda: 0.0, "start_low": lambda: -100.0}, lambda: -np.inf)
    total, rest = 0.0, chunks
    if any(fault.endswith("_first") for fault in faults):
        maximum, rest = chunks[0].max(), chunks[1:]
        total = 0.0 if "unfilled_first" in faults else np.exp(chunks[0] - maximum).sum()
    totals = []
    for chunk in rest:
        top = _top(faults, chunk)
        newer = _larger(faults, maximum, top)
        total = _taken_in(faults, total, maximum, newer, chunk, top)
        totals.append((top, np.exp(chunk - chunk.max()).sum()))
        maximum = newer
    if "per_chunk" in faults:
        return tuple(np.array(part) for part in zip(*totals, strict=True))
    return _returned(faults, chunks, maximum, total)


def _not_a_list_of_tensors(faults, chunks):
    """Stop with the error that comes when the list is used as if it were one tensor."""
    ways = {"stacked": lambda: torch.stack(chunks), "python_max": lambda: max(chunks), "list_max": lambda: chunks.max()}
    joined = choose(faults, ways, lambda: torch.tensor(chunks))
    return joined.max(), (joined - joined.max()).exp().sum()


def _read(faults, chunks):
    if any(fault.endswith("_by_score") for fault in faults):
        return [score[None] for chunk in chunks for score in chunk]
    ways = {
        "last_missing": lambda: chunks[:-1] if len(chunks) > 1 else chunks,
        "first_missing": lambda: chunks[1:] if len(chunks) > 1 else chunks,
        "one_chunk": lambda: chunks[:1],
        "twice": lambda: [chunks[0], *chunks],
        "score_twice": lambda: [chunks[0][:1], *chunks],
        "absolute": lambda: [np.abs(chunk) for chunk in chunks],
        "entry_missing": lambda: [chunk[:-1] if len(chunk) > 1 else chunk for chunk in chunks],
    }
    return choose(faults, ways, lambda: chunks)


def _top(faults, chunk):
    ways = {
        "smallest": chunk.min,
        "last_entry": lambda: chunk[-1],
        "first_entry": lambda: chunk[0],
        "mean_top": chunk.mean,
        "sum_top": chunk.sum,
    }
    return choose(faults, ways, chunk.max)


def _larger(faults, maximum, top):
    if "smallest" in faults:
        return top if maximum == -np.inf else min(maximum, top)
    ways = {
        "newest": lambda: top,
        "first_max": lambda: top if maximum == -np.inf else maximum,
        "maxima_added": lambda: top if maximum == -np.inf else maximum + top,
    }
    return choose(faults, ways, lambda: max(maximum, top))


def _taken_in(faults, total, old, new, chunk, top):
    kept, added = np.exp(old - new), np.exp(chunk - new).sum()
    own = np.exp(chunk - top).sum()
    ways = {
        "no_rescale": lambda: total + added,
        "no_rescale_by_score": lambda: total + added,
        "replaced_by_score": lambda: added if top > old else total + added,
        "skipped_by_score": lambda: total * kept + added if top > old else total,
        "new_not_counted_by_score": lambda: total * kept if top > old else total + added,
        "all_rescaled_by_score": lambda: (total + added) * kept if total else 1.0,
        "upward_by_score": lambda: total * np.exp(new - old) + added if total else 1.0,
        "old_max_by_score": lambda: total * kept + np.exp(top - old) if total else 1.0,
        "new_not_counted": lambda: total * kept if top > old else total + added,
        "upward": lambda: total * np.exp(new - old) + added,
        "upward_first": lambda: total * np.exp(new - old) + added,
        "all_rescaled": lambda: (total + added) * kept,
        "all_rescaled_first": lambda: (total + added) * kept,
        "old_max": lambda: total * kept + np.exp(chunk - old).sum(),
        "old_max_first": lambda: total * kept + np.exp(chunk - old).sum(),
        "old_max_plain_first": lambda: total + np.exp(chunk - old).sum(),
        "rescaled_late_first": lambda: (total + np.exp(chunk - old).sum()) * kept,
        "own_max": lambda: total + own,
        "own_max_kept": lambda: total * kept + own,
        "swapped": lambda: total * np.exp(top - new) + own * kept,
        "swapped_first": lambda: total * np.exp(top - new) + own * kept,
        "skipped": lambda: total * kept + added if top > old else total,
        "replaced_if_larger": lambda: added if top > old else total + added,
        "replaced": lambda: added,
        "last_chunk": lambda: own,
        "only_maxima": lambda: total * kept + np.exp(top - new),
        "unshifted": lambda: total + np.exp(chunk).sum(),
        "sign": lambda: np.exp(new - chunk).sum() + (0 if old == -np.inf else total * np.exp(new - old)),
        "two": lambda: total * (0 if old == -np.inf else 2 ** (old - new)) + (2 ** (chunk - new)).sum(),
        "mean": lambda: total * kept + added / len(chunk),
        "no_exp": lambda: (0 if old == -np.inf else total) + (chunk - new).sum(),
        "largest_kept": lambda: max(total * kept, added),
        "averaged": lambda: (total * kept + added) / 2 if total else added,
        "exp_of_sum": lambda: total * kept + np.exp((chunk - new).sum()),
        "quotient": lambda: total + added if old == -np.inf else total * (old / new) + added,
        "difference": lambda: total + added if old == -np.inf else total * (old - new) + added,
        "product": lambda: (total * kept if total else 1.0) * added,
    }
    return choose(faults, ways, lambda: total * kept + added)


def _returned(faults, chunks, maximum, total):
    ways = {
        "order": lambda: (total, maximum),
        "log_sum": lambda: (maximum, maximum + np.log(total)),
        "log_total": lambda: (maximum, np.log(total)),
        "unsummed": lambda: (maximum, np.exp(np.concatenate(chunks) - maximum)),
        "weights": lambda: np.exp(np.concatenate(chunks) - maximum) / total,
        "shares": lambda: (maximum, np.exp(np.concatenate(chunks) - maximum) / total),
        "largest_weight": lambda: (maximum, 1 / total),
        "mean_all": lambda: (maximum, total / sum(map(len, chunks))),
        "overflow": lambda: (maximum, total * np.exp(maximum) / np.exp(maximum)),
        "count": lambda: (maximum, float(sum(map(len, chunks)))),
        "plus_one": lambda: (maximum, total + 1),
        "without_largest": lambda: (maximum, total - 1),
        "last_top": lambda: (chunks[-1].max(), total),
        "place": lambda: (np.argmax(np.concatenate(chunks)), total),
    }
    return choose(faults, ways, lambda: (maximum, total))


def _true_row(chunks):
    from attnlib import efficient  # here, so that the other chapters do not wait for it

    row = torch.cat(chunks)[:, None]
    seen = efficient.partial_attention(torch.ones(1, 1), row, row, scale=1.0)
    return seen.maximum[0, 0], seen.total[0, 0]


def _row_probe(label, lengths, *, levels, spread=1.3):
    chunks = [
        level + spread * torch.randn(length, generator=_generator)
        for length, level in zip(lengths, levels, strict=True)
    ]
    return Probe(label, {"chunks": chunks})


_BRING = "Bring what you have to the new maximum first: "
_SUBTRACT = "Subtract the largest score before `exp`: "
ONLINE = Spec(
    name="online_softmax",
    chapter=9,
    minutes=10,
    difficulty=2,
    oracle=_true_row,
    variant=as_set(online),
    several=True,
    faults={
        "no_rescale": _BRING
        + "when the maximum grows, the old total must be multiplied by exp(old - new). (Keep it until then: do not overwrite it too early.)",
        "no_rescale_by_score": "When a score is a new maximum, multiply the total so far by exp(old - new) before you add: its terms are measured from the old one.",
        "replaced_by_score": "A new maximum does not make the old total void: multiply it by exp(old - new), and add 1 for the new score.",
        "skipped_by_score": "A score that is no new maximum counts, too: add its exp(score - maximum).",
        "new_not_counted_by_score": "The new maximum counts, too: after the old total is multiplied by exp(old - new), add exp(0) = 1 for it.",
        "new_not_counted": "A chunk with a new maximum counts, too: after the old total is multiplied by exp(old - new), add its exponentials.",
        "all_rescaled_by_score": "Only the old total is multiplied by exp(old - new): the new score is measured from the new maximum already, and adds exp(0) = 1.",
        "upward_by_score": "When a score is a new maximum, the factor of the old total is exp(old - new), at most 1: you have new - old.",
        "old_max_by_score": "Update the maximum before you take `exp` of the new score: you subtract the maximum of the scores before it.",
        "upward": "The factor of the old total is exp(old - new), at most 1: you have new - old, and from minus infinity that gives infinity.",
        "upward_first": "The factor of the old total is exp(old - new), at most 1, since the maximum only grows: you have new - old.",
        "all_rescaled": "Only the old total is multiplied by exp(old - new). The new chunk is measured from the new maximum already, and in the first step the factor is 0.",
        "all_rescaled_first": "Only the old total is multiplied by exp(old - new): the new chunk is measured from the new maximum already. Mind the brackets.",
        "old_max": "Update the maximum before you take `exp` of the chunk: you subtract the maximum from before, at first minus infinity.",
        "old_max_first": "Update the maximum before you take `exp` of the new chunk: you subtract the maximum of the chunks before it.",
        "old_max_plain_first": "Update the maximum first, multiply the old total by exp(old - new), then add: you subtract the old maximum and rescale nothing.",
        "rescaled_late_first": "Update the maximum before you take `exp` of the new chunk: measured from the old one, a jump by hundreds gives infinity, and infinity * 0 is NaN.",
        "own_max": "Each chunk is measured from its own maximum, so the totals must not be added as they are: bring both to the larger maximum first.",
        "own_max_kept": "Subtract the running maximum from the new chunk, not the chunk's own: where the maximum stays, the two differ.",
        "swapped": "The factors are the wrong way round: the old total takes exp(old - new). In the first step yours gives 0.",
        "swapped_first": "The factors are the wrong way round: the old total takes exp(old maximum - new), the chunk exp(its own maximum - new).",
        "skipped": "A chunk without a new maximum counts, too: add its exponentials also when the maximum stays.",
        "replaced_if_larger": "A new maximum does not make the old total void: multiply it by exp(old - new), and add the new chunk.",
        "replaced": "The total is overwritten by every chunk: keep the old one, times exp(old - new), and add the new exponentials to it.",
        "last_chunk": "That is the total of the last chunk alone, measured from its own maximum: keep the old total, times exp(old - new), and add.",
        "only_maxima": "Every score adds one exponential to the total; yours adds one for each chunk, that of its maximum.",
        "unshifted": _SUBTRACT
        + "the total is the sum of exp(score - maximum), not of exp(score), which gets infinite or 0 for scores in the hundreds.",
        "overflow": _SUBTRACT
        + "exp(score) is infinite (or 0) for scores in the hundreds, and the division afterwards cannot mend it.",
        "overflow_error": _SUBTRACT
        + "`math.exp` stops with an OverflowError above 709, and for scores far below 0 it gives 0.",
        "sign": "The exponent is score - maximum, 0 or below: yours is turned round.",
        "two": "Use `exp`, with base e, not powers of 2.",
        "mean": "Add the exponentials of a chunk up: you take their mean.",
        "mean_all": "The total is a sum: do not divide it by the number of scores.",
        "averaged": "The total is a sum: do not take the mean of the old and the new one.",
        "no_exp": "Take `exp` of score - maximum before you add up: you add the differences themselves.",
        "exp_of_sum": "Take `exp` of each score first and then add: you take `exp` of the sum.",
        "quotient": "The old total is multiplied by exp(old - new), not by the quotient of the two maxima.",
        "difference": "The old total is multiplied by exp(old - new): the `exp` is missing there.",
        "largest_kept": "Add the old total and the new part: you keep the larger of the two.",
        "product": "Add the old total and the new part: you multiply them.",
        "count": "The total is the sum of exp(score - maximum), not the number of scores.",
        "start_zero": "Start with a maximum of minus infinity, not 0 (or a tiny number above it): all scores may be negative.",
        "start_low": "Start with a maximum of minus infinity: -100 is not low enough for scores in the hundreds.",
        "smallest": "Look for the largest score, not for the smallest.",
        "last_entry": "The largest score of a chunk need not stand last: use its `max()`.",
        "first_entry": "The largest score of a chunk need not stand first: use its `max()`.",
        "mean_top": "Use the largest score of each chunk, not its mean.",
        "sum_top": "Use the largest score of each chunk, not its sum.",
        "newest": "The maximum is that of all scores so far: max(old, chunk.max()). You take that of the newest chunk.",
        "last_top": "The total is right. Return the largest score of all: you return that of the last chunk.",
        "first_max": "The maximum may come in a later chunk: update it with max(old, chunk.max()).",
        "maxima_added": "The maximum of all is the largest of the chunks' maxima, not their sum.",
        "absolute": "Leave the signs of the scores: you take the largest size, and -300 is a small score.",
        "place": "Return the largest score itself, not its place (`max`, not `argmax`).",
        "last_missing": "The last chunk is left out: check where your loop or slice ends.",
        "first_missing": "The first chunk is left out: check where your loop or slice begins.",
        "unfilled_first": "The first chunk gives its maximum but is missing in the total: start with the sum of its exponentials.",
        "entry_missing": "The last score of every chunk is left out: check where your loop or slice ends.",
        "one_chunk": "Only the first chunk is there: `return` comes behind the loop, not inside it.",
        "twice": "The first chunk is counted twice: you start with it, so the loop begins with the second one.",
        "score_twice": "The very first score is counted twice: start the total with 0, or the loop with the second score.",
        "per_chunk": "Those are the numbers of each chunk by itself: join them into one maximum and one total.",
        "order": "Return the maximum first, then the total.",
        "log_sum": "That is the logarithm of the sum of all exp(score): return the maximum and the total themselves.",
        "log_total": "Return the total itself, not its logarithm.",
        "unsummed": "The total is one number: add the exponentials up.",
        "weights": "Those are the softmax weights: return the two numbers that one needs for them, (maximum, total).",
        "shares": "The total is one number, what you divided by: return the sum of the exponentials, not the weights.",
        "largest_weight": "That is 1 / total, the largest weight: return the total.",
        "plus_one": "Add nothing to the total: start it with 0.",
        "without_largest": "The largest score counts, too: exp(0) = 1 is part of the total.",
        "list_max": "`chunks` is a list of tensors, and a list has no `max()`: go through it in a loop.",
        "tensor_of_list": "`torch.tensor` cannot join tensors of different lengths: go through the list in a loop.",
        "python_max": "`max(chunks)` compares whole tensors: take `max()` of each chunk in a loop, and the larger of that and what you have.",
        "stacked": "The chunks have different lengths, so `torch.stack` cannot join them: go through the list in a loop.",
    },
    unpaired=frozenset(
        {
            "replaced_by_score",
            "skipped_by_score",
            "new_not_counted_by_score",
            "new_not_counted",
            "all_rescaled_by_score",
        }
        | {"upward_by_score", "old_max_by_score", "upward", "upward_first", "all_rescaled", "all_rescaled_first"}
        | {
            "old_max",
            "old_max_first",
            "old_max_plain_first",
            "rescaled_late_first",
            "own_max_kept",
            "swapped",
            "swapped_first",
        }
        | {"skipped", "replaced_if_larger", "last_chunk", "overflow", "overflow_error", "sign", "two"}
        | {"mean_all", "averaged", "exp_of_sum", "quotient", "difference", "largest_kept", "product"}
        | {"count", "start_low", "smallest", "last_entry", "first_entry", "mean_top", "sum_top", "last_top"}
        | {"first_max", "maxima_added", "place", "first_missing", "unfilled_first", "entry_missing"}
        | {"one_chunk", "twice", "score_twice", "per_chunk", "log_total", "unsummed", "weights", "shares"}
        | {"largest_weight", "plus_one", "without_largest", "list_max", "tensor_of_list", "python_max"}
        | {"stacked"}
    ),
    probes=(
        _row_probe("four chunks, the largest score in the third", (3, 5, 4, 2), levels=(0.0, 1.0, 2.5, 0.5)),
        _row_probe("negative scores in the hundreds", (4, 2, 5), levels=(-870.0, -868.5, -869.0)),
        _row_probe("a jump to scores in the hundreds", (2, 6, 3), levels=(-40.0, 870.0, 868.5)),
        _row_probe("the largest score in the first chunk", (3, 2, 4), levels=(4.0, 1.0, 2.0)),
        _row_probe("one chunk", (7,), levels=(-1.5,)),
        _row_probe("chunks of one score, rising", (1, 1, 1, 1, 1), levels=(-3.0, -2.0, -1.0, 0.5, 1.0), spread=0.2),
    ),
    hints=(
        "The total so far is a sum of exp(score - old maximum). What must you multiply it by, so that every term holds the new maximum?",
        "Start with minus infinity and 0. For each chunk: the new maximum, then the old total times exp(old - new) plus the chunk's exponentials.",
        "total = total * (____ - ____).exp() + (chunk - ____).exp().sum()",
    ),
    follow_up="why is the factor of the old total at most 1, and what is it in the first step?",
)
