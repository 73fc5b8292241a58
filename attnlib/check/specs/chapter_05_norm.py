"""Chapter 5: layer norm by hand, on torch tensors."""

import torch
from torch.nn.functional import layer_norm as torch_layer_norm

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(555)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def layer_norm(faults, x, gain, shift, eps):
    """Normalise every word, with the mistakes in ``faults``."""
    if "fresh_layer" in faults:
        return torch.nn.LayerNorm(x.shape[-1])(x).detach()
    axes = {
        "over_words": lambda: 1,
        "over_batch": lambda: 0,
        "over_both": lambda: (1, 2),
        "over_batch_and_words": lambda: (0, 1),
        "over_all": lambda: (0, 1, 2),
    }
    axis = choose(faults, axes, lambda: -1)
    x, given = x.double(), x.double()
    mean = x.mean(axis, keepdim=True)
    middle = x.median(-1, keepdim=True).values if "median" in faults else mean
    variance = ((x - mean) ** 2).mean(axis, keepdim=True)
    if "unbiased" in faults:
        variance = x.var(axis, keepdim=True)
    if "rms" in faults or "raw_squares" in faults:
        variance = (x**2).mean(axis, keepdim=True)
    if "sum_of_squares" in faults:
        variance = ((x - mean) ** 2).sum(axis, keepdim=True)
    centred = x if "not_centred" in faults or "rms" in faults else x - middle
    centred = mean - x if "sign" in faults else centred
    options = {
        "std_plus_eps": lambda: centred / (variance.sqrt() + eps),
        "no_eps": lambda: centred / variance.sqrt(),
        "no_root": lambda: centred / (variance + eps),
        "root_times": lambda: centred * (variance + eps).sqrt(),
        "eps_squared": lambda: centred / (variance + eps**2).sqrt(),
        "eps_fixed": lambda: centred / (variance + 1e-5).sqrt(),
        "no_division": lambda: centred,
        "absolute": lambda: centred / ((x - mean).abs().mean(axis, keepdim=True) + eps),
        "range": lambda: centred / (x.amax(axis, keepdim=True) - x.amin(axis, keepdim=True) + eps),
        "mean_later": lambda: (z := x / (variance + eps).sqrt()) - z.mean(axis, keepdim=True) * 0 - mean,
    }
    return _stretched(
        faults, choose(faults, options, lambda: centred / (variance + eps).sqrt()), gain, shift, given
    ).float()


def _stretched(faults, y, gain, shift, x):
    ways = {
        "no_gain": lambda: y + shift,
        "no_shift": lambda: gain * y,
        "neither": lambda: y,
        "shift_first": lambda: gain * (y + shift),
        "exchanged": lambda: shift * y + gain,
        "gain_added": lambda: y + gain + shift,
        "gain_plus_one": lambda: (1 + gain) * y + shift,
        "shift_subtracted": lambda: gain * y - shift,
        "gain_divides": lambda: y / gain + shift,
        "residual": lambda: x + gain * y + shift,
        "shift_twice": lambda: gain * y + 2 * shift,
    }
    return choose(faults, ways, lambda: gain * y + shift)


def _norm_probe(label, x, eps):
    d_model = x.shape[-1]
    return Probe(label, {"x": x, "gain": 1.5 * _normal(d_model), "shift": _normal(d_model), "eps": eps})


def _with_a_constant_word(x):
    x[1, 0] = 1.25
    return x


