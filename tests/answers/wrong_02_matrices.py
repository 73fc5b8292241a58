"""Wrong answers to the exercises of chapter 2, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as rows that are masked
as a whole, scores of 1000, or sentences of unequal length.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: B007, F841, RET503, RUF059 - learners' slips are the point

import math

import numpy as np
import torch
import torch.nn.functional as F


def _masked_softmax(scores, mask):
    """Compute the right weights, rows of zeros included, for answers with another mistake."""
    weights = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1)
    return weights.masked_fill(~mask, 0.0)


def _real_words(lengths, n):
    """Build the right padding mask (batch, n), for answers whose mistake is elsewhere."""
    return torch.arange(n)[None, :] < torch.as_tensor(lengths)[:, None]


def _attention(Q, K, V, mask):
    """Compute the right attention, for answers whose mistake is elsewhere."""
    return _masked_softmax(Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1]), mask) @ V


# ----------------------------------------------------------------------------- project_qkv
def project_qkv__order_q_v_k(X, W_q, W_k, W_v):
    """Returns the three in another order: queries, values, keys."""
    return X @ W_q, X @ W_v, X @ W_k


def project_qkv__order_k_q_v(X, W_q, W_k, W_v):
    """Returns keys, queries, values: right shapes, wrong order."""
    Q = X @ W_q
    K = X @ W_k
    V = X @ W_v
    return K, Q, V


def project_qkv__keys_from_W_q(X, W_q, W_k, W_v):
    """Copied the line of the queries and forgot to change the matrix for the keys."""
    Q = X @ W_q
    K = X @ W_q
    V = X @ W_v
    return Q, K, V


def project_qkv__queries_from_W_k(X, W_q, W_k, W_v):
    """Builds the queries with W_k; W_q plays no part."""
    Q = torch.matmul(X, W_k)
    K = torch.matmul(X, W_k)
    V = torch.matmul(X, W_v)
    return Q, K, V


def project_qkv__values_from_W_k(X, W_q, W_k, W_v):
    """Builds the values with W_k; the shape betrays it only when d_v is not d_k."""
    return X @ W_q, X @ W_k, X @ W_k


def project_qkv__values_not_projected(X, W_q, W_k, W_v):
    """Returns the embeddings themselves as values."""
    return X @ W_q, X @ W_k, X


def project_qkv__keys_not_projected(X, W_q, W_k, W_v):
    """Returns the embeddings themselves as keys."""
    return X @ W_q, X, X @ W_v


def project_qkv__nothing_projected(X, W_q, W_k, W_v):
    """Takes Q = K = V = X, as in the toy example."""
    return X, X, X


def project_qkv__matrices_transposed(X, W_q, W_k, W_v):
    """Transposes the matrices, as nn.Linear stores them: fails unless they are square."""
    return F.linear(X, W_q), F.linear(X, W_k), F.linear(X, W_v)


def project_qkv__transposes_one_matrix_too_many(X, W_q, W_k, W_v):
    """Returns the keys transposed, ready for the product with the queries."""
    return X @ W_q, (X @ W_k).T, X @ W_v


def project_qkv__matrix_in_front(X, W_q, W_k, W_v):
    """Multiplies from the other side, (W^T X^T), and forgets to transpose back."""
    return W_q.T @ X.T, W_k.T @ X.T, W_v.T @ X.T


def project_qkv__back_by_reshape(X, W_q, W_k, W_v):
    """Multiplies from the other side and goes back by reshape, which mixes the words."""
    n = X.shape[0]
    return tuple((W.T @ X.T).reshape(n, -1) for W in (W_q, W_k, W_v))


def project_qkv__one_after_the_other(X, W_q, W_k, W_v):
    """Overwrites X, so the keys are made from the queries: fails unless d_k is d_model."""
    X = X @ W_q
    Q = X
    X = X @ W_k
    K = X
    return Q, K, X @ W_v


def project_qkv__only_the_queries(X, W_q, W_k, W_v):
    """Returns the queries alone."""
    return X @ W_q


def project_qkv__only_the_first_word(X, W_q, W_k, W_v):
    """Does it for the first word and not for all."""
    return X[0] @ W_q, X[0] @ W_k, X[0] @ W_v


def project_qkv__all_in_one_matrix(X, W_q, W_k, W_v):
    """Multiplies with the three matrices side by side and does not split the result."""
    return X @ torch.cat([W_q, W_k, W_v], dim=1)


def project_qkv__split_at_the_wrong_places(X, W_q, W_k, W_v):
    """Splits the joined result into three about equal parts, whatever d_k and d_v are."""
    joined = X @ torch.cat([W_q, W_k, W_v], dim=1)
    return torch.chunk(joined, 3, dim=1)


def project_qkv__queries_already_scaled(X, W_q, W_k, W_v):
    """Divides the queries by sqrt(d_k) here already."""
    Q = X @ W_q / math.sqrt(W_q.shape[1])
    return Q, X @ W_k, X @ W_v


def project_qkv__relu_on_top(X, W_q, W_k, W_v):
    """Puts a ReLU behind each projection, as in a hidden layer."""
    return tuple(F.relu(X @ W) for W in (W_q, W_k, W_v))


def project_qkv__whole_number_arrays(X, W_q, W_k, W_v):
    """Collects the results in integer tensors."""
    results = []
    for W in (W_q, W_k, W_v):
        out = torch.zeros(X.shape[0], W.shape[1], dtype=torch.long)
        for i in range(X.shape[0]):
            out[i] = X[i] @ W
        results.append(out)
    return tuple(results)


def project_qkv__last_component_left_out(X, W_q, W_k, W_v):
    """Stops one component too early in the sum over d_model."""
    last = X.shape[1] - 1
    return X[:, :last] @ W_q[:last], X[:, :last] @ W_k[:last], X[:, :last] @ W_v[:last]


def project_qkv__forgets_return(X, W_q, W_k, W_v):
    """Computes the three and does not return them."""
    Q = X @ W_q
    K = X @ W_k
    V = X @ W_v


def project_qkv__values_not_projected__and__keys_from_W_q(X, W_q, W_k, W_v):
    """Uses W_q for the keys too, and leaves the values unprojected."""
    return X @ W_q, X @ W_q, X


def project_qkv__order_q_v_k__and__queries_already_scaled(X, W_q, W_k, W_v):
    """Returns queries, values, keys, and the queries divided by sqrt(d_k)."""
    return X @ W_q / W_q.shape[1] ** 0.5, X @ W_v, X @ W_k


def project_qkv__transposed(X, W_q, W_k, W_v):
    """Transposes the weights as nn.Linear does."""
    return X @ W_q.T, X @ W_k.T, X @ W_v.T


def project_qkv__order(X, W_q, W_k, W_v):
    """Returns K, Q, V."""
    q = X @ W_q
    k = X @ W_k
    v = X @ W_v
    return k, q, v


def project_qkv__v_with_wk(X, W_q, W_k, W_v):
    """Copy and paste: values with W_k."""
    Q = torch.matmul(X, W_q)
    K = torch.matmul(X, W_k)
    V = torch.matmul(X, W_k)
    return Q, K, V


def project_qkv__chained(X, W_q, W_k, W_v):
    """Overwrites X: K is projected out of Q."""
    Q = X @ W_q
    K = Q @ W_k
    V = X @ W_v
    return Q, K, V


def project_qkv__matrices_swapped__and__values_from_W_k(X, W_q, W_k, W_v):
    """Swaps W_q and W_k and copies the line of the queries for the values."""
    return X @ W_k, X @ W_q, X @ W_k


def project_qkv__keys_scaled(X, W_q, W_k, W_v):
    """Divides the keys by the root of d_k already."""
    return X @ W_q, X @ W_k * W_k.shape[1] ** -0.5, X @ W_v


# ---------------------------------------------------------------------------- score_matrix
def score_matrix__no_scale(queries, keys):
    """Forgets to divide by sqrt(d_k)."""
    return queries @ keys.T


def score_matrix__scale_result_dropped(queries, keys):
    """Calls div without the underscore and throws its result away."""
    scores = queries @ keys.T
    scores.div(math.sqrt(queries.shape[1]))
    return scores


def score_matrix__divides_by_d_k(queries, keys):
    """Divides by d_k and forgets the square root."""
    return queries @ keys.T / queries.shape[1]


def score_matrix__multiplies_by_the_root(queries, keys):
    """Multiplies by sqrt(d_k) where it was to divide."""
    return queries @ keys.T * queries.shape[1] ** 0.5


def score_matrix__divides_by_the_inverse(queries, keys):
    """Takes d_k ** -0.5 and divides by it, which multiplies."""
    scale = queries.size(-1) ** -0.5
    return torch.einsum("qd,kd->qk", queries, keys) / scale


def score_matrix__scales_by_the_number_of_keys(queries, keys):
    """Takes the root of num_keys, because it reads shape[0]."""
    return queries @ keys.T / np.sqrt(keys.shape[0])


def score_matrix__scales_by_the_number_of_queries(queries, keys):
    """Takes the root of num_queries, because it reads len(queries)."""
    return queries @ keys.T / math.sqrt(len(queries))


def score_matrix__scales_twice(queries, keys):
    """Scales queries and keys, both by the full root."""
    root = math.sqrt(queries.shape[1])
    return (queries / root) @ (keys / root).T


def score_matrix__hard_coded_eight(queries, keys):
    """Divides by 8, which fits d_k = 64 alone."""
    return queries @ keys.T / 8


def score_matrix__whole_number_root(queries, keys):
    """Rounds the root of d_k down to a whole number."""
    return queries @ keys.T / int(math.sqrt(queries.shape[1]))


def score_matrix__keys_against_queries(queries, keys):
    """Returns the transposed table: one row for every key."""
    return keys @ queries.T / math.sqrt(keys.shape[1])


def score_matrix__keys_not_transposed(queries, keys):
    """Writes queries @ keys: fails, or is wrong when num_keys is d_k."""
    return queries @ keys / math.sqrt(queries.shape[1])


def score_matrix__reshaped_instead_of_transposed(queries, keys):
    """Reshapes the keys to (d_k, num_keys), which mixes numbers of different keys."""
    num_keys, d_k = keys.shape
    return queries @ keys.reshape(d_k, num_keys) / math.sqrt(d_k)


def score_matrix__keys_against_queries_then_reshaped(queries, keys):
    """Computes the transposed table and mends its shape with reshape."""
    scores = keys @ queries.T / math.sqrt(keys.shape[1])
    return scores.reshape(len(queries), len(keys))


def score_matrix__components_against_components(queries, keys):
    """Transposes the queries instead of the keys: fails, or gives a (d_k, d_k) table."""
    return queries.T @ keys / math.sqrt(queries.shape[1])


def score_matrix__softmax_applied(queries, keys):
    """Goes one step too far and returns weights."""
    return torch.softmax(queries @ keys.T / math.sqrt(queries.shape[1]), dim=-1)


def score_matrix__queries_with_themselves(queries, keys):
    """Multiplies the queries with the queries; the keys play no part."""
    return queries @ queries.T / math.sqrt(queries.shape[1])


def score_matrix__keys_with_themselves(queries, keys):
    """Multiplies the keys with the keys; the queries play no part."""
    return keys @ keys.T / math.sqrt(keys.shape[1])


def score_matrix__pairs_only(queries, keys):
    """Scores query i against key i alone, as far as both go."""
    pairs = zip(queries, keys, strict=False)
    return torch.stack([q @ k for q, k in pairs]) / math.sqrt(queries.shape[1])


def score_matrix__cosines(queries, keys):
    """Divides by the lengths of the vectors: cosines instead of dot products."""
    return F.cosine_similarity(queries[:, None, :], keys[None, :, :], dim=-1)


def score_matrix__loops_over_queries_twice(queries, keys):
    """Takes the number of queries for the number of keys: a square table, or an index error."""
    n, d_k = queries.shape
    scores = torch.zeros(n, n)
    for i in range(n):
        for j in range(n):
            scores[i, j] = queries[i] @ keys[j] / math.sqrt(d_k)
    return scores


def score_matrix__last_column_stays_zero(queries, keys):
    """Stops one key too early over a table that was made beforehand."""
    scores = torch.zeros(len(queries), len(keys))
    for i in range(len(queries)):
        for j in range(len(keys) - 1):
            scores[i, j] = queries[i] @ keys[j] / queries.shape[1] ** 0.5
    return scores


def score_matrix__fills_the_upper_half_and_mirrors(queries, keys):
    """Takes the table for symmetric: computes one half and mirrors it."""
    size = max(len(queries), len(keys))
    scores = torch.zeros(size, size)
    for i in range(len(queries)):
        for j in range(i, len(keys)):
            scores[i, j] = scores[j, i] = queries[i] @ keys[j] / math.sqrt(keys.shape[1])
    return scores[: len(queries), : len(keys)]


def score_matrix__mean_of_the_products(queries, keys):
    """Takes the mean over d_k and then divides by the root as well."""
    products = queries[:, None, :] * keys[None, :, :]
    return products.mean(dim=-1) / math.sqrt(queries.shape[-1])


def score_matrix__whole_number_scores(queries, keys):
    """Turns the scores into integers."""
    return (queries @ keys.T / math.sqrt(queries.shape[1])).int()


def score_matrix__negative_distances(queries, keys):
    """Takes the negative distance as a likeness."""
    return -torch.cdist(queries, keys) / math.sqrt(queries.shape[1])


def score_matrix__causal_on_top(queries, keys):
    """Hides what comes after, although no mask was asked for."""
    scores = queries @ keys.T / math.sqrt(queries.shape[1])
    future = torch.ones_like(scores).triu(1).bool()
    return scores.masked_fill(future, float("-inf"))


def score_matrix__scales_queries_and_product(queries, keys):
    """Divides the queries by the root, and the product once more."""
    queries = queries / math.sqrt(queries.shape[1])
    return queries @ keys.T / math.sqrt(queries.shape[1])


def score_matrix__no_scale__and__keys_against_queries(queries, keys):
    """Forgets to scale, and returns the transposed table."""
    return keys @ queries.T


def score_matrix__softmax_applied__and__divides_by_d_k(queries, keys):
    """Returns weights, and forgets the root."""
    return (queries @ keys.T / keys.shape[1]).softmax(-1)


def score_matrix__again_no_scale(queries, keys):
    """Not scaled."""
    return queries @ keys.transpose(-2, -1)


def score_matrix__scale_num_keys(queries, keys):
    """Takes the wrong axis for d_k: the number of keys."""
    d_k = keys.shape[0]
    return torch.matmul(queries, keys.T) / math.sqrt(d_k)


def score_matrix__swapped(queries, keys):
    """Keys times queries: transposed scores."""
    return keys @ queries.T / math.sqrt(keys.size(-1))


def score_matrix__no_transpose(queries, keys):
    """Transpose forgotten."""
    d_k = queries.shape[-1]
    return torch.matmul(queries, keys) / d_k**0.5


# ----------------------------------------------------------------------------- row_softmax
def row_softmax__nan_for_empty_rows(scores):
    """Forgets that a row of nothing but minus infinity becomes NaN."""
    return torch.softmax(scores, dim=-1)


def row_softmax__nan_for_empty_rows_by_hand(scores):
    """Subtracts minus infinity from minus infinity in a fully masked row."""
    e = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)


def row_softmax__uniform_for_empty_rows(scores):
    """Replaces minus infinity by -1e9, so a fully masked row is spread evenly."""
    filled = torch.where(torch.isinf(scores), torch.tensor(-1e9), scores)
    return torch.softmax(filled, dim=1)


def row_softmax__largest_negative_number(scores):
    """Calls nan_to_num on the scores, so a fully masked row is spread evenly."""
    return torch.softmax(torch.nan_to_num(scores), dim=-1)


def row_softmax__one_over_n_for_empty_rows(scores):
    """Replaces the NaN of a fully masked row by 1 / num_keys."""
    weights = torch.softmax(scores, dim=-1)
    return torch.nan_to_num(weights, nan=1 / scores.shape[-1])


def row_softmax__down_the_columns(scores):
    """Takes the softmax over the queries, so the columns sum to 1."""
    return torch.nan_to_num(torch.softmax(scores, dim=0))


def row_softmax__over_the_whole_table(scores):
    """Takes one softmax over all entries."""
    return torch.softmax(scores.flatten(), dim=0).reshape(scores.shape)


def row_softmax__masked_counts_as_score_zero(scores):
    """Replaces minus infinity by 0 before the softmax, which is a score like any other."""
    return torch.softmax(scores.masked_fill(scores == float("-inf"), 0.0), dim=-1)


def row_softmax__masked_set_to_zero_afterwards(scores):
    """Replaces minus infinity by 0, and sets the weights to 0 after dividing: sums below 1."""
    masked = torch.isinf(scores)
    weights = torch.softmax(scores.masked_fill(masked, 0.0), dim=-1)
    return weights.masked_fill(masked, 0.0)


def row_softmax__tiny_instead_of_large(scores):
    """Writes 1e-9 where -1e9 was meant, so masked entries count like a score of 0."""
    filled = scores.masked_fill(torch.isneginf(scores), 1e-9)
    weights = filled.softmax(dim=-1)
    weights[torch.isneginf(scores).all(dim=-1)] = 0
    return weights


def row_softmax__fill_of_minus_one_hundred(scores):
    """Replaces minus infinity by -100, which is not small beside a score of -1000."""
    masked = torch.isneginf(scores)
    weights = torch.softmax(scores.masked_fill(masked, -100.0), dim=-1)
    return weights.masked_fill(masked.all(dim=-1, keepdim=True), 0.0)


def row_softmax__any_instead_of_all(scores):
    """Empties every row that has a masked entry, not only those with nothing else."""
    weights = torch.softmax(scores, dim=-1)
    weights[torch.isinf(scores).any(dim=-1)] = 0.0
    return weights


def row_softmax__looks_at_the_first_entry_only(scores):
    """Takes a row for fully masked when its first entry is."""
    weights = torch.zeros_like(scores)
    for i, row in enumerate(scores):
        if row[0] != float("-inf"):
            weights[i] = torch.softmax(row, dim=0)
    return weights


def row_softmax__zeros_everywhere_after_one_nan(scores):
    """Returns a table of zeros as soon as one row is fully masked."""
    weights = torch.softmax(scores, dim=-1)
    if torch.isnan(weights).any():
        return torch.zeros_like(scores)
    return weights


def row_softmax__drops_empty_rows(scores):
    """Leaves fully masked rows out, so the table has fewer rows."""
    kept = scores[~torch.isneginf(scores).all(dim=-1)]
    return torch.softmax(kept, dim=-1)


def row_softmax__does_not_subtract_the_largest(scores):
    """Leaves the largest score in: a score of 1000 overflows."""
    e = torch.exp(scores)
    total = e.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, e / total, torch.zeros_like(e))


def row_softmax__one_maximum_for_all_rows(scores):
    """Subtracts the largest score of the table: a row far below it becomes a row of zeros."""
    e = torch.exp(scores - scores.max())
    total = e.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, e / total, torch.zeros_like(e))


def row_softmax__sum_without_keepdim(scores):
    """Forgets keepdim in the sum: fails, or on a square table divides by another row's sum."""
    largest = scores.max(dim=-1, keepdim=True).values.clamp(min=-1e30)
    e = torch.exp(scores - largest)
    return torch.nan_to_num(e / e.sum(dim=-1))


