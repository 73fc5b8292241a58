"""Chapter 7: how far apart two words are in a stack of layers, and how much of the input an output sees."""

from collections import deque
from math import prod

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose


def search(faults, sees, start, end):
    """Count the layers from an input to an output, with the mistakes in ``faults``."""
    sees = _edges(faults, sees)
    n = len(sees)
    if "depth_first" in faults:
        layers = _depth_first(sees, start, end, False)
    elif "depth_last" in faults:
        layers = _depth_first(sees, start, end, True)
    elif "count_popped" in faults:
        layers = _popped(sees, start, end)
    elif "farthest" in faults:
        layers = max(_breadth_first(sees, start, other) or -1 for other in range(n))
    elif "straight" in faults:
        layers = abs(end - start)
    elif "greedy" in faults:
        layers = _greedy(sees, start, end)
    else:
        layers = _breadth_first(sees, start, end)
    return _answer(faults, sees, start, end, layers)


def _edges(faults, sees):
    ways = {
        "reversed": lambda: sees.T,
        "both_ways": lambda: sees | sees.T,
        "self_seen": lambda: sees | torch.eye(len(sees), dtype=torch.bool),
        "inverted": lambda: ~sees,
        "no_self": lambda: sees & ~torch.eye(len(sees), dtype=torch.bool),
    }
    return choose(faults, ways, lambda: sees)


def _breadth_first(sees, start, end):
    """Return the least number of layers, at least one, or None."""
    found = {}
    waiting = deque([(start, 0)])
    while waiting:
        place, layers = waiting.popleft()
        for nearby in sees[:, place].nonzero().flatten().tolist():
            if nearby not in found:
                found[nearby] = layers + 1
                waiting.append((nearby, layers + 1))
    return found.get(end)


def _depth_first(sees, start, end, last):
    stack, seen = [(start, 0)], set()
    while stack:
        place, layers = stack.pop()
        nearby = sees[:, place].nonzero().flatten().tolist()
        if end in nearby:
            return layers + 1
        if place not in seen:
            seen.add(place)
            stack += [(one, layers + 1) for one in (nearby if last else nearby[::-1])]
    return None


def _popped(sees, start, end):
    waiting, seen, count = deque([start]), {start}, 0
    while waiting:
        place = waiting.popleft()
        count += 1
        nearby = sees[:, place].nonzero().flatten().tolist()
        if end in nearby:
            return count
        waiting.extend(one for one in nearby if one not in seen)
        seen.update(nearby)
    return None


def _greedy(sees, start, end):
    place, layers = start, 0
    while layers <= len(sees):
        nearby = sees[:, place].nonzero().flatten().tolist()
        if not nearby:
            return None
        place, layers = min(nearby, key=lambda one: abs(end - one)), layers + 1
        if place == end:
            return layers
    return None


def _answer(faults, sees, start, end, layers):
    n = len(sees)
    if start == end:
        special = {
            "zero_layers": lambda: 0,
            "start_closed": lambda: -1,
            "own_or_never": lambda: 1 if sees[start, start] else -1,
            "farthest": lambda: layers,
        }
        layers = choose(faults, special, lambda: layers)
    if "one_layer" in faults and layers is not None and layers > 1:
        layers = None
    if "too_short" in faults and layers is not None and layers >= n:
        layers = None
    if "shorter" in faults and layers is not None and layers >= n - 1:
        layers = None
    if layers is None or layers == -1:
        return _never(faults, n)
    if "count_paths" in faults:
        return int(torch.linalg.matrix_power(sees.double(), layers)[end, start])
    return layers + ("places" in faults) - ("between" in faults)


def _never(faults, n):
    ways = {
        "infinite": lambda: float("inf"),
        "zero_for_never": lambda: 0,
        "n_for_never": lambda: n,
        "more_for_never": lambda: n + 1,
        "empty_deque": deque().popleft,
        "empty_list": lambda: [].pop(0),
        "huge_for_never": lambda: 10**9,
    }
    return choose(faults, ways, lambda: -1)


def _true_path(sees, start, end):
    reached = torch.eye(len(sees))
    for layers in range(1, len(sees) + 1):
        reached = ((sees.float() @ reached) > 0).float()
        if reached[end, start]:
            return layers
    return -1


def _graph(n, edges):
    """Make the table of a layer; an edge (a, b) means that output b depends on input a."""
    sees = torch.zeros(n, n, dtype=torch.bool)
    for source, target in edges:
        sees[target, source] = True
    return sees