NORM = Spec(
    name="layer_norm",
    chapter=5,
    minutes=8,
    difficulty=1,
    oracle=lambda x, gain, shift, eps: torch_layer_norm(x, gain.shape, gain, shift, eps),
    variant=layer_norm,
    faults={
        "unbiased": "The variance divides by the number of features, not by one less: torch's var and std need `unbiased=False` (or correction=0).",
        "std_plus_eps": "eps stands under the root: sqrt(variance + eps), not sqrt(variance) + eps.",
        "no_eps": "eps is missing under the root: a word whose features are all equal has variance 0, and 0 / 0 is NaN.",
        "eps_squared": "Add eps itself to the variance, not its square.",
        "eps_fixed": "Use the eps that is given, not 1e-5.",
        "no_root": "Divide by the square root of the variance, not by the variance.",
        "root_times": "Divide by sqrt(variance + eps); you multiply by it.",
        "no_division": "Divide by sqrt(variance + eps), and use the result: only the mean is taken off.",
        "sum_of_squares": "The variance is the mean of the squares: divide their sum by the number of features.",
        "absolute": "Divide by sqrt(variance + eps); you divide by the mean of the absolute differences.",
        "range": "Divide by sqrt(variance + eps); you divide by largest minus smallest.",
        "not_centred": "Subtract the mean of the word first, and use the result.",
        "mean_later": "Subtract the mean before you divide: (x - mean) / sqrt(variance + eps), with brackets.",
        "median": "Subtract the mean, not the median.",
        "rms": "That is RMS norm: subtract the mean first, and take the variance around it.",
        "raw_squares": "The variance is the mean of (x - mean) squared: subtract the mean before you square.",
        "sign": "Subtract the mean from x, not x from the mean: all signs are turned round.",
        "over_words": "Every word is normalised by itself, over its features (dim=-1); yours runs over the words.",
        "over_batch": "Every word is normalised by itself, over its features (dim=-1); yours runs over the sentences of the batch.",
        "over_both": "Every word is normalised by itself, over its features (dim=-1); yours takes all words of a sentence together.",
        "over_batch_and_words": "Every word is normalised by itself, over its features: yours is batch norm, one mean for each feature.",
        "over_all": "Every word has a mean and a variance of its own (dim=-1); yours takes one for the whole array.",
        "no_gain": "Multiply by gain, feature for feature, before you add shift.",
        "no_shift": "Add shift, feature for feature, at the end.",
        "neither": "Stretch and shift at the end: gain * y + shift.",
        "fresh_layer": "A new nn.LayerNorm has a gain of 1, a shift of 0 and an eps of 1e-5: use the gain, shift and eps that are given.",
        "shift_first": "Multiply by gain first, then add shift: gain * y + shift.",
        "exchanged": "gain multiplies and shift is added: yours have changed places.",
        "gain_added": "Multiply by gain; you add it, as you add shift.",
        "gain_plus_one": "Multiply by gain itself, not by 1 + gain.",
        "gain_divides": "Multiply by gain; you divide by it.",
        "shift_subtracted": "Add shift at the end; you subtract it.",
        "shift_twice": "Add shift once, after the product with gain.",
        "residual": "Return the normalised words alone: x is not added here.",
    },
    unpaired=frozenset(
        {
            "eps_squared",
            "eps_fixed",
            "root_times",
            "no_division",
            "sum_of_squares",
            "absolute",
            "range",
            "mean_later",
            "median",
            "rms",
            "fresh_layer",
            "sign",
            "over_batch",
            "over_all",
            "over_batch_and_words",
            "gain_added",
            "gain_plus_one",
            "gain_divides",
            "shift_subtracted",
            "shift_twice",
            "residual",
            "neither",
        }
    ),
    probes=(
        _norm_probe("two sentences of five words, a large eps", 1 + _normal(2, 5, 7, scale=2.0), 0.3),
        _norm_probe("a word whose features are all equal", _with_a_constant_word(_normal(3, 2, 4)), 1e-3),
        _norm_probe("as many words as features, small numbers", _normal(1, 6, 6, scale=0.05) - 0.1, 1e-4),
    ),
    hints=(
        "Which axis holds the features of a word, and which shape must the mean have to be subtracted from x?",
        "Mean and variance over the last axis with keepdim=True; (x - mean) / sqrt(variance + eps); times gain, plus shift.",
        "variance = ((x - mean) ** 2).____(dim=-1, keepdim=____)",
    ),
    follow_up="multiply x by 1000 and normalise again. What changes, and what if eps were 0?",
)
