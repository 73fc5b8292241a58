"""Chapter 7: how long the layers take for sentences of growing length, on this machine and on a GPU if it has one.

    python benchmarks/layer_times.py [cpu] [cuda]

One forward pass of one layer, without gradients. The layers run in turn, round after round, so that a busy
moment of the machine falls on all of them. Prints a table, writes the medians to results/layer_times.json, where
the results of the other device are kept.
"""

import datetime
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from multi_head import other_load, processor
from torch import nn

import attnlib

RESULTS = Path(__file__).parent / "results" / "layer_times.json"
BATCH, D_MODEL, NUM_HEADS = 4, 256, 4
LENGTHS, ROUNDS, WARM_UP = [64, 128, 256, 512, 1024, 2048, 4096], 7, 2


class Fused(nn.Module):
    """torch's own LSTM, whose loop runs in compiled code."""

    def __init__(self, d_model):
        super().__init__()
        self.lstm = nn.LSTM(d_model, d_model, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0]


def layers():
    """All layers, by name."""
    torch.manual_seed(0)
    return {
        "convolution, k = 3": attnlib.ConvLayer(D_MODEL, 3),
        "RNN, step by step": attnlib.RecurrentLayer(D_MODEL, "rnn"),
        "LSTM, step by step": attnlib.RecurrentLayer(D_MODEL, "lstm"),
        "LSTM, torch's own": Fused(D_MODEL),
        "attention": attnlib.SelfAttentionLayer(D_MODEL, NUM_HEADS),
        "attention, 17 words": attnlib.SelfAttentionLayer(D_MODEL, NUM_HEADS, radius=8),
    }


def milliseconds(layer, x):
    """Time one call: on one thread the processor time, which other programs disturb little; on a GPU the clock."""
    clock = time.perf_counter if x.is_cuda else time.process_time
    if x.is_cuda:
        torch.cuda.synchronize()
    start = clock()
    layer(x)
    if x.is_cuda:
        torch.cuda.synchronize()
    return 1000 * (clock() - start)


@torch.inference_mode()
def measure(device, lengths=LENGTHS, rounds=ROUNDS):
    """Return {layer: [the median milliseconds for each length]} on a device."""
    contenders = {name: layer.to(device).eval() for name, layer in layers().items()}
    found = {name: [] for name in contenders}
    for n in lengths:
        x = torch.randn(BATCH, n, D_MODEL, generator=torch.Generator().manual_seed(n)).to(device)
        times = {name: [] for name in contenders}
        for _ in range(WARM_UP + rounds):
            for name, layer in contenders.items():
                times[name].append(milliseconds(layer, x))
        for name, runs in times.items():
            found[name].append(round(statistics.median(runs[WARM_UP:]), 3))
    return found


def device_model(device):
    """The model of a device, as far as the system tells."""
    return torch.cuda.get_device_name() if device == "cuda" else processor()


def record(device):
    """Measure on a device and return the result as it is stored."""
    return {
        "device": device_model(device),
        "threads": torch.get_num_threads() if device == "cpu" else None,
        "other programs running at the start": other_load(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "torch": torch.__version__.split("+")[0],
        "lengths": LENGTHS,
        "milliseconds": measure(device),
    }


def main():
    """Measure, store and print."""
    torch.set_num_threads(1)
    stored = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    stored["what"] = (
        f"median milliseconds of one forward pass, batch {BATCH}, d_model {D_MODEL}, {NUM_HEADS} heads, float32; cpu: "
        "processor time of one thread, cuda: time by the clock"
    )
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for device in [chosen for chosen in devices if chosen in sys.argv[1:] or len(sys.argv) == 1]:
        stored[device] = record(device)
        print(f"{stored[device]['device']}, {stored[device]['date']}")
        print(f"{'n':24}", *(f"{n:9}" for n in LENGTHS))
        for name, times in stored[device]["milliseconds"].items():
            print(f"{name:24}", *(f"{time:9.2f}" for time in times))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
