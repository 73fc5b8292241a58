"""Wrong answers to the exercises of chapter 9, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as a row of negative
scores, scores in the hundreds, a maximum that grows late, or a radius beyond the sentence.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math
import sys

import torch
import torch.nn.functional as F


def _pairs(n, radius):
    """Count the pairs in the window as it should be done, for answers whose mistake is elsewhere."""
    return sum(min(n - 1, i + radius) - max(0, i - radius) + 1 for i in range(n))


def _longer(rows, row):
    """Put a row behind the others as it should be done, for answers whose mistake is elsewhere."""
    return torch.cat([rows, row.unsqueeze(0)])


def _look(query, keys, values):
    """Attend as it should be done, for answers whose mistake is elsewhere."""
    return torch.softmax(keys @ query / math.sqrt(len(query)), dim=0) @ values


# --------------------------------------------------------------------------- online_softmax
def online_softmax__total_not_rescaled(chunks):
    """Keeps the old total as it is when a larger maximum turns up."""
    maximum, total = -math.inf, 0.0
    for chunk in chunks:
        maximum = max(maximum, chunk.max().item())
        total += torch.exp(chunk - maximum).sum().item()
    return maximum, total


def online_softmax__rescaled_the_wrong_way_round(chunks):
    """Multiplies the old total by exp(new - old) where exp(old - new) is meant."""
    maximum = chunks[0].max()
    total = torch.exp(chunks[0] - maximum).sum()
    for chunk in chunks[1:]:
        new_maximum = torch.maximum(maximum, chunk.max())
        total = total * torch.exp(new_maximum - maximum) + torch.exp(chunk - new_maximum).sum()
        maximum = new_maximum
    return maximum, total


def online_softmax__maximum_starts_at_0(chunks):
    """Starts the maximum at 0, which no negative score can beat."""
    maximum, total = 0.0, 0.0
    for chunk in chunks:
        new_maximum = max(maximum, chunk.max().item())
        total = total * math.exp(maximum - new_maximum) + torch.exp(chunk - new_maximum).sum().item()
        maximum = new_maximum
    return maximum, total


def online_softmax__maximum_starts_at_the_smallest_float(chunks):
    """Starts at sys.float_info.min, which is the smallest number above 0 and not a negative one."""
    maximum, total = sys.float_info.min, 0.0
    for chunk in chunks:
        larger = max(maximum, float(chunk.max()))
        total = total * math.exp(maximum - larger) + float(torch.exp(chunk - larger).sum())
        maximum = larger
    return maximum, total


def online_softmax__largest_sum_of_a_chunk(chunks):
    """Takes the largest of the chunks' sums for the maximum."""
    maximum, total = -math.inf, 0.0
    for chunk in chunks:
        new_maximum = max(maximum, chunk.sum().item())
        total = total * math.exp(maximum - new_maximum) + torch.exp(chunk - new_maximum).sum().item()
        maximum = new_maximum
    return maximum, total


def online_softmax__maximum_of_the_last_chunk(chunks):
    """Replaces the maximum by the chunk's own, also where that is smaller; the total follows it."""
    maximum, total = torch.tensor(-math.inf), torch.tensor(0.0)
    for chunk in chunks:
        new_maximum = chunk.max()
        total = total * torch.exp(maximum - new_maximum) + torch.exp(chunk - new_maximum).sum()
        maximum = new_maximum
    return maximum, total


def online_softmax__every_chunk_its_own_maximum(chunks):
    """Subtracts from each chunk the maximum of that chunk, and adds up."""
    maximum = max(chunk.max().item() for chunk in chunks)
    total = sum(torch.exp(chunk - chunk.max()).sum().item() for chunk in chunks)
    return maximum, total


def online_softmax__shift_only_at_the_end(chunks):
    """Adds up exp of the raw scores and divides at the end: overflows for scores above 88."""
    maximum, total = torch.tensor(-math.inf), torch.tensor(0.0)
    for chunk in chunks:
        maximum = torch.maximum(maximum, chunk.max())
        total = total + torch.exp(chunk).sum()
    return maximum, total / torch.exp(maximum)


