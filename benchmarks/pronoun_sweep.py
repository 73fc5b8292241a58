"""Train the reader of chapter 5 with seeds that were not used before, and store what came out.

Every seed chooses held-out pairs, sentences and first weights anew. Run it from the repository root:
``python benchmarks/pronoun_sweep.py``; it takes about half a minute a seed.
"""

import argparse
import datetime
import json
import platform
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attnlib.tasks.pronoun_probes import measure
from attnlib.tasks.reader import RECIPE, train_reader

RESULT = Path(__file__).resolve().parent / "results" / "pronoun_sweep.json"
SEEDS = [101, 102, 103, 104, 105]


def processor():
    """The model name of the processor, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def run(seed, num_heads):
    """Train and measure one reader."""
    start = time.process_time()
    reader, held_out, _ = train_reader(seed, num_heads=num_heads)
    seconds = time.process_time() - start
    found = measure(reader, held_out, generator=torch.Generator().manual_seed(seed + 1000))
    row = {"seed": seed, "training, processor seconds": round(seconds, 1)}
    return row | {name: value if isinstance(value, tuple) else round(value, 4) for name, value in found.items()}


def summary(rows):
    """Mean, worst and best of every number."""
    names = [name for name, value in rows[0].items() if isinstance(value, float)]
    columns = {name: [row[name] for row in rows] for name in names}
    return {
        name: {"mean": round(statistics.mean(column), 4), "least": min(column), "most": max(column)}
        for name, column in columns.items()
    }


def main(arguments=None):
    """Run the sweep and store it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    result = {"date": datetime.date.today().isoformat(), "processor": processor(), "torch": torch.__version__}
    result |= {"recipe": RECIPE, "heads a layer": options.heads}
    rows = []
    for seed in options.seeds:
        rows.append(run(seed, options.heads))
        print(rows[-1], flush=True)
        stored = result | {"summary": summary(rows), "runs": rows}
        options.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
