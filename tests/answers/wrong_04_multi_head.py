"""Wrong answers to the exercises of chapter 4, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as two sentences of
unequal length, a batch of more than one, or scores of 1000.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: B007, F841, RUF059 - learners' slips are the point

import math

import numpy as np
import torch
import torch.nn.functional as F


def _split(x, num_heads):
    """Split the features as they should be, for answers whose mistake is elsewhere."""
    batch, n, d_model = x.shape
    return x.reshape(batch, n, num_heads, d_model // num_heads).transpose(1, 2)


def _join(heads):
    """Join the heads as they should be, for answers whose mistake is elsewhere."""
    batch, num_heads, n, d_head = heads.shape
    return heads.transpose(1, 2).reshape(batch, n, num_heads * d_head)


def _attend(Q, K, V):
    """Attend as it should be done, for answers whose mistake is elsewhere."""
    return torch.softmax(Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1]), dim=-1) @ V


# ------------------------------------------------------------------------- split_into_heads
def split_into_heads__reshape_only(x, num_heads):
    """Reshapes straight to the right shape, which cuts the tokens and not the features."""
    batch, n, d_model = x.shape
    return x.reshape(batch, num_heads, n, d_model // num_heads)


def split_into_heads__heads_behind_the_tokens(x, num_heads):
    """Cuts the features and does not bring the heads in front of the tokens."""
    batch, n, d_model = x.shape
    return x.view(batch, n, num_heads, d_model // num_heads)


def split_into_heads__heads_in_front_of_the_batch(x, num_heads):
    """Stacks the parts on a new first axis, in front of the batch."""
    return torch.stack(x.chunk(num_heads, dim=-1), dim=0)


def split_into_heads__heads_last(x, num_heads):
    """Stacks the parts on a new last axis."""
    return torch.stack(x.chunk(num_heads, dim=-1), dim=-1)


def split_into_heads__every_hth_feature(x, num_heads):
    """Deals the features out like cards: head h gets every num_heads-th feature."""
    return torch.stack([x[..., h::num_heads] for h in range(num_heads)], dim=1)


def split_into_heads__sizes_swapped_in_view(x, num_heads):
    """Writes d_head before num_heads in the view, so neighbouring features go to different heads."""
    batch, n, d_model = x.shape
    return x.view(batch, n, d_model // num_heads, num_heads).permute(0, 3, 1, 2)


def split_into_heads__tokens_cut(x, num_heads):
    """Cuts the axis of the tokens: fails unless num_heads divides n."""
    return torch.stack(x.chunk(num_heads, dim=1), dim=1)


def split_into_heads__split_takes_a_size(x, num_heads):
    """Calls torch.split with the number of heads, which is taken for the size of a part."""
    return torch.stack(torch.split(x, num_heads, dim=-1), dim=1)


def split_into_heads__tokens_behind_the_features(x, num_heads):
    """Swaps one pair of axes too many: every head is (d_head, n)."""
    batch, n, d_model = x.shape
    return x.view(batch, n, num_heads, d_model // num_heads).permute(0, 2, 3, 1)


def split_into_heads__token_axis_moved_then_reshaped(x, num_heads):
    """Transposes tokens and features first, and mends the shape with reshape."""
    batch, n, d_model = x.shape
    return x.transpose(1, 2).reshape(batch, num_heads, n, d_model // num_heads)


def split_into_heads__all_features_for_every_head(x, num_heads):
    """Hands every head a copy of all the features."""
    return x.unsqueeze(1).expand(-1, num_heads, -1, -1)


def split_into_heads__first_part_for_all_heads(x, num_heads):
    """Uses the features 0 to d_head for every head."""
    d_head = x.shape[-1] // num_heads
    return torch.stack([x[:, :, :d_head] for h in range(num_heads)], dim=1)


def split_into_heads__windows_overlap(x, num_heads):
    """Starts head h at feature h and not at feature h * d_head."""
    d_head = x.shape[-1] // num_heads
    return torch.stack([x[:, :, h : h + d_head] for h in range(num_heads)], dim=1)


def split_into_heads__last_head_first(x, num_heads):
    """Hands the features out from the end, so the heads stand in reverse order."""
    return torch.stack(x.chunk(num_heads, dim=-1)[::-1], dim=1)


def split_into_heads__heads_folded_into_the_batch(x, num_heads):
    """Returns (batch * num_heads, n, d_head), as some libraries keep it inside."""
    batch, n, d_model = x.shape
    heads = x.reshape(batch, n, num_heads, d_model // num_heads).transpose(1, 2)
    return heads.reshape(batch * num_heads, n, d_model // num_heads)


def split_into_heads__reshape_only__and__last_head_first(x, num_heads):
    """Reshapes straight to the right shape, and turns the heads round."""
    batch, n, d_model = x.shape
    return x.reshape(batch, num_heads, n, d_model // num_heads).flip(1)


def split_into_heads__every_hth_feature__and__heads_behind_the_tokens(x, num_heads):
    """Deals the features out like cards, and leaves the heads behind the tokens."""
    return torch.stack([x[..., h::num_heads] for h in range(num_heads)], dim=2)


def split_into_heads__again_reshape_only(x, num_heads):
    """Reshapes straight to (batch, heads, n, d_head)."""
    b, n, d = x.shape
    return x.reshape(b, num_heads, n, d // num_heads)


def split_into_heads__no_transpose(x, num_heads):
    """Leaves the heads behind the tokens."""
    b, n, d = x.shape
    return x.view(b, n, num_heads, d // num_heads)


def split_into_heads__interleaved(x, num_heads):
    """View with (d_head, num_heads): interleaved features."""
    b, n, d = x.shape
    return x.view(b, n, d // num_heads, num_heads).permute(0, 3, 1, 2)


def split_into_heads__wrong_transpose(x, num_heads):
    """Transposes axes 2 and 3 instead of 1 and 2."""
    b, n, d = x.shape
    return x.view(b, n, num_heads, -1).transpose(2, 3)


# ------------------------------------------------------------------------------- join_heads
def join_heads__reshape_without_swapping_back(heads):
    """Reshapes without moving the heads behind the tokens, which mixes tokens and heads."""
    batch, num_heads, n, d_head = heads.shape
    return heads.reshape(batch, n, num_heads * d_head)


def join_heads__view_after_transpose(heads):
    """Calls view on swapped axes, which fails when the memory has another order."""
    batch, num_heads, n, d_head = heads.shape
    return heads.contiguous().transpose(1, 2).view(batch, n, num_heads * d_head)


def join_heads__swapped_and_not_merged(heads):
    """Moves the heads behind the tokens and leaves two axes where one was asked for."""
    return heads.transpose(1, 2)


def join_heads__swapped_back_without_using_it(heads):
    """Transposes and throws the result away."""
    batch, num_heads, n, d_head = heads.shape
    heads.transpose(1, 2)
    return heads.reshape(batch, n, -1)


def join_heads__mean_of_the_heads(heads):
    """Takes the mean over the heads: only d_head features are left."""
    return heads.mean(dim=1)


def join_heads__sum_of_the_heads(heads):
    """Adds the heads up: only d_head features are left."""
    return heads.sum(dim=1)


def join_heads__largest_head(heads):
    """Takes the largest number of all heads: only d_head features are left."""
    return heads.max(dim=1).values


def join_heads__mean_repeated(heads):
    """Takes the mean over the heads and repeats it until the size is right."""
    return heads.mean(dim=1).repeat(1, 1, heads.shape[1])


def join_heads__heads_interleaved(heads):
    """Puts the first features of all heads together, then the second ones, and so on."""
    batch, num_heads, n, d_head = heads.shape
    return heads.permute(0, 2, 3, 1).reshape(batch, n, d_head * num_heads)


def join_heads__tokens_behind_the_features(heads):
    """Swaps tokens and features instead of tokens and heads, and reshapes."""
    batch, num_heads, n, d_head = heads.shape
    return heads.transpose(2, 3).reshape(batch, n, num_heads * d_head)


def join_heads__heads_under_each_other(heads):
    """Joins the heads along the tokens: a sentence num_heads times as long."""
    return torch.cat(list(heads.unbind(dim=1)), dim=1)


def join_heads__heads_in_reverse_order(heads):
    """Puts the heads side by side from the last to the first."""
    return torch.cat([heads[:, h] for h in reversed(range(heads.shape[1]))], dim=-1)


def join_heads__last_head_left_out(heads):
    """Stops one head too early and leaves zeros at the end."""
    batch, num_heads, n, d_head = heads.shape
    joined = torch.zeros(batch, n, num_heads * d_head)
    for h in range(num_heads - 1):
        joined[:, :, h * d_head : (h + 1) * d_head] = heads[:, h]
    return joined


def join_heads__batch_and_heads_mixed(heads):
    """Swaps the batch and the heads, and reshapes: sentences get parts of other sentences."""
    batch, num_heads, n, d_head = heads.shape
    return heads.permute(2, 0, 1, 3).reshape(batch, n, num_heads * d_head)


def join_heads__whole_number_table(heads):
    """Writes the heads into an integer table, which cuts off the fractions."""
    batch, num_heads, n, d_head = heads.shape
    joined = np.zeros((batch, n, num_heads * d_head), dtype=np.int64)
    for h in range(num_heads):
        joined[..., h * d_head : (h + 1) * d_head] = heads[:, h].numpy()
    return joined


def join_heads__reshape_without_swapping_back__and__last_head_left_out(heads):
    """Drops the last head, reshapes without swapping back, and fills up with zeros."""
    batch, num_heads, n, d_head = heads.shape
    mixed = heads[:, :-1].reshape(batch, n, (num_heads - 1) * d_head)
    return F.pad(mixed, (0, d_head))


def join_heads__heads_interleaved__and__heads_in_reverse_order(heads):
    """Takes one feature of every head in turn, and begins with the last head."""
    return heads.flip(1).permute(0, 2, 3, 1).flatten(2)


def join_heads__reshape_only(heads):
    """Reshapes without swapping back."""
    b, h, n, d = heads.shape
    return heads.reshape(b, n, h * d)


def join_heads__view_noncontiguous(heads):
    """view after transpose without contiguous: RuntimeError."""
    b, h, n, d = heads.shape
    return heads.transpose(1, 2).view(b, n, h * d)


def join_heads__averaged(heads):
    """Averages the heads."""
    return heads.mean(dim=1)


def join_heads__wrong_permute(heads):
    """permute(0, 2, 3, 1): the features of the heads interleaved."""
    b, h, n, d = heads.shape
    return heads.permute(0, 2, 3, 1).reshape(b, n, h * d)


# ------------------------------------------------------------------------------- multi_head
def multi_head__scaled_by_d_model(X, W_q, W_k, W_v, W_o, num_heads):
    """Divides by sqrt(d_model) and not by sqrt(d_head)."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    weights = torch.softmax(Q @ K.transpose(-2, -1) / math.sqrt(X.shape[-1]), dim=-1)
    return _join(weights @ V) @ W_o


