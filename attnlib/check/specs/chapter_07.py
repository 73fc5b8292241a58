"""Chapter 7: what a layer costs in FLOPs. Steps and paths are in ``chapter_07_steps`` and ``chapter_07_paths``."""

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_07_crossover import CROSSOVER
from attnlib.check.specs.chapter_07_field import FIELD
from attnlib.check.specs.chapter_07_paths import PATH
from attnlib.check.specs.chapter_07_steps import STEPS
from attnlib.check.specs.common import choose

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def count_flops(faults, kind, n, d, k):
    """Count the FLOPs of one layer, with the mistakes in ``faults``."""
    if "table" in faults:
        return {"conv": k * n * d**2, "attention": n**2 * d}.get(kind, GATES.get(kind, 0) * n * d**2)
    listed = {"conv": _conv_products, "attention": _attention_products}.get(kind, _recurrent_products)
    products = listed(faults, kind, n, d, k)
    if "one_less" in faults:
        return sum(2 * rows * inner * columns - rows * columns for rows, inner, columns in products)
    if "twice_d" in faults:  # d * 2 in place of d ** 2
        products = [
            (rows, 2 * inner, 1) if inner != n != columns else (rows, inner, columns)
            for rows, inner, columns in products
        ]
    factor = choose(faults, {"half": lambda: 1, "doubled": lambda: 4}, lambda: 2)
    factor *= k if "k_everywhere" in faults and kind != "conv" else 1
    return factor * sum(rows * inner * columns for rows, inner, columns in products) + _extras(faults, kind, n, d)


def _extras(faults, kind, n, d):
    biases = {"conv": 1, "attention": 4}.get(kind, GATES.get(kind))
    extra = biases * n * d if "bias_counted" in faults else 0
    if kind == "attention":
        softmax = {"softmax_three": lambda: 3, "softmax_five": lambda: 5, "scale_counted": lambda: 1}
        return extra + choose(faults, softmax, lambda: 0) * n**2
    return extra + (biases * n * d if "tanh_counted" in faults and kind != "conv" else 0)


def _conv_products(faults, kind, n, d, k):
    reach = k // 2
    options = {
        "conv_no_k": lambda: [(n, d, d)],
        "conv_one_channel": lambda: [(n, k, d)],
        "conv_no_n": lambda: [(1, k * d, d)],
        "conv_k_squared": lambda: [(n, k * k * d, d)],
        "conv_k_less": lambda: [(n, (k - 1) * d, d)],
        "conv_n_squared": lambda: [(n * n, k * d, d)],
        "conv_valid": lambda: [(n - k + 1, k * d, d)],
        "conv_inside": lambda: [(k * n - reach * (reach + 1), d, d)],
        "conv_cubed": lambda: [(n, k * d, d * d)],
    }
    return choose(faults, options, lambda: [(n, k * d, d)])


def _recurrent_products(faults, kind, n, d, k):
    count = choose(
        faults,
        {
            "gates_ignored": lambda: 1,
            "gates_swapped": lambda: {"gru": 4, "lstm": 3}.get(kind, 1),
            "gates_in_paper": lambda: {"gru": 2, "lstm": 3}.get(kind, 1),
            "gru_two": lambda: {"gru": 2, "lstm": 4}.get(kind, 1),
            "lstm_three": lambda: {"gru": 3, "lstm": 3}.get(kind, 1),
            "gates_and_state": lambda: {"gru": 4, "lstm": 5}.get(kind, 1),
        },
        lambda: GATES[kind],
    )
    rows = choose(faults, {"no_steps": lambda: 1, "every_pair": lambda: n * n}, lambda: n)
    both = [(rows, d, d)] * 2
    options = {
        "one_matrix": lambda: both[:1] * count,
        "gates_one_matrix": lambda: both if kind == "rnn" else both[:1] * count,
        "gates_for_one": lambda: both[:1] * (count + 1),
        "three_matrices": lambda: both * count + both[:1],
        "output_times_gates": lambda: (both + both[:1]) * count,
        "side_by_side": lambda: both * 2 * count,
        "first_state": lambda: [(rows, d, d), (rows - 1, d, d)] * count,
        "vectors": lambda: [(rows, 1, d)] * 2 * count,
    }
    return choose(faults, options, lambda: both * count)


