"""Chapter 10: attention followed through all layers. The other exercises are in ``chapter_10_*``."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.chapter_10_matrices import MATRICES
from attnlib.check.specs.chapter_10_previous import PREVIOUS
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(1032)


def followed(faults, maps):
    """Follow attention through all layers, with the mistakes in ``faults``."""
    maps = maps.mT if "maps_turned" in faults else maps
    if "heads_as_layers" in faults:
        maps = maps.flatten(0, 1)[:, None]
    if "heads_apart" in faults:
        return _product(faults, [_with_residual(faults, layer) for layer in maps]).mean(0)
    steps = [_with_residual(faults, one) for one in _one_per_layer(faults, maps)]
    steps = _chosen(faults, steps)
    result = _product(faults, steps)
    eye = torch.eye(maps.shape[-1])
    ends = {
        "residual_at_end": lambda: (result + eye) / 2,
        "turned": lambda: result.mT,
        "halved_once": lambda: result / 2,
        "divided_by_layers": lambda: result / len(steps),
        "without_diagonal": lambda: result * (1 - eye),
        "columns": lambda: result / result.sum(-2, keepdim=True),
        "softmaxed": lambda: result.softmax(-1),
        "first_word": lambda: result[..., 0, :],
        "last_word": lambda: result[..., -1, :],
        "input_shares": lambda: result.mean(-2),
        "largest_word": lambda: result.argmax(-1),
        "scaled_to_one": lambda: result / result.max(),
    }
    return choose(faults, ends, lambda: result)


def _one_per_layer(faults, maps):
    """Return one map for each layer: (num_layers, n, n)."""
    num_heads = maps.shape[1]
    ways = {
        "summed": lambda: maps.sum(1),
        "largest": lambda: maps.amax(1),
        "smallest": lambda: maps.amin(1),
        "first_head": lambda: maps[:, 0],
        "last_head": lambda: maps[:, -1],
        "over_layers": lambda: maps.mean(0),
        "head_among": lambda: maps.sum(1) / (num_heads + 1),
        "largest_divided": lambda: maps.amax(1),
        "smallest_divided": lambda: maps.amin(1),
        "heads_multiplied": lambda: maps.prod(1),
        "median": lambda: maps.median(1).values,
        "by_layers": lambda: maps.sum(1) / len(maps),
    }
    return choose(faults, ways, lambda: maps.mean(1))


def _with_residual(faults, one):
    n = one.shape[-1]
    eye = torch.eye(n)
    ways = {
        "no_residual": lambda: one,
        "not_halved": lambda: one + eye,
        "only_halved": lambda: one / 2,
        "plus_one": lambda: (one + 1) / 2,
        "identity_each_time": lambda: one,
        "brackets": lambda: one,
        "half_identity": lambda: one + eye / 2,
        "half_map": lambda: one / 2 + eye,
        "residual_at_end": lambda: one,
        "turned_back": lambda: (one + one.mT) / 2,
        "averaged_with_even": lambda: (one + 1 / n) / 2,
        "times_identity": lambda: one * eye,
        "twice_map": lambda: (2 * one + eye) / 3,
        "diagonal_replaced": lambda: (one * (1 - eye) + eye) / 2,
        "minus": lambda: (one - eye) / 2,
        "normalised_columns": lambda: (one + eye) / (one + eye).sum(-2, keepdim=True),
        "by_largest": lambda: (one + eye) / (one + eye).amax(-1, keepdim=True),
        "softmax_of_sum": lambda: (one + eye).softmax(-1),
        "largest_divided": lambda: (one + eye) / (one + eye).sum(-1, keepdim=True),
        "smallest_divided": lambda: (one + eye) / (one + eye).sum(-1, keepdim=True),
        "halved_once": lambda: one + eye,
        "halved_twice": lambda: (one + eye) / 4,
        "head_among": lambda: one + eye / 2,
    }
    return choose(faults, ways, lambda: (one + eye) / 2)


def _chosen(faults, steps):
    ways = {
        "first_layer": lambda: steps[:1],
        "last_layer": lambda: steps[-1:],
        "first_missing": lambda: steps[1:] if len(steps) > 1 else steps,
        "last_missing": lambda: steps[:-1] if len(steps) > 1 else steps,
        "first_twice": lambda: [steps[0], *steps],
        "last_twice": lambda: [*steps, steps[-1]],
        "neighbours": lambda: steps[-2:],
        "first_plain": lambda: [2 * steps[0] - torch.eye(len(steps[0])), *steps[1:]],
        "last_always": lambda: [steps[-1]] * len(steps),
        "first_always": lambda: [steps[0]] * len(steps),
    }
    return choose(faults, ways, lambda: steps)


def _product(faults, steps):
    n = steps[0].shape[-1]
    if "added" in faults:
        return sum(steps)
    if "averaged" in faults:
        return sum(steps) / len(steps)
    if "power_of_mean" in faults:
        return torch.linalg.matrix_power(sum(steps) / len(steps), len(steps))
    start = {"from_zeros": lambda: torch.zeros(n, n), "from_ones": lambda: torch.ones(n, n)}
    result = choose(faults, start, lambda: torch.eye(n))
    after = []
    for step in steps:
        result = _joined(faults, step, result, first=not after)
        after.append(result)
    return torch.stack(after) if "every_layer" in faults else result


def _joined(faults, step, result, *, first):
    ways = {
        "first_left": lambda: result @ step,
        "entry_by_entry": lambda: step if first else result * step,
        "identity_each_time": lambda: (step @ result + torch.eye(len(step))) / 2,
        "brackets": lambda: step + torch.eye(len(step)) / 2 @ result,
        "added_to_product": lambda: step @ result + result,
    }
    return choose(faults, ways, lambda: step @ result)


def _true_rollout(maps):
    result = torch.eye(maps.shape[-1])
    for layer in maps.mean(1):
        result = 0.5 * (result + layer @ result)
    return result


def _maps_probe(label, *shape, scale=1.5, causal=False):
    scores = scale * torch.randn(*shape, shape[-1], generator=_generator)
    if causal:
        scores = scores.masked_fill(torch.ones(shape[-1], shape[-1]).triu(1).bool(), -torch.inf)
    return Probe(label, {"maps": scores.softmax(-1)})


_HALF = "Half of each layer is the residual connection: "
_HEADS = "Take the mean over the heads of a layer, axis 1: "
_MATRIX = "The layers are joined by matrix products, the last layer's on the left: "
ROLLOUT = Spec(
    name="rollout",
    chapter=10,
    minutes=10,
    difficulty=2,
    oracle=_true_rollout,
    variant=as_set(followed),
    faults={
        "first_left": "The last layer stands on the left: result = layer @ result. In yours the first layer does.",
        "no_residual": _HALF + "(A + I) / 2. Yours leaves the identity out.",
        "not_halved": _HALF
        + "(A + I) / 2. Yours adds the identity but does not halve, so the rows no longer sum to 1.",
        "only_halved": _HALF + "(A + I) / 2. Yours halves but does not add the identity.",
        "plus_one": "I is the identity matrix, ones on the diagonal alone (`torch.eye(n)`): A + 1 adds 1 to every entry.",
        "half_identity": _HALF + "(A + I) / 2, both halved. Mind the brackets: A + I / 2 halves the identity alone.",
        "half_map": _HALF + "(A + I) / 2, both halved. Yours halves A alone.",
        "residual_at_end": "Add the identity in every layer, before the product: yours adds it once, at the end.",
        "halved_once": "Halve in every layer, (A + I) / 2 before the product: yours halves once, at the end.",
        "halved_twice": "Halve once a layer: (A + I) / 2, or 0.5 * A + 0.5 * I.",
        "minus": "Add the identity, do not take it off: (A + I) / 2.",
        "times_identity": "Add the identity, do not multiply with it entry by entry: that leaves the diagonal alone.",
        "diagonal_replaced": "Add the identity to A: what a word gives itself by attention stays. You overwrite the diagonal.",
        "turned_back": "The second half is the identity, the word itself, not the transpose of A.",
        "averaged_with_even": "The second half is the identity, not equal shares for all words.",
        "twice_map": _HALF + "A and I have equal weight. (Adding the identity does not make it a third.)",
        "head_among": _HALF
        + "A, the mean over the heads, and I have equal weight. Yours counts the identity as one more head.",
        "normalised_columns": "The rows sum to 1, not the columns: halve A + I, or divide by the sums of its rows.",
        "by_largest": "Halve A + I: dividing by the largest entry of a row does not make it sum to 1.",
        "softmax_of_sum": "A holds weights already: halve A + I, without a softmax.",
        "summed": _HEADS + "a sum makes the rows sum to the number of heads.",
        "by_layers": _HEADS + "divide by the number of heads, not by that of the layers.",
        "largest": _HEADS + "you take the largest weight of any head.",
        "smallest": _HEADS + "you take the smallest weight of any head.",
        "median": _HEADS + "you take the median.",
        "largest_divided": _HEADS + "you take the largest weight of any head, and divide by the sums of the rows.",
        "smallest_divided": _HEADS + "you take the smallest weight of any head, and divide by the sums of the rows.",
        "first_head": _HEADS + "you use the first head alone.",
        "last_head": _HEADS + "you use the last head alone.",
        "over_layers": _HEADS + "you average over the layers, axis 0, and multiply the heads.",
        "heads_multiplied": _HEADS + "you multiply the heads entry by entry.",
        "heads_apart": "Take the mean over the heads in every layer, before the product: you follow each head by itself and average at the end.",
        "heads_as_layers": "The heads of a layer look at the same time: take their mean in every layer. You multiply them as if they came one after the other.",
        "identity_each_time": "The residual keeps what came from the layers below: (A @ result + result) / 2, that is (A + I) / 2 @ result. You add the identity alone.",
        "brackets": "Mind the brackets: `@` comes before `+`, so write (A + I) / 2 @ result.",
        "maps_turned": "Do not transpose the maps: rows are the words that look, as in the result.",
        "turned": "Do not transpose the result: row i says what output word i holds.",
        "entry_by_entry": _MATRIX + "use @. `*` (and `prod`) multiplies entry by entry.",
        "added": _MATRIX + "yours adds them up.",
        "averaged": _MATRIX + "yours averages them.",
        "power_of_mean": _MATRIX + "each with its own map. Yours takes a power of the mean over the layers.",
        "added_to_product": "The residual is in (A + I) / 2 already: add nothing more to the product.",
        "from_zeros": "Start with the identity: a product that begins with zeros stays zero.",
        "from_ones": "Start with the identity matrix, `torch.eye(n)`, which changes nothing: not with ones everywhere.",
        "first_layer": "Only the first layer is there: `return` comes behind the loop, not inside it.",
        "last_layer": "Only the last layer is there: multiply it with what the layers before have given.",
        "first_missing": "The first layer is left out: check where your loop begins.",
        "last_missing": "The last layer is left out: check where your loop ends.",
        "first_twice": "The first layer is in the product twice: you start with it, so the loop begins with the second one.",
        "last_twice": "The last layer is in the product twice: start with it or meet it in the loop, not both.",
        "neighbours": "All layers are multiplied: yours keeps only the product of the last two, since the result so far is not used in the next step.",
        "first_plain": "The first layer has its residual connection, too: (A + I) / 2 also where the product begins.",
        "last_always": "Every layer has its own map: yours uses the last one in each step.",
        "first_always": "Every layer has its own map: yours uses the first one in each step.",
        "every_layer": "Only the product over all layers is wanted, (n, n): yours returns it after each layer.",
        "divided_by_layers": "Return the product as it is: do not divide by the number of layers.",
        "without_diagonal": "Return the product with its diagonal: what a word keeps of itself counts.",
        "columns": "Return the product as it is: its rows sum to 1, and the columns need not.",
        "softmaxed": "Return the product as it is: its rows sum to 1 already, without a softmax.",
        "scaled_to_one": "Return the product as it is: do not divide by its largest entry.",
        "first_word": "Return the whole matrix, (n, n), not the row of the first word alone.",
        "last_word": "Return the whole matrix, (n, n), not the row of the last word alone.",
        "input_shares": "Return the whole matrix, (n, n): do not average over the output words.",
        "largest_word": "Return the shares themselves, not the place of the largest.",
    },
    unpaired=frozenset(
        {"half_map", "halved_once", "halved_twice", "minus", "times_identity", "diagonal_replaced", "turned_back"}
        | {"averaged_with_even", "twice_map", "head_among", "normalised_columns", "by_largest", "softmax_of_sum"}
        | {"by_layers", "smallest", "median", "largest_divided", "smallest_divided", "last_head", "over_layers"}
        | {"heads_multiplied", "heads_apart", "heads_as_layers", "identity_each_time", "brackets", "maps_turned"}
        | {"power_of_mean", "added_to_product", "from_zeros", "from_ones", "first_layer", "last_missing"}
        | {"first_twice", "last_twice", "neighbours", "first_plain", "last_always", "first_always", "every_layer"}
        | {"divided_by_layers", "without_diagonal", "columns", "softmaxed", "scaled_to_one", "first_word"}
        | {"last_word", "input_shares", "largest_word"}
    ),
    probes=(
        _maps_probe("three layers of two heads", 3, 2, 5),
        _maps_probe("two layers of one head", 2, 1, 4, scale=2.5),
        _maps_probe("one layer of five heads", 1, 5, 3),
        _maps_probe("a causal model of five layers", 5, 3, 7, causal=True),
    ),
    hints=(
        "Output word i of layer 2 holds words m of layer 1, and those hold input words j. Which product adds up all the ways from j to i?",
        "Start with the identity. For each layer, first to last: the mean over its heads, half of it and half the identity, times the result so far.",
        "result = (layer.mean(____) + torch.eye(n)) / 2 @ ____",
    ),
    follow_up="why do the rows of the result sum to 1, and what does a column with a large sum say about its word?",
    properties=(("every row sums to 1", lambda value, expected: abs(value.sum(-1) - 1).max() < 1e-4),),
)

SPECS = (MATRICES, ROLLOUT, PREVIOUS)