def row_softmax__maximum_without_keepdim(scores):
    """Forgets keepdim in the maximum: fails, or on a square table takes another row's."""
    largest = scores.max(dim=-1).values.clamp(min=-1e30)
    e = torch.exp(scores - largest)
    return torch.nan_to_num(e / e.sum(dim=-1, keepdim=True))


def row_softmax__does_not_normalise(scores):
    """Returns the exponentials and does not divide by their sum."""
    largest = scores.max(dim=-1, keepdim=True).values.clamp(min=-1e30)
    return torch.exp(scores - largest)


def row_softmax__adds_one_below_the_line(scores):
    """Adds 1 to the sum against 0 / 0, so the weights sum to less than 1."""
    largest = scores.max(dim=-1, keepdim=True).values.clamp(min=-1e30)
    e = torch.exp(scores - largest)
    return e / (e.sum(dim=-1, keepdim=True) + 1)


def row_softmax__small_number_below_the_line_without_maximum(scores):
    """Adds 1e-6 to the sum and does not subtract the largest: rows of very low scores vanish."""
    e = torch.exp(scores.double())
    return e / (e.sum(dim=-1, keepdim=True) + 1e-6)


def row_softmax__log_softmax(scores):
    """Returns the logarithms of the weights."""
    return F.log_softmax(scores, dim=-1)


def row_softmax__only_unmasked_rows(scores):
    """Skips every row with a masked entry and leaves its scores as they are."""
    weights = scores.clone()
    for i in range(len(scores)):
        if not torch.isinf(scores[i]).any():
            weights[i] = torch.softmax(scores[i], dim=0)
    return weights


def row_softmax__masked_entries_squeezed_out(scores):
    """Takes the softmax of the visible entries and writes them to the left of the row."""
    weights = torch.zeros_like(scores)
    for i, row in enumerate(scores):
        visible = row[row != float("-inf")]
        weights[i, : len(visible)] = torch.softmax(visible, dim=0)
    return weights


