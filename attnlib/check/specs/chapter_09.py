"""Chapter 9: what two sets of keys gave, joined. The other exercises are in ``chapter_09_*``."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.chapter_09_cache import CACHE
from attnlib.check.specs.chapter_09_online import ONLINE
from attnlib.check.specs.chapter_09_window import WINDOW
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(909)


def merge(faults, maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Join what came from two sets of keys, with the mistakes in ``faults``."""
    maximum = _maximum(faults, maximum_a, maximum_b, total_a, total_b)
    factor_a, factor_b = _factors(faults, maximum_a, maximum_b, maximum)
    a, b = factor_a, factor_b
    ways = {
        "total_plain": lambda: total_a + total_b,
        "total_product": lambda: total_a * a * total_b * b,
        "total_mean": lambda: (total_a * a + total_b * b) / 2,
        "total_largest": lambda: torch.maximum(total_a * a, total_b * b),
        "factors_summed": lambda: a + b,
        "total_of_a": lambda: total_a,
        "overflow": lambda: (total_a * maximum_a.exp() + total_b * maximum_b.exp()) / maximum.exp(),
        "totals_swapped": lambda: total_b * a + total_a * b,
        "over_queries": lambda: (total_a * a + total_b * b).sum(),
        "total_maximum": lambda: maximum_a * a + maximum_b * b,
    }
    total = choose(faults, ways, lambda: total_a * a + total_b * b)
    ways = {
        "weighted_plain": lambda: weighted_a + weighted_b,
        "weighted_times": lambda: weighted_a * total_a * a + weighted_b * total_b * b,
        "weighted_over": lambda: weighted_a / total_a * a + weighted_b / total_b * b,
        "outputs_added": lambda: weighted_a / total_a + weighted_b / total_b,
        "outputs_averaged": lambda: (weighted_a / total_a + weighted_b / total_b) / 2,
        "weighted_mean": lambda: (weighted_a * a + weighted_b * b) / 2,
        "divided": lambda: (weighted_a * a + weighted_b * b) / total,
        "weighted_by_totals": lambda: (weighted_a * total_a * a + weighted_b * total_b * b) / total,
        "divided_over": lambda: (weighted_a / total_a * a + weighted_b / total_b * b) / total,
        "weighted_of_a": lambda: weighted_a,
        "weighted_product": lambda: weighted_a * a * weighted_b * b,
        "overflow": lambda: (weighted_a * maximum_a.exp() + weighted_b * maximum_b.exp()) / maximum.exp(),
        "weighted_swapped": lambda: weighted_b * a + weighted_a * b,
        "joined": lambda: torch.cat([weighted_a * a, weighted_b * b]),
        "side_by_side": lambda: torch.cat([weighted_a * a, weighted_b * b], dim=-1),
    }
    weighted = choose(faults, ways, lambda: weighted_a * a + weighted_b * b)
    if "towards_a" in faults or "towards_b" in faults:
        maximum = torch.maximum(maximum_a, maximum_b)
    return _returned(faults, maximum, total, weighted)


def _maximum(faults, a, b, total_a, total_b):
    ways = {
        "smaller": lambda: torch.minimum(a, b),
        "stays_a": lambda: a,
        "stays_b": lambda: b,
        "towards_a": lambda: a,
        "towards_b": lambda: b,
        "maxima_added": lambda: a + b,
        "maxima_averaged": lambda: (a + b) / 2,
        "one_for_all": lambda: torch.maximum(a, b).max(),
        "one_for_all_shaped": lambda: torch.maximum(a, b).max().expand(a.shape),
        "by_total": lambda: torch.where(total_a > total_b, a, b),
        "by_size": lambda: torch.where(a.abs() > b.abs(), a, b),
        "log_sum": lambda: torch.logaddexp(a, b),
        "with_zero": lambda: torch.maximum(a, b).clamp(min=0),
        "python_max": lambda: max(a, b),
        "python_max_numpy": lambda: torch.from_numpy(max(a.numpy(), b.numpy())),
        "no_keepdim": lambda: torch.cat([a, b], dim=1).amax(1),
        "one_for_all_row": lambda: torch.cat([a, b]).amax(0),
        "whole_set": lambda: a if a.max() > b.max() else b,
    }
    return choose(faults, ways, lambda: torch.maximum(a, b))


