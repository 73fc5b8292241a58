"""Right answers to the exercises of chapter 2, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (rows that are masked as a whole, scores of 1000, one word alone), up to the rounding of
float32, and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F


def _numpy_weights(scores):
    """Compute the softmax of NumPy rows; rows of nothing but minus infinity become zeros."""
    largest = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isinf(largest), 0, largest))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


def _attend_to_some(query, keys, values):
    """Gather for one query from the keys it may see; zeros when there are none."""
    if len(keys) == 0:
        return torch.zeros(values.shape[1])
    return torch.softmax(keys @ query / len(query) ** 0.5, dim=0) @ values


# ----------------------------------------------------------------------------- project_qkv
def project_qkv__three_products(X, W_q, W_k, W_v):
    """Writes three matrix products."""
    return X @ W_q, X @ W_k, X @ W_v


def project_qkv__joined_and_split(X, W_q, W_k, W_v):
    """Multiplies once with the three matrices side by side, and splits at their widths."""
    joined = X @ torch.cat((W_q, W_k, W_v), dim=1)
    return torch.split(joined, [W_q.shape[1], W_k.shape[1], W_v.shape[1]], dim=1)


def project_qkv__numpy(X, W_q, W_k, W_v):
    """Goes to NumPy and returns arrays."""
    X = X.numpy()
    Q = np.dot(X, W_q.numpy())
    K = np.dot(X, W_k.numpy())
    V = np.dot(X, W_v.numpy())
    return Q, K, V


def project_qkv__functional_linear(X, W_q, W_k, W_v):
    """Uses F.linear, which wants the matrices transposed."""
    return tuple(F.linear(X, W.T) for W in (W_q, W_k, W_v))


def project_qkv__word_by_word(X, W_q, W_k, W_v):
    """Projects one word after the other and stacks the results."""
    Q = torch.stack([x @ W_q for x in X])
    K = torch.stack([x @ W_k for x in X])
    V = torch.stack([x @ W_v for x in X])
    return (Q, K, V)


def project_qkv__einsum_in_float64(X, W_q, W_k, W_v):
    """Writes the sums in Einstein's notation, in float64."""
    Q, K, V = (torch.einsum("nm,md->nd", X.double(), W.double()) for W in (W_q, W_k, W_v))
    return Q, K, V


# ---------------------------------------------------------------------------- score_matrix
def score_matrix__matmul(queries, keys):
    """Multiplies with the transposed keys."""
    return queries @ keys.T / math.sqrt(queries.shape[-1])


def score_matrix__einsum(queries, keys):
    """Writes the sum in Einstein's notation."""
    return torch.einsum("qd,kd->qk", queries, keys) * keys.shape[1] ** -0.5


def score_matrix__two_loops(queries, keys):
    """Loops over queries and keys."""
    scores = torch.zeros(len(queries), len(keys))
    for i, q in enumerate(queries):
        for j, k in enumerate(keys):
            scores[i, j] = torch.dot(q, k) / math.sqrt(len(q))
    return scores


def score_matrix__broadcast(queries, keys):
    """Multiplies all pairs and adds along the last axis."""
    return (queries.unsqueeze(1) * keys.unsqueeze(0)).sum(-1) / keys.size(1) ** 0.5


def score_matrix__numpy(queries, keys):
    """Goes to NumPy, in float64, and returns an array."""
    queries, keys = (np.asarray(x, dtype=np.float64) for x in (queries, keys))
    return queries @ keys.T / np.sqrt(queries.shape[1])


def score_matrix__queries_scaled_first(queries, keys):
    """Divides the queries before the product."""
    return (queries / queries.shape[1] ** 0.5).matmul(keys.transpose(0, 1))


def score_matrix__transposed_back(queries, keys):
    """Computes keys against queries and transposes the table."""
    return (keys @ queries.T).T.div(math.sqrt(queries.shape[1]))


# ----------------------------------------------------------------------------- row_softmax
def row_softmax__nan_to_num_afterwards(scores):
    """Replaces the NaN of fully masked rows by 0."""
    return torch.nan_to_num(torch.softmax(scores, dim=-1), nan=0.0)