def multi_head__scaled_by_the_number_of_heads(X, W_q, W_k, W_v, W_o, num_heads):
    """Divides by the square root of the number of heads."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    weights = torch.softmax(Q @ K.mT / num_heads**0.5, dim=-1)
    return _join(weights @ V) @ W_o


def multi_head__divides_by_d_head(X, W_q, W_k, W_v, W_o, num_heads):
    """Divides by d_head and forgets the square root."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _join((Q @ K.mT / Q.shape[-1]).softmax(-1) @ V) @ W_o


def multi_head__scale_unused(X, W_q, W_k, W_v, W_o, num_heads):
    """Computes the scale and does not use it."""
    d_head = X.shape[-1] // num_heads
    scale = 1 / math.sqrt(d_head)
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    scores = torch.einsum("bhqd,bhkd->bhqk", Q, K)
    return _join(F.softmax(scores, dim=-1) @ V) @ W_o


def multi_head__softmax_over_the_queries(X, W_q, W_k, W_v, W_o, num_heads):
    """Takes the softmax over the axis of the queries."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    weights = torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=-2)
    return _join(weights @ V) @ W_o


def multi_head__softmax_over_the_heads(X, W_q, W_k, W_v, W_o, num_heads):
    """Writes dim=1, as it was with matrices, which is now the axis of the heads."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    weights = torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=1)
    return _join(weights @ V) @ W_o