def _band(n, back, ahead):
    places = torch.arange(n)
    steps = places - places[:, None]
    return (-back <= steps) & (steps <= ahead)


def _path_probe(label, sees, start, end):
    return Probe(label, {"sees": sees, "start": start, "end": end})


# the shortest way is 1 -> 0 -> 3 -> 6; 1 -> 4 comes nearer to 6 at first
_DETOURS = [(1, 0), (1, 4), (0, 2), (0, 3), (2, 5), (3, 6), (4, 4), (4, 5), (4, 8), (5, 7), (7, 6), (8, 2), (6, 1)]
_ROUND = [(2, 5), (5, 0), (0, 2), (2, 4), (4, 6), (6, 3), (3, 2), (1, 5)]
_GROUPS = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 3), (3, 0), (4, 1)]

PATH = Spec(
    name="path_length",
    chapter=7,
    minutes=15,
    difficulty=3,
    oracle=_true_path,
    variant=search,
    faults={
        "reversed": "You walk against the arrows: sees[i, j] leads from input j to output i. Start at `start` and go from j to every i with sees[i, j].",
        "both_ways": "sees has a direction: that i sees j does not mean that j sees i.",
        "self_seen": "A place sees itself only where sees[i, i] is True; else the way from it to itself leads round, in more than one layer.",
        "no_self": "A place that sees itself counts: from start to the same place one layer is enough where sees[start, start] is True.",
        "inverted": "True means that the output depends on the input; you follow the entries that are False.",
        "depth_first": "The first path that is found must be the shortest: take the place that has waited longest (popleft, pop(0)), not the latest one.",
        "depth_last": "The first path that is found must be the shortest: a stack (pop) or a recursion dives deep first, a queue (popleft) goes layer by layer.",
        "count_popped": "Count layers, not places: all that wait since the same layer belong together, so the count goes up once for all of them.",
        "count_paths": "That is how many paths there are: the number of layers on the shortest is asked for.",
        "farthest": "That is the way to the place farthest from start: only the way to `end` is asked for.",
        "straight": "Follow the table you are given: layers may jump over places or not lead there at all, so the distance of the places is not the number of layers.",
        "greedy": "The jump that lands nearest to the end need not lie on the shortest path: try every place that a layer reaches.",
        "zero_layers": "At least one layer is used, also from a place to itself: do not return 0 when start == end.",
        "start_closed": "Do not mark start as visited before a layer has led back to it: when start == end, a way round may be the answer.",
        "own_or_never": "A place that does not see itself may still get back to itself in several layers: search there, too.",
        "one_layer": "You look at a single layer: go on from the places it has reached.",
        "too_short": "The search stops one layer too early: a way round through all n places takes n layers.",
        "shorter": "The search stops too early: the way from one end of a chain to the other takes n - 1 layers, a way round even n.",
        "places": "Count the layers, not the places on the way: one less.",
        "between": "Count the layers, not the places in between: one more.",
        "infinite": "When no number of layers is enough, return -1, not infinity.",
        "zero_for_never": "When no number of layers is enough, return -1, not 0.",
        "n_for_never": "When no number of layers is enough, return -1, not n.",
        "more_for_never": "When no number of layers is enough, return -1, not n + 1.",
        "huge_for_never": "When no number of layers is enough, return -1, not a huge number.",
        "empty_deque": "The queue is empty when nothing new can be reached: end the loop there and return -1.",
        "empty_list": "The list is empty when nothing new can be reached: end the loop there and return -1, before the next `pop`.",
    },
    unpaired=frozenset(
        {"straight", "greedy", "farthest", "count_paths", "count_popped", "depth_first", "depth_last"}
        | {"huge_for_never", "empty_deque", "empty_list", "more_for_never", "inverted", "no_self"}
        | {"own_or_never", "shorter", "one_layer"}
    ),
    probes=(
        _path_probe("short cuts and detours", _graph(9, _DETOURS), 1, 6),
        _path_probe("two places that no number of layers links", _graph(5, _GROUPS), 0, 3),
        _path_probe("a ring, once round", _graph(7, [(place, (place + 1) % 7) for place in range(7)]), 3, 3),
        _path_probe("a place that sees itself", _band(6, 1, 1), 2, 2),
        _path_probe("each word sees itself and the one before", _band(9, 1, 0), 0, 8),
        _path_probe("a place that gets back to itself", _graph(7, _ROUND), 2, 2),
    ),
    hints=(
        "One layer leads from place j to all places i with sees[i, j]. Where do two layers lead?",
        "Keep the set of places reached after 1, 2, ... layers. Stop when the end is among them, or when nothing new comes.",
        "reached = {i for j in reached for i in range(n) if sees[____, ____]}",
    ),
    follow_up="which table of a full attention layer gives 1 for every pair, and what does a causal one give?",
)


