"""Right answers to the exercises of chapter 1, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (whole numbers, scores of 1000, one word alone), up to the rounding of float32, and it should be
written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F


def _tensors(*arrays):
    """Turn arrays of whatever type into float64 tensors."""
    return [torch.as_tensor(np.asarray(a, dtype=np.float64)) for a in arrays]


def _dot(a, b):
    """Multiply two vectors, one number at a time."""
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def _weights_of(scores):
    """Compute softmax weights with plain Python floats."""
    largest = max(scores)
    e = [math.exp(s - largest) for s in scores]
    return [x / sum(e) for x in e]


# -------------------------------------------------------------------------- stable_softmax
def stable_softmax__numpy_keepdims(scores):
    """Subtracts, takes exponentials and divides, along the last axis."""
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def stable_softmax__ready_made_in_torch(scores):
    """Lets torch do it, in float64, and returns a tensor."""
    return F.softmax(torch.as_tensor(scores, dtype=torch.float64), dim=-1)


def stable_softmax__torch_float32(scores):
    """Lets torch do it in float32 and goes back to NumPy."""
    return torch.tensor(scores, dtype=torch.float32).softmax(-1).numpy()


def stable_softmax__log_sum_exp(scores):
    """Subtracts the logarithm of the sum of exponentials, with the largest score taken out."""
    largest = scores.max(axis=-1, keepdims=True)
    log_total = largest + np.log(np.exp(scores - largest).sum(axis=-1, keepdims=True))
    return np.exp(scores - log_total)


def stable_softmax__recursive_nested_lists(scores):
    """Calls itself for every axis but the last and returns nested Python lists."""
    if np.ndim(scores) > 1:
        return [stable_softmax__recursive_nested_lists(row) for row in scores]
    return _weights_of([float(s) for s in scores])


def stable_softmax__row_by_row(scores):
    """Flattens the leading axes, loops over the rows, and goes back to the old shape."""
    rows = scores.reshape(-1, scores.shape[-1])
    weights = np.empty(rows.shape)
    for i, row in enumerate(rows):
        e = np.exp(row - row.max())
        weights[i] = e / e.sum()
    return weights.reshape(scores.shape)


def stable_softmax__apply_along_axis(scores):
    """Hands a function for one row to NumPy."""

    def one_row(row):
        e = np.exp(row - max(row))
        return e / sum(e)

    return np.apply_along_axis(one_row, -1, np.asarray(scores, dtype=float))


def stable_softmax__pairwise_differences(scores):
    """Uses 1 / sum_j exp(s_j - s_i); an overflow to infinity rightly gives the weight 0."""
    s = np.asarray(scores, dtype=np.float64)
    with np.errstate(over="ignore"):
        return 1 / np.exp(s[..., None, :] - s[..., :, None]).sum(axis=-1)


def stable_softmax__axes_moved_to_the_front(scores):
    """Moves the last axis to the front, so broadcasting needs no keepdims."""
    s = np.moveaxis(scores, -1, 0)
    e = np.exp(s - s.max(axis=0))
    return np.moveaxis(e / e.sum(axis=0), 0, -1)


def stable_softmax__tiny_number_below_the_line(scores):
    """Adds 1e-12 below the line, which is lost in the rounding: the sum is at least 1."""
    e = np.exp(scores - scores.max(-1)[..., np.newaxis])
    return e / (e.sum(-1)[..., np.newaxis] + 1e-12)


# ---------------------------------------------------------------------------- score_vector
def score_vector__matrix_times_vector(query, keys):
    """Writes the product of a matrix and a vector."""
    return keys @ query


def score_vector__two_loops(query, keys):
    """Loops over keys and components and returns a list."""
    scores = []
    for key in keys:
        total = 0.0
        for j in range(len(query)):
            total += query[j] * key[j]
        scores.append(total)
    return scores


def score_vector__broadcast_and_sum(query, keys):
    """Multiplies all components at once and adds along the last axis."""
    return (query[None, :] * keys).sum(axis=-1)


def score_vector__einsum(query, keys):
    """Writes the sum in Einstein's notation."""
    return np.einsum("d,kd->k", query, keys)


def score_vector__torch_float32(query, keys):
    """Goes to float32 tensors and returns a tensor."""
    query = torch.as_tensor(query, dtype=torch.float32)
    keys = torch.as_tensor(keys, dtype=torch.float32)
    return torch.mv(keys, query)


