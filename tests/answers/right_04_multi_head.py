"""Right answers to the exercises of chapter 4, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (one head, heads of size 1, one word alone, scores of 1000), up to the rounding of float32, and
it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def _numpy_softmax(scores):
    """Compute the softmax of the last axis in NumPy."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _heads_of(x, num_heads):
    """Split (batch, n, d_model) to (batch, num_heads, n, d_head)."""
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


def _one_head(queries, keys, values):
    """Attend in one head; any axes in front are kept."""
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    return torch.softmax(scores, dim=-1) @ values


# ------------------------------------------------------------------------- split_into_heads
def split_into_heads__view_and_transpose(x, num_heads):
    """Cuts the last axis with view and swaps heads and tokens: the result is not contiguous."""
    batch, n, d_model = x.shape
    return x.view(batch, n, num_heads, d_model // num_heads).transpose(1, 2)


def split_into_heads__unflatten(x, num_heads):
    """Uses unflatten and permute, and copies."""
    return x.unflatten(2, (num_heads, x.shape[2] // num_heads)).permute(0, 2, 1, 3).contiguous()


def split_into_heads__chunk_and_stack(x, num_heads):
    """Cuts into chunks and stacks them on a new axis."""
    return torch.stack(torch.chunk(x, num_heads, dim=-1), dim=1)


def split_into_heads__slices_in_a_loop(x, num_heads):
    """Copies slice by slice into a table of zeros."""
    batch, n, d_model = x.shape
    d_head = d_model // num_heads
    heads = torch.zeros(batch, num_heads, n, d_head)
    for h in range(num_heads):
        heads[:, h] = x[:, :, h * d_head : (h + 1) * d_head]
    return heads


def split_into_heads__numpy(x, num_heads):
    """Goes to NumPy and returns an array."""
    return np.stack(np.split(x.numpy(), num_heads, axis=-1), axis=1)


def split_into_heads__einsum_in_float64(x, num_heads):
    """Names the axes in Einstein's notation, in float64."""
    parts = x.double().reshape(x.shape[0], x.shape[1], num_heads, -1)
    return torch.einsum("bnhd->bhnd", parts)


def split_into_heads__unfold(x, num_heads):
    """Slides a window of d_head features along, d_head at a time."""
    d_head = x.shape[-1] // num_heads
    return x.unfold(-1, d_head, d_head).movedim(2, 1)


# ------------------------------------------------------------------------------- join_heads
def join_heads__transpose_and_reshape(heads):
    """Swaps heads and tokens and reshapes."""
    batch, num_heads, n, d_head = heads.shape
    return heads.transpose(1, 2).reshape(batch, n, num_heads * d_head)


def join_heads__contiguous_and_view(heads):
    """Copies before it calls view."""
    batch, _, n, _ = heads.shape
    return heads.permute(0, 2, 1, 3).contiguous().view(batch, n, -1)


def join_heads__flatten(heads):
    """Flattens the last two axes."""
    return heads.swapaxes(1, 2).flatten(start_dim=2)


def join_heads__unbind_and_cat(heads):
    """Takes the heads apart and joins them along the features."""
    return torch.cat(heads.unbind(dim=1), dim=-1)


def join_heads__slices_in_a_loop(heads):
    """Copies head by head into a table of zeros, in float64."""
    batch, num_heads, n, d_head = heads.shape
    joined = torch.zeros(batch, n, num_heads * d_head, dtype=torch.float64)
    for h in range(num_heads):
        joined[..., h * d_head : (h + 1) * d_head] = heads[:, h]
    return joined


def join_heads__numpy(heads):
    """Goes to NumPy and returns an array."""
    return np.concatenate([heads[:, h].numpy() for h in range(heads.shape[1])], axis=-1)


def join_heads__token_by_token(heads):
    """Loops over sentences and tokens and flattens what belongs to one token."""
    return torch.stack([torch.stack([s[:, i].flatten() for i in range(s.shape[1])]) for s in heads])


# ------------------------------------------------------------------------------- multi_head
def multi_head__all_heads_at_once(X, W_q, W_k, W_v, W_o, num_heads):
    """Splits, attends in all heads at once, and joins."""
    Q, K, V = (_heads_of(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _one_head(Q, K, V).transpose(1, 2).flatten(2) @ W_o


def multi_head__head_by_head(X, W_q, W_k, W_v, W_o, num_heads):
    """Cuts columns out of the matrices and loops over the heads."""
    d_head = X.shape[-1] // num_heads
    heads = []
    for h in range(num_heads):
        columns = slice(h * d_head, (h + 1) * d_head)
        heads.append(_one_head(X @ W_q[:, columns], X @ W_k[:, columns], X @ W_v[:, columns]))
    return torch.cat(heads, dim=-1) @ W_o


def multi_head__outputs_added_up(X, W_q, W_k, W_v, W_o, num_heads):
    """Multiplies every head by its own rows of W_o and adds the results, without joining."""
    output = torch.zeros_like(X)
    parts = (W_q.chunk(num_heads, 1), W_k.chunk(num_heads, 1), W_v.chunk(num_heads, 1), W_o.chunk(num_heads, 0))
    for A, B, C, D in zip(*parts, strict=True):
        output = output + _one_head(X @ A, X @ B, X @ C) @ D
    return output


def multi_head__ready_made_in_torch(X, W_q, W_k, W_v, W_o, num_heads):
    """Uses PyTorch's scaled dot-product attention."""
    Q, K, V = (_heads_of(X @ W, num_heads) for W in (W_q, W_k, W_v))
    heads = F.scaled_dot_product_attention(Q, K, V)
    return heads.transpose(1, 2).reshape(X.shape) @ W_o


def multi_head__whole_layer_of_torch(X, W_q, W_k, W_v, W_o, num_heads):
    """Calls PyTorch's multi-head function, which wants tokens first and the matrices transposed."""
    d_model = X.shape[-1]
    tokens_first = X.transpose(0, 1)
    output, _ = F.multi_head_attention_forward(
        tokens_first,
        tokens_first,
        tokens_first,
        embed_dim_to_check=d_model,
        num_heads=num_heads,
        in_proj_weight=torch.cat([W_q.T, W_k.T, W_v.T]),
        in_proj_bias=None,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=W_o.T,
        out_proj_bias=None,
        training=False,
        need_weights=False,
    )
    return output.transpose(0, 1)


def multi_head__einsum_float64(X, W_q, W_k, W_v, W_o, num_heads):
    """Writes every step in Einstein's notation, in float64."""
    d_model = X.shape[2]
    d_head = d_model // num_heads
    A, B, C = (W.double().reshape(d_model, num_heads, d_head) for W in (W_q, W_k, W_v))
    Q, K, V = (torch.einsum("bnm,mhd->bhnd", X.double(), W) for W in (A, B, C))
    weights = (torch.einsum("bhqd,bhkd->bhqk", Q, K) * d_head**-0.5).softmax(dim=3)
    heads = torch.einsum("bhqk,bhkd->bqhd", weights, V)
    return torch.einsum("bqhd,hdm->bqm", heads, W_o.double().reshape(num_heads, d_head, d_model))


def multi_head__numpy(X, W_q, W_k, W_v, W_o, num_heads):
    """Goes to NumPy and returns an array."""
    X, W_q, W_k, W_v, W_o = (np.asarray(a, dtype=np.float64) for a in (X, W_q, W_k, W_v, W_o))
    Q, K, V = (np.stack(np.split(X @ W, num_heads, axis=2), axis=1) for W in (W_q, W_k, W_v))
    heads = _numpy_softmax(Q @ np.swapaxes(K, 2, 3) / np.sqrt(Q.shape[-1])) @ V
    return np.concatenate(list(np.moveaxis(heads, 1, 0)), axis=-1) @ W_o


def multi_head__heads_folded_into_the_batch(X, W_q, W_k, W_v, W_o, num_heads):
    """Treats every head as a sentence of its own and uses bmm."""
    batch, n, d_model = X.shape
    d_head = d_model // num_heads
    folded = [_heads_of(X @ W, num_heads).reshape(batch * num_heads, n, d_head) for W in (W_q, W_k, W_v)]
    Q, K, V = folded
    weights = torch.softmax(torch.bmm(Q / math.sqrt(d_head), K.transpose(1, 2)), dim=-1)
    heads = torch.bmm(weights, V).view(batch, num_heads, n, d_head)
    return F.linear(heads.permute(0, 2, 1, 3).reshape(batch, n, d_model), W_o.T)


def multi_head__sentence_by_sentence(X, W_q, W_k, W_v, W_o, num_heads):
    """Loops over sentences, heads and words."""
    d_head = W_q.shape[1] // num_heads
    output = torch.zeros_like(X)
    for b, x in enumerate(X):
        joined = torch.zeros_like(x)
        for h in range(num_heads):
            s = slice(h * d_head, (h + 1) * d_head)
            Q, K, V = x @ W_q[:, s], x @ W_k[:, s], x @ W_v[:, s]
            for i, q in enumerate(Q):
                joined[i, s] = torch.softmax(K @ q / d_head**0.5, dim=0) @ V
        output[b] = joined @ W_o
    return output


# -------------------------------------------------------------------- multi_head_parameters
def multi_head_parameters__formula(d_model, num_heads, bias):
    """Writes the formula; the number of heads plays no part."""
    return 4 * d_model**2 + (4 * d_model if bias else 0)


def multi_head_parameters__head_by_head(d_model, num_heads, bias):
    """Adds up what every head holds: its columns of three matrices and its rows of W_o."""
    d_head = d_model // num_heads
    count = 0
    for _ in range(num_heads):
        count += 3 * d_model * d_head + d_head * d_model
        if bias:
            count += 3 * d_head
    if bias:
        count += d_model
    return count


def multi_head_parameters__layers_built_and_counted(d_model, num_heads, bias):
    """Builds four linear layers, on no device, and counts their numbers."""
    layers = nn.ModuleList(nn.Linear(d_model, d_model, bias=bias, device="meta") for _ in range(4))
    return sum(p.numel() for p in layers.parameters())


def multi_head_parameters__ready_made_in_torch(d_model, num_heads, bias):
    """Builds PyTorch's layer, on no device, and counts its numbers."""
    layer = nn.MultiheadAttention(d_model, num_heads, bias=bias, device="meta")
    return sum(math.prod(p.shape) for p in layer.parameters())


def multi_head_parameters__bias_as_a_number(d_model, num_heads, bias):
    """Counts a bias as one row more of every matrix, with int(bias)."""
    return 4 * d_model * (d_model + int(bias))


# ------------------------------------------------------------------------- multi_head_flops
def multi_head_flops__formula(n, d_model, num_heads):
    """Writes the formula; the number of heads plays no part."""
    return 8 * n * d_model**2 + 4 * n**2 * d_model


def multi_head_flops__head_by_head(n, d_model, num_heads):
    """Adds up the products of every head, and the output projection at the end."""
    d_head = d_model // num_heads
    flops = 0
    for _ in range(num_heads):
        flops += 3 * 2 * n * d_model * d_head
        flops += 2 * n * d_head * n
        flops += 2 * n * n * d_head
    return flops + 2 * n * d_model * d_model


def multi_head_flops__matrix_products_listed(n, d_model, num_heads):
    """Lists the three sizes of all products and multiplies them."""
    d_head = d_model // num_heads
    products = [(n, d_model, d_model)] * 4 + [(n, d_head, n), (n, n, d_head)] * num_heads
    return sum(2 * math.prod(sizes) for sizes in products)


def multi_head_flops__factored_out(n, d_model, num_heads):
    """Factors out what all terms have in common."""
    return 4 * n * d_model * (2 * d_model + n)


def multi_head_flops__per_token(n, d_model, num_heads):
    """Counts the multiply-adds of one token, and multiplies by 2 and by n."""
    projections = 4 * d_model * d_model
    attention = num_heads * (d_model // num_heads) * n * 2
    return 2 * n * (projections + attention)


# ----------------------------------------------------------------------- general_multi_head
def general_multi_head__head_by_head(queries, keys, values, W_q, W_k, W_v, W_o):
    """Loops over the heads and joins them."""
    heads = []
    for i in range(len(W_q)):
        Q, K, V = queries @ W_q[i], keys @ W_k[i], values @ W_v[i]
        heads.append(torch.softmax(Q @ K.T / math.sqrt(Q.shape[1]), dim=-1) @ V)
    return torch.cat(heads, dim=-1) @ W_o


def general_multi_head__all_heads_at_once(queries, keys, values, W_q, W_k, W_v, W_o):
    """Multiplies with all matrices of a kind at once and swaps axes before it joins."""
    heads = _one_head(queries @ W_q, keys @ W_k, values @ W_v)
    return heads.transpose(0, 1).flatten(1) @ W_o


def general_multi_head__einsum_float64(queries, keys, values, W_q, W_k, W_v, W_o):
    """Writes every step in Einstein's notation, in float64; W_o is cut into one matrix a head."""
    queries, keys, values, W_q, W_k, W_v, W_o = (t.double() for t in (queries, keys, values, W_q, W_k, W_v, W_o))
    Q = torch.einsum("qd,hdp->hqp", queries, W_q)
    K = torch.einsum("kd,hdp->hkp", keys, W_k)
    V = torch.einsum("kd,hdp->hkp", values, W_v)
    weights = (torch.einsum("hqp,hkp->hqk", Q, K) / Q.shape[-1] ** 0.5).softmax(dim=-1)
    heads = torch.einsum("hqk,hkp->hqp", weights, V)
    return torch.einsum("hqp,hpo->qo", heads, W_o.unflatten(0, (len(W_q), -1)))


def general_multi_head__numpy(queries, keys, values, W_q, W_k, W_v, W_o):
    """Goes to NumPy and returns an array."""
    Q, K, V = (np.matmul(x.numpy(), W.numpy()) for x, W in ((queries, W_q), (keys, W_k), (values, W_v)))
    heads = _numpy_softmax(Q @ K.transpose(0, 2, 1) / np.sqrt(W_q.shape[2])) @ V
    return np.hstack(list(heads)) @ W_o.numpy()


def general_multi_head__ready_made_in_torch(queries, keys, values, W_q, W_k, W_v, W_o):
    """Uses PyTorch's attention, with the heads in the place of a batch."""
    heads = F.scaled_dot_product_attention(queries @ W_q, keys @ W_k, values @ W_v)
    return torch.cat(heads.unbind(0), dim=1).matmul(W_o)


def general_multi_head__outputs_added_up(queries, keys, values, W_q, W_k, W_v, W_o):
    """Multiplies every head by its own rows of W_o and adds the results."""
    rows = torch.split(W_o, W_v.shape[-1], dim=0)
    return sum(_one_head(queries @ A, keys @ B, values @ C) @ D for A, B, C, D in zip(W_q, W_k, W_v, rows, strict=True))


def general_multi_head__query_by_query(queries, keys, values, W_q, W_k, W_v, W_o):
    """Computes the output of one query after the other."""
    outputs = []
    for query in queries:
        joined = []
        for A, B, C in zip(W_q, W_k, W_v, strict=True):
            scores = (keys @ B) @ (query @ A) / math.sqrt(A.shape[1])
            joined.append(torch.softmax(scores, dim=0) @ (values @ C))
        outputs.append(torch.cat(joined) @ W_o)
    return torch.stack(outputs)


# ------------------------------------------------------------------------- multi_head_cross
def multi_head_cross__all_heads_at_once(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Splits, attends in all heads at once, and joins."""
    Q = _heads_of(X @ W_q, num_heads)
    K, V = _heads_of(memory @ W_k, num_heads), _heads_of(memory @ W_v, num_heads)
    return _one_head(Q, K, V).transpose(1, 2).reshape(X.shape) @ W_o


def multi_head_cross__head_by_head(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Cuts the projections into chunks and loops over them."""
    parts = ((X @ W_q).chunk(num_heads, -1), (memory @ W_k).chunk(num_heads, -1), (memory @ W_v).chunk(num_heads, -1))
    return torch.cat([_one_head(Q, K, V) for Q, K, V in zip(*parts, strict=True)], dim=-1) @ W_o


def multi_head_cross__ready_made_in_torch(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Uses PyTorch's scaled dot-product attention."""
    Q, K, V = (_heads_of(source @ W, num_heads) for source, W in ((X, W_q), (memory, W_k), (memory, W_v)))
    return F.scaled_dot_product_attention(Q, K, V).permute(0, 2, 1, 3).flatten(-2) @ W_o


def multi_head_cross__numpy_float64(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Goes to NumPy, in float64, and returns an array."""
    X, memory, W_q, W_k, W_v, W_o = (np.asarray(a, dtype=np.float64) for a in (X, memory, W_q, W_k, W_v, W_o))
    Q, K, V = (np.split(x @ W, num_heads, axis=-1) for x, W in ((X, W_q), (memory, W_k), (memory, W_v)))
    heads = [_numpy_softmax(q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])) @ v for q, k, v in zip(Q, K, V, strict=True)]
    return np.concatenate(heads, axis=-1) @ W_o


def multi_head_cross__einsum(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Writes every step in Einstein's notation."""
    W_q, W_k, W_v = (W.unflatten(1, (num_heads, -1)) for W in (W_q, W_k, W_v))
    Q = torch.einsum("bqm,mhd->bqhd", X, W_q)
    K = torch.einsum("bkm,mhd->bkhd", memory, W_k)
    V = torch.einsum("bkm,mhd->bkhd", memory, W_v)
    weights = torch.einsum("bqhd,bkhd->bhqk", Q, K).div(math.sqrt(Q.shape[-1])).softmax(-1)
    return torch.einsum("bhqk,bkhd->bqhd", weights, V).flatten(2) @ W_o


def multi_head_cross__masked_self_attention(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Attends among X and memory joined, with a mask that shows memory alone, and keeps the rows of X."""
    n = X.shape[1]
    everything = torch.cat([X, memory], dim=1)
    Q, K, V = (_heads_of(everything @ W, num_heads) for W in (W_q, W_k, W_v))
    scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[-1])
    scores[..., :n] = -torch.inf
    heads = scores.softmax(dim=-1) @ V
    return (heads.transpose(1, 2).flatten(2) @ W_o)[:, :n]