def _factors(faults, a, b, maximum):
    one = torch.ones_like(a)
    ways = {
        "no_rescale": lambda: (one, one),
        "only_a": lambda: ((a - maximum).exp(), one),
        "only_b": lambda: (one, (b - maximum).exp()),
        "turned": lambda: ((maximum - a).exp(), (maximum - b).exp()),
        "swapped": lambda: ((b - maximum).exp(), (a - maximum).exp()),
        "crossed": lambda: ((a - b).exp(), (b - a).exp()),
        "crossed_turned": lambda: ((b - a).exp(), (a - b).exp()),
        "unshifted": lambda: (a.exp(), b.exp()),
        "shares": lambda: tuple(torch.stack([a, b]).softmax(0)),
        "shares_overflow": lambda: (a.exp() / (a.exp() + b.exp()), b.exp() / (a.exp() + b.exp())),
        "no_exp": lambda: (a - maximum, b - maximum),
        "ratio": lambda: (a / maximum, b / maximum),
        "b_by_a": lambda: ((a - maximum).exp(), (a - maximum).exp()),
        "a_by_b": lambda: ((b - maximum).exp(), (b - maximum).exp()),
        "negated": lambda: ((-maximum).exp(), (-maximum).exp()),
        "two": lambda: (2 ** (a - maximum), 2 ** (b - maximum)),
        "twice": lambda: ((2 * (a - maximum)).exp(), (2 * (b - maximum)).exp()),
        "zero_one": lambda: ((a == maximum).float(), (b == maximum).float()),
    }
    return choose(faults, ways, lambda: ((a - maximum).exp(), (b - maximum).exp()))


def _returned(faults, maximum, total, weighted):
    ways = {
        "output_only": lambda: weighted / total,
        "no_maximum": lambda: (total, weighted),
        "no_total": lambda: (maximum, weighted),
        "weighted_second": lambda: (maximum, weighted, total),
        "log_total": lambda: (maximum, total.log(), weighted),
        "total_last": lambda: (total, weighted, maximum),
        "normalised": lambda: (maximum, total / total, weighted / total),
        "flat": lambda: (maximum[:, 0], total[:, 0], weighted),
        "logarithm": lambda: (maximum + total.log(), total, weighted),
    }
    return choose(faults, ways, lambda: (maximum, total, weighted))


def _true_merge(*parts):
    from attnlib import efficient  # here, so that the other chapters do not wait for it

    return tuple(efficient.merge_partial(efficient.Partial(*parts[:3]), efficient.Partial(*parts[3:])))


def _merge_probe(label, num_queries, d_v, counts, levels=(0.0, 0.0), spread=1.2):
    """Gather from two sets of keys; ``counts`` holds how many there are, ``levels`` where their scores lie."""
    arguments = {}
    for name, count, level in zip("ab", counts, levels, strict=True):
        scores = level + spread * torch.randn(num_queries, count, generator=_generator)
        maximum = scores.amax(-1, keepdim=True)
        exponentials = (scores - maximum).exp()
        values = torch.randn(count, d_v, generator=_generator)
        parts = (maximum, exponentials.sum(-1, keepdim=True), exponentials @ values)
        arguments |= {f"{part}_{name}": one for part, one in zip(("maximum", "total", "weighted"), parts, strict=True)}
    return Probe(label, arguments)