def row_softmax__result_dropped(scores):
    """Calls masked_fill and throws its result away, so NaN stays in fully masked rows."""
    weights = torch.softmax(scores, dim=-1)
    weights.masked_fill(torch.isnan(weights), 0.0)
    return weights


def row_softmax__half_precision(scores):
    """Computes in half precision, where a weight has three digits."""
    return torch.nan_to_num(torch.softmax(scores.half(), dim=-1)).float()


def row_softmax__nan_for_empty_rows__and__down_the_columns(scores):
    """Takes the softmax over the queries, and leaves NaN where a column is fully masked."""
    return F.softmax(scores, dim=-2)


def row_softmax__uniform_for_empty_rows__and__does_not_subtract_the_largest(scores):
    """Spreads fully masked rows evenly, and lets a score of 1000 overflow."""
    e = np.exp(scores.numpy())
    total = e.sum(axis=-1, keepdims=True)
    return np.where(total == 0, 1 / e.shape[-1], e / total)


def row_softmax__plain(scores):
    """Plain softmax: NaN in rows of minus infinity only."""
    return torch.softmax(scores, dim=-1)


def row_softmax__dim0(scores):
    """Softmax over the columns."""
    w = F.softmax(scores, dim=0)
    return torch.nan_to_num(w)


def row_softmax__eps(scores):
    """Replaces -inf by -1e9: rows with nothing become uniform."""
    s = scores.masked_fill(scores == float("-inf"), -1e9)
    return F.softmax(s, dim=-1)


def row_softmax__inf_to_zero(scores):
    """nan_to_num before softmax: -inf becomes 0."""
    s = torch.nan_to_num(scores, neginf=0.0)
    return torch.softmax(s, dim=-1)


def row_softmax__nan_to_num_over_an_overflow(scores):
    """Takes exp of the scores as they are; nan_to_num is right for empty rows, and hides the overflow."""
    e = scores.exp()
    return torch.nan_to_num(e / e.sum(dim=-1, keepdim=True))


def row_softmax__scores_cut_off_below(scores):
    """Clamps minus infinity to -10000, and with it every very low score."""
    weights = scores.clamp(min=-1e4).softmax(dim=-1)
    weights[torch.isneginf(scores).all(dim=-1)] = 0
    return weights


def row_softmax__fill_of_minus_ten_thousand(scores):
    """Puts -10000 for minus infinity, which is large beside a score of -200000, and cleans empty rows."""
    masked = torch.isneginf(scores)
    return scores.masked_fill(masked, -1e4).softmax(dim=-1) * (~masked).any(dim=-1, keepdim=True)


def row_softmax__zero_counts_as_masked(scores):
    """Turns minus infinity into 0 first, and then hides every 0."""
    kept = torch.nan_to_num(scores, neginf=0.0)
    return torch.nan_to_num(kept.masked_fill(kept == 0, -torch.inf).softmax(dim=-1))


# ------------------------------------------------------------------------ make_causal_mask
def make_causal_mask__not_itself(num_queries):
    """Is off by one: a position may not look at itself."""
    return torch.ones(num_queries, num_queries).tril(diagonal=-1).bool()


def make_causal_mask__not_itself_with_loops(num_queries):
    """Loops over j in range(i), which leaves out i itself."""
    mask = torch.zeros(num_queries, num_queries, dtype=torch.bool)
    for i in range(num_queries):
        for j in range(i):
            mask[i, j] = True
    return mask


def make_causal_mask__one_step_ahead(num_queries):
    """Is off by one: a position may look at the next one too."""
    return torch.ones(num_queries, num_queries).tril(diagonal=1).bool()


def make_causal_mask__true_means_hidden(num_queries):
    """Marks what must not be seen, as nn.MultiheadAttention wants it."""
    return torch.triu(torch.ones(num_queries, num_queries), diagonal=1).bool()


def make_causal_mask__looks_ahead(num_queries):
    """Uses triu for tril: every position looks at itself and at what comes after."""
    return torch.triu(torch.ones(num_queries, num_queries)).bool()


def make_causal_mask__hidden_by_comparison(num_queries):
    """Compares with <: True for what comes after."""
    i = torch.arange(num_queries)
    return i[:, None] < i[None, :]


def make_causal_mask__axes_swapped(num_queries):
    """Puts the query on the column axis."""
    i = torch.arange(num_queries)
    return i[None, :] >= i[:, None]


def make_causal_mask__floats(num_queries):
    """Returns ones and zeros as floats, not a boolean mask."""
    return torch.tril(torch.ones(num_queries, num_queries))


def make_causal_mask__whole_numbers(num_queries):
    """Returns ones and zeros as integers, for which ~mask means something else."""
    return np.tril(np.ones((num_queries, num_queries), dtype=int))


def make_causal_mask__additive(num_queries):
    """Returns the mask that is added to scores: 0 and minus infinity."""
    return torch.full((num_queries, num_queries), float("-inf")).triu(1)


def make_causal_mask__zero_times_infinity(num_queries):
    """Multiplies zeros with minus infinity, so there is NaN where 0 was meant."""
    return torch.triu(torch.ones(num_queries, num_queries), diagonal=1) * float("-inf")


def make_causal_mask__everything(num_queries):
    """Lets everyone look everywhere."""
    return torch.ones(num_queries, num_queries, dtype=torch.bool)


def make_causal_mask__tril_result_dropped(num_queries):
    """Calls tril without the underscore and throws its result away."""
    mask = torch.ones(num_queries, num_queries, dtype=torch.bool)
    mask.tril()
    return mask


def make_causal_mask__only_itself(num_queries):
    """Lets a position look at itself alone."""
    return torch.eye(num_queries, dtype=torch.bool)


def make_causal_mask__itself_and_one_before(num_queries):
    """Lets a position look at itself and one before, not at everything before."""
    i = np.arange(num_queries)
    gap = i[:, None] - i[None, :]
    return (gap == 0) | (gap == 1)


def make_causal_mask__a_single_row(num_queries):
    """Returns the row of the last position for all."""
    return torch.ones(1, num_queries, dtype=torch.bool)


def make_causal_mask__one_too_large(num_queries):
    """Makes the table one larger than wanted."""
    return torch.tril(torch.ones(num_queries + 1, num_queries + 1, dtype=torch.bool))


def make_causal_mask__hard_coded_size(num_queries):
    """Copies the four-word mask of the text."""
    return torch.tensor(
        [
            [True, False, False, False],
            [True, True, False, False],
            [True, True, True, False],
            [True, True, True, True],
        ]
    )


def make_causal_mask__first_column_left_out(num_queries):
    """Starts counting the keys at 1, so nobody may look at the first word."""
    mask = np.zeros((num_queries, num_queries), dtype=bool)
    for i in range(num_queries):
        for j in range(1, i + 1):
            mask[i, j] = True
    return mask


def make_causal_mask__mirrored_left_to_right(num_queries):
    """Flips the triangle, as if the last word came first."""
    return torch.ones(num_queries, num_queries).tril().flip(1).bool()


def make_causal_mask__an_extra_axis(num_queries):
    """Adds a batch axis that was not asked for."""
    return torch.ones(num_queries, num_queries).tril().bool()[None]


def make_causal_mask__last_row_missing_in_the_loop(num_queries):
    """Stops one row too early, so the last position may look nowhere."""
    mask = torch.zeros(num_queries, num_queries).bool()
    for i in range(num_queries - 1):
        mask[i, : i + 1] = True
    return mask


def make_causal_mask__rows_share_one_list(num_queries):
    """Builds the rows as n times the same list, so all rows end up like the last."""
    rows = [[False] * num_queries] * num_queries
    for i in range(num_queries):
        for j in range(i + 1):
            rows[i][j] = True
    return torch.tensor(rows)


def make_causal_mask__not_itself__and__floats(num_queries):
    """Leaves out the diagonal, and returns floats."""
    return torch.tril(torch.ones(num_queries, num_queries), diagonal=-1)


def make_causal_mask__true_means_hidden__and__whole_numbers(num_queries):
    """Marks what must not be seen, and as integers."""
    return np.triu(np.ones((num_queries, num_queries), dtype=int), k=1)


def make_causal_mask__triu(num_queries):
    """Upper triangle: shows the future (polarity of nn.MultiheadAttention)."""
    return torch.triu(torch.ones(num_queries, num_queries), diagonal=1).bool()


def make_causal_mask__strict(num_queries):
    """Leaves out the diagonal."""
    return torch.tril(torch.ones(num_queries, num_queries), diagonal=-1).bool()


def make_causal_mask__float(num_queries):
    """Floats 0 and 1 instead of booleans."""
    return torch.tril(torch.ones(num_queries, num_queries))


def make_causal_mask__again_additive(num_queries):
    """Additive mask with 0 and -inf."""
    mask = torch.full((num_queries, num_queries), float("-inf"))
    return torch.triu(mask, diagonal=1)


# ----------------------------------------------------------------------- make_padding_mask
def make_padding_mask__true_means_hidden(lengths, num_keys):
    """Marks the padding with True, as key_padding_mask of nn.MultiheadAttention wants it."""
    return (torch.arange(num_keys) >= torch.as_tensor(lengths)[:, None])[:, None, :]


def make_padding_mask__one_key_too_many(lengths, num_keys):
    """Compares with <=, so the first padding key may be seen."""
    lengths = torch.as_tensor(lengths)
    return (torch.arange(num_keys) <= lengths[:, None]).unsqueeze(1)


def make_padding_mask__one_key_too_few(lengths, num_keys):
    """Hides the last real word as well."""
    lengths = torch.as_tensor(lengths)
    return (torch.arange(num_keys) < lengths[:, None] - 1).unsqueeze(1)


def make_padding_mask__counts_from_one(lengths, num_keys):
    """Counts the positions from 1 and compares with <, which hides the last real word."""
    positions = torch.arange(1, num_keys + 1)
    return (positions < torch.as_tensor(lengths)[:, None])[:, None]


def make_padding_mask__middle_axis_missing(lengths, num_keys):
    """Forgets the axis that stands for the queries."""
    return torch.arange(num_keys)[None, :] < torch.as_tensor(lengths)[:, None]


def make_padding_mask__hides_queries(lengths, num_keys):
    """Puts the words on the query axis: (batch, num_keys, 1)."""
    return (torch.arange(num_keys)[None, :] < torch.as_tensor(lengths)[:, None])[:, :, None]


def make_padding_mask__query_axis_spelled_out(lengths, num_keys):
    """Repeats the rows for num_keys queries, where size 1 was asked for."""
    mask = torch.arange(num_keys)[None, :] < torch.as_tensor(lengths)[:, None]
    return mask[:, None, :].expand(-1, num_keys, -1)