def multi_head__split_by_reshape_only(X, W_q, W_k, W_v, W_o, num_heads):
    """Splits and joins by reshape alone, so a head sees parts of some tokens and none of others."""
    batch, n, d_model = X.shape
    shape = (batch, num_heads, n, d_model // num_heads)
    Q, K, V = (X @ W_q).reshape(shape), (X @ W_k).reshape(shape), (X @ W_v).reshape(shape)
    return _attend(Q, K, V).reshape(batch, n, d_model) @ W_o


def multi_head__joined_without_swapping_back(X, W_q, W_k, W_v, W_o, num_heads):
    """Splits as it should and joins by reshape alone."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _attend(Q, K, V).reshape(X.shape) @ W_o


def multi_head__output_matrix_missing(X, W_q, W_k, W_v, W_o, num_heads):
    """Joins the heads and forgets to multiply by W_o."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _join(_attend(Q, K, V))


def multi_head__one_narrow_projection_for_all(X, W_q, W_k, W_v, W_o, num_heads):
    """Uses the first d_head columns of the matrices for every head, so all heads are the same."""
    d_head = X.shape[-1] // num_heads
    head = _attend(X @ W_q[:, :d_head], X @ W_k[:, :d_head], X @ W_v[:, :d_head])
    return torch.cat([head] * num_heads, dim=-1) @ W_o


def multi_head__heads_averaged(X, W_q, W_k, W_v, W_o, num_heads):
    """Averages the heads and multiplies by the rows of W_o that fit."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    mean = _attend(Q, K, V).mean(dim=1)
    return mean @ W_o[: mean.shape[-1]]


def multi_head__values_from_W_k(X, W_q, W_k, W_v, W_o, num_heads):
    """Builds the values with W_k."""
    Q, K, V = _split(X @ W_q, num_heads), _split(X @ W_k, num_heads), _split(X @ W_k, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head__matrices_transposed(X, W_q, W_k, W_v, W_o, num_heads):
    """Uses F.linear, which multiplies with the transposed matrices: the shape is the same."""
    Q, K, V = (_split(F.linear(X, W), num_heads) for W in (W_q, W_k, W_v))
    return F.linear(_join(_attend(Q, K, V)), W_o)


def multi_head__across_the_batch(X, W_q, W_k, W_v, W_o, num_heads):
    """Takes the first axis for the tokens, so the words of different sentences attend to each other."""
    X = X.transpose(0, 1)
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return (_join(_attend(Q, K, V)) @ W_o).transpose(0, 1)


def multi_head__one_wide_head(X, W_q, W_k, W_v, W_o, num_heads):
    """Does not split at all: one head of size d_model."""
    return _attend(X @ W_q, X @ W_k, X @ W_v) @ W_o


def multi_head__weights_transposed(X, W_q, W_k, W_v, W_o, num_heads):
    """Swaps Q and K, so the scores of every head are transposed."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _join(_attend(K, Q, V)) @ W_o


def multi_head__scaled_by_d_model__and__output_matrix_missing(X, W_q, W_k, W_v, W_o, num_heads):
    """Divides by sqrt(d_model), and forgets W_o."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _join(torch.softmax(Q @ K.mT / X.shape[-1] ** 0.5, dim=-1) @ V)


def multi_head__split_by_reshape_only__and__softmax_over_the_queries(X, W_q, W_k, W_v, W_o, num_heads):
    """Splits and joins by reshape alone, and takes the softmax over the queries."""
    batch, n, d_model = X.shape
    Q, K, V = ((X @ W).reshape(batch, num_heads, n, d_model // num_heads) for W in (W_q, W_k, W_v))
    weights = torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=2)
    return (weights @ V).reshape(batch, n, d_model) @ W_o


def multi_head__d_model(X, W_q, W_k, W_v, W_o, num_heads):
    """Scales by sqrt(d_model)."""
    q, k, v = _split(X @ W_q, num_heads), _split(X @ W_k, num_heads), _split(X @ W_v, num_heads)
    w = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(X.shape[-1]), dim=-1)
    return _join(w @ v) @ W_o


def multi_head__no_wo(X, W_q, W_k, W_v, W_o, num_heads):
    """W_o not used."""
    q, k, v = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    w = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1)
    return _join(w @ v)


def multi_head__merge_no_transpose(X, W_q, W_k, W_v, W_o, num_heads):
    """Merges the heads without swapping the axes back."""
    b, n, d = X.shape
    d_head = d // num_heads
    Q = (X @ W_q).view(b, n, num_heads, d_head).transpose(1, 2)
    K = (X @ W_k).view(b, n, num_heads, d_head).transpose(1, 2)
    V = (X @ W_v).view(b, n, num_heads, d_head).transpose(1, 2)
    attn = F.softmax(Q @ K.transpose(-2, -1) / math.sqrt(d_head), dim=-1)
    return (attn @ V).reshape(b, n, d) @ W_o


def multi_head__attends_over_heads(X, W_q, W_k, W_v, W_o, num_heads):
    """Transpose forgotten: the heads of one token attend to each other."""
    b, n, d = X.shape
    d_head = d // num_heads
    q = (X @ W_q).view(b, n, num_heads, d_head)
    k = (X @ W_k).view(b, n, num_heads, d_head)
    v = (X @ W_v).view(b, n, num_heads, d_head)
    attn = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(d_head), dim=-1)
    return (attn @ v).reshape(b, n, d) @ W_o


def multi_head__softmax_over_one_row(X, W_q, W_k, W_v, W_o, num_heads):
    """Goes word by word and takes the softmax over the axis of size 1."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    rows = [(Q[:, :, i : i + 1] @ K.mT / Q.shape[-1] ** 0.5).softmax(-2) @ V for i in range(X.shape[1])]
    return _join(torch.cat(rows, dim=2)) @ W_o


def multi_head__sums_on_the_axis_of_the_keys(X, W_q, W_k, W_v, W_o, num_heads):
    """Goes head by head and forgets keepdim: the weights of a row are divided by the sums of all rows."""
    output = []
    for x in X:
        heads = []
        for A, B, C in zip(*(W.chunk(num_heads, dim=1) for W in (W_q, W_k, W_v)), strict=True):
            scores = (x @ A) @ (x @ B).T / A.shape[1] ** 0.5
            e = torch.exp(scores - scores.max(dim=1, keepdim=True).values)
            heads.append(e / e.sum(dim=1) @ (x @ C))
        output.append(torch.cat(heads, dim=1) @ W_o)
    return torch.stack(output)


def multi_head__sum_without_keepdim(X, W_q, W_k, W_v, W_o, num_heads):
    """Forgets keepdim with all heads at once: it runs only when some sizes happen to agree."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    scores = Q @ K.mT / Q.shape[-1] ** 0.5
    e = torch.exp(scores - scores.amax(-1, keepdim=True))
    return _join(e / e.sum(-1) @ V) @ W_o


def multi_head__split_with_a_stride_and_joined_without(X, W_q, W_k, W_v, W_o, num_heads):
    """Gives head h every num_heads-th feature and joins the heads side by side."""
    Q, K, V = ((X @ W).unflatten(-1, (-1, num_heads)).permute(0, 3, 1, 2) for W in (W_q, W_k, W_v))
    return _join(_attend(Q, K, V)) @ W_o


def multi_head__one_matrix_for_everything(X, W_q, W_k, W_v, W_o, num_heads):
    """Copies the line of the queries twice: W_q makes keys and values, too."""
    Q = K = V = _split(X @ W_q, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head__matrices_swapped__and__values_from_W_k(X, W_q, W_k, W_v, W_o, num_heads):
    """Makes queries and values with W_k and keys with W_q."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_k, W_q, W_k))
    return _join(F.scaled_dot_product_attention(Q, K, V)) @ W_o


def multi_head__split_by_reshape_only__and__output_matrix_missing(X, W_q, W_k, W_v, W_o, num_heads):
    """Splits by reshape alone, and forgets W_o."""
    batch, n, _ = X.shape
    Q, K, V = ((X @ W).reshape(batch, num_heads, n, -1) for W in (W_q, W_k, W_v))
    return F.scaled_dot_product_attention(Q, K, V).transpose(1, 2).flatten(2)


def multi_head__no_scale__and__softmax_over_the_queries(X, W_q, W_k, W_v, W_o, num_heads):
    """Leaves the scale out and normalises over the queries."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _join(torch.softmax(Q @ K.mT, dim=-2) @ V) @ W_o


# -------------------------------------------------------------------- multi_head_parameters
def multi_head_parameters__times_the_heads(d_model, num_heads, bias):
    """Multiplies by the number of heads, as if every head had four full matrices."""
    per_head = 4 * d_model * d_model
    if bias:
        per_head += 4 * d_model
    return num_heads * per_head


def multi_head_parameters__full_projections_for_every_head(d_model, num_heads, bias):
    """Gives every head three full matrices, and all together one output matrix."""
    count = num_heads * 3 * d_model**2 + d_model**2
    return count + 4 * d_model if bias else count


def multi_head_parameters__one_head_alone(d_model, num_heads, bias):
    """Counts what belongs to one head: four matrices of d_model by d_head."""
    d_head = d_model // num_heads
    return 4 * d_model * d_head + (4 * d_head if bias else 0)


def multi_head_parameters__heads_square(d_model, num_heads, bias):
    """Takes a head's matrices for d_head by d_head, as if a head saw its part of the input alone."""
    d_head = d_model // num_heads
    return num_heads * 3 * d_head**2 + d_model**2 + 4 * d_model * bool(bias)


def multi_head_parameters__output_matrix_forgotten(d_model, num_heads, bias):
    """Counts three matrices and three biases."""
    if bias:
        return 3 * (d_model * d_model + d_model)
    return 3 * d_model * d_model


def multi_head_parameters__output_without_bias(d_model, num_heads, bias):
    """Counts no bias for the output matrix."""
    return 4 * d_model**2 + (3 * d_model if bias else 0)


def multi_head_parameters__output_bias_alone(d_model, num_heads, bias):
    """Counts a bias for the output matrix alone."""
    return 4 * d_model**2 + (d_model if bias else 0)


def multi_head_parameters__output_from_one_head(d_model, num_heads, bias):
    """Takes the output matrix for d_head by d_model, as if the heads were averaged before it."""
    d_head = d_model // num_heads
    count = 3 * d_model * d_model + d_head * d_model
    if bias:
        count += 4 * d_model
    return count


def multi_head_parameters__bias_ignored(d_model, num_heads, bias):
    """Counts no biases, whatever bias says."""
    return 4 * d_model * d_model


def multi_head_parameters__bias_always(d_model, num_heads, bias):
    """Counts the biases, whatever bias says."""
    return 4 * (d_model * d_model + d_model)


def multi_head_parameters__bias_one_number_each(d_model, num_heads, bias):
    """Counts one number a bias: bool plus int."""
    return 4 * (d_model * d_model + bias)


def multi_head_parameters__bias_upside_down(d_model, num_heads, bias):
    """Counts the biases when there are none, and leaves them out when there are."""
    return 4 * d_model**2 if bias else 4 * d_model**2 + 4 * d_model


def multi_head_parameters__bias_of_d_head(d_model, num_heads, bias):
    """Counts one bias of size d_head a matrix instead of one a head."""
    d_head = d_model // num_heads
    return 4 * d_model**2 + (4 * d_head if bias else 0)


def multi_head_parameters__bias_for_every_head_in_full(d_model, num_heads, bias):
    """Counts biases of size d_model for every head."""
    return 4 * d_model**2 + (4 * d_model * num_heads if bias else 0)


def multi_head_parameters__two_per_number(d_model, num_heads, bias):
    """Doubles the count, as one does for FLOPs."""
    return 2 * (4 * d_model**2 + (4 * d_model if bias else 0))


def multi_head_parameters__times_the_heads__and__output_matrix_forgotten(d_model, num_heads, bias):
    """Gives every head three full matrices, and forgets the output matrix."""
    return num_heads * 3 * (d_model**2 + (d_model if bias else 0))


def multi_head_parameters__one_head_alone__and__bias_always(d_model, num_heads, bias):
    """Counts one head alone, with biases whatever bias says."""
    d_head = d_model // num_heads
    return 4 * d_model * d_head + 4 * d_head


def multi_head_parameters__times_heads(d_model, num_heads, bias):
    """Every head has full-size q, k, v matrices: more heads, more parameters."""
    n = 3 * num_heads * d_model * d_model + d_model * d_model
    return n + 4 * d_model if bias else n


def multi_head_parameters__three(d_model, num_heads, bias):
    """Output projection forgotten."""
    params = 3 * d_model**2
    if bias:
        params += 3 * d_model
    return params


def multi_head_parameters__again_bias_ignored(d_model, num_heads, bias):
    """Ignores bias."""
    return 4 * d_model * d_model


def multi_head_parameters__one_head(d_model, num_heads, bias):
    """Counts the projections of one head only."""
    d_head = d_model // num_heads
    total = 3 * d_model * d_head + d_model * d_model
    if bias:
        total += 3 * d_head + d_model
    return total


def multi_head_parameters__three_full_layers_a_head(d_model, num_heads, bias):
    """Gives every head three layers from d_model to d_model, with their biases."""
    layer = d_model**2 + (d_model if bias else 0)
    return 3 * num_heads * layer + layer


# ------------------------------------------------------------------------- multi_head_flops
def multi_head_flops__projections_left_out(n, d_model, num_heads):
    """Counts scores and weighted sums alone, because attention is said to cost n squared."""
    return 2 * n * n * d_model + 2 * n * n * d_model


def multi_head_flops__output_projection_left_out(n, d_model, num_heads):
    """Counts three projections and forgets the one at the end."""
    return 3 * 2 * n * d_model**2 + 2 * 2 * n**2 * d_model


def multi_head_flops__multiplications_only(n, d_model, num_heads):
    """Counts a multiply-add as 1."""
    return 4 * n * d_model**2 + 2 * n**2 * d_model


def multi_head_flops__scores_only(n, d_model, num_heads):
    """Counts queries keys^T and forgets the weighted sums."""
    return 8 * n * d_model**2 + 2 * n**2 * d_model


def multi_head_flops__attention_times_the_heads(n, d_model, num_heads):
    """Lets every head score and sum with all d_model features."""
    projections = 4 * 2 * n * d_model**2
    attention = 2 * 2 * n**2 * d_model
    return projections + num_heads * attention


def multi_head_flops__everything_times_the_heads(n, d_model, num_heads):
    """Multiplies the whole count by the number of heads."""
    return num_heads * (8 * n * d_model**2 + 4 * n**2 * d_model)


def multi_head_flops__attention_of_one_head(n, d_model, num_heads):
    """Counts the scores and the weighted sums of one head alone."""
    d_head = d_model // num_heads
    return 8 * n * d_model**2 + 4 * n**2 * d_head


def multi_head_flops__heads_square(n, d_model, num_heads):
    """Takes the projections of a head for d_head by d_head."""
    d_head = d_model // num_heads
    per_head = 3 * 2 * n * d_head**2 + 4 * n**2 * d_head
    return num_heads * per_head + 2 * n * d_model**2


def multi_head_flops__projections_of_one_token(n, d_model, num_heads):
    """Counts the projections of one token and not of all n."""
    return 8 * d_model**2 + 4 * n**2 * d_model


def multi_head_flops__projections_squared_in_n(n, d_model, num_heads):
    """Counts the projections for every pair of tokens."""
    return 8 * n**2 * d_model**2 + 4 * n**2 * d_model


def multi_head_flops__size_of_the_vectors_left_out(n, d_model, num_heads):
    """Counts 2 a score and a head, however long the vectors are."""
    return 8 * n * d_model**2 + 2 * 2 * n**2 * num_heads


def multi_head_flops__softmax_counted(n, d_model, num_heads):
    """Adds five operations for every weight of every head."""
    return 8 * n * d_model**2 + 4 * n**2 * d_model + 5 * num_heads * n**2


def multi_head_flops__scaling_counted(n, d_model, num_heads):
    """Adds one division for every score of every head."""
    d_head = d_model // num_heads
    flops = 4 * (2 * n * d_model * d_model)
    for h in range(num_heads):
        flops += 2 * n * n * d_head + n * n + 2 * n * n * d_head
    return flops


def multi_head_flops__half_of_the_scores(n, d_model, num_heads):
    """Counts the scores up to the diagonal alone, although nothing is masked."""
    return 8 * n * d_model**2 + 4 * (n * (n + 1) // 2) * d_model


def multi_head_flops__output_projection_for_every_head(n, d_model, num_heads):
    """Multiplies by the whole of W_o once a head."""
    return 6 * n * d_model**2 + 4 * n**2 * d_model + num_heads * 2 * n * d_model**2


def multi_head_flops__projections_left_out__and__multiplications_only(n, d_model, num_heads):
    """Counts scores and weighted sums alone, and a multiply-add as 1."""
    return 2 * n * n * d_model


def multi_head_flops__attention_times_the_heads__and__output_projection_left_out(n, d_model, num_heads):
    """Lets every head work with all d_model features, and forgets the projection at the end."""
    return 6 * n * d_model**2 + 4 * num_heads * n**2 * d_model


def multi_head_flops__only_attention(n, d_model, num_heads):
    """Projections forgotten."""
    return 4 * n * n * d_model


def multi_head_flops__mac(n, d_model, num_heads):
    """Counts a multiply-add as 1."""
    return 4 * n * d_model**2 + 2 * n**2 * d_model


def multi_head_flops__times_heads(n, d_model, num_heads):
    """Multiplies the attention part by the heads with full d_model."""
    projections = 4 * 2 * n * d_model * d_model
    attention = num_heads * (2 * n * n * d_model + 2 * n * n * d_model)
    return projections + attention


def multi_head_flops__no_values(n, d_model, num_heads):
    """Weighted sums forgotten."""
    d_head = d_model // num_heads
    proj = 8 * n * d_model**2
    scores = num_heads * 2 * n * n * d_head
    return proj + scores


def multi_head_flops__one_addition_less(n, d_model, num_heads):
    """Counts 2 d - 1 FLOPs for a dot product of length d."""
    d_head = d_model // num_heads
    projections = 4 * n * d_model * (2 * d_model - 1)
    return projections + num_heads * (n * n * (2 * d_head - 1) + n * d_head * (2 * n - 1))


# ----------------------------------------------------------------------- general_multi_head
def general_multi_head__scaled_by_d_q(queries, keys, values, W_q, W_k, W_v, W_o):
    """Divides by the root of d_q, the size before the projection."""
    heads = []
    for A, B, C in zip(W_q, W_k, W_v, strict=True):
        weights = torch.softmax((queries @ A) @ (keys @ B).T / math.sqrt(queries.shape[1]), dim=-1)
        heads.append(weights @ (values @ C))
    return torch.cat(heads, dim=-1) @ W_o


def general_multi_head__scaled_by_all_heads_together(queries, keys, values, W_q, W_k, W_v, W_o):
    """Divides by the root of num_heads * p_k, the size of all heads side by side."""
    num_heads, _, p_k = W_q.shape
    Q, K, V = queries @ W_q, keys @ W_k, values @ W_v
    heads = torch.softmax(Q @ K.mT / math.sqrt(num_heads * p_k), dim=-1) @ V
    return torch.cat(list(heads), dim=1) @ W_o


def general_multi_head__scaled_by_the_number_of_heads(queries, keys, values, W_q, W_k, W_v, W_o):
    """Divides by the root of the number of heads."""
    Q, K, V = queries @ W_q, keys @ W_k, values @ W_v
    heads = torch.softmax(Q @ K.mT / math.sqrt(len(W_q)), dim=-1) @ V
    return heads.transpose(0, 1).flatten(1) @ W_o


def general_multi_head__scaled_by_p_v(queries, keys, values, W_q, W_k, W_v, W_o):
    """Divides by the root of p_v, the size of a head's values."""
    heads = []
    for i in range(W_q.shape[0]):
        V = values @ W_v[i]
        scores = (queries @ W_q[i]) @ (keys @ W_k[i]).T / math.sqrt(V.shape[-1])
        heads.append(torch.softmax(scores, dim=-1) @ V)
    return torch.hstack(heads) @ W_o


def general_multi_head__no_scale(queries, keys, values, W_q, W_k, W_v, W_o):
    """Forgets to divide by the root of p_k."""
    Q, K, V = queries @ W_q, keys @ W_k, values @ W_v
    return torch.cat(list(torch.softmax(Q @ K.mT, dim=-1) @ V), dim=-1) @ W_o


def general_multi_head__divides_by_the_inverse(queries, keys, values, W_q, W_k, W_v, W_o):
    """Takes p_k ** -0.5 and divides by it, which multiplies."""
    scale = W_q.shape[-1] ** -0.5
    heads = []
    for A, B, C in zip(W_q, W_k, W_v, strict=True):
        heads.append(torch.softmax((queries @ A) @ (keys @ B).T / scale, dim=-1) @ (values @ C))
    return torch.cat(heads, dim=-1) @ W_o


def general_multi_head__scale_after_the_softmax(queries, keys, values, W_q, W_k, W_v, W_o):
    """Divides the weights by the root of p_k instead of the scores."""
    Q, K, V = queries @ W_q, keys @ W_k, values @ W_v
    weights = torch.softmax(Q @ K.mT, dim=-1) / math.sqrt(Q.shape[-1])
    return torch.cat(list(weights @ V), dim=-1) @ W_o


def general_multi_head__softmax_over_the_heads(queries, keys, values, W_q, W_k, W_v, W_o):
    """Writes dim=0, which is the axis of the heads here."""
    Q, K, V = queries @ W_q, keys @ W_k, values @ W_v
    weights = torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=0)
    return torch.cat(list(weights @ V), dim=-1) @ W_o


def general_multi_head__softmax_over_the_queries(queries, keys, values, W_q, W_k, W_v, W_o):
    """Takes the softmax over the queries, the axis in the middle."""
    Q, K, V = queries @ W_q, keys @ W_k, values @ W_v
    weights = torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=1)
    return torch.cat(list(weights @ V), dim=-1) @ W_o


