"""Chapter 8: linear attention as one step of a recurrent network."""

import torch
import torch.nn.functional as F

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(828)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def step(faults, state, total, query, key, value):
    """One step of causal linear attention, with the mistakes in ``faults``."""
    phi_q, phi_k = _features(faults, query, key)
    new_state, new_total = _taken_in(faults, state, total, phi_k, value, key)
    used_state = state if faults & {"answer_first", "old_state"} else new_state
    used_total = total if faults & {"answer_first", "old_total"} else new_total
    below = choose(
        faults,
        {
            "no_division": lambda: 1.0,
            "by_sum": lambda: used_total.sum(),
            "by_weight": lambda: phi_q @ phi_k,
            "raw_query_below": lambda: query @ used_total,
            "by_query": lambda: phi_q.sum(),
            "plus_one": lambda: phi_q @ used_total + 1,
            "by_entries": lambda: phi_q[:, None] * used_total[:, None],
            "by_norm": lambda: phi_q.norm() * used_total.norm(),
        },
        lambda: phi_q @ used_total,
    )
    above = choose(
        faults,
        {
            "raw_query_above": lambda: query @ used_state,
            "state_turned": lambda: used_state @ phi_q,
            "this_value": lambda: (phi_q @ phi_k) * value,
        },
        lambda: phi_q @ used_state,
    )
    output = (phi_q[:, None] * used_state / below).sum(0) if "by_entries" in faults else above / below
    output = output / len(query) ** 0.5 if "scaled" in faults else output
    return _returned(faults, output, (state, total), (new_state, new_total), phi_q)


def _features(faults, query, key):
    maps = {
        "no_plus_one": F.elu,
        "relu": F.relu,
        "relu_plus_one": lambda x: F.relu(x) + 1,
        "exponential": torch.exp,
        "softmax": lambda x: x.softmax(-1),
        "softplus": F.softplus,
        "sigmoid": torch.sigmoid,
        "inside": lambda x: F.elu(x + 1),
        "plus_one_only": lambda x: x + 1,
        "twice": lambda x: F.elu(F.elu(x) + 1) + 1,
        "selu": lambda x: F.selu(x) + 1,
        "leaky": lambda x: F.leaky_relu(x) + 1,
        "raw": lambda x: x,
        "scaled_first": lambda x: F.elu(x / len(x) ** 0.5) + 1,
        "wrong_branch": lambda x: torch.where(x > 0, x + 1, x.exp() - 1),
        "exponential_plus": lambda x: torch.where(x > 0, x, x.exp()),
    }
    phi = next((maps[fault] for fault in maps if fault in faults), lambda x: F.elu(x) + 1)
    phi_q = query if "raw_query" in faults else phi(query)
    phi_k = key if "raw_key" in faults else phi(key)
    return (phi_k, phi_q) if "swapped" in faults else (phi_q, phi_k)


def _taken_in(faults, state, total, phi_k, value, key):
    added = choose(
        faults,
        {
            "outer_turned": lambda: value[:, None] * phi_k,
            "value_mapped": lambda: phi_k[:, None] * (F.elu(value) + 1),
            "raw_key_state": lambda: key[:, None] * value,
            "dot": lambda: (phi_k @ value) * torch.ones_like(state),
        },
        lambda: phi_k[:, None] * value,
    )
    new_state = choose(
        faults,
        {
            "state_kept": lambda: state,
            "state_replaced": lambda: added,
            "state_times": lambda: state * added,
            "state_minus": lambda: state - added,
            "state_mean": lambda: (state + added) / 2,
        },
        lambda: state + added,
    )
    new_total = choose(
        faults,
        {
            "total_kept": lambda: total,
            "total_replaced": lambda: phi_k,
            "raw_key_total": lambda: total + key,
            "total_sum": lambda: total + phi_k.sum(),
            "total_counts": lambda: total + 1,
            "total_value": lambda: total + phi_k * value.sum(),
            "total_mean": lambda: (total + phi_k) / 2,
        },
        lambda: total + phi_k,
    )
    return new_state, new_total


