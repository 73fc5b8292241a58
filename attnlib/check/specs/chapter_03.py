"""Chapter 3: what a score costs, in numbers and in FLOPs. The scores themselves are in ``chapter_03_scores``."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_03_scores import ADDITIVE, BILINEAR, KERNEL
from attnlib.check.specs.common import choose


def parameters(faults, kind, d_q, d_k, d_hidden):
    """Count the trainable numbers of a score, with the mistakes in ``faults``."""
    if kind == "bilinear":
        return _bilinear_numbers(faults, d_q, d_k, d_hidden)
    if kind == "additive":
        return _additive_numbers(faults, d_q, d_k, d_hidden)
    if "scale_trained" in faults and kind == "scaled_dot":
        return 1
    counts = {"dot_trained": lambda: d_k, "dot_both": lambda: d_q + d_k, "dot_matrix": lambda: d_q * d_k}
    return choose(faults, counts, lambda: 0)


def _bilinear_numbers(faults, d_q, d_k, d_hidden):
    options = {
        "square": lambda: d_q**2,
        "sizes_added": lambda: d_q + d_k,
        "through_hidden": lambda: d_q * d_hidden + d_k * d_hidden,
        "matrix_twice": lambda: 2 * d_q * d_k,
    }
    return choose(faults, options, lambda: d_q * d_k) + choose(
        faults, {"matrix_bias": lambda: d_k, "score_bias": lambda: 1}, lambda: 0
    )


def _additive_numbers(faults, d_q, d_k, d_hidden):
    matrices = {
        "one_matrix": lambda: d_q * d_hidden,
        "keys_as_queries": lambda: 2 * d_q * d_hidden,
        "queries_as_keys": lambda: 2 * d_k * d_hidden,
        "all_multiplied": lambda: d_q * d_k * d_hidden,
        "no_brackets": lambda: d_q + d_k * d_hidden,
        "no_matrices": lambda: 0,
    }
    vectors = {"no_v": lambda: 0, "v_square": lambda: d_hidden**2, "v_one": lambda: 1}
    biases = {
        "bias": lambda: d_hidden,
        "two_biases": lambda: d_hidden + 1,
        "hidden_biases": lambda: 2 * d_hidden,
        "three_biases": lambda: 2 * d_hidden + 1,
    }
    count = choose(faults, matrices, lambda: (d_q + d_k) * d_hidden) + choose(faults, vectors, lambda: d_hidden)
    return count + choose(faults, biases, lambda: 0)


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
        "dot_both": "A dot product has nothing to train: the query and the key come from outside and are not counted.",
        "dot_matrix": "A dot product has no matrix between query and key: it counts 0.",
        "scale_trained": "The scale 1 / sqrt(d_k) is a fixed number, not a trained one: the scaled dot product counts 0.",
        "square": "W of the bilinear score has d_q rows and d_k columns: d_q * d_k numbers.",
        "sizes_added": "A matrix with d_q rows and d_k columns has d_q * d_k numbers; you added the sizes.",
        "through_hidden": "The bilinear score has one matrix between query and key, and no hidden size.",
        "matrix_twice": "The bilinear score has one matrix for query and key together: d_q * d_k numbers, not twice as many.",
        "matrix_bias": "No biases here: the bilinear score has its matrix alone.",
        "score_bias": "No biases here: the bilinear score has its matrix alone, no number to add.",
        "bias": "No biases here: count the matrices and v only, not a bias for every hidden number.",
        "two_biases": "No biases here: count the matrices and v only, no bias for the hidden numbers and none for the score.",
        "hidden_biases": "No biases here: count the two matrices and v only, not a bias vector beside each matrix.",
        "three_biases": "No biases here: count the matrices and v only, not the three biases that nn.Linear would add.",
        "no_v": "The vector v is trained too: d_hidden more numbers.",
        "v_one": "v is a vector with d_hidden numbers, not a single one.",
        "v_square": "v is a vector: it has d_hidden numbers, not d_hidden squared.",
        "no_matrices": "The two matrices of the additive score are trained too: (d_q + d_k) * d_hidden more numbers.",
        "one_matrix": "The additive score has two matrices, one for the queries and one for the keys.",
        "keys_as_queries": "The matrix of the keys is (d_k, d_hidden): you took d_q for both.",
        "queries_as_keys": "The matrix of the queries is (d_q, d_hidden): you took d_k for both.",
        "all_multiplied": "The two matrices of the additive score stand side by side: add their sizes, do not multiply them.",
        "no_brackets": "Both matrices have d_hidden columns: write (d_q + d_k) * d_hidden, with brackets round the sum.",
    },
    unpaired=frozenset(
        {"score_bias", "dot_both", "dot_matrix", "three_biases", "no_matrices", "queries_as_keys", "hidden_biases"}
    ),
    probes=(
        _count_probe("bilinear", d_q=3, d_k=7, d_hidden=8),
        _count_probe("additive", d_q=3, d_k=7, d_hidden=8),
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
    sizes = (num_queries, num_keys, d_q, d_k, d_hidden)
    count = {"bilinear": _bilinear_products, "additive": _additive_products}.get(kind, _dot_products)
    products = count(faults, *sizes)
    if "one_less" in faults:
        return sum(2 * rows * inner * columns - rows * columns for rows, inner, columns in products)
    total = sum(rows * inner * columns for rows, inner, columns in products)
    return total * (1 if "half" in faults else 2) + _extras(faults, kind, num_queries * num_keys, d_hidden)


def _extras(faults, kind, pairs, d_hidden):
    extra = choose(faults, {"softmax_counted": lambda: 3 * pairs, "softmax_five": lambda: 5 * pairs}, lambda: 0)
    extra += pairs if "scale_counted" in faults and kind == "scaled_dot" else 0
    bends = {"tanh_counted": lambda: pairs * d_hidden, "tanh_and_sum": lambda: 2 * pairs * d_hidden}
    return extra + (choose(faults, bends, lambda: 0) if kind == "additive" else 0)


def _dot_products(faults, num_queries, num_keys, d_q, d_k, d_hidden):
    if "parameters_counted" in faults:
        return []
    inner = choose(faults, {"no_length": lambda: 1, "length_squared": lambda: d_k**2}, lambda: d_k)
    return [(num_queries, inner, num_queries if "queries_twice" in faults else num_keys)]


def _bilinear_products(faults, num_queries, num_keys, d_q, d_k, d_hidden):
    if "parameters_counted" in faults:
        return [(1, d_q, d_k)]
    if "keys_first" in faults:
        return [(num_keys, d_q, d_k), (num_queries, d_q, num_keys)]
    keys = num_queries if "queries_twice" in faults else num_keys
    rows = num_queries * (keys if "every_pair" in faults else 1)
    first = [] if "no_projection" in faults else [(rows, d_q, d_k)]
    inner = choose(faults, {"no_length": lambda: 1, "d_q_again": lambda: d_q}, lambda: d_k)
    return first + ([] if "no_second" in faults else [(num_queries, inner, keys)])


def _additive_products(faults, num_queries, num_keys, d_q, d_k, d_hidden):
    if "parameters_counted" in faults:
        return [(1, d_q + d_k + 1, d_hidden)]
    pairs = num_queries * (num_queries if "queries_twice" in faults else num_keys)
    last = choose(
        faults,
        {"no_v": lambda: [], "v_once": lambda: [(1, d_hidden, 1)], "v_square": lambda: [(pairs, d_hidden, d_hidden)]},
        lambda: [(pairs, d_hidden, 1)],
    )
    projections = {
        "no_projection": lambda: [],
        "every_pair": lambda: [(pairs, d_q, d_hidden), (pairs, d_k, d_hidden)],
        "queries_only": lambda: [(num_queries, d_q, d_hidden)],
        "queries_for_keys": lambda: [(num_queries, d_q + d_k, d_hidden)],
        "counts_swapped": lambda: [(num_keys, d_q, d_hidden), (num_queries, d_k, d_hidden)],
    }
    right = [(num_queries, d_q, d_hidden), (num_keys, d_k, d_hidden)]
    return choose(faults, projections, lambda: right) + last


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
        "one_less": "Count every multiply-add as 2: a dot product of length d then has 2 * d FLOPs, not 2 * d - 1.",
        "every_pair": "Project each query and each key once, not again for every pair: only the last product runs over all pairs.",
        "no_projection": "The products with the weight matrices are missing: they run before the scores.",
        "no_second": "The second product of the bilinear score is missing: (queries W) times keys^T, for every query and key.",
        "no_v": "The products with v are missing: one dot product of length d_hidden for every query and key.",
        "v_once": "Every pair of query and key has its own dot product with v; you counted one for all.",
        "v_square": "v is a vector, not a matrix: 2 * d_hidden FLOPs for every query and key.",
        "queries_only": "The keys are projected too: 2 * num_keys * d_k * d_hidden more.",
        "queries_for_keys": "There are num_keys keys to project, not num_queries: 2 * num_keys * d_k * d_hidden.",
        "counts_swapped": "num_queries queries of length d_q and num_keys keys of length d_k are projected: your counts are swapped.",
        "queries_twice": "There are num_queries * num_keys pairs; you squared the number of queries.",
        "keys_first": "The queries meet W first, then the keys; you count W keys^T first, which costs something else.",
        "d_q_again": "After the product with W a query has the length d_k: the second product costs 2 * num_queries * d_k * num_keys.",
        "scale_counted": "Count matrix products only: leave the division by sqrt(d_k) out.",
        "tanh_counted": "Count matrix products only: leave the tanh and the sum of the two projections out.",
        "tanh_and_sum": "Count matrix products only: leave both the tanh and the sum of the two projections out.",
        "softmax_counted": "Count the scores only: the softmax (here 3 FLOPs for each) is no matrix product, and comes later.",
        "softmax_five": "Count the scores only: the softmax (here 5 FLOPs for each) is no matrix product, and comes later.",
        "no_length": "A dot product of two vectors of length d_k costs 2 * d_k FLOPs, not 2.",
        "length_squared": "A dot product of two vectors of length d_k costs 2 * d_k FLOPs: d_k is not squared.",
        "parameters_counted": "Those are the trained numbers: FLOPs grow with the number of queries and keys.",
    },
    unpaired=frozenset(
        {
            "v_square",
            "counts_swapped",
            "d_q_again",
            "tanh_and_sum",
            "softmax_five",
            "length_squared",
            "parameters_counted",
            "queries_for_keys",
        }
    ),
    probes=(
        _count_probe("scaled_dot", num_queries=3, num_keys=5, d_q=7, d_k=7, d_hidden=2),
        _count_probe("bilinear", num_queries=3, num_keys=5, d_q=7, d_k=11, d_hidden=2),
        _count_probe("additive", num_queries=3, num_keys=5, d_q=7, d_k=11, d_hidden=13),
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