def _attention_products(faults, kind, n, d, k):
    one, scores, found = (n, d, d), (n, d, n), (n, n, d)
    projected = {
        "no_projections": lambda: [],
        "attention_table": lambda: [],
        "one_projection": lambda: [one],
        "two_projections": lambda: [one] * 2,
        "no_output": lambda: [one] * 3,
        "projections_no_n": lambda: [(1, d, d)] * 4,
        "projected_per_pair": lambda: [(n * n, d, d)] * 4,
        "projections_thin": lambda: [(n, 1, d)] * 4,
    }
    over_pairs = {
        "no_pairs": lambda: [],
        "attention_table": lambda: [scores],
        "only_scores": lambda: [scores],
        "three_pairs": lambda: [scores, found, found],
        "pairs_squared": lambda: [(n * n, d, d)] * 2,
        "pairs_linear": lambda: [(1, n, d)] * 2,
        "pairs_no_length": lambda: [(n, 1, n)] * 2,
        "causal": lambda: [(n * (n + 1) // 2, d, 1)] * 2,
        "window": lambda: [(n, k, d)] * 2,
    }
    return choose(faults, projected, lambda: [one] * 4) + choose(faults, over_pairs, lambda: [scores, found])


def _true_flops(kind, n, d, k):
    from attnlib import costs  # here, so that the other chapters do not wait for it

    return costs.formula(kind, n, d, k)


def _flop_probe(kind, n, d, k, label=None):
    return Probe(label or f'kind "{kind}"', {"kind": kind, "n": n, "d": d, "k": k})


FLOPS = Spec(
    name="layer_flops",
    chapter=7,
    minutes=14,
    difficulty=2,
    oracle=_true_flops,
    variant=count_flops,
    faults={
        "half": "Count 2 FLOPs for a multiply-add, one multiplication and one addition: yours counts the multiplications.",
        "doubled": "A multiply-add counts as 2 FLOPs, once: your count is twice too large, so the 2 is in it two times.",
        "one_less": "Count every multiply-add as 2: a dot product of length d then has 2 * d FLOPs, not 2 * d - 1.",
        "table": "That is how the cost grows, as in the classic table: count FLOPs, with the 2, both matrices of a recurrent step, and in attention four projections and two products over all pairs.",
        "twice_d": "`d * 2` is twice d: the square of d is `d ** 2`.",
        "k_everywhere": "k belongs to the convolution alone: leave it out of the other kinds.",
        "bias_counted": "Count matrix products and convolutions only: leave the bias (one addition for each number) out.",
        "tanh_counted": "Count matrix products only: leave out what is done to each number of a gate or state (adding, tanh, sigmoid).",
        "conv_no_k": "Every output of the convolution is made from k words: k times 2 * n * d**2.",
        "conv_one_channel": "Each of the d output channels reads all d input channels: 2 * k * d for each number, so d**2 in all.",
        "conv_no_n": "The kernel is applied at each of the n places: the n is missing from the convolution.",
        "conv_k_squared": "The kernel is k long, not k by k: words stand in one row, so k comes in once.",
        "conv_k_less": "A kernel of size k has k taps, the middle one included: k, not k - 1.",
        "conv_n_squared": "A convolution looks at k words from each of the n places: it grows with n, not with n**2.",
        "conv_valid": "There is one output for each of the n places, those at the ends included: n, not n - k + 1.",
        "conv_inside": "Count k products at every place, at the ends too: what hangs over the end is multiplied as zeros.",
        "conv_cubed": "One tap is a (d, d) matrix: it costs 2 * d**2 at a place, not d**3.",
        "one_matrix": "A recurrent step has two products: the input and the state each go through a (d, d) matrix.",
        "gates_one_matrix": "gru and lstm do three and four times what the rnn does: both products, that of the input and that of the state.",
        "gates_for_one": "Each gate has a matrix for the input and one for the state: multiply both by the number of gates, not one of them.",
        "three_matrices": "Only the input and the state go through a matrix; the state is the output, so there is no third product.",
        "output_times_gates": "Only the input and the state go through a matrix: two products for each gate, not three.",
        "side_by_side": "Input and state side by side have 2 * d numbers, but the result has d: the matrix is (2 * d, d), not (2 * d, 2 * d).",
        "no_steps": "A recurrent layer takes one step for each of the n words: the n is missing.",
        "every_pair": "A recurrent layer takes one step a word: it grows with n, not with n**2.",
        "first_state": "Count n steps for the state too: the first state is multiplied as well, though it is zero.",
        "vectors": "A product with a (d, d) matrix costs 2 * d**2 at a step, not 2 * d.",
        "gates_ignored": "gru has three times the products of the rnn and lstm four times; yours count as an rnn.",
        "gates_swapped": "gru has three times the products of the rnn and lstm four times; you have them the other way round.",
        "gates_in_paper": "Count the new candidate beside the gates: gru has three times the products of the rnn, lstm four times; yours have 2 and 3.",
        "gru_two": "The gru has three times the products of the rnn: two gates and the new candidate.",
        "lstm_three": "The lstm has four times the products of the rnn: three gates and the new candidate.",
        "gates_and_state": "gru has three times the products of the rnn and lstm four times, all included; yours has one too many.",
        "no_projections": "The four projections of attention are missing, 2 * n * d**2 each: for short sentences they cost the most.",
        "attention_table": "Attention has two products over all pairs, scores and weighted sum, and four projections; you count one product alone.",
        "one_projection": "Attention has four projections of 2 * n * d**2 each (W_q, W_k, W_v, W_o); you count one.",
        "two_projections": "Attention has four projections of 2 * n * d**2 each, 8 * n * d**2 in all; you have half of that (a factor 2 missing?).",
        "no_output": "The output projection W_o of attention is missing: 2 * n * d**2 more.",
        "projections_no_n": "All n words are projected: 2 * n * d**2 for each of the four matrices.",
        "projected_per_pair": "Every word is projected once, not once for every pair: the projections grow with n, not with n**2.",
        "projections_thin": "A projection multiplies by a (d, d) matrix: 2 * n * d**2 each, d squared.",
        "no_pairs": "The scores and the weighted sum of attention are missing: 2 * n**2 * d each.",
        "only_scores": "Attention has two products over all pairs, the scores and the weighted sum, 2 * n**2 * d each; you have half of that.",
        "three_pairs": "Only the scores and the weighted sum run over all pairs: two products of 2 * n**2 * d, not three.",
        "pairs_squared": "A score is one dot product of length d: the two products over pairs cost 2 * n**2 * d each, d not squared.",
        "pairs_linear": "Every word meets every word: the two products over pairs grow with n**2, not with n.",
        "pairs_no_length": "A dot product of length d costs 2 * d FLOPs, not 2: the d is missing from scores and weighted sum.",
        "causal": "Nothing is masked: every word meets all n words, not only those up to itself.",
        "window": "Every word meets all n words; k counts for the convolution alone and is no window here.",
        "softmax_three": "Count matrix products only: leave the softmax (here 3 FLOPs for each weight) out.",
        "softmax_five": "Count matrix products only: leave the softmax (here 5 FLOPs for each weight) out.",
        "scale_counted": "Count matrix products only: leave what is done once to each score (scale or softmax) out.",
    },
    unpaired=frozenset(
        {"one_less", "table", "twice_d", "doubled", "tanh_counted", "conv_k_less", "conv_inside", "conv_cubed"}
        | {"gates_and_state", "every_pair", "three_matrices", "output_times_gates", "first_state", "vectors"}
        | {"one_projection", "two_projections", "projections_thin", "projections_no_n", "three_pairs"}
        | {"pairs_squared", "pairs_linear", "pairs_no_length", "causal", "window", "softmax_five"}
        | {"side_by_side", "gates_for_one", "scale_counted", "projected_per_pair"}
    ),
    probes=(
        _flop_probe("conv", 11, 7, 5),
        _flop_probe("rnn", 13, 5, 3),
        _flop_probe("gru", 17, 3, 7),
        _flop_probe("lstm", 7, 11, 3),
        _flop_probe("attention", 19, 7, 3),
        _flop_probe("attention", 3, 17, 5, 'kind "attention", few words'),
    ),
    hints=(
        "Which matrix products does each layer start, and how many times: once a word, or once for each pair of words?",
        "An (a, b) @ (b, c) product takes 2 * a * b * c FLOPs. conv: (n, k * d) @ (k * d, d). List the products of each kind and add.",
        'if kind == "attention": return 2 * (4 * ____ + 2 * ____)',
    ),
    follow_up="for d = 512: from which n on does the n**2 part of attention cost more than its projections?",
)


SPECS = (FLOPS, STEPS, PATH, CROSSOVER, FIELD)