def _returned(faults, output, old, new, phi_q):
    state, total = new
    ways = {
        "old_returned": lambda: (output, *old),
        "old_total_returned": lambda: (output, state, old[1]),
        "old_state_returned": lambda: (output, old[0], total),
        "output_only": lambda: output,
        "no_output": lambda: (state, total),
        "output_last": lambda: (state, total, output),
        "total_first": lambda: (output, total, state),
        "output_as_row": lambda: (output[None], state, total),
        "state_divided": lambda: (output, state / (phi_q @ total), total),
    }
    return choose(faults, ways, lambda: (output, state, total))


def _true_step(state, total, query, key, value):
    from attnlib import relations  # here, so that the other chapters do not wait for it

    phi_q, phi_k = relations.feature_map(query), relations.feature_map(key)
    state, total = state + torch.outer(phi_k, value), total + phi_k
    return (phi_q @ state) / (phi_q @ total), state, total


def _step_probe(label, d_k, d_v, steps, scale=1.0):
    """Make a state as it stands after some steps: none gives zeros."""
    state, total = torch.zeros(d_k, d_v), torch.zeros(d_k)
    for _ in range(steps):
        key, value = F.elu(_normal(d_k)) + 1, _normal(d_v)
        state, total = state + key[:, None] * value, total + key
    parts = {"query": _normal(d_k, scale=scale), "key": _normal(d_k, scale=scale), "value": _normal(d_v)}
    return Probe(label, {"state": state, "total": total, **parts})


