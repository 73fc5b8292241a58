"""Right answers to the exercises of chapter 3, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (query points far from all points, one point alone, hidden numbers of 100), up to the rounding
of float32, and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def _product_flops(rows, inner, columns):
    """Count the FLOPs of a matrix product (rows, inner) @ (inner, columns)."""
    return 2 * rows * inner * columns


# ------------------------------------------------------------------------- nadaraya_watson
def nadaraya_watson__softmax_of_a_table(query_points, points, targets, width):
    """Subtracts with new axes, takes the softmax of every row, and multiplies with the targets."""
    distances = query_points[:, None] - points[None, :]
    return torch.softmax(-(distances**2) / (2 * width**2), dim=-1) @ targets


def nadaraya_watson__query_by_query(query_points, points, targets, width):
    """Loops over the query points and stacks the predictions."""
    predictions = []
    for x in query_points:
        weights = F.softmax(-0.5 * ((x - points) / width) ** 2, dim=0)
        predictions.append((weights * targets).sum())
    return torch.stack(predictions)


def nadaraya_watson__python_floats(query_points, points, targets, width):
    """Uses Python floats alone, subtracts the largest score, and returns a list."""
    xs, ys = points.tolist(), targets.tolist()
    predictions = []
    for x in query_points.tolist():
        scores = [-((x - x_j) ** 2) / (2 * float(width) ** 2) for x_j in xs]
        kernel = [math.exp(s - max(scores)) for s in scores]
        predictions.append(sum(k * y for k, y in zip(kernel, ys, strict=True)) / sum(kernel))
    return predictions


def nadaraya_watson__numpy_float64(query_points, points, targets, width):
    """Goes to NumPy, in float64, and subtracts the largest score of every row."""
    x, x_j, y = (np.asarray(a, dtype=np.float64) for a in (query_points, points, targets))
    scores = -(np.subtract.outer(x, x_j) ** 2) / (2 * float(width) ** 2)
    kernel = np.exp(scores - scores.max(axis=1, keepdims=True))
    return kernel @ y / kernel.sum(axis=1)


def nadaraya_watson__distances_by_cdist(query_points, points, targets, width):
    """Lets torch compute the distances between columns of points."""
    distances = torch.cdist(query_points[:, None], points[:, None], compute_mode="donot_use_mm_for_euclid_dist")
    weights = distances.square().div(-2 * width * width).softmax(dim=1)
    return torch.einsum("qk,k->q", weights, targets)


def nadaraya_watson__ready_made_in_torch(query_points, points, targets, width):
    """Uses PyTorch's attention in float64: what a row's scores share drops out of its softmax."""
    x, x_j, y = query_points.double(), points.double(), targets.double()
    queries = torch.stack([x, torch.ones_like(x)], dim=1)
    keys = torch.stack([x_j, -(x_j**2) / 2], dim=1) / float(width) ** 2
    return F.scaled_dot_product_attention(queries[None], keys[None], y[None, :, None], scale=1.0)[0, :, 0]


def nadaraya_watson__column_by_column(query_points, points, targets, width):
    """Builds the table with the points as rows, takes the softmax down, and returns float32."""
    scores = -((points.view(-1, 1) - query_points.view(1, -1)) ** 2) / (2 * width**2)
    return targets @ scores.softmax(dim=0)


# ------------------------------------------------------------------------- bilinear_scores
def bilinear_scores__two_products(queries, keys, W):
    """Multiplies queries, W and the transposed keys."""
    return queries @ W @ keys.T


def bilinear_scores__keys_first(queries, keys, W):
    """Multiplies W with the transposed keys first."""
    return torch.matmul(queries, torch.matmul(W, keys.transpose(0, 1)))


def bilinear_scores__einsum_float64(queries, keys, W):
    """Writes the double sum in Einstein's notation, in float64."""
    return torch.einsum("qa,ab,kb->qk", queries.double(), W.double(), keys.double())


