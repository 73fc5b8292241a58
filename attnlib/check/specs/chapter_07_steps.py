"""Chapter 7: how many steps of a layer have to wait for one another."""

from math import comb

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose


def count_steps(faults, kind, n, num_layers):
    """Count the operations that wait for one another, with the mistakes in ``faults``."""
    if "kinds_swapped" in faults:
        kind = "conv" if kind == "rnn" else "rnn"
    alone = kind == "rnn"
    count = _one_by_one(faults, n, num_layers) if alone else _at_once(faults, kind, n, num_layers)
    return count - ("edges" in faults) + ("input_counted" in faults)


def _at_once(faults, kind, n, num_layers):
    if "always_rnn" in faults or f"{kind}_as_rnn" in faults:
        return _one_by_one(faults, n, num_layers)
    options = {
        "one_layer": lambda: 1,
        "all_by_word": lambda: n,
        "pairs": lambda: num_layers * n**2 if kind == "attention" else num_layers,
        "tree": lambda: num_layers * (n - 1).bit_length(),
        "inner_two": lambda: 2 * num_layers if kind == "attention" else num_layers,
        "inner_three": lambda: 3 * num_layers if kind == "attention" else num_layers,
        "conv_words": lambda: n * num_layers if kind == "conv" else num_layers,
        "attention_words": lambda: n * num_layers if kind == "attention" else num_layers,
        "conv_one": lambda: 1 if kind == "conv" else num_layers,
        "attention_one": lambda: 1 if kind == "attention" else num_layers,
        "both_words": lambda: n * num_layers,
        "all_counted": lambda: n * num_layers,
        "both_one": lambda: 1,
    }
    return choose(faults, options, lambda: num_layers)


def _one_by_one(faults, n, num_layers):
    options = {
        "never_rnn": lambda: num_layers,
        "one_layer": lambda: n,
        "layer_after_layer": lambda: n * num_layers,
        "all_counted": lambda: n * num_layers,
        "waits_added": lambda: comb(n + num_layers, n) - 1,
        "no_layers": lambda: n,
        "plus_one": lambda: n + num_layers,
        "gaps": lambda: (n - 1) * num_layers,
        "longer": lambda: max(n, num_layers),
        "square": lambda: num_layers * n**2,
        "minus_two": lambda: n + num_layers - 2,
        "fences": lambda: n * num_layers - 1,
        "two_each": lambda: 2 * (n + num_layers - 1),
        "two_across": lambda: 2 * n + num_layers - 1,
        "gaps_and_one": lambda: (n - 1) * num_layers + 1,
        "one_word": lambda: 1,
        "half_wait": lambda: 2 * (num_layers - 1) + n,
    }
    return choose(faults, options, lambda: n + num_layers - 1)


def _true_steps(kind, n, num_layers):
    done = [[0] * (n + 1) for _ in range(num_layers + 1)]
    for layer in range(1, num_layers + 1):
        for word in range(1, n + 1):
            before = done[layer][word - 1] if kind == "rnn" else 0
            done[layer][word] = 1 + max(before, done[layer - 1][word])
    return done[-1][-1]


def _step_probe(kind, n, num_layers, label):
    return Probe(label, {"kind": kind, "n": n, "num_layers": num_layers})


