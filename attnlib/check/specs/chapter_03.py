"""Chapter 3: other scores, and pooling by similarity, on torch tensors."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose, shared

_generator = torch.Generator().manual_seed(303)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def kernel_regression(faults, query_points, points, targets, width):
    """Nadaraya-Watson with a Gaussian kernel, with the mistakes in ``faults``."""
    gaps = query_points[:, None] - points
    squares = gaps.abs() if "no_square" in faults else gaps**2
    divisor = choose(
        faults,
        {
            "no_two": lambda: width**2,
            "width_once": lambda: 2 * width,
            "no_width": lambda: 2.0,
            "width_times": lambda: 2 / width**2,
        },
        lambda: 2 * width**2,
    )
    scores = squares / divisor if "far_wins" in faults else -squares / divisor
    if "nearest" in faults:
        return targets[scores.argmax(dim=1)]
    if "uniform" in faults:
        return targets.mean() + 0 * query_points
    powers = scores.exp()
    weights = choose(
        faults,
        {
            "no_division": lambda: powers,
            "zero_by_zero": lambda: powers / powers.sum(dim=1, keepdim=True),
            "over_queries": lambda: scores.softmax(dim=0),
            "whole_sum": lambda: powers / powers.sum(),
        },
        lambda: scores.softmax(dim=1),
    )
    if "weights_only" in faults:
        return weights
    pooled = weights * (points if "points_pooled" in faults else targets)
    return pooled.mean(dim=1) if "mean" in faults else pooled.sum(dim=1)


def _kernel_oracle(query_points, points, targets, width):
    scores = -((query_points[:, None] - points) ** 2) / (2 * width**2)
    return scores.softmax(dim=1) @ targets


def _curve_probe(label, query_points, points, targets, width):
    return Probe(label, {"query_points": query_points, "points": points, "targets": targets, "width": width})


KERNEL = Spec(
    name="nadaraya_watson",
    chapter=3,
    minutes=10,
    difficulty=2,
    oracle=_kernel_oracle,
    variant=kernel_regression,
    faults={
        **shared("mean"),
        "no_square": "Square the distance: the Gaussian kernel has (x - x_j)**2 in the exponent, not abs(x - x_j).",
        "no_two": "Divide the squared distance by 2 * width**2; the factor 2 is missing.",
        "width_once": "Square the width too: divide by 2 * width**2, not by 2 * width.",
        "no_width": "The width is not used: divide the squared distance by 2 * width**2.",
        "width_times": "A larger width must flatten the weights: divide by width**2, do not multiply by it.",
        "far_wins": "The sign in the exponent is missing: now the points far away get the largest weights.",
        "no_division": "Divide the kernel values by their sum over all points, so that the weights sum to 1.",
        "whole_sum": "Every query point has its own sum: divide each row by the sum of that row.",
        "zero_by_zero": "Far from all points every kernel value is 0, and 0 / 0 is NaN: use a softmax of the scores.",
        "over_queries": "The weights of one query point sum to 1 over the points; yours sum to 1 over the query points.",
        "nearest": "Take the mean over all points with their weights, not only the target of the nearest point.",
        "uniform": "That is average pooling: the weights must depend on the distance to the query point.",
        "points_pooled": "Average the targets of the points, not the points themselves.",
        "weights_only": "Those are the weights: multiply the targets by them and add up.",
    },
    probes=(
        _curve_probe("five query points and seven points", _normal(5), _normal(7), _normal(7), 0.7),
        _curve_probe("a wide kernel", _normal(3), _normal(5), _normal(5), 1.9),
        _curve_probe(
            "a query point far from all points",
            torch.tensor([0.3, 40.0]),
            torch.tensor([-1.0, 0.5, 2.0]),
            torch.tensor([1.0, 3.0, -2.0]),
            0.5,
        ),
    ),
    hints=(
        "Which point should have the largest say in a prediction at x, and what should become of a point far away?",
        "All differences as a matrix (query points in rows); scores = -difference**2 / (2 width**2); softmax; times targets.",
        "scores = -((query_points[:, ____] - points) ** 2) / ____",
    ),
    follow_up="which predictions does a very small width make, and which a very large one?",
    properties=(
        (
            "every prediction lies between the smallest and the largest target",
            lambda value, wanted: wanted.min() - 1e-4 <= value.min() and value.max() <= wanted.max() + 1e-4,
        ),
    ),
)


def bilinear(faults, queries, keys, W):
    """Bilinear scores, with the mistakes in ``faults``."""
    W = W.T if "matrix_transposed" in faults else W
    projected = queries if "no_matrix" in faults else queries @ W
    projected = projected.tanh() if "tanh" in faults else projected
    if "not_transposed" in faults:
        return projected @ keys
    scores = projected @ keys.T
    if "scaled" in faults:
        scores = scores / keys.shape[1] ** 0.5
    if "transposed" in faults:
        return scores.T
    return scores.softmax(dim=1) if "softmaxed" in faults else scores


def _bilinear_probe(label, num_queries, num_keys, d_q, d_k):
    parts = {"queries": _normal(num_queries, d_q), "keys": _normal(num_keys, d_k), "W": _normal(d_q, d_k)}
    return Probe(label, parts)


BILINEAR = Spec(
    name="bilinear_scores",
    chapter=3,
    minutes=5,
    difficulty=1,
    oracle=lambda queries, keys, W: torch.einsum("qd,de,ke->qk", queries, W, keys),
    variant=bilinear,
    faults={
        **shared("softmaxed"),
        "no_matrix": "W stands between the query and the key: without it this is the plain dot product.",
        "matrix_transposed": "W is (d_q, d_k), so it multiplies the queries from the right as it is: no transpose.",
        "not_transposed": "The columns of the right factor must be the keys: queries @ W @ keys.T.",
        "transposed": "Row i belongs to query i: your result is transposed.",
        "scaled": "No scale here: a bilinear score learns its own scale in W.",
        "tanh": "There is no tanh in a bilinear score: it is linear in the query and in the key.",
    },
    probes=(
        _bilinear_probe("five queries, seven keys, d_q = 3 and d_k = 2", 5, 7, 3, 2),
        _bilinear_probe("d_q equal to d_k", 3, 2, 5, 5),
    ),
    hints=(
        "Which product turns a query of length d_q into a vector that can meet a key of length d_k?",
        "Multiply all queries by W first; what comes out has the length of a key. Then every row meets every key.",
        "return queries @ ____ @ keys.____",
    ),
    follow_up="which W makes this the plain dot product?",
)


def additive(faults, queries, keys, W_q, W_k, v):
    """Additive scores, with the mistakes in ``faults``."""
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    one, other = (queries @ W_q)[:, None], (keys @ W_k)[None]
    if "pairwise" in faults:
        return ((queries @ W_q) + (keys @ W_k)).tanh() @ v
    total = choose(
        faults,
        {
            "product": lambda: one * other,
            "tanh_each": lambda: one.tanh() + other.tanh(),
            "queries_only": lambda: one + 0 * other,
            "keys_only": lambda: 0 * one + other,
            "difference": lambda: one - other,
        },
        lambda: one + other,
    )
    bend = {"relu": torch.relu, "sigmoid": torch.sigmoid}
    bent = choose(
        faults,
        {key: lambda key=key: bend[key](total) for key in bend}
        | {key: lambda: total for key in ("no_tanh", "tanh_late", "tanh_each")},
        total.tanh,
    )
    if "no_sum" in faults:
        return bent * v
    scores = choose(
        faults, {"no_v": lambda: bent.sum(-1), "hidden_mean": lambda: (bent * v).mean(-1)}, lambda: bent @ v
    )
    scores = scores.tanh() if "tanh_late" in faults else scores
    scores = scores / len(v) ** 0.5 if "scaled" in faults else scores
    scores = scores.T if "transposed" in faults else scores
    return scores.softmax(dim=1) if "softmaxed" in faults else scores


def _additive_probe(label, num_queries, num_keys, d_q, d_k, d_hidden):
    sizes = {"queries": (num_queries, d_q), "keys": (num_keys, d_k), "W_q": (d_q, d_hidden), "W_k": (d_k, d_hidden)}
    return Probe(label, {name: _normal(*shape) for name, shape in sizes.items()} | {"v": _normal(d_hidden)})


ADDITIVE = Spec(
    name="additive_scores",
    chapter=3,
    minutes=12,
    difficulty=2,
    oracle=lambda queries, keys, W_q, W_k, v: torch.einsum(
        "qkh,h->qk", torch.tanh((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :]), v
    ),
    variant=additive,
    faults={
        **shared("softmaxed"),
        "no_tanh": "The tanh is missing: without it the score is a sum of a query part and a key part, and ranks all queries alike.",
        "tanh_late": "The tanh comes before the product with v, on every hidden number; yours comes after it.",
        "tanh_each": "Add the two projections first, then take one tanh of the sum.",
        "relu": "The additive score bends with tanh; yours uses ReLU.",
        "sigmoid": "The additive score bends with tanh; yours uses the sigmoid.",
        "product": "Add the projected query and key; you multiply them.",
        "difference": "Add the projected query and key; you subtract them.",
        "queries_only": "The keys do not appear: add the projected keys too.",
        "keys_only": "The queries do not appear: add the projected queries too.",
        "swapped": "The queries go through W_q and the keys through W_k: yours are swapped.",
        "pairwise": "Every query must meet every key: give the queries an axis for the keys with [:, None] before you add.",
        "no_v": "Weigh the hidden numbers with v before you add them up.",
        "hidden_mean": "The product with v is a sum over the hidden numbers, not a mean.",
        "no_sum": "Add up over the hidden axis: one number is left for every query and key.",
        "scaled": "No scale here: tanh keeps the hidden numbers between -1 and 1.",
        "transposed": "Row i belongs to query i: your result is transposed.",
    },
    probes=(
        _additive_probe("five queries and seven keys", 5, 7, 3, 2, 11),
        _additive_probe("as many queries as keys", 3, 3, 5, 5, 2),
    ),
    hints=(
        "Query 0 must be added to all keys, query 1 to all keys, ... Which shapes make broadcasting do that?",
        "Project both. Queries as (num_queries, 1, d_hidden), keys as (1, num_keys, d_hidden); add, tanh, times v.",
        "hidden = torch.tanh((queries @ W_q)[:, ____, :] + (keys @ W_k)[____, :, :])",
    ),
    follow_up="how many numbers does the hidden tensor hold for 1000 queries, 1000 keys and d_hidden = 64?",
)


def parameters(faults, kind, d_q, d_k, d_hidden):
    """Count the trainable numbers of a score, with the mistakes in ``faults``."""
    if kind in ("dot", "scaled_dot"):
        if "scale_trained" in faults and kind == "scaled_dot":
            return 1
        return d_k if "dot_trained" in faults else 0
    if kind == "bilinear":
        options = {
            "square": lambda: d_q**2,
            "sizes_added": lambda: d_q + d_k,
            "two_matrices": lambda: d_q * d_hidden + d_k * d_hidden,
        }
        return choose(faults, options, lambda: d_q * d_k) + (d_k if "bias" in faults else 0)
    options = {
        "no_v": lambda: (d_q + d_k) * d_hidden,
        "one_matrix": lambda: d_q * d_hidden + d_hidden,
        "all_multiplied": lambda: d_q * d_k * d_hidden,
        "v_square": lambda: (d_q + d_k + d_hidden) * d_hidden,
        "v_one": lambda: (d_q + d_k) * d_hidden + 1,
    }
    return choose(faults, options, lambda: (d_q + d_k + 1) * d_hidden) + (d_hidden if "bias" in faults else 0)


def _true_parameters(kind, d_q, d_k, d_hidden):
    shapes = {"bilinear": [(d_q, d_k)], "additive": [(d_q, d_hidden), (d_k, d_hidden), (d_hidden,)]}.get(kind, [])
    return sum(torch.empty(shape).numel() for shape in shapes)


def _count_probe(kind, **sizes):
    return Probe(f'kind "{kind}"', {"kind": kind, **sizes})


PARAMETERS = Spec(
    name="score_parameters",
    chapter=3,
    minutes=6,
    difficulty=1,
    oracle=_true_parameters,
    variant=parameters,
    faults={
        "dot_trained": "A dot product has nothing to train: its vectors come from outside, so it counts 0.",
        "scale_trained": "The scale 1 / sqrt(d_k) is a fixed number, not a trained one: the scaled dot product counts 0.",
        "square": "W of the bilinear score has d_q rows and d_k columns: d_q * d_k numbers.",
        "sizes_added": "A matrix with d_q rows and d_k columns has d_q * d_k numbers; you added the sizes.",
        "two_matrices": "The bilinear score has one matrix between query and key, and no hidden size.",
        "bias": "No biases here: count the matrices and v only.",
        "no_v": "The vector v is trained too: d_hidden more numbers.",
        "v_one": "v is a vector with d_hidden numbers, not a single one.",
        "v_square": "v is a vector: it has d_hidden numbers, not d_hidden squared.",
        "one_matrix": "The additive score has two matrices, one for the queries and one for the keys.",
        "all_multiplied": "The two matrices of the additive score stand side by side: add their sizes, do not multiply them.",
    },
    probes=(
        _count_probe("bilinear", d_q=3, d_k=5, d_hidden=11),
        _count_probe("additive", d_q=3, d_k=5, d_hidden=11),
        _count_probe("scaled_dot", d_q=5, d_k=5, d_hidden=7),
        _count_probe("dot", d_q=11, d_k=11, d_hidden=2),
    ),
    hints=(
        "Which letters in the formulas of the four scores are trained?",
        "Write down the shape of every trained matrix and vector; multiply out each shape; add.",
        "additive: d_q * d_hidden + ____ * d_hidden + ____",
    ),
    follow_up="for d_q = d_k = d_hidden = 64: how many times more numbers does the additive score have than the bilinear one?",
)


def flops(faults, kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Count the FLOPs of all scores, with the mistakes in ``faults``."""
    pairs = num_queries * (num_queries if "queries_twice" in faults else num_keys)
    if kind == "bilinear":
        once, each = num_queries * d_q * d_k, pairs * d_k
        every_pair = pairs * (d_q * d_k + d_k)
        extra = 0
    elif kind == "additive":
        once, each = (num_queries * d_q + num_keys * d_k) * d_hidden, pairs * d_hidden
        every_pair = pairs * ((d_q + d_k) * d_hidden + d_hidden)
        extra = pairs * d_hidden if "tanh_counted" in faults else 0
        once = num_queries * d_q * d_hidden if "queries_only" in faults else once
    else:
        once, each, every_pair = 0, pairs * d_k, pairs * d_k
        extra = pairs if "scale_counted" in faults and kind == "scaled_dot" else 0
    if "no_products" in faults:
        return 2 * pairs
    count = choose(
        faults,
        {"every_pair": lambda: every_pair, "no_projection": lambda: each, "only_projection": lambda: once},
        lambda: once + each,
    )
    return (count if "half" in faults else 2 * count) + extra


