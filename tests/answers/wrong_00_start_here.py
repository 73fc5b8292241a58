"""Wrong answers to the exercises of chapter 0, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: F841 - learners' slips are the point

import numpy as np
import torch


# ------------------------------------------------------------------------------- to_shares
def to_shares__divides_by_the_largest(amounts):
    """Divides by the largest amount, so the largest share is 1."""
    return amounts / amounts.max()


def to_shares__divides_by_the_count(amounts):
    """Divides by how many amounts there are, not by their sum."""
    return amounts / len(amounts)


def to_shares__divides_by_the_mean(amounts):
    """Divides by the mean, so the shares sum to n."""
    return amounts / np.mean(amounts)


def to_shares__divides_by_the_norm(amounts):
    """Divides by the Euclidean length: the squares sum to 1, the shares do not."""
    return amounts / np.linalg.norm(amounts)


def to_shares__forgets_return(amounts):
    """Computes the shares and does not return them."""
    shares = amounts / amounts.sum()


def to_shares__whole_number_division(amounts):
    """Uses // where / was meant, so every share is rounded down to a whole number."""
    return amounts // amounts.sum()


def to_shares__fills_an_array_of_the_input_type(amounts):
    """Writes into zeros_like(amounts): whole numbers in, so every share is cut off to 0."""
    shares = np.zeros_like(amounts)
    total = sum(amounts)
    for i in range(len(amounts)):
        shares[i] = amounts[i] / total
    return shares


def to_shares__divides_in_place(amounts):
    """Uses /= on the argument: changes the caller's array, and fails for whole numbers."""
    amounts /= amounts.sum()
    return amounts


def to_shares__softmax_instead(amounts):
    """Takes exponentials first, which is a softmax and not a share."""
    e = np.exp(amounts - np.max(amounts))
    return e / e.sum()


def to_shares__returns_the_sum(amounts):
    """Returns the sum of the shares instead of the shares."""
    return (amounts / amounts.sum()).sum()


def to_shares__total_shrinks_while_dividing(amounts):
    """Takes the sum anew for every amount, after earlier amounts were already divided."""
    amounts = [float(a) for a in amounts]
    for i in range(len(amounts)):
        amounts[i] = amounts[i] / sum(amounts)
    return np.array(amounts)


def to_shares__divides_by_the_running_total(amounts):
    """Returns inside-the-loop sums: divides every amount by the sum up to there."""
    total = 0
    shares = []
    for a in amounts:
        total += a
        shares.append(a / total)
    return shares


def to_shares__in_percent(amounts):
    """Gives percentages, which sum to 100."""
    return [100 * a / sum(amounts) for a in amounts]


def to_shares__leaves_out_the_last(amounts):
    """Loops one step too few, so the last share is missing."""
    shares = []
    for i in range(len(amounts) - 1):
        shares.append(amounts[i] / sum(amounts))
    return shares


def to_shares__last_share_stays_zero(amounts):
    """Loops one step too few over an array that was made beforehand: the last share stays 0."""
    shares = np.zeros(len(amounts))
    for i in range(len(amounts) - 1):
        shares[i] = amounts[i] / amounts.sum()
    return shares


def to_shares__sums_the_others(amounts):
    """Divides every amount by the sum of all the other amounts."""
    return amounts / (amounts.sum() - amounts)


def to_shares__rounds_to_two_decimals(amounts):
    """Rounds the shares for show, so they no longer sum to 1."""
    return np.round(amounts / amounts.sum(), 2)


def to_shares__sum_is_not_called(amounts):
    """Writes amounts.sum without brackets and divides by a function."""
    return amounts / amounts.sum


def to_shares__upside_down(amounts):
    """Divides the sum by every amount."""
    return amounts.sum() / amounts


def to_shares__sorted(amounts):
    """Sorts the amounts first, so the shares come in another order."""
    ordered = np.sort(amounts)
    return ordered / ordered.sum()


def to_shares__adds_one_to_the_sum(amounts):
    """Adds 1 to the sum "against division by zero", so the shares sum to less than 1."""
    return amounts / (amounts.sum() + 1)


def to_shares__forced_to_int(amounts):
    """Turns the amounts into whole numbers first, which loses what is behind the point."""
    amounts = torch.as_tensor(amounts).int()
    return amounts / amounts.sum()


def to_shares__in_percent__and__whole_number_division(amounts):
    """Gives percentages, and rounds them down with //."""
    return 100 * amounts // amounts.sum()


def to_shares__divides_by_the_count__and__returns_the_sum(amounts):
    """Divides by the count and adds up: the mean of the amounts."""
    total = 0
    for a in amounts:
        total += a / len(amounts)
    return total


def to_shares__mean(amounts):
    """Divides by the mean instead of the sum."""
    return amounts / np.mean(amounts)


def to_shares__percent(amounts):
    """Gives percent, so the shares sum to 100."""
    total = amounts.sum()
    return amounts / total * 100


def to_shares__floor_division(amounts):
    """Uses // so every share is rounded down to 0."""
    return amounts // amounts.sum()


def to_shares__softmax(amounts):
    """Uses a softmax instead of the plain division."""
    e = np.exp(amounts - amounts.max())
    return e / e.sum()
