"""How long `import attnlib` takes after `import torch`: python benchmarks/import_time.py

Every row is the median over fresh interpreters, taken in turns, so that a busy moment hits all rows alike.
The course promises at most 0.1 s; the exit code is 1 when that is exceeded.
"""

import datetime
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
LIMIT = 0.1
USE_ALL = "import attnlib; [getattr(attnlib, name) for name in attnlib.__all__ if name not in ('check', 'plots')]"
# what is done after `import torch`
ROWS = {
    "nothing": "pass",
    "import attnlib": "import attnlib",
    "... and use every function": USE_ALL,
    "... and attnlib.plots": f"{USE_ALL}; attnlib.plots",
    "... and attnlib.check": f"{USE_ALL}; attnlib.plots; attnlib.check",
}
TIMED = """
import time
start = time.perf_counter()
import torch
middle = time.perf_counter()
{}
print(middle - start, time.perf_counter() - middle)
"""


def seconds(source):
    """The times of `import torch` and of what follows, in a fresh interpreter."""
    program = [sys.executable, "-c", TIMED.format(source)]
    printed = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(map(float, printed.split()))


def processor():
    """The model of the processor, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def main():
    for source in ROWS.values():
        seconds(source)  # fills the caches of the file system and of compiled modules
    turns = [[seconds(source) for source in ROWS.values()] for _ in range(ROUNDS)]
    torch_takes = statistics.median(torch for turn in turns for torch, _ in turn)
    added = {row: statistics.median(turn[place][1] for turn in turns) for place, row in enumerate(ROWS)}

    print(f"{processor()}, Python {platform.python_version()}, torch {version('torch')}, {datetime.date.today()}")
    print(f"{'import torch':<30}{torch_takes:>8.3f} s, and after it")
    for row, median in added.items():
        print(f"{row:<30}{median:>8.3f} s")
    kept = added["import attnlib"] <= LIMIT
    print(f"At most {LIMIT} s are promised for `import attnlib`: {'kept' if kept else 'BROKEN'}.")
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
