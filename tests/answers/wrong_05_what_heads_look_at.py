"""Wrong answers to the exercises of chapter 5, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as a sentence that comes
twice, a head that is not the first, or scores in the hundreds.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: RET503, RET505 - learners' slips are the point

import math

import numpy as np
import torch
import torch.nn.functional as F


def _project(X, W, b):
    """Project as nn.Linear does, for answers whose mistake is elsewhere."""
    return X @ W.T + b


def _columns(W, num_heads, head):
    """Say which features a head owns, for answers whose mistake is elsewhere."""
    d_head = W.shape[0] // num_heads
    return slice(head * d_head, (head + 1) * d_head)


def _side_by_side(heads):
    """Put the heads side by side as they should stand, for answers whose mistake is elsewhere."""
    return heads.transpose(0, 1).flatten(1)


# --------------------------------------------------------------------------------- head_map
def head_map__weights_not_transposed(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Multiplies by W as the formula in the book has it, and not by W transposed."""
    d_head = X.shape[1] // num_heads
    s = slice(head * d_head, (head + 1) * d_head)
    Q, K = (X @ W_q + b_q)[:, s], (X @ W_k + b_k)[:, s]
    return torch.softmax(Q @ K.T / math.sqrt(d_head), dim=-1)


def head_map__columns_of_the_weights_cut(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Cuts the columns that belong to the head out of W; in nn.Linear the rows belong to it."""
    d_head = X.shape[1] // num_heads
    s = slice(head * d_head, (head + 1) * d_head)
    Q = X @ W_q[:, s] + b_q[s]
    K = X @ W_k[:, s] + b_k[s]
    return F.softmax(Q @ K.T / d_head**0.5, dim=1)


def head_map__key_weights_not_transposed(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Transposes the matrix of the queries and forgets that of the keys."""
    s = _columns(W_q, num_heads, head)
    Q = (X @ W_q.T + b_q)[:, s]
    K = (X @ W_k + b_k)[:, s]
    return torch.softmax(Q @ K.T / Q.shape[1] ** 0.5, dim=-1)


def head_map__biases_forgotten(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Projects with the matrices alone."""
    s = _columns(W_q, num_heads, head)
    Q, K = (X @ W_q.T)[:, s], (X @ W_k.T)[:, s]
    return torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), dim=-1)


def head_map__biases_swapped(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Adds the bias of the keys to the queries and the other way round."""
    s = _columns(W_q, num_heads, head)
    Q, K = _project(X, W_q, b_k)[:, s], _project(X, W_k, b_q)[:, s]
    return torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), dim=-1)


def head_map__scaled_by_d_model(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Divides by sqrt(d_model), the width of the whole layer."""
    s = _columns(W_q, num_heads, head)
    Q, K = _project(X, W_q, b_q)[:, s], _project(X, W_k, b_k)[:, s]
    return torch.softmax(Q @ K.T / math.sqrt(X.shape[1]), dim=-1)


def head_map__divided_by_d_head(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Forgets the square root."""
    s = _columns(W_q, num_heads, head)
    Q, K = _project(X, W_q, b_q)[:, s], _project(X, W_k, b_k)[:, s]
    return torch.softmax(Q @ K.T / Q.shape[1], dim=-1)


def head_map__scale_missing(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Takes the softmax of the plain dot products."""
    d_head = X.shape[1] // num_heads
    Q = _project(X, W_q, b_q).view(-1, num_heads, d_head)[:, head]
    K = _project(X, W_k, b_k).view(-1, num_heads, d_head)[:, head]
    return (Q @ K.T).softmax(dim=-1)


def head_map__softmax_over_the_queries(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Makes the columns sum to 1 and not the rows."""
    s = _columns(W_q, num_heads, head)
    Q, K = _project(X, W_q, b_q)[:, s], _project(X, W_k, b_k)[:, s]
    return torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), dim=0)


