"""Chapter 9: what approximations of attention gain and lose on one small task.

    python benchmarks/approximations.py

trains one layer with each on associative recall, with the same budget and seeds 1 to 3, then measures the time and
the peak memory of the layer's heads at the task's length and at a larger one: these with torch's written-out
kernel, so that no memory hides inside a fused one. Writes results/approximations.json; takes a few
minutes. With --costs it keeps the accuracies that are stored already.
"""

import datetime
import json
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import torch
from multi_head import other_load, processor
from torch.nn.attention import SDPBackend, sdpa_kernel
from tqdm import tqdm

import attnlib
from attnlib.approximations import CustomAttention, LinformerAttention, low_rank_attention, strided_attention
from attnlib.tasks.recall import Recall, associative_recall, recall_accuracy, recall_loss

RESULTS = Path(__file__).parent / "results" / "approximations.json"
SEEDS, QUESTIONS = (1, 2, 3), 2000
N, D_MODEL, NUM_HEADS = 32, 64, 4
BUDGET = {"steps": 500, "batch": 64, "learning_rate": 5e-3}
LONG, ROUNDS, WARM_UP = 2048, 7, 2
CHUNK = {N: 16, LONG: 256}
STRIDE = {N: 8, LONG: 64}


def heads(n):
    """All ways for heads to gather, by name."""
    return {
        "full, written out": attnlib.attention,
        "full, chunked": partial(attnlib.chunked_attention, chunk_size=CHUNK[n]),
        "window, radius 4": partial(attnlib.local_attention, radius=4),
        "window, radius 16": partial(attnlib.local_attention, radius=16),
        "strided": partial(strided_attention, stride=STRIDE[n]),
        "low rank 4": partial(low_rank_attention, rank=4),
        "low rank 16": partial(low_rank_attention, rank=16),
        "kernel": attnlib.linear_attention,
    }


def layer(name):
    """The layer that is trained."""
    if name.startswith("low rank"):
        return LinformerAttention(D_MODEL, NUM_HEADS, N, int(name.split()[-1]))
    return CustomAttention(D_MODEL, NUM_HEADS, heads(N)[name])


def accuracy(name, seed, *, then=None, progress=False):
    """Train the task with a layer and return the share of right answers; ``then`` replaces its heads for the test."""
    torch.manual_seed(seed)
    model = Recall(D_MODEL, [layer(name)], num_keys=N)
    draw = partial(associative_recall, num_pairs=N - 1, num_keys=N)
    how = {"steps": BUDGET["steps"], "learning_rate": BUDGET["learning_rate"], "progress": progress}
    loss = recall_loss(partial(draw, BUDGET["batch"]))
    attnlib.fit(model, loss, generator=torch.Generator().manual_seed(seed), **how)
    questions = partial(draw, QUESTIONS)
    found = [recall_accuracy(model, questions, generator=torch.Generator().manual_seed(100 + seed))]
    if then is not None:
        model.layers[0].attend = then
        found.append(recall_accuracy(model, questions, generator=torch.Generator().manual_seed(100 + seed)))
    return found


def quality():
    """Return {name: [accuracy of every seed]}; chunked attention answers with the model that full attention trained."""
    found = {name: [] for name in heads(N)}
    for seed in SEEDS:
        for name in tqdm([name for name in found if name != "full, chunked"], desc=f"seed {seed}", leave=False):
            then = heads(N)["full, chunked"] if name == "full, written out" else None
            for place, share in zip((name, "full, chunked"), accuracy(name, seed, then=then), strict=False):
                found[place].append(round(share, 4))
    return found


@torch.no_grad()  # inference_mode would hide the steps of the written-out kernel from peak_memory
def costs(n, batch):
    """Return milliseconds (median), peak bytes and FLOPs of all heads; they run in turn."""
    generator = torch.Generator().manual_seed(n)
    inputs = [torch.randn(batch, NUM_HEADS, n, D_MODEL // NUM_HEADS, generator=generator) for _ in range(3)]
    contenders = heads(n)
    times = {name: [] for name in contenders}
    for _ in range(WARM_UP + ROUNDS):
        for name, attend in contenders.items():
            start = time.perf_counter()
            attend(*inputs)
            times[name].append(1000 * (time.perf_counter() - start))
    return {
        "milliseconds": {name: round(statistics.median(runs[WARM_UP:]), 3) for name, runs in times.items()},
        "bytes": {name: attnlib.peak_memory(attend, *inputs) for name, attend in contenders.items()},
        "FLOPs": {name: attnlib.count_flops(attend, *inputs) for name, attend in contenders.items()},
    }


def main():
    """Measure, store and print."""
    torch.set_num_threads(1)
    result = {
        "what": f"associative recall with {N} words, one layer, d_model {D_MODEL}, {NUM_HEADS} heads; "
        "time and memory: one forward call of the heads, float32",
        "processor": processor(),
        "threads": 1,
        "other programs running at the start": other_load(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "torch": torch.__version__.split("+")[0],
        "budget": BUDGET,
        "seeds": list(SEEDS),
        "accuracy": json.loads(RESULTS.read_text("utf-8"))["accuracy"] if "--costs" in sys.argv else quality(),
    }
    with sdpa_kernel(SDPBackend.MATH):
        for n, batch in ((N, BUDGET["batch"]), (LONG, 1)):
            result[f"costs at n = {n}"] = {"sentences": batch} | costs(n, batch)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, shares in result["accuracy"].items():
        print(f"{name:20}", *shares)
    for title in list(result)[-2:]:
        print(title)
        for name in heads(N):
            row = {what: result[title][what][name] for what in ("milliseconds", "bytes", "FLOPs")}
            print(f"{name:20}", row)


if __name__ == "__main__":
    main()
