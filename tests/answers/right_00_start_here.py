"""Right answers to the exercises of chapter 0, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over, up to the rounding of float32, and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math
from fractions import Fraction

import numpy as np
import torch


# ------------------------------------------------------------------------------- to_shares
def to_shares__one_line_of_numpy(amounts):
    """Divides the array by its sum."""
    return amounts / amounts.sum()


def to_shares__list_comprehension(amounts):
    """Returns a Python list of NumPy numbers."""
    total = sum(amounts)
    return [a / total for a in amounts]


def to_shares__loop_into_zeros(amounts):
    """Loops with an index and writes into an array of floats."""
    total = 0
    for a in amounts:
        total = total + a
    shares = np.zeros(len(amounts))
    for i in range(len(amounts)):
        shares[i] = amounts[i] / total
    return shares


def to_shares__torch_float32(amounts):
    """Goes to a float32 tensor and returns a tensor."""
    amounts = torch.as_tensor(amounts, dtype=torch.float32)
    return amounts / amounts.sum()


def to_shares__tuple_of_python_floats(amounts):
    """Returns a tuple of plain floats."""
    amounts = [float(a) for a in amounts]
    return tuple(a / math.fsum(amounts) for a in amounts)


def to_shares__exact_fractions(amounts):
    """Computes with fractions and turns them into floats at the end."""
    exact = [Fraction(float(a)) for a in amounts]
    return np.array([float(a / sum(exact)) for a in exact])


def to_shares__softmax_of_the_logarithms(amounts):
    """Uses that exp(log(a)) is a: the softmax of the logarithms gives the shares."""
    logs = torch.as_tensor(amounts, dtype=torch.float64).log()
    return torch.softmax(logs, dim=0)


def to_shares__own_copy_divided_in_place(amounts):
    """Copies to float64 first and divides the copy in place."""
    shares = np.array(amounts, dtype=float)
    shares /= np.sum(shares)
    return shares


def to_shares__mean_first(amounts):
    """Divides by the mean and then by the count."""
    return amounts / np.mean(amounts) / len(amounts)