def head_map__heads_interleaved(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Gives the head every num_heads-th feature."""
    Q, K = _project(X, W_q, b_q)[:, head::num_heads], _project(X, W_k, b_k)[:, head::num_heads]
    return torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), dim=-1)


def head_map__reshape_only(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Reshapes to (num_heads, n, d_head) at once, which mixes words and features."""
    n, d_model = X.shape
    d_head = d_model // num_heads
    Q = _project(X, W_q, b_q).reshape(num_heads, n, d_head)[head]
    K = _project(X, W_k, b_k).reshape(num_heads, n, d_head)[head]
    return torch.softmax(Q @ K.T / d_head**0.5, dim=-1)


def head_map__heads_counted_from_one(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Takes head 1 for the first one, so it returns the head before."""
    d_head = X.shape[1] // num_heads
    first = (head - 1) * d_head
    Q = _project(X, W_q, b_q)[:, first : first + d_head]
    K = _project(X, W_k, b_k)[:, first : first + d_head]
    return torch.softmax(Q @ K.T / math.sqrt(d_head), dim=-1)


def head_map__starts_at_feature_head(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Starts at feature number head and not at head * d_head."""
    d_head = X.shape[1] // num_heads
    Q = _project(X, W_q, b_q)[:, head : head + d_head]
    K = _project(X, W_k, b_k)[:, head : head + d_head]
    return torch.softmax(Q @ K.T / math.sqrt(d_head), dim=-1)


def head_map__queries_and_keys_swapped(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Multiplies keys by queries, so row i tells who looks at word i."""
    s = _columns(W_q, num_heads, head)
    Q, K = _project(X, W_q, b_q)[:, s], _project(X, W_k, b_k)[:, s]
    return torch.softmax(K @ Q.T / math.sqrt(Q.shape[-1]), dim=-1)


def head_map__biases_forgotten__and__scaled_by_d_model(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Leaves the biases out and divides by sqrt(d_model)."""
    s = _columns(W_q, num_heads, head)
    return torch.softmax((X @ W_q.T)[:, s] @ (X @ W_k.T)[:, s].T / X.shape[1] ** 0.5, dim=-1)


def head_map__weights_not_transposed__and__heads_interleaved(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Multiplies by W itself, and views the features with d_head in front of num_heads."""
    n, d_model = X.shape
    Q = (X @ W_q + b_q).view(n, d_model // num_heads, num_heads)[:, :, head]
    K = (X @ W_k + b_k).view(n, d_model // num_heads, num_heads)[:, :, head]
    return torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), dim=-1)


def head_map__bias_of_head_zero(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Cuts the rows of W for the head, but always adds the first d_head entries of the bias (head 0's)."""
    d_head = X.shape[-1] // num_heads
    rows = slice(head * d_head, (head + 1) * d_head)
    q = X @ W_q[rows].T + b_q[:d_head]
    k = X @ W_k[rows].T + b_k[:d_head]
    return torch.softmax(q @ k.T / d_head**0.5, dim=-1)


def head_map__cuts_input_features_first(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Gives the head only its own slice of the input X, and the diagonal block of W, instead of the whole word."""
    d_head = X.shape[1] // num_heads
    own = slice(head * d_head, (head + 1) * d_head)
    q = X[:, own] @ W_q[own, own].T + b_q[own]
    k = X[:, own] @ W_k[own, own].T + b_k[own]
    return torch.softmax(q @ k.T / d_head**0.5, dim=-1)


def head_map__bias_of_the_keys_forgotten__and__softmax_over_the_queries(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Leaves out the bias of the keys, and takes the softmax over the queries (axis 0)."""
    d_head = X.shape[1] // num_heads
    own = slice(head * d_head, (head + 1) * d_head)
    q = (X @ W_q.T + b_q)[:, own]
    k = (X @ W_k.T)[:, own]
    return torch.softmax(q @ k.T / d_head**0.5, dim=0)


def head_map__exp_without_max(X, W_q, b_q, W_k, b_k, num_heads, head):
    """Writes the softmax as exp / sum without taking off the maximum: large scores overflow to NaN."""
    d_head = X.shape[1] // num_heads
    own = slice(head * d_head, (head + 1) * d_head)
    q, k = (X @ W_q.T + b_q)[:, own], (X @ W_k.T + b_k)[:, own]
    e = torch.exp((q @ k.T) * d_head**-0.5)
    return e / e.sum(dim=1, keepdim=True)


# ----------------------------------------------------------------------------- without_head
def without_head__nothing_switched_off(weights, values, W_o, head):
    """Calls masked_fill and throws the result away."""
    off = torch.zeros(len(weights), 1, 1, dtype=torch.bool)
    off[head] = True
    weights.masked_fill(off, 0.0)
    return _side_by_side(weights @ values) @ W_o


def without_head__all_the_others_off(weights, values, W_o, head):
    """Keeps this head and switches the others off."""
    heads = weights @ values
    only = torch.zeros_like(heads)
    only[head] = heads[head]
    return _side_by_side(only) @ W_o


def without_head__heads_counted_from_one(weights, values, W_o, head):
    """Switches the head before off, as if the first one were head 1."""
    heads = weights @ values
    heads[head - 1] = 0
    return _side_by_side(heads) @ W_o


def without_head__others_made_larger(weights, values, W_o, head):
    """Multiplies what is left by num_heads / (num_heads - 1), as dropout does."""
    num_heads = len(weights)
    heads = weights @ values
    heads[head] = 0
    return _side_by_side(heads) @ W_o * num_heads / (num_heads - 1)


def without_head__looks_everywhere(weights, values, W_o, head):
    """Gives the head equal weights for all words, so it still adds the mean of its values."""
    weights = weights.clone()
    weights[head] = 1 / weights.shape[-1]
    return _side_by_side(weights @ values) @ W_o


def without_head__weights_minus_infinity(weights, values, W_o, head):
    """Fills the weights of the head with -inf, as one does with scores."""
    weights = weights.clone()
    weights[head] = -torch.inf
    return _side_by_side(weights @ values) @ W_o


def without_head__others_move_up(weights, values, W_o, head):
    """Removes the head and lets the ones behind it use the rows of W_o in front of theirs."""
    others = [h for h in range(len(weights)) if h != head]
    joined = _side_by_side(weights[others] @ values[others])
    return joined @ W_o[: joined.shape[1]]


def without_head__columns_of_W_o_cleared(weights, values, W_o, head):
    """Clears the columns of W_o: that takes away output features and not a head."""
    d_head = values.shape[-1]
    W_o = W_o.clone()
    W_o[:, head * d_head : (head + 1) * d_head] = 0
    return _side_by_side(weights @ values) @ W_o


def without_head__one_row_of_W_o_cleared(weights, values, W_o, head):
    """Clears a single row of W_o, though d_head of them belong to the head."""
    W_o = W_o.clone()
    W_o[head] = 0
    return _side_by_side(weights @ values) @ W_o


def without_head__one_word_silent(weights, values, W_o, head):
    """Takes the wrong axis: one word gets no output, in every head."""
    weights = weights.clone()
    weights[:, head] = 0
    return _side_by_side(weights @ values) @ W_o


def without_head__output_matrix_missing(weights, values, W_o, head):
    """Joins the heads and forgets to multiply by W_o."""
    heads = weights @ values
    heads[head] = 0
    return _side_by_side(heads)


def without_head__joined_by_reshape_only(weights, values, W_o, head):
    """Reshapes without bringing the words to the front, which mixes words and heads."""
    heads = weights @ values
    heads[head] = 0
    return heads.reshape(weights.shape[1], -1) @ W_o


def without_head__heads_interleaved(weights, values, W_o, head):
    """Puts the first features of all heads together, then the second ones, and so on."""
    heads = weights @ values
    heads[head] = 0
    return heads.permute(1, 2, 0).flatten(1) @ W_o


def without_head__weights_transposed(weights, values, W_o, head):
    """Lets every word collect by its column and not by its row."""
    heads = weights.mT @ values
    heads[head] = 0
    return _side_by_side(heads) @ W_o


def without_head__heads_counted_from_one__and__others_made_larger(weights, values, W_o, head):
    """Switches the head before off, and makes up for it in the others."""
    heads = weights @ values
    keep = [h for h in range(len(heads)) if h != head - 1]
    mask = torch.zeros(len(heads), 1, 1)
    mask[keep] = len(heads) / len(keep)
    return _side_by_side(heads * mask) @ W_o


def without_head__all_the_others_off__and__heads_interleaved(weights, values, W_o, head):
    """Keeps this head alone, and deals its features out over W_o like cards."""
    heads = weights @ values
    only = torch.zeros_like(heads)
    only[head] = heads[head]
    return only.permute(1, 2, 0).reshape(len(heads[0]), -1) @ W_o


# --------------------------------------------------------------------------------- cut_edge
def cut_edge__cut_in_both_directions(scores, query, key):
    """Cuts the way back as well."""
    scores = scores.clone()
    scores[:, query, key] = -torch.inf
    scores[:, key, query] = -torch.inf
    return torch.softmax(scores, dim=-1)


def cut_edge__query_and_key_swapped(scores, query, key):
    """Cuts the edge from key to query."""
    scores = scores.clone()
    scores[:, key, query] = float("-inf")
    return torch.softmax(scores, dim=-1)


def cut_edge__weight_cleared_after_softmax(scores, query, key):
    """Sets the weight to 0 after the softmax, so the row does not sum to 1."""
    weights = torch.softmax(scores, dim=-1)
    weights[:, query, key] = 0
    return weights


def cut_edge__score_set_to_zero(scores, query, key):
    """Sets the score to 0, which is a score like any other."""
    scores = scores.clone()
    scores[:, query, key] = 0
    return scores.softmax(-1)


def cut_edge__one_billionth(scores, query, key):
    """Writes -1e-9 and means -1e9."""
    scores = scores.clone()
    scores[:, query, key] = -1e-9
    return torch.softmax(scores, dim=-1)


def cut_edge__minus_one_hundred(scores, query, key):
    """Takes -100 for small enough; scores far below 0 are smaller still."""
    scores = scores.clone()
    scores[:, query, key] = -100.0
    return torch.softmax(scores, dim=-1)


def cut_edge__first_head_only(scores, query, key):
    """Cuts the edge in the first head, and in no other one."""
    scores = scores.clone()
    scores[0, query, key] = -torch.inf
    return torch.softmax(scores, dim=-1)


def cut_edge__nobody_looks_at_key(scores, query, key):
    """Cuts the whole column: no word may look at key."""
    scores = scores.clone()
    scores[:, :, key] = -torch.inf
    return torch.softmax(scores, dim=-1)


def cut_edge__whole_row_cut(scores, query, key):
    """Cuts all edges of the query, so its row is NaN."""
    scores = scores.clone()
    scores[:, query] = -torch.inf
    return torch.softmax(scores, dim=-1)


def cut_edge__masked_fill_dropped(scores, query, key):
    """Calls masked_fill without an underscore and does not keep the result."""
    mask = torch.zeros(scores.shape[-2:], dtype=torch.bool)
    mask[query, key] = True
    scores.masked_fill(mask, float("-inf"))
    return torch.softmax(scores, dim=-1)


def cut_edge__softmax_over_the_queries(scores, query, key):
    """Makes the columns sum to 1 and not the rows."""
    scores = scores.clone()
    scores[:, query, key] = -torch.inf
    return torch.softmax(scores, dim=1)


def cut_edge__scaled_once_more(scores, query, key):
    """Divides by a square root, though the scores are scaled already."""
    scores = scores.clone()
    scores[:, query, key] = -torch.inf
    return torch.softmax(scores / math.sqrt(scores.shape[-1]), dim=-1)


def cut_edge__zero_times_infinity(scores, query, key):
    """Multiplies a mask of zeros by -inf, which is NaN."""
    mask = torch.zeros_like(scores)
    mask[:, query, key] = 1
    return torch.softmax(scores + mask * -torch.inf, dim=-1)


def cut_edge__freed_weight_shared_equally(scores, query, key):
    """Gives every word that is left the same part of the weight, whatever its score."""
    weights = torch.softmax(scores, dim=-1)
    freed = weights[:, query, key].clone()
    weights[:, query] += freed[:, None] / (scores.shape[-1] - 1)
    weights[:, query, key] = 0
    return weights


def cut_edge__divided_by_the_sum_of_what_is_left(scores, query, key):
    """Clears the weight after the softmax and divides by the rest, which is 0 if all weight was on the edge."""
    weights = torch.softmax(scores, dim=-1)
    weights[:, query, key] = 0
    return weights / weights.sum(dim=-1, keepdim=True)


def cut_edge__query_and_key_swapped__and__weight_cleared_after_softmax(scores, query, key):
    """Cuts the edge from key to query, and does so after the softmax."""
    weights = torch.softmax(scores, dim=-1)
    weights[:, key, query] = 0
    return weights


def cut_edge__smallest_score(scores, query, key):
    """Replaces the score by the smallest score of the table, thinking that the smallest gets no weight."""
    s = scores.clone()
    s[:, query, key] = scores.min()
    return torch.softmax(s, -1)


def cut_edge__query_and_key_swapped__and__softmax_over_the_queries(scores, query, key):
    """Reads the axes as (head, key, query), so cuts [key, query], and takes the softmax over axis 1."""
    s = scores.clone()
    s[:, key, query] = -math.inf
    return torch.softmax(s, dim=1)


# --------------------------------------------------------------------------- top_word_share
def top_word_share__askers_and_answers_swapped(weights, askers, answers):
    """Takes the row of the answer and looks for the asker in it."""
    sentences = torch.arange(len(weights))
    tops = weights[sentences, answers].argmax(dim=-1)
    return (tops == askers).float().mean()


def top_word_share__largest_of_the_column(weights, askers, answers):
    """Takes the argmax over the queries: the word that looks most at the asker."""
    tops = weights.argmax(dim=1)
    return (tops[torch.arange(len(weights)), askers] == answers).float().mean().item()


def top_word_share__mean_weight(weights, askers, answers):
    """Averages the weight of the right word, whether it is the largest or not."""
    return weights[torch.arange(len(weights)), askers, answers].mean()


def top_word_share__not_divided(weights, askers, answers):
    """Counts the hits and does not divide."""
    return sum(int(w[a].argmax() == b) for w, a, b in zip(weights, askers, answers, strict=True))


def top_word_share__divided_by_the_words(weights, askers, answers):
    """Divides the hits by the number of words in a sentence."""
    hits = 0
    for s in range(len(weights)):
        if weights[s, askers[s]].argmax() == answers[s]:
            hits += 1
    return hits / weights.shape[1]


def top_word_share__integer_division(weights, askers, answers):
    """Divides with two slashes: 0 unless every sentence is right."""
    hits = 0
    for s in range(len(weights)):
        hits += int(weights[s, askers[s]].argmax() == answers[s])
    return hits // len(weights)


def top_word_share__percent(weights, askers, answers):
    """Multiplies by 100."""
    tops = weights[torch.arange(len(weights)), askers].argmax(dim=-1)
    return 100 * (tops == answers).float().mean()


def top_word_share__all_words_ask(weights, askers, answers):
    """Compares the top word of every row, not only of the asker's."""
    return (weights.argmax(dim=-1) == answers[:, None]).float().mean()


def top_word_share__colon_for_the_sentences(weights, askers, answers):
    """Writes weights[:, askers], which takes the askers of all sentences in each of them."""
    tops = weights[:, askers].argmax(dim=-1)
    return (tops == answers).float().mean()


def top_word_share__first_sentence_for_all(weights, askers, answers):
    """Uses the weights of the first sentence throughout."""
    tops = weights[0].argmax(dim=-1)[askers]
    return (tops == answers).float().mean().item()


def top_word_share__more_than_half(weights, askers, answers):
    """Counts a hit if the right word has more than half of the weight."""
    right = weights[torch.arange(len(weights)), askers, answers]
    return (right > 0.5).float().mean()


def top_word_share__places_counted_from_one(weights, askers, answers):
    """Adds 1 to the place of the top word."""
    tops = weights[torch.arange(len(weights)), askers].argmax(dim=-1) + 1
    return (tops == answers).float().mean()


def top_word_share__asker_left_out(weights, askers, answers):
    """Does not let a word look at itself before it searches the largest weight."""
    hits = []
    for w, asker, answer in zip(weights, askers, answers, strict=True):
        row = w[asker].clone()
        row[asker] = -1
        hits.append(float(row.argmax() == answer))
    return sum(hits) / len(hits)


def top_word_share__share_of_the_wrong_ones(weights, askers, answers):
    """Counts the sentences where the top word is not the right one."""
    tops = weights[torch.arange(len(weights)), askers].argmax(dim=-1)
    return (tops != answers).float().mean()


def top_word_share__last_word_asks(weights, askers, answers):
    """Takes the last row of every sentence and ignores askers."""
    return (weights[:, -1].argmax(-1) == answers).float().mean().item()


def top_word_share__askers_and_answers_swapped__and__not_divided(weights, askers, answers):
    """Looks for the asker in the row of the answer, and returns a count."""
    return sum(int(w[b].argmax() == a) for w, a, b in zip(weights, askers, answers, strict=True))


# ------------------------------------------------------------------------------- layer_norm
def layer_norm__unbiased_variance(x, gain, shift, eps):
    """Uses torch's var as it comes, which divides by the number of features minus 1."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, keepdim=True)
    return gain * (x - mean) / torch.sqrt(variance + eps) + shift


def layer_norm__std_plus_eps(x, gain, shift, eps):
    """Adds eps to the standard deviation, outside the root."""
    mean = x.mean(dim=-1, keepdim=True)
    std = x.std(dim=-1, keepdim=True, unbiased=False)
    return gain * (x - mean) / (std + eps) + shift


def layer_norm__unbiased_variance__and__std_plus_eps(x, gain, shift, eps):
    """Copies a well-known implementation: torch's std as it comes, and eps added to it."""
    mean = x.mean(-1, keepdim=True)
    std = x.std(-1, keepdim=True)
    return gain * (x - mean) / (std + eps) + shift


def layer_norm__over_the_words(x, gain, shift, eps):
    """Takes mean and variance over the words of a sentence."""
    mean = x.mean(dim=1, keepdim=True)
    variance = x.var(dim=1, keepdim=True, unbiased=False)
    return gain * (x - mean) / torch.sqrt(variance + eps) + shift


def layer_norm__over_batch_and_words(x, gain, shift, eps):
    """Takes mean and variance of every feature over all words, as batch norm does."""
    mean = x.mean(dim=(0, 1))
    variance = x.var(dim=(0, 1), unbiased=False)
    return gain * (x - mean) / torch.sqrt(variance + eps) + shift


def layer_norm__over_the_whole_sentence(x, gain, shift, eps):
    """Takes one mean and one variance for all words of a sentence."""
    mean = x.mean(dim=(1, 2), keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=(1, 2), keepdim=True)
    return gain * (x - mean) / (variance + eps).sqrt() + shift


def layer_norm__eps_forgotten(x, gain, shift, eps):
    """Divides by the plain standard deviation."""
    mean = x.mean(dim=-1, keepdim=True)
    return gain * (x - mean) / x.std(dim=-1, keepdim=True, correction=0) + shift


def layer_norm__eps_hard_coded(x, gain, shift, eps):
    """Lets torch use its own eps of 1e-5."""
    return F.layer_norm(x, (x.shape[-1],), gain, shift)


def layer_norm__root_forgotten(x, gain, shift, eps):
    """Divides by the variance."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, keepdim=True, unbiased=False)
    return gain * (x - mean) / (variance + eps) + shift


def layer_norm__gain_and_shift_unused(x, gain, shift, eps):
    """Normalises and stops there."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, keepdim=True, unbiased=False)
    return (x - mean) / torch.sqrt(variance + eps)


def layer_norm__shift_before_gain(x, gain, shift, eps):
    """Puts the bracket in the wrong place: the shift is stretched as well."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, keepdim=True, unbiased=False)
    return gain * ((x - mean) / torch.sqrt(variance + eps) + shift)


def layer_norm__mean_not_subtracted(x, gain, shift, eps):
    """Divides by the standard deviation and leaves the mean where it is."""
    variance = x.var(dim=-1, keepdim=True, unbiased=False)
    return gain * x / torch.sqrt(variance + eps) + shift


def layer_norm__mean_of_the_squares(x, gain, shift, eps):
    """Takes the mean of the squares for the variance, before the mean is subtracted."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x**2).mean(dim=-1, keepdim=True)
    return gain * (x - mean) / torch.sqrt(variance + eps) + shift


def layer_norm__keepdims_forgotten(x, gain, shift, eps):
    """Drops the axis of the features, so the means do not stand next to their words."""
    x = x.numpy()
    mean, variance = x.mean(axis=-1), x.var(axis=-1)
    return gain.numpy() * (x - mean) / np.sqrt(variance + eps) + shift.numpy()


def layer_norm__gain_around_one(x, gain, shift, eps):
    """Stretches by 1 + gain, as if gain began at 0."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, keepdim=True, unbiased=False)
    return (1 + gain) * (x - mean) / torch.sqrt(variance + eps) + shift


def layer_norm__over_the_words__and__unbiased_variance(x, gain, shift, eps):
    """Normalises along the sentence, with torch's var as it comes."""
    return gain * (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + eps).sqrt() + shift


def layer_norm__new_layer_ignores_arguments(x, gain, shift, eps):
    """Makes a fresh nn.LayerNorm, whose own gain 1 and shift 0 are used; the given gain, shift and eps are ignored."""
    layer = torch.nn.LayerNorm(x.shape[-1])
    return layer(x).detach()


def layer_norm__mean_of_the_squares__and__eps_forgotten(x, gain, shift, eps):
    """The variance is the mean of x squared (mean not taken off), and eps is left out."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x**2).mean(dim=-1, keepdim=True)
    return gain * (x - mean) / variance.sqrt() + shift


# ----------------------------------------------------------------------------- first_fooled
def first_fooled__counted_from_one(read, sentences, nouns):
    """Counts the sentences from 1."""
    for i, (sentence, noun) in enumerate(zip(sentences, nouns, strict=True), start=1):
        if read(sentence) != noun:
            return i
    return -1


def first_fooled__first_one_read_rightly(read, sentences, nouns):
    """Returns the first sentence that is read as it is meant."""
    for i in range(len(sentences)):
        if read(sentences[i]) == nouns[i]:
            return i
    return -1


def first_fooled__gives_up_after_the_first(read, sentences, nouns):
    """Returns -1 inside the loop, so only the first sentence is looked at."""
    for i in range(len(sentences)):
        if read(sentences[i]) != nouns[i]:
            return i
        else:
            return -1
    return -1


def first_fooled__last_one(read, sentences, nouns):
    """Does not stop at the first, so the last one is left in the end."""
    found = -1
    for i, sentence in enumerate(sentences):
        if read(sentence) != nouns[i]:
            found = i
    return found


def first_fooled__how_many(read, sentences, nouns):
    """Counts the sentences that fool the model."""
    return sum(read(sentence) != noun for sentence, noun in zip(sentences, nouns, strict=True)) or -1


def first_fooled__all_of_them(read, sentences, nouns):
    """Returns the list of all indices."""
    return [i for i, sentence in enumerate(sentences) if read(sentence) != nouns[i]]


def first_fooled__the_sentence_itself(read, sentences, nouns):
    """Returns the sentence and not its index."""
    for sentence, noun in zip(sentences, nouns, strict=True):
        if read(sentence) != noun:
            return sentence
    return -1


def first_fooled__none_if_nothing_found(read, sentences, nouns):
    """Forgets the -1 at the end, so the function returns None."""
    for i in range(len(sentences)):
        if read(sentences[i]) != nouns[i]:
            return i


def first_fooled__zero_if_nothing_found(read, sentences, nouns):
    """Starts the answer at 0, which is also the index of the first sentence."""
    answer = 0
    for i in range(len(sentences)):
        if read(sentences[i]) != nouns[i]:
            answer = i
            break
    return answer


def first_fooled__searches_the_sentence_again(read, sentences, nouns):
    """Finds the index with .index, which is wrong when the same sentence comes twice."""
    for sentence, noun in zip(sentences, nouns, strict=True):
        if read(sentence) != noun:
            return sentences.index(sentence)
    return -1


def first_fooled__any_noun_will_do(read, sentences, nouns):
    """Asks whether the answer is among the nouns, not whether it is the noun of this sentence."""
    for i, sentence in enumerate(sentences):
        if read(sentence) not in nouns:
            return i
    return -1


def first_fooled__part_of_the_answer_will_do(read, sentences, nouns):
    """Is content if the noun is contained in what the model reads."""
    for i, sentence in enumerate(sentences):
        if nouns[i] not in read(sentence):
            return i
    return -1


def first_fooled__noun_looked_for_in_the_sentence(read, sentences, nouns):
    """Looks whether the noun stands in the sentence and never asks the model."""
    for i, (sentence, noun) in enumerate(zip(sentences, nouns, strict=True)):
        if noun not in sentence.split():
            return i
    return -1


def first_fooled__is_not(read, sentences, nouns):
    """Compares with `is not`: two equal strings need not be the same object."""
    for i in range(len(sentences)):
        if read(sentences[i]) is not nouns[i]:
            return i
    return -1


def first_fooled__stops_one_too_early(read, sentences, nouns):
    """Never looks at the last sentence."""
    for i in range(len(sentences) - 1):
        if read(sentences[i]) != nouns[i]:
            return i
    return -1


def first_fooled__last_one__and__counted_from_one(read, sentences, nouns):
    """Keeps the last one that is found, and counts from 1."""
    found = -1
    for i, (sentence, noun) in enumerate(zip(sentences, nouns, strict=True)):
        if read(sentence) != noun:
            found = i + 1
    return found