def make_padding_mask__hides_queries_and_keys(lengths, num_keys):
    """Hides padding on both axes, in a square table for each sentence."""
    real = torch.arange(num_keys)[None, :] < torch.as_tensor(lengths)[:, None]
    return real[:, :, None] & real[:, None, :]


def make_padding_mask__new_axis_in_front(lengths, num_keys):
    """Puts the new axis before the batch: (1, batch, num_keys)."""
    return (torch.arange(num_keys) < torch.as_tensor(lengths).unsqueeze(1)).unsqueeze(0)


def make_padding_mask__lengths_along_the_keys(lengths, num_keys):
    """Compares without a new axis: fails, or is wrong when the batch has num_keys sentences."""
    mask = torch.arange(num_keys) < torch.as_tensor(lengths)
    return mask.expand(len(lengths), num_keys).unsqueeze(1)


def make_padding_mask__first_length_for_all(lengths, num_keys):
    """Uses the length of the first sentence for all sentences."""
    mask = torch.zeros(len(lengths), 1, num_keys, dtype=torch.bool)
    mask[:, :, : int(lengths[0])] = True
    return mask


def make_padding_mask__longest_length_for_all(lengths, num_keys):
    """Writes into all sentences in every round, so the largest length holds for all."""
    mask = torch.zeros(len(lengths), 1, num_keys, dtype=torch.bool)
    for b, length in enumerate(lengths):
        mask[:, :, :length] = True
    return mask


def make_padding_mask__rows_share_one_list(lengths, num_keys):
    """Builds the rows as many times the same list, so a change in one changes all."""
    rows = [[[False] * num_keys]] * len(lengths)
    for b in range(len(lengths)):
        for j in range(int(lengths[b])):
            rows[b][0][j] = True
    return torch.tensor(rows)


def make_padding_mask__only_one_key(lengths, num_keys):
    """Indexes with lengths[b] - 1 instead of a slice, so one key alone is True."""
    mask = torch.zeros(len(lengths), 1, num_keys, dtype=torch.bool)
    for b in range(len(lengths)):
        mask[b, 0, lengths[b] - 1] = True
    return mask


def make_padding_mask__padding_in_front(lengths, num_keys):
    """Takes the last keys of every sentence for the real ones."""
    positions = torch.arange(num_keys)
    return (positions >= num_keys - torch.as_tensor(lengths)[:, None])[:, None, :]


def make_padding_mask__as_long_as_the_longest(lengths, num_keys):
    """Makes the mask as wide as the longest sentence and leaves num_keys unused."""
    longest = int(max(lengths))
    return (torch.arange(longest) < torch.as_tensor(lengths)[:, None])[:, None, :]


def make_padding_mask__floats(lengths, num_keys):
    """Returns ones and zeros, not a boolean mask."""
    return (torch.arange(num_keys) < torch.as_tensor(lengths)[:, None]).float()[:, None, :]


def make_padding_mask__whole_numbers(lengths, num_keys):
    """Collects ones in an integer array, not a boolean mask."""
    mask = np.zeros((len(lengths), 1, num_keys), dtype=int)
    for b, length in enumerate(lengths):
        mask[b, 0, : int(length)] = 1
    return mask


def make_padding_mask__additive(lengths, num_keys):
    """Returns the mask that is added to scores: 0 and minus infinity."""
    mask = torch.zeros(len(lengths), 1, num_keys)
    for b, length in enumerate(lengths):
        mask[b, 0, length:] = float("-inf")
    return mask


def make_padding_mask__everything(lengths, num_keys):
    """Makes the mask and forgets to hide anything."""
    return torch.ones(len(lengths), 1, num_keys, dtype=torch.bool)


def make_padding_mask__sorted_lengths(lengths, num_keys):
    """Sorts the lengths first, so the masks belong to other sentences."""
    ordered, _ = torch.sort(torch.as_tensor(lengths), descending=True)
    return (torch.arange(num_keys) < ordered[:, None])[:, None, :]


def make_padding_mask__one_sentence_after_the_other(lengths, num_keys):
    """Adds the lengths up, as if all sentences stood in one row."""
    ends = torch.cumsum(torch.as_tensor(lengths), dim=0)
    return (torch.arange(num_keys) < ends[:, None])[:, None, :]


def make_padding_mask__causal_as_well(lengths, num_keys):
    """Hides the future too, which makes the query axis full."""
    real = torch.arange(num_keys)[None, :] < torch.as_tensor(lengths)[:, None]
    return real[:, None, :] & torch.ones(num_keys, num_keys).tril().bool()


def make_padding_mask__true_means_hidden__and__middle_axis_missing(lengths, num_keys):
    """Marks the padding with True, and forgets the axis for the queries."""
    return torch.arange(num_keys)[None, :] >= torch.as_tensor(lengths)[:, None]


def make_padding_mask__one_key_too_many__and__floats(lengths, num_keys):
    """Lets the first padding key through, and returns floats."""
    return (torch.arange(num_keys) <= torch.as_tensor(lengths)[:, None])[:, None].float()


def make_padding_mask__no_axis(lengths, num_keys):
    """The middle axis is missing."""
    return torch.arange(num_keys)[None, :] < torch.as_tensor(lengths)[:, None]


def make_padding_mask__inverted(lengths, num_keys):
    """True for the padding."""
    lengths = torch.as_tensor(lengths)
    return (torch.arange(num_keys)[None, :] >= lengths[:, None]).unsqueeze(1)


def make_padding_mask__off_by_one(lengths, num_keys):
    """<= lets one padding key through."""
    pos = torch.arange(num_keys).view(1, 1, -1)
    return pos <= torch.as_tensor(lengths).view(-1, 1, 1)


def make_padding_mask__max_len(lengths, num_keys):
    """Takes max(lengths) as the width instead of num_keys."""
    lengths = torch.as_tensor(lengths)
    width = int(lengths.max())
    mask = torch.arange(width).unsqueeze(0) < lengths.unsqueeze(1)
    return mask.unsqueeze(1)


def make_padding_mask__rows_of_words_instead_of_keys(lengths, num_keys):
    """Marks the first rows of a square for every sentence, not the first columns."""
    mask = torch.zeros(len(lengths), num_keys, num_keys, dtype=torch.bool)
    for b, length in enumerate(lengths):
        mask[b, :length] = True
    return mask


# ------------------------------------------------------------------------ masked_attention
def masked_attention__no_scale(queries, keys, values, mask):
    """Forgets to divide by sqrt(d_k)."""
    return _masked_softmax(queries @ keys.T, mask) @ values


def masked_attention__divides_by_d_k(queries, keys, values, mask):
    """Divides by d_k and forgets the square root."""
    return _masked_softmax(queries @ keys.T / keys.shape[-1], mask) @ values


def masked_attention__multiplies_by_the_root(queries, keys, values, mask):
    """Multiplies by sqrt(d_k) where it was to divide."""
    return _masked_softmax(queries @ keys.T * keys.shape[-1] ** 0.5, mask) @ values


def masked_attention__scales_by_d_v(queries, keys, values, mask):
    """Takes the root of the length of a value vector."""
    return _masked_softmax(queries @ keys.T / math.sqrt(values.shape[1]), mask) @ values


def masked_attention__scales_by_the_number_of_keys(queries, keys, values, mask):
    """Takes the root of num_keys."""
    return _masked_softmax(queries @ keys.T / math.sqrt(len(keys)), mask) @ values


def masked_attention__scales_after_the_softmax(queries, keys, values, mask):
    """Divides the weights by sqrt(d_k) instead of the scores."""
    weights = _masked_softmax(queries @ keys.T, mask) / math.sqrt(queries.shape[1])
    return weights @ values


def masked_attention__true_means_hidden(queries, keys, values, mask):
    """Hides where the mask is True."""
    return _masked_softmax(queries @ keys.T / math.sqrt(keys.shape[-1]), ~mask) @ values


def masked_attention__mask_unused(queries, keys, values, mask):
    """Leaves the mask out."""
    weights = F.softmax(queries @ keys.T / math.sqrt(keys.shape[-1]), dim=-1)
    return weights @ values


def masked_attention__masked_fill_result_dropped(queries, keys, values, mask):
    """Calls masked_fill without the underscore and throws its result away."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return torch.nan_to_num(weights) @ values


def masked_attention__only_empty_rows_masked(queries, keys, values, mask):
    """Sets the output of fully masked rows to 0 and forgets the mask for all other rows."""
    weights = torch.softmax(queries @ keys.T / math.sqrt(queries.shape[-1]), dim=-1)
    output = weights @ values
    output[~mask.any(dim=-1)] = 0
    return output


def masked_attention__scores_times_mask(queries, keys, values, mask):
    """Multiplies the scores with the mask, so hidden keys have the score 0."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    return torch.softmax(scores * mask, dim=-1) @ values


def masked_attention__hidden_filled_with_zero(queries, keys, values, mask):
    """Fills hidden scores with 0, and handles fully masked rows."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores.masked_fill(~mask, 0.0), dim=-1)
    return weights.masked_fill(~mask.any(-1, keepdim=True), 0.0) @ values


def masked_attention__mask_after_softmax(queries, keys, values, mask):
    """Sets weights to 0 after the softmax: the rest of the row does not sum to 1."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores, dim=-1) * mask
    return weights @ values


def masked_attention__mask_after_softmax_and_renormalised(queries, keys, values, mask):
    """Masks weights and divides anew: when a hidden score is huge the others are 0 already."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores, dim=-1) * mask
    return weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-9) @ values


def masked_attention__tiny_instead_of_large(queries, keys, values, mask):
    """Writes 1e-9 where -1e9 was meant."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    return torch.softmax(scores.masked_fill(mask == 0, 1e-9), dim=-1) @ values


def masked_attention__uniform_for_empty_rows(queries, keys, values, mask):
    """Fills with -1e9, so a query that may look nowhere gets the mean of all values."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    return torch.softmax(scores.masked_fill(~mask, -1e9), dim=-1) @ values


def masked_attention__fill_of_minus_ten_thousand(queries, keys, values, mask):
    """Fills with -1e4, so a query that may look nowhere attends to everything."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    return torch.where(mask, scores, torch.tensor(-1e4)).softmax(dim=-1) @ values


def masked_attention__fill_of_minus_one_hundred(queries, keys, values, mask):
    """Fills with -100, which is not small beside a score of -1000; handles empty rows."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores.masked_fill(~mask, -100.0), dim=-1)
    return weights.masked_fill(~mask.any(-1, keepdim=True), 0.0) @ values


def masked_attention__nan_for_empty_rows(queries, keys, values, mask):
    """Forgets that a row of nothing but minus infinity becomes NaN."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = scores.masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values