def general_multi_head__output_matrix_missing(queries, keys, values, W_q, W_k, W_v, W_o):
    """Puts the heads side by side and forgets W_o."""
    heads = [_attend(queries @ A, keys @ B, values @ C) for A, B, C in zip(W_q, W_k, W_v, strict=True)]
    return torch.cat(heads, dim=-1)


def general_multi_head__joined_by_reshape(queries, keys, values, W_q, W_k, W_v, W_o):
    """Reshapes (num_heads, num_queries, p_v) without swapping axes, which mixes queries and heads."""
    heads = _attend(queries @ W_q, keys @ W_k, values @ W_v)
    return heads.reshape(len(queries), -1) @ W_o


def general_multi_head__heads_interleaved(queries, keys, values, W_q, W_k, W_v, W_o):
    """Stacks the heads on the last axis, so features of different heads take turns."""
    heads = [_attend(queries @ A, keys @ B, values @ C) for A, B, C in zip(W_q, W_k, W_v, strict=True)]
    return torch.stack(heads, dim=-1).flatten(1) @ W_o


def general_multi_head__first_head_for_all(queries, keys, values, W_q, W_k, W_v, W_o):
    """Uses the matrices of the first head for every head."""
    heads = [_attend(queries @ W_q[0], keys @ W_k[0], values @ W_v[0]) for i in range(len(W_q))]
    return torch.cat(heads, dim=-1) @ W_o