def _true_flops(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    products = {
        "bilinear": [(num_queries, d_q, d_k), (num_queries, d_k, num_keys)],
        "additive": [(num_queries, d_q, d_hidden), (num_keys, d_k, d_hidden), (num_queries * num_keys, d_hidden, 1)],
    }.get(kind, [(num_queries, d_k, num_keys)])
    return sum(2 * rows * inner * columns for rows, inner, columns in products)


FLOPS = Spec(
    name="score_flops",
    chapter=3,
    minutes=10,
    difficulty=2,
    oracle=_true_flops,
    variant=flops,
    faults={
        "half": "Count 2 FLOPs for a multiply-add, one multiplication and one addition: yours counts the multiplications.",
        "every_pair": "Project each query and each key once, not again for every pair: only the last product runs over all pairs.",
        "no_projection": "The products with the weight matrices are missing: they run before the scores.",
        "only_projection": "The scores themselves are missing: one dot product for every query and key.",
        "queries_only": "The keys are projected too: 2 * num_keys * d_k * d_hidden more.",
        "queries_twice": "There are num_queries * num_keys pairs; you squared the number of queries.",
        "scale_counted": "Count matrix products only: leave the division by sqrt(d_k) out.",
        "tanh_counted": "Count matrix products only: leave the tanh and the sum of the two projections out.",
        "no_products": "A dot product of two vectors of length d_k costs 2 * d_k FLOPs, not 2.",
    },
    probes=(
        _count_probe("scaled_dot", num_queries=3, num_keys=5, d_q=7, d_k=7, d_hidden=2),
        _count_probe("bilinear", num_queries=3, num_keys=5, d_q=7, d_k=11, d_hidden=2),
        _count_probe("additive", num_queries=3, num_keys=5, d_q=7, d_k=11, d_hidden=2),
        _count_probe("dot", num_queries=13, num_keys=2, d_q=3, d_k=3, d_hidden=5),
    ),
    hints=(
        "How many multiply-adds does the product of an (a, b) matrix and a (b, c) matrix take?",
        "An (a, b) @ (b, c) product takes 2 * a * b * c FLOPs. List the products of each score and add.",
        "bilinear: 2 * num_queries * d_q * ____ + 2 * num_queries * ____ * num_keys",
    ),
    follow_up="which of the four gets cheapest, compared with the others, when there are many keys?",
)

SPECS = (KERNEL, BILINEAR, ADDITIVE, PARAMETERS, FLOPS)
