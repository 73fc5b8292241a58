"""Chapter 6: sines and cosines of positions: what is said about their frequencies, and how to get them wrong."""

import math

import torch

FREQUENCIES = {
    "exponent_doubled": "The exponent runs in steps of 2 / d_model: 0, 2/d, 4/d, ... Yours is doubled: an index that is even already is not multiplied by 2 again.",
    "exponent_halved": "The exponent of pair i is 2i / d_model; yours is i / d_model, half of it: the factor 2 is missing (or the base is 100).",
    "exponent_from_one": "The first pair has the exponent 0, so its frequency is 1: count the pairs from 0, not from 1.",
    "exponent_to_one": "Divide 2i by d_model: yours runs up to exactly 1, as i / (d_model / 2 - 1) does.",
    "base_1000": "The base is 10000; yours is 1000.",
    "base_100000": "The base is 10000; yours is 100000.",
    "no_frequency": "All your pairs turn equally fast: the angle of pair i is divided by 10000^(2i / d_model). (With `//` the exponent is cut to 0: use `/`.)",
    "multiplied": "Divide by 10000^(2i / d_model); you multiply by it, so the frequencies rise instead of falling.",
    "position_cut": "Keep the digits of the angle: `//` cuts position / 10000^(...) down to a whole number. Use `/`.",
    "whole_wavelength": "Keep the digits of 10000^(2i / d_model): `int(...)` or `//` cuts it down to a whole number.",
    "no_power": "10000 is raised to the power 2i / d_model: you multiply the two, and divide by 0 for the first pair.",
    "base_e": "The base is 10000: with exp, the exponent is -log(10000) * 2i / d_model. Yours has another factor in place of log(10000).",
    "no_base": "The base is 10000: with exp, the exponent is -log(10000) * 2i / d_model. Yours lacks log(10000), so the base is e.",
    "degrees": "The angles are in radians already: do not convert them.",
    "two_pi": "The angle is position / 10000^(2i / d_model), without a factor 2 pi.",
}


def frequencies_of(*keys, d="d_model"):
    """Return {key: what to change} for mistakes with frequencies; ``d`` is what the exercise calls the features."""
    return {key: FREQUENCIES[key].replace("d_model", d) for key in keys}


def exponents(faults, d, **sizes):
    """Return the exponents 2i / d of all pairs; ``sizes`` maps the key of a fault to the size it takes for d."""
    d_wrong = next((size for key, size in sizes.items() if key in faults), d)
    right = torch.arange(0, d, 2, dtype=torch.float64) / d_wrong
    if "exponent_to_one" in faults:
        return right * d_wrong / max(d - 2, 1)
    right = right * (2 if "exponent_doubled" in faults else 1)
    right = right / (2 if "exponent_halved" in faults else 1)
    return right + (2 / d if "exponent_from_one" in faults else 0)


def angles(faults, positions, exponent):
    """Return the angle of every position (...,) and pair: (..., number of pairs)."""
    bases = {"base_1000": 1000.0, "base_100000": 1e5, "base_e": math.exp(4), "no_base": math.e}
    base = next((one for key, one in bases.items() if key in faults), 10000.0)
    exponent = torch.zeros_like(exponent) if "no_frequency" in faults else exponent
    exponent = -exponent if "multiplied" in faults else exponent
    wavelength = base * exponent if "no_power" in faults else base**exponent
    wavelength = (wavelength + 1e-9).floor() if "whole_wavelength" in faults else wavelength
    angle = positions.double()[..., None] / wavelength
    angle = (angle + 1e-9).floor() if "position_cut" in faults else angle
    return angle * (math.pi / 180 if "degrees" in faults else 2 * math.pi if "two_pi" in faults else 1)


def interleave(first, second):
    """Put two halves side by side, feature for feature."""
    return torch.stack([first, second], dim=-1).flatten(-2)
