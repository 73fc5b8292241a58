"""Chapter 1: attention in NumPy, with loops, in float64 - slow and plainly right.

These functions are the definitions. All the torch code of the library is tested against them, so they
avoid every shortcut: one number at a time, one formula a line.
"""

import numpy as np


def softmax(scores):
    """Turn every row of scores into positive weights that sum to 1.

    weights[i] = exp(scores[i]) / sum_j exp(scores[j]), over the last axis.

    **Shapes** scores (..., num_keys) -> weights (..., num_keys)

    **Promises** a score of minus infinity gets the weight 0; a row of nothing else gives a row of zeros.

    **Example**

    >>> print(softmax([14.0, 12.0]).round(2))
    [0.88 0.12]
    """
    scores = np.asarray(scores, dtype=np.float64)
    weights = np.zeros_like(scores)
    for row in np.ndindex(scores.shape[:-1]):
        largest = scores[row].max()
        if largest == -np.inf:
            continue
        for key in range(scores.shape[-1]):
            weights[row][key] = np.exp(scores[row][key] - largest)
        weights[row] /= weights[row].sum()
    return weights


def attention(queries, keys, values, mask=None, *, bias=None, scale=None):
    """Gather for every query the weighted mean of the values.

    output[i] = sum_j weights[i, j] values[j], weights[i] = softmax_j(scale * queries[i] . keys[j] + bias[i, j])
    (Vaswani et al. 2017, eq. 1; scale is 1 / sqrt(d_k) unless given).

    **Shapes**
        queries     (..., num_queries, d_k)
        keys        (..., num_keys, d_k)
        values      (..., num_keys, d_v)
        mask, bias  broadcast to (..., num_queries, num_keys); mask is True where a query may look
        output      (..., num_queries, d_v)

    **Promises** a query that may look nowhere gets a row of zeros.
    """
    queries, keys, values = (np.asarray(x, dtype=np.float64) for x in (queries, keys, values))
    lead = np.broadcast_shapes(queries.shape[:-2], keys.shape[:-2], values.shape[:-2])
    num_queries, d_k = queries.shape[-2:]
    num_keys, d_v = values.shape[-2:]
    queries = np.broadcast_to(queries, (*lead, num_queries, d_k))
    keys = np.broadcast_to(keys, (*lead, num_keys, d_k))
    values = np.broadcast_to(values, (*lead, num_keys, d_v))
    allowed = np.broadcast_to(True if mask is None else mask, (*lead, num_queries, num_keys))
    added = np.broadcast_to(0.0 if bias is None else bias, (*lead, num_queries, num_keys))
    scale = 1 / np.sqrt(d_k) if scale is None else scale

    output = np.zeros((*lead, num_queries, d_v))
    for at in np.ndindex(lead):
        for i in range(num_queries):
            scores = np.full(num_keys, -np.inf)
            for j in range(num_keys):
                if allowed[at][i, j]:
                    scores[j] = scale * sum(queries[at][i] * keys[at][j]) + added[at][i, j]
            weights = softmax(scores)
            for j in range(num_keys):
                output[at][i] += weights[j] * values[at][j]
    return output


def multi_head_attention(queries, keys, values, W_q, W_k, W_v, W_o, mask=None):
    """Attend once for each head, put the results side by side and mix them.

    output = [head_1, ..., head_h] W_o with head_i = attention(queries W_q[i], keys W_k[i], values W_v[i])
    (Vaswani et al. 2017, section 3.2.2).

    **Shapes**
        queries, keys, values   (num_queries, d_query), (num_keys, d_key), (num_keys, d_value)
        W_q, W_k                (num_heads, d_query, d_k), (num_heads, d_key, d_k)
        W_v, W_o                (num_heads, d_value, d_v), (num_heads * d_v, d_out)
        mask                    broadcasts to (num_queries, num_keys)
        output                  (num_queries, d_out)
    """
    heads = []
    for head in range(len(W_q)):
        heads.append(attention(queries @ W_q[head], keys @ W_k[head], values @ W_v[head], mask))
    return np.concatenate(heads, axis=-1) @ W_o


def sinusoidal_positions(num_positions, d_model, *, base=10000.0, layout="interleaved"):
    """Write every position as sines and cosines of falling frequency.

    P[p, 2i] = sin(p / base^(2i / d_model)), P[p, 2i + 1] = cos(same) (Vaswani et al. 2017, section 3.5);
    layout "half" stores all sines first, then all cosines.

    **Shapes** -> (num_positions, d_model), d_model even
    """
    positions = np.zeros((num_positions, d_model))
    half = d_model // 2
    for p in range(num_positions):
        for i in range(half):
            angle = p / base ** (2 * i / d_model)
            sine, cosine = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, half + i)
            positions[p, sine] = np.sin(angle)
            positions[p, cosine] = np.cos(angle)
    return positions
