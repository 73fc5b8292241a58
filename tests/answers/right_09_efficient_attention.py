"""Right answers to the exercises of chapter 9, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (one chunk alone, scores of minus 500, an empty cache, a radius beyond the sentence), up to the
rounding of float32, and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import functools
import math

import numpy as np
import torch
import torch.nn.functional as F

import attnlib
from attnlib.efficient import Partial


# --------------------------------------------------------------------------- online_softmax
def online_softmax__loop_from_minus_infinity(chunks):
    """Starts at minus infinity and 0, and returns floats."""
    maximum, total = -math.inf, 0.0
    for chunk in chunks:
        new_maximum = max(maximum, chunk.max().item())
        total = total * math.exp(maximum - new_maximum) + torch.exp(chunk - new_maximum).sum().item()
        maximum = new_maximum
    return maximum, total


def online_softmax__first_chunk_then_the_others(chunks):
    """Starts with the first chunk, and returns tensors without axes."""
    maximum = chunks[0].max()
    total = torch.exp(chunks[0] - maximum).sum()
    for chunk in chunks[1:]:
        larger = torch.maximum(maximum, chunk.max())
        total = total * torch.exp(maximum - larger) + torch.exp(chunk - larger).sum()
        maximum = larger
    return maximum, total


def online_softmax__score_by_score(chunks):
    """Looks at one score at a time, and rescales only if it is a new maximum."""
    maximum, total = -math.inf, 0.0
    for chunk in chunks:
        for score in chunk.tolist():
            if score > maximum:
                total = total * math.exp(maximum - score) + 1.0
                maximum = score
            else:
                total += math.exp(score - maximum)
    return maximum, total


def online_softmax__logarithms_in_numpy(chunks):
    """Keeps the logarithm of the sum, in float64, and shifts it at the end."""
    maximum, log_sum = -np.inf, -np.inf
    for chunk in chunks:
        scores = chunk.numpy().astype(np.float64)
        maximum = max(maximum, scores.max())
        log_sum = np.logaddexp(log_sum, np.logaddexp.reduce(scores))
    return maximum, np.exp(log_sum - maximum)


def online_softmax__chunks_first_joined_last(chunks):
    """Makes one pair of numbers from each chunk, and joins the pairs at the end."""
    pairs = []
    for chunk in chunks:
        top = chunk.double().max()
        pairs.append((top, torch.exp(chunk.double() - top).sum()))
    maximum = max(top for top, _ in pairs)
    return maximum, sum(part * torch.exp(top - maximum) for top, part in pairs)


def online_softmax__reduce(chunks):
    """Folds the list with a function that joins what is known with the next chunk."""

    def join(known, chunk):
        maximum, total = known
        larger = torch.cat([maximum.reshape(1), chunk]).max()
        return larger, total * (maximum - larger).exp() + (chunk - larger).exp().sum()

    return functools.reduce(join, chunks, (torch.tensor(-math.inf), torch.tensor(0.0)))


def _halves(chunks):
    if len(chunks) == 1:
        chunk = np.asarray(chunks[0], dtype=np.float64)
        return chunk.max(), np.exp(chunk - chunk.max()).sum()
    middle = len(chunks) // 2
    (m, t), (k, u) = _halves(chunks[:middle]), _halves(chunks[middle:])
    return (m, t + u * np.exp(k - m)) if m > k else (k, u + t * np.exp(m - k))


def online_softmax__recursion_numpy(chunks):
    """Makes a pair of numbers from each chunk, in NumPy, and joins the pairs as a tree; skips empty chunks."""
    return _halves([chunk for chunk in chunks if len(chunk)])


# -------------------------------------------------------------------------------- merge_two
def merge_two__two_factors(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Brings both sides to the larger maximum, each by its own factor."""
    maximum = torch.maximum(maximum_a, maximum_b)
    factor_a, factor_b = torch.exp(maximum_a - maximum), torch.exp(maximum_b - maximum)
    return maximum, factor_a * total_a + factor_b * total_b, factor_a * weighted_a + factor_b * weighted_b