def general_multi_head__heads_averaged(queries, keys, values, W_q, W_k, W_v, W_o):
    """Averages the heads and multiplies by the first p_v rows of W_o."""
    mean = _attend(queries @ W_q, keys @ W_k, values @ W_v).mean(dim=0)
    return mean @ W_o[: mean.shape[1]]


def general_multi_head__values_from_the_keys(queries, keys, values, W_q, W_k, W_v, W_o):
    """Projects the keys for the values, as in self-attention: fails unless d_v is d_k."""
    heads = _attend(queries @ W_q, keys @ W_k, keys @ W_v)
    return heads.transpose(0, 1).reshape(len(queries), -1) @ W_o


def general_multi_head__unstable_softmax(queries, keys, values, W_q, W_k, W_v, W_o):
    """Does not subtract the largest score: a score of 1000 gives NaN."""
    Q, K, V = queries @ W_q, keys @ W_k, values @ W_v
    e = torch.exp(Q @ K.mT / math.sqrt(Q.shape[-1]))
    heads = e / e.sum(dim=-1, keepdim=True) @ V
    return torch.cat(list(heads), dim=-1) @ W_o


def general_multi_head__no_scale__and__heads_interleaved(queries, keys, values, W_q, W_k, W_v, W_o):
    """Forgets to scale, and lets the features of different heads take turns."""
    weights = torch.softmax((queries @ W_q) @ (keys @ W_k).mT, dim=-1)
    return (weights @ (values @ W_v)).permute(1, 2, 0).flatten(1) @ W_o