def row_softmax__where_after_softmax(scores):
    """Finds the fully masked rows and sets their weights to 0."""
    empty = torch.isneginf(scores).all(dim=-1, keepdim=True)
    return torch.where(empty, torch.zeros_like(scores), torch.softmax(scores, dim=-1))


def row_softmax__by_hand_in_numpy(scores):
    """Goes to NumPy and guards the division."""
    return _numpy_weights(scores.numpy())


def row_softmax__row_by_row(scores):
    """Loops over rows; takes the softmax of the visible entries alone."""
    weights = torch.zeros_like(scores)
    for i in range(scores.shape[0]):
        visible = scores[i] != float("-inf")
        if visible.any():
            weights[i, visible] = torch.softmax(scores[i, visible], dim=0)
    return weights


def row_softmax__number_by_number(scores):
    """Uses Python floats alone and returns a list of lists."""
    table = []
    for row in scores.tolist():
        largest = max(row)
        if largest == -math.inf:
            table.append([0.0 for _ in row])
            continue
        e = [math.exp(s - largest) for s in row]
        table.append([x / sum(e) for x in e])
    return table


def row_softmax__mask_filled_and_multiplied(scores):
    """Gives fully masked rows the score 0 first and multiplies with the mask afterwards."""
    seen = ~torch.isneginf(scores)
    safe = scores.masked_fill(~seen.any(-1, keepdim=True), 0.0)
    return torch.softmax(safe, -1) * seen


def row_softmax__log_sum_exp(scores):
    """Subtracts the logarithm of the sum, in float64; an infinite one is replaced by 0."""
    scores = scores.double()
    log_total = torch.logsumexp(scores, dim=1, keepdim=True)
    return torch.exp(scores - log_total.masked_fill(log_total.isinf(), 0.0))


def row_softmax__log_sum_exp_in_float32(scores):
    """Subtracts torch's log-sum-exp without going to float64, and cleans the empty rows."""
    return torch.nan_to_num(torch.exp(scores - torch.logsumexp(scores, dim=-1, keepdim=True)))


def row_softmax__large_negative_number(scores):
    """Puts -1e9 for minus infinity, far below every score, and clears the empty rows."""
    masked = scores == -torch.inf
    return scores.masked_fill(masked, -1e9).softmax(-1) * (~masked).any(-1, keepdim=True)


# ------------------------------------------------------------------------ make_causal_mask
def make_causal_mask__tril(num_queries):
    """Takes the lower triangle of a table of True."""
    return torch.ones(num_queries, num_queries, dtype=torch.bool).tril()


def make_causal_mask__positions_compared(num_queries):
    """Compares positions with positions."""
    i = torch.arange(num_queries)
    return i[None, :] <= i[:, None]


def make_causal_mask__loops(num_queries):
    """Sets every entry alone."""
    mask = torch.zeros((num_queries, num_queries), dtype=torch.bool)
    for i in range(num_queries):
        for j in range(num_queries):
            if j <= i:
                mask[i, j] = True
    return mask


def make_causal_mask__numpy_tri(num_queries):
    """Returns a boolean NumPy array."""
    return np.tri(num_queries, dtype=bool)


def make_causal_mask__not_triu(num_queries):
    """Inverts the table of what comes after."""
    return ~torch.triu(torch.ones(num_queries, num_queries), diagonal=1).bool()


def make_causal_mask__list_of_lists(num_queries):
    """Builds the rows as Python lists and makes a tensor of them."""
    rows = [[j <= i for j in range(num_queries)] for i in range(num_queries)]
    return torch.tensor(rows, dtype=torch.bool)


def make_causal_mask__running_sum(num_queries):
    """Adds up the rows of the identity: from its own position down, a key may be seen."""
    return torch.eye(num_queries).cumsum(dim=0) > 0


# ----------------------------------------------------------------------- make_padding_mask
def make_padding_mask__positions_compared(lengths, num_keys):
    """Compares positions with lengths and adds the axis of the queries."""
    lengths = torch.as_tensor(lengths)
    return (torch.arange(num_keys)[None, :] < lengths[:, None])[:, None, :]