_AFTER = "Return what comes after the step: (output, new state, new total); "
_PHI = "phi(x) = elu(x) + 1, for the query and the key alike: "
STEP = Spec(
    name="linear_attention_step",
    several=True,
    chapter=8,
    minutes=12,
    difficulty=2,
    oracle=_true_step,
    variant=as_set(step),
    faults={
        "answer_first": "Take the new key and value in first, then answer: yours answers from the state before them, so the first word gets 0 / 0.",
        "old_state": "Answer with the new state: yours multiplies by the old one.",
        "old_total": "Divide by phi(query) @ the new total: yours still uses the old one, which is 0 at the first word.",
        "no_plus_one": _PHI + "the + 1 is missing, so weights can be negative.",
        "plus_one_only": _PHI + "the elu is missing.",
        "inside": _PHI + "the + 1 comes after the elu, not inside it.",
        "raw": _PHI + "you use them as they are.",
        "raw_key": _PHI + "the key is used as it is.",
        "raw_query": _PHI + "the query is used as it is.",
        "raw_query_above": _PHI + "above the line the query is used as it is.",
        "raw_query_below": _PHI + "below the line the query is used as it is.",
        "raw_key_total": "total += phi(key): you add the key as it is.",
        "raw_key_state": "state += phi(key) outer value: you use the key as it is.",
        "relu": _PHI + "yours is a ReLU.",
        "relu_plus_one": _PHI + "yours is a ReLU plus 1.",
        "exponential": _PHI + "yours is the exponential, which agrees only for numbers below 0.",
        "exponential_plus": "For x above 0, phi(x) = elu(x) + 1 = x + 1; yours is x alone there.",
        "wrong_branch": "For x below 0, phi(x) = elu(x) + 1 = exp(x); yours lacks the + 1 there.",
        "softmax": _PHI + "yours is a softmax, which linear attention does without.",
        "softplus": _PHI + "yours is the softplus.",
        "sigmoid": _PHI + "yours is the sigmoid.",
        "selu": _PHI + "yours is the selu, plus 1.",
        "leaky": _PHI + "yours is the leaky ReLU, plus 1.",
        "twice": _PHI + "yours is applied twice.",
        "scaled_first": "Nothing is scaled here: phi takes the query and the key as they come, without 1 / sqrt(d_k).",
        "scaled": "Nothing is scaled here: leave the division by sqrt(d_k) out.",
        "swapped": "The key goes into state and total, and the query asks: yours are swapped.",
        "value_mapped": "phi is for query and key only: take the value as it is.",
        "outer_turned": "phi(key) outer value is (d_k, d_v): a row for each number of the key. Yours is transposed.",
        "state_turned": "phi(query) @ state runs over d_k, the rows of the state; you multiply from the other side.",
        "dot": "phi(key) outer value is a matrix, one product for each pair of numbers, and no dot product.",
        "state_kept": "The state takes the new key and value in: state + phi(key) outer value.",
        "state_replaced": "The state keeps what came before: add phi(key) outer value to it, do not replace it.",
        "state_times": "Add phi(key) outer value to the state; you multiply.",
        "state_minus": "Add phi(key) outer value to the state; you subtract.",
        "state_mean": "The state is a sum over all words so far: do not halve it.",
        "total_kept": "The total takes the new key in: total + phi(key).",
        "total_replaced": "The total keeps what came before: add phi(key) to it, do not replace it.",
        "total_sum": "The total keeps d_k numbers apart: add phi(key) entry by entry, not its sum.",
        "total_counts": "The total adds up phi(key), not the number of words.",
        "total_value": "The total adds up phi(key) alone, without the value.",
        "total_mean": "The total is a sum over all words so far: do not halve it.",
        "no_division": "Divide by phi(query) @ total: without it the weights do not sum to 1.",
        "by_sum": "Divide by phi(query) @ total, not by the sum of the total alone.",
        "by_query": "Divide by phi(query) @ total, not by the sum of phi(query) alone.",
        "by_weight": "Divide by phi(query) @ total, the weights of all words so far, not by that of the new word alone.",
        "by_entries": "Divide once, by the number phi(query) @ total, after the sum over d_k: yours divides each product by its own.",
        "by_norm": "Divide by phi(query) @ total, not by the lengths of the two vectors.",
        "plus_one": "Add nothing below the line: divide by phi(query) @ total.",
        "this_value": "The state remembers all words so far: multiply phi(query) by it, not by the new word alone.",
        "old_returned": _AFTER + "yours gives the old state and the old total back.",
        "old_total_returned": _AFTER + "yours gives the old total back.",
        "old_state_returned": _AFTER + "yours gives the old state back.",
        "output_only": _AFTER + "yours gives the output alone.",
        "no_output": _AFTER + "the output is missing.",
        "output_last": _AFTER + "your output stands last.",
        "total_first": _AFTER + "your total stands before the state.",
        "output_as_row": "The output is a vector of d_v numbers, (d_v,): yours has an axis of size 1 in front.",
        "state_divided": "Divide the output, not the state: the state stays the plain sum, the next step needs it.",
    },
    unpaired=frozenset(
        {"inside", "plus_one_only", "raw_query_above", "raw_query_below", "exponential_plus", "selu"}
        | {"wrong_branch", "softplus", "sigmoid", "leaky", "twice", "scaled_first", "state_turned", "dot"}
        | {"value_mapped", "state_times", "state_minus", "state_mean", "total_sum", "total_counts"}
        | {"total_value", "total_mean", "by_sum", "by_query", "by_weight", "by_entries", "by_norm"}
        | {"plus_one", "this_value", "old_total_returned", "old_state_returned", "output_only", "no_output"}
        | {"output_as_row", "state_divided", "total_first", "raw_key_state", "softmax", "relu"}
    ),
    probes=(
        _step_probe("some words into the sentence", 5, 3, 4),
        _step_probe("the first word: state and total are zeros", 3, 7, 0),
        _step_probe("as many numbers in a key as in a value", 4, 4, 2, scale=2.0),
    ),
    hints=(
        "Which two sums over the words so far does the output need, and why must the new word be in them before you answer?",
        "phi of query and key; new state; new total; then the output from the new ones. Return all three.",
        "state = state + phi(key)[:, None] * ____; output = phi(query) @ ____ / (phi(query) @ ____)",
    ),
    follow_up="how many numbers does the state hold after 10 words, and after 10,000? What does softmax attention keep?",
)
