"""Chapter 9: time and memory of attention over long sentences: written out, chunked, and torch's fused kernel.

    python benchmarks/long_attention.py [time] [memory] [--one-thread]

The contenders run in turn, round after round, so that a busy moment of the machine falls on all of them. Memory is
the peak of tensor bytes beyond the inputs, and on Linux also the peak of resident memory beyond what was there
before, each case in a fresh process. Writes results/long_attention.json and ends with exit code 1 when a goal is
not reached. What is not measured in a run is kept from the one before. Two threads are good on a quiet machine alone;
with --one-thread, other programs disturb less.
"""

import datetime
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from multi_head import other_load, processor
from tqdm import tqdm

import attnlib
from attnlib.memory import growth_exponent

RESULTS = Path(__file__).parent / "results" / "long_attention.json"
THREADS, NUM_HEADS, D_HEAD, CHUNK = 2, 8, 64, 256
MEMORY_HEADS = 4  # memory is in proportion to the heads, and so is the time that it takes to measure it
DIRECTIONS = ["forward", "forward + backward"]
LENGTHS = {"forward": [1024, 2048, 4096, 8192], "forward + backward": [1024, 2048, 4096]}
ROUNDS = {1024: 15, 2048: 9, 4096: 5, 8192: 3}
LONGEST_NAIVE = 4096  # twice as many words would need 4 GB, and three times that for training
LONG = [4096, 8192, 16384, 32768]
NAIVE_MEMORY = [2048, 4096, 8192]  # below, what the system keeps in reserve is as large as what is asked for


def naive(queries, keys, values):
    """Attention with both n x n matrices, scores and weights."""
    return torch.softmax(queries @ keys.mT / math.sqrt(queries.shape[-1]), dim=-1) @ values


def chunked(queries, keys, values):
    """Attention in tiles."""
    return attnlib.chunked_attention(queries, keys, values, chunk_size=CHUNK)


CONTENDERS = {"naive": naive, "chunked": chunked, "torch, fused": F.scaled_dot_product_attention}


def inputs(n, heads=NUM_HEADS):
    """Queries, keys and values, and the gradient of an output."""
    generator = torch.Generator().manual_seed(n)
    return [torch.randn(1, heads, n, D_HEAD, generator=generator) for _ in range(4)]


def call(name, parts, direction):
    """Run one contender once."""
    *given, gradient = parts
    if direction == "forward":
        with torch.no_grad():
            return CONTENDERS[name](*given)
    given = [x.detach().requires_grad_() for x in given]
    return torch.autograd.grad(CONTENDERS[name](*given), given, gradient)


def times(n, direction):
    """Milliseconds of every contender: lower quartile, median, upper quartile."""
    parts, runs = inputs(n), {name: [] for name in CONTENDERS if name != "naive" or n <= LONGEST_NAIVE}
    names = list(runs)
    for turn in tqdm(range(1 + ROUNDS[n]), desc=f"n {n}, {direction}", leave=False):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            start = time.perf_counter()
            call(name, parts, direction)
            runs[name].append(1000 * (time.perf_counter() - start))
    return {name: [round(t, 2) for t in statistics.quantiles(found[1:], n=4)] for name, found in runs.items()}


def memory(name, n, direction):
    """Peak bytes of one call: of tensors, and of resident memory where the system tells; in this process."""
    torch.set_num_threads(1)
    parts = inputs(n, MEMORY_HEADS)
    call(name, [x[:, :, :64] for x in parts], direction)  # what is loaded once does not count
    resident = resident_peak(lambda: call(name, parts, direction))
    return {"tensors": attnlib.peak_memory(lambda: call(name, parts, direction)), "resident": resident}


def resident_peak(function):
    """Bytes of resident memory that a call adds at its highest, on Linux; elsewhere None."""
    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not clear.exists():
        return None
    clear.write_text("5")  # the highest mark starts again at what is resident now
    before = _status(status, "VmRSS")
    result = function()
    after = _status(status, "VmHWM")
    del result
    return after - before


def _status(path, field):
    line = next(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(field))
    return 1024 * int(line.split()[1])