def bilinear_scores__two_loops(queries, keys, W):
    """Loops over queries and keys."""
    scores = torch.zeros(len(queries), len(keys))
    for i, q in enumerate(queries):
        for j, k in enumerate(keys):
            scores[i, j] = q @ W @ k
    return scores


def bilinear_scores__numpy(queries, keys, W):
    """Goes to NumPy and returns an array."""
    return np.linalg.multi_dot([queries.numpy(), W.numpy(), keys.numpy().T])


def bilinear_scores__linear_layers(queries, keys, W):
    """Uses F.linear twice, which transposes its second argument."""
    return F.linear(F.linear(queries, W.T), keys)


def bilinear_scores__transposed_back(queries, keys, W):
    """Computes keys against queries and transposes the table: the result is not contiguous."""
    return (keys @ W.T @ queries.T).T


# ------------------------------------------------------------------------- additive_scores
def additive_scores__broadcast(queries, keys, W_q, W_k, v):
    """Adds the projections with new axes."""
    hidden = torch.tanh((queries @ W_q)[:, None, :] + (keys @ W_k)[None, :, :])
    return hidden @ v


def additive_scores__two_loops(queries, keys, W_q, W_k, v):
    """Loops over queries and keys."""
    scores = torch.empty(queries.shape[0], keys.shape[0])
    for i in range(queries.shape[0]):
        for j in range(keys.shape[0]):
            scores[i, j] = torch.dot(v, torch.tanh(queries[i] @ W_q + keys[j] @ W_k))
    return scores


def additive_scores__pairs_side_by_side(queries, keys, W_q, W_k, v):
    """Puts every query beside every key and multiplies once with the matrices on top of each other."""
    num_queries, num_keys = len(queries), len(keys)
    pairs = torch.cat([queries.repeat_interleave(num_keys, dim=0), keys.repeat(num_queries, 1)], dim=1)
    hidden = torch.tanh(pairs @ torch.cat([W_q, W_k], dim=0))
    return (hidden @ v).reshape(num_queries, num_keys)


def additive_scores__numpy_float64(queries, keys, W_q, W_k, v):
    """Goes to NumPy, in float64, and returns an array."""
    queries, keys, W_q, W_k, v = (np.asarray(a, dtype=np.float64) for a in (queries, keys, W_q, W_k, v))
    hidden = np.tanh(np.expand_dims(queries @ W_q, 1) + np.expand_dims(keys @ W_k, 0))
    return np.einsum("qkh,h->qk", hidden, v)


def additive_scores__unit_by_unit(queries, keys, W_q, W_k, v):
    """Adds up one table for every hidden unit."""
    a, b = queries @ W_q, keys @ W_k
    return sum(v[h] * torch.tanh(a[:, h, None] + b[:, h]) for h in range(len(v)))


def additive_scores__tanh_from_sigmoid(queries, keys, W_q, W_k, v):
    """Writes tanh(x) as 2 sigmoid(2x) - 1, in float64."""
    hidden = (queries.double() @ W_q.double()).unsqueeze(1) + keys.double() @ W_k.double()
    return (2 * torch.sigmoid(2 * hidden) - 1).matmul(v.double())


def additive_scores__row_by_row(queries, keys, W_q, W_k, v):
    """Computes the scores of one query after the other and stacks the rows."""
    projected = keys @ W_k
    return torch.stack([(torch.tanh(q @ W_q + projected) * v).sum(dim=-1) for q in queries])


# ------------------------------------------------------------------------ score_parameters
def score_parameters__chain_of_ifs(kind, d_q, d_k, d_hidden):
    """Asks for one kind after the other."""
    if kind == "bilinear":
        return d_q * d_k
    if kind == "additive":
        return d_q * d_hidden + d_k * d_hidden + d_hidden
    return 0


def score_parameters__dictionary(kind, d_q, d_k, d_hidden):
    """Looks the count up in a dictionary."""
    counts = {"dot": 0, "scaled_dot": 0, "bilinear": d_q * d_k, "additive": (d_q + d_k + 1) * d_hidden}
    return counts[kind]


