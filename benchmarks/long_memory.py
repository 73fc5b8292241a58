"""Chapter 7, Claim 7.4: over which distance do the layers learn to remember, in the same number of steps?

    python benchmarks/long_memory.py

trains every layer with seeds 1 to 5 on delayed recall over several distances, and on associative recall with
several numbers of pairs. All models of a test have the same number of parameters within 15 %. A second list shows
what helps the losers: another learning rate, gates that start open, more steps. Writes accuracies, sizes and
times to results/long_memory.json after every case; takes about half an hour of processor time. With
--continue it keeps the cases that are stored already, and writes the date to those it adds on another day.
"""

import datetime
import functools
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from multi_head import processor
from torch import nn
from tqdm import tqdm

import attnlib
from attnlib.tasks.recall import Recall, associative_recall, delayed_recall, recall_accuracy, recall_loss
from attnlib.tasks.rivals import WIDTHS, layers_of

RESULTS = Path(__file__).parent / "results" / "long_memory.json"
SEEDS = range(1, 6)
DISTANCES, PAIRS = [4, 8, 16, 32, 64, 128, 256], [2, 4, 8, 16, 32]
QUESTIONS = 1000  # of each test
DELAYED = {"steps": 300, "batch": 64, "learning_rate": 5e-3}
ASSOCIATIVE = {"steps": 400, "batch": 128, "learning_rate": 5e-3}


class Torchs(nn.Module):
    """torch's own recurrent layer, which computes the same as ``attnlib.RecurrentLayer`` and trains faster."""

    def __init__(self, d_model, kind, open_gate=0.0):
        super().__init__()
        self.layer = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[kind](d_model, d_model, batch_first=True)
        if open_gate:  # the second block of rows decides what is kept: the LSTM's forget, the GRU's update gate
            self.layer.bias_ih_l0.data[d_model : 2 * d_model] += open_gate

    def forward(self, x):
        return self.layer(x)[0]


def rival(name):
    """Return what makes the model for delayed recall, with about 11,500 parameters."""
    return lambda: Recall(WIDTHS[name], layers_of(name, recurrent=Torchs), positions=name.startswith("attention"))


def opened(name):
    """Return what makes a recurrent model whose gate starts open."""
    d_model = WIDTHS[name]
    return lambda: Recall(d_model, [Torchs(d_model, name.lower(), open_gate=3.0)])


MODELS = {"attention, 1 layer" if name == "attention" else name: rival(name) for name in WIDTHS}
# (what helps, the model, the distances, what differs from the common budget)
HELP = [
    ("LSTM, learning rate 0.02", MODELS["LSTM"], [16, 32], {"learning_rate": 2e-2}),
    ("GRU, learning rate 0.02", MODELS["GRU"], [16, 32, 64], {"learning_rate": 2e-2}),
    ("LSTM, forget gate open", opened("LSTM"), [16, 32, 64], {}),
    ("GRU, update gate open", opened("GRU"), [16, 32, 64, 128], {}),
    ("LSTM, 2000 steps", MODELS["LSTM"], [16], {"steps": 2000}),
    ("LSTM, reads positions, too", lambda: Recall(36, layers_of("LSTM", recurrent=Torchs), positions=True), [16], {}),
]
# about 17,600 parameters
PAIR_MODELS = {
    "attention, 1 layer": lambda: Recall(56, [attnlib.SelfAttentionLayer(56, 2)], num_keys=64),
    "LSTM": lambda: Recall(42, [Torchs(42, "lstm")], num_keys=64),
    "GRU": lambda: Recall(48, [Torchs(48, "gru")], num_keys=64),
    "RNN": lambda: Recall(76, [Torchs(76, "rnn")], num_keys=64),
}
PAIR_HELP = [
    ("LSTM, learning rate 0.02", PAIR_MODELS["LSTM"], [4, 8, 32], {"learning_rate": 2e-2}),
    ("LSTM, 3000 steps", PAIR_MODELS["LSTM"], [4, 8], {"steps": 3000}),
]


def train(make, task, length, seed, *, steps, batch, learning_rate):
    """Train one model; return its accuracy on fresh questions, its size and the seconds it took."""
    torch.manual_seed(seed)
    model, generator = make(), torch.Generator().manual_seed(seed)
    start = time.process_time()
    loss = recall_loss(functools.partial(task, batch, length))
    attnlib.fit(model, loss, steps=steps, generator=generator, learning_rate=learning_rate, progress=False)
    seconds = time.process_time() - start
    accuracy = recall_accuracy(
        model, lambda generator: task(QUESTIONS, length, generator=generator), generator=generator
    )
    return accuracy, sum(weight.numel() for weight in model.parameters()), seconds


def case(name, make, task, length, budget):
    """Train with every seed; return one row of the table."""
    found = [train(make, task, length, seed, **budget) for seed in SEEDS]
    return {
        "model": name,
        "length": length,
        "accuracy": [round(accuracy, 3) for accuracy, _, _ in found],
        "parameters": found[0][1],
        "steps": budget["steps"],
        "learning_rate": budget["learning_rate"],
        "seconds": round(statistics.median(seconds for _, _, seconds in found), 2),
    }


def cases():
    """Yield (table, model, how to make it, task, length, budget), the short ones first."""
    found = [("delayed", *model, delayed_recall, length, DELAYED) for length in DISTANCES for model in MODELS.items()]
    found += [
        ("associative", *model, associative_recall, length, ASSOCIATIVE)
        for length in PAIRS
        for model in PAIR_MODELS.items()
    ]
    for table, rows, task, budget in (
        ("delayed, what helps", HELP, delayed_recall, DELAYED),
        ("associative, what helps", PAIR_HELP, associative_recall, ASSOCIATIVE),
    ):
        for name, make, lengths, differs in rows:
            found += [(table, name, make, task, length, budget | differs) for length in lengths]
    yield from sorted(found, key=lambda case: case[4] * case[5]["steps"])


def main():
    """Run all cases and store them."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # an RNN that forgets computes with the smallest numbers there are
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    stored = {
        "what": "accuracy on fresh questions with 8 possible answers (a guess: 0.125), one number a seed; seconds = "
        "median processor time of a training on one thread",
        "date": today,
        "processor": processor(),
        "torch": torch.__version__.split("+")[0],
        "seeds": list(SEEDS),
        "delayed": [],
        "associative": [],
        "delayed, what helps": [],
        "associative, what helps": [],
    }
    if "--continue" in sys.argv:
        stored |= json.loads(RESULTS.read_text(encoding="utf-8"))
    RESULTS.parent.mkdir(exist_ok=True)
    for table, name, *rest in tqdm(list(cases())):
        if any((row["model"], row["length"]) == (name, rest[2]) for row in stored[table]):
            continue
        row = case(name, *rest)
        if stored["date"] != today:
            row["date"] = today
        stored[table].append(row)
        RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        accuracies = " ".join(f"{accuracy:.2f}" for accuracy in row["accuracy"])
        print(f"{table:24}{row['model']:28}{row['length']:4}  {accuracies}  {row['seconds']} s", flush=True)


if __name__ == "__main__":
    main()
