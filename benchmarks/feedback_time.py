"""How long from `check(f)` to its card? The worst case: an answer that no known mistake explains, asked for first.


    python benchmarks/feedback_time.py

Goal: under 0.2 s for every exercise.
"""

import contextlib
import io
import statistics
import sys
import time

from attnlib.check import check
from attnlib.check.diagnosing import known
from attnlib.check.spec import all_specs

GOAL = 0.2
RUNS = 5


def puzzling(spec):
    """Return an answer of the right shape that no mistake explains."""

    def answer(*arguments):
        right = spec.oracle(*arguments)
        return tuple(part * 1.2345 for part in right) if spec.several else right * 1.2345 + 0.5

    answer.__name__ = spec.name
    return answer


def seconds(spec):
    """Return the median time of a first check."""
    times = []
    for _ in range(RUNS):
        known.cache_clear()
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            check(puzzling(spec))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    """Print a table and return 1 if an exercise misses the goal."""
    slow = 0
    for spec in all_specs().values():
        took = seconds(spec)
        slow += took > GOAL
        print(f"{spec.name:<24} {1000 * took:6.0f} ms   {len(spec.faults)} mistakes{'   TOO SLOW' * (took > GOAL)}")
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