_BOTH = "Both sets are brought to the larger maximum: "
_PARTS = "Return all three parts, (maximum, total, weighted): "
_OUTPUT = "`weighted` is the plain sum of exp(score - maximum) times value: "
MERGE = Spec(
    name="merge_two",
    chapter=9,
    minutes=12,
    difficulty=2,
    oracle=_true_merge,
    variant=as_set(merge),
    several=True,
    faults={
        "no_rescale": "Each set is measured from its own maximum: before you add, multiply its total and weighted by exp(own maximum - larger maximum).",
        "total_plain": "The totals are measured from different maxima, too: multiply each by exp(own maximum - larger maximum) before you add.",
        "weighted_plain": "The weighted sums are measured from different maxima, too: multiply each by exp(own maximum - larger maximum) before you add.",
        "only_a": _BOTH + "you rescale a alone, but for some queries b has the smaller maximum.",
        "only_b": _BOTH + "you rescale b alone, but for some queries a has the smaller maximum.",
        "turned": "The exponent is own maximum - larger maximum, 0 or below: yours is turned round and grows without bound.",
        "swapped": "The factors are swapped: a is multiplied by exp(maximum_a - maximum), b by exp(maximum_b - maximum).",
        "crossed": "Measure both from the larger maximum, exp(own - maximum): you measure a from b's and b from a's.",
        "crossed_turned": "Measure both from the larger maximum, exp(own - maximum): you take the other's maximum minus the own one.",
        "unshifted": "The factor is exp(own maximum - larger maximum): without the difference it is infinite (or 0) for scores in the hundreds.",
        "negated": "The factor is exp(own maximum - larger maximum), one for each set: the own maximum is missing in yours.",
        "overflow": "Take the difference before `exp`, exp(own maximum - larger): exp(870) is infinite, and dividing afterwards cannot mend it.",
        "shares": "The factors need not sum to 1: each is exp(own maximum - larger maximum), so that of the larger one is 1.",
        "shares_overflow": "The factors need not sum to 1, and exp(870) is infinite: each is exp(own maximum - larger maximum).",
        "no_exp": "The factor is exp(own maximum - larger maximum): the `exp` is missing.",
        "ratio": "The factor is exp(own maximum - larger maximum), not the quotient of the two maxima.",
        "b_by_a": "Each set has its own factor: you use that of a, exp(maximum_a - maximum), for both.",
        "a_by_b": "Each set has its own factor: you use that of b, exp(maximum_b - maximum), for both.",
        "two": "Use `exp`, with base e, not powers of 2.",
        "twice": "Rescale once: the factor exp(own maximum - larger maximum) stands twice in yours.",
        "zero_one": "The set with the smaller maximum counts, too: its factor is exp(own maximum - larger maximum), not 0.",
        "smaller": "The larger of the two maxima is the new one (`torch.maximum`), not the smaller.",
        "stays_a": "The new maximum is the larger of the two, for each query: yours is always that of a.",
        "stays_b": "The new maximum is the larger of the two, for each query: yours is always that of b.",
        "towards_a": "You return the larger maximum, but total and weighted are still measured from maximum_a: use the larger one in both factors.",
        "towards_b": "You return the larger maximum, but total and weighted are still measured from maximum_b: use the larger one in both factors.",
        "maxima_added": "The largest score of both sets is the larger maximum, not the sum of the two.",
        "maxima_averaged": "The largest score of both sets is the larger maximum, not the mean of the two.",
        "one_for_all": "Every query has its own maximum: take the larger of the two row by row (`torch.maximum(a, b)`), not one number for all.",
        "one_for_all_shaped": "Every query has its own maximum: compare row by row (`torch.maximum(a, b)`), do not take one largest number for all rows.",
        "whole_set": "Which set has the larger maximum differs from query to query: compare row by row (`torch.maximum`), not once for all.",
        "one_for_all_row": "Every query has its own maximum: compare the two entry by entry (`torch.maximum(a, b)`); your maximum runs over the queries, axis 0.",
        "python_max": "Python's own `max` and `if` compare single numbers: use `torch.maximum(maximum_a, maximum_b)`, which compares entry by entry.",
        "python_max_numpy": "Python's own `max` and `if` compare single numbers: use `np.maximum(maximum_a, maximum_b)`, which compares entry by entry.",
        "no_keepdim": "Keep the axis of size 1 when you take the maximum over it (`keepdim=True`): (num_queries,) meets the wrong axis.",
        "by_total": "The larger maximum decides, not the larger total.",
        "by_size": "Leave the signs: -300 is a smaller maximum than -200.",
        "log_sum": "The new maximum is the larger of the two, not the logarithm of a sum.",
        "with_zero": "The new maximum is the larger of the two, also where both are negative: do not compare with 0.",
        "total_product": "The totals are added, each times its factor: you multiply them.",
        "total_mean": "The totals are added, each times its factor: take no mean.",
        "total_largest": "The totals are added, each times its factor: you keep the larger one.",
        "factors_summed": "Multiply each factor by the total of its set before you add: yours adds the factors alone.",
        "total_maximum": "Multiply each factor by the total of its set: you multiply it by the maximum.",
        "total_of_a": "The total of b is missing: add both, each times its factor.",
        "totals_swapped": "total_a belongs to the factor of a, and total_b to that of b: yours are swapped.",
        "over_queries": "Every query has its own total, (num_queries, 1): do not add up over the queries.",
        "weighted_times": _OUTPUT + "rescale and add; the totals are in it already, so do not multiply by them.",
        "weighted_over": _OUTPUT + "rescale and add; do not divide each by its total.",
        "outputs_added": _OUTPUT
        + "you divide each by its total and add; multiply by exp(own maximum - larger maximum) instead.",
        "outputs_averaged": _OUTPUT + "you average the two outputs; rescale the sums and add them instead.",
        "weighted_mean": "The weighted sums are added, each times its factor: take no mean.",
        "divided": _OUTPUT + "dividing by the total comes at the very end, when no more keys come.",
        "weighted_by_totals": _OUTPUT
        + "do not multiply by the totals and divide by the new one; that is for outputs. Rescale and add.",
        "divided_over": _OUTPUT + "rescale and add; divide neither by the single totals nor by the new one.",
        "normalised": _OUTPUT + "return the sums; dividing by the total comes at the very end.",
        "weighted_of_a": "The weighted sum of b is missing: add both, each times its factor.",
        "weighted_product": "The weighted sums are added, each times its factor: you multiply them.",
        "weighted_swapped": "weighted_a belongs to the factor of a, and weighted_b to that of b: yours are swapped.",
        "joined": "The two sets belong to the same queries: add the weighted sums, do not put them below one another.",
        "side_by_side": "The two sets belong to the same queries: add the weighted sums, do not put them side by side.",
        "output_only": _PARTS + "the output weighted / total alone cannot be merged with a third set.",
        "no_maximum": _PARTS + "the maximum is missing.",
        "no_total": _PARTS + "the total is missing.",
        "weighted_second": _PARTS + "your weighted stands before the total.",
        "total_last": _PARTS + "your maximum stands last.",
        "log_total": "Return the total itself, not its logarithm.",
        "logarithm": "The maximum is the larger of the two: add no logarithm to it.",
        "flat": "Keep the axis of size 1: maximum and total are (num_queries, 1).",
    },
    unpaired=frozenset(
        {"crossed", "crossed_turned", "unshifted", "negated", "overflow", "shares", "shares_overflow"}
        | {"no_exp", "ratio", "b_by_a", "a_by_b", "two", "twice", "zero_one", "stays_b", "towards_a"}
        | {"towards_b", "maxima_added", "maxima_averaged", "one_for_all", "whole_set", "one_for_all_row"}
        | {"python_max", "python_max_numpy", "no_keepdim", "by_total", "by_size", "log_sum", "with_zero"}
        | {"total_largest", "factors_summed", "total_maximum", "total_of_a", "totals_swapped", "over_queries"}
        | {"outputs_added", "outputs_averaged", "divided_over", "normalised", "weighted_of_a", "weighted_product"}
        | {"weighted_swapped", "joined", "side_by_side", "output_only", "no_maximum", "no_total", "weighted_second"}
        | {"total_last", "log_total", "logarithm", "flat"}
    ),
    probes=(
        _merge_probe("five queries, values of three numbers", 5, 3, (4, 6)),
        _merge_probe("scores in the hundreds", 3, 2, (5, 2), levels=(869.0, 870.0)),
        _merge_probe("negative scores in the hundreds", 4, 7, (3, 5), levels=(-370.0, -371.0)),
        _merge_probe("as many queries as numbers in a value", 3, 3, (2, 7)),
        _merge_probe("one query", 1, 5, (3, 2), levels=(0.0, 1.0)),
    ),
    hints=(
        "total_a is a sum of exp(score - maximum_a). What must it be multiplied by to be a sum of exp(score - maximum)?",
        "The larger maximum of each query; a factor for a and one for b; total and weighted are both sums of two rescaled parts.",
        "factor_a = (____ - maximum).exp(); total = factor_a * ____ + factor_b * ____",
    ),
    follow_up="what would have to be in maximum, total and weighted of a set without keys, so that merging with it changes nothing?",
)

SPECS = (ONLINE, MERGE, CACHE, WINDOW)