def masked_attention__nan_painted_over_before_the_softmax(queries, keys, values, mask):
    """Calls nan_to_num on the scores: fully masked rows become uniform, not zero."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = torch.nan_to_num(scores.masked_fill(~mask, float("-inf")))
    return torch.softmax(scores, dim=-1) @ values


def masked_attention__zero_times_infinity(queries, keys, values, mask):
    """Multiplies (1 - mask) with minus infinity, so visible scores become NaN."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = scores + (1 - mask.float()) * float("-inf")
    return torch.softmax(scores, dim=-1) @ values


def masked_attention__adds_the_mask(queries, keys, values, mask):
    """Adds the boolean mask to the scores as if it were additive: 1 for visible keys."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1]) + mask.float()
    return torch.softmax(scores, dim=-1) @ values


def masked_attention__any_instead_of_all(queries, keys, values, mask):
    """Gives zeros to every query that has a hidden key, not only to those with nothing else."""
    output = _attention(queries, keys, values, mask)
    output[~mask.all(dim=-1)] = 0.0
    return output


def masked_attention__zeros_for_all_after_one_empty_row(queries, keys, values, mask):
    """Returns zeros for all queries as soon as one may look nowhere."""
    if not mask.any(dim=-1).all():
        return torch.zeros(queries.shape[0], values.shape[1])
    return _attention(queries, keys, values, mask)


def masked_attention__mask_transposed(queries, keys, values, mask):
    """Reads the mask with its axes swapped: fails unless it is square."""
    return _attention(queries, keys, values, mask.T)


def masked_attention__mask_reshaped(queries, keys, values, mask):
    """Reads the mask as (num_keys, num_queries) and mends its shape with reshape."""
    mixed = mask.T.reshape(mask.shape)
    return _attention(queries, keys, values, mixed)


def masked_attention__first_row_of_the_mask_for_all(queries, keys, values, mask):
    """Uses the mask of the first query for all queries."""
    return _attention(queries, keys, values, mask[0].expand(mask.shape))


def masked_attention__causal_whatever_the_mask(queries, keys, values, mask):
    """Builds a causal mask of its own and leaves the argument unused."""
    causal = torch.ones(len(queries), len(keys)).tril().bool()
    return _attention(queries, keys, values, causal)


def masked_attention__hides_values_not_scores(queries, keys, values, mask):
    """Takes the softmax over all keys and sets the hidden values to 0."""
    weights = torch.softmax(queries @ keys.T / math.sqrt(keys.shape[-1]), dim=-1)
    hidden = values[None, :, :] * mask[:, :, None]
    return torch.einsum("qk,qkd->qd", weights, hidden)


def masked_attention__softmax_over_the_queries(queries, keys, values, mask):
    """Takes the softmax down the columns."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = scores.masked_fill(~mask, float("-inf"))
    return torch.nan_to_num(torch.softmax(scores, dim=0)) @ values


def masked_attention__returns_the_weights(queries, keys, values, mask):
    """Stops after the softmax and returns the weights."""
    return _masked_softmax(queries @ keys.T / math.sqrt(keys.shape[-1]), mask)


def masked_attention__unstable_softmax(queries, keys, values, mask):
    """Does not subtract the largest score: a score of 1000 gives NaN."""
    e = torch.exp(queries @ keys.T / math.sqrt(queries.shape[-1])) * mask
    total = e.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, e / total, 0.0) @ values


def masked_attention__maximum_of_hidden_scores_too(queries, keys, values, mask):
    """Subtracts the largest score of the row, hidden ones included: the rest may vanish."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    e = torch.exp(scores - scores.max(dim=-1, keepdim=True).values) * mask
    total = e.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, e / total, 0.0) @ values


def masked_attention__one_maximum_for_all_rows(queries, keys, values, mask):
    """Subtracts the largest score of the whole table: a row far below it vanishes."""
    scores = (queries @ keys.T / math.sqrt(queries.shape[-1])).numpy()
    e = np.exp(scores - scores.max()) * mask.numpy()
    total = e.sum(axis=1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0) @ values.numpy()


def masked_attention__queries_changed_in_place(queries, keys, values, mask):
    """Gives the right result and divides the caller's queries in place on the way."""
    queries /= math.sqrt(queries.shape[-1])
    return _masked_softmax(queries @ keys.T, mask) @ values


def masked_attention__mask_inverted_in_place(queries, keys, values, mask):
    """Gives the right result and leaves the caller's mask inverted."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    hidden = mask.logical_not_()
    weights = torch.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1)
    return torch.nan_to_num(weights) @ values


def masked_attention__queries_and_keys_swapped(queries, keys, values, mask):
    """Puts keys in the place of queries, and mends the shape with reshape."""
    scores = (keys @ queries.T / math.sqrt(keys.shape[-1])).reshape(mask.shape)
    return _masked_softmax(scores, mask) @ values


def masked_attention__keys_weighted_instead_of_values(queries, keys, values, mask):
    """Mixes the keys with the weights instead of the values."""
    return _attention(queries, keys, keys, mask)


def masked_attention__mean_of_the_visible(queries, keys, values, mask):
    """Takes the plain mean of the visible values; the scores play no part."""
    visible = mask.float()
    return visible @ values / visible.sum(dim=-1, keepdim=True).clamp(min=1)


def masked_attention__hides_the_key_for_all(queries, keys, values, mask):
    """Hides a key from everyone when one query may not see it."""
    return _attention(queries, keys, values, mask.all(dim=0).expand(mask.shape))


def masked_attention__empty_rows_get_the_first_value(queries, keys, values, mask):
    """Lets a query that may look nowhere look at the first key."""
    mask = mask.clone()
    mask[~mask.any(dim=-1), 0] = True
    return _attention(queries, keys, values, mask)


def masked_attention__no_scale__and__uniform_for_empty_rows(queries, keys, values, mask):
    """Forgets to scale, and fills with -1e9."""
    return (queries @ keys.T).masked_fill(~mask, -1e9).softmax(-1) @ values


def masked_attention__true_means_hidden__and__mask_after_softmax(queries, keys, values, mask):
    """Hides where the mask is True, and does so after the softmax."""
    weights = torch.softmax(queries @ keys.T / math.sqrt(keys.shape[-1]), dim=-1)
    weights[mask] = 0
    return weights @ values


def masked_attention__nan(queries, keys, values, mask):
    """-inf and a plain softmax: NaN for a query without keys."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = scores.masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values


def masked_attention__minus_1e9(queries, keys, values, mask):
    """-1e9: a query that may look nowhere gets the mean of the values."""
    scores = queries @ keys.T / keys.shape[-1] ** 0.5
    scores = scores.masked_fill(mask == 0, -1e9)
    attn = F.softmax(scores, dim=-1)
    return attn @ values


def masked_attention__polarity(queries, keys, values, mask):
    """Masks where mask is True."""
    scores = queries @ keys.T / math.sqrt(keys.shape[-1])
    scores = scores.masked_fill(mask, float("-inf"))
    return torch.nan_to_num(torch.softmax(scores, dim=-1)) @ values


def masked_attention__dropped(queries, keys, values, mask):
    """The result of masked_fill is thrown away."""
    scores = torch.matmul(queries, keys.transpose(-2, -1)) / math.sqrt(keys.shape[-1])
    scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1).nan_to_num(0.0)
    return weights @ values


def masked_attention__keys_times_queries(queries, keys, values, mask):
    """Computes the scores transposed; it runs only when there are as many queries as keys."""
    scores = (keys @ queries.T / keys.shape[-1] ** 0.5).masked_fill(~mask, -torch.inf)
    return torch.nan_to_num(torch.softmax(scores, dim=-1)) @ values


def masked_attention__keys_not_transposed(queries, keys, values, mask):
    """Leaves the transpose out; it runs only when there are as many keys as entries."""
    scores = torch.where(mask, queries @ keys / queries.size(1) ** 0.5, -torch.inf)
    return torch.nan_to_num(scores.softmax(1)) @ values


def masked_attention__softmax_over_one_row(queries, keys, values, mask):
    """Goes query by query and takes the softmax over the axis of size 1: every visible weight is 1."""
    rows = []
    for i in range(len(queries)):
        scores = queries[i : i + 1] @ keys.T / queries.shape[1] ** 0.5
        rows.append(torch.nan_to_num(scores.masked_fill(~mask[i], -torch.inf).softmax(dim=0)) @ values)
    return torch.cat(rows)


def masked_attention__sum_without_keepdim(queries, keys, values, mask):
    """Forgets keepdim in the sum of a softmax written by hand."""
    scores = (queries @ keys.T / queries.shape[1] ** 0.5).masked_fill(~mask, -torch.inf)
    e = torch.exp(scores - scores.amax(1, keepdim=True).clamp(min=-1e30))
    return torch.nan_to_num(e / e.sum(1)) @ values


def masked_attention__one_maximum_of_what_is_visible(queries, keys, values, mask):
    """Hides first, then subtracts the largest score of the whole table: a low row becomes 0 / 0."""
    scores = (queries @ keys.T / queries.shape[1] ** 0.5).masked_fill(~mask, -torch.inf)
    e = torch.exp(scores - scores.max())
    return torch.nan_to_num(e / e.sum(dim=1, keepdim=True)) @ values


def masked_attention__ten_thousand_subtracted(queries, keys, values, mask):
    """Subtracts 10000 from hidden scores, as BERT's first code did: a row with nothing to see keeps its weights."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    return torch.softmax(scores + (1.0 - mask.float()) * -10000.0, dim=-1) @ values


def masked_attention__ten_thousand_subtracted_and_empty_rows_cleaned(queries, keys, values, mask):
    """Subtracts 10000 from hidden scores: one of 200000 still wins."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores - 10000.0 * (~mask), dim=-1)
    return (weights * mask.any(dim=-1, keepdim=True)) @ values


def masked_attention__fill_of_minus_a_hundred_thousand(queries, keys, values, mask):
    """Fills with -100000, not small enough beside scores of -200000, and cleans empty rows."""
    scores = (queries @ keys.T / math.sqrt(queries.shape[-1])).masked_fill(~mask, -1e5)
    return (scores.softmax(-1) @ values).masked_fill(~mask.any(-1, keepdim=True), 0.0)


def masked_attention__empty_rows_see_everything(queries, keys, values, mask):
    """Opens the whole row where nothing may be seen, "against NaN"."""
    open_mask = mask | ~mask.any(dim=1, keepdim=True)
    return F.scaled_dot_product_attention(queries[None], keys[None], values[None], attn_mask=open_mask)[0]


def masked_attention__zero_scores_hidden(queries, keys, values, mask):
    """Multiplies by the mask and hides every score of 0: a query of zeros sees nothing."""
    scores = queries @ keys.T / queries.shape[1] ** 0.5 * mask
    scores[scores == 0] = -torch.inf
    return torch.nan_to_num(scores.softmax(-1)) @ values


