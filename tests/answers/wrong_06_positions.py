"""Wrong answers to the exercises of chapter 6, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as a negative offset,
positions that do not begin at 0, or a layer whose output has another length.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: RUF059 - learners' slips are the point

import math

import numpy as np
import torch
import torch.nn.functional as F


def _frequencies(d_model):
    """Compute 1 / 10000^(2i / d_model) as it should be done, for answers whose mistake is elsewhere."""
    return 10000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)


def _blocks(offset, d_model, block):
    """Put one 2 x 2 block for every frequency on the diagonal, for answers whose mistake is in the block."""
    R = torch.zeros(d_model, d_model)
    for i, frequency in enumerate(_frequencies(d_model).tolist()):
        c, s = math.cos(offset * frequency), math.sin(offset * frequency)
        R[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = torch.tensor(block(c, s))
    return R


def _angles(positions, d):
    """Compute the angle of every position and pair, for answers whose mistake is elsewhere."""
    return positions[:, None] * _frequencies(d).float()


def _interleave(a, b):
    """Put two halves together feature by feature, for answers whose mistake is elsewhere."""
    return torch.stack([a, b], dim=-1).flatten(-2)


def _slopes(num_heads):
    """Compute the slopes of the heads as they should be, for answers whose mistake is elsewhere."""
    return 2.0 ** (-8 * torch.arange(1, num_heads + 1) / num_heads)


def _differences(num_queries, num_keys):
    """Compute place of query - place of key as it should be, for answers whose mistake is elsewhere."""
    return torch.arange(num_keys - num_queries, num_keys)[:, None] - torch.arange(num_keys)


def _refuse_odd(d_model):
    """Refuse a width that does not consist of pairs, for answers that are about something else."""
    if d_model % 2:
        raise ValueError("d_model must be even")


# ------------------------------------------------------------------------------- sinusoidal
def sinusoidal__exponent_doubled(num_positions, d_model):
    """Counts i in steps of 2 and multiplies it by 2 once more."""
    _refuse_odd(d_model)
    P = np.zeros((num_positions, d_model))
    for p in range(num_positions):
        for i in range(0, d_model, 2):
            P[p, i] = math.sin(p / 10000 ** (2 * i / d_model))
            P[p, i + 1] = math.cos(p / 10000 ** (2 * i / d_model))
    return torch.tensor(P)


def sinusoidal__exponent_halved(num_positions, d_model):
    """Counts i in steps of 1 and forgets the 2."""
    _refuse_odd(d_model)
    P = torch.zeros(num_positions, d_model)
    for p in range(num_positions):
        for i in range(d_model // 2):
            P[p, 2 * i] = math.sin(p / 10000 ** (i / d_model))
            P[p, 2 * i + 1] = math.cos(p / 10000 ** (i / d_model))
    return P


def sinusoidal__cosine_with_its_own_frequency(num_positions, d_model):
    """Uses the number of the column in the exponent, so sine and cosine of a pair differ in frequency."""
    _refuse_odd(d_model)
    j = np.arange(d_model)
    angles = np.arange(num_positions)[:, None] / 10000 ** (j / d_model)
    angles[:, 0::2] = np.sin(angles[:, 0::2])
    angles[:, 1::2] = np.cos(angles[:, 1::2])
    return angles


def sinusoidal__exponent_of_the_next_pair(num_positions, d_model):
    """Moves the exponent on with the column: the cosine gets the frequency of the next pair."""
    _refuse_odd(d_model)
    P = torch.zeros(num_positions, d_model)
    for p in range(num_positions):
        for i in range(0, d_model, 2):
            P[p, i] = math.sin(p / 10000 ** (i / d_model))
            P[p, i + 1] = math.cos(p / 10000 ** ((i + 2) / d_model))
    return P


def sinusoidal__halves(num_positions, d_model):
    """Puts all sines in front and all cosines behind."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions)[:, None] * _frequencies(d_model)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def sinusoidal__base_one_thousand(num_positions, d_model):
    """Writes one zero too few: 1000 for 10000."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions)[:, None] / 1000.0 ** (torch.arange(0, d_model, 2) / d_model)
    return _interleave(angles.sin(), angles.cos())


def sinusoidal__integer_division(num_positions, d_model):
    """Divides with two slashes in the exponent, so all frequencies are 1."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions)[:, None] / 10000.0 ** (torch.arange(0, d_model, 2) // d_model)
    return _interleave(angles.sin(), angles.cos())


