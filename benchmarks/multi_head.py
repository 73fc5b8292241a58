"""How long multi-head attention takes, against torch's own module and a textbook implementation.

    python benchmarks/multi_head.py

All contenders have the same weights and see the same sentences. They run in turn, round after round, so
that a busy moment of the machine falls on all of them. Prints a table of ratios, writes the medians to
results/multi_head.json and ends with exit code 1 when a goal is not reached.
"""

import copy
import datetime
import json
import math
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from attnlib import MultiHeadAttention

RESULTS = Path(__file__).parent / "results" / "multi_head.json"
THREADS, WARM_UP = 2, 2
D_MODEL, NUM_HEADS = 512, 8
ROUNDS = {(8, 128): 41, (8, 512): 13, (8, 1024): 9, (32, 128): 21}  # of each (batch, n): short calls, more rounds
DIRECTIONS = ["forward", "forward + backward"]
OURS, TEXTBOOK = "attnlib", "textbook"
TORCH = {
    "torch, training, no weights": (True, False),
    "torch, training, weights": (True, True),
    "torch, evaluation, no weights": (False, False),
    "torch, evaluation, weights": (False, True),
}
PLAIN_TORCH = next(iter(TORCH))


class Textbook(nn.Module):
    """Multi-head self-attention as it is usually first written: four projections and a softmax in plain sight."""

    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(d_model, d_model) for _ in range(4))

    def forward(self, X):
        batch, n, d_model = X.shape
        size = (batch, n, self.num_heads, d_model // self.num_heads)
        queries, keys, values = (W(X).view(size).transpose(1, 2) for W in (self.W_q, self.W_k, self.W_v))
        scores = queries @ keys.transpose(2, 3) / math.sqrt(size[-1])
        heads = torch.softmax(scores, dim=-1) @ values
        return self.W_o(heads.transpose(1, 2).contiguous().view(batch, n, d_model))


class Torch(nn.Module):
    """torch's own module in one of its settings."""

    def __init__(self, module, training, need_weights):
        super().__init__()
        self.module, self.need_weights = copy.deepcopy(module), need_weights
        self.train(training)

    def forward(self, X):
        return self.module(X, X, X, need_weights=self.need_weights)[0]


def contenders():
    """All layers, with equal weights, by name."""
    torch.manual_seed(0)
    module = nn.MultiheadAttention(D_MODEL, NUM_HEADS, batch_first=True)
    layers = {OURS: MultiHeadAttention.from_torch(module), TEXTBOOK: Textbook(D_MODEL, NUM_HEADS)}
    layers[TEXTBOOK].load_state_dict(layers[OURS].state_dict())
    return layers | {name: Torch(module, *setting) for name, setting in TORCH.items()}


def seconds(layer, X, gradient, direction):
    """Time one call."""
    if direction == "forward":
        with torch.no_grad():
            start = time.perf_counter()
            layer(X)
            return time.perf_counter() - start
    layer.zero_grad()
    X = X.detach().requires_grad_()
    start = time.perf_counter()
    layer(X).backward(gradient)
    return time.perf_counter() - start


def must_agree(layers, X):
    """Stop unless all layers compute the same."""
    with torch.no_grad():
        expected = layers[OURS](X)
        for name, layer in layers.items():
            torch.testing.assert_close(layer(X), expected, rtol=0, atol=1e-5, msg=f"{name} computes something else")


def measure(layers, batch, n, direction):
    """Milliseconds of every layer: the lower quartile, the median and the upper quartile of all rounds."""
    generator = torch.Generator().manual_seed(batch * n)
    X, gradient = (torch.randn(batch, n, D_MODEL, generator=generator) for _ in range(2))
    must_agree(layers, X)
    times, names = {name: [] for name in layers}, list(layers)
    for turn in tqdm(range(WARM_UP + ROUNDS[batch, n]), desc=f"({batch}, {n}) {direction}", leave=False):
        # each round starts with another layer, so that none comes after the same one every time
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            times[name].append(1000 * seconds(layers[name], X, gradient, direction))
    return {name: statistics.quantiles(runs[WARM_UP:], n=4) for name, runs in times.items()}


def goals(batch, n, direction, ratios):
    """Yield (what is compared, the ratio found, the largest ratio allowed)."""
    where = f"batch {batch}, n {n}, {direction}: "
    yield where + PLAIN_TORCH, ratios[PLAIN_TORCH], 0.95 if direction == "forward" else 0.88
    if n >= 512:
        best = max(TORCH, key=ratios.get)
        yield f"{where}the best of torch's settings ({best})", ratios[best], 1.1
        yield where + TEXTBOOK, ratios[TEXTBOOK], 0.7 if n < 1024 else 0.55


def processor():
    """The processor's model, as far as the system tells."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def other_load():
    """How many other programs wanted a core in the last minute, where the system tells: 0 on a quiet machine."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def run():
    """Measure everything and return it as it is stored."""
    torch.set_num_threads(THREADS)
    layers, rows, verdicts, load = contenders(), [], [], other_load()
    for batch, n in ROUNDS:
        for direction in DIRECTIONS:
            times = measure(layers, batch, n, direction)
            ratios = {name: times[OURS][1] / times[name][1] for name in times if name != OURS}
            verdicts += [
                {"against": against, "ratio": round(ratio, 3), "goal": goal, "reached": ratio <= goal}
                for against, ratio, goal in goals(batch, n, direction, ratios)
            ]
            rows.append(
                {
                    "batch": batch,
                    "n": n,
                    "rounds": ROUNDS[batch, n],
                    "direction": direction,
                    "ratios": {name: round(ratio, 2) for name, ratio in ratios.items()},
                    "milliseconds": {name: [round(t, 2) for t in quartiles] for name, quartiles in times.items()},
                }
            )
    missed = [f"{v['against']}: {v['ratio']:.3f} instead of {v['goal']}" for v in verdicts if not v["reached"]]
    return {
        "what": f"self-attention, d_model {D_MODEL}, {NUM_HEADS} heads, float32; ratio = median time of attnlib / "
        "median time of the other; milliseconds = lower quartile, median, upper quartile",
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": THREADS,
        "other programs running at the start": load,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "rows": rows,
        "goals": verdicts,
        "not reached": missed,
    }


def table(result):
    """The ratios as a table in Markdown."""
    names = list(result["rows"][0]["ratios"])
    lines = ["| batch, n | direction | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for row in result["rows"]:
        cells = [f"{row['batch']}, {row['n']}", row["direction"], *(f"{row['ratios'][name]:.2f}" for name in names)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    result = run()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"Time of attnlib / time of the other, {result['processor']}, {THREADS} threads, {result['date']}")
    print(table(result))
    print("All goals are reached." if not result["not reached"] else "Not reached:", *result["not reached"], sep="\n")
    return 1 if result["not reached"] else 0


if __name__ == "__main__":
    sys.exit(main())