def masked_attention__zero_times_infinity_cleaned_away(queries, keys, values, mask):
    """Adds (1 - mask) * -inf, which is NaN everywhere, and cleans it with nan_to_num: only zeros are left."""
    bias = (1.0 - mask.float()) * float("-inf")
    return torch.nan_to_num(torch.softmax(queries @ keys.T / queries.shape[1] ** 0.5 + bias, dim=-1)) @ values


def masked_attention__true_means_hidden__and__nan_for_empty_rows(queries, keys, values, mask):
    """Fills where the mask is True, and a full row of True then becomes NaN."""
    return (queries @ keys.T / queries.size(-1) ** 0.5).masked_fill(mask, -torch.inf).softmax(-1) @ values


def masked_attention__no_scale__and__softmax_over_the_queries(queries, keys, values, mask):
    """Leaves the scale out and normalises down the columns."""
    scores = torch.einsum("id,jd->ij", queries, keys)
    return torch.nan_to_num(torch.where(mask, scores, -torch.inf).softmax(0)) @ values


# ------------------------------------------------------------------------ column_attention
def column_attention__softmax_over_each_row(Q, K, V):
    """Takes the softmax over the rows of K^T Q, which is over the queries."""
    A = torch.softmax(K.T @ Q / math.sqrt(K.shape[0]), dim=1)
    return V @ A


def column_attention__softmax_over_the_whole_table(Q, K, V):
    """Takes the softmax over all entries of the table."""
    S = K.T @ Q / math.sqrt(K.shape[0])
    return V @ torch.softmax(S.flatten(), dim=0).view_as(S)


def column_attention__scales_by_the_number_of_keys(Q, K, V):
    """Reads d_k from the last axis, which is the number of keys here."""
    A = torch.softmax(K.T @ Q / math.sqrt(K.shape[-1]), dim=0)
    return V @ A


def column_attention__scales_by_the_number_of_queries(Q, K, V):
    """Reads d_k from the last axis of Q, which is the number of queries here."""
    A = torch.softmax(K.T @ Q / math.sqrt(Q.size(-1)), dim=0)
    return V @ A


def column_attention__scales_by_d_v(Q, K, V):
    """Takes the root of the length of a value vector."""
    return V @ torch.softmax(K.T @ Q / math.sqrt(len(V)), dim=0)


def column_attention__no_scale(Q, K, V):
    """Forgets to divide by sqrt(d_k)."""
    return V @ torch.softmax(K.T @ Q, dim=0)


def column_attention__divides_by_d_k(Q, K, V):
    """Divides by d_k and forgets the square root."""
    return V @ torch.softmax(K.T @ Q / K.shape[0], dim=0)


def column_attention__multiplies_by_the_root(Q, K, V):
    """Multiplies by sqrt(d_k) where it was to divide."""
    return V @ torch.softmax(K.T @ Q * math.sqrt(K.shape[0]), dim=0)


def column_attention__scales_after_the_softmax(Q, K, V):
    """Divides the weights by sqrt(d_k) instead of the scores."""
    return V @ (torch.softmax(K.T @ Q, dim=0) / math.sqrt(K.shape[0]))


def column_attention__returns_rows(Q, K, V):
    """Returns the output in the row convention, (num_queries, d_v)."""
    A = torch.softmax(Q.T @ K / math.sqrt(K.shape[0]), dim=-1)
    return A @ V.T


def column_attention__back_by_reshape(Q, K, V):
    """Computes in rows and goes back to columns by reshape, which mixes the tokens."""
    A = torch.softmax(Q.T @ K / math.sqrt(K.shape[0]), dim=-1)
    return (A @ V.T).reshape(V.shape[0], -1)


def column_attention__into_rows_by_reshape(Q, K, V):
    """Goes to the row convention by reshape instead of by transposing."""
    d_k, num_queries = Q.shape
    num_keys = K.shape[1]
    rows_q, rows_k, rows_v = (x.reshape(x.shape[1], -1) for x in (Q, K, V))
    A = torch.softmax(rows_q @ rows_k.T / math.sqrt(d_k), dim=-1)
    return (A @ rows_v).T


def column_attention__row_formula(Q, K, V):
    """Writes the formula of the row convention: fails, or attends over components."""
    A = torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), dim=-1)
    return A @ V


def column_attention__ready_made_without_transposing(Q, K, V):
    """Hands the columns to PyTorch's attention, which takes them for rows."""
    return F.scaled_dot_product_attention(Q[None], K[None], V[None])[0]


def column_attention__queries_first_and_softmax_over_columns(Q, K, V):
    """Computes Q^T K and takes the softmax over its columns, which is over the queries."""
    A = torch.softmax(Q.T @ K / math.sqrt(Q.shape[0]), dim=0)
    return V @ A.T


def column_attention__weights_not_transposed(Q, K, V):
    """Computes Q^T K with its rows right, and multiplies V A: fails unless n is num_keys."""
    A = torch.softmax(Q.T @ K / math.sqrt(Q.shape[0]), dim=1)
    return V @ A


def column_attention__weights_transposed(Q, K, V):
    """Transposes the weights once too often: fails unless there are as many queries as keys."""
    A = torch.softmax(K.T @ Q / math.sqrt(K.shape[0]), dim=0)
    return V @ A.T


def column_attention__returns_the_weights(Q, K, V):
    """Stops after the softmax and returns the weights."""
    return torch.softmax(K.T @ Q / math.sqrt(K.shape[0]), dim=0)


def column_attention__no_softmax(Q, K, V):
    """Mixes the values with the raw scores."""
    return V @ (K.T @ Q / math.sqrt(K.shape[0]))


def column_attention__unstable_softmax(Q, K, V):
    """Does not subtract the largest score: a score of 1000 gives NaN."""
    e = torch.exp(K.T @ Q / math.sqrt(K.shape[0]))
    return V @ (e / e.sum(dim=0))


def column_attention__maximum_of_each_row(Q, K, V):
    """Subtracts the largest score of each row, which changes the weights of a column."""
    S = K.T @ Q / math.sqrt(K.shape[0])
    e = torch.exp(S - S.max(dim=1, keepdim=True).values)
    return V @ (e / e.sum(dim=0, keepdim=True))


def column_attention__sums_the_rows(Q, K, V):
    """Takes the exponentials well and divides by the sum of each row."""
    S = (K.T @ Q / math.sqrt(K.shape[0])).numpy()
    e = np.exp(S - S.max(axis=0))
    return V.numpy() @ (e / e.sum(axis=1, keepdims=True))


def column_attention__mean_of_the_weighted(Q, K, V):
    """Takes the mean of the weighted values where the sum was wanted."""
    A = torch.softmax(K.T @ Q / math.sqrt(K.shape[0]), dim=0)
    return V @ A / V.shape[1]


def column_attention__last_query_left_out(Q, K, V):
    """Loops one query too few, and its column stays 0."""
    d_k, num_queries = Q.shape
    output = torch.zeros(V.shape[0], num_queries)
    for i in range(num_queries - 1):
        weights = torch.softmax(K.T @ Q[:, i] / math.sqrt(d_k), dim=0)
        output[:, i] = V @ weights
    return output


def column_attention__no_scale__and__softmax_over_each_row(Q, K, V):
    """Forgets to scale, and takes the softmax over the queries."""
    return V @ torch.softmax(K.T @ Q, dim=-1)


def column_attention__returns_rows__and__scales_by_the_number_of_keys(Q, K, V):
    """Returns the output in rows, and reads d_k from the wrong axis."""
    A = torch.softmax(Q.T @ K / math.sqrt(K.shape[1]), dim=-1)
    return A @ V.T


def column_attention__row_softmax(Q, K, V):
    """Softmax over the rows (dim=-1) as in the row convention."""
    A = torch.softmax(K.T @ Q / math.sqrt(Q.shape[0]), dim=-1)
    return V @ A


def column_attention__d_from_last_axis(Q, K, V):
    """Takes d_k from the last axis: the number of tokens."""
    d_k = K.shape[-1]
    A = torch.softmax(K.T @ Q / math.sqrt(d_k), dim=0)
    return V @ A


def column_attention__again_row_formula(Q, K, V):
    """Uses the row formula on columns."""
    scores = Q @ K.T / math.sqrt(Q.shape[-1])
    return torch.softmax(scores, dim=-1) @ V


def column_attention__output_rows(Q, K, V):
    """Computes with rows and forgets to transpose the output back."""
    q, k, v = Q.T, K.T, V.T
    w = F.softmax(q @ k.T / math.sqrt(q.shape[-1]), dim=-1)
    return w @ v


def column_attention__one_maximum_for_all(Q, K, V):
    """Subtracts the largest score of the whole table: a column of small scores becomes 0 / 0."""
    S = (K.T @ Q).numpy() / np.sqrt(len(Q))
    e = np.exp(S - S.max())
    return V.numpy() @ (e / e.sum(axis=0))


def column_attention__queries_and_keys_swapped(Q, K, V):
    """Lets the keys ask; it runs only when there are as many queries as keys."""
    A = torch.softmax(Q.T @ K / math.sqrt(Q.shape[0]), dim=0)
    return V @ A


def column_attention__softmax_over_one_column(Q, K, V):
    """Goes query by query and takes the softmax along the axis of size 1."""
    columns = [V @ (K.T @ Q[:, i : i + 1] / Q.shape[0] ** 0.5).softmax(dim=-1) for i in range(Q.shape[1])]
    return torch.cat(columns, dim=1)


def column_attention__keys_in_place_of_values(Q, K, V):
    """Multiplies the keys by the weights."""
    return K @ torch.softmax(K.T @ Q / math.sqrt(Q.shape[0]), dim=0)


# ------------------------------------------------------------------------- batch_attention
def batch_attention__lengths_unused(X, W_q, W_k, W_v, lengths):
    """Leaves the padding in, so everyone looks at it."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])
    return torch.softmax(scores, dim=-1) @ V


def batch_attention__mask_computed_and_unused(X, W_q, W_k, W_v, lengths):
    """Masks the scores under another name and takes the softmax of the old ones."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])
    real = _real_words(lengths, X.shape[1])
    masked = scores.masked_fill(~real[:, None, :], float("-inf"))
    return torch.softmax(scores, dim=-1) @ V