def general_multi_head__scaled_by_p_v__and__softmax_over_the_queries(queries, keys, values, W_q, W_k, W_v, W_o):
    """Divides by the root of p_v, and takes the softmax over the queries."""
    heads = []
    for A, B, C in zip(W_q, W_k, W_v, strict=True):
        scores = (queries @ A) @ (keys @ B).T / math.sqrt(C.shape[-1])
        heads.append(torch.softmax(scores, dim=0) @ (values @ C))
    return torch.cat(heads, dim=-1) @ W_o


def general_multi_head__scale_dk(queries, keys, values, W_q, W_k, W_v, W_o):
    """Scales by the width of the keys before projection."""
    d_k = keys.shape[-1]
    outs = []
    for i in range(W_q.shape[0]):
        q, k, v = queries @ W_q[i], keys @ W_k[i], values @ W_v[i]
        outs.append(torch.softmax(q @ k.T / math.sqrt(d_k), dim=-1) @ v)
    return torch.cat(outs, dim=-1) @ W_o


def general_multi_head__stack(queries, keys, values, W_q, W_k, W_v, W_o):
    """einsum and reshape of (heads, n, p_v) without a transpose."""
    q, k, v = queries @ W_q, keys @ W_k, values @ W_v
    w = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1)
    out = w @ v
    return out.reshape(queries.shape[0], -1) @ W_o