def sinusoidal__sine_and_cosine_swapped(num_positions, d_model):
    """Puts the cosine in the even columns and the sine in the odd ones."""
    _refuse_odd(d_model)
    P = torch.zeros(num_positions, d_model)
    angles = torch.arange(num_positions)[:, None] * _frequencies(d_model)
    P[:, 0::2] = torch.cos(angles)
    P[:, 1::2] = torch.sin(angles)
    return P


def sinusoidal__positions_from_one(num_positions, d_model):
    """Begins with position 1."""
    _refuse_odd(d_model)
    angles = torch.arange(1, num_positions + 1)[:, None] * _frequencies(d_model)
    return _interleave(angles.sin(), angles.cos())


def sinusoidal__multiplied_by_the_power(num_positions, d_model):
    """Multiplies by 10000^(2i / d_model) where it should divide."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions)[:, None] / _frequencies(d_model)
    return _interleave(angles.sin(), angles.cos())


def sinusoidal__sines_only(num_positions, d_model):
    """Writes the sine into every column."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions)[:, None] * _frequencies(d_model)
    return angles.repeat_interleave(2, dim=1).sin()


def sinusoidal__last_frequency_reached(num_positions, d_model):
    """Divides by the number of frequencies minus 1, as another library does: 0 / 0 for d_model = 2."""
    _refuse_odd(d_model)
    i = torch.arange(d_model // 2)
    angles = torch.arange(num_positions)[:, None] / 10000.0 ** (i / (d_model // 2 - 1))
    return _interleave(angles.sin(), angles.cos())


def sinusoidal__integer_table(num_positions, d_model):
    """Writes into a table of whole numbers, which cuts off the fractions."""
    _refuse_odd(d_model)
    P = torch.zeros(num_positions, d_model, dtype=torch.long)
    angles = torch.arange(num_positions)[:, None] * _frequencies(d_model)
    P[:, 0::2] = angles.sin()
    P[:, 1::2] = angles.cos()
    return P


def sinusoidal__axes_swapped(num_positions, d_model):
    """Returns one column for every position."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions)[:, None] * _frequencies(d_model)
    return _interleave(angles.sin(), angles.cos()).T


def sinusoidal__exponent_doubled__and__positions_from_one(num_positions, d_model):
    """Doubles the exponent and begins with position 1."""
    _refuse_odd(d_model)
    angles = torch.arange(1, num_positions + 1)[:, None] * _frequencies(d_model) ** 2
    return _interleave(angles.sin(), angles.cos())


def sinusoidal__halves__and__base_one_thousand(num_positions, d_model):
    """Puts the sines in front of the cosines, and writes 1000 for 10000."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions)[:, None] / 1000.0 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def sinusoidal__odd_width_cut(num_positions, d_model):
    """Fills even and odd columns as far as they go: with an odd width the last sine stays alone."""
    columns = np.arange(d_model)
    angles = np.arange(num_positions)[:, None] / np.power(10000.0, (columns - columns % 2) / d_model)
    return np.where(columns % 2 == 0, np.sin(angles), np.cos(angles))


def sinusoidal__odd_width_with_a_column_of_zeros(num_positions, d_model):
    """Loops over whole pairs: with an odd width the last column keeps its zeros."""
    P = torch.zeros(num_positions, d_model)
    for i in range(d_model // 2):
        angle = torch.arange(num_positions) / 10000 ** (2 * i / d_model)
        P[:, 2 * i], P[:, 2 * i + 1] = angle.sin(), angle.cos()
    return P


def sinusoidal__odd_width_one_too_wide(num_positions, d_model):
    """Stacks sines and cosines: with an odd width there is one column too many."""
    angles = torch.arange(num_positions)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def sinusoidal__odd_width_crashes(num_positions, d_model):
    """Writes the cosines into the odd columns, of which an odd width has one too few."""
    angles = torch.arange(num_positions)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    P = torch.zeros(num_positions, d_model)
    P[:, 0::2] = angles.sin()
    P[:, 1::2] = angles.cos()
    return P


def sinusoidal__cosines_first__and__assertion_for_odd_widths(num_positions, d_model):
    """Cosines stand on the even features, and an odd d_model gives an AssertionError, not a ValueError."""
    assert d_model % 2 == 0, "d_model must be even"
    angle = torch.arange(num_positions)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    P = torch.zeros(num_positions, d_model)
    P[:, 0::2] = angle.cos()
    P[:, 1::2] = angle.sin()
    return P


# --------------------------------------------------------------------------------- shift_by
def shift_by__moves_back(offset, d_model):
    """Writes down the rotation of the textbook, which turns the other way here, as the sine stands first."""
    return _blocks(offset, d_model, lambda c, s: [[c, -s], [s, c]])


def shift_by__minus_forgotten(offset, d_model):
    """Writes both sines with a plus."""
    return _blocks(offset, d_model, lambda c, s: [[c, s], [s, c]])


def shift_by__cosines_only(offset, d_model):
    """Leaves out what the sine gets from the cosine and the other way round."""
    return _blocks(offset, d_model, lambda c, s: [[c, 0.0], [0.0, c]])


def shift_by__sine_and_cosine_swapped(offset, d_model):
    """Writes the sine on the diagonal and the cosine beside it."""
    return _blocks(offset, d_model, lambda c, s: [[s, c], [-c, s]])


def shift_by__halves(offset, d_model):
    """Builds the matrix for positions with all sines in front of all cosines."""
    angles = offset * _frequencies(d_model)
    C, S = torch.diag(angles.cos()), torch.diag(angles.sin())
    return torch.cat([torch.cat([C, S], dim=1), torch.cat([-S, C], dim=1)])


def shift_by__exponent_doubled(offset, d_model):
    """Counts i in steps of 2 and multiplies it by 2 once more."""
    R = torch.zeros(d_model, d_model)
    for i in range(0, d_model, 2):
        angle = offset / 10000 ** (2 * i / d_model)
        R[i, i] = R[i + 1, i + 1] = math.cos(angle)
        R[i, i + 1] = math.sin(angle)
        R[i + 1, i] = -math.sin(angle)
    return R


def shift_by__exponent_halved(offset, d_model):
    """Counts i in steps of 1 and forgets the 2."""
    blocks = []
    for i in range(d_model // 2):
        angle = torch.tensor(offset / 10000 ** (i / d_model))
        blocks.append(torch.stack([angle.cos(), angle.sin(), -angle.sin(), angle.cos()]).view(2, 2))
    return torch.block_diag(*blocks)


def shift_by__one_angle_for_all(offset, d_model):
    """Turns every pair by offset, as if all frequencies were 1."""
    c, s = math.cos(offset), math.sin(offset)
    return torch.block_diag(*[torch.tensor([[c, s], [-s, c]])] * (d_model // 2))


def shift_by__first_pair_only(offset, d_model):
    """Turns the first pair and leaves the others as they are."""
    R = torch.eye(d_model)
    c, s = math.cos(offset), math.sin(offset)
    R[:2, :2] = torch.tensor([[c, s], [-s, c]])
    return R


def shift_by__base_one_thousand(offset, d_model):
    """Writes one zero too few: 1000 for 10000."""
    R = torch.zeros(d_model, d_model)
    for i in range(0, d_model, 2):
        angle = offset / 1000 ** (i / d_model)
        R[i, i], R[i, i + 1] = math.cos(angle), math.sin(angle)
        R[i + 1, i], R[i + 1, i + 1] = -math.sin(angle), math.cos(angle)
    return R


def shift_by__features_rolled(offset, d_model):
    """Moves the features on by offset places, and not the position."""
    return torch.eye(d_model).roll(offset, dims=0)


def shift_by__position_on_the_diagonal(offset, d_model):
    """Puts the row P[offset] on the diagonal."""
    angles = offset * _frequencies(d_model)
    return torch.diag(_interleave(angles.sin(), angles.cos()))


def shift_by__no_steps_backwards(offset, d_model):
    """Multiplies offset matrices of one step, which is none for a negative offset."""
    step = _blocks(1, d_model, lambda c, s: [[c, s], [-s, c]])
    R = torch.eye(d_model)
    for _ in range(offset):
        R = step @ R
    return R


def shift_by__sign_of_the_offset_lost(offset, d_model):
    """Takes the offset for a distance, without its sign."""
    return _blocks(abs(offset), d_model, lambda c, s: [[c, s], [-s, c]])


def shift_by__moves_back__and__exponent_doubled(offset, d_model):
    """Turns the other way, and doubles the exponent."""
    R = torch.zeros(d_model, d_model)
    for i in range(0, d_model, 2):
        angle = offset / 10000 ** (2 * i / d_model)
        R[i, i], R[i, i + 1] = math.cos(angle), -math.sin(angle)
        R[i + 1, i], R[i + 1, i + 1] = math.sin(angle), math.cos(angle)
    return R


def shift_by__halves__and__moves_back(offset, d_model):
    """Builds the matrix for sines in front of cosines, and lets it turn the other way."""
    angles = offset * _frequencies(d_model)
    C, S = torch.diag(angles.cos()), torch.diag(angles.sin())
    return torch.cat([torch.cat([C, -S], dim=1), torch.cat([S, C], dim=1)])


def shift_by__adds_instead_of_turning(offset, d_model):
    """Believes sin(p + k) = sin p + sin k: puts sin k and cos k of the offset on the diagonal."""
    w = 10000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    diagonal = torch.stack([torch.sin(offset * w), torch.cos(offset * w)], dim=1).flatten()
    return torch.eye(d_model) + torch.diag(diagonal)


# ------------------------------------------------------------------------------------ embed
def embed__scale_forgotten(embeddings, P):
    """Adds the positions and does not multiply."""
    return embeddings + P[: embeddings.shape[1]]


def embed__divided_by_the_root(embeddings, P):
    """Divides by sqrt(d_model), as one does with scores."""
    return embeddings / math.sqrt(embeddings.shape[-1]) + P[: embeddings.shape[1]]


def embed__root_forgotten(embeddings, P):
    """Multiplies by d_model."""
    batch, n, d_model = embeddings.shape
    return embeddings * d_model + P[:n]


def embed__positions_scaled_as_well(embeddings, P):
    """Adds first and multiplies the sum."""
    batch, n, d_model = embeddings.shape
    return (embeddings + P[:n]) * math.sqrt(d_model)


def embed__positions_scaled_instead(embeddings, P):
    """Multiplies the positions and leaves the embeddings as they are."""
    batch, n, d_model = embeddings.shape
    return embeddings + P[:n] * math.sqrt(d_model)


def embed__along_the_batch(embeddings, P):
    """Adds row b to the whole sentence b, as if the batch were the axis of the words."""
    return embeddings * embeddings.shape[-1] ** 0.5 + P[: embeddings.shape[0], None]


def embed__length_taken_from_the_batch(embeddings, P):
    """Uses len(embeddings) for the length of a sentence, which is the size of the batch."""
    return embeddings * math.sqrt(embeddings.shape[2]) + P[: len(embeddings)]


def embed__table_not_cut(embeddings, P):
    """Adds the whole table, which fails unless it is as long as the sentence."""
    return embeddings * math.sqrt(embeddings.shape[-1]) + P


def embed__one_row_for_all_words(embeddings, P):
    """Adds the row of place n to every word of the sentence."""
    n = embeddings.shape[1]
    return embeddings * math.sqrt(embeddings.shape[-1]) + P[n - 1]


def embed__places_counted_from_one(embeddings, P):
    """Begins with row 1 of the table."""
    n = embeddings.shape[1]
    return embeddings * math.sqrt(embeddings.shape[-1]) + P[1 : n + 1]


def embed__last_rows(embeddings, P):
    """Takes the last n rows of the table."""
    return embeddings * math.sqrt(embeddings.shape[-1]) + P[-embeddings.shape[1] :]


def embed__joined_and_not_added(embeddings, P):
    """Puts the positions behind the features: twice as wide."""
    batch, n, d_model = embeddings.shape
    return torch.cat([embeddings * math.sqrt(d_model), P[:n].expand(batch, n, d_model)], dim=-1)


def embed__root_of_the_length(embeddings, P):
    """Takes the root of the number of words."""
    n = embeddings.shape[1]
    return embeddings * math.sqrt(n) + P[:n]


def embed__whole_number_root(embeddings, P):
    """Cuts the root off to a whole number."""
    batch, n, d_model = embeddings.shape
    return embeddings * int(d_model**0.5) + P[:n]


def embed__first_sentence_only(embeddings, P):
    """Adds the positions to the first sentence of the batch and to no other one."""
    scaled = embeddings * math.sqrt(embeddings.shape[-1])
    scaled[0] += P[: scaled.shape[1]]
    return scaled


def embed__scale_forgotten__and__places_counted_from_one(embeddings, P):
    """Does not multiply, and begins with row 1 of the table."""
    return embeddings + P[1 : embeddings.shape[1] + 1]


def embed__root_forgotten__and__whole_table_added(embeddings, P):
    """Multiplies by d_model without the root, and adds all of P, which fails when P has more than n rows."""
    return embeddings * embeddings.shape[-1] + P


# ----------------------------------------------------------------------------- rotate_pairs
def rotate_pairs__halves(x, positions):
    """Pairs feature i with feature i + d/2, as another well-known model does."""
    half = x.shape[-1] // 2
    angles = _angles(positions, x.shape[-1])
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], dim=-1)


def rotate_pairs__turns_the_other_way(x, positions):
    """Has the minus at the wrong sine."""
    angles = _angles(positions, x.shape[-1])
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() + b * angles.sin(), b * angles.cos() - a * angles.sin())


def rotate_pairs__minus_forgotten(x, positions):
    """Writes both sines with a plus."""
    angles = _angles(positions, x.shape[-1])
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() + b * angles.sin(), a * angles.sin() + b * angles.cos())


def rotate_pairs__positions_ignored(x, positions):
    """Turns word p by its place in the tensor and never looks at positions."""
    angles = _angles(torch.arange(x.shape[1]), x.shape[-1])
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())


def rotate_pairs__exponent_doubled(x, positions):
    """Counts i in steps of 2 and multiplies it by 2 once more."""
    d = x.shape[-1]
    y = torch.zeros_like(x)
    for i in range(0, d, 2):
        angle = positions / 10000 ** (2 * i / d)
        y[..., i] = x[..., i] * angle.cos() - x[..., i + 1] * angle.sin()
        y[..., i + 1] = x[..., i] * angle.sin() + x[..., i + 1] * angle.cos()
    return y


def rotate_pairs__exponent_halved(x, positions):
    """Counts i in steps of 1 and forgets the 2."""
    d = x.shape[-1]
    angles = positions[:, None] / 10000 ** (torch.arange(d // 2) / d)
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())


def rotate_pairs__every_feature_its_own_angle(x, positions):
    """Uses the number of the feature in the exponent, so the two of a pair get two angles."""
    d = x.shape[-1]
    angles = positions[:, None] / 10000 ** (torch.arange(d) / d)
    turned = _interleave(-x[..., 1::2], x[..., 0::2])
    return x * angles.cos() + turned * angles.sin()


def rotate_pairs__one_angle_for_all(x, positions):
    """Turns every pair by the position itself."""
    angles = positions[:, None].float()
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())


def rotate_pairs__first_one_overwritten(x, positions):
    """Stores the new a and computes the new b from it."""
    x = x.clone()
    angles = _angles(positions, x.shape[-1])
    c, s = angles.cos(), angles.sin()
    x[..., 0::2] = x[..., 0::2] * c - x[..., 1::2] * s
    x[..., 1::2] = x[..., 0::2] * s + x[..., 1::2] * c
    return x


def rotate_pairs__not_put_back_in_pairs(x, positions):
    """Turns the right pairs and puts all first features in front of all second ones."""
    angles = _angles(positions, x.shape[-1])
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], dim=-1)


