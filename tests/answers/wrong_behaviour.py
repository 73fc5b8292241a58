"""Answers that misbehave: they do not return, return something odd, or end the program.

A checker has to survive each of them, say what happened, and go on with the next exercise. Every
function is one answer. Its name is `<exercise>__<what_it_does>`, and its docstring says it in plain
words. The second section holds answers whose result is right although they behave badly; their names
contain `right_but`.

To add an answer: give it such a name and such a docstring. It must leave nothing behind: no file, no
thread, no changed setting. Helpers start with an underscore.
"""
# ruff: noqa: F821 - learners' slips are the point

import math
import sys

import numpy as np
import torch


# ------------------------------------------------------------------------ the result is wrong
def to_shares__loops_for_ever(amounts):
    """Forgets to count up, so the loop has no end."""
    total = 0
    i = 0
    while i < len(amounts):
        total += amounts[i]
    return amounts / total


def to_shares__returns_a_generator(amounts):
    """Uses round brackets where square ones were meant, and returns a generator."""
    return (a / sum(amounts) for a in amounts)


def to_shares__returns_a_dictionary(amounts):
    """Returns the shares as the values of a dictionary."""
    return {i: a / sum(amounts) for i, a in enumerate(amounts)}


def to_shares__returns_none(amounts):
    """Prints the result and returns nothing."""
    print(amounts / amounts.sum())


def to_shares__not_started(amounts):
    """Holds nothing but a docstring yet."""


def to_shares__not_implemented(amounts):
    """Raises NotImplementedError, as an empty exercise often does."""
    raise NotImplementedError("your code here")


def to_shares__returns_ellipsis(amounts):
    """Leaves the three dots in."""
    return ...


def stable_softmax__recursion_without_end(scores):
    """Calls itself with the same argument."""
    return stable_softmax__recursion_without_end(scores - scores.max())