def online_softmax__no_shift(chunks):
    """Finds the maximum and does not subtract it."""
    maximum, total = torch.tensor(-math.inf), torch.tensor(0.0)
    for chunk in chunks:
        maximum = torch.maximum(maximum, chunk.max())
        total = total + chunk.exp().sum()
    return maximum, total


def online_softmax__total_of_the_last_chunk(chunks):
    """Writes = for +=, so that the total is the last chunk's."""
    maximum, total = -math.inf, 0.0
    for chunk in chunks:
        maximum = max(maximum, chunk.max().item())
        total = torch.exp(chunk - maximum).sum().item()
    return maximum, total


def online_softmax__first_maximum_kept(chunks):
    """Takes the maximum of the first chunk for the maximum of all."""
    maximum = chunks[0].max()
    total = torch.tensor(0.0)
    for chunk in chunks:
        total = total + torch.exp(chunk - maximum).sum()
    return maximum, total


def online_softmax__new_chunk_shifted_by_the_old_maximum(chunks):
    """Rescales the old total, and shifts the new chunk by the maximum from before."""
    maximum = chunks[0].max()
    total = torch.exp(chunks[0] - maximum).sum()
    for chunk in chunks[1:]:
        new_maximum = torch.maximum(maximum, chunk.max())
        total = total * torch.exp(maximum - new_maximum) + torch.exp(chunk - maximum).sum()
        maximum = new_maximum
    return maximum, total


def online_softmax__new_chunk_rescaled_too(chunks):
    """Adds the new chunk first and rescales the sum, new chunk included."""
    maximum = chunks[0].max()
    total = torch.exp(chunks[0] - maximum).sum()
    for chunk in chunks[1:]:
        new_maximum = torch.maximum(maximum, chunk.max())
        total = (total + torch.exp(chunk - new_maximum).sum()) * torch.exp(maximum - new_maximum)
        maximum = new_maximum
    return maximum, total


def online_softmax__logarithm_of_the_total(chunks):
    """Returns the log of the sum, as logsumexp would."""
    maximum, total = -math.inf, 0.0
    for chunk in chunks:
        new_maximum = max(maximum, chunk.max().item())
        total = total * math.exp(maximum - new_maximum) + torch.exp(chunk - new_maximum).sum().item()
        maximum = new_maximum
    return maximum, maximum + math.log(total)


def online_softmax__maximum_starts_at_0__and__total_not_rescaled(chunks):
    """Starts the maximum at 0 and keeps the old total when it grows."""
    maximum, total = 0.0, 0.0
    for chunk in chunks:
        for score in chunk.tolist():
            if score > maximum:
                maximum = score
            total += math.exp(score - maximum)
    return maximum, total


def online_softmax__maximum_of_the_last_chunk__and__total_not_rescaled(chunks):
    """Replaces the maximum by the chunk's own, and adds up totals that do not fit together."""
    total = 0.0
    for chunk in chunks:
        maximum = chunk.max()
        total = total + torch.exp(chunk - maximum).sum()
    return maximum, total


def online_softmax__chunk_relative_to_its_own_maximum(chunks):
    """Takes the new chunk's exponentials relative to that chunk's maximum, not to the maximum of all so far."""
    maximum, total = torch.tensor(-math.inf), torch.tensor(0.0)
    for chunk in chunks:
        here = chunk.max()
        new = torch.maximum(maximum, here)
        total = total * (maximum - new).exp() + (chunk - here).exp().sum()
        maximum = new
    return maximum, total


def online_softmax__adds_only_when_maximum_grows(chunks):
    """Updates the total only inside the if for a larger maximum; chunks without a new maximum are lost."""
    maximum, total = torch.tensor(-math.inf), torch.tensor(0.0)
    for chunk in chunks:
        if chunk.max() > maximum:
            new = chunk.max()
            total = total * torch.exp(maximum - new) + torch.exp(chunk - new).sum()
            maximum = new
    return maximum, total


def online_softmax__answers_in_wrong_order(chunks):
    """Computes both numbers right but returns (total, maximum)."""
    maximum, total = torch.tensor(-math.inf), torch.tensor(0.0)
    for chunk in chunks:
        new = torch.maximum(maximum, chunk.max())
        total = total * (maximum - new).exp() + (chunk - new).exp().sum()
        maximum = new
    return total, maximum