def merge_two__one_factor_and_where(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Shrinks the side with the smaller maximum, and leaves the other as it is."""
    factor = torch.exp(-(maximum_a - maximum_b).abs())
    a_larger = maximum_a > maximum_b
    total = torch.where(a_larger, total_a + factor * total_b, factor * total_a + total_b)
    weighted = torch.where(a_larger, weighted_a + factor * weighted_b, factor * weighted_a + weighted_b)
    return torch.where(a_larger, maximum_a, maximum_b), total, weighted


def merge_two__numpy(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Goes to NumPy in float64, and returns arrays."""
    ma, ta, wa, mb, tb, wb = (
        x.numpy().astype(np.float64) for x in (maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b)
    )
    m = np.maximum(ma, mb)
    return m, ta * np.exp(ma - m) + tb * np.exp(mb - m), wa * np.exp(ma - m) + wb * np.exp(mb - m)


def merge_two__sides_stacked(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Stacks the two sides on a new axis and sums over it in Einstein's notation."""
    maxima = torch.stack([maximum_a, maximum_b])
    maximum = maxima.amax(dim=0)
    factors = torch.exp(maxima - maximum).squeeze(-1)
    total = torch.einsum("sq,sqo->qo", factors, torch.stack([total_a, total_b]))
    weighted = torch.einsum("sq,sqv->qv", factors, torch.stack([weighted_a, weighted_b]))
    return maximum, total, weighted


def merge_two__query_by_query(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Loops over the queries with floats, and writes into tables of zeros."""
    maximum, total = torch.zeros_like(maximum_a), torch.zeros_like(total_a)
    weighted = torch.zeros_like(weighted_a)
    for i in range(len(maximum_a)):
        a, b = maximum_a[i].item(), maximum_b[i].item()
        top = max(a, b)
        maximum[i] = top
        total[i] = math.exp(a - top) * total_a[i] + math.exp(b - top) * total_b[i]
        weighted[i] = math.exp(a - top) * weighted_a[i] + math.exp(b - top) * weighted_b[i]
    return maximum, total, weighted


def merge_two__all_columns_at_once(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Treats the total as one more column beside the weighted sum, and cuts it off again."""
    both = torch.cat([maximum_a, maximum_b], dim=1)
    maximum = both.max(dim=1, keepdim=True).values
    factors = torch.exp(both - maximum)
    a, b = torch.hstack([total_a, weighted_a]), torch.hstack([total_b, weighted_b])
    joined = factors[:, :1] * a + factors[:, 1:] * b
    return maximum, joined[:, :1], joined[:, 1:]


def merge_two__library_partial(maximum_a, total_a, weighted_a, maximum_b, total_b, weighted_b):
    """Calls the library's merge_partial and returns its named tuple."""
    return attnlib.merge_partial(Partial(maximum_a, total_a, weighted_a), Partial(maximum_b, total_b, weighted_b))


# ------------------------------------------------------------------------------ cached_step
def cached_step__cat_and_softmax(query, keys, values, new_key, new_value):
    """Puts the rows behind the others with cat, and multiplies matrix by vector."""
    keys = torch.cat([keys, new_key.unsqueeze(0)], dim=0)
    values = torch.cat([values, new_value.unsqueeze(0)], dim=0)
    weights = torch.softmax(keys @ query / math.sqrt(query.shape[0]), dim=0)
    return weights @ values, keys, values


def cached_step__function_of_torch(query, keys, values, new_key, new_value):
    """Calls scaled_dot_product_attention with one query."""
    keys, values = torch.vstack([keys, new_key]), torch.vstack([values, new_value])
    output = F.scaled_dot_product_attention(query[None, None], keys[None], values[None])
    return output[0, 0], keys, values


def cached_step__numpy(query, keys, values, new_key, new_value):
    """Goes to NumPy in float64, and returns arrays."""
    k = np.vstack([keys.numpy(), new_key.numpy()[None]]).astype(np.float64)
    v = np.vstack([values.numpy(), new_value.numpy()[None]]).astype(np.float64)
    scores = k @ query.numpy().astype(np.float64) / np.sqrt(k.shape[1])
    e = np.exp(scores - scores.max())
    return (e / e.sum()) @ v, k, v


def cached_step__einsum(query, keys, values, new_key, new_value):
    """Copies into longer tables, and names the axes in Einstein's notation."""
    n, d_k = keys.shape
    longer_keys, longer_values = torch.zeros(n + 1, d_k), torch.zeros(n + 1, values.shape[1])
    longer_keys[:n], longer_keys[n] = keys, new_key
    longer_values[:n], longer_values[n] = values, new_value
    weights = torch.einsum("d,jd->j", query * d_k**-0.5, longer_keys).softmax(-1)
    return torch.einsum("j,jv->v", weights, longer_values), longer_keys, longer_values


def cached_step__lists(query, keys, values, new_key, new_value):
    """Uses lists and floats, and makes tensors at the end."""
    k, v = [*keys.tolist(), new_key.tolist()], [*values.tolist(), new_value.tolist()]
    q = query.tolist()
    scores = [sum(a * b for a, b in zip(q, row, strict=True)) / math.sqrt(len(q)) for row in k]
    e = [math.exp(score - max(scores)) for score in scores]
    output = [sum(w * row[c] for w, row in zip(e, v, strict=True)) / sum(e) for c in range(len(v[0]))]
    return torch.tensor(output), torch.tensor(k), torch.tensor(v)


def cached_step__old_and_new_mixed(query, keys, values, new_key, new_value):
    """Looks at the old words, and mixes the new value in with the share that is due to it."""
    scale = len(query) ** -0.5
    old, new = keys.double() @ query.double() * scale, new_key.double() @ query.double() * scale
    share = torch.sigmoid(new - torch.logsumexp(old, dim=0))
    output = (1 - share) * (torch.softmax(old, dim=0) @ values.double()) + share * new_value
    return output, torch.cat((keys, new_key.view(1, -1))), torch.cat((values, new_value.view(1, -1)))


def cached_step__online_softmax_in_numpy(query, keys, values, new_key, new_value):
    """NumPy, one key after the other, with an online softmax; returns arrays."""
    query = np.asarray(query, dtype=np.float64)
    keys = np.append(np.asarray(keys), np.asarray(new_key)[np.newaxis], axis=0)
    values = np.append(np.asarray(values), np.asarray(new_value)[np.newaxis], axis=0)
    maximum, total, weighted = -np.inf, 0.0, np.zeros(values.shape[1])
    for key, value in zip(keys, values, strict=True):
        score = float(np.dot(key, query)) / math.sqrt(query.size)
        larger = max(maximum, score)
        shrink, weight = math.exp(maximum - larger), math.exp(score - larger)
        total, weighted, maximum = total * shrink + weight, weighted * shrink + weight * value, larger
    return (weighted / total).astype(values.dtype), keys, values


def cached_step__merge_the_new_word(query, keys, values, new_key, new_value):
    """Old words and the new word as two Partials that are merged; vstack for the cache. No old words: the new value."""
    all_keys, all_values = torch.vstack((keys, new_key)), torch.vstack((values, new_value))
    if keys.shape[0] == 0:
        return new_value.clone(), all_keys, all_values
    old = attnlib.partial_attention(query[None], keys, values)
    new = attnlib.partial_attention(query[None], new_key[None], new_value[None])
    return attnlib.merge_partial(old, new).output().squeeze(0), all_keys, all_values


# ----------------------------------------------------------------------------- window_flops
def window_flops__word_by_word(n, radius, d_k, d_v):
    """Counts the places of every word."""
    pairs = 0
    for i in range(n):
        first, last = max(0, i - radius), min(n - 1, i + radius)
        pairs += last - first + 1
    return 2 * pairs * d_k + 2 * pairs * d_v


def window_flops__formula(n, radius, d_k, d_v):
    """Cuts the radius, and subtracts the two corners that do not exist."""
    r = min(radius, n - 1)
    return 2 * (n * (2 * r + 1) - r * (r + 1)) * (d_k + d_v)


def window_flops__mask_counted(n, radius, d_k, d_v):
    """Builds the mask of the window and counts what is true."""
    i = torch.arange(n)
    mask = (i[:, None] - i[None, :]).abs() <= radius
    return mask.sum().item() * 2 * (d_k + d_v)


def window_flops__diagonal_by_diagonal(n, radius, d_k, d_v):
    """Adds up the lengths of the diagonals: n in the middle, then two shorter ones at a time."""
    pairs = n + 2 * sum(n - k for k in range(1, min(radius, n - 1) + 1))
    return 2 * pairs * (d_k + d_v)


def window_flops__numpy_both_sides(n, radius, d_k, d_v):
    """Counts left, middle and right of all words at once, and returns a number of NumPy."""
    i = np.arange(n)
    left, right = np.minimum(i, radius), np.minimum(n - 1 - i, radius)
    return (left + 1 + right).sum() * (2 * d_k + 2 * d_v)


def window_flops__length_of_a_slice(n, radius, d_k, d_v):
    """Cuts the window out of a list of places, and adds up what each pair costs."""
    places = list(range(n))
    flops = 0
    for i in places:
        window = places[max(0, i - radius) : i + radius + 1]
        flops += sum(2 * d_k + 2 * d_v for _ in window)
    return flops


def window_flops__clamped_places(n, radius, d_k, d_v):
    """Clamps first and last place of every window as tensors; returns a torch integer of no axes."""
    places = torch.arange(n)
    pairs = (places + radius).clamp(max=n - 1) - (places - radius).clamp(min=0) + 1
    return pairs.sum() * (2 * d_k + 2 * d_v)