def general_multi_head__cat_dim0(queries, keys, values, W_q, W_k, W_v, W_o):
    """Concatenates the heads along the tokens: shapes do not fit."""
    heads = []
    for wq, wk, wv in zip(W_q, W_k, W_v, strict=True):
        q, k, v = queries @ wq, keys @ wk, values @ wv
        a = F.softmax(q @ k.T / q.shape[-1] ** 0.5, dim=-1)
        heads.append(a @ v)
    return torch.cat(heads) @ W_o


def general_multi_head__scale_pv(queries, keys, values, W_q, W_k, W_v, W_o):
    """Root of p_v instead of p_k."""
    heads = []
    for i in range(len(W_q)):
        q, k, v = queries @ W_q[i], keys @ W_k[i], values @ W_v[i]
        heads.append(F.softmax(q @ k.T / math.sqrt(v.shape[-1]), dim=-1) @ v)
    return torch.cat(heads, dim=1) @ W_o


def general_multi_head__softmax_over_one_row(queries, keys, values, W_q, W_k, W_v, W_o):
    """Goes query by query and takes the softmax over the axis of size 1."""
    rows = []
    for query in queries:
        heads = []
        for A, B, C in zip(W_q, W_k, W_v, strict=True):
            scores = (query[None] @ A) @ (keys @ B).T / A.shape[1] ** 0.5
            heads.append(scores.softmax(dim=0) @ (values @ C))
        rows.append(torch.cat(heads, dim=-1) @ W_o)
    return torch.cat(rows)


def general_multi_head__sum_without_keepdim(queries, keys, values, W_q, W_k, W_v, W_o):
    """Forgets keepdim in the sum of each head: it runs only for as many queries as keys."""
    heads = []
    for A, B, C in zip(W_q, W_k, W_v, strict=True):
        scores = (queries @ A) @ (keys @ B).T / A.shape[1] ** 0.5
        e = torch.exp(scores - scores.amax(dim=1, keepdim=True))
        heads.append(e / e.sum(dim=1) @ (values @ C))
    return torch.cat(heads, dim=-1) @ W_o


def general_multi_head__one_maximum_a_head(queries, keys, values, W_q, W_k, W_v, W_o):
    """Subtracts the largest score of each head's whole table."""
    heads = []
    for A, B, C in zip(W_q, W_k, W_v, strict=True):
        scores = (queries @ A) @ (keys @ B).T / A.shape[1] ** 0.5
        e = torch.exp(scores - scores.max())
        heads.append(e @ (values @ C) / e.sum(dim=1, keepdim=True))
    return torch.cat(heads, dim=-1) @ W_o


def general_multi_head__projected_keys_gathered(queries, keys, values, W_q, W_k, W_v, W_o):
    """Gathers the projected keys: it runs only where p_k equals p_v."""
    K = keys @ W_k
    heads = F.scaled_dot_product_attention(queries @ W_q, K, K)
    return torch.cat(list(heads), dim=-1) @ W_o


def general_multi_head__keys_ask(queries, keys, values, W_q, W_k, W_v, W_o):
    """Lets the keys ask and the queries answer: it runs only where all sizes agree."""
    heads = F.scaled_dot_product_attention(keys @ W_q, queries @ W_k, queries @ W_v)
    return heads.transpose(0, 1).flatten(1) @ W_o


