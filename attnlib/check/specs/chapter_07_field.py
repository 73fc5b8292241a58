"""Chapter 7: how much of the input an output of stacked convolutions sees."""

from math import prod

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose


def field(faults, kernel_size, dilations):
    """Count the inputs from the first to the last that one output sees, with the mistakes in ``faults``."""
    steps = kernel_size
    if "kernel_for_gaps" not in faults:
        steps = steps - 1
    if "half" in faults:
        steps = (kernel_size - 1) // 2
    if "two_halves" in faults:
        steps = 2 * (kernel_size // 2)
    if "both_sides" in faults:
        steps = 2 * steps
    sizes = {
        "no_dilation": lambda: len(dilations),
        "last": lambda: dilations[-1],
        "first": lambda: dilations[0],
        "largest": lambda: max(dilations),
        "product": lambda: prod(dilations),
        "powers": lambda: 2 ** len(dilations) - 1,
        "gaps_added": lambda: sum(dilations) + len(dilations),
        "gaps_less": lambda: sum(dilations) - len(dilations),
        "without_last": lambda: sum(dilations[:-1]),
        "without_first": lambda: sum(dilations[1:]),
        "times_layers": lambda: len(dilations) * sum(dilations),
        "largest_times": lambda: len(dilations) * max(dilations),
        "squares": lambda: sum(one**2 for one in dilations),
        "strides": lambda: sum(prod(dilations[: place + 1]) for place in range(len(dilations))),
        "strides_late": lambda: sum(prod(dilations[:place]) for place in range(len(dilations))),
        "exponents": lambda: sum(2**one for one in dilations),
        "first_not_dilated": lambda: 1 + sum(dilations[1:]),
        "last_not_dilated": lambda: sum(dilations[:-1]) + 1,
        "running": lambda: sum(sum(dilations[: place + 1]) for place in range(len(dilations))),
    }
    whole = {
        "exponent": lambda: kernel_size ** len(dilations),
        "no_kernel": lambda: 1 + sum(dilations),
        "taps": lambda: kernel_size * len(dilations),
        "fields_added": lambda: sum(1 + steps * one for one in dilations),
        "fields_multiplied": lambda: prod(1 + steps * one for one in dilations),
        "kernel_times": lambda: kernel_size * sum(dilations),
        "from_kernel": lambda: kernel_size + steps * sum(dilations),
        "last_kernel": lambda: kernel_size * dilations[-1],
        "kernel_product": lambda: kernel_size * prod(dilations),
        "fan": lambda: 1 + len(dilations) * (kernel_size - 1) * len(dilations),
        "gaps_left_out": lambda: len(_seen(kernel_size, dilations)),
    }
    count = choose(faults, whole, lambda: 1 + steps * choose(faults, sizes, lambda: sum(dilations)))
    return count - ("no_own" in faults) + ("one_more" in faults)


def _seen(kernel_size, dilations):
    """Find the places, counted back from the output's own, that it sees."""
    places = {0}
    for dilation in dilations:
        places = {place + dilation * tap for place in places for tap in range(kernel_size)}
    return places


def _true_field(kernel_size, dilations):
    from attnlib import costs, layers  # here, so that the other chapters do not wait for them

    stack = [layers.ConvLayer(2, kernel_size, dilation=dilation, causal=True) for dilation in dilations]
    return costs.receptive_field(torch.nn.Sequential(*stack), 100)


def _field_probe(label, kernel_size, dilations):
    return Probe(label, {"kernel_size": kernel_size, "dilations": dilations})


FIELD = Spec(
    name="receptive_field",
    chapter=7,
    minutes=6,
    difficulty=1,
    oracle=_true_field,
    variant=field,
    faults={
        "no_own": "One too few: count both the first and the last input, as a fence has one post more than gaps.",
        "one_more": "One too many: a stack whose layers add 12 places in all sees 13 inputs, the first and the last included.",
        "no_dilation": "The taps of layer l are dilations[l] apart: the field grows by (kernel_size - 1) * dilations[l], not by kernel_size - 1.",
        "no_kernel": "A kernel of kernel_size taps reaches over kernel_size - 1 gaps, each of them a dilation long: the factor kernel_size - 1 is missing.",
        "last": "Every layer widens the field, not the last one alone: add up over all dilations.",
        "first": "Every layer widens the field, not the first one alone: add up over all dilations.",
        "largest": "Every layer widens the field, not the one with the largest dilation alone: add up over all.",
        "product": "The layers add to the field: sum the dilations, do not multiply them.",
        "powers": "Do not assume the dilations 1, 2, 4, ...: use the ones you are given.",
        "gaps_added": "A dilation is the distance from one tap to the next, not the number of places left out: do not add 1 to it.",
        "gaps_less": "A dilation is the distance from one tap to the next, so the whole of it counts: do not take 1 off.",
        "without_last": "The last layer widens the field, too: your loop or slice leaves it out.",
        "without_first": "The first layer widens the field, too: your loop or slice leaves it out.",
        "times_layers": "Add the dilations up once: do not multiply by the number of layers as well.",
        "largest_times": "Every layer has its own dilation: add them up instead of taking the largest for all.",
        "squares": "A layer adds (kernel_size - 1) * dilation places: its dilation comes in once, not squared.",
        "running": "Every layer adds (kernel_size - 1) * its own dilation, not the sum of all dilations so far.",
        "strides": "Dilations do not multiply from layer to layer, as strides do: each layer adds (kernel_size - 1) * its own dilation.",
        "strides_late": "A dilation is no stride: each layer adds (kernel_size - 1) * its own dilation, not the product of those before.",
        "exponents": "Use the dilations as they are: they are distances between taps, no exponents of 2.",
        "first_not_dilated": "The first layer is dilated, too: start from 1 and add (kernel_size - 1) * dilations[0], not from kernel_size.",
        "last_not_dilated": "The last layer is dilated, too: it adds (kernel_size - 1) * dilations[-1], not kernel_size - 1.",
        "exponent": "kernel_size ** layers holds only for dilations 1, k, k**2, ...: add up (kernel_size - 1) * dilation over the layers.",
        "taps": "Those are the taps of all layers: each layer widens the field by (kernel_size - 1) * dilation.",
        "fields_added": "Fields overlap in the output's own place: add (kernel_size - 1) * dilation a layer, and the 1 once, at the end.",
        "fields_multiplied": "Each layer widens the field by (kernel_size - 1) * dilation: add, do not multiply the fields.",
        "kernel_times": "Between kernel_size taps there are kernel_size - 1 gaps: 1 + (kernel_size - 1) * sum of the dilations.",
        "kernel_for_gaps": "Between kernel_size taps there are kernel_size - 1 gaps: a layer adds (kernel_size - 1) * dilation.",
        "kernel_product": "Each layer widens the field by (kernel_size - 1) * dilation: add these up, nothing is multiplied over layers.",
        "last_kernel": "Every layer widens the field, by (kernel_size - 1) * dilation: yours has the last one alone, and kernel_size gaps.",
        "from_kernel": "Start from 1, the output's own place, not from kernel_size: the first layer is among those you add up.",
        "gaps_left_out": "Count from the first to the last input, with the places in between that no tap falls on: those are part of the field.",
        "half": "Count both sides: a kernel reaches over kernel_size - 1 gaps in all; you have one half of it.",
        "two_halves": "2 * (kernel_size // 2) is one too many for an even kernel: between kernel_size taps there are kernel_size - 1 gaps.",
        "both_sides": "A kernel reaches over kernel_size - 1 gaps, both sides together: you count them twice.",
        "fan": "Each layer widens the field by (kernel_size - 1) * dilation: add these up, and nothing for the layers themselves.",
    },
    unpaired=frozenset(
        {
            "one_more",
            "squares",
            "running",
            "strides",
            "strides_late",
            "exponents",
            "last_not_dilated",
            "two_halves",
            "largest_times",
            "times_layers",
            "kernel_product",
            "last_kernel",
            "fan",
        }
        | {"fields_multiplied", "taps", "exponent", "from_kernel", "powers", "gaps_less", "kernel_times"}
        | {"largest", "first", "both_sides", "product"}
    ),
    probes=(
        _field_probe("four layers, dilations that do not double", 7, [5, 6, 1, 2]),
        _field_probe("a wide kernel", 11, [1, 7]),
        _field_probe("an even kernel and three layers", 4, [1, 3, 2]),
        _field_probe("one layer", 5, [1]),
        _field_probe("a layer with gaps that no other layer fills", 2, [2, 7]),
    ),
    hints=(
        "One layer with 3 taps that are 4 apart: how far is it from the first tap to the last?",
        "Layer l pushes the ends apart by (kernel_size - 1) * dilations[l]. Add up, and count both ends.",
        "return ____ + (kernel_size - ____) * sum(____)",
    ),
    follow_up="with dilations 1, 2, 4, 8, ... and kernel_size 2: how many layers see 1024 words?",
)