def score_vector__row_times_transposed(query, keys):
    """Makes the query a row, multiplies with the transposed keys, and drops the axis again."""
    return (query.reshape(1, -1) @ keys.T)[0]


def score_vector__dot_of_every_key(query, keys):
    """Takes np.dot for every key."""
    return np.array([np.dot(query, key) for key in keys])


# ---------------------------------------------------------------------------- scale_scores
def scale_scores__numpy(scores, d_k):
    """Divides the array by the root."""
    return scores / np.sqrt(d_k)


def scale_scores__multiplied_by_the_inverse(scores, d_k):
    """Multiplies with d_k ** -0.5."""
    return scores * d_k**-0.5


def scale_scores__list(scores, d_k):
    """Divides every score alone and returns a list."""
    return [float(s) / math.sqrt(d_k) for s in scores]


def scale_scores__torch_rsqrt(scores, d_k):
    """Uses torch's inverse root in float32."""
    scores = torch.as_tensor(scores, dtype=torch.float32)
    return scores * torch.rsqrt(torch.tensor(float(d_k)))


def scale_scores__mapped(scores, d_k):
    """Maps a small function over the scores."""
    root = d_k ** (1 / 2)
    return np.array(list(map(lambda s: s / root, scores)))  # noqa: C417


def scale_scores__true_divide_into_a_new_array(scores, d_k):
    """Divides into an array of floats made beforehand."""
    return np.true_divide(scores, math.sqrt(d_k), out=np.empty(len(scores)))


# ---------------------------------------------------------------------------- weighted_sum
def weighted_sum__vector_times_matrix(weights, values):
    """Writes the product of a vector and a matrix."""
    return weights @ values


def weighted_sum__broadcast_and_sum(weights, values):
    """Makes the weights a column and adds along the first axis."""
    return (weights[:, None] * values).sum(axis=0)


def weighted_sum__loop_over_words(weights, values):
    """Adds one weighted vector after the other to an array of zeros."""
    output = np.zeros(values.shape[1])
    for w, v in zip(weights, values, strict=True):
        output += w * v
    return output


def weighted_sum__python_lists(weights, values):
    """Loops over components, then words, and returns a list of floats."""
    num_keys, d_v = values.shape
    return [sum(float(weights[i]) * float(values[i, j]) for i in range(num_keys)) for j in range(d_v)]


def weighted_sum__einsum(weights, values):
    """Writes the sum in Einstein's notation."""
    return np.einsum("k,kd->d", weights, values)


def weighted_sum__weighted_rows_summed_by_python(weights, values):
    """Lets Python's sum add up the weighted vectors."""
    return sum(weights[i] * values[i] for i in range(len(weights)))


def weighted_sum__torch_float32(weights, values):
    """Goes to float32 tensors and returns a tensor."""
    weights = torch.as_tensor(weights, dtype=torch.float32)
    values = torch.as_tensor(values, dtype=torch.float32)
    return values.T @ weights


def weighted_sum__tensordot(weights, values):
    """Contracts the axis that both share."""
    return np.tensordot(weights, values, axes=1)


# ------------------------------------------------------------------------- attend_one_word
def attend_one_word__six_lines_of_numpy(embeddings, position, W_q, W_k, W_v):
    """Writes one line for every step."""
    query = embeddings[position] @ W_q
    keys = embeddings @ W_k
    values = embeddings @ W_v
    scores = keys @ query / np.sqrt(len(query))
    weights = np.exp(scores - scores.max())
    weights = weights / weights.sum()
    return weights @ values