def rotate_pairs__two_pairings_mixed(x, positions):
    """Has the angles in pairs of neighbours, and takes the partner from the other half."""
    angles = _angles(positions, x.shape[-1]).repeat_interleave(2, dim=-1)
    a, b = x.chunk(2, dim=-1)
    return x * angles.cos() + torch.cat([-b, a], dim=-1) * angles.sin()


def rotate_pairs__base_one_thousand(x, positions):
    """Writes one zero too few: 1000 for 10000."""
    d = x.shape[-1]
    angles = positions[:, None] / 1000 ** (torch.arange(0, d, 2) / d)
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())


def rotate_pairs__angles_added(x, positions):
    """Adds sine and cosine to the features, as with the other kind of positions."""
    angles = _angles(positions, x.shape[-1])
    return x + _interleave(angles.sin(), angles.cos())


def rotate_pairs__width_of_all_heads(x, positions):
    """Divides the exponent by num_heads * d, the width of the whole layer."""
    num_heads, n, d = x.shape
    angles = positions[:, None] / 10000 ** (torch.arange(0, d, 2) / (num_heads * d))
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())


def rotate_pairs__positions_along_the_heads(x, positions):
    """Turns by the number of the head, where the number of the word is meant."""
    num_heads, n, d = x.shape
    angles = _angles(positions, d)[:, None, :].expand(n, num_heads, -1).reshape(num_heads, n, -1)
    a, b = x[..., 0::2], x[..., 1::2]
    return _interleave(a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())


