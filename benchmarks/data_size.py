"""Chapter 8, Claim 8.5: how many images does a convolution need, and how many does attention?

``python benchmarks/data_size.py`` trains three models on 50 to 1,400 digits, with the pixels in place and with all
of them moved by one permutation a seed, with seeds 1 to 5, and writes ``benchmarks/results/data_size.json``: the
share of the 397 test images that is named right. About six minutes on one core.
"""

import datetime
import json
import platform
import statistics
from pathlib import Path

import torch
from multi_head import processor
from tqdm.auto import tqdm

from attnlib.tasks import digits

RESULTS = Path(__file__).parent / "results" / "data_size.json"
SEEDS = range(1, 6)
NUM_IMAGES = [50, 200, 800, 1400]


def main():
    """Train all cases and store them."""
    torch.set_num_threads(1)
    pixels = {"in place": False, "permuted": True}
    cases = [(where, name) for where in pixels for name in digits.MODELS]
    found = {where: {name: {} for name in digits.MODELS} for where in pixels}
    for where, name in tqdm(cases):
        for count in NUM_IMAGES:
            shares = [digits.learn_from(count, name, seed, permuted=pixels[where]) for seed in SEEDS]
            found[where][name][count] = [round(share, 4) for share in shares]
    stored = {
        "what": "share of the 397 test digits named right; one number a seed; 600 steps, batches of 64",
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "threads": 1,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "seeds": list(SEEDS),
        "parameters": {name: sum(p.numel() for p in make().parameters()) for name, make in digits.MODELS.items()},
        "accuracy": found,
    }
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    for where, name in cases:
        rows = found[where][name].items()
        print(f"{where:9} {name:22}", *(f"{n}: {statistics.mean(a):.3f} +- {statistics.stdev(a):.3f}" for n, a in rows))


if __name__ == "__main__":
    main()
