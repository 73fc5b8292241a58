"""Chapter 4: what many heads cost. The heads are in ``chapter_04_heads``, attention in ``chapter_04_attention``."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import CROSS, MANY
from attnlib.check.specs.chapter_04_general import GENERAL
from attnlib.check.specs.chapter_04_heads import JOIN, SPLIT
from attnlib.check.specs.common import choose


def count_parameters(faults, d_model, num_heads, bias):
    """Count the trainable numbers, with the mistakes in ``faults``."""
    d_head = d_model // num_heads
    matrices = {
        "matrices_times_heads": lambda: 4 * d_model**2 * num_heads,
        "full_projections": lambda: 3 * d_model**2 * num_heads + d_model**2,
        "full_layers": lambda: 3 * d_model**2 * num_heads + d_model**2,
        "no_W_o": lambda: 3 * d_model**2,
        "one_head": lambda: 4 * d_model * d_head,
        "narrow_matrices": lambda: 4 * d_model * d_head,
        "narrow_W_o": lambda: 3 * d_model**2 + d_model * d_head,
        "one_head_projected": lambda: 3 * d_model * d_head + d_model**2,
        "heads_square": lambda: 3 * num_heads * d_head**2 + d_model**2,
        "one_matrix": lambda: d_model**2,
        "two_matrices": lambda: 2 * d_model**2,
    }
    count = choose(faults, matrices, lambda: 4 * d_model**2) + _bias_numbers(faults, d_model, num_heads, bias)
    count = 2 * count if "doubled" in faults else count
    return count * num_heads if "times_heads" in faults else count


def _bias_numbers(faults, d_model, num_heads, bias):
    d_head = d_model // num_heads
    length = d_head if "one_head" in faults else d_model
    number = choose(faults, {"no_W_o": lambda: 3, "two_matrices": lambda: 2}, lambda: 4)
    options = {
        "one_head_projected": lambda: (3 * d_head + d_model) * bias,
        "full_layers": lambda: (3 * num_heads + 1) * d_model * bias,
        "no_bias": lambda: 0,
        "bias_always": lambda: number * length,
        "bias_inverted": lambda: number * length * (not bias),
        "one_bias": lambda: length * bias,
        "three_biases": lambda: 3 * length * bias,
        "bias_times_heads": lambda: number * length * num_heads * bias,
        "bias_numbers": lambda: number * bias,
        "bias_of_head": lambda: number * d_head * bias,
    }
    return choose(faults, options, lambda: number * length * bias)


def _true_parameters(d_model, num_heads, bias):
    module = attnlib.MultiHeadAttention(d_model, num_heads, bias=bias)
    return sum(parameter.numel() for parameter in module.parameters())


def _parameter_probe(label, d_model, num_heads, bias):
    return Probe(label, {"d_model": d_model, "num_heads": num_heads, "bias": bias})


PARAMETERS = Spec(
    name="multi_head_parameters",
    chapter=4,
    minutes=5,
    difficulty=1,
    oracle=_true_parameters,
    variant=count_parameters,
    faults={
        "times_heads": "More heads do not mean more numbers: each head is num_heads times narrower, so do not multiply by num_heads.",
        "matrices_times_heads": "The four matrices hold all heads: each head has d_head columns, so do not multiply them by num_heads.",
        "full_projections": "Each head has d_head columns of W_q, W_k and W_v, not whole matrices: leave the factor num_heads out.",
        "full_layers": "Each head has d_head columns (and d_head bias numbers) of W_q, W_k and W_v, not layers of its own from d_model to d_model.",
        "no_W_o": "There is a fourth projection, W_o (with a bias of its own), after the heads are joined.",
        "one_head": "That is a single head: every head reads all d_model features, and there are num_heads of them.",
        "narrow_matrices": "All heads together have d_model columns: each matrix is (d_model, d_model), not (d_model, d_head).",
        "narrow_W_o": "W_o mixes all heads into d_model features: it is (d_model, d_model).",
        "heads_square": "Every head reads all d_model features, so W_q, W_k and W_v are (d_model, d_head) for each of the heads: neither (d_head, d_head) nor one head alone.",
        "one_head_projected": "You count W_q, W_k and W_v (and their biases) for one head alone: all heads together have d_model columns.",
        "one_matrix": "There are four matrices: W_q, W_k, W_v and W_o.",
        "two_matrices": "Queries, keys and values have a matrix each, and W_o is the fourth: four in all, not two.",
        "doubled": "Every number counts once: the factor 2 belongs to FLOPs.",
        "no_bias": "With bias=True each of the four projections has a bias vector of d_model numbers.",
        "bias_always": "Count the bias vectors only when bias is True.",
        "bias_inverted": "The bias vectors are counted the wrong way round: they are there when bias is True.",
        "one_bias": "Each of the four projections has its own bias vector; you counted one.",
        "three_biases": "The output projection has a bias vector too: four in all.",
        "bias_times_heads": "All heads share one bias vector of d_model numbers for each projection: do not multiply by num_heads.",
        "bias_numbers": "A bias is a vector of d_model numbers, not a single number.",
        "bias_of_head": "A bias vector has d_model numbers, d_head for each of the heads; yours has d_head in all.",
    },
    unpaired=frozenset(
        {
            "two_matrices",
            "narrow_matrices",
            "full_projections",
            "full_layers",
            "one_matrix",
            "doubled",
            "bias_inverted",
            "one_head_projected",
        }
    ),
    probes=(
        _parameter_probe("five heads, with bias", 20, 5, True),
        _parameter_probe("five heads, without bias", 10, 5, False),
        _parameter_probe("two heads, with bias", 14, 2, True),
    ),
    hints=(
        "Which shape has W_q when it makes the queries of all heads at once?",
        "Four matrices of d_model times d_model; with bias four vectors of d_model numbers more.",
        "return 4 * ____ + 4 * ____ * bias",
    ),
    follow_up="what, then, do more heads cost?",
)


def count_flops(faults, n, d_model, num_heads):
    """Count the FLOPs of one sentence, with the mistakes in ``faults``."""
    total = _projected(faults, n, d_model, num_heads) + _over_pairs(faults, n, d_model, num_heads)
    total = total if "half" in faults else 2 * total
    softmax = {"softmax_counted": lambda: 5, "softmax_three": lambda: 3, "scale_counted": lambda: 1}
    total += choose(faults, softmax, lambda: 0) * num_heads * n**2
    total -= 5 * n * d_model + num_heads * n**2 if "one_less" in faults else 0
    return total * num_heads if "all_times_heads" in faults else total


def _projected(faults, n, d_model, num_heads):
    """Count the multiply-adds of the four projections."""
    d_head, one = d_model // num_heads, n * d_model**2
    options = {
        "no_projections": lambda: 0,
        "no_output": lambda: 3 * one,
        "only_output": lambda: one,
        "one_head_projected": lambda: 3 * n * d_model * d_head + one,
        "projected_per_head": lambda: 3 * num_heads * one + one,
        "output_per_head": lambda: 3 * one + num_heads * one,
        "all_per_head": lambda: 4 * num_heads * one,
        "one_word": lambda: 4 * d_model**2,
        "every_pair": lambda: 4 * n * one,
    }
    return choose(faults, options, lambda: 4 * one)


def _over_pairs(faults, n, d_model, num_heads):
    """Count the multiply-adds of the scores and the weighted sums."""
    options = {
        "only_scores": lambda: n**2 * d_model,
        "times_heads": lambda: 2 * num_heads * n**2 * d_model,
        "one_head": lambda: 2 * n**2 * (d_model // num_heads),
        "no_pairs": lambda: 0,
        "linear": lambda: 2 * n * d_model,
        "no_length": lambda: 2 * num_heads * n**2,
        "half_of_pairs": lambda: n * (n + 1) * d_model,
        "squared": lambda: 2 * n**2 * d_model**2,
    }
    return choose(faults, options, lambda: 2 * n**2 * d_model)


def _true_flops(n, d_model, num_heads):
    return attnlib.count_flops(attnlib.MultiHeadAttention(d_model, num_heads), torch.zeros(1, n, d_model))


def _flop_probe(n, d_model, num_heads):
    label = f"{n} words, d_model = {d_model}, {num_heads} heads"
    return Probe(label, {"n": n, "d_model": d_model, "num_heads": num_heads})


FLOPS = Spec(
    name="multi_head_flops",
    chapter=4,
    minutes=8,
    difficulty=2,
    oracle=_true_flops,
    variant=count_flops,
    faults={
        "half": "Count 2 FLOPs for a multiply-add, one multiplication and one addition: yours counts the multiplications.",
        "one_less": "Count every multiply-add as 2: a dot product of length d then has 2 * d FLOPs, not 2 * d - 1.",
        "no_projections": "The four projections are missing: 2 * n * d_model**2 each.",
        "no_output": "The output projection W_o is missing: 2 * n * d_model**2 more.",
        "only_output": "The projections of queries, keys and values are missing: three times 2 * n * d_model**2.",
        "one_head_projected": "Every head projects all d_model features to d_head, and there are num_heads heads: neither one head alone nor (d_head, d_head) matrices will do.",
        "projected_per_head": "Each head projects to d_head features only: all heads together cost 2 * n * d_model**2 a projection.",
        "output_per_head": "W_o multiplies the joined heads once: 2 * n * d_model**2, not once more for every head.",
        "all_per_head": "All heads together cost 2 * n * d_model**2 a projection: do not multiply the four projections by num_heads.",
        "all_times_heads": "The heads share d_model among them, so more heads cost no more products: leave the factor num_heads out.",
        "one_word": "All n words are projected: 2 * n * d_model**2 for each of the four matrices.",
        "every_pair": "Every word is projected once, not once for every pair: the projections grow with n, not with n**2.",
        "only_scores": "There are two products over all pairs: the scores, and the weights times the values.",
        "times_heads": "Each head works on d_head = d_model / num_heads features: do not multiply by num_heads once more.",
        "one_head": "The scores and weighted sums are those of one head: all heads together have d_model features.",
        "no_pairs": "The scores and the weighted sums are missing: 2 * n**2 * d_model each.",
        "linear": "Every word meets every word: the two products grow with n**2, not with n.",
        "squared": "A score is one dot product for each head: the two products cost 2 * n**2 * d_model each, d_model not squared.",
        "no_length": "A dot product costs 2 FLOPs for each of its d_head features, not 2 in all.",
        "half_of_pairs": "Nothing is masked: every word meets all n words, not only those up to itself.",
        "scale_counted": "Count matrix products only: leave the division by sqrt(d_head) out.",
        "softmax_counted": "Count matrix products only: leave the softmax (here 5 FLOPs for each weight) out.",
        "softmax_three": "Count matrix products only: leave the softmax (here 3 FLOPs for each weight) out.",
    },
    unpaired=frozenset(
        {
            "one_less",
            "only_output",
            "all_per_head",
            "every_pair",
            "one_word",
            "squared",
            "softmax_three",
            "half_of_pairs",
        }
    ),
    probes=(_flop_probe(5, 12, 3), _flop_probe(11, 10, 2), _flop_probe(7, 30, 5)),
    hints=(
        "Which matrix products does multi_head start, and which shapes have they?",
        "An (a, b) @ (b, c) product takes 2 * a * b * c. Four projections; in each head scores and weighted sums.",
        "return 2 * (4 * n * ____ + 2 * ____ * d_model)",
    ),
    follow_up="for which n do the two parts cost the same?",
)

SPECS = (SPLIT, JOIN, MANY, PARAMETERS, FLOPS, GENERAL, CROSS)