# ------------------------------------------------------------------------- multi_head_cross
def multi_head_cross__sources_swapped(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Takes the queries from memory and keys and values from X: a row for every word of memory."""
    Q, K, V = _split(memory @ W_q, num_heads), _split(X @ W_k, num_heads), _split(X @ W_v, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__values_from_X(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Takes the keys from memory and the values from X: fails unless n is m."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(X @ W_v, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__keys_from_X(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Takes the values from memory and the keys from X: fails unless n is m."""
    Q, K, V = _split(X @ W_q, num_heads), _split(X @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__memory_unused(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Copied self-attention; memory plays no part."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__memory_behind_X(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Lets X attend to itself as well, with memory joined behind it."""
    everything = torch.cat([X, memory], dim=1)
    Q, K, V = _split(X @ W_q, num_heads), _split(everything @ W_k, num_heads), _split(everything @ W_v, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__memory_cut_to_the_length_of_X(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Cuts memory off after n words, because the sizes seem to have to agree."""
    memory = memory[:, : X.shape[1]]
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__first_memory_for_all(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Uses the first sentence of memory for the whole batch."""
    memory = memory[:1].expand(len(X), -1, -1)
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__across_the_batch(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Puts the memories of all sentences in one row, so a sentence attends to those of the others."""
    memory = memory.reshape(1, -1, memory.shape[-1]).expand(len(X), -1, -1)
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(_attend(Q, K, V)) @ W_o


def multi_head_cross__values_not_projected(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Splits memory itself for the values; W_v plays no part."""
    Q, K = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads)
    return _join(_attend(Q, K, _split(memory, num_heads))) @ W_o


def multi_head_cross__one_matrix_for_memory(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Projects memory once, with W_k, and uses it for keys and values."""
    projected = _split(memory @ W_k, num_heads)
    return _join(_attend(_split(X @ W_q, num_heads), projected, projected)) @ W_o


def multi_head_cross__scaled_by_d_model(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Divides by sqrt(d_model) and not by sqrt(d_head)."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    weights = torch.softmax(Q @ K.mT / math.sqrt(X.shape[-1]), dim=-1)
    return _join(weights @ V) @ W_o


def multi_head_cross__hard_coded_eight(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Divides by 8, which fits d_head = 64 alone."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(torch.softmax(Q @ K.mT / 8, dim=-1) @ V) @ W_o


def multi_head_cross__softmax_over_the_queries(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Takes the softmax over the words of X and not over those of memory."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    weights = torch.softmax(Q @ K.mT / math.sqrt(Q.shape[-1]), dim=2)
    return _join(weights @ V) @ W_o


def multi_head_cross__causal_mask_on_top(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Hides the words of memory that stand further back than the query, as a decoder does with its own."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(F.scaled_dot_product_attention(Q, K, V, is_causal=True)) @ W_o


def multi_head_cross__joined_without_swapping_back(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Splits as it should and joins by reshape alone."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _attend(Q, K, V).reshape(X.shape) @ W_o


def multi_head_cross__output_matrix_missing(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Joins the heads and forgets to multiply by W_o."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(_attend(Q, K, V))


def multi_head_cross__sources_swapped__and__scaled_by_d_model(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Takes the queries from memory and the rest from X, and divides by sqrt(d_model)."""
    Q, K, V = _split(memory @ W_q, num_heads), _split(X @ W_k, num_heads), _split(X @ W_v, num_heads)
    return _join(torch.softmax(Q @ K.mT / X.shape[-1] ** 0.5, dim=-1) @ V) @ W_o


def multi_head_cross__memory_unused__and__output_matrix_missing(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Copied self-attention, without its last line."""
    Q, K, V = (_split(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _join(_attend(Q, K, V))


def multi_head_cross__swapped(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Queries from memory, keys and values from X."""
    q = _split(memory @ W_q, num_heads)
    k, v = _split(X @ W_k, num_heads), _split(X @ W_v, num_heads)
    return _join(_attend(q, k, v)) @ W_o


def multi_head_cross__self(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """memory never used."""
    q, k, v = _split(X @ W_q, num_heads), _split(X @ W_k, num_heads), _split(X @ W_v, num_heads)
    return _join(_attend(q, k, v)) @ W_o


def multi_head_cross__values_from_x(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Values from X: shapes do not fit unless n = m."""
    q = _split(X @ W_q, num_heads)
    k = _split(memory @ W_k, num_heads)
    v = _split(X @ W_v, num_heads)
    return _join(_attend(q, k, v)) @ W_o


def multi_head_cross__view_with_n(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Uses the shape of X for the memory too: view fails."""
    b, n, d = X.shape
    q = (X @ W_q).view(b, n, num_heads, d // num_heads).transpose(1, 2)
    k = (memory @ W_k).view(b, n, num_heads, d // num_heads).transpose(1, 2)
    v = (memory @ W_v).view(b, n, num_heads, d // num_heads).transpose(1, 2)
    return _join(_attend(q, k, v)) @ W_o


def multi_head_cross__attends_across_the_batch(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Takes the words for the first axis: it runs only for equally long sentences."""
    X, memory = X.transpose(0, 1), memory.transpose(0, 1)
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return (_join(_attend(Q, K, V)) @ W_o).transpose(0, 1)


def multi_head_cross__scaled_by_the_number_of_queries(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Divides by the root of n, the number of words in X."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join((Q @ K.mT / math.sqrt(X.shape[1])).softmax(-1) @ V) @ W_o


def multi_head_cross__matrices_swapped__and__no_scale(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Makes the queries with W_k and the keys with W_q, and leaves the scale out."""
    Q, K, V = _split(X @ W_k, num_heads), _split(memory @ W_q, num_heads), _split(memory @ W_v, num_heads)
    return _join((Q @ K.mT).softmax(-1) @ V) @ W_o


def multi_head_cross__matrices_swapped__and__values_from_W_k(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Makes queries and values with W_k and keys with W_q."""
    Q, K, V = _split(X @ W_k, num_heads), _split(memory @ W_q, num_heads), _split(memory @ W_k, num_heads)
    return _join(F.scaled_dot_product_attention(Q, K, V)) @ W_o


def multi_head_cross__split_by_reshape_only__and__output_matrix_missing(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Splits by view alone, and forgets W_o."""
    d_head = X.shape[-1] // num_heads
    parts = ((source @ W).view(len(X), num_heads, -1, d_head) for source, W in ((X, W_q), (memory, W_k), (memory, W_v)))
    return _join(F.scaled_dot_product_attention(*parts))


def multi_head_cross__no_scale__and__softmax_over_the_queries(X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Leaves the scale out and normalises over the queries."""
    Q, K, V = _split(X @ W_q, num_heads), _split(memory @ W_k, num_heads), _split(memory @ W_v, num_heads)
    return _join(torch.softmax(Q @ K.mT, dim=2) @ V) @ W_o
