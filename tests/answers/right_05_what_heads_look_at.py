"""Right answers to the exercises of chapter 5, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (one head, heads of size 1, scores of 1000, no sentence at all), up to the rounding of float32,
and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F


def _numpy_softmax(scores):
    """Compute the softmax of the last axis in NumPy."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# --------------------------------------------------------------------------------- head_map
def head_map__project_and_slice(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Projects for all heads and cuts the features of one out."""
    d_head = X.shape[1] // num_heads
    features = slice(head * d_head, (head + 1) * d_head)
    Q = (X @ W_q.T + b_q)[:, features]
    K = (X @ W_k.T + b_k)[:, features]
    return torch.softmax(Q @ K.T / math.sqrt(d_head), dim=-1)


def head_map__rows_of_the_matrices(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Cuts the rows of the matrices first, and projects for this head alone."""
    W_q, b_q, W_k, b_k = (t.chunk(num_heads)[head] for t in (W_q, b_q, W_k, b_k))
    Q, K = F.linear(X, W_q, b_q), F.linear(X, W_k, b_k)
    return F.softmax(Q @ K.mT * len(b_q) ** -0.5, dim=1)


def head_map__all_heads_then_one(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Computes the weights of all heads and returns one."""
    n, d_model = X.shape
    Q = F.linear(X, W_q, b_q).view(n, num_heads, -1).transpose(0, 1)
    K = F.linear(X, W_k, b_k).view(n, num_heads, -1).transpose(0, 1)
    return torch.softmax(Q @ K.transpose(1, 2) / (d_model // num_heads) ** 0.5, dim=-1)[head]


def head_map__einsum_float64(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Writes every step in Einstein's notation, in float64."""
    X, W_q, b_q, W_k, b_k = (t.double() for t in (X, W_q, b_q, W_k, b_k))
    Q = (torch.einsum("nm,fm->nf", X, W_q) + b_q).unflatten(1, (num_heads, -1))[:, head]
    K = (torch.einsum("nm,fm->nf", X, W_k) + b_k).unflatten(1, (num_heads, -1))[:, head]
    return torch.einsum("qd,kd->qk", Q / math.sqrt(Q.shape[1]), K).softmax(dim=-1)


def head_map__numpy(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Goes to NumPy and returns an array."""
    X, W_q, b_q, W_k, b_k = (np.asarray(t, dtype=np.float64) for t in (X, W_q, b_q, W_k, b_k))
    Q = np.split(X @ W_q.T + b_q, num_heads, axis=1)[head]
    K = np.split(X @ W_k.T + b_k, num_heads, axis=1)[head]
    return _numpy_softmax(Q @ K.T / np.sqrt(Q.shape[1]))


def head_map__word_by_word_without_the_bias_of_the_keys(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Loops over the words; b_k adds the same to a whole row of scores, so it may be left out."""
    d_head = X.shape[1] // num_heads
    rows = range(head * d_head, head * d_head + d_head)
    keys = X @ W_k[rows].T
    weights = torch.zeros(len(X), len(X))
    for i, x in enumerate(X):
        query = torch.stack([W_q[r] @ x + b_q[r] for r in rows])
        weights[i] = torch.softmax(keys @ query / math.sqrt(d_head), dim=0)
    return weights


def head_map__bilinear_form_with_a_one(X, W_q, b_q, W_k, b_k, num_heads, head):
    """One bilinear form of the words with a 1 appended; exp of log-softmax, entry by entry."""
    n, d = X.shape
    size = d // num_heads
    A = torch.cat([W_q, b_q[:, None]], dim=1)[head * size : head * size + size]
    B = torch.cat([W_k, b_k[:, None]], dim=1)[head * size : head * size + size]
    M = A.T @ B / math.sqrt(size)
    ones = torch.cat([X, torch.ones(n, 1, dtype=X.dtype)], dim=1)
    out = torch.zeros(n, n, dtype=X.dtype)
    for i in range(n):
        row = torch.stack([ones[i] @ M @ ones[j] for j in range(n)])
        for j in range(n):
            out[i, j] = torch.exp(row[j] - torch.logsumexp(row, 0))
    return out


# ----------------------------------------------------------------------------- without_head
def without_head__heads_cleared(weights, values, W_o, head):
    """Sets the output of the head to 0 and joins."""
    heads = weights @ values
    heads[head] = 0
    return heads.transpose(0, 1).flatten(1) @ W_o


def without_head__weights_cleared_in_a_copy(weights, values, W_o, head):
    """Sets all weights of the head to 0, in a copy."""
    weights = weights.clone()
    weights[head] = 0
    return torch.cat((weights @ values).unbind(0), dim=-1) @ W_o


def without_head__sum_over_the_others(weights, values, W_o, head):
    """Adds up what the other heads add, each through its own rows of W_o."""
    d_head = values.shape[2]
    output = torch.zeros(weights.shape[1], W_o.shape[1])
    for h in range(len(weights)):
        if h != head:
            output += weights[h] @ values[h] @ W_o[h * d_head : (h + 1) * d_head]
    return output


def without_head__rows_of_W_o_cleared(weights, values, W_o, head):
    """Clears the rows of W_o that belong to the head."""
    num_heads, _, d_head = values.shape
    W_o = W_o.clone().view(num_heads, d_head, -1)
    W_o[head] = 0.0
    return torch.einsum("hqk,hkd,hdm->qm", weights, values, W_o)


def without_head__taken_off_the_whole(weights, values, W_o, head):
    """Computes the whole output in float64 and takes off what the head adds."""
    weights, values, W_o = weights.double(), values.double(), W_o.double()
    d_head = values.shape[-1]
    whole = torch.hstack(list(weights @ values)) @ W_o
    return whole - weights[head] @ values[head] @ W_o[head * d_head :][:d_head]


def without_head__numpy(weights, values, W_o, head):
    """Goes to NumPy, multiplies by a row of ones with one zero, and returns an array."""
    keep = np.ones((len(weights), 1, 1))
    keep[head] = 0
    heads = np.matmul(weights.numpy(), values.numpy()) * keep
    return np.concatenate(list(heads), axis=1) @ W_o.numpy()


def without_head__einsum_with_switches(weights, values, W_o, head):
    """One einsum with a vector of switches, W_o as (heads, d_head, d_model)."""
    h, _, d = values.shape
    on = (torch.arange(h) != head).to(values.dtype)
    return torch.einsum("h,hij,hjd,hdm->im", on, weights, values, W_o.reshape(h, d, -1))


def without_head__numpy_deleted_rows(weights, values, W_o, head):
    """NumPy: deletes the head and its rows of W_o as well; returns an array."""
    w, v, W = (np.asarray(t) for t in (weights, values, W_o))
    h, _, d = v.shape
    heads = np.concatenate([w[i] @ v[i] for i in range(h)], axis=1)
    own = np.s_[head * d : (head + 1) * d]
    return np.delete(heads, own, axis=1) @ np.delete(W, own, axis=0)


# --------------------------------------------------------------------------------- cut_edge
def cut_edge__minus_infinity_in_a_copy(scores, query, key):
    """Sets one score of every head to -inf, in a copy."""
    scores = scores.clone()
    scores[:, query, key] = -torch.inf
    return torch.softmax(scores, dim=-1)


def cut_edge__masked_fill(scores, query, key):
    """Builds a mask of one place for all heads."""
    n = scores.shape[-1]
    mask = torch.zeros(n, n, dtype=torch.bool)
    mask[query, key] = True
    return F.softmax(scores.masked_fill(mask, float("-inf")), dim=2)


def cut_edge__where_with_comparisons(scores, query, key):
    """Finds the place by comparing numbers of rows and columns, and adds -inf there."""
    n = scores.shape[-1]
    places = torch.arange(n)
    hidden = (places[:, None] == query) & (places == key)
    return (scores + torch.where(hidden, -torch.inf, 0.0)).softmax(dim=-1)


def cut_edge__row_without_the_word(scores, query, key):
    """Takes the softmax of a shorter row, and puts it back around the cut."""
    weights = torch.softmax(scores.double(), dim=-1)
    left = [k for k in range(scores.shape[-1]) if k != key]
    weights[:, query, key] = 0
    weights[:, query, left] = torch.softmax(scores[:, query, left].double(), dim=-1)
    return weights


def cut_edge__numpy(scores, query, key):
    """Goes to NumPy and returns an array."""
    scores = scores.numpy().astype(np.float64)
    scores[..., query, key] = -np.inf
    return _numpy_softmax(scores)


def cut_edge__loops(scores, query, key):
    """Loops over heads, queries and keys with plain numbers."""
    weights = []
    for head in scores.tolist():
        rows = []
        for i, row in enumerate(head):
            allowed = [j for j in range(len(row)) if (i, j) != (query, key)]
            largest = max(row[j] for j in allowed)
            e = [math.exp(s - largest) if j in allowed else 0.0 for j, s in enumerate(row)]
            rows.append([number / sum(e) for number in e])
        weights.append(rows)
    return torch.tensor(weights)


# --------------------------------------------------------------------------- top_word_share
def top_word_share__fancy_index(weights, askers, answers):
    """Picks the row of every asker with two indices and compares."""
    rows = weights[torch.arange(len(weights)), askers]
    return (rows.argmax(dim=-1) == answers).float().mean().item()


def top_word_share__loop(weights, askers, answers):
    """Counts in a loop."""
    hits = 0
    for matrix, asker, answer in zip(weights, askers, answers, strict=True):
        hits += int(torch.argmax(matrix[asker]).item() == answer.item())
    return hits / len(weights)


def top_word_share__gather(weights, askers, answers):
    """Gathers the top words of the askers and returns a tensor."""
    tops = weights.argmax(dim=2).gather(1, askers.long()[:, None]).squeeze(1)
    return torch.eq(tops, answers).double().mean()


def top_word_share__numpy(weights, askers, answers):
    """Goes to NumPy."""
    tops = weights.numpy().argmax(axis=-1)
    return np.mean([tops[s, a] == b for s, (a, b) in enumerate(zip(askers.tolist(), answers.tolist(), strict=True))])


def top_word_share__lists(weights, askers, answers):
    """Uses lists and max with a key."""
    hits = []
    for matrix, asker, answer in zip(weights.tolist(), askers.tolist(), answers.tolist(), strict=True):
        row = matrix[asker]
        hits.append(max(range(len(row)), key=row.__getitem__) == answer)
    return hits.count(True) / len(hits)


def top_word_share__fraction(weights, askers, answers):
    """Plain Python lists; returns an exact Fraction, which is a number too."""
    hits = 0
    for table, a, b in zip(weights.tolist(), askers.tolist(), answers.tolist(), strict=True):
        row = table[a]
        hits += row.index(max(row)) == b
    return Fraction(hits, len(weights))


# ------------------------------------------------------------------------------- layer_norm
def layer_norm__formula(x, gain, shift, eps):
    """Writes the formula."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, keepdim=True, unbiased=False)
    return gain * (x - mean) / torch.sqrt(variance + eps) + shift


def layer_norm__ready_made_in_torch(x, gain, shift, eps):
    """Calls PyTorch's function with all its parameters."""
    return F.layer_norm(x, (x.shape[-1],), weight=gain, bias=shift, eps=eps)


def layer_norm__centred_first(x, gain, shift, eps):
    """Subtracts the mean first and takes the mean of the squares, in float64."""
    centred = x.double() - x.double().mean(-1, keepdim=True)
    return torch.addcmul(
        shift.double(), gain.double(), centred * centred.pow(2).mean(-1, keepdim=True).add(eps).rsqrt()
    )


def layer_norm__numpy(x, gain, shift, eps):
    """Goes to NumPy, whose var divides by the number of features, and returns an array."""
    x = np.asarray(x, dtype=np.float64)
    normal = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)
    return normal * gain.numpy() + shift.numpy()


def layer_norm__word_by_word(x, gain, shift, eps):
    """Loops over sentences and words."""
    y = torch.empty_like(x)
    for b, sentence in enumerate(x):
        for i, word in enumerate(sentence):
            centred = word - word.sum() / len(word)
            variance = (centred @ centred) / len(word)
            y[b, i] = centred / (variance + eps) ** 0.5 * gain + shift
    return y


def layer_norm__centering_matrix(x, gain, shift, eps):
    """NumPy float64: the mean is taken off by the matrix I - 1/d; einsum for the variance."""
    x = np.asarray(x, dtype=np.float64)
    d = x.shape[-1]
    centred = x @ (np.eye(d) - np.full((d, d), 1 / d))
    variance = np.einsum("bnd,bnd->bn", centred, centred)[..., None] / d
    return np.asarray(gain) * centred * (variance + eps) ** -0.5 + np.asarray(shift)


# ----------------------------------------------------------------------------- first_fooled
def first_fooled__enumerate(read, sentences, nouns):
    """Loops with a number and returns at the first difference."""
    for i, (sentence, noun) in enumerate(zip(sentences, nouns, strict=True)):
        if read(sentence) != noun:
            return i
    return -1


def first_fooled__next_with_a_default(read, sentences, nouns):
    """Asks a generator for its first item."""
    return next((i for i in range(len(sentences)) if read(sentences[i]) != nouns[i]), -1)


def first_fooled__list_of_all(read, sentences, nouns):
    """Reads all sentences and takes the first of those that fool the model."""
    fooled = [i for i, noun in enumerate(nouns) if not read(sentences[i]) == noun]  # noqa: SIM201
    return fooled[0] if fooled else -1


def first_fooled__while(read, sentences, nouns):
    """Walks on as long as the model is right."""
    i = 0
    while i < len(sentences) and read(sentences[i]) == nouns[i]:
        i += 1
    return i if i < len(sentences) else -1


def first_fooled__index_of_true(read, sentences, nouns):
    """Makes a list of True and False and searches it."""
    fooled = [answer != noun for answer, noun in zip(map(read, sentences), nouns, strict=True)]
    try:
        return fooled.index(True)
    except ValueError:
        return -1


def first_fooled__counts_the_right_ones(read, sentences, nouns):
    """Counts how many are right before the first that is not."""
    pairs = zip(sentences, nouns, strict=True)
    right = sum(1 for _ in itertools.takewhile(lambda pair: read(pair[0]) == pair[1], pairs))
    return right if right < len(nouns) else -1


def first_fooled__recursion(read, sentences, nouns):
    """Recursion on the rest of the lists."""
    if not sentences:
        return -1
    if read(sentences[0]) != nouns[0]:
        return 0
    rest = first_fooled__recursion(read, sentences[1:], nouns[1:])
    return rest if rest < 0 else rest + 1


def first_fooled__numpy(read, sentences, nouns):
    """All answers first, then np.flatnonzero; returns a NumPy integer when something is found."""
    wrong = np.flatnonzero(np.array([read(s) != n for s, n in zip(sentences, nouns, strict=True)], dtype=bool))
    return wrong[0] if wrong.size else -1
