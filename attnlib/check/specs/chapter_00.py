"""Chapter 0: one exercise, worked together, to meet the cards."""

import numpy as np

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose


def shares(faults, amounts):
    """Divide by the sum, with the mistakes in ``faults``."""
    given = amounts = np.asarray(amounts)
    if "cut_first" in faults:
        amounts = amounts.astype(int)
    if "exponentials" in faults:
        amounts = np.exp(amounts)
    divisors = {
        "count": lambda: len(amounts),
        "largest": lambda: amounts.max(),
        "mean": lambda: amounts.mean(),
        "length": lambda: np.sqrt((amounts**2).sum()),
        "others": lambda: amounts.sum() - amounts,
        "running": lambda: np.cumsum(amounts),
        "plus_one": lambda: amounts.sum() + 1,
        "unchanged": lambda: 1,
    }
    divisor = choose(faults, divisors, lambda: amounts.sum())
    result = _divided(faults, 100 * amounts if "percent" in faults else amounts, divisor)
    if "truncated" in faults:
        result = result.astype(given.dtype)
    if "only_sum" in faults:
        return divisor
    return result.sum() if "added" in faults else result


def _divided(faults, amounts, divisor):
    ways = {
        "whole_numbers": lambda: amounts // divisor,
        "upside_down": lambda: divisor / amounts,
        "minus": lambda: amounts - divisor,
    }
    return choose(faults, ways, lambda: amounts / divisor)


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
            "others": "Divide every amount by the sum of all amounts, itself among them; you leave it out.",
            "running": "Add all amounts up before you divide: you divide by the sum of those so far.",
            "plus_one": "Divide by the sum itself: with + 1 the shares sum to less than 1.",
            "whole_numbers": "Use `/` and not `//`: whole-number division cuts every share down to 0.",
            "truncated": "Your result array holds whole numbers (it was made like the input), so each share is cut down to 0: make it of floats.",
            "cut_first": "Leave the amounts as they are: made into integers, they lose the digits behind the point.",
            "unchanged": "The amounts come back as they are: divide them by their sum.",
            "only_sum": "That is the sum itself. Return every amount divided by it.",
            "added": "Do not add up at the end: return one share for every amount.",
            "percent": "The shares must sum to 1; yours are percentages and sum to 100. Leave the factor 100 out.",
            "exponentials": "No exponential is needed yet: divide the amounts themselves by their sum.",
            "length": "Divide by the sum of the amounts, not by the root of the sum of squares.",
            "upside_down": "The division is upside down: amount / sum, not sum / amount.",
            "minus": "Divide by the sum; you subtract it, which makes every number negative.",
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
