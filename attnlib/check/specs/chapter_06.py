"""Chapter 6: sinusoidal positions and how they are added to embeddings, on torch tensors."""

import math

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_06_bias import ALIBI, ROWS
from attnlib.check.specs.chapter_06_frequencies import angles, exponents, frequencies_of, interleave
from attnlib.check.specs.chapter_06_layers import EQUIVARIANT
from attnlib.check.specs.chapter_06_rotary import ROTARY
from attnlib.check.specs.chapter_06_shift import SHIFT
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(606)

_OWN_FREQUENCIES = {"cos_own": (1, 0, 1), "cos_next": (1, 0, 2), "every_feature": (2, 0, 2)}


def _normal(*shape):
    return torch.randn(*shape, generator=_generator)


def sinusoidal(faults, num_positions, d_model):
    """Write positions as sines and cosines, with the mistakes in ``faults``; an odd d_model is refused."""
    if d_model % 2:
        return _odd(faults, num_positions, d_model)
    positions = torch.arange(num_positions) + ("from_one" in faults)
    exponent = exponents(faults, d_model, by_positions=num_positions, by_one_more=d_model + 1, by_one_less=d_model - 1)
    if "exp_sign" in faults:
        rising = torch.exp(torch.arange(0, d_model, 2) * (math.log(10000.0) / d_model))
        return interleave((positions[:, None] * rising).sin(), (positions[:, None] * rising).cos())
    exponent = exponent.flip(0) if "reversed" in faults else exponent
    positions = positions / num_positions if "relative" in faults else positions
    times, first, second = next((own for key, own in _OWN_FREQUENCIES.items() if key in faults), (1, 0, 0))
    sines, cosines = (angles(faults, positions, times * exponent + more / d_model) for more in (first, second))
    forms = {
        "swapped": lambda: (cosines.cos(), sines.sin()),
        "only_sines": lambda: (sines.sin(), cosines.sin()),
        "only_cosines": lambda: (sines.cos(), cosines.cos()),
        "no_cosines": lambda: (sines.sin(), 0 * cosines),
        "angles_only": lambda: (sines, cosines),
    }
    first, second = choose(faults, forms, lambda: (sines.sin(), cosines.cos()))
    if "by_halves_of_features" in faults:
        half = d_model // 2
        own = angles(faults, positions, torch.arange(d_model, dtype=torch.float64) // 2 * 2 / d_model)
        return torch.cat([own[:, :half].sin(), own[:, half:].cos()], dim=1).float()
    if "overlapping" in faults:
        half = d_model // 2
        return torch.cat([first, second[:, -1:], 0 * first[:, : half - 1]], dim=1).float()
    if "stacked_first" in faults:
        return torch.stack([first, second]).reshape(num_positions, d_model).float()
    if "by_parity_of_position" in faults:
        own = angles(faults, positions, torch.arange(d_model, dtype=torch.float64) / d_model)
        return torch.where(positions[:, None] % 2 == 0, own.sin(), own.cos()).float()
    table = torch.cat([first, second], dim=1) if "halves" in faults else interleave(first, second)
    table = table.trunc() if "truncated" in faults else table
    return table.T.float() if "turned" in faults else table.float()


def _odd(faults, num_positions, d_model):
    own = angles((), torch.arange(num_positions), torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    wider = interleave(own.sin(), own.cos()).float()
    if "odd_wider" in faults:
        return wider
    if "odd_zeros" in faults:
        return torch.cat([wider[:, : d_model - 1], torch.zeros(num_positions, 1)], dim=1)
    if "odd" in faults:
        return wider[:, :d_model]
    raise ValueError(f"d_model is {d_model}, expected an even number")


def _position_probe(label, num_positions, d_model):
    return Probe(label, {"num_positions": num_positions, "d_model": d_model})


SINUSOIDAL = Spec(
    name="sinusoidal",
    chapter=6,
    minutes=10,
    difficulty=2,
    oracle=attnlib.sinusoidal_positions,
    variant=sinusoidal,
    faults={
        **frequencies_of("exponent_doubled", "exponent_halved", "exponent_from_one", "exponent_to_one"),
        **frequencies_of("base_1000", "base_100000", "no_frequency", "multiplied", "position_cut"),
        **frequencies_of("whole_wavelength", "no_power", "base_e", "no_base", "degrees", "two_pi"),
        "cos_own": "A sine and its cosine share one frequency: feature 2i + 1 has the exponent 2i / d_model, as feature 2i; yours has (2i + 1) / d_model.",
        "cos_next": "A sine and its cosine share one frequency: your cosine takes that of the next pair, 2(i + 1) / d_model.",
        "every_feature": "i counts pairs, not features: features 2i and 2i + 1 both have the exponent 2i / d_model; yours is 2 * feature / d_model.",
        "by_positions": "Divide 2i by d_model, the number of features, not by the number of positions.",
        "by_one_more": "Divide 2i by d_model itself, not by d_model + 1.",
        "overlapping": "Pair i fills the features 2i and 2i + 1: yours writes to i and i + 1, over the pair before.",
        "exp_sign": "The exponent of exp is negative, -log(10000) * 2i / d_model: without the minus sign the frequencies rise.",
        "by_one_less": "Divide 2i by d_model itself, not by d_model - 1.",
        "reversed": "The fastest pair comes first, with the exponent 0: yours stand in reverse order.",
        "relative": "The angle is the position itself, divided by 10000^(2i / d_model): do not divide it by num_positions, too.",
        "stacked_first": "The reshape mixes positions: stack sines and cosines on a new last axis (dim=-1) before you flatten it.",
        "by_parity_of_position": "Even features are sines and odd ones cosines, in every row; yours goes by even and odd positions.",
        "from_one": "The first position is 0: its row is 0, 1, 0, 1, ... Yours starts at 1.",
        "swapped": "Even features are sines, odd ones cosines: yours are the other way round.",
        "halves": "Sine and cosine of a frequency stand next to each other; yours are all the sines first, then all the cosines.",
        "by_halves_of_features": "Even features are sines and odd ones cosines; you take sines in the first half of the features and cosines in the second.",
        "only_sines": "The odd features are cosines; yours are sines, too.",
        "only_cosines": "The even features are sines; yours are cosines, too.",
        "no_cosines": "The odd features are still 0: fill them with the cosines.",
        "angles_only": "Those are the angles: take the sine (even features) and the cosine (odd ones) of them.",
        "truncated": "Your table holds whole numbers, so the digits behind the point are cut off: make it of floats.",
        "turned": "A position is a row: (num_positions, d_model). Yours is the transpose.",
        "odd": "With an odd d_model the last sine has no cosine: raise ValueError instead of leaving it alone.",
        "odd_zeros": "With an odd d_model the last feature belongs to no pair: raise ValueError instead of leaving it 0.",
        "odd_wider": "With an odd d_model your table gets one column too many: raise ValueError, as pairs need an even number.",
    },
    raises=(ValueError,),
    unpaired=frozenset(
        {
            "odd_zeros",
            "odd_wider",
            "exponent_from_one",
            "exponent_to_one",
            "base_100000",
            "whole_wavelength",
            "no_power",
            "base_e",
            "no_base",
            "degrees",
            "two_pi",
            "by_one_more",
            "by_one_less",
            "overlapping",
            "exp_sign",
            "reversed",
            "relative",
            "stacked_first",
            "by_parity_of_position",
            "by_halves_of_features",
            "only_cosines",
            "no_cosines",
            "angles_only",
            "truncated",
        }
    ),
    probes=(
        _position_probe("five positions, four features", 5, 4),
        _position_probe("seven positions, six features", 7, 6),
        _position_probe("fewer positions than features", 3, 10),
        _position_probe("many positions, eight features", 29, 8),
        _position_probe("an odd number of features", 6, 5),
    ),
    hints=(
        "Every pair of features has one angle for each position. Which shape has the table of all angles?",
        "angle = position / 10000^(2i / d_model), a column of positions and a row of frequencies; sines into the even features, cosines into the odd ones.",
        "P[:, 0::2], P[:, 1::2] = ____(angle), ____(angle)",
    ),
    follow_up="after how many positions does the slowest pair come round once?",
)


def embed(faults, embeddings, P):
    """Scale embeddings and add positions, with the mistakes in ``faults``."""
    batch, n, d_model = embeddings.shape
    roots = {"by_words": n, "by_batch": batch, "by_positions": len(P), "fixed": 512}
    root = next((size for key, size in roots.items() if key in faults), d_model) ** 0.5
    root = int(root) if "whole_root" in faults else root
    scales = {
        "no_scale": lambda: 1.0,
        "divided": lambda: 1 / root,
        "by_d": lambda: root**2,
        "divided_d": lambda: root**-2,
    }
    scale = choose(faults, scales, lambda: root)
    if "scale_both" in faults:
        return scale * _added(faults, embeddings, P)
    if "scale_positions" in faults:
        return _added(faults, embeddings, scale * P)
    return _added(faults, embeddings * scale, P)


def _added(faults, words, P):
    batch, n, d_model = words.shape
    rows = {
        "batch_axis": lambda: P[:batch, None],
        "batch_axis_short": lambda: P[:batch],
        "words_in_front": lambda: P[:n, None],
        "first_row": lambda: P[0],
        "row_of_length": lambda: P[n],
        "last_row_used": lambda: P[n - 1],
        "from_one": lambda: P[1 : n + 1],
        "last_rows": lambda: P[-n:],
        "all_rows": lambda: P,
        "reversed": lambda: P[:n].flip(0),
        "counted_on": lambda: P[: batch * n].reshape(batch, n, d_model),
        "summed_rows": lambda: P[:n].sum(0),
        "mean_row": lambda: P[:n].mean(0),
    }
    added = choose(faults, rows, lambda: P[:n])
    ways = {
        "no_positions": lambda: words,
        "only_positions": lambda: added + 0 * words,
        "subtracted": lambda: words - added,
        "times": lambda: words * added,
        "concatenated": lambda: torch.cat([words, added.expand(batch, n, -1)], dim=-1),
        "behind": lambda: torch.cat([words, added.expand(batch, n, -1)], dim=1),
    }
    if "first_sentence" in faults:
        return torch.cat([words[:1] + added, words[1:]])
    return choose(faults, ways, lambda: words + added)


def _embed_probe(label, batch, n, d_model, num_positions):
    return Probe(label, {"embeddings": _normal(batch, n, d_model), "P": _normal(num_positions, d_model)})


EMBED = Spec(
    name="embed",
    chapter=6,
    minutes=6,
    difficulty=1,
    oracle=lambda embeddings, P: embeddings * embeddings.shape[-1] ** 0.5 + P[: embeddings.shape[1]],
    variant=embed,
    faults={
        "no_scale": "Multiply the embeddings by sqrt(d_model) first, and use the result: else the positions drown them.",
        "divided": "Multiply the embeddings by sqrt(d_model); you divide them by it.",
        "by_d": "The factor is the square root of d_model, not d_model itself.",
        "divided_d": "Multiply the embeddings by sqrt(d_model); you divide them by d_model.",
        "by_words": "The factor is the square root of d_model, the number of features, not of the number of words.",
        "by_batch": "The factor is the square root of d_model, the last axis, not of the number of sentences.",
        "by_positions": "The factor is the square root of d_model, not of the number of rows of P.",
        "whole_root": "Keep the digits of the root: `int(...)` and `math.isqrt` cut sqrt(d_model) down to a whole number.",
        "fixed": "sqrt(512) is right only for the paper's size: take d_model from the last axis of the embeddings.",
        "scale_both": "Scale the embeddings alone, before you add P: yours multiplies the positions, too.",
        "scale_positions": "The factor belongs to the embeddings; you multiply the positions by it.",
        "batch_axis": "The words lie on axis 1: word i gets row i of P, in every sentence. Yours gives all words of sentence b row b.",
        "batch_axis_short": "The words lie on axis 1: take one row of P for every word, P[:n], not one for every sentence.",
        "words_in_front": "Broadcasting adds axes in front by itself: P[:n] fits (batch, n, d_model). With an axis behind the words, rows go to sentences.",
        "first_row": "Every word has a row of its own: word i gets P[i]. Yours all get row 0.",
        "row_of_length": "P[n] is one row: all words get the same. Word i gets P[i]: take the first n rows, P[:n].",
        "last_row_used": "Every word has a row of its own: word i gets P[i]. Yours all get the row of the last word.",
        "from_one": "Word 0 gets row 0 of P: yours starts at row 1.",
        "last_rows": "The words stand at the first places: take P[:n], not the last n rows.",
        "all_rows": "P may have more rows than the sentence has words: take the first n, P[:n].",
        "reversed": "Word 0 gets row 0 of P: yours gives the rows in reverse order.",
        "counted_on": "Every sentence starts again at place 0: yours counts on from one sentence to the next.",
        "summed_rows": "Word i gets row i of P alone: you add the sum of all rows to every word.",
        "mean_row": "Word i gets row i of P alone: you add the mean of all rows to every word.",
        "no_positions": "The positions are missing: add the first n rows of P.",
        "only_positions": "The embeddings are missing: add the positions to them.",
        "first_sentence": "Every sentence gets the positions: yours adds them to the first one alone.",
        "subtracted": "Add the positions; you subtract them.",
        "times": "Add the positions; you multiply the embeddings by them.",
        "concatenated": "Add the positions, feature for feature: yours are put behind the features, so that there are twice as many.",
        "behind": "Add the positions, feature for feature: yours are put behind the words, so that there are twice as many.",
    },
    unpaired=frozenset(
        {
            "divided_d",
            "by_batch",
            "by_positions",
            "whole_root",
            "fixed",
            "last_row_used",
            "batch_axis_short",
            "words_in_front",
            "last_rows",
            "reversed",
            "counted_on",
            "summed_rows",
            "mean_row",
            "no_positions",
            "only_positions",
            "subtracted",
            "first_sentence",
            "times",
            "behind",
        }
    ),
    probes=(
        _embed_probe("two sentences of five words, eleven positions", 2, 5, 6, 11),
        _embed_probe("as many sentences as words, more positions", 3, 3, 8, 10),
        _embed_probe("exactly as many positions as words", 4, 7, 10, 7),
        _embed_probe("sentences of one word", 5, 1, 12, 3),
    ),
    hints=(
        "Which axis of the embeddings counts the words of a sentence, and how many rows of P does it need?",
        "Multiply by the square root of the last size; take the first n rows of P; broadcasting adds them to every sentence.",
        "return embeddings * ____ ** 0.5 + P[____]",
    ),
    follow_up="an embedding starts with entries of size 1 / sqrt(d_model). How large are they after the factor, beside the sines?",
)

SPECS = (SINUSOIDAL, SHIFT, EMBED, ROTARY, ALIBI, EQUIVARIANT, ROWS)
