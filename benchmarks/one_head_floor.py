"""Chapter 4, Claim 4.3: how close do one head and two heads come to a difference of two neighbours?

``python benchmarks/one_head_floor.py`` trains every case with seeds 1 to 5 and writes
``benchmarks/results/one_head_floor.json``: errors per coordinate, where giving no answer costs 2.
"""

import datetime
import json
from pathlib import Path

import torch

import attnlib

RESULTS = Path(__file__).parent / "results" / "one_head_floor.json"
SEEDS = range(1, 6)
NUM_PLACES = 8
PLACES = torch.eye(NUM_PLACES)


def neighbours(x, sign):
    """Return the left neighbour plus sign times the right one; the words stand on a ring.

    **Shapes** x (batch, n, d) -> (batch, n, d)
    """
    return x.roll(1, dims=1) + sign * x.roll(-1, dims=1)


def by_place(num_heads, sign, seed, *, d=4, steps=300):
    """Train a layer whose weights see places alone; return its expected error, without sampling noise.

    Both layers have the same number of parameters: one head is twice as wide as each of two.
    """
    torch.manual_seed(seed)
    layer = attnlib.MultiHeadAttention(
        d,
        num_heads,
        d_query=NUM_PLACES,
        d_key=NUM_PLACES,
        head_dim_qk=2 * NUM_PLACES // num_heads,
        head_dim_v=2 * d // num_heads,
        bias=False,
    )

    def misses(layer, x):
        places = PLACES.expand(len(x), -1, -1)
        return (layer(places, places, x) - neighbours(x, sign)).square()

    def loss(layer, generator):
        return misses(layer, torch.randn(64, NUM_PLACES, d, generator=generator)).mean()

    generator = torch.Generator().manual_seed(seed)
    attnlib.fit(layer, loss, steps=steps, generator=generator, learning_rate=0.05, progress=False)
    units = torch.eye(NUM_PLACES * d).reshape(-1, NUM_PLACES, d)
    return misses(layer, units).sum().item() / len(units)


def by_content(num_heads, seed, *, d=1, steps=1500):
    """Train self-attention on contents and places side by side; return its error on 8,000 fresh sentences."""
    torch.manual_seed(seed)
    width = NUM_PLACES + d
    sizes = {"head_dim_qk": 2 * NUM_PLACES // num_heads, "head_dim_v": 2 * width // num_heads}
    layer = attnlib.MultiHeadAttention(width, num_heads, d_out=d, **sizes)

    def error(layer, x):
        words = torch.cat([x, PLACES.expand(len(x), -1, -1)], dim=-1)
        return (layer(words) - neighbours(x, -1)).square().mean()

    def loss(layer, generator):
        return error(layer, torch.randn(128, NUM_PLACES, d, generator=generator))

    generator = torch.Generator().manual_seed(seed)
    attnlib.fit(layer, loss, steps=steps, generator=generator, learning_rate=0.02, progress=False)
    with torch.no_grad():
        return error(layer, torch.randn(8000, NUM_PLACES, d, generator=generator)).item()


def main():
    """Run all cases and store them."""
    torch.set_num_threads(1)
    errors = {
        "difference, 1 head": [by_place(1, -1, seed) for seed in SEEDS],
        "difference, 2 heads": [by_place(2, -1, seed) for seed in SEEDS],
        "sum, 1 head": [by_place(1, 1, seed) for seed in SEEDS],
        "difference, 1 head, weights see contents of width 1": [by_content(1, seed) for seed in SEEDS],
        "difference, 2 heads, weights see contents of width 1": [by_content(2, seed) for seed in SEEDS],
        "difference, 1 head, weights see contents of width 4": [by_content(1, seed, d=4) for seed in SEEDS],
        "difference, 2 heads, weights see contents of width 4": [by_content(2, seed, d=4) for seed in SEEDS],
    }
    stored = {
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__.split("+")[0],
        "seeds": list(SEEDS),
        "errors": {case: [round(error, 5) for error in found] for case, found in errors.items()},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    for case, found in stored["errors"].items():
        print(f"{case:55} {min(found):8.5f} to {max(found):.5f}")


if __name__ == "__main__":
    main()