def batch_attention__transposes_all_axes(X, W_q, W_k, W_v, lengths):
    """Turns all three axes of K around: fails, or mixes sentences."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.permute(2, 1, 0) / math.sqrt(Q.shape[-1])
    return _masked_softmax(scores, _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__numpy_T(X, W_q, W_k, W_v, lengths):
    """Writes K.T for a three-dimensional array, which turns all axes around."""
    X, W_q, W_k, W_v = (np.asarray(a) for a in (X, W_q, W_k, W_v))
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.T / np.sqrt(K.shape[-1])
    for b, length in enumerate(lengths):
        scores[b, :, int(length) :] = -np.inf
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True) @ V


def batch_attention__cross_batch_product(X, W_q, W_k, W_v, lengths):
    """Uses np.dot, which scores every sentence against every other, and keeps the first."""
    X, W_q, W_k, W_v = (np.asarray(a) for a in (X, W_q, W_k, W_v))
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = np.dot(Q, K.transpose(0, 2, 1))[:, :, 0, :] / np.sqrt(K.shape[-1])
    for b, length in enumerate(lengths):
        scores[b, :, int(length) :] = -np.inf
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True) @ V


def batch_attention__reshaped_instead_of_transposed(X, W_q, W_k, W_v, lengths):
    """Reshapes the keys to (batch, d_k, n), which mixes numbers of different words."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.reshape(K.shape[0], K.shape[2], K.shape[1]) / math.sqrt(Q.shape[-1])
    return _masked_softmax(scores, _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__softmax_over_the_queries(X, W_q, W_k, W_v, lengths):
    """Takes the softmax over dim 1, the queries."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], float("-inf"))
    return torch.nan_to_num(torch.softmax(scores, dim=1)) @ V


def batch_attention__softmax_over_the_batch(X, W_q, W_k, W_v, lengths):
    """Takes the softmax over dim 0, the sentences."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], float("-inf"))
    return torch.nan_to_num(torch.softmax(scores, dim=0)) @ V


def batch_attention__attends_across_the_batch(X, W_q, W_k, W_v, lengths):
    """Swaps the first two axes first, so words look at the same place in other sentences."""
    X = X.transpose(0, 1)
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    real = _real_words(lengths, X.shape[0]).T
    out = _masked_softmax(Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1]), real[:, None, :]) @ V
    return out.transpose(0, 1)


def batch_attention__all_sentences_in_one_row(X, W_q, W_k, W_v, lengths):
    """Flattens the batch, so words look at the words of all sentences."""
    batch, n, d_model = X.shape
    rows = X.reshape(batch * n, d_model)
    real = _real_words(lengths, n).reshape(1, -1)
    out = _attention(rows @ W_q, rows @ W_k, rows @ W_v, real)
    return out.reshape(batch, n, -1)


def batch_attention__values_of_the_first_sentence(X, W_q, W_k, W_v, lengths):
    """Gathers from the first sentence's values for all sentences."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    weights = _masked_softmax(
        Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1]),
        _real_words(lengths, X.shape[1])[:, None, :],
    )
    return weights @ V[0]


def batch_attention__true_means_hidden(X, W_q, W_k, W_v, lengths):
    """Looks at the padding alone; a full sentence looks nowhere."""
    hidden = ~_real_words(lengths, X.shape[1])[:, None, :]
    return _attention(X @ W_q, X @ W_k, X @ W_v, hidden)


def batch_attention__one_key_too_many(X, W_q, W_k, W_v, lengths):
    """Compares with <=, so the first padding word may be seen."""
    seen = torch.arange(X.shape[1])[None, :] <= torch.as_tensor(lengths)[:, None]
    return _attention(X @ W_q, X @ W_k, X @ W_v, seen[:, None, :])


def batch_attention__last_word_hidden(X, W_q, W_k, W_v, lengths):
    """Hides the last real word with the padding."""
    seen = torch.arange(X.shape[1])[None, :] < torch.as_tensor(lengths)[:, None] - 1
    return _attention(X @ W_q, X @ W_k, X @ W_v, seen[:, None, :])


def batch_attention__padding_hidden_on_the_query_axis(X, W_q, W_k, W_v, lengths):
    """Hides queries instead of keys: real words look at padding, padding gets zeros."""
    real = _real_words(lengths, X.shape[1])
    return _attention(X @ W_q, X @ W_k, X @ W_v, real[:, :, None].expand(-1, -1, X.shape[1]))


def batch_attention__query_axis_and_nan(X, W_q, W_k, W_v, lengths):
    """Fills the rows of padding queries with minus infinity, which gives NaN there."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(-1, -2) / math.sqrt(Q.shape[-1])
    for b, length in enumerate(lengths):
        scores[b, length:, :] = float("-inf")
    return torch.softmax(scores, dim=-1) @ V


def batch_attention__padding_queries_set_to_zero(X, W_q, W_k, W_v, lengths):
    """Sets the output of padding rows to 0, although they look at the real words too."""
    real = _real_words(lengths, X.shape[1])
    out = _attention(X @ W_q, X @ W_k, X @ W_v, real[:, None, :])
    return out * real[:, :, None]


def batch_attention__only_real_rows_computed(X, W_q, W_k, W_v, lengths):
    """Cuts each sentence to its length and leaves zeros in the rows of the padding."""
    out = torch.zeros(X.shape[0], X.shape[1], W_v.shape[1])
    for b, length in enumerate(lengths):
        x = X[b, :length]
        weights = torch.softmax((x @ W_q) @ (x @ W_k).T / math.sqrt(W_k.shape[1]), dim=-1)
        out[b, :length] = weights @ (x @ W_v)
    return out


def batch_attention__mask_on_the_wrong_axis(X, W_q, W_k, W_v, lengths):
    """Lets a (batch, n) mask meet (batch, n, n) scores: fails unless batch is n."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1]), float("-inf"))
    return torch.nan_to_num(torch.softmax(scores, dim=-1)) @ V


def batch_attention__first_length_for_all(X, W_q, W_k, W_v, lengths):
    """Cuts all sentences at the length of the first one."""
    Q = X @ W_q
    seen = X[:, : int(lengths[0])]
    K, V = seen @ W_k, seen @ W_v
    return torch.softmax(Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1]), dim=-1) @ V


def batch_attention__longest_length_for_all(X, W_q, W_k, W_v, lengths):
    """Cuts all sentences at the length of the longest one."""
    Q = X @ W_q
    seen = X[:, : int(max(lengths))]
    K, V = seen @ W_k, seen @ W_v
    return torch.softmax(Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1]), dim=-1) @ V


def batch_attention__padding_embeddings_zeroed(X, W_q, W_k, W_v, lengths):
    """Sets the padding words to 0 and thinks them hidden: their score is 0, not -inf."""
    X = X * _real_words(lengths, X.shape[1])[:, :, None]
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    return torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=-1) @ V


def batch_attention__padding_values_zeroed(X, W_q, W_k, W_v, lengths):
    """Sets the values of the padding to 0, which still takes its part of the weight."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    V = V * _real_words(lengths, X.shape[1])[:, :, None]
    return torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=-1) @ V


def batch_attention__mask_after_softmax(X, W_q, W_k, W_v, lengths):
    """Sets weights to 0 after the softmax: the rest of the row does not sum to 1."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    weights = torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=-1)
    return (weights * _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__padding_filled_with_zero(X, W_q, W_k, W_v, lengths):
    """Fills the scores of the padding with 0, which is a score like any other."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.mT / math.sqrt(Q.shape[-1])
    scores = scores * _real_words(lengths, X.shape[1])[:, None, :]
    return torch.softmax(scores, dim=-1) @ V