def field(faults, kernel_size, dilations):
    """Count the inputs from the first to the last that one output sees, with the mistakes in ``faults``."""
    steps = kernel_size
    if "kernel_for_gaps" not in faults:
        steps = steps - 1
    if "half" in faults:
        steps = (kernel_size - 1) // 2
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
        "running": lambda: sum(sum(dilations[: place + 1]) for place in range(len(dilations))),
    }
    whole = {
        "exponent": lambda: kernel_size ** len(dilations),
        "taps": lambda: kernel_size * len(dilations),
        "fields_added": lambda: sum(1 + steps * one for one in dilations),
        "fields_multiplied": lambda: prod(1 + steps * one for one in dilations),
        "kernel_times": lambda: kernel_size * sum(dilations),
        "from_kernel": lambda: kernel_size + steps * sum(dilations),
        "last_kernel": lambda: kernel_size * dilations[-1],
        "kernel_product": lambda: kernel_size * prod(dilations),
        "fan": lambda: 1 + len(dilations) * (kernel_size - 1) * len(dilations),
    }
    count = choose(faults, whole, lambda: 1 + steps * choose(faults, sizes, lambda: sum(dilations)))
    return count - ("no_own" in faults) + ("one_more" in faults)


def _true_field(kernel_size, dilations):
    from attnlib import costs, layers  # here, so that the other chapters do not wait for them

    stack = [layers.ConvLayer(2, kernel_size, dilation=dilation, causal=True) for dilation in dilations]
    return costs.receptive_field(torch.nn.Sequential(*stack), 50)


def _field_probe(label, kernel_size, dilations):
    return Probe(label, {"kernel_size": kernel_size, "dilations": dilations})


# no dilation jumps over places that the other layers do not fill: there, a count and a distance are the same
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
        "exponent": "kernel_size ** layers holds only for dilations 1, k, k**2, ...: add up (kernel_size - 1) * dilation over the layers.",
        "taps": "Those are the taps of all layers: each layer widens the field by (kernel_size - 1) * dilation.",
        "fields_added": "Fields overlap in the output's own place: add (kernel_size - 1) * dilation a layer, and the 1 once, at the end.",
        "fields_multiplied": "Each layer widens the field by (kernel_size - 1) * dilation: add, do not multiply the fields.",
        "kernel_times": "Between kernel_size taps there are kernel_size - 1 gaps: 1 + (kernel_size - 1) * sum of the dilations.",
        "kernel_for_gaps": "Between kernel_size taps there are kernel_size - 1 gaps: a layer adds (kernel_size - 1) * dilation.",
        "kernel_product": "Each layer widens the field by (kernel_size - 1) * dilation: add these up, nothing is multiplied over layers.",
        "last_kernel": "Every layer widens the field, by (kernel_size - 1) * dilation: yours has the last one alone, and kernel_size gaps.",
        "from_kernel": "Start from 1, the output's own place, not from kernel_size: the first layer is among those you add up.",
        "half": "Count both sides: a kernel reaches over kernel_size - 1 gaps in all; you have one half of it.",
        "both_sides": "A kernel reaches over kernel_size - 1 gaps, both sides together: you count them twice.",
        "fan": "Each layer widens the field by (kernel_size - 1) * dilation: add these up, and nothing for the layers themselves.",
    },
    unpaired=frozenset(
        {"one_more", "squares", "running", "largest_times", "times_layers", "kernel_product", "last_kernel", "fan"}
        | {"fields_multiplied", "taps", "exponent", "from_kernel", "powers", "gaps_less", "kernel_times"}
        | {"largest", "first", "both_sides", "product"}
    ),
    probes=(
        _field_probe("three layers, dilations that do not double", 3, [4, 1, 2]),
        _field_probe("a wide kernel", 7, [1, 5]),
        _field_probe("an even kernel and four layers", 4, [1, 3, 5, 2]),
        _field_probe("one layer", 5, [1]),
    ),
    hints=(
        "One layer with 3 taps that are 4 apart: how far is it from the first tap to the last?",
        "Layer l pushes the ends apart by (kernel_size - 1) * dilations[l]. Add up, and count both ends.",
        "return ____ + (kernel_size - ____) * sum(____)",
    ),
    follow_up="with dilations 1, 2, 4, 8, ... and kernel_size 2: how many layers see 1024 words?",
)
