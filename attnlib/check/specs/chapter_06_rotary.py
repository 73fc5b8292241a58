"""Chapter 6: rotary positions, on torch tensors."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_06_frequencies import angles, exponents, frequencies_of, interleave
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(616)


def rotate_pairs(faults, x, positions):
    """Turn pairs of features, with the mistakes in ``faults``."""
    d, half = x.shape[-1], x.shape[-1] // 2
    places = {
        "counted": lambda: torch.arange(len(positions)),
        "from_one": lambda: positions + 1,
        "differences": lambda: positions - positions[0],
    }
    positions = choose(faults, places, lambda: positions)
    exponent = exponents(faults, d, by_words=x.shape[1], by_model=d * len(x))
    first, second = (angles(faults, positions, exponent + more / d) for more in (0, "own_frequency" in faults))
    if "tables_in_halves" in faults:
        features = torch.arange(d).reshape(half, 2) % half
        first, second = first[:, features[:, 0]], second[:, features[:, 1]]
    if "tables_interleaved" in faults:
        features = torch.arange(d).reshape(2, half) // 2
        first, second = first[:, features[0]], second[:, features[1]]
    if "mixed_over_heads" in faults:
        h, n = x.shape[:2]
        first, second = (one[:, None].expand(n, h, half).reshape(h, n, half) for one in (first, second))
    if "over_heads" in faults:
        first, second = first[:, None], second[:, None]
    if {"halves", "halves_in", "tables_interleaved"} & set(faults):
        a, b = x[..., :half], x[..., half:]
    else:
        a, b = x[..., 0::2], x[..., 1::2]
    a, b = _turned(faults, a.double(), b.double(), first, second)
    a, b = (b, a) if "order_swapped" in faults else (a, b)
    if {"halves", "halves_out", "tables_interleaved"} & set(faults):
        return torch.cat([a, b], dim=-1).float()
    return interleave(a, b).float()


def _turned(faults, a, b, first, second):
    c, s, cl, sl = first.cos(), first.sin(), second.cos(), second.sin()
    forms = {
        "backwards": lambda: (a * c + b * s, b * cl - a * sl),
        "both_plus": lambda: (a * c + b * s, a * sl + b * cl),
        "both_minus": lambda: (a * c - b * s, b * cl - a * sl),
        "swapped": lambda: (a * s - b * c, a * cl + b * sl),
        "no_sines": lambda: (a * c, b * cl),
        "own_sine": lambda: (a * c - a * s, b * cl + b * sl),
        "overwritten": lambda: (a * c - b * s, (a * c - b * s) * sl + b * cl),
        "added": lambda: (a + s, b + cl),
        "added_turned": lambda: (a + c, b + sl),
        "multiplied_by": lambda: (a * s, b * cl),
        "first_only": lambda: (a * c - b * s, b + 0 * cl),
    }
    return choose(faults, forms, lambda: (a * c - b * s, a * sl + b * cl))


def _probe(label, num_heads, d, *positions):
    x = torch.randn(num_heads, len(positions), d, generator=_generator)
    return Probe(label, {"x": x, "positions": torch.tensor(positions)})


ROTARY = Spec(
    name="rotate_pairs",
    chapter=6,
    minutes=12,
    difficulty=3,
    oracle=attnlib.rotary,
    variant=rotate_pairs,
    faults={
        **frequencies_of("exponent_doubled", "exponent_halved", "exponent_from_one", "exponent_to_one", d="d"),
        **frequencies_of("base_1000", "base_100000", "no_frequency", "multiplied", "position_cut", d="d"),
        **frequencies_of("whole_wavelength", "no_power", "degrees", "two_pi", d="d"),
        "halves": "Turn neighbours, features 2i and 2i + 1: yours pairs feature i with feature i + d / 2, which is another convention.",
        "halves_out": "Put the turned pairs back where they came from, to features 2i and 2i + 1: yours ends with all first numbers, then all second ones.",
        "halves_in": "The pairs are neighbours, x[..., 0::2] and x[..., 1::2]: you take the two halves of the features, and write to neighbours.",
        "tables_in_halves": "Both features of a pair turn by one angle: repeat every angle twice in a row (0, 0, 1, 1, ...). Yours are laid out in halves (0, 1, ..., 0, 1, ...).",
        "tables_interleaved": "Pairs and angles follow two conventions: your angles are for neighbours, but you turn feature i with feature i + d / 2. Pair 2i with 2i + 1.",
        "own_frequency": "Both features of a pair turn by one angle, with the exponent 2i / d: yours has (2i + 1) / d for the second.",
        "backwards": "You turn backwards: (a, b) becomes (a cos - b sin, a sin + b cos). The minus sign stands in the first number.",
        "both_plus": "The minus sign is missing: (a, b) becomes (a cos - b sin, a sin + b cos).",
        "both_minus": "There is one minus sign too many: (a, b) becomes (a cos - b sin, a sin + b cos).",
        "swapped": "Sine and cosine have changed places: at position 0 nothing turns, (a, b) becomes (a cos - b sin, a sin + b cos).",
        "no_sines": "The sines are missing: (a, b) becomes (a cos - b sin, a sin + b cos).",
        "own_sine": "The sine multiplies the other number of the pair: a cos - b sin, and b cos + a sin.",
        "overwritten": "The second number needs the old a: keep it in a name of its own before you overwrite it.",
        "first_only": "The second number of a pair turns, too: a sin + b cos.",
        "order_swapped": "Inside a pair the first number stays in front: yours have changed places.",
        "added": "Rotary positions turn the features; you add sines and cosines to them.",
        "added_turned": "Rotary positions turn the features: (a cos - b sin, a sin + b cos). You add cosines and sines to them.",
        "multiplied_by": "A rotation mixes both numbers: (a cos - b sin, a sin + b cos). You multiply each by one sine or cosine.",
        "counted": "Use the positions that are given: yours are always 0, 1, 2, ...",
        "from_one": "Use the positions as they are given: yours are one too large.",
        "differences": "Use the positions as they are given: yours start at 0 whatever the first one is.",
        "over_heads": "The positions belong to the words, axis 1: yours run along the heads.",
        "mixed_over_heads": "The positions belong to the words, axis 1, in every head alike: your reshape gives words the angles of other words.",
        "by_words": "Divide 2i by d, the number of features, not by the number of words.",
        "by_model": "Divide 2i by d, the features of one head, not of all heads together.",
    },
    unpaired=frozenset(
        {
            "exponent_from_one",
            "exponent_to_one",
            "base_100000",
            "position_cut",
            "whole_wavelength",
            "no_power",
            "degrees",
            "two_pi",
            "own_frequency",
            "no_sines",
            "own_sine",
            "first_only",
            "order_swapped",
            "added",
            "added_turned",
            "multiplied_by",
            "differences",
            "over_heads",
            "mixed_over_heads",
            "by_words",
            "by_model",
            "both_minus",
            "halves_in",
        }
    ),
    probes=(
        _probe("places out of order, four features", 2, 4, 3, 0, 7, 1, 12),
        _probe("as many heads as words", 3, 8, 0, 1, 2),
        _probe("two words far behind, one head", 1, 10, 40, 41),
        _probe("five heads, six features", 5, 6, 5, 2),
    ),
    hints=(
        "Which features of x make the pairs, and which shape has the table of angles for one head?",
        "angle = positions[:, None] / 10000^(2i / d); a, b = even and odd features; write a cos - b sin and a sin + b cos back to where a and b came from.",
        "out[..., 0::2], out[..., 1::2] = a * cos - ____, a * sin + ____",
    ),
    follow_up="turn a query and a key and take their dot product. What happens to it when both move on by 10 places?",
)