def batch_attention__tiny_instead_of_large(X, W_q, W_k, W_v, lengths):
    """Writes 1e-9 where -1e9 was meant."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = torch.einsum("bqd,bkd->bqk", Q, K) / math.sqrt(Q.shape[-1])
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], 1e-9)
    return torch.softmax(scores, dim=-1) @ V


def batch_attention__no_scale(X, W_q, W_k, W_v, lengths):
    """Forgets to divide by sqrt(d_k)."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    return _masked_softmax(Q @ K.mT, _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__divides_by_d_k(X, W_q, W_k, W_v, lengths):
    """Divides by d_k and forgets the square root."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.mT / W_k.shape[1]
    return _masked_softmax(scores, _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__scales_by_d_model(X, W_q, W_k, W_v, lengths):
    """Takes the root of d_model, because it reads X.shape[-1]."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.mT / math.sqrt(X.shape[-1])
    return _masked_softmax(scores, _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__scales_by_n(X, W_q, W_k, W_v, lengths):
    """Takes the root of n, because it reads Q.shape[1] as in two dimensions."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.mT / math.sqrt(Q.shape[1])
    return _masked_softmax(scores, _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__scales_by_the_length(X, W_q, W_k, W_v, lengths):
    """Takes the root of each sentence's length."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.mT / torch.as_tensor(lengths).sqrt()[:, None, None]
    return _masked_softmax(scores, _real_words(lengths, X.shape[1])[:, None, :]) @ V


def batch_attention__values_from_W_k(X, W_q, W_k, W_v, lengths):
    """Builds the values with W_k; the shape betrays it only when d_v is not d_k."""
    return _attention(X @ W_q, X @ W_k, X @ W_k, _real_words(lengths, X.shape[1])[:, None, :])


def batch_attention__values_not_projected(X, W_q, W_k, W_v, lengths):
    """Mixes the embeddings themselves instead of the values."""
    return _attention(X @ W_q, X @ W_k, X, _real_words(lengths, X.shape[1])[:, None, :])


def batch_attention__query_and_key_matrices_swapped(X, W_q, W_k, W_v, lengths):
    """Builds the queries with W_k and the keys with W_q."""
    return _attention(X @ W_k, X @ W_q, X @ W_v, _real_words(lengths, X.shape[1])[:, None, :])


def batch_attention__returns_the_weights(X, W_q, W_k, W_v, lengths):
    """Stops after the softmax and returns the weights."""
    Q, K = X @ W_q, X @ W_k
    scores = Q @ K.mT / math.sqrt(Q.shape[-1])
    return _masked_softmax(scores, _real_words(lengths, X.shape[1])[:, None, :])


def batch_attention__causal_as_well(X, W_q, W_k, W_v, lengths):
    """Hides the future too, although padding alone was to be hidden."""
    n = X.shape[1]
    mask = _real_words(lengths, n)[:, None, :] & torch.ones(n, n).tril().bool()
    return _attention(X @ W_q, X @ W_k, X @ W_v, mask)


def batch_attention__unstable_softmax(X, W_q, W_k, W_v, lengths):
    """Does not subtract the largest score: large embeddings give NaN."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    e = torch.exp(Q @ K.mT / math.sqrt(Q.shape[-1]))
    e = e * _real_words(lengths, X.shape[1])[:, None, :]
    return e / e.sum(dim=-1, keepdim=True) @ V


def batch_attention__only_the_first_sentence(X, W_q, W_k, W_v, lengths):
    """Returns inside the loop, after the first sentence."""
    for x, length in zip(X, lengths, strict=True):
        Q, K, V = x @ W_q, x[:length] @ W_k, x[:length] @ W_v
        return torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), dim=-1) @ V


def batch_attention__padding_in_front(X, W_q, W_k, W_v, lengths):
    """Takes the last words of every sentence for the real ones."""
    n = X.shape[1]
    real = torch.arange(n)[None, :] >= n - torch.as_tensor(lengths)[:, None]
    return _attention(X @ W_q, X @ W_k, X @ W_v, real[:, None, :])


def batch_attention__lengths_sorted(X, W_q, W_k, W_v, lengths):
    """Sorts the lengths, as for packed sequences, but not the sentences."""
    ordered = torch.as_tensor(lengths).sort(descending=True).values
    return _attention(X @ W_q, X @ W_k, X @ W_v, _real_words(ordered, X.shape[1])[:, None, :])


def batch_attention__no_scale__and__lengths_unused(X, W_q, W_k, W_v, lengths):
    """Forgets to scale, and leaves the padding in."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    return torch.softmax(torch.bmm(Q, K.mT), dim=-1) @ V


def batch_attention__one_key_too_many__and__values_not_projected(X, W_q, W_k, W_v, lengths):
    """Lets the first padding word through, and mixes the embeddings themselves."""
    seen = torch.arange(X.shape[1])[None, :] <= torch.as_tensor(lengths)[:, None]
    return _attention(X @ W_q, X @ W_k, X, seen[:, None, :])


def batch_attention__no_mask(X, W_q, W_k, W_v, lengths):
    """Never hides the padding."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])
    return torch.softmax(scores, dim=-1) @ V


def batch_attention__query_axis(X, W_q, W_k, W_v, lengths):
    """Masks the query axis instead of the keys."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = torch.bmm(Q, K.transpose(1, 2)) / math.sqrt(K.shape[-1])
    mask = _real_words(lengths, X.shape[1]).unsqueeze(2)
    scores = scores.masked_fill(~mask, -1e9)
    return torch.bmm(F.softmax(scores, dim=-1), V)


def batch_attention__zero_padding_rows(X, W_q, W_k, W_v, lengths):
    """Right, but sets the outputs of padding rows to 0 as well."""
    mask = _real_words(lengths, X.shape[1])
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    s = (Q @ K.mT / math.sqrt(Q.shape[-1])).masked_fill(~mask[:, None, :], float("-inf"))
    out = s.softmax(-1) @ V
    return out * mask.unsqueeze(-1)


def batch_attention__zeroed_input(X, W_q, W_k, W_v, lengths):
    """Sets padding rows of X to 0 instead of masking the scores."""
    mask = _real_words(lengths, X.shape[1])
    Q = X @ W_q
    Xm = X * mask.unsqueeze(-1)
    K, V = Xm @ W_k, Xm @ W_v
    s = Q @ K.transpose(-2, -1) / K.shape[-1] ** 0.5
    return torch.softmax(s, dim=-1) @ V


def batch_attention__fill_of_minus_one_hundred(X, W_q, W_k, W_v, lengths):
    """Fills the padding with -100, which wins beside very low scores."""
    padding = ~_real_words(lengths, X.shape[1])[:, None, :]
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    return scores.masked_fill(padding, -100.0).softmax(-1) @ (X @ W_v)


def batch_attention__ten_thousand_subtracted(X, W_q, W_k, W_v, lengths):
    """Subtracts 10000 from the scores of the padding, which a very high score survives."""
    padding = ~_real_words(lengths, X.shape[1])[:, None, :]
    scores = torch.einsum("bid,bjd->bij", X @ W_q, X @ W_k) / W_q.shape[1] ** 0.5
    return torch.softmax(scores - 1e4 * padding, dim=-1) @ X @ W_v


def batch_attention__one_maximum_for_the_batch(X, W_q, W_k, W_v, lengths):
    """Subtracts the largest score of the whole batch."""
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], -torch.inf)
    e = torch.exp(scores - scores.max())
    return e / e.sum(-1, keepdim=True) @ (X @ W_v)


def batch_attention__one_maximum_for_a_sentence(X, W_q, W_k, W_v, lengths):
    """Goes sentence by sentence and subtracts the largest score of its table."""
    outputs = []
    for x, length in zip(X, lengths, strict=True):
        scores = (x @ W_q) @ (x[:length] @ W_k).T / W_q.shape[1] ** 0.5
        e = torch.exp(scores - scores.max())
        outputs.append(e @ (x[:length] @ W_v) / e.sum(dim=1, keepdim=True))
    return torch.stack(outputs)


def batch_attention__maximum_of_hidden_scores_too(X, W_q, W_k, W_v, lengths):
    """Hides the padding after the row's maximum is taken: beside a huge hidden score 0 / 0 is left."""
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    e = torch.exp(scores - scores.amax(-1, keepdim=True)) * _real_words(lengths, X.shape[1])[:, None, :]
    return e / e.sum(-1, keepdim=True) @ (X @ W_v)


def batch_attention__zero_scores_hidden(X, W_q, W_k, W_v, lengths):
    """Multiplies by the mask and hides every score of 0: a word of zeros sees nothing."""
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5 * _real_words(lengths, X.shape[1])[:, None, :]
    return scores.masked_fill(scores == 0, -torch.inf).softmax(-1) @ (X @ W_v)


def batch_attention__softmax_over_one_row(X, W_q, W_k, W_v, lengths):
    """Goes word by word and takes the softmax over the axis of size 1."""
    output = torch.zeros(X.shape[0], X.shape[1], W_v.shape[1])
    for b, length in enumerate(lengths):
        real = X[b, :length]
        for i in range(X.shape[1]):
            scores = (X[b, i : i + 1] @ W_q) @ (real @ W_k).T / W_q.shape[1] ** 0.5
            output[b, i] = scores.softmax(dim=0) @ (real @ W_v)
    return output


def batch_attention__sums_on_the_axis_of_the_keys(X, W_q, W_k, W_v, lengths):
    """Puts the axis of the sums back in the wrong place: each weight is divided by another row's sum."""
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], -torch.inf)
    e = torch.exp(scores - scores.amax(-1, keepdim=True))
    return e / e.sum(-1).unsqueeze(1) @ (X @ W_v)


def batch_attention__sum_without_keepdim(X, W_q, W_k, W_v, lengths):
    """Forgets keepdim in the sum: it runs only when there are as many sentences as words."""
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], -torch.inf)
    e = torch.exp(scores - scores.amax(-1, keepdim=True))
    return e / e.sum(-1) @ (X @ W_v)


def batch_attention__zero_times_infinity(X, W_q, W_k, W_v, lengths):
    """Adds padding * -inf, which is NaN for the real words."""
    padding = (~_real_words(lengths, X.shape[1])).float()[:, None, :]
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5 + padding * -torch.inf
    return scores.softmax(-1) @ (X @ W_v)


def batch_attention__keys_not_transposed(X, W_q, W_k, W_v, lengths):
    """Leaves the transpose of the keys out."""
    scores = (X @ W_q) @ (X @ W_k) / W_q.shape[1] ** 0.5
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], -torch.inf)
    return scores.softmax(-1) @ (X @ W_v)


def batch_attention__first_two_axes_swapped(X, W_q, W_k, W_v, lengths):
    """Swaps the first two axes of the keys instead of the last two."""
    scores = (X @ W_q) @ (X @ W_k).transpose(0, 1) / W_q.shape[1] ** 0.5
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], -torch.inf)
    return scores.softmax(-1) @ (X @ W_v)


def batch_attention__matrices_transposed(X, W_q, W_k, W_v, lengths):
    """Multiplies by the transposed matrices, which fit only when they are square."""
    mask = _real_words(lengths, X.shape[1])[:, None, :]
    return _attention(X @ W_q.T, X @ W_k.T, X @ W_v.T, mask)


def batch_attention__padding_hidden_on_both_axes(X, W_q, W_k, W_v, lengths):
    """Hides the padding queries too, so that their rows become NaN."""
    real = _real_words(lengths, X.shape[1])
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    return scores.masked_fill(~(real[:, None, :] & real[:, :, None]), -torch.inf).softmax(-1) @ (X @ W_v)


def batch_attention__both_axes_filled_with_minus_1e9(X, W_q, W_k, W_v, lengths):
    """Hides the padding queries too, with -1e9, so that they look at everything alike."""
    real = _real_words(lengths, X.shape[1]).float()
    both = torch.einsum("bi,bj->bij", real, real)
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    return torch.where(both == 0, -1e9, scores).softmax(-1) @ (X @ W_v)


def batch_attention__padding_rows_zeroed_and_hidden(X, W_q, W_k, W_v, lengths):
    """Sets the padding rows of X to zeros, besides hiding them: their own outputs become plain means."""
    real = _real_words(lengths, X.shape[1])
    X = X * real[:, :, None]
    return _attention(X @ W_q, X @ W_k, X @ W_v, real[:, None, :])


def batch_attention__padding_shown_and_words_filled(X, W_q, W_k, W_v, lengths):
    """Fills the real words with minus infinity; a full sentence becomes NaN."""
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    real = torch.arange(X.shape[1]) < torch.as_tensor(lengths)[:, None]
    return scores.masked_fill(real[:, None], -torch.inf).softmax(-1) @ (X @ W_v)


def batch_attention__no_scale__and__padding_shown(X, W_q, W_k, W_v, lengths):
    """Leaves the scale out and fills the real words."""
    scores = torch.bmm(X @ W_q, (X @ W_k).transpose(1, 2))
    for b, length in enumerate(lengths):
        scores[b, :, :length] = -torch.inf
    return torch.bmm(torch.softmax(scores, 2), X @ W_v)


def batch_attention__no_scale__and__softmax_over_the_queries(X, W_q, W_k, W_v, lengths):
    """Leaves the scale out and normalises down the columns, of which the padded ones become NaN."""
    scores = torch.bmm(X @ W_q, (X @ W_k).transpose(1, 2))
    for b, length in enumerate(lengths):
        scores[b, :, length:] = -torch.inf
    return torch.bmm(torch.softmax(scores, 1), X @ W_v)


def batch_attention__softmax_over_the_batch_and_nan(X, W_q, W_k, W_v, lengths):
    """Takes the softmax over dim 0; where all sentences are padded, NaN comes out."""
    scores = (X @ W_q) @ (X @ W_k).mT / W_q.shape[1] ** 0.5
    scores = scores.masked_fill(~_real_words(lengths, X.shape[1])[:, None, :], -torch.inf)
    return scores.softmax(0) @ (X @ W_v)


def batch_attention__matrices_swapped__and__values_from_W_k(X, W_q, W_k, W_v, lengths):
    """Makes queries and values with W_k and keys with W_q."""
    real = _real_words(lengths, X.shape[1])[:, None, :]
    return F.scaled_dot_product_attention(X @ W_k, X @ W_q, X @ W_k, attn_mask=real)
