"""Wrong answers to the exercises of chapter 3, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as a query point far
from all points, a hidden layer with numbers of 100, or a matrix W that is not square.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: RET503 - learners' slips are the point

import math

import numpy as np
import torch
import torch.nn.functional as F


def _squared_distances(query_points, points):
    """Compute the right table (num_queries, num_keys), for answers whose mistake is elsewhere."""
    return (query_points[:, None] - points[None, :]) ** 2


# ------------------------------------------------------------------------- nadaraya_watson
def nadaraya_watson__width_not_squared(query_points, points, targets, width):
    """Divides by 2 * width and forgets to square the width."""
    scores = -_squared_distances(query_points, points) / (2 * width)
    return torch.softmax(scores, dim=-1) @ targets


def nadaraya_watson__two_left_out(query_points, points, targets, width):
    """Divides by width ** 2 and forgets the 2 in front of it."""
    scores = -(((query_points[:, None] - points) / width) ** 2)
    return F.softmax(scores, dim=1) @ targets


def nadaraya_watson__two_squared_as_well(query_points, points, targets, width):
    """Squares 2 * width as a whole, so it divides by four times the width squared."""
    scores = -_squared_distances(query_points, points) / (2 * width) ** 2
    return scores.softmax(-1) @ targets


def nadaraya_watson__brackets_missing(query_points, points, targets, width):
    """Writes / 2 * width ** 2 without brackets, which multiplies by the width squared."""
    weights = torch.softmax(-_squared_distances(query_points, points) / 2 * width**2, dim=-1)
    return weights @ targets


def nadaraya_watson__width_unused(query_points, points, targets, width):
    """Takes the width for 1, whatever it is."""
    scores = -0.5 * _squared_distances(query_points, points)
    return torch.softmax(scores, dim=-1) @ targets


def nadaraya_watson__zero_over_zero(query_points, points, targets, width):
    """Divides the kernel by its sum: NaN for a query point far from all points."""
    kernel = torch.exp(-_squared_distances(query_points, points) / (2 * width**2))
    return (kernel / kernel.sum(dim=1, keepdim=True)) @ targets


def nadaraya_watson__small_number_under_the_line(query_points, points, targets, width):
    """Adds 1e-8 to the sum against 0 / 0, so a far query point gets the prediction 0."""
    kernel = torch.exp(-_squared_distances(query_points, points) / (2 * width**2))
    return kernel @ targets / (kernel.sum(dim=1) + 1e-8)


def nadaraya_watson__mean_for_far_query_points(query_points, points, targets, width):
    """Predicts the plain mean of the targets wherever the kernel sums to 0."""
    predictions = []
    for x in query_points.tolist():
        kernel = torch.exp(-((x - points) ** 2) / (2 * width**2))
        if kernel.sum() == 0:
            predictions.append(targets.mean())
        else:
            predictions.append((kernel * targets).sum() / kernel.sum())
    return torch.stack(predictions)


def nadaraya_watson__one_maximum_for_all(query_points, points, targets, width):
    """Subtracts the largest score of the whole table: a far query point still gets 0 / 0."""
    scores = -_squared_distances(query_points, points) / (2 * width**2)
    e = torch.exp(scores - scores.max())
    return e @ targets / e.sum(dim=-1)


def nadaraya_watson__softmax_over_the_query_points(query_points, points, targets, width):
    """Takes the softmax down the columns, so the weights of a point sum to 1."""
    scores = -_squared_distances(query_points, points) / (2 * width**2)
    return torch.softmax(scores, dim=0) @ targets


def nadaraya_watson__not_divided_by_the_sum(query_points, points, targets, width):
    """Adds up the weighted targets and does not divide by the sum of the weights."""
    kernel = torch.exp(-_squared_distances(query_points, points) / (2 * width**2))
    return kernel @ targets


def nadaraya_watson__density_instead_of_shares(query_points, points, targets, width):
    """Divides by the width times the root of 2 pi, as for a density, and not by the sum."""
    kernel = torch.exp(-_squared_distances(query_points, points) / (2 * width**2))
    return kernel @ targets / (width * math.sqrt(2 * math.pi))


def nadaraya_watson__distance_not_squared(query_points, points, targets, width):
    """Takes the distance itself and not its square."""
    distances = (query_points[:, None] - points[None, :]).abs()
    return torch.softmax(-distances / (2 * width**2), dim=-1) @ targets


def nadaraya_watson__minus_sign_missing(query_points, points, targets, width):
    """Forgets the minus sign, so the points far away weigh most."""
    scores = _squared_distances(query_points, points) / (2 * width**2)
    return torch.softmax(scores, dim=-1) @ targets


def nadaraya_watson__nearest_point_alone(query_points, points, targets, width):
    """Predicts the target of the nearest point; the width plays no part."""
    nearest = _squared_distances(query_points, points).argmin(dim=1)
    return targets[nearest]


def nadaraya_watson__pairs_only(query_points, points, targets, width):
    """Subtracts without a new axis: fails, or compares query i with point i alone."""
    scores = -((query_points - points) ** 2) / (2 * width**2)
    return torch.softmax(scores, dim=-1) * targets


def nadaraya_watson__width_not_squared__and__softmax_over_the_query_points(query_points, points, targets, width):
    """Forgets to square the width, and takes the softmax down the columns."""
    scores = -_squared_distances(query_points, points) / (2 * width)
    return scores.softmax(dim=0) @ targets


def nadaraya_watson__two_left_out__and__zero_over_zero(query_points, points, targets, width):
    """Forgets the 2, and divides the kernel by its sum, which is 0 for far query points."""
    kernel = torch.exp(-_squared_distances(query_points, points) / width**2)
    return kernel @ targets / kernel.sum(dim=1)


def nadaraya_watson__no_square_width(query_points, points, targets, width):
    """Width not squared in the denominator."""
    d = query_points[:, None] - points[None, :]
    w = torch.softmax(-(d**2) / (2 * width), dim=1)
    return w @ targets


def nadaraya_watson__no_softmax(query_points, points, targets, width):
    """Plain kernel and division: 0 / 0 far away."""
    d = query_points.unsqueeze(1) - points.unsqueeze(0)
    k = torch.exp(-(d**2) / (2 * width**2))
    return (k @ targets) / k.sum(dim=1)


def nadaraya_watson__no_two(query_points, points, targets, width):
    """The 2 is missing."""
    dist2 = (query_points[:, None] - points) ** 2
    return F.softmax(-dist2 / width**2, dim=-1) @ targets


def nadaraya_watson__softmax_of_kernel(query_points, points, targets, width):
    """Softmax of the kernel values: exponential applied twice."""
    d = query_points[:, None] - points[None, :]
    k = torch.exp(-(d**2) / (2 * width**2))
    return torch.softmax(k, dim=-1) @ targets


def nadaraya_watson__softmax_over_one_number(query_points, points, targets, width):
    """Goes point by point and takes each softmax over an axis of size 1: the targets are added up."""
    return torch.stack(
        [((-((x - points) ** 2) / (2 * width**2))[:, None].softmax(-1)[:, 0] * targets).sum() for x in query_points]
    )


def nadaraya_watson__nothing_below_the_line(query_points, points, targets, width):
    """Leaves the whole division out."""
    return F.softmax(-((query_points[:, None] - points) ** 2), dim=1) @ targets


def nadaraya_watson__multiplied_by_the_width(query_points, points, targets, width):
    """Multiplies by 2 * width ** 2 where it must be divided."""
    return F.softmax(-2 * width**2 * (query_points[:, None] - points) ** 2, dim=1) @ targets


def nadaraya_watson__nothing_below_the_line__and__softmax_over_the_query_points(query_points, points, targets, width):
    """Leaves the division out and normalises over the query points."""
    return (-torch.square(query_points.unsqueeze(1) - points)).softmax(0) @ targets


# ------------------------------------------------------------------------- bilinear_scores
def bilinear_scores__matrix_unused(queries, keys, W):
    """Takes the plain dot product: fails unless d_q is d_k."""
    return queries @ keys.T


def bilinear_scores__matrix_transposed(queries, keys, W):
    """Multiplies with W transposed: fails unless W is square."""
    return queries @ W.T @ keys.T


def bilinear_scores__matrix_reshaped_and_swapped(queries, keys, W):
    """Reads W as (d_k, d_q) by reshape and transposes it back, which mixes its numbers."""
    d_q, d_k = W.shape
    return queries @ W.reshape(d_k, d_q).T @ keys.T


def bilinear_scores__diagonal_of_the_matrix(queries, keys, W):
    """Uses the diagonal of W alone, as if every component met its own partner only."""
    diagonal = torch.diagonal(W)
    m = len(diagonal)
    return (queries[:, :m] * diagonal) @ keys[:, :m].T


def bilinear_scores__matrix_on_both_sides(queries, keys, W):
    """Projects the keys with W as well: fails unless W is square."""
    return (queries @ W) @ (keys @ W).T


def bilinear_scores__scaled_by_the_root_of_d_q(queries, keys, W):
    """Divides by sqrt(d_q), although no scale was asked for."""
    return queries @ W @ keys.T / math.sqrt(queries.shape[1])


def bilinear_scores__scaled_by_the_root_of_d_k(queries, keys, W):
    """Divides by sqrt(d_k), although no scale was asked for."""
    return torch.einsum("qa,ab,kb->qk", queries, W, keys) * keys.shape[-1] ** -0.5


def bilinear_scores__keys_against_queries(queries, keys, W):
    """Returns the transposed table: one row for every key."""
    return keys @ W.T @ queries.T


def bilinear_scores__keys_against_queries_then_reshaped(queries, keys, W):
    """Computes the transposed table and mends its shape with reshape."""
    return (keys @ W.T @ queries.T).reshape(queries.shape[0], keys.shape[0])


def bilinear_scores__softmax_applied(queries, keys, W):
    """Goes one step too far and returns weights."""
    return torch.softmax(queries @ W @ keys.T, dim=-1)


def bilinear_scores__pairs_only(queries, keys, W):
    """Scores query i against key i alone, as far as both go."""
    return torch.stack([q @ W @ k for q, k in zip(queries, keys, strict=False)])


def bilinear_scores__tanh_in_between(queries, keys, W):
    """Puts a tanh behind the projection, as in the additive score."""
    return torch.tanh(queries @ W) @ keys.T


def bilinear_scores__sum_not_started_anew(queries, keys, W):
    """Starts the sum at 0 once per query and not once per key, so it grows along the row."""
    scores = torch.zeros(len(queries), len(keys))
    for i in range(len(queries)):
        total = 0.0
        for j in range(len(keys)):
            for a in range(W.shape[0]):
                for b in range(W.shape[1]):
                    total = total + queries[i, a] * W[a, b] * keys[j, b]
            scores[i, j] = total
    return scores


def bilinear_scores__last_component_left_out(queries, keys, W):
    """Stops one component too early in the sum over d_k."""
    return queries @ W[:, :-1] @ keys[:, :-1].T


def bilinear_scores__whole_number_table(queries, keys, W):
    """Fills an integer table, which cuts off the fractions."""
    scores = np.zeros((len(queries), len(keys)), dtype=int)
    for i, q in enumerate(queries.numpy()):
        for j, k in enumerate(keys.numpy()):
            scores[i, j] = q @ W.numpy() @ k
    return scores


def bilinear_scores__adds_the_two_projections(queries, keys, W):
    """Adds what W makes of the query to the key and sums up, instead of multiplying."""
    return ((queries @ W)[:, None, :] + keys[None, :, :]).sum(dim=-1)


def bilinear_scores__matrix_transposed__and__scaled_by_the_root_of_d_k(queries, keys, W):
    """Multiplies with W transposed, which fails unless W is square, and divides by sqrt(d_k)."""
    return queries @ W.T @ keys.T / math.sqrt(keys.shape[1])


def bilinear_scores__keys_against_queries__and__softmax_applied(queries, keys, W):
    """Returns one row for every key, and weights instead of scores."""
    return torch.softmax(keys @ W.T @ queries.T, dim=-1)


def bilinear_scores__transposed_w(queries, keys, W):
    """W transposed."""
    return queries @ W.T @ keys.T


def bilinear_scores__scaled(queries, keys, W):
    """Divides by sqrt(d_k) out of habit."""
    return queries @ W @ keys.T / math.sqrt(keys.shape[-1])


def bilinear_scores__no_transpose_keys(queries, keys, W):
    """Keys not transposed."""
    return queries @ W @ keys


def bilinear_scores__softmaxed(queries, keys, W):
    """Returns weights instead of scores."""
    scores = torch.einsum("id,de,je->ij", queries, W, keys)
    return scores.softmax(dim=-1)


# ------------------------------------------------------------------------- additive_scores
def additive_scores__tanh_missing(queries, keys, W_q, W_k, v):
    """Leaves the tanh out, so nothing bends."""
    hidden = (queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :]
    return hidden @ v


def additive_scores__tanh_after_v(queries, keys, W_q, W_k, v):
    """Multiplies with v first and takes the tanh of the score."""
    hidden = (queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :]
    return torch.tanh(hidden @ v)


def additive_scores__tanh_inside_and_outside(queries, keys, W_q, W_k, v):
    """Takes the tanh of the hidden layer and once more of the score."""
    hidden = torch.tanh((queries @ W_q).unsqueeze(1) + (keys @ W_k).unsqueeze(0))
    return torch.tanh(hidden @ v)


def additive_scores__tanh_before_the_sum(queries, keys, W_q, W_k, v):
    """Takes the tanh of both projections before it adds them."""
    hidden = torch.tanh(queries @ W_q)[:, None] + torch.tanh(keys @ W_k)[None]
    return hidden @ v


def additive_scores__relu_instead_of_tanh(queries, keys, W_q, W_k, v):
    """Bends with a ReLU."""
    hidden = F.relu((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :])
    return (hidden * v).sum(dim=-1)


def additive_scores__sigmoid_instead_of_tanh(queries, keys, W_q, W_k, v):
    """Bends with a sigmoid."""
    hidden = (queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :]
    return torch.sigmoid(hidden) @ v


def additive_scores__products_instead_of_sums(queries, keys, W_q, W_k, v):
    """Multiplies the two projections instead of adding them."""
    hidden = torch.tanh(torch.einsum("qh,kh->qkh", queries @ W_q, keys @ W_k))
    return hidden @ v


def additive_scores__v_missing(queries, keys, W_q, W_k, v):
    """Adds up the hidden layer; v plays no part."""
    hidden = torch.tanh((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :])
    return hidden.sum(dim=-1)


def additive_scores__mean_over_the_hidden_layer(queries, keys, W_q, W_k, v):
    """Takes the mean of the products with v instead of their sum."""
    hidden = torch.tanh((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :])
    return (hidden * v).mean(dim=-1)


def additive_scores__matrices_swapped(queries, keys, W_q, W_k, v):
    """Projects the queries with W_k and the keys with W_q: fails unless d_q is d_k."""
    hidden = torch.tanh((queries @ W_k)[:, None, :] + (keys @ W_q)[None, :, :])
    return hidden @ v


def additive_scores__one_matrix_for_both(queries, keys, W_q, W_k, v):
    """Copied the line of the queries, so W_q projects the keys too: fails unless d_q is d_k."""
    projected_queries = queries @ W_q
    projected_keys = keys @ W_q
    return torch.tanh(projected_queries[:, None, :] + projected_keys[None, :, :]) @ v


def additive_scores__keys_against_queries(queries, keys, W_q, W_k, v):
    """Puts the new axes the other way round: one row for every key."""
    hidden = torch.tanh((queries @ W_q)[None, :, :] + (keys @ W_k)[:, None, :])
    return hidden @ v


def additive_scores__pairs_only(queries, keys, W_q, W_k, v):
    """Adds without a new axis: fails unless there are as many queries as keys, and then gives one number a pair."""
    return torch.tanh(queries @ W_q + keys @ W_k) @ v


def additive_scores__scaled_by_the_root_of_d_hidden(queries, keys, W_q, W_k, v):
    """Divides by sqrt(d_hidden), as if it were a dot product to be scaled."""
    hidden = torch.tanh((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :])
    return hidden @ v / math.sqrt(len(v))


def additive_scores__softmax_applied(queries, keys, W_q, W_k, v):
    """Goes one step too far and returns weights."""
    hidden = torch.tanh((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :])
    return torch.softmax(hidden @ v, dim=1)


def additive_scores__tanh_by_hand_overflows(queries, keys, W_q, W_k, v):
    """Writes tanh with two exponentials: NaN when a hidden number is about 100."""
    h = (queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :]
    return ((torch.exp(h) - torch.exp(-h)) / (torch.exp(h) + torch.exp(-h))) @ v


def additive_scores__tanh_after_v__and__matrices_swapped(queries, keys, W_q, W_k, v):
    """Takes the tanh of the score, and swaps the matrices, which fails unless d_q is d_k."""
    return torch.tanh(((queries @ W_k)[:, None, :] + (keys @ W_q)[None, :, :]) @ v)


def additive_scores__tanh_missing__and__keys_against_queries(queries, keys, W_q, W_k, v):
    """Leaves the tanh out, and returns one row for every key."""
    hidden = (queries @ W_q)[None, :, :] + (keys @ W_k)[:, None, :]
    return hidden @ v


def additive_scores__no_broadcast(queries, keys, W_q, W_k, v):
    """Adds the two projections without a pair axis."""
    return torch.tanh(queries @ W_q + keys @ W_k) @ v


def additive_scores__no_tanh(queries, keys, W_q, W_k, v):
    """tanh forgotten."""
    h = (queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :]
    return h @ v


def additive_scores__tanh_separately(queries, keys, W_q, W_k, v):
    """tanh of each projection, then added."""
    q = torch.tanh(queries @ W_q)
    k = torch.tanh(keys @ W_k)
    return (q[:, None] + k[None, :]) @ v


def additive_scores__axes_swapped(queries, keys, W_q, W_k, v):
    """unsqueeze on the other axes: (num_keys, num_queries)."""
    q = (queries @ W_q).unsqueeze(0)
    k = (keys @ W_k).unsqueeze(1)
    return torch.tanh(q + k) @ v


# ------------------------------------------------------------------------ score_parameters
def score_parameters__scale_counted(kind, d_q, d_k, d_hidden):
    """Counts the scale of the scaled dot product as one trainable number."""
    counts = {"dot": 0, "scaled_dot": 1, "bilinear": d_q * d_k, "additive": d_hidden * (d_q + d_k + 1)}
    return counts[kind]


def score_parameters__length_of_the_vectors(kind, d_q, d_k, d_hidden):
    """Counts the numbers of a query for the two dot products, although they are input."""
    if kind in ("dot", "scaled_dot"):
        return d_q
    if kind == "bilinear":
        return d_q * d_k
    return d_q * d_hidden + d_k * d_hidden + d_hidden


def score_parameters__sum_of_the_sizes(kind, d_q, d_k, d_hidden):
    """Counts d_q + d_k for the matrix between queries and keys."""
    counts = {"dot": 0, "scaled_dot": 0, "bilinear": d_q + d_k, "additive": d_hidden * (d_q + d_k + 1)}
    return counts[kind]


def score_parameters__square_matrix(kind, d_q, d_k, d_hidden):
    """Takes W for a square matrix of d_q by d_q."""
    if kind == "bilinear":
        return d_q**2
    if kind == "additive":
        return (d_q + d_k) * d_hidden + d_hidden
    return 0


def score_parameters__two_matrices_for_bilinear(kind, d_q, d_k, d_hidden):
    """Counts one matrix for the queries and one for the keys in the bilinear score."""
    if kind == "bilinear":
        return 2 * d_q * d_k
    if kind == "additive":
        return (d_q + d_k + 1) * d_hidden
    return 0


def score_parameters__bilinear_through_the_hidden_layer(kind, d_q, d_k, d_hidden):
    """Counts a path over d_hidden for the bilinear score, which has no hidden layer."""
    if "dot" in kind:
        return 0
    if kind == "bilinear":
        return d_q * d_hidden + d_hidden * d_k
    return d_q * d_hidden + d_k * d_hidden + d_hidden


def score_parameters__v_forgotten(kind, d_q, d_k, d_hidden):
    """Counts the two matrices of the additive score and forgets v."""
    return {"dot": 0, "scaled_dot": 0, "bilinear": d_q * d_k, "additive": d_hidden * (d_q + d_k)}[kind]


def score_parameters__v_as_one_number(kind, d_q, d_k, d_hidden):
    """Counts v as one number, because it yields one score."""
    if kind == "additive":
        return d_hidden * d_q + d_hidden * d_k + 1
    return d_q * d_k if kind == "bilinear" else 0


def score_parameters__v_as_a_matrix(kind, d_q, d_k, d_hidden):
    """Counts v as a matrix of d_hidden by d_hidden."""
    match kind:
        case "bilinear":
            return d_q * d_k
        case "additive":
            return d_hidden * (d_q + d_k) + d_hidden * d_hidden
        case _:
            return 0


def score_parameters__biases_counted(kind, d_q, d_k, d_hidden):
    """Counts biases for the hidden layer and for the score."""
    if kind == "additive":
        return d_hidden * (d_q + d_k + 1) + d_hidden + 1
    return d_q * d_k if kind == "bilinear" else 0


def score_parameters__one_matrix_for_both(kind, d_q, d_k, d_hidden):
    """Counts one projection for queries and keys together in the additive score."""
    if kind == "additive":
        return d_q * d_hidden + d_hidden
    if kind == "bilinear":
        return d_q * d_k
    return 0


def score_parameters__keys_as_long_as_queries(kind, d_q, d_k, d_hidden):
    """Takes d_q for both sides of the additive score, as if d_k were the same."""
    return {"bilinear": d_q * d_k, "additive": 2 * d_q * d_hidden + d_hidden}.get(kind, 0)


def score_parameters__products_of_all_three(kind, d_q, d_k, d_hidden):
    """Multiplies d_q, d_k and d_hidden, as if every pair of components met in the hidden layer."""
    if kind == "additive":
        return d_q * d_k * d_hidden + d_hidden
    if kind == "bilinear":
        return d_q * d_k
    return 0


def score_parameters__brackets_missing(kind, d_q, d_k, d_hidden):
    """Forgets the brackets round d_q + d_k, so d_q is not multiplied."""
    if kind == "additive":
        return d_q + d_k * d_hidden + d_hidden
    if kind == "bilinear":
        return d_q * d_k
    return 0


def score_parameters__misspelt_kind(kind, d_q, d_k, d_hidden):
    """Asks for "scaled dot" with a space, and so returns nothing for "scaled_dot"."""
    if kind == "dot" or kind == "scaled dot":
        return 0
    if kind == "bilinear":
        return d_q * d_k
    if kind == "additive":
        return d_hidden * (d_q + d_k + 1)


def score_parameters__v_forgotten__and__scale_counted(kind, d_q, d_k, d_hidden):
    """Forgets v in the additive score, and counts the scale as trainable."""
    return {"dot": 0, "scaled_dot": 1, "bilinear": d_q * d_k, "additive": d_hidden * (d_q + d_k)}[kind]


def score_parameters__sum_of_the_sizes__and__biases_counted(kind, d_q, d_k, d_hidden):
    """Counts d_q + d_k for the matrix of the bilinear score, and a bias for every hidden unit."""
    if kind == "bilinear":
        return d_q + d_k
    if kind == "additive":
        return d_hidden * (d_q + d_k + 1) + d_hidden
    return 0


def score_parameters__v_missing(kind, d_q, d_k, d_hidden):
    """Forgets v."""
    if kind in ("dot", "scaled_dot"):
        return 0
    if kind == "bilinear":
        return d_q * d_k
    return d_q * d_hidden + d_k * d_hidden


def score_parameters__again_scale_counted(kind, d_q, d_k, d_hidden):
    """Counts the scale as a parameter."""
    return {
        "dot": 0,
        "scaled_dot": 1,
        "bilinear": d_q * d_k,
        "additive": (d_q + d_k) * d_hidden + d_hidden,
    }[kind]


def score_parameters__biases(kind, d_q, d_k, d_hidden):
    """Adds biases in the additive score."""
    if kind == "additive":
        return (d_q + 1) * d_hidden + (d_k + 1) * d_hidden + d_hidden
    if kind == "bilinear":
        return d_q * d_k
    return 0


def score_parameters__bilinear_square(kind, d_q, d_k, d_hidden):
    """Bilinear as d_q squared."""
    if kind == "bilinear":
        return d_q**2
    if kind == "additive":
        return d_hidden * (d_q + d_k + 1)
    return 0


# ----------------------------------------------------------------------------- score_flops
def score_flops__multiplications_only(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts a multiply-add as 1."""
    if kind in ("dot", "scaled_dot"):
        return num_queries * num_keys * d_k
    if kind == "bilinear":
        return num_queries * d_q * d_k + num_queries * num_keys * d_k
    return (num_queries * d_q + num_keys * d_k + num_queries * num_keys) * d_hidden