def online_softmax__chunk_exponentials_with_old_maximum(chunks):
    """Adds exp(chunk - old maximum) and rescales all of it afterwards: that overflows when the maximum jumps."""
    maximum = chunks[0][0]
    total = torch.tensor(0.0)
    for chunk in chunks:
        total = total + (chunk - maximum).exp().sum()
        new = torch.maximum(maximum, chunk.max())
        total = total * (maximum - new).exp()
        maximum = new
    return maximum, total


def online_softmax__counts_maximum_once_more(chunks):
    """Starts the total at 1, for the first score as maximum, so that this score counts twice."""
    maximum, total = chunks[0][0], torch.tensor(1.0)
    for chunk in chunks:
        new = torch.maximum(maximum, chunk.max())
        total = total * (maximum - new).exp() + (chunk - new).exp().sum()
        maximum = new
    return maximum, total


# -------------------------------------------------------------------------------- merge_two
def merge_two__nothing_rescaled(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Adds the totals and the weighted sums as they are."""
    return torch.maximum(maximum_a, maximum_b), total_a + total_b, weighted_a + weighted_b


def merge_two__total_not_rescaled(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Rescales the weighted sums and adds the totals as they are."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum_a - maximum), torch.exp(maximum_b - maximum)
    return maximum, total_a + total_b, factor_a * weighted_a + factor_b * weighted_b


def merge_two__weighted_not_rescaled(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Rescales the totals and adds the weighted sums as they are."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum_a - maximum), torch.exp(maximum_b - maximum)
    return maximum, factor_a * total_a + factor_b * total_b, weighted_a + weighted_b


def merge_two__weighted_averaged(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Takes the mean of the two weighted sums where their sum is meant."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum_a - maximum), torch.exp(maximum_b - maximum)
    return maximum, factor_a * total_a + factor_b * total_b, (factor_a * weighted_a + factor_b * weighted_b) / 2


def merge_two__divided_too_early(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Divides the weighted sum by the total, which is due only after the last part."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum_a - maximum), torch.exp(maximum_b - maximum)
    total = factor_a * total_a + factor_b * total_b
    return maximum, total, (factor_a * weighted_a + factor_b * weighted_b) / total


def merge_two__each_part_divided_first(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Divides each side's weighted sum by that side's total before joining them."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum_a - maximum), torch.exp(maximum_b - maximum)
    weighted = factor_a * weighted_a / total_a + factor_b * weighted_b / total_b
    return maximum, factor_a * total_a + factor_b * total_b, weighted


def merge_two__only_a_rescaled(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Takes b for the side with the larger maximum and rescales a alone."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor = torch.exp(maximum_a - maximum)
    return maximum, total_a * factor + total_b, weighted_a * factor + weighted_b


def merge_two__only_b_rescaled(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Takes a for the side with the larger maximum and rescales b alone."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor = torch.exp(maximum_b - maximum)
    return maximum, total_a + total_b * factor, weighted_a + weighted_b * factor


def merge_two__always_the_maximum_of_a(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Brings b to the maximum of a, also where that of b is larger."""
    factor = torch.exp(maximum_b - maximum_a)
    return maximum_a, total_a + factor * total_b, weighted_a + factor * weighted_b


def merge_two__rescaled_the_wrong_way_round(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Writes exp(maximum - maximum_a) for exp(maximum_a - maximum)."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum - maximum_a), torch.exp(maximum - maximum_b)
    return maximum, factor_a * total_a + factor_b * total_b, factor_a * weighted_a + factor_b * weighted_b


def merge_two__factors_swapped(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Multiplies a by the factor of b, and b by the factor of a."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum_a - maximum), torch.exp(maximum_b - maximum)
    return maximum, factor_b * total_a + factor_a * total_b, factor_b * weighted_a + factor_a * weighted_b


def merge_two__one_maximum_for_all_queries(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Uses the largest score of all the queries for every one of them."""
    largest = max(maximum_a.max().item(), maximum_b.max().item())
    factor_a, factor_b = torch.exp(maximum_a - largest), torch.exp(maximum_b - largest)
    maximum = torch.full_like(maximum_a, largest)
    return maximum, factor_a * total_a + factor_b * total_b, factor_a * weighted_a + factor_b * weighted_b


def merge_two__larger_side_wins(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Keeps the side with the larger maximum and drops the other."""
    from_a = maximum_a > maximum_b
    total = torch.where(from_a, total_a, total_b)
    return torch.maximum(maximum_a, maximum_b), total, torch.where(from_a, weighted_a, weighted_b)


def merge_two__shift_undone_first(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Goes back to sums of exp(score), which overflow for scores above 88."""
    maximum = torch.maximum(maximum_a, maximum_b)
    raw_a, raw_b = torch.exp(maximum_a), torch.exp(maximum_b)
    total = (total_a * raw_a + total_b * raw_b) / torch.exp(maximum)
    return maximum, total, (weighted_a * raw_a + weighted_b * raw_b) / torch.exp(maximum)


def merge_two__nothing_rescaled__and__weighted_averaged(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Adds the totals as they are, and takes the mean of the weighted sums."""
    return torch.maximum(maximum_a, maximum_b), total_a + total_b, (weighted_a + weighted_b) / 2


def merge_two__only_a_rescaled__and__divided_too_early(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Rescales a alone, and divides by the total."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor = torch.exp(maximum_a - maximum)
    total = total_a * factor + total_b
    return maximum, total, (weighted_a * factor + weighted_b) / total


def merge_two__softmax_of_the_maxima(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Weighs the halves by the softmax of the two maxima, so the factors sum to 1 instead of the larger being 1."""
    both = torch.cat([maximum_a, maximum_b], dim=1)
    weights = both.softmax(dim=1)
    fa, fb = weights[:, :1], weights[:, 1:]
    return both.amax(dim=1, keepdim=True), fa * total_a + fb * total_b, fa * weighted_a + fb * weighted_b


def merge_two__weighted_multiplied_by_total_too(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Thinks weighted is already a mean and multiplies it by its total before adding."""
    maximum = torch.maximum(maximum_a, maximum_b)
    ta, tb = (maximum_a - maximum).exp() * total_a, (maximum_b - maximum).exp() * total_b
    return maximum, ta + tb, ta * weighted_a + tb * weighted_b


# ------------------------------------------------------------------------------ cached_step
def cached_step__new_row_in_front(query, keys, values, new_key, new_value):
    """Puts the new rows in front of the others; the output is right, the caches are not."""
    keys = torch.cat([new_key.unsqueeze(0), keys])
    values = torch.cat([new_value.unsqueeze(0), values])
    return _look(query, keys, values), keys, values


def cached_step__only_the_new_key_in_front(query, keys, values, new_key, new_value):
    """Puts the new key in front and the new value behind, so that weights meet the wrong values."""
    keys = torch.vstack([new_key, keys])
    values = torch.vstack([values, new_value])
    return _look(query, keys, values), keys, values


def cached_step__attends_before_adding(query, keys, values, new_key, new_value):
    """Looks at the old words, and adds the new one afterwards."""
    output = _look(query, keys, values)
    return output, _longer(keys, new_key), _longer(values, new_value)


def cached_step__scale_forgotten(query, keys, values, new_key, new_value):
    """Does not divide the scores."""
    keys, values = _longer(keys, new_key), _longer(values, new_value)
    return torch.softmax(keys @ query, dim=0) @ values, keys, values


def cached_step__scale_by_number_of_keys(query, keys, values, new_key, new_value):
    """Takes len(keys) for d_k."""
    keys, values = _longer(keys, new_key), _longer(values, new_value)
    scores = keys @ query / math.sqrt(len(keys))
    return torch.softmax(scores, dim=-1) @ values, keys, values


def cached_step__scale_without_root(query, keys, values, new_key, new_value):
    """Divides by d_k and not by its root."""
    keys, values = _longer(keys, new_key), _longer(values, new_value)
    scores = keys @ query / keys.shape[1]
    return torch.softmax(scores, dim=-1) @ values, keys, values


def cached_step__scale_by_d_v(query, keys, values, new_key, new_value):
    """Divides by the root of d_v."""
    keys, values = _longer(keys, new_key), _longer(values, new_value)
    scores = keys @ query / math.sqrt(values.shape[-1])
    return torch.softmax(scores, dim=-1) @ values, keys, values


def cached_step__result_of_cat_dropped(query, keys, values, new_key, new_value):
    """Calls torch.cat and does not keep what it returns."""
    torch.cat([keys, new_key[None]])
    torch.cat([values, new_value[None]])
    return _look(query, keys, values), keys, values


def cached_step__new_key_forgotten(query, keys, values, new_key, new_value):
    """Adds the new value only, and drops it again where the weights are too few."""
    weights = torch.softmax(keys @ query / math.sqrt(len(query)), dim=0)
    values = _longer(values, new_value)
    return weights @ values[: len(weights)], keys, values


def cached_step__query_added_as_key(query, keys, values, new_key, new_value):
    """Puts the query into the cache of keys."""
    keys, values = _longer(keys, query), _longer(values, new_value)
    return _look(query, keys, values), keys, values


def cached_step__softmax_over_an_axis_of_one(query, keys, values, new_key, new_value):
    """Makes a row of scores and takes the softmax down the column: all weights are 1."""
    keys, values = _longer(keys, new_key), _longer(values, new_value)
    scores = query.unsqueeze(0) @ keys.T / math.sqrt(query.shape[-1])
    return (torch.softmax(scores, dim=0) @ values).squeeze(0), keys, values


def cached_step__oldest_dropped(query, keys, values, new_key, new_value):
    """Drops the first row when it adds the new one."""
    keys, values = _longer(keys[1:], new_key), _longer(values[1:], new_value)
    return _look(query, keys, values), keys, values


def cached_step__old_caches_returned(query, keys, values, new_key, new_value):
    """Looks at all words, and returns the caches as they came."""
    all_keys = torch.cat((keys, new_key.reshape(1, -1)))
    all_values = torch.cat((values, new_value.reshape(1, -1)))
    return _look(query, all_keys, all_values), keys, values


def cached_step__keys_and_values_swapped(query, keys, values, new_key, new_value):
    """Returns the values where the keys belong."""
    keys, values = _longer(keys, new_key), _longer(values, new_value)
    return _look(query, keys, values), values, keys


def cached_step__new_row_in_front__and__scale_forgotten(query, keys, values, new_key, new_value):
    """Puts the new rows in front, and does not divide the scores."""
    keys, values = torch.vstack([new_key, keys]), torch.vstack([new_value, values])
    return torch.softmax(keys @ query, dim=0) @ values, keys, values


def cached_step__attends_before_adding__and__scale_by_number_of_keys(query, keys, values, new_key, new_value):
    """Looks at the old words only, and takes len(keys) for d_k."""
    output = torch.softmax(keys @ query / math.sqrt(len(keys)), dim=0) @ values
    return output, _longer(keys, new_key), _longer(values, new_value)


def cached_step__sdpa_is_causal(query, keys, values, new_key, new_value):
    """Calls PyTorch's attention with is_causal=True: with one query it sees the first key alone."""
    keys, values = torch.cat([keys, new_key[None]]), torch.cat([values, new_value[None]])
    output = F.scaled_dot_product_attention(query[None], keys, values, is_causal=True)
    return output[0], keys, values


def cached_step__scale_after_softmax(query, keys, values, new_key, new_value):
    """Divides by sqrt(d_k) after the softmax, so the weights do not sum to 1."""
    keys, values = torch.cat([keys, new_key[None]]), torch.cat([values, new_value[None]])
    weights = (keys @ query).softmax(-1) / query.shape[-1] ** 0.5
    return weights @ values, keys, values


def cached_step__asks_before_appending__and__no_scale(query, keys, values, new_key, new_value):
    """The query looks at the old words only, and the scores are not divided by sqrt(d_k)."""
    output = torch.softmax(query @ keys.T, dim=-1) @ values
    return output, torch.cat((keys, new_key.unsqueeze(0))), torch.cat((values, new_value.unsqueeze(0)))


def cached_step__key_and_value_swapped(query, keys, values, new_key, new_value):
    """Appends the new value to the keys and the new key to the values (an error if their lengths differ)."""
    keys, values = torch.cat([keys, new_value[None]]), torch.cat([values, new_key[None]])
    return (keys @ query / len(query) ** 0.5).softmax(-1) @ values, keys, values


# ----------------------------------------------------------------------------- window_flops
def window_flops__all_pairs(n, radius, d_k, d_v):
    """Counts every pair, as full attention does."""
    return 2 * n * n * (d_k + d_v)


def window_flops__ends_forgotten(n, radius, d_k, d_v):
    """Counts 2 * radius + 1 places for every word, also near the two ends."""
    return 2 * n * (2 * radius + 1) * (d_k + d_v)


def window_flops__ends_forgotten_but_never_more_than_n(n, radius, d_k, d_v):
    """Counts 2 * radius + 1 places for every word, or n where that is less."""
    return 2 * n * min(n, 2 * radius + 1) * (d_k + d_v)


def window_flops__one_end_forgotten(n, radius, d_k, d_v):
    """Cuts the window at the beginning of the sentence, and not at its end."""
    pairs = 0
    for i in range(n):
        pairs += i + radius + 1 - max(0, i - radius)
    return pairs * 2 * (d_k + d_v)


def window_flops__left_side_only(n, radius, d_k, d_v):
    """Looks back, and not ahead."""
    pairs = sum(i - max(0, i - radius) + 1 for i in range(n))
    return 2 * pairs * (d_k + d_v)


def window_flops__without_itself(n, radius, d_k, d_v):
    """Leaves the word itself out of the window."""
    return 2 * (_pairs(n, radius) - n) * (d_k + d_v)


def window_flops__range_ends_too_early(n, radius, d_k, d_v):
    """Forgets that a range stops before its end: the rightmost place is missing."""
    pairs = 0
    for i in range(n):
        pairs += len(range(max(0, i - radius), min(n, i + radius)))
    return 2 * pairs * (d_k + d_v)


def window_flops__multiply_add_counts_1(n, radius, d_k, d_v):
    """Counts a multiplication and its addition as one."""
    return _pairs(n, radius) * (d_k + d_v)


def window_flops__scores_only(n, radius, d_k, d_v):
    """Counts the scores and forgets the weighted sum."""
    return 2 * _pairs(n, radius) * d_k


def window_flops__weighted_sum_only(n, radius, d_k, d_v):
    """Counts the weighted sum and forgets the scores."""
    return 2 * _pairs(n, radius) * d_v


def window_flops__d_k_for_both(n, radius, d_k, d_v):
    """Takes the values to be as long as the keys."""
    return 4 * _pairs(n, radius) * d_k


def window_flops__radius_not_cut(n, radius, d_k, d_v):
    """Subtracts the two corners by a formula that holds up to radius = n only."""
    pairs = n * (2 * radius + 1) - radius * (radius + 1)
    return 2 * pairs * (d_k + d_v)


def window_flops__radius_taken_for_the_width(n, radius, d_k, d_v):
    """Takes radius for the width of the whole window, half of it on each side."""
    return 2 * _pairs(n, radius // 2) * (d_k + d_v)


def window_flops__lengths_multiplied(n, radius, d_k, d_v):
    """Multiplies d_k by d_v where they are to be added."""
    return 2 * _pairs(n, radius) * d_k * d_v


def window_flops__ends_forgotten__and__multiply_add_counts_1(n, radius, d_k, d_v):
    """Counts a full window for every word, and a multiply-add as one."""
    return n * (2 * radius + 1) * (d_k + d_v)


def window_flops__left_side_only__and__scores_only(n, radius, d_k, d_v):
    """Looks back only, and counts the scores only."""
    pairs = sum(min(i, radius) + 1 for i in range(n))
    return 2 * pairs * d_k


def window_flops__itself_left_out__and__ends_counted(n, radius, d_k, d_v):
    """2 * radius places for every word, so the word itself is left out and places beyond the ends are counted."""
    return n * 2 * radius * 2 * (d_k + d_v)


def window_flops__negative_slice_start(n, radius, d_k, d_v):
    """Slices words[i - radius : i + radius + 1]; a negative start counts from the end of the sentence."""
    words = list(range(n))
    pairs = sum(len(words[i - radius : i + radius + 1]) for i in range(n))
    return 2 * pairs * (d_k + d_v)


def window_flops__right_end_off_by_one(n, radius, d_k, d_v):
    """Cuts at n instead of n - 1 (with + 1 added), so words near the right end get one place too many."""
    pairs = sum(min(n, i + radius) - max(0, i - radius) + 1 for i in range(n))
    return 2 * pairs * (d_k + d_v)