def attend_one_word__a_row_of_the_whole_table(embeddings, position, W_q, W_k, W_v):
    """Computes the outputs of all words and returns the wanted row."""
    Q, K, V = embeddings @ W_q, embeddings @ W_k, embeddings @ W_v
    scores = Q @ K.T / math.sqrt(K.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    A = e / e.sum(axis=1, keepdims=True)
    return (A @ V)[position]


def attend_one_word__plain_python(embeddings, position, W_q, W_k, W_v):
    """Uses lists and loops alone and returns a list."""
    rows = embeddings.tolist()
    columns_q, columns_k, columns_v = W_q.T.tolist(), W_k.T.tolist(), W_v.T.tolist()
    query = [_dot(rows[position], c) for c in columns_q]
    keys = [[_dot(row, c) for c in columns_k] for row in rows]
    values = [[_dot(row, c) for c in columns_v] for row in rows]
    weights = _weights_of([_dot(query, key) / math.sqrt(len(query)) for key in keys])
    return [_dot(weights, component) for component in zip(*values, strict=True)]


def attend_one_word__torch_float32(embeddings, position, W_q, W_k, W_v):
    """Goes to float32 tensors and returns a tensor."""
    X, W_q, W_k, W_v = (t.float() for t in _tensors(embeddings, W_q, W_k, W_v))
    q = X[position] @ W_q
    weights = torch.softmax((X @ W_k) @ q / q.numel() ** 0.5, dim=0)
    return weights @ (X @ W_v)


def attend_one_word__ready_made_in_torch(embeddings, position, W_q, W_k, W_v):
    """Uses PyTorch's attention with one query."""
    X, W_q, W_k, W_v = _tensors(embeddings, W_q, W_k, W_v)
    query = X[position : position + 1] @ W_q
    out = F.scaled_dot_product_attention(query[None], (X @ W_k)[None], (X @ W_v)[None])
    return out[0, 0].numpy()


def attend_one_word__one_matrix_between_two_words(embeddings, position, W_q, W_k, W_v):
    """Joins W_q and W_k^T to one matrix, and projects only after the values were mixed."""
    between = W_q @ W_k.T / np.sqrt(W_q.shape[1])
    scores = embeddings[position] @ between @ embeddings.T
    weights = np.exp(scores - scores.max())
    mixed = weights @ embeddings / weights.sum()
    return mixed @ W_v


def attend_one_word__einsum(embeddings, position, W_q, W_k, W_v):
    """Writes every product in Einstein's notation."""
    q = np.einsum("m,mk->k", embeddings[position], W_q)
    scores = np.einsum("k,nm,mk->n", q, embeddings, W_k) / np.sqrt(q.size)
    e = np.exp(scores - np.max(scores))
    return np.einsum("n,nm,mv->v", e, embeddings, W_v) / e.sum()


def attend_one_word__running_maximum(embeddings, position, W_q, W_k, W_v):
    """Goes through the words once, with a running maximum, total and output."""
    query = embeddings[position] @ W_q / math.sqrt(W_q.shape[1])
    largest, total, output = -math.inf, 0.0, np.zeros(W_v.shape[1])
    for word in embeddings:
        score = float(query @ (word @ W_k))
        new = max(largest, score)
        shrink, e = math.exp(largest - new), math.exp(score - new)
        total = total * shrink + e
        output = output * shrink + e * (word @ W_v)
        largest = new
    return output / total


# ------------------------------------------------------------------- output_for_equal_keys
def output_for_equal_keys__mean(query, key, values):
    """Sees that all weights are equal and takes the mean."""
    return values.mean(axis=0)


def output_for_equal_keys__sum_over_count(query, key, values):
    """Adds up and divides by the number of keys."""
    return np.sum(values, axis=0) / values.shape[0]


def output_for_equal_keys__all_six_steps(query, key, values):
    """Does it the long way, with a stable softmax of equal scores."""
    keys = np.tile(key, (len(values), 1))
    scores = keys @ query / np.sqrt(len(query))
    e = np.exp(scores - scores.max())
    return e / e.sum() @ values


def output_for_equal_keys__python_list(query, key, values):
    """Takes the mean of every component and returns a list."""
    return [sum(column) / len(column) for column in zip(*values.tolist(), strict=True)]


def output_for_equal_keys__torch_float32(query, key, values):
    """Goes to a float32 tensor and returns a tensor."""
    return torch.as_tensor(values, dtype=torch.float32).mean(0)


def output_for_equal_keys__equal_weights(query, key, values):
    """Makes the equal weights and multiplies."""
    num_keys = len(values)
    weights = np.ones(num_keys) / num_keys
    return weights @ values


def output_for_equal_keys__ready_made_in_torch(query, key, values):
    """Hands repeated keys to PyTorch's attention."""
    query, key, values = _tensors(query, key, values)
    keys = key.expand(len(values), -1)
    out = F.scaled_dot_product_attention(query[None, None], keys[None], values[None])
    return out.squeeze(0).squeeze(0)