def score_parameters__sizes_multiplied(kind, d_q, d_k, d_hidden):
    """Lists the shapes and adds up their products, with math.prod."""
    shapes = {"bilinear": [(d_q, d_k)], "additive": [(d_q, d_hidden), (d_k, d_hidden), (d_hidden,)]}
    return sum(math.prod(shape) for shape in shapes.get(kind, []))


def score_parameters__layers_built_and_counted(kind, d_q, d_k, d_hidden):
    """Builds layers without biases, on no device, and counts their numbers."""
    layers = nn.ModuleList()
    match kind:
        case "bilinear":
            layers.append(nn.Linear(d_q, d_k, bias=False, device="meta"))
        case "additive":
            layers.extend(nn.Linear(d, d_hidden, bias=False, device="meta") for d in (d_q, d_k))
            layers.append(nn.Linear(d_hidden, 1, bias=False, device="meta"))
    return sum(p.numel() for p in layers.parameters())


def score_parameters__truth_values_as_numbers(kind, d_q, d_k, d_hidden):
    """Multiplies each count with whether it is asked for."""
    return (kind == "bilinear") * d_q * d_k + (kind == "additive") * d_hidden * (1 + d_q + d_k)


# ----------------------------------------------------------------------------- score_flops
def score_flops__chain_of_ifs(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Asks for one kind after the other."""
    if kind in ("dot", "scaled_dot"):
        return 2 * num_queries * num_keys * d_k
    if kind == "bilinear":
        return 2 * num_queries * d_q * d_k + 2 * num_queries * num_keys * d_k
    return 2 * d_hidden * (num_queries * d_q + num_keys * d_k + num_queries * num_keys)


def score_flops__matrix_products_listed(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Adds up the products by their shapes, with a helper."""
    products = {
        "dot": [(num_queries, d_q, num_keys)],
        "scaled_dot": [(num_queries, d_q, num_keys)],
        "bilinear": [(num_queries, d_q, d_k), (num_queries, d_k, num_keys)],
        "additive": [
            (num_queries, d_q, d_hidden),
            (num_keys, d_k, d_hidden),
            (num_queries * num_keys, d_hidden, 1),
        ],
    }
    return sum(_product_flops(*sizes) for sizes in products[kind])


def score_flops__factored_out(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Factors out what the terms have in common, with match."""
    match kind:
        case "dot" | "scaled_dot":
            macs = num_queries * num_keys * d_q
        case "bilinear":
            macs = num_queries * d_k * (d_q + num_keys)
        case "additive":
            macs = d_hidden * (num_queries * (d_q + num_keys) + num_keys * d_k)
    return macs * 2


def score_flops__counted_in_a_loop(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Goes through the queries and then through the keys, and adds up what each costs."""
    flops = 0
    for _ in range(num_queries):
        flops += {"bilinear": 2 * d_q * d_k, "additive": 2 * d_q * d_hidden}.get(kind, 0)
        flops += num_keys * 2 * (d_hidden if kind == "additive" else d_k)
    for _ in range(num_keys):
        flops += 2 * d_k * d_hidden if kind == "additive" else 0
    return flops


def score_flops__vectors_of_sizes(kind, num_queries, num_keys, d_q, d_k, d_hidden):
    """Multiplies the sizes of all products in NumPy and returns an int."""
    if kind == "bilinear":
        sizes = np.array([[num_queries, d_q, d_k], [num_queries, d_k, num_keys]], dtype=np.int64)
    elif kind == "additive":
        rows = [[num_queries, d_q, d_hidden], [num_keys, d_k, d_hidden], [num_queries, num_keys, d_hidden]]
        sizes = np.array(rows, dtype=np.int64)
    else:
        sizes = np.array([[num_queries, num_keys, d_k]], dtype=np.int64)
    return int(2 * sizes.prod(axis=1).sum())