def make_padding_mask__slices_in_a_loop(lengths, num_keys):
    """Sets the first keys of every sentence."""
    mask = torch.zeros(len(lengths), 1, num_keys, dtype=torch.bool)
    for b in range(len(lengths)):
        mask[b, 0, : int(lengths[b])] = True
    return mask


def make_padding_mask__numpy(lengths, num_keys):
    """Returns a boolean NumPy array."""
    lengths = np.asarray(lengths).reshape(-1, 1, 1)
    return np.arange(num_keys) < lengths


def make_padding_mask__list_of_lists(lengths, num_keys):
    """Builds the rows as Python lists and makes a tensor of them."""
    rows = [[[j < int(length) for j in range(num_keys)]] for length in lengths]
    return torch.tensor(rows, dtype=torch.bool)


def make_padding_mask__rows_of_a_triangle(lengths, num_keys):
    """Picks rows from a table whose row n has n times True."""
    table = torch.ones(num_keys + 1, num_keys).tril(-1).bool()
    return table[torch.as_tensor(lengths).long()].unsqueeze(1)


def make_padding_mask__every_sentence_stacked(lengths, num_keys):
    """Joins ones and zeros for every sentence and stacks the rows."""
    rows = []
    for length in lengths:
        length = int(length)
        rows.append(torch.cat([torch.ones(1, length), torch.zeros(1, num_keys - length)], dim=1))
    return torch.stack(rows) == 1


# ------------------------------------------------------------------------ masked_attention
def masked_attention__fill_softmax_and_clean(queries, keys, values, mask):
    """Fills with minus infinity and replaces the NaN of fully masked rows by 0."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = scores.masked_fill(~mask, float("-inf"))
    return torch.nan_to_num(torch.softmax(scores, dim=-1)) @ values


def masked_attention__ready_made_in_torch(queries, keys, values, mask):
    """Uses PyTorch's attention, whose boolean mask means the same, and cleans empty rows."""
    out = F.scaled_dot_product_attention(queries[None, None], keys[None, None], values[None, None], attn_mask=mask)[
        0, 0
    ]
    return out.masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)


def masked_attention__query_by_query(queries, keys, values, mask):
    """Loops over queries and hands on only the keys and values that may be seen."""
    rows = []
    for i, query in enumerate(queries):
        seen = mask[i]
        rows.append(_attend_to_some(query, keys[seen], values[seen]))
    return torch.stack(rows)