def score_flops__one_addition_less(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts d multiplications and d - 1 additions a product, and so not 2 for each multiply-add."""

    def product(rows, inner, columns):
        return rows * columns * (2 * inner - 1)

    if kind == "bilinear":
        return product(num_queries, d_q, d_k) + product(num_queries, d_k, num_keys)
    if kind == "additive":
        projections = product(num_queries, d_q, d_hidden) + product(num_keys, d_k, d_hidden)
        return projections + product(num_queries * num_keys, d_hidden, 1)
    return product(num_queries, d_k, num_keys)


def score_flops__scaling_counted(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Adds one division a score for the scaled dot product."""
    pairs = num_queries * num_keys
    counts = {
        "dot": 2 * pairs * d_k,
        "scaled_dot": 2 * pairs * d_k + pairs,
        "bilinear": 2 * num_queries * d_q * d_k + 2 * pairs * d_k,
        "additive": 2 * d_hidden * (num_queries * d_q + num_keys * d_k + pairs),
    }
    return counts[kind]


def score_flops__tanh_counted(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Adds one operation for every tanh of the additive score."""
    pairs = num_queries * num_keys
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + pairs) + pairs * d_hidden
    if kind == "bilinear":
        return 2 * num_queries * d_k * (d_q + num_keys)
    return 2 * pairs * d_k


def score_flops__adding_the_projections_counted(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts the addition of the two projections too, for every pair and hidden unit."""
    pairs = num_queries * num_keys
    if kind == "additive":
        project = 2 * num_queries * d_q * d_hidden + 2 * num_keys * d_k * d_hidden
        return project + pairs * d_hidden + 2 * pairs * d_hidden
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k + 2 * pairs * d_k
    return 2 * pairs * d_q


def score_flops__length_of_the_vectors_left_out(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts 2 a score for queries keys^T, however long the vectors are."""
    pairs = num_queries * num_keys
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k + 2 * pairs
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + pairs)
    return 2 * pairs


def score_flops__projection_forgotten(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts the last step alone: the product of queries and W and the projections are left out."""
    inner = {"dot": d_k, "scaled_dot": d_k, "bilinear": d_k, "additive": d_hidden}[kind]
    return 2 * num_queries * num_keys * inner


def score_flops__bilinear_without_the_second_product(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts queries W and forgets the product with keys^T."""
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + num_queries * num_keys)
    return 2 * num_queries * num_keys * d_k


def score_flops__keys_multiplied_first(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts W keys^T first and then the queries, which is the other order."""
    if kind == "bilinear":
        return 2 * num_keys * d_q * d_k + 2 * num_queries * num_keys * d_q
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + num_queries * num_keys)
    return 2 * num_queries * num_keys * d_k


def score_flops__queries_projected_for_every_pair(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts queries[i] W anew for every key of the bilinear score."""
    pairs = num_queries * num_keys
    if kind == "bilinear":
        return pairs * (2 * d_q * d_k + 2 * d_k)
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + pairs)
    return 2 * pairs * d_k


def score_flops__projections_anew_for_every_pair(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Projects query and key of the additive score anew for every pair, as if nothing were kept."""
    if kind == "additive":
        return 2 * num_queries * num_keys * d_hidden * (d_q + d_k + 1)
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k + 2 * num_queries * num_keys * d_k
    return 2 * num_queries * num_keys * d_k


def score_flops__v_forgotten(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts the two projections of the additive score and not the dot products with v."""
    if kind == "additive":
        return 2 * num_queries * d_q * d_hidden + 2 * num_keys * d_k * d_hidden
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k + 2 * num_queries * num_keys * d_k
    return 2 * num_queries * num_keys * d_k


def score_flops__v_used_once(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts one dot product with v, and not one for every pair."""
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k) + 2 * d_hidden
    if kind == "bilinear":
        return 2 * num_queries * d_k * (d_q + num_keys)
    return 2 * num_queries * num_keys * d_k


def score_flops__queries_counted_for_keys(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Takes num_queries for the number of keys when the additive score projects the keys."""
    if kind == "additive":
        return 2 * d_hidden * (num_queries * (d_q + d_k) + num_queries * num_keys)
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k + 2 * num_queries * num_keys * d_k
    return 2 * num_queries * num_keys * d_k


def score_flops__softmax_counted(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Adds three operations a score for the softmax, which belongs to the weights."""
    pairs = num_queries * num_keys
    if kind == "bilinear":
        flops = 2 * num_queries * d_q * d_k + 2 * pairs * d_k
    elif kind == "additive":
        flops = 2 * d_hidden * (num_queries * d_q + num_keys * d_k + pairs)
    else:
        flops = 2 * pairs * d_k
    return flops + 3 * pairs


def score_flops__parameters_counted(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts the trainable numbers, as in the exercise before, twice over."""
    if kind == "bilinear":
        return 2 * d_q * d_k
    if kind == "additive":
        return 2 * d_hidden * (d_q + d_k + 1)
    return 0


def score_flops__multiplications_only__and__v_forgotten(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts a multiply-add as 1, and leaves the dot products with v out."""
    if kind == "additive":
        return d_hidden * (num_queries * d_q + num_keys * d_k)
    if kind == "bilinear":
        return num_queries * d_q * d_k + num_queries * num_keys * d_k
    return num_queries * num_keys * d_k


def score_flops__keys_multiplied_first__and__scaling_counted(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts W keys^T first for the bilinear score, and one division for every scaled score."""
    pairs = num_queries * num_keys
    if kind == "bilinear":
        return 2 * num_keys * d_q * d_k + 2 * pairs * d_q
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + pairs)
    return 2 * pairs * d_k + (pairs if kind == "scaled_dot" else 0)


def score_flops__mults_only(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Counts a multiply-add as 1."""
    n, m = num_queries, num_keys
    if kind in ("dot", "scaled_dot"):
        return n * m * d_k
    if kind == "bilinear":
        return n * d_q * d_k + n * m * d_k
    return n * d_q * d_hidden + m * d_k * d_hidden + n * m * d_hidden


def score_flops__projected_per_pair(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Projects anew for every pair in the additive score."""
    n, m = num_queries, num_keys
    if kind == "bilinear":
        return 2 * n * d_q * d_k + 2 * n * m * d_k
    if kind == "additive":
        return 2 * n * m * (d_q * d_hidden + d_k * d_hidden + d_hidden)
    return 2 * n * m * d_k


def score_flops__bilinear_no_second(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Bilinear: the second product with keys^T forgotten."""
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k
    if kind == "additive":
        return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + num_queries * num_keys)
    return 2 * num_queries * num_keys * d_k


def score_flops__again_scaling_counted(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Adds one division per score for scaled_dot."""
    pairs = num_queries * num_keys
    if kind == "dot":
        return 2 * pairs * d_k
    if kind == "scaled_dot":
        return 2 * pairs * d_k + pairs
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k + 2 * pairs * d_k
    return 2 * num_queries * d_q * d_hidden + 2 * num_keys * d_k * d_hidden + 2 * pairs * d_hidden
