"""Chapter 0: one exercise, worked together, to meet the cards."""

import numpy as np

from attnlib.check.spec import Probe, Spec


def shares(faults, amounts):
    """Divide by the sum, with the mistakes in ``faults``."""
    amounts = np.asarray(amounts)
    if "whole_numbers" in faults:
        return amounts // amounts.sum()
    if "largest" in faults:
        return amounts / amounts.max()
    if "mean" in faults:
        return amounts / amounts.mean()
    if "count" in faults:
        return amounts / len(amounts)
    if "unchanged" in faults:
        return amounts
    if "only_sum" in faults:
        return amounts.sum()
    if "exponentials" in faults:
        return np.exp(amounts) / np.exp(amounts).sum()
    if "length" in faults:
        return amounts / np.sqrt((amounts**2).sum())
    if "upside_down" in faults:
        return amounts.sum() / amounts
    return amounts / amounts.sum()


SPECS = (
    Spec(
        name="to_shares",
        chapter=0,
        minutes=3,
        difficulty=1,
        oracle=lambda amounts: np.asarray(amounts) / np.sum(amounts),
        variant=shares,
        faults={
            "count": "Divide by the sum of the amounts, not by how many there are.",
            "largest": "Divide by the sum of the amounts, not by the largest: now the largest share is 1.",
            "mean": "Divide by the sum, not by the mean: your shares sum to the number of amounts.",
            "whole_numbers": "Use `/` and not `//`: whole-number division cuts every share down to 0.",
            "unchanged": "The amounts come back as they are: divide them by their sum.",
            "only_sum": "That is the sum itself. Return every amount divided by it.",
            "exponentials": "No exponential is needed yet: divide the amounts themselves by their sum.",
            "length": "Divide by the sum of the amounts, not by the root of the sum of squares.",
            "upside_down": "The division is upside down: amount / sum, not sum / amount.",
        },
        probes=(
            Probe("five amounts", {"amounts": np.array([0.5, 2.0, 1.25, 0.75, 3.0])}),
            Probe("whole numbers", {"amounts": np.array([3, 1, 4])}),
        ),
        hints=(
            "Three people own 3, 1 and 4 apples. Which part of all the apples does the first one own?",
            "Add all amounts up. Then divide each amount by that sum; NumPy divides a whole array at once.",
            "return amounts / ____",
        ),
        follow_up="what comes out when all amounts are equal? Attention weights are shares, too.",
        properties=(("the shares sum to 1", lambda value, _: np.isclose(value.sum(), 1)),),
    ),
)