STEPS = Spec(
    name="steps_in_a_row",
    chapter=7,
    minutes=8,
    difficulty=2,
    oracle=_true_steps,
    variant=count_steps,
    faults={
        "layer_after_layer": "A second recurrent layer need not wait for the end of the first: it runs one word behind. That adds one step a layer, not n.",
        "all_counted": "Count what has to wait, not all there is to do: cells that do not wait for each other run at once, and a whole layer of conv or attention is one operation.",
        "waits_added": "A cell waits for two others, but they run at the same time: take the longer of their two chains (max), do not add them.",
        "no_layers": "Every recurrent layer above the first adds one more step, since it waits for the one below at the same word: num_layers is missing.",
        "plus_one": "One too many for the rnn: the first cell needs no layer below it. Count the cells on a path with n words across and num_layers up.",
        "minus_two": "One too few for the rnn: count the cells on the longest chain, not the arrows between them.",
        "gaps": "The first word needs a step too, and layers overlap: the longest chain runs across n words and up num_layers layers.",
        "gaps_and_one": "Layers overlap: a layer waits for the word below, not for the whole layer. So each one adds one step, not n - 1.",
        "fences": "Layers overlap, and the operations are counted, not the arrows between them: each layer above the first adds one step.",
        "longer": "The chain runs across all words and also up all layers: add the two, do not take the larger one.",
        "square": "A cell waits for the word before and the layer below; it does not meet every pair of words: no n**2.",
        "two_each": "One cell step is one operation, both its products included: do not count the cells on the chain twice.",
        "two_across": "One cell step is one operation, with both its products: count n cells across, not 2 * n.",
        "half_wait": "A layer above runs one word behind the one below it, not two: each layer adds one step.",
        "never_rnn": "A recurrent cell waits for the word before it: n words in one layer are n steps, not one.",
        "one_word": "A recurrent cell waits for the word before it and for the layer below: a single step is not enough.",
        "kinds_swapped": "The kinds are the wrong way round: the recurrent layer waits word by word, the others compute all places at once.",
        "always_rnn": 'conv and attention wait for no word: one step a layer. (Is your test `kind == "rnn" or ...`? A string alone counts as True.)',
        "conv_as_rnn": "A convolution computes all its places at once: one step a layer, however many words.",
        "attention_as_rnn": "Attention computes all its places at once: one step a layer, however many words.",
        "one_layer": "You count one layer alone: a layer above can only start when something below it is there, so num_layers comes in.",
        "all_by_word": "conv and attention compute all places at once: count layers there, not words.",
        "both_words": "conv and attention compute all places at once: one step a layer, do not multiply by n.",
        "conv_words": "A convolution needs nothing from its own output at other places: one step a layer, not n.",
        "attention_words": "Attention needs nothing from its own output at other places: one step a layer, not n.",
        "conv_one": "A second convolution waits for the first one: num_layers steps, not 1.",
        "attention_one": "A second attention layer waits for the first one: num_layers steps, not 1.",
        "both_one": "A layer of conv or attention waits for the one below it: num_layers steps, not 1.",
        "pairs": "All pairs of words are computed at once: attention costs n**2 products, but one step a layer.",
        "tree": "A whole layer of conv or attention is one operation here: one step a layer, no logarithm.",
        "inner_two": "A whole attention layer is one operation here, whatever happens inside it: one step a layer.",
        "inner_three": "A whole attention layer is one operation here: do not count projections, scores and sum one by one.",
        "edges": "You count the arrows between the operations: count the operations, one more than that.",
        "input_counted": "The input is there from the start and is no operation: your count is one too many for every kind.",
    },
    unpaired=frozenset(
        {
            "gaps",
            "gaps_and_one",
            "fences",
            "all_counted",
            "waits_added",
            "two_across",
            "square",
            "two_each",
            "half_wait",
            "one_word",
            "kinds_swapped",
            "always_rnn",
        }
        | {"one_layer", "tree", "edges", "input_counted", "both_words", "all_by_word", "longer", "never_rnn"}
    ),
    probes=(
        _step_probe("rnn", 23, 7, "seven recurrent layers"),
        _step_probe("conv", 100, 5, "five convolutions"),
        _step_probe("attention", 70, 11, "eleven attention layers"),
        _step_probe("rnn", 5, 13, "more recurrent layers than words"),
        _step_probe("rnn", 9, 1, "one recurrent layer"),
        _step_probe("rnn", 1, 6, "one word and six recurrent layers"),
    ),
    hints=(
        "When the first layer is at word 2, what can the second layer already do?",
        "Draw the cells as a grid, words across and layers up. Every arrow goes one to the right or one up: how many cells has the longest path?",
        'return ____ + ____ - 1 if kind == "rnn" else ____',
    ),
    follow_up="n = 1000 words, 6 layers: how many steps does each kind take? Which number changes when n doubles?",
)
