"""Wrong answers to the exercises of chapter 1, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as whole numbers, scores
of 1000, or an array with three axes.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: F841, RET503, RUF059 - learners' slips are the point

import math

import numpy as np
import torch


def _softmax(row):
    """Compute the right weights, for answers whose mistake is elsewhere."""
    row = np.asarray(row, dtype=float)
    e = np.exp(row - row.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# -------------------------------------------------------------------------- stable_softmax
def stable_softmax__sums_over_the_whole_array(scores):
    """Divides by the sum of the whole array, so only all rows together sum to 1."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum()


def stable_softmax__sums_down_the_columns(scores):
    """Sums over the first axis, so the columns sum to 1 and the rows do not."""
    e = np.exp(scores - scores.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


def stable_softmax__torch_dim_0(scores):
    """Uses torch's softmax along dim 0, which is the last axis only for a single row."""
    return torch.softmax(torch.as_tensor(scores, dtype=torch.float64), dim=0).numpy()


def stable_softmax__hard_coded_axis_1(scores):
    """Hard-codes axis 1: fails for one row, takes the wrong axis when there are three."""
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def stable_softmax__does_not_subtract_the_largest(scores):
    """Leaves the largest score in, so exp(1000) overflows and the weights are NaN."""
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__overflow_turned_into_numbers(scores):
    """Does not subtract the largest score and paints over the NaN with nan_to_num."""
    e = np.exp(scores)
    return np.nan_to_num(e / e.sum(axis=-1, keepdims=True))


def stable_softmax__clips_the_scores(scores):
    """Clips the scores to -50 .. 50 against overflow: 60 and 1000 get the same weight."""
    e = np.exp(np.clip(scores, -50, 50))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__one_maximum_for_all_rows(scores):
    """Subtracts the largest score of the whole array: a row far below it becomes 0 / 0."""
    e = np.exp(scores - np.max(scores))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__maximum_of_each_column(scores):
    """Subtracts the largest score of each column, which changes the weights within a row."""
    e = np.exp(scores - scores.max(axis=0))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__subtracts_the_smallest(scores):
    """Subtracts the smallest score, so a row with -1000 and 1000 overflows."""
    e = np.exp(scores - np.min(scores, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def stable_softmax__subtracts_the_mean(scores):
    """Subtracts the mean of the row, which does not keep exp from overflowing."""
    e = np.exp(scores - scores.mean(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__divides_by_the_largest(scores):
    """Divides by the largest score instead of subtracting it."""
    e = np.exp(scores / np.abs(scores).max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__sum_without_keepdims(scores):
    """Forgets keepdims in the sum: fails, or on a square array divides by another row's sum."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1)


def stable_softmax__maximum_without_keepdims(scores):
    """Forgets keepdims in the maximum: fails, or on a square array takes another row's maximum."""
    e = np.exp(scores - scores.max(axis=-1))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__fills_an_array_of_the_input_type(scores):
    """Writes into zeros_like(scores): whole numbers in, so every weight is cut off to 0."""
    weights = np.zeros_like(scores)
    for row in np.ndindex(scores.shape[:-1]):
        e = np.exp(scores[row] - scores[row].max())
        weights[row] = e / e.sum()
    return weights


def stable_softmax__cuts_scores_to_whole_numbers(scores):
    """Turns the scores into integers first and loses what is behind the point."""
    return _softmax(scores.astype(int))


def stable_softmax__no_exponential(scores):
    """Divides the scores themselves by their sum."""
    return scores / scores.sum(axis=-1, keepdims=True)


def stable_softmax__does_not_normalise(scores):
    """Returns the exponentials: the largest is 1 and the sum is more than 1."""
    return np.exp(scores - scores.max(axis=-1, keepdims=True))


def stable_softmax__result_of_the_division_dropped(scores):
    """Divides, but returns the exponentials from before the division."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    weights = np.exp(shifted)
    weights / weights.sum(axis=-1, keepdims=True)
    return weights


def stable_softmax__powers_of_two(scores):
    """Uses 2 as the base instead of e."""
    e = 2.0 ** (scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__log_softmax(scores):
    """Returns the logarithms of the weights."""
    x = torch.from_numpy(np.asarray(scores, dtype=np.float64))
    return torch.log_softmax(x, dim=-1).numpy()


def stable_softmax__all_on_the_largest(scores):
    """Gives the weight 1 to the largest score and 0 to the others."""
    weights = np.zeros(scores.shape)
    for row in np.ndindex(scores.shape[:-1]):
        weights[row][np.argmax(scores[row])] = 1.0
    return weights


def stable_softmax__sigmoid(scores):
    """Squashes every score by itself with a sigmoid."""
    return torch.sigmoid(torch.tensor(scores, dtype=torch.float32))


def stable_softmax__larger_score_smaller_weight(scores):
    """Subtracts the score from the largest one, so a larger score gets a smaller weight."""
    e = np.exp(scores.min(axis=-1, keepdims=True) - scores)
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__adds_one_below_the_line(scores):
    """Adds 1 to the sum "for safety", so the weights sum to less than 1."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / (e.sum(axis=-1, keepdims=True) + 1)


def stable_softmax__flattens(scores):
    """Flattens the array and takes one softmax over everything, in one long row."""
    flat = scores.ravel()
    e = np.exp(flat - flat.max())
    return e / e.sum()


def stable_softmax__only_the_first_row(scores):
    """Leaves the loop in its first round, because return is indented too far."""
    rows = np.atleast_2d(scores)
    for row in rows:
        e = np.exp(row - row.max())
        return e / e.sum()


def stable_softmax__half_precision(scores):
    """Computes in float16, where a weight has three digits and a small one is 0."""
    x = scores.astype(np.float16)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__sums_over_the_whole_array__and__one_maximum_for_all_rows(scores):
    """Treats all rows as one: one maximum and one sum for the whole array."""
    e = np.exp(scores - scores.max())
    return e / e.sum()


def stable_softmax__no_maximum__and__sums_down_the_columns(scores):
    """Does not subtract the largest score, and sums over the wrong axis."""
    e = np.exp(scores)
    return e / e.sum(axis=0)


def stable_softmax__axis0(scores):
    """Sums over axis 0."""
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return e / np.sum(e, axis=0)


def stable_softmax__naive(scores):
    """No subtraction of the maximum, overflows."""
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__sum_all(scores):
    """Divides by the sum of the whole array."""
    z = scores - np.max(scores, axis=-1, keepdims=True)
    numerator = np.exp(z)
    denominator = np.sum(numerator)
    return numerator / denominator


def stable_softmax__global_max(scores):
    """Subtracts the one largest score of the whole array instead of the row's."""
    shifted = scores - np.max(scores)
    exps = np.exp(shifted)
    return exps / np.sum(exps, axis=-1, keepdims=True)


def stable_softmax__axis_of_one(scores):
    """Gives every score an axis of its own, so that each is normalised alone: all weights are 1."""
    alone = torch.as_tensor(np.asarray(scores, dtype=float)).unsqueeze(-1)
    return alone.softmax(-1).squeeze(-1)


def stable_softmax__maximum_outside_the_exponential(scores):
    """Subtracts the largest score from the exponentials, because a bracket closes too early."""
    e = np.exp(scores) - np.max(scores, axis=-1, keepdims=True)
    return e / e.sum(axis=-1, keepdims=True)


def stable_softmax__keepdims_forgotten_twice(scores):
    """Forgets keepdims in the maximum and in the sum."""
    e = np.exp(scores - np.max(scores, axis=-1))
    return e / np.sum(e, axis=-1)


# ---------------------------------------------------------------------------- score_vector
def score_vector__already_scaled(query, keys):
    """Divides by sqrt(d_k) although the scores are wanted before scaling."""
    return keys @ query / np.sqrt(len(query))


def score_vector__softmax_applied(query, keys):
    """Goes one step too far and returns weights."""
    return _softmax(keys @ query)


def score_vector__products_not_added_up(query, keys):
    """Multiplies the components and forgets to add them up: one row for every key."""
    return keys * query


def score_vector__adds_up_everything(query, keys):
    """Adds up all products of all keys, to one number."""
    return (keys * query).sum()


def score_vector__sums_down_the_columns(query, keys):
    """Adds over the keys instead of over the components."""
    return (keys * query).sum(axis=0)


def score_vector__cosine(query, keys):
    """Divides by the lengths of both vectors: the cosine, not the dot product."""
    return [k @ query / (np.linalg.norm(k) * np.linalg.norm(query)) for k in keys]


def score_vector__distance(query, keys):
    """Takes the negative distance as a likeness."""
    return -np.linalg.norm(keys - query, axis=1)


def score_vector__query_in_front_of_untransposed_keys(query, keys):
    """Writes query @ keys without transposing: fails, or is wrong when num_keys is d_k."""
    return query @ keys


def score_vector__reshaped_instead_of_transposed(query, keys):
    """Reshapes the keys to (d_k, num_keys), which mixes numbers of different keys."""
    return query @ keys.reshape(len(query), -1)


def score_vector__mean_of_the_products(query, keys):
    """Takes the mean of the products where their sum was wanted."""
    return np.mean(keys * query, axis=-1)


def score_vector__products_of_the_sums(query, keys):
    """Adds up both vectors and multiplies the two sums."""
    return query.sum() * keys.sum(axis=1)


def score_vector__largest_product(query, keys):
    """Keeps the largest product of two components instead of adding all."""
    return (keys * query).max(axis=1)


def score_vector__total_not_reset(query, keys):
    """Sets the total to 0 once, before all keys: every score contains those before it."""
    scores = []
    total = 0.0
    for key in keys:
        for q, k in zip(query, key, strict=True):
            total += q * k
        scores.append(total)
    return np.array(scores)


def score_vector__last_component_left_out(query, keys):
    """Stops one component too early."""
    scores = np.zeros(len(keys))
    for i in range(len(keys)):
        for j in range(len(query) - 1):
            scores[i] += query[j] * keys[i][j]
    return scores


def score_vector__first_component_left_out(query, keys):
    """Starts counting the components at 1."""
    scores = np.zeros(len(keys))
    for i in range(len(keys)):
        for j in range(1, len(query)):
            scores[i] += query[j] * keys[i, j]
    return scores


def score_vector__loops_over_d_k_keys(query, keys):
    """Takes len(query) for the number of keys: too few scores, or an index error."""
    return np.array([query @ keys[i] for i in range(len(query))])


def score_vector__keeps_an_axis_too_many(query, keys):
    """Makes the query a column, so the scores come out as a column (num_keys, 1)."""
    return keys @ query.reshape(-1, 1)


def score_vector__whole_number_scores(query, keys):
    """Collects the scores in an integer array, which cuts off what is behind the point."""
    scores = np.zeros(keys.shape[0], dtype=int)
    for i, key in enumerate(keys):
        scores[i] = np.dot(query, key)
    return scores


def score_vector__absolute_values(query, keys):
    """Drops the sign of every score."""
    return torch.as_tensor(keys @ query).abs()


def score_vector__keeps_only_the_last_product(query, keys):
    """Writes = where += was meant, so only the last component counts."""
    scores = np.zeros(len(keys))
    for i in range(len(keys)):
        for j in range(len(query)):
            scores[i] = query[j] * keys[i, j]
    return scores


def score_vector__sum_instead_of_product(query, keys):
    """Adds query and key where they were to be multiplied."""
    return (keys + query).sum(axis=1)


def score_vector__best_first(query, keys):
    """Sorts the scores, so they no longer belong to their keys."""
    return sorted((keys @ query).tolist(), reverse=True)


def score_vector__keys_with_themselves(query, keys):
    """Multiplies every key with itself; the query plays no part."""
    return np.einsum("kd,kd->k", keys, keys)


def score_vector__already_scaled__and__last_key_left_out(query, keys):
    """Scales although no scaling was wanted, and stops one key too early."""
    return [query @ keys[i] / math.sqrt(len(query)) for i in range(len(keys) - 1)]


def score_vector__mean_of_the_products__and__absolute_values(query, keys):
    """Takes the mean where the sum was wanted, and drops the signs."""
    return np.abs(keys * query).mean(axis=1)


def score_vector__wrong_order(query, keys):
    """query @ keys without the transpose: shapes do not fit."""
    return query @ keys


def score_vector__scaled(query, keys):
    """Scales already here."""
    return keys @ query / np.sqrt(query.shape[-1])


def score_vector__elementwise(query, keys):
    """Forgets to sum the products."""
    return query * keys


def score_vector__again_cosine(query, keys):
    """Cosine similarity instead of the dot product."""
    dots = np.dot(keys, query)
    return dots / (np.linalg.norm(keys, axis=1) * np.linalg.norm(query))


def score_vector__squared_distance(query, keys):
    """Adds up the squares of the differences."""
    return ((keys - query) ** 2).sum(axis=1)


def score_vector__minus_the_squared_distance(query, keys):
    """Takes minus the squared distance for a similarity."""
    return np.array([-np.sum(np.square(key - query)) for key in keys])


def score_vector__rows_and_columns_mixed_up(query, keys):
    """Reads keys[j][i] where keys[i][j] was meant."""
    return [sum(query[j] * keys[j][i] for j in range(len(query))) for i in range(len(keys))]


# ---------------------------------------------------------------------------- scale_scores
def scale_scores__divides_by_d_k(scores, d_k):
    """Divides by d_k and forgets the square root."""
    return scores / d_k


def scale_scores__multiplies(scores, d_k):
    """Multiplies by sqrt(d_k) where it was to divide."""
    return scores * np.sqrt(d_k)


def scale_scores__not_at_all(scores, d_k):
    """Computes the square root and returns the scores as they came."""
    factor = 1 / math.sqrt(d_k)
    return scores


def scale_scores__divides_by_the_inverse(scores, d_k):
    """Takes d_k ** -0.5 and divides by it once more, which multiplies."""
    scale = d_k**-0.5
    return scores / scale


def scale_scores__square_root_of_the_number_of_keys(scores, d_k):
    """Takes the square root of the number of scores."""
    return scores / np.sqrt(len(scores))


def scale_scores__hard_coded_eight(scores, d_k):
    """Divides by 8, which fits d_k = 64 alone."""
    return scores / 8


def scale_scores__whole_number_root(scores, d_k):
    """Rounds the square root down to a whole number."""
    return scores / math.isqrt(d_k)


def scale_scores__whole_number_division(scores, d_k):
    """Uses // where / was meant."""
    return scores // np.sqrt(d_k)


def scale_scores__brackets_missing_in_the_power(scores, d_k):
    """Writes d_k ** 1 / 2, which Python reads as half of d_k."""
    return scores / (d_k**1 / 2)


def scale_scores__divides_by_the_square(scores, d_k):
    """Squares d_k where the root was meant."""
    return scores / d_k**2


def scale_scores__root_of_the_quotient(scores, d_k):
    """Takes the root of the quotient: the scores are rooted too, and negative ones are NaN."""
    return np.sqrt(scores / d_k)


def scale_scores__subtracts_the_root(scores, d_k):
    """Subtracts the square root instead of dividing by it."""
    return [s - math.sqrt(d_k) for s in scores]


def scale_scores__softmax_applied(scores, d_k):
    """Goes one step too far and returns weights."""
    return _softmax(scores / np.sqrt(d_k))


def scale_scores__fills_an_array_of_the_input_type(scores, d_k):
    """Writes into zeros_like(scores): whole numbers in, cut off whole numbers out."""
    scaled = np.zeros_like(scores)
    for i, s in enumerate(scores):
        scaled[i] = s / math.sqrt(d_k)
    return scaled


def scale_scores__divides_in_place(scores, d_k):
    """Uses /= on the argument: changes the caller's array, and fails for whole numbers."""
    scores /= np.sqrt(d_k)
    return scores


def scale_scores__only_the_first(scores, d_k):
    """Returns inside the loop, so one number comes back."""
    for s in scores:
        return s / np.sqrt(d_k)


def scale_scores__forgets_return(scores, d_k):
    """Does not return the result."""
    scores = scores / np.sqrt(d_k)


def scale_scores__logarithm(scores, d_k):
    """Divides by the logarithm of d_k."""
    return scores / np.log(d_k + 1)


def scale_scores__root_plus_one(scores, d_k):
    """Adds 1 below the root, to be safe from division by zero."""
    return torch.as_tensor(scores) / math.sqrt(d_k + 1)


def scale_scores__scales_to_length_one(scores, d_k):
    """Divides by the length of the vector of scores."""
    return scores / np.linalg.norm(scores)


def scale_scores__twice(scores, d_k):
    """Divides by the root two times, which is dividing by d_k."""
    scale = d_k**-0.5
    scaled = scores * scale
    return scaled / np.sqrt(d_k)


def scale_scores__divides_by_d_k__and__whole_number_division(scores, d_k):
    """Forgets the root, and uses // where / was meant."""
    return scores // d_k


def scale_scores__multiplies__and__square_root_of_the_number_of_keys(scores, d_k):
    """Multiplies, and by the root of the wrong size."""
    return np.array(scores) * len(scores) ** 0.5


def scale_scores__by_d(scores, d_k):
    """Divides by d_k, root forgotten."""
    return scores / d_k


def scale_scores__len_scores(scores, d_k):
    """Takes the root of the number of scores instead of d_k."""
    return scores / np.sqrt(len(scores))


def scale_scores__multiply(scores, d_k):
    """Multiplies by the root."""
    return scores * np.sqrt(d_k)


def scale_scores__root_of_all(scores, d_k):
    """Takes the root of the whole quotient (parenthesis slip)."""
    return np.sqrt(scores / d_k)


def scale_scores__power_without_brackets(scores, d_k):
    """Writes d_k ** 1 / 2 below the line, which divides by d_k and then by 2."""
    return scores / d_k**1 / 2


def scale_scores__root_rounded(scores, d_k):
    """Rounds the root to a whole number."""
    return scores / round(math.sqrt(d_k))


# ---------------------------------------------------------------------------- weighted_sum
def weighted_sum__not_added_up(weights, values):
    """Multiplies by the weights and forgets to add up: one row for every key."""
    return weights[:, None] * values


def weighted_sum__adds_up_everything(weights, values):
    """Adds up the components too, to one number."""
    return np.sum(weights[:, None] * values)


def weighted_sum__adds_along_the_rows(weights, values):
    """Adds up the components of every value vector instead of the vectors."""
    return (weights[:, None] * values).sum(axis=1)


def weighted_sum__mean_of_the_weighted(weights, values):
    """Takes the mean of the weighted vectors, so the result is num_keys times too small."""
    return (weights[:, None] * values).mean(axis=0)


def weighted_sum__ignores_the_weights(weights, values):
    """Takes the plain mean of the values."""
    return values.mean(axis=0)


def weighted_sum__weights_on_the_wrong_axis(weights, values):
    """Writes weights * values: fails, or weights the components when num_keys is d_v."""
    return (weights * values).sum(axis=0)


def weighted_sum__values_in_front(weights, values):
    """Writes values @ weights: fails, or is the transpose when num_keys is d_v."""
    return values @ weights


def weighted_sum__reshaped_instead_of_transposed(weights, values):
    """Reshapes the values to (d_v, num_keys), which mixes numbers of different vectors."""
    return values.reshape(-1, len(weights)) @ weights


def weighted_sum__takes_the_winner(weights, values):
    """Returns the value with the largest weight, alone."""
    return values[np.argmax(weights)]


def weighted_sum__softmax_once_more(weights, values):
    """Sends the weights through a softmax a second time."""
    return _softmax(weights) @ values


def weighted_sum__keeps_only_the_last(weights, values):
    """Writes = where += was meant, so only the last vector counts."""
    output = np.zeros(values.shape[1])
    for w, v in zip(weights, values, strict=True):
        output = w * v
    return output


def weighted_sum__whole_number_output(weights, values):
    """Collects the result in an integer array, which cuts off what is behind the point."""
    output = np.zeros(values.shape[1], dtype=int)
    for j in range(values.shape[1]):
        output[j] = sum(weights[i] * values[i, j] for i in range(len(weights)))
    return output


def weighted_sum__fills_an_array_of_the_input_type(weights, values):
    """Makes the result like a value vector: for whole-number values it is cut off."""
    output = np.zeros_like(values[0])
    for j in range(len(output)):
        output[j] = np.dot(weights, values[:, j])
    return output


def weighted_sum__first_word_left_out(weights, values):
    """Starts counting the keys at 1."""
    output = np.zeros(values.shape[1])
    for i in range(1, len(weights)):
        output += weights[i] * values[i]
    return output


def weighted_sum__last_word_left_out(weights, values):
    """Stops one key too early."""
    output = np.zeros(values.shape[1])
    for i in range(len(weights) - 1):
        output += weights[i] * values[i]
    return output


def weighted_sum__loops_over_d_v_keys(weights, values):
    """Takes the length of a value vector for the number of keys."""
    num_keys, d_v = values.shape
    output = np.zeros(d_v)
    for i in range(d_v):
        output += weights[i] * values[i]
    return output


def weighted_sum__squares_the_weights(weights, values):
    """Multiplies by the weight twice."""
    weighted = weights[:, None] * values
    return weights @ weighted


def weighted_sum__weights_in_reverse(weights, values):
    """Pairs the weights with the values from the other end."""
    return np.einsum("k,kd->d", weights[::-1], values)


def weighted_sum__multiplies_up(weights, values):
    """Multiplies the weighted vectors with each other instead of adding them."""
    return np.prod([w * v for w, v in zip(weights, values, strict=True)], axis=0)


def weighted_sum__keeps_an_axis_too_many(weights, values):
    """Makes the weights a row, so the output is a row (1, d_v) and not a vector."""
    return weights[None, :] @ values


def weighted_sum__adds_instead_of_multiplying(weights, values):
    """Adds the weight to every value vector."""
    return (weights[:, None] + values).sum(axis=0)


def weighted_sum__largest_of_the_weighted(weights, values):
    """Takes the largest weighted component instead of adding them up."""
    return torch.as_tensor(weights[:, None] * values).max(dim=0).values


def weighted_sum__outer_product(weights, values):
    """Forgets which axes belong together and takes every weight with every value."""
    return np.einsum("i,jd->d", weights, values)


def weighted_sum__mean_of_the_weighted__and__adds_along_the_rows(weights, values):
    """Takes a mean where a sum was wanted, and over the wrong axis."""
    return (weights[:, None] * values).mean(axis=1)


def weighted_sum__softmax_once_more__and__last_word_left_out(weights, values):
    """Applies a softmax to the weights, and leaves out the last key."""
    w = _softmax(weights)
    return sum(w[i] * values[i] for i in range(len(w) - 1))


def weighted_sum__no_sum(weights, values):
    """Multiplies but does not add up."""
    return weights[:, None] * values


def weighted_sum__sum_axis1(weights, values):
    """Sums over the features instead of over the keys."""
    return (weights.reshape(-1, 1) * values).sum(axis=1)


def weighted_sum__mean(weights, values):
    """Takes the mean of the weighted values instead of the sum."""
    return np.mean(weights[:, np.newaxis] * values, axis=0)


def weighted_sum__return_in_loop(weights, values):
    """Loop returns after the first pass: return inside the loop."""
    out = np.zeros(values.shape[1])
    for w, v in zip(weights, values, strict=True):
        out += w * v
        return out


def weighted_sum__added_up_in_an_integer_array(weights, values):
    """Adds up in an array of the values' type, number by number: each partial sum is cut down."""
    output = np.zeros(values.shape[1], dtype=values.dtype)
    for i in range(len(values)):
        for j in range(values.shape[1]):
            output[j] += weights[i] * values[i, j]
    return output


def weighted_sum__dot_the_wrong_way_round(weights, values):
    """Writes values.dot(weights), which fits only when there are as many keys as entries."""
    return values.dot(weights)


# ------------------------------------------------------------------------- attend_one_word
def attend_one_word__no_scale(embeddings, position, W_q, W_k, W_v):
    """Forgets to divide the scores by sqrt(d_k)."""
    q = embeddings[position] @ W_q
    K = embeddings @ W_k
    V = embeddings @ W_v
    return _softmax(K @ q) @ V


def attend_one_word__scale_computed_and_unused(embeddings, position, W_q, W_k, W_v):
    """Computes the scaled scores and then takes the softmax of the unscaled ones."""
    query = embeddings[position] @ W_q
    keys = embeddings @ W_k
    values = embeddings @ W_v
    scores = keys @ query
    scaled = scores / np.sqrt(len(query))
    weights = _softmax(scores)
    return weights @ values


def attend_one_word__divides_by_d_k(embeddings, position, W_q, W_k, W_v):
    """Divides by d_k and forgets the square root."""
    q = embeddings[position] @ W_q
    scores = (embeddings @ W_k) @ q / W_k.shape[1]
    return _softmax(scores) @ (embeddings @ W_v)


def attend_one_word__scales_by_d_model(embeddings, position, W_q, W_k, W_v):
    """Takes the root of d_model, the length of an embedding."""
    d_k = embeddings.shape[1]
    q = embeddings[position] @ W_q
    scores = (embeddings @ W_k) @ q / np.sqrt(d_k)
    return _softmax(scores) @ (embeddings @ W_v)


def attend_one_word__scales_by_the_number_of_words(embeddings, position, W_q, W_k, W_v):
    """Takes the root of the number of words."""
    q = embeddings[position] @ W_q
    k = embeddings @ W_k
    scores = k @ q / np.sqrt(len(k))
    return _softmax(scores) @ (embeddings @ W_v)


def attend_one_word__scales_by_d_v(embeddings, position, W_q, W_k, W_v):
    """Takes the root of the length of a value vector."""
    q = embeddings[position] @ W_q
    k = embeddings @ W_k
    v = embeddings @ W_v
    weights = _softmax(k @ q / v.shape[-1] ** 0.5)
    return weights @ v


def attend_one_word__hard_coded_eight(embeddings, position, W_q, W_k, W_v):
    """Divides by 8, which fits d_k = 64 alone."""
    q = embeddings[position] @ W_q
    scores = (embeddings @ W_k) @ q / 8
    return _softmax(scores) @ (embeddings @ W_v)


def attend_one_word__multiplies_by_the_root(embeddings, position, W_q, W_k, W_v):
    """Multiplies by sqrt(d_k) where it was to divide."""
    q = embeddings[position] @ W_q
    scores = (embeddings @ W_k) @ q * math.sqrt(len(q))
    return _softmax(scores) @ (embeddings @ W_v)


def attend_one_word__scales_after_the_softmax(embeddings, position, W_q, W_k, W_v):
    """Divides the weights by sqrt(d_k) instead of the scores."""
    q = embeddings[position] @ W_q
    weights = _softmax((embeddings @ W_k) @ q) / np.sqrt(len(q))
    return weights @ (embeddings @ W_v)


def attend_one_word__values_not_projected(embeddings, position, W_q, W_k, W_v):
    """Uses the embeddings themselves as values."""
    q = embeddings[position] @ W_q
    K = embeddings @ W_k
    weights = _softmax(K @ q / np.sqrt(len(q)))
    return weights @ embeddings


def attend_one_word__values_from_W_k(embeddings, position, W_q, W_k, W_v):
    """Builds the values with W_k; the shape betrays it only when d_v is not d_k."""
    q = embeddings[position] @ W_q
    K = embeddings @ W_k
    V = embeddings @ W_k
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__keys_not_projected(embeddings, position, W_q, W_k, W_v):
    """Uses the embeddings themselves as keys, which fails unless d_k is d_model."""
    q = embeddings[position] @ W_q
    V = embeddings @ W_v
    return _softmax(embeddings @ q / np.sqrt(len(q))) @ V


def attend_one_word__query_not_projected(embeddings, position, W_q, W_k, W_v):
    """Uses the embedding of the word as its query, which fails unless d_k is d_model."""
    q = embeddings[position]
    K = embeddings @ W_k
    V = embeddings @ W_v
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__query_and_key_matrices_swapped(embeddings, position, W_q, W_k, W_v):
    """Builds the query with W_k and the keys with W_q."""
    q = embeddings[position] @ W_k
    K = embeddings @ W_q
    V = embeddings @ W_v
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__scores_all_queries_against_its_key(embeddings, position, W_q, W_k, W_v):
    """Scores the queries of all words against the key of this one: a column of the matrix."""
    Q, K, V = embeddings @ W_q, embeddings @ W_k, embeddings @ W_v
    scores = (Q @ K.T / np.sqrt(Q.shape[1]))[:, position]
    return _softmax(scores) @ V


def attend_one_word__keys_from_W_q(embeddings, position, W_q, W_k, W_v):
    """Builds the keys with W_q too; W_k plays no part."""
    Q = embeddings @ W_q
    K = embeddings @ W_q
    V = embeddings @ W_v
    return _softmax(K @ Q[position] / np.sqrt(Q.shape[1])) @ V


def attend_one_word__counts_positions_from_one(embeddings, position, W_q, W_k, W_v):
    """Takes the word before, as if the first word had position 1."""
    q = embeddings[position - 1] @ W_q
    K = embeddings @ W_k
    V = embeddings @ W_v
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__next_word(embeddings, position, W_q, W_k, W_v):
    """Takes the word after, and fails for the last word."""
    q = embeddings[position + 1] @ W_q
    K = embeddings @ W_k
    V = embeddings @ W_v
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__the_first_word_whatever_the_position(embeddings, position, W_q, W_k, W_v):
    """Copied the example with word 0 and left the 0 in."""
    q = embeddings[0] @ W_q
    K = embeddings @ W_k
    V = embeddings @ W_v
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__leaves_itself_out(embeddings, position, W_q, W_k, W_v):
    """Looks at the other words only."""
    q = embeddings[position] @ W_q
    others = [e for i, e in enumerate(embeddings) if i != position]
    keys = [e @ W_k for e in others]
    values = np.array([e @ W_v for e in others])
    weights = _softmax([k @ q / math.sqrt(len(q)) for k in keys])
    return weights @ values


def attend_one_word__looks_only_back(embeddings, position, W_q, W_k, W_v):
    """Looks at this word and the words before it only."""
    seen = embeddings[: position + 1]
    q = embeddings[position] @ W_q
    return _softmax((seen @ W_k) @ q / np.sqrt(len(q))) @ (seen @ W_v)


def attend_one_word__returns_the_weights(embeddings, position, W_q, W_k, W_v):
    """Stops after the softmax and returns the weights."""
    q = embeddings[position] @ W_q
    K = embeddings @ W_k
    return _softmax(K @ q / np.sqrt(len(q)))


def attend_one_word__returns_all_words(embeddings, position, W_q, W_k, W_v):
    """Returns the outputs of all words and leaves the position unused."""
    Q, K, V = (embeddings @ W for W in (W_q, W_k, W_v))
    return _softmax(Q @ K.T / np.sqrt(K.shape[1])) @ V


def attend_one_word__no_softmax(embeddings, position, W_q, W_k, W_v):
    """Weights the values with the raw scaled scores."""
    q = embeddings[position] @ W_q
    scores = embeddings @ W_k @ q / np.sqrt(len(q))
    return scores @ (embeddings @ W_v)


def attend_one_word__scores_divided_by_their_sum(embeddings, position, W_q, W_k, W_v):
    """Divides the scores by their sum instead of taking a softmax."""
    q = embeddings[position] @ W_q
    scores = embeddings @ W_k @ q / np.sqrt(len(q))
    return scores / scores.sum() @ (embeddings @ W_v)


def attend_one_word__softmax_over_the_queries(embeddings, position, W_q, W_k, W_v):
    """Takes the softmax of the whole table over its queries and then its row."""
    Q, K, V = embeddings @ W_q, embeddings @ W_k, embeddings @ W_v
    table = _softmax((Q @ K.T / np.sqrt(Q.shape[1])).T).T
    return table[position] @ V


def attend_one_word__softmax_over_one_number(embeddings, position, W_q, W_k, W_v):
    """Takes the softmax along an axis of size 1, so all weights are 1."""
    q = embeddings[position] @ W_q
    scores = (embeddings @ W_k) @ q[:, None] / np.sqrt(len(q))
    weights = _softmax(scores)
    return (weights * (embeddings @ W_v)).sum(axis=0)


def attend_one_word__takes_the_winner(embeddings, position, W_q, W_k, W_v):
    """Returns the value of the word with the largest score, alone."""
    q = embeddings[position] @ W_q
    best = np.argmax(embeddings @ W_k @ q)
    return embeddings[best] @ W_v


def attend_one_word__mean_of_the_weighted(embeddings, position, W_q, W_k, W_v):
    """Takes the mean of the weighted values where the sum was wanted."""
    q = embeddings[position] @ W_q
    weights = _softmax(embeddings @ W_k @ q / np.sqrt(len(q)))
    return (weights[:, None] * (embeddings @ W_v)).mean(axis=0)


def attend_one_word__unstable_softmax(embeddings, position, W_q, W_k, W_v):
    """Does not subtract the largest score: large embeddings give NaN."""
    q = embeddings[position] @ W_q
    e = np.exp(embeddings @ W_k @ q / np.sqrt(len(q)))
    return e / e.sum() @ (embeddings @ W_v)


def attend_one_word__weights_rounded(embeddings, position, W_q, W_k, W_v):
    """Rounds the weights to two digits, as they were printed in the text."""
    q = embeddings[position] @ W_q
    weights = _softmax(embeddings @ W_k @ q / np.sqrt(len(q))).round(2)
    return weights @ (embeddings @ W_v)


def attend_one_word__matrices_transposed(embeddings, position, W_q, W_k, W_v):
    """Transposes the weight matrices, as nn.Linear stores them."""
    q = embeddings[position] @ W_q.T
    K = embeddings @ W_k.T
    V = embeddings @ W_v.T
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__value_of_this_word_only(embeddings, position, W_q, W_k, W_v):
    """Weights the value of this word alone, with all weights: they sum to 1."""
    q = embeddings[position] @ W_q
    weights = _softmax(embeddings @ W_k @ q / np.sqrt(len(q)))
    v = embeddings[position] @ W_v
    return sum(w * v for w in weights)


def attend_one_word__adds_the_value_of_this_word(embeddings, position, W_q, W_k, W_v):
    """Adds the value of the word itself at the end, as if it were not among the keys."""
    V = embeddings @ W_v
    q = embeddings[position] @ W_q
    return _softmax(embeddings @ W_k @ q / np.sqrt(len(q))) @ V + V[position]


def attend_one_word__a_column_of_the_embeddings(embeddings, position, W_q, W_k, W_v):
    """Takes column `position` of the embeddings for the word: fails unless n is d_model."""
    q = embeddings[:, position] @ W_q
    K = embeddings @ W_k
    V = embeddings @ W_v
    return _softmax(K @ q / np.sqrt(len(q))) @ V


def attend_one_word__no_scale__and__values_not_projected(embeddings, position, W_q, W_k, W_v):
    """Forgets to scale, and uses the embeddings themselves as values."""
    q = embeddings[position] @ W_q
    return _softmax(embeddings @ W_k @ q) @ embeddings


def attend_one_word__matrices_swapped__and__divides_by_d_k(embeddings, position, W_q, W_k, W_v):
    """Swaps W_q and W_k, and divides by d_k instead of its root."""
    q = embeddings[position] @ W_k
    K = embeddings @ W_q
    return _softmax(K @ q / len(q)) @ (embeddings @ W_v)


def attend_one_word__again_no_scale(embeddings, position, W_q, W_k, W_v):
    """Forgets to divide by sqrt(d_k)."""
    q = embeddings[position] @ W_q
    K = embeddings @ W_k
    V = embeddings @ W_v
    return _softmax(K @ q) @ V


def attend_one_word__d_model(embeddings, position, W_q, W_k, W_v):
    """Scales by sqrt(d_model)."""
    d = embeddings.shape[-1]
    q = embeddings[position] @ W_q
    scores = (embeddings @ W_k) @ q / np.sqrt(d)
    weights = _softmax(scores)
    return weights @ (embeddings @ W_v)


def attend_one_word__again_values_not_projected(embeddings, position, W_q, W_k, W_v):
    """Takes the embeddings themselves as the values."""
    q = embeddings[position] @ W_q
    K = embeddings @ W_k
    w = _softmax(q @ K.T / np.sqrt(K.shape[1]))
    return w @ embeddings


def attend_one_word__only_previous(embeddings, position, W_q, W_k, W_v):
    """Only looks at the words up to the position."""
    context = embeddings[: position + 1]
    q = embeddings[position] @ W_q
    K, V = context @ W_k, context @ W_v
    return _softmax(K @ q / math.sqrt(W_k.shape[1])) @ V


def attend_one_word__keys_not_transposed(embeddings, position, W_q, W_k, W_v):
    """Multiplies the query by the keys as they are: fits only a square of keys."""
    query = embeddings[position] @ W_q
    return _softmax(query @ (embeddings @ W_k) / len(query) ** 0.5) @ (embeddings @ W_v)


def attend_one_word__matrices_swapped__and__values_from_W_k(embeddings, position, W_q, W_k, W_v):
    """Makes the query with W_k, the keys with W_q, and the values with W_k again."""
    key = embeddings[position] @ W_k
    queries = embeddings @ W_q
    return _softmax(queries @ key / key.size**0.5) @ (embeddings @ W_k)


# ------------------------------------------------------------------- output_for_equal_keys
def output_for_equal_keys__sum_of_the_values(query, key, values):
    """Adds the values up: every weight is taken to be 1."""
    return values.sum(axis=0)


def output_for_equal_keys__softmax_of_a_single_score(query, key, values):
    """Takes the softmax of the one score, which is 1, and weights every value with it."""
    score = np.array([query @ key / np.sqrt(len(key))])
    weight = _softmax(score)
    return sum(weight * v for v in values)


def output_for_equal_keys__softmax_over_one_number(query, key, values):
    """Repeats the key as a column and takes the softmax along an axis of size 1."""
    scores = np.full((len(values), 1), query @ key / np.sqrt(len(key)))
    weights = _softmax(scores)
    return weights.T[0] @ values


def output_for_equal_keys__first_value(query, key, values):
    """Takes the first value: all keys are equal, so any would do."""
    return values[0]


def output_for_equal_keys__score_times_the_mean(query, key, values):
    """Multiplies the mean with the score."""
    return (query @ key) / np.sqrt(len(key)) * values.mean(axis=0)


def output_for_equal_keys__exponentials_not_normalised(query, key, values):
    """Weights every value with exp(score) and does not divide by the sum."""
    score = query @ key / np.sqrt(len(key))
    return sum(np.exp(score) * v for v in values)


def output_for_equal_keys__mean_of_everything(query, key, values):
    """Forgets the axis, so the mean of all numbers comes out."""
    return values.mean()


def output_for_equal_keys__mean_along_the_rows(query, key, values):
    """Takes the mean over the components of every value."""
    return values.mean(axis=1)


def output_for_equal_keys__median(query, key, values):
    """Takes the median where the mean is right."""
    return np.median(values, axis=0)


def output_for_equal_keys__divides_by_d_k(query, key, values):
    """Divides the sum by d_k instead of by the number of keys."""
    return values.sum(axis=0) / len(key)


def output_for_equal_keys__divides_by_d_v(query, key, values):
    """Divides the sum by the length of a value vector."""
    return values.sum(axis=0) / values.shape[1]


def output_for_equal_keys__divides_by_one_less(query, key, values):
    """Divides by num_keys - 1, as in a sample variance."""
    return values.sum(axis=0) / (len(values) - 1)


def output_for_equal_keys__largest_components(query, key, values):
    """Takes the largest component of all values."""
    return torch.as_tensor(values).amax(dim=0)


def output_for_equal_keys__zeros(query, key, values):
    """Thinks that equal keys cancel each other out."""
    return np.zeros(values.shape[1])


def output_for_equal_keys__returns_the_weights(query, key, values):
    """Returns the equal weights instead of the mean they give."""
    n = len(values)
    return np.full(n, 1 / n)


def output_for_equal_keys__values_taken_as_keys(query, key, values):
    """Scores the query against the values: fails, or is wrong when d_v is d_k."""
    return _softmax(values @ query / np.sqrt(len(query))) @ values


def output_for_equal_keys__unstable_softmax(query, key, values):
    """Computes exp(score) without subtracting the largest: large vectors give NaN."""
    scores = np.array([query @ key / np.sqrt(len(key)) for _ in values])
    e = np.exp(scores)
    return e / e.sum() @ values


def output_for_equal_keys__whole_number_mean(query, key, values):
    """Uses // where / was meant."""
    return values.sum(axis=0) // len(values)


def output_for_equal_keys__fills_an_array_of_the_input_type(query, key, values):
    """Makes the result like a value vector: for whole-number values it is cut off."""
    output = np.zeros_like(values[0])
    for j in range(values.shape[1]):
        output[j] = sum(v[j] for v in values) / len(values)
    return output


def output_for_equal_keys__weights_are_the_score(query, key, values):
    """Forgets the softmax and uses the score as the weight of every value."""
    score = np.dot(query, key) / math.sqrt(len(query))
    return sum(score * v for v in values)


def output_for_equal_keys__leaves_out_the_last(query, key, values):
    """Takes the mean of all values but the last."""
    return np.mean(values[:-1], axis=0)


def output_for_equal_keys__returns_all_outputs(query, key, values):
    """Returns one row for every key."""
    return np.tile(values.mean(axis=0), (len(values), 1))


def output_for_equal_keys__sum__and__whole_number_output(query, key, values):
    """Adds up instead of taking the mean, and cuts the result to whole numbers."""
    return values.sum(axis=0).astype(int)


def output_for_equal_keys__score_times__and__mean_of_everything(query, key, values):
    """Multiplies with the score, and forgets the axis of the mean."""
    return query @ key * values.mean()


def output_for_equal_keys__sum(query, key, values):
    """Adds the values, instead of the mean."""
    return values.sum(axis=0)


def output_for_equal_keys__scalar_mean(query, key, values):
    """Mean over everything: one number."""
    return np.mean(values)


def output_for_equal_keys__score_times_mean(query, key, values):
    """Multiplies the mean by the score: softmax forgotten."""
    score = query @ key / np.sqrt(len(key))
    return score * values.mean(axis=0)


def output_for_equal_keys__first(query, key, values):
    """Returns the first value because all keys are alike."""
    return values[0]