def rotate_pairs__halves__and__turns_the_other_way(x, positions):
    """Pairs feature i with feature i + d/2, and turns the other way."""
    angles = _angles(positions, x.shape[-1])
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * angles.cos() + b * angles.sin(), b * angles.cos() - a * angles.sin()], dim=-1)


def rotate_pairs__base_1000__and__minus_lost(x, positions):
    """The base is 1000 instead of 10000, and the minus before b sin is lost (a cos + b sin, a sin + b cos)."""
    d = x.shape[-1]
    angle = positions[:, None] * 1000.0 ** (-torch.arange(0, d, 2) / d)
    a, b = x[..., ::2], x[..., 1::2]
    new = torch.stack([a * angle.cos() + b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)
    return new.reshape(x.shape)


# ------------------------------------------------------------------------------------ alibi
def alibi__added(num_heads, num_queries, num_keys):
    """Forgets the minus: far words get more."""
    return _slopes(num_heads)[:, None, None] * _differences(num_queries, num_keys).abs()


def alibi__queries_at_the_front(num_heads, num_queries, num_keys):
    """Counts the places of the queries from 0, though they are the last ones."""
    distance = (torch.arange(num_queries)[:, None] - torch.arange(num_keys)).abs()
    return -_slopes(num_heads)[:, None, None] * distance


def alibi__queries_one_place_too_far(num_heads, num_queries, num_keys):
    """Lets the last query stand behind the last key."""
    places = torch.arange(num_queries) + num_keys - num_queries + 1
    distance = (places[:, None] - torch.arange(num_keys)).abs()
    return -_slopes(num_heads)[:, None, None] * distance


def alibi__words_ahead_get_a_bonus(num_heads, num_queries, num_keys):
    """Leaves the distance its sign, so words behind the query get more."""
    return -_slopes(num_heads)[:, None, None] * _differences(num_queries, num_keys)


def alibi__words_ahead_for_free(num_heads, num_queries, num_keys):
    """Takes nothing off for words behind the query."""
    return -_slopes(num_heads)[:, None, None] * _differences(num_queries, num_keys).clamp(min=0)


def alibi__words_ahead_hidden(num_heads, num_queries, num_keys):
    """Puts a causal mask on top."""
    differences = _differences(num_queries, num_keys)
    bias = -_slopes(num_heads)[:, None, None] * differences.abs()
    return bias.masked_fill(differences < 0, -torch.inf)


def alibi__heads_counted_from_zero(num_heads, num_queries, num_keys):
    """Begins with h = 0, so the first slope is 1."""
    slopes = 2.0 ** (-8 * torch.arange(num_heads) / num_heads)
    return -slopes[:, None, None] * _differences(num_queries, num_keys).abs()


def alibi__slopes_for_eight_heads(num_heads, num_queries, num_keys):
    """Takes 1/2, 1/4, 1/8 and so on, which is right for 8 heads alone."""
    slopes = torch.tensor([0.5 ** (h + 1) for h in range(num_heads)])
    return -slopes[:, None, None] * _differences(num_queries, num_keys).abs()


def alibi__eight_forgotten(num_heads, num_queries, num_keys):
    """Takes 2^(-h / num_heads)."""
    slopes = 2.0 ** (-torch.arange(1, num_heads + 1) / num_heads)
    return -slopes[:, None, None] * _differences(num_queries, num_keys).abs()


def alibi__power_before_the_division(num_heads, num_queries, num_keys):
    """Forgets the brackets: 2^(-8h), divided by num_heads."""
    bias = torch.zeros(num_heads, num_queries, num_keys)
    distance = _differences(num_queries, num_keys).abs()
    for h in range(1, num_heads + 1):
        bias[h - 1] = -(2 ** (-8 * h) / num_heads) * distance
    return bias


def alibi__integer_division(num_heads, num_queries, num_keys):
    """Divides with two slashes, which is wrong for more than 8 heads."""
    slopes = torch.tensor([2.0 ** (-8 * h // num_heads) for h in range(1, num_heads + 1)])
    return -slopes[:, None, None] * _differences(num_queries, num_keys).abs()


def alibi__last_head_steepest(num_heads, num_queries, num_keys):
    """Hands the slopes out from the end."""
    return -_slopes(num_heads).flip(0)[:, None, None] * _differences(num_queries, num_keys).abs()


def alibi__one_slope_for_all(num_heads, num_queries, num_keys):
    """Takes the slope of the first head for all."""
    slope = 2.0 ** (-8 / num_heads)
    bias = -slope * _differences(num_queries, num_keys).abs()
    return bias.expand(num_heads, num_queries, num_keys)


def alibi__distance_squared(num_heads, num_queries, num_keys):
    """Squares the difference to lose its sign."""
    return -_slopes(num_heads)[:, None, None] * _differences(num_queries, num_keys) ** 2


def alibi__heads_counted_from_zero__and__added(num_heads, num_queries, num_keys):
    """Begins with slope 1, and adds instead of taking off."""
    slopes = 2.0 ** (-8 * torch.arange(num_heads) / num_heads)
    return slopes[:, None, None] * _differences(num_queries, num_keys).abs()


def alibi__queries_at_the_front__and__words_ahead_get_a_bonus(num_heads, num_queries, num_keys):
    """Counts the queries from 0, and leaves the distance its sign."""
    distance = torch.arange(num_queries)[:, None] - torch.arange(num_keys)
    return -_slopes(num_heads)[:, None, None] * distance


def alibi__one_place_too_far__and__slopes_reversed(num_heads, num_queries, num_keys):
    """The queries stand one place too far right (the last at num_keys), and the slopes are in reverse order."""
    slopes = torch.tensor([2 ** (-8 * h / num_heads) for h in range(num_heads, 0, -1)])
    q = torch.arange(num_keys - num_queries + 1, num_keys + 1)
    return -slopes[:, None, None] * (q[:, None] - torch.arange(num_keys)).abs()


# --------------------------------------------------------------------------- is_equivariant
def is_equivariant__invariant(layer, X, order):
    """Asks whether the outputs stay where they are: that is invariant."""
    before, after = layer(X), layer(X[order])
    return before.shape == after.shape and torch.allclose(before, after, rtol=0, atol=1e-5)


def is_equivariant__permuted_on_the_wrong_side(layer, X, order):
    """Permutes the output of the permuted words once more, instead of the output of the words."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return bool((after[order] - before).abs().max() <= 1e-5)


def is_equivariant__undone_instead_of_done(layer, X, order):
    """Moves the outputs back by argsort, where they should move along."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return torch.allclose(after, before[torch.argsort(order)], rtol=0, atol=1e-5)


def is_equivariant__wrong_length_fails(layer, X, order):
    """Never looks at the length: an output of another length ends in an error."""
    return bool((layer(X[order]) - layer(X)[order]).abs().max() <= 1e-5)


def is_equivariant__features_permuted(layer, X, order):
    """Permutes the features and not the words, which fails unless there are enough of them."""
    return torch.allclose(layer(X[:, order]), layer(X)[:, order], rtol=0, atol=1e-5)


def is_equivariant__sizes_only(layer, X, order):
    """Compares the shapes and no numbers."""
    return layer(X[order]).shape == layer(X)[: len(order)].shape == X.shape


def is_equivariant__sum_of_the_words(layer, X, order):
    """Compares the sums over the words, which do not tell where a word stands."""
    before, after = layer(X), layer(X[order])
    if len(before) != len(X):
        return False
    return torch.allclose(before.sum(dim=0), after.sum(dim=0), rtol=0, atol=1e-5)


def is_equivariant__numbers_sorted(layer, X, order):
    """Sorts every column first, so the order of the words is lost."""
    before, after = layer(X), layer(X[order])
    if before.shape != after.shape or len(before) != len(X):
        return False
    return torch.allclose(before.sort(dim=0).values, after.sort(dim=0).values, rtol=0, atol=1e-5)


def is_equivariant__no_rounding_allowed(layer, X, order):
    """Wants every number to be exactly the same."""
    before, after = layer(X), layer(X[order])
    return before.dim() == 2 and len(before) == len(X) and torch.equal(after, before[order])


def is_equivariant__first_word_only(layer, X, order):
    """Compares the first row and no other one."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return bool((after[0] - before[order[0]]).abs().max() <= 1e-5)


def is_equivariant__sign_of_the_difference(layer, X, order):
    """Forgets the absolute value: numbers that are far too small pass."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return bool((after - before[order]).max() <= 1e-5)


def is_equivariant__mean_difference(layer, X, order):
    """Averages the differences, where positive and negative ones cancel."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return abs((after - before[order]).mean().item()) <= 1e-5


def is_equivariant__one_number_will_do(layer, X, order):
    """Writes any where all is meant."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return bool(((after - before[order]).abs() <= 1e-5).any())


def is_equivariant__words_turned_round(layer, X, order):
    """Turns the sentence round and never uses order."""
    before, after = layer(X), layer(X.flip(0))
    if before.dim() != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return torch.allclose(after, before.flip(0), rtol=0, atol=1e-5)


def is_equivariant__words_not_permuted(layer, X, order):
    """Permutes the outputs alone."""
    before = layer(X)
    if before.dim() != 2 or len(before) != len(X):
        return False
    return torch.allclose(before[order], before, rtol=0, atol=1e-5)


def is_equivariant__invariant__and__no_rounding_allowed(layer, X, order):
    """Wants the outputs to stay where they are, exactly."""
    return torch.equal(layer(X[order]), layer(X))


def is_equivariant__tests_invariance(layer, X, order):
    """Tests invariance: compares layer(X[order]) with layer(X) itself, not with the permuted outputs."""
    a, b = layer(X[order]), layer(X)
    if a.dim() != 2 or a.shape[0] != X.shape[0]:
        return False
    return torch.allclose(a, b, atol=1e-5)


def is_equivariant__permutes_features(layer, X, order):
    """Permutes the features (columns) of X and of the output instead of the words."""
    n, d = X.shape
    columns = order[order < d] if len(order) >= d else torch.cat([order, torch.arange(n, d)])
    out = layer(X)
    if out.dim() != 2 or out.shape[0] != n or out.shape[1] != d:
        return False
    return torch.allclose(layer(X[:, columns]), out[:, columns], atol=1e-5)


# ----------------------------------------------------------------------------- learned_rows
def learned_rows__negative_counts_from_the_end(table, positions):
    """Indexes as usual: position -1 is the last row, and no error."""
    return table[positions]


def learned_rows__last_row_for_what_is_beyond(table, positions):
    """Clamps the positions, so everything beyond the end gets the last row."""
    return table[positions.clamp(0, len(table) - 1)]


def learned_rows__begins_again_at_the_end(table, positions):
    """Takes the remainder, so the table begins again."""
    return table[positions % len(table)]


def learned_rows__zeros_beyond_the_end(table, positions):
    """Gives zeros for positions that are not in the table."""
    rows = torch.zeros(len(positions), table.shape[1])
    for i, p in enumerate(positions.tolist()):
        if 0 <= p < len(table):
            rows[i] = table[p]
    return rows


def learned_rows__unknown_positions_left_out(table, positions):
    """Leaves out the positions that are not in the table: fewer rows, and no error."""
    known = positions[(positions >= 0) & (positions < len(table))]
    return table[known]


def learned_rows__value_error(table, positions):
    """Checks the positions and raises another error."""
    if ((positions < 0) | (positions >= len(table))).any():
        raise ValueError("a position is not in the table")
    return table[positions]


def learned_rows__assert(table, positions):
    """Checks with assert, which raises an AssertionError."""
    assert all(0 <= p < len(table) for p in positions.tolist())
    return table[positions]


def learned_rows__error_returned(table, positions):
    """Returns the error instead of raising it."""
    if any(p < 0 or p >= len(table) for p in positions):
        return IndexError("a position is not in the table")
    return table[positions]


def learned_rows__one_hot(table, positions):
    """Multiplies by one-hot rows, which raises another error for what is not in the table."""
    return F.one_hot(positions, len(table)).to(table.dtype) @ table


def learned_rows__last_row_refused(table, positions):
    """Compares with len(table) - 1 and >=, so the last row raises."""
    if positions.min() < 0 or positions.max() >= len(table) - 1:
        raise IndexError("a position is not in the table")
    return table[positions]


def learned_rows__position_zero_refused(table, positions):
    """Takes 0 for below the table."""
    if (positions <= 0).any() or (positions >= len(table)).any():
        raise IndexError("a position is not in the table")
    return table[positions]


def learned_rows__first_position_checked(table, positions):
    """Looks at the first position alone, so a negative one further on gets through."""
    if positions[0] < 0 or positions[0] >= len(table):
        raise IndexError("a position is not in the table")
    return table[positions]


def learned_rows__counted_from_one(table, positions):
    """Takes row p - 1 for position p."""
    if (positions < 0).any() or (positions >= len(table)).any():
        raise IndexError("a position is not in the table")
    return table[positions - 1]


def learned_rows__first_rows(table, positions):
    """Takes the first n rows, whatever the positions are."""
    if any(p not in range(len(table)) for p in positions.tolist()):
        raise IndexError("a position is not in the table")
    return table[: len(positions)]


def learned_rows__columns(table, positions):
    """Picks columns, and compares the positions with the number of features."""
    if positions.min() < 0 or positions.max() >= table.shape[1]:
        raise IndexError("a position is not in the table")
    return table[:, positions]


def learned_rows__counted_from_one__and__last_row_for_what_is_beyond(table, positions):
    """Takes row p - 1, and clamps what is outside."""
    return table[torch.clamp(positions - 1, 0, len(table) - 1)]


def learned_rows__wrong_error(table, positions):
    """Raises a ValueError instead of an IndexError."""
    for p in positions:
        if p < 0 or p >= table.shape[0]:
            raise ValueError(f"position {p} is not in the table")
    return torch.stack([table[p] for p in positions])


def learned_rows__all_instead_of_any__and__modulo(table, positions):
    """Raises only when all positions are below 0, or all beyond the end; for the others `%` starts again at row 0."""
    n = len(table)
    if (positions < 0).all() or (positions >= n).all():
        raise IndexError("not in the table")
    return table[positions % n]


def learned_rows__measured_along_the_features__and__counted_from_one(table, positions):
    """Compares with d_model, not with the number of rows, and counts positions from 1 in the look-up."""
    if (positions < 0).any() or (positions >= table.shape[1]).any():
        raise IndexError("not in the table")
    return table[positions - 1]