def masked_attention__numpy_float64(queries, keys, values, mask):
    """Goes to NumPy, in float64, and returns an array."""
    Q, K, V = (np.asarray(x, dtype=np.float64) for x in (queries, keys, values))
    scores = np.where(np.asarray(mask), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    return _numpy_weights(scores) @ V


def masked_attention__additive_mask(queries, keys, values, mask):
    """Adds a table of 0 and minus infinity to the scores."""
    bias = torch.zeros(mask.shape).masked_fill(mask.logical_not(), -torch.inf)
    weights = torch.softmax(queries @ keys.T * queries.shape[1] ** -0.5 + bias, dim=1)
    weights[~mask.any(dim=1)] = 0.0
    return weights @ values


def masked_attention__einsum_and_where(queries, keys, values, mask):
    """Writes the sums in Einstein's notation and chooses with where."""
    scores = torch.einsum("qd,kd->qk", queries, keys) / queries.size(1) ** 0.5
    weights = torch.where(mask, scores, -torch.inf).softmax(dim=1)
    weights = torch.where(mask, weights, 0.0)
    return torch.einsum("qk,kd->qd", weights, values)


def masked_attention__running_maximum(queries, keys, values, mask):
    """Goes through the keys once, with a running maximum, total and output for every query."""
    largest = torch.full((len(queries), 1), -torch.inf)
    total = torch.zeros(len(queries), 1)
    output = torch.zeros(len(queries), values.shape[1])
    for key, value, seen in zip(keys, values, mask.T, strict=True):
        score = queries @ key / math.sqrt(len(key))
        score = score.masked_fill(~seen, -torch.inf)[:, None]
        new = torch.maximum(largest, score)
        safe = new.masked_fill(new.isinf(), 0.0)
        shrink, e = torch.exp(largest - safe), torch.exp(score - safe)
        total, output, largest = total * shrink + e, output * shrink + e * value, new
    return output / total.masked_fill(total == 0, 1.0)


def masked_attention__large_negative_fill_and_empty_rows_cleared(queries, keys, values, mask):
    """Fills with -1e9, and sets the outputs of the queries that may look nowhere to 0."""
    scores = (queries @ keys.T / math.sqrt(queries.shape[-1])).masked_fill(~mask, -1e9)
    return (scores.softmax(-1) @ values) * mask.any(-1, keepdim=True)


def masked_attention__visible_maximum_by_hand(queries, keys, values, mask):
    """Writes the softmax by hand, with the largest visible score of each row."""
    scores = torch.where(mask, queries @ keys.T / queries.shape[1] ** 0.5, -torch.inf)
    top = scores.amax(dim=1, keepdim=True)
    e = torch.where(mask, torch.exp(scores - torch.where(top.isfinite(), top, 0.0)), 0.0)
    return e @ values / e.sum(dim=1, keepdim=True).clamp(min=1e-20)


# ------------------------------------------------------------------------ column_attention
def column_attention__formula(Q, K, V):
    """Writes the formula as it stands."""
    A = torch.softmax(K.T @ Q / math.sqrt(K.shape[0]), dim=0)
    return V @ A


def column_attention__through_rows(Q, K, V):
    """Transposes, computes in the row convention, and transposes back."""
    q, k, v = Q.T, K.T, V.T
    out = F.softmax(q @ k.T / q.shape[1] ** 0.5, dim=-1) @ v
    return out.T


def column_attention__ready_made_in_torch(Q, K, V):
    """Uses PyTorch's attention between two transpositions."""
    return F.scaled_dot_product_attention(Q.T[None], K.T[None], V.T[None])[0].T


def column_attention__query_by_query(Q, K, V):
    """Computes one column of the output after the other."""
    columns = []
    for i in range(Q.shape[1]):
        weights = torch.softmax(Q[:, i] @ K / math.sqrt(Q.shape[0]), dim=0)
        columns.append(V @ weights)
    return torch.stack(columns, dim=1)


def column_attention__einsum(Q, K, V):
    """Writes the sums in Einstein's notation."""
    S = torch.einsum("dk,dq->kq", K, Q) / K.shape[0] ** 0.5
    return torch.einsum("vk,kq->vq", V, S.softmax(dim=0))


def column_attention__numpy(Q, K, V):
    """Goes to NumPy and returns an array."""
    Q, K, V = np.asarray(Q), np.asarray(K), np.asarray(V)
    S = K.T @ Q / np.sqrt(Q.shape[0])
    e = np.exp(S - S.max(axis=0))
    return V @ (e / e.sum(axis=0))


def column_attention__log_sum_exp(Q, K, V):
    """Subtracts the log-sum-exp of every column, in float64."""
    S = K.double().T @ Q.double() / Q.shape[0] ** 0.5
    return V.double() @ torch.exp(S - S.logsumexp(dim=0))


# ------------------------------------------------------------------------- batch_attention
def batch_attention__masked_fill(X, W_q, W_k, W_v, lengths):
    """Fills the scores of padding keys with minus infinity, for the whole batch."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    padding = torch.arange(X.shape[1])[None, :] >= torch.as_tensor(lengths)[:, None]
    scores = scores.masked_fill(padding[:, None, :], float("-inf"))
    return torch.softmax(scores, dim=-1) @ V


def batch_attention__sentence_by_sentence(X, W_q, W_k, W_v, lengths):
    """Cuts the keys and values of each sentence to its length, and keeps all queries."""
    outputs = []
    for x, length in zip(X, lengths, strict=True):
        real = x[: int(length)]
        scores = (x @ W_q) @ (real @ W_k).T / math.sqrt(W_q.shape[1])
        outputs.append(torch.softmax(scores, dim=-1) @ (real @ W_v))
    return torch.stack(outputs)


def batch_attention__ready_made_in_torch(X, W_q, W_k, W_v, lengths):
    """Uses PyTorch's attention with a mask (batch, 1, n)."""
    real = torch.arange(X.shape[1]) < torch.as_tensor(lengths).reshape(-1, 1, 1)
    return F.scaled_dot_product_attention(X @ W_q, X @ W_k, X @ W_v, attn_mask=real.expand(-1, X.shape[1], -1))


def batch_attention__einsum_float64(X, W_q, W_k, W_v, lengths):
    """Writes the sums in Einstein's notation, in float64."""
    X, W_q, W_k, W_v = (t.double() for t in (X, W_q, W_k, W_v))
    Q = torch.einsum("bnm,md->bnd", X, W_q)
    K = torch.einsum("bnm,md->bnd", X, W_k)
    V = torch.einsum("bnm,md->bnd", X, W_v)
    scores = torch.einsum("bqd,bkd->bqk", Q, K) / Q.shape[2] ** 0.5
    for b in range(len(lengths)):
        scores[b, :, int(lengths[b]) :] = -torch.inf
    return torch.einsum("bqk,bkd->bqd", scores.softmax(dim=2), V)


def batch_attention__numpy(X, W_q, W_k, W_v, lengths):
    """Goes to NumPy and returns an array."""
    X, W_q, W_k, W_v, lengths = (np.asarray(a) for a in (X, W_q, W_k, W_v, lengths))
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    scores = Q @ np.swapaxes(K, 1, 2) / np.sqrt(Q.shape[-1])
    real = np.arange(X.shape[1])[None, None, :] < lengths[:, None, None]
    return _numpy_weights(np.where(real, scores, -np.inf)) @ V


def batch_attention__one_flat_row_with_a_block_mask(X, W_q, W_k, W_v, lengths):
    """Puts all sentences in one row; a mask keeps them apart and hides the padding."""
    batch, n, d_model = X.shape
    rows = X.reshape(batch * n, d_model)
    sentence = torch.arange(batch).repeat_interleave(n)
    place = torch.arange(n).repeat(batch)
    real = place < torch.as_tensor(lengths).repeat_interleave(n)
    mask = (sentence[:, None] == sentence[None, :]) & real[None, :]
    scores = (rows @ W_q) @ (rows @ W_k).T / W_q.shape[1] ** 0.5
    weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    return (weights @ (rows @ W_v)).reshape(batch, n, -1)


def batch_attention__word_by_word(X, W_q, W_k, W_v, lengths):
    """Loops over sentences and words."""
    output = torch.zeros(X.shape[0], X.shape[1], W_v.shape[1])
    for b in range(X.shape[0]):
        real = X[b, : int(lengths[b])]
        for i in range(X.shape[1]):
            output[b, i] = _attend_to_some(X[b, i] @ W_q, real @ W_k, real @ W_v)
    return output


def batch_attention__large_negative_fill(X, W_q, W_k, W_v, lengths):
    """Fills the padding with -1e9: every sentence has a real word, so no row is empty."""
    scores = torch.bmm(X @ W_q, (X @ W_k).transpose(1, 2)) / W_q.shape[1] ** 0.5
    for b in range(len(lengths)):
        scores[b, :, lengths[b] :] = -1e9
    return torch.bmm(scores.softmax(dim=2), X @ W_v)


def batch_attention__root_taken_from_both_sides(X, W_q, W_k, W_v, lengths):
    """Scales queries and keys by the fourth root of d_k each, and subtracts the log-sum-exp."""
    root = W_q.shape[1] ** 0.25
    scores = torch.einsum("bid,bjd->bij", X @ W_q / root, X @ W_k / root).double()
    scores = scores.masked_fill((torch.arange(X.shape[1]) >= lengths[:, None])[:, None], -torch.inf)
    return torch.exp(scores - scores.logsumexp(-1, keepdim=True)) @ (X @ W_v).double()
