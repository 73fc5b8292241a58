"""Chapter 7: how far apart two words are in a stack of layers."""

from collections import deque
from math import ceil

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose


def search(faults, sees, start, end):
    """Count the layers from an input to an output, with the mistakes in ``faults``."""
    sees = _edges(faults, sees)
    n = len(sees)
    if "depth_first" in faults:
        layers = _depth_first(sees, start, end)
    elif "recursion" in faults:
        layers = _recursion(sees, start, end, set())
    elif "newest_first" in faults:
        layers = _newest_first(sees, start, end)
    elif "widest" in faults:
        rows, columns = sees.nonzero(as_tuple=True)
        layers = max(1, ceil(abs(end - start) / max(1, (rows - columns).abs().max().item())))
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


def _recursion(sees, place, end, seen):
    """Follow the first way that is new, and return the length of the first one that arrives."""
    for nearby in sees[:, place].nonzero().flatten().tolist():
        if nearby not in seen:
            seen.add(nearby)
            rest = 0 if nearby == end else _recursion(sees, nearby, end, seen)
            if rest is not None:
                return rest + 1
    return None


def _depth_first(sees, start, end):
    """Search with a stack, and mark a place as seen when it is taken from there."""
    stack, seen = [(start, 0)], set()
    while stack:
        place, layers = stack.pop()
        nearby = sees[:, place].nonzero().flatten().tolist()
        if end in nearby:
            return layers + 1
        if place not in seen:
            seen.add(place)
            stack += [(one, layers + 1) for one in nearby]
    return None


def _newest_first(sees, start, end):
    """Search with a stack, and mark a place as seen when it is put there."""
    stack, seen = [(start, 0)], set()
    while stack:
        place, layers = stack.pop()
        for nearby in sees[:, place].nonzero().flatten().tolist():
            if nearby == end:
                return layers + 1
            if nearby not in seen:
                seen.add(nearby)
                stack.append((nearby, layers + 1))
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
_GROUPS = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 3), (3, 0), (4, 1), (2, 5)]
_LOOSE = [(0, 3), (5, 0), (1, 2), (2, 1), (4, 8)]

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
        "recursion": "The first path that is found must be the shortest: a recursion dives deep before it tries the next place; a queue goes layer by layer.",
        "newest_first": "Take the oldest of the waiting places, not the newest: a list from which `pop()` takes the last follows one way to its end before it tries the others.",
        "count_popped": "Count layers, not places: all that wait since the same layer belong together, so the count goes up once for all of them.",
        "count_paths": "That is how many paths there are: the number of layers on the shortest is asked for.",
        "farthest": "That is the way to the place farthest from start: only the way to `end` is asked for.",
        "straight": "Follow the table you are given: layers may jump over places or not lead there at all, so the distance of the places is not the number of layers.",
        "widest": "Follow the table you are given: its rows do not all reach equally far, so the distance divided by a reach is not the number of layers.",
        "greedy": "The jump that lands nearest to the end need not lie on the shortest path: try every place that a layer reaches.",
        "zero_layers": "At least one layer is used, also from a place to itself: do not return 0 when start == end.",
        "start_closed": "Do not mark start as visited before a layer has led back to it: when start == end, a way round may be the answer.",
        "own_or_never": "A place that does not see itself may still get back to itself in several layers: search there, too.",
        "one_layer": "You look at a single layer: go on from the places it has reached. (`sees ** 2` works number by number: two layers are a product with @.)",
        "too_short": "The search stops too early: the way from one end of a chain to the other takes n - 1 layers, a way round even n.",
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
        {"straight", "widest", "greedy", "farthest", "count_paths", "count_popped", "depth_first", "newest_first"}
        | {"huge_for_never", "empty_deque", "empty_list", "more_for_never", "inverted", "no_self"}
        | {"own_or_never"}
    ),
    probes=(
        _path_probe("short cuts and detours", _graph(9, _DETOURS), 1, 6),
        _path_probe("two places that no number of layers links", _graph(6, _GROUPS), 0, 3),
        _path_probe("a ring, once round", _graph(7, [(place, (place + 1) % 7) for place in range(7)]), 3, 3),
        _path_probe("a place that sees itself", _band(6, 1, 1), 2, 2),
        _path_probe("a start that no place looks at, and an end without any arrow", _graph(9, _LOOSE), 3, 7),
        _path_probe("a place that gets back to itself", _graph(7, _ROUND), 2, 2),
    ),
    hints=(
        "One layer leads from place j to all places i with sees[i, j]. Where do two layers lead?",
        "Keep the set of places reached after 1, 2, ... layers. Stop when the end is among them, or when nothing new comes.",
        "reached = {i for j in reached for i in range(n) if sees[____, ____]}",
    ),
    follow_up="what does it give for full attention, and what for causal attention, from the last word to the first?",
)