def in_fresh_process(name, n, direction):
    """``memory`` in an interpreter of its own: memory that one case gave back would serve the next unseen."""
    done = subprocess.run(
        [sys.executable, __file__, "one", name, str(n), direction], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def measure_time():
    """All times, and their ratios at n = 4096."""
    found = {direction: {str(n): times(n, direction) for n in LENGTHS[direction]} for direction in DIRECTIONS}
    return {"milliseconds": found}


def measure_memory():
    """All peaks, and the exponents fitted to them."""
    cases = {"naive": NAIVE_MEMORY, "chunked": LONG, "torch, fused": LONG[:-1]}
    found = {}
    for direction in DIRECTIONS:
        found[direction] = {}
        for name, lengths in cases.items():
            todo = tqdm(lengths, desc=f"{name}, {direction}", leave=False)
            found[direction][name] = {str(n): in_fresh_process(name, n, direction) for n in todo}
    return {"bytes": found, "exponents": {direction: exponents(found[direction]) for direction in DIRECTIONS}}


def exponents(found):
    """{contender: {tensors, resident: exponent}}."""
    result = {}
    for name, rows in found.items():
        kinds = ["tensors"] + ["resident"] * all(row["resident"] for row in rows.values())
        result[name] = {
            kind: round(growth_exponent({int(n): row[kind] for n, row in rows.items()}), 3) for kind in kinds
        }
    return result


def goals(result):
    """Yield (what is compared, what was found, the goal, whether it was reached)."""
    if "milliseconds" in result:
        row = {name: found[1] for name, found in result["milliseconds"]["forward"]["4096"].items()}
        fused, saved = row["chunked"] / row["torch, fused"], row["naive"] / row["chunked"]
        yield "n 4096: time of chunked / of torch's fused kernel", round(fused, 2), "at most 1.6", fused <= 1.6
        yield "n 4096: time of naive / of chunked", round(saved, 2), "at least 2", saved >= 2
    if "bytes" in result:
        for direction in DIRECTIONS:
            for kind, found in result["exponents"][direction]["chunked"].items():
                yield f"exponent of chunked, {kind}, {direction}", found, "at most 1.15", found <= 1.15
            for kind, found in result["exponents"][direction]["naive"].items():
                yield f"exponent of naive, {kind}, {direction}", found, "at least 1.8", found >= 1.8
            for kind in result["exponents"][direction]["chunked"]:
                share = (
                    result["bytes"][direction]["chunked"]["4096"][kind]
                    / result["bytes"][direction]["naive"]["4096"][kind]
                )
                yield f"n 4096: {kind} of chunked / of naive, {direction}", round(share, 3), "below 0.2", share < 0.2


def main():
    """Measure, store and print."""
    torch.set_num_threads(1 if "--one-thread" in sys.argv else THREADS)
    wanted = [word for word in sys.argv[1:] if not word.startswith("--")] or ["time", "memory"]
    result = {
        "what": f"one call of attention, batch 1, {NUM_HEADS} heads of width {D_HEAD}, float32, tiles of {CHUNK}; "
        f"milliseconds: lower quartile, median, upper quartile; bytes: peak beyond the inputs, {MEMORY_HEADS} heads",
        "processor": processor(),
        "cores": os.cpu_count(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "torch": torch.__version__.split("+")[0],
    }
    if "time" in wanted:
        result["threads"] = torch.get_num_threads()
        result["other programs running at the start"] = other_load()
        result |= measure_time()
    if "memory" in wanted:
        result["memory measured on"] = f"{result['processor']}, {result['date']}"
        result |= measure_memory()
    if RESULTS.exists():  # what was not measured now stays
        result = json.loads(RESULTS.read_text(encoding="utf-8")) | result
    names = ("what", "found", "goal", "reached")
    result["goals"] = [dict(zip(names, goal, strict=True)) for goal in goals(result)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for goal in result["goals"]:
        print(f"{goal['what']:62} {goal['found']:7} {goal['goal']:14} {'yes' if goal['reached'] else 'NO'}")
    return 0 if all(goal["reached"] for goal in result["goals"]) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(memory(sys.argv[2], int(sys.argv[3]), sys.argv[4])))
    else:
        sys.exit(main())