def stable_softmax__yields_the_weights(scores):
    """Writes yield for return."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    yield e / e.sum(axis=-1, keepdims=True)


def stable_softmax__needs_a_second_argument(scores, axis):
    """Wants an axis that nobody hands over."""
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def stable_softmax__takes_no_argument():
    """Takes nothing and reads a variable that does not exist."""
    return np.exp(scores) / np.exp(scores).sum()


def stable_softmax__undefined_name(scores):
    """Misspells a variable."""
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return wieghts / weights.sum(axis=-1, keepdims=True)


def score_vector__returns_strings(query, keys):
    """Formats the scores for show and returns a list of strings."""
    return [f"{query @ key:.3f}" for key in keys]


def score_vector__returns_an_object_array(query, keys):
    """Returns an array of strings and numbers mixed."""
    return np.array([("score", float(query @ key)) for key in keys], dtype=object)


def score_vector__ends_the_program(query, keys):
    """Calls sys.exit()."""
    sys.exit()


def score_vector__ends_the_program_as_if_all_were_well(query, keys):
    """Calls sys.exit(0), which reads as success."""
    sys.exit(0)


def scale_scores__returns_a_function(scores, d_k):
    """Forgets the brackets of tolist and returns the method."""
    return (scores / np.sqrt(d_k)).tolist


def scale_scores__swaps_the_arguments(d_k, scores):
    """Has the two parameters in the other order."""
    return scores / np.sqrt(d_k)


def scale_scores__returns_complex_numbers(scores, d_k):
    """Takes a complex root and returns complex numbers."""
    return scores / np.sqrt(complex(-d_k))


def weighted_sum__raises_value_error(weights, values):
    """Refuses weights as soon as one is below 1."""
    if np.any(weights < 1):
        raise ValueError("a weight is too small")
    return weights @ values


def weighted_sum__asks_a_question(weights, values):
    """Waits for the keyboard."""
    factor = float(input("Scale? "))
    return factor * weights @ values


def weighted_sum__asserts(weights, values):
    """Asserts something that is not so."""
    assert weights.shape == values.shape, "shapes differ"
    return (weights * values).sum(axis=0)


def attend_one_word__loops_for_ever(embeddings, position, W_q, W_k, W_v):
    """Looks for weights that sum to exactly 2, in a loop of NumPy calls."""
    scores = embeddings @ W_k @ (embeddings[position] @ W_q)
    weights = np.exp(scores - scores.max())
    while weights.sum() != 2:
        weights = weights / weights.sum()
    return weights @ (embeddings @ W_v)


def attend_one_word__swallows_what_stops_it(embeddings, position, W_q, W_k, W_v):
    """Loops for ever, catches whatever is raised to stop it, and returns nothing."""
    try:
        while True:
            weights = np.exp(embeddings @ W_k @ W_q.T)
    except BaseException:
        weights = None
    return weights


def attend_one_word__returns_everything(embeddings, position, W_q, W_k, W_v):
    """Returns output and weights as a pair, where the output alone was asked for."""
    query = embeddings[position] @ W_q
    scores = embeddings @ W_k @ query / np.sqrt(len(query))
    weights = np.exp(scores - scores.max())
    weights = weights / weights.sum()
    return weights @ (embeddings @ W_v), weights


def output_for_equal_keys__returns_a_ragged_list(query, key, values):
    """Returns lists of unequal lengths."""
    return [list(range(i)) for i in range(values.shape[1])]


def project_qkv__returns_two(X, W_q, W_k, W_v):
    """Returns a pair where three were asked for."""
    return X @ W_q, X @ W_k


def project_qkv__returns_a_dictionary(X, W_q, W_k, W_v):
    """Returns the three under their names."""
    return {"Q": X @ W_q, "K": X @ W_k, "V": X @ W_v}


def project_qkv__returns_a_module(X, W_q, W_k, W_v):
    """Returns a layer where its results were asked for."""
    return torch.nn.Linear(W_q.shape[0], W_q.shape[1])


def score_matrix__raises_keyboard_interrupt(queries, keys):
    """Raises KeyboardInterrupt, as if the reader had stopped the kernel."""
    raise KeyboardInterrupt


def score_matrix__deletes_a_name_too_early(queries, keys):
    """Deletes a variable and uses it afterwards."""
    scores = queries @ keys.T
    del scores
    return scores / math.sqrt(keys.shape[1])


def row_softmax__returns_none(scores):
    """Returns what list.append returns, which is None."""
    rows = []
    for row in scores:
        result = rows.append(torch.softmax(row, dim=0))
    return result


def make_causal_mask__too_much_memory(num_queries):
    """Asks for a table of 2^50 entries, which no computer here can hold."""
    return torch.ones(2**25, 2**25, dtype=torch.bool).tril()[:num_queries, :num_queries]


def make_padding_mask__returns_an_integer(lengths, num_keys):
    """Returns one number where a table was asked for."""
    return int(sum(lengths))


def masked_attention__raises_value_error(queries, keys, values, mask):
    """Refuses a query that may look nowhere."""
    if not mask.any(dim=-1).all():
        raise ValueError("a row of the mask is all False")
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) @ values


def masked_attention__changes_its_arguments(queries, keys, values, mask):
    """Returns the right output and overwrites all its arguments, which the docstring forbids."""
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = scores.masked_fill(~mask, -torch.inf)
    output = torch.nan_to_num(torch.softmax(scores, dim=-1)) @ values
    queries.zero_()
    keys.zero_()
    values.zero_()
    mask.fill_(True)
    return output


def column_attention__empties_an_argument(Q, K, V):
    """Empties Q in place before it is used."""
    Q.resize_(0)
    return V @ torch.softmax(K.T @ Q / math.sqrt(K.shape[0]), dim=0)


def batch_attention__waits_for_a_length_that_does_not_come(X, W_q, W_k, W_v, lengths):
    """Loops for ever: takes one off the length, which is already below zero."""
    length = -1
    while length != 0:
        length -= 1
    return X @ W_v


def batch_attention__recursion_without_end(X, W_q, W_k, W_v, lengths):
    """Calls itself for the whole batch instead of for one sentence."""
    return torch.stack([batch_attention__recursion_without_end(X, W_q, W_k, W_v, lengths) for _ in X])


# ------------------------------------------- the result is right, the manners are not: right_but
def stable_softmax__right_but_chatty(scores):
    """Prints 100,000 lines and then returns the right weights: a right answer."""
    for i in range(100_000):
        print("step", i, scores.shape)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def score_matrix__right_but_chatty_on_stderr(queries, keys):
    """Prints to the error stream and then returns the right scores: a right answer."""
    for i in range(1_000):
        print("row", i, file=sys.stderr)
    return queries @ keys.T / math.sqrt(keys.shape[1])


def score_vector__right_but_one_more_parameter(query, keys, scale=1.0):
    """Takes one more parameter, with a default: a right answer when called as asked."""
    return keys @ query * scale


def weighted_sum__right_but_changes_its_input(weights, values):
    """Returns the right output and zeroes the weights: right by its docstring, yet rude."""
    output = weights @ values
    weights[:] = 0
    return output


def row_softmax__right_but_changes_its_input(scores):
    """Returns the right weights and writes them over the scores: right by its docstring."""
    weights = torch.nan_to_num(torch.softmax(scores, dim=-1))
    scores.copy_(weights)
    return weights


def masked_attention__right_but_requires_grad(queries, keys, values, mask):
    """Returns a tensor that is part of a graph for gradients: a right answer."""
    queries = queries.clone().requires_grad_()
    scores = queries @ keys.T / math.sqrt(queries.shape[-1])
    scores = scores.masked_fill(~mask, -torch.inf)
    return torch.nan_to_num(torch.softmax(scores, dim=-1)) @ values


def batch_attention__right_but_slow(X, W_q, W_k, W_v, lengths):
    """Computes the right output fifty times and returns the last: a right answer."""
    for _ in range(50):
        Q, K, V = X @ W_q, X @ W_k, X @ W_v
        scores = Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])
        for b in range(len(lengths)):
            scores[b, :, int(lengths[b]) :] = -torch.inf
        output = torch.softmax(scores, dim=-1) @ V
    return output


def attend_one_word__right_but_warns(embeddings, position, W_q, W_k, W_v):
    """Sets off a warning (the logarithm of 0) and returns the right output: a right answer."""
    np.log(np.zeros(1))
    query = embeddings[position] @ W_q
    scores = embeddings @ W_k @ query / np.sqrt(len(query))
    weights = np.exp(scores - scores.max())
    return weights @ (embeddings @ W_v) / weights.sum()
