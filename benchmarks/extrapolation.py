"""Chapter 6, Claims 6.6 and 6.7: what each way to tell positions learns, and what is left in longer sentences.

``python benchmarks/extrapolation.py`` trains every case with seeds 1 to 5 (minutes) and writes
``benchmarks/results/extrapolation.json``: shares of right answers. Models are trained on sentences of 16 to 32
words and tested on 32, 64 and 128.
"""

import datetime
import json
import platform
from pathlib import Path

import torch
from tqdm.auto import tqdm

import attnlib
from attnlib.tasks import order

RESULTS = Path(__file__).parent / "results" / "extrapolation.json"
SEEDS = range(1, 6)
LENGTHS = (32, 64, 128)
D_MODEL, NUM_HEADS = 32, 4


def add_sinusoidal(x):
    """Add sinusoidal positions to embeddings.

    **Shapes** x (batch, n, d_model) -> the same shape
    """
    return x + attnlib.sinusoidal_positions(*x.shape[1:])


def add_alibi(queries):
    """Compute the bias of ALiBi for split queries.

    **Shapes** queries (batch, num_heads, n, d_k) -> (num_heads, n, n)
    """
    return attnlib.alibi_bias(NUM_HEADS, queries.shape[-2])


# a function each: a module is made anew for every training
SCHEMES = {
    "none": lambda: {},
    "sinusoidal": lambda: {"positions": add_sinusoidal},
    "learned": lambda: {"positions": attnlib.LearnedPositions(32, D_MODEL, std=0.3)},
    "T5": lambda: {"bias": attnlib.RelativePositionBias(NUM_HEADS, max_distance=32)},
    "T5, buckets to 128": lambda: {"bias": attnlib.RelativePositionBias(NUM_HEADS)},
    "Shaw": lambda: {"bias": attnlib.ShawRelativePositions(D_MODEL // NUM_HEADS, max_distance=16)},
    "rotary": lambda: {"rotate": attnlib.rotary},
    "ALiBi": lambda: {"bias": add_alibi},
    "causal mask alone": lambda: {"causal": True},
    "ALiBi, causal mask": lambda: {"bias": add_alibi, "causal": True},
}
# name: how to draw, words, answers, the schemes that take part
TASKS = {
    "nearest mark": (order.nearest_mark, 5, 4, list(SCHEMES)[:8]),
    "three words before": (order.word_before, 8, 8, list(SCHEMES)),
}


def trained(model, draw, seed, *, steps):
    """Train a model on freshly drawn questions.

    **Shapes** draw: generator -> words, answers; -> the model
    """
    how = {"steps": steps, "learning_rate": 0.02, "progress": False}
    attnlib.fit(model, order.answer_loss(draw), generator=torch.Generator().manual_seed(seed), **how)
    return model.eval()


def by_length(task, scheme, seed):
    """Train on 16 to 32 words; return the share of right answers at each length, None where it refuses."""
    draw, num_words, num_answers, _ = TASKS[task]
    torch.manual_seed(seed)

    def short(generator):
        n = int(torch.randint(16, 33, (), generator=generator))
        return draw(64, n, generator=generator)

    sizes = {"d_model": D_MODEL, "num_heads": NUM_HEADS}
    model = trained(order.WordReader(num_words, num_answers, **sizes, **SCHEMES[scheme]()), short, seed, steps=300)
    generator, shares = torch.Generator().manual_seed(1000 + seed), []
    for n in LENGTHS:
        try:
            shares.append(round(order.share_right(model, *draw(256, n, generator=generator)), 4))
        except IndexError:  # a learned table ends
            shares.append(None)
    return shares


def by_order(draw, way, seed, *, n=12):
    """Train on sentences of 12 words; return the share of right answers, each sentence once with its marks swapped."""
    torch.manual_seed(seed)
    model = order.WordReader(8, 2, d_model=D_MODEL, num_heads=NUM_HEADS, pooled=True, **way)
    trained(model, lambda generator: draw(64, n, generator=generator), seed, steps=200)
    words, answers = draw(1000, n, generator=torch.Generator().manual_seed(1000 + seed))
    words, answers = torch.cat([words, order.swap_marks(words)]), torch.cat([answers, 1 - answers])
    return round(order.share_right(model, words, answers), 4)


def main():
    """Run all cases and store them."""
    torch.set_num_threads(1)
    ways = {"without positions": {}, "with sinusoidal positions": {"positions": add_sinusoidal}}
    questions = {"more 0 than 1?": order.count_marks, "0 before 1?": order.order_of_marks}
    orders = {
        f"{question} {way}": [by_order(draw, options, seed) for seed in SEEDS]
        for question, draw in questions.items()
        for way, options in ways.items()
    }
    cases = [(task, scheme) for task, (*_, schemes) in TASKS.items() for scheme in schemes]
    lengths = {task: {} for task in TASKS}
    for task, scheme in tqdm(cases):
        lengths[task][scheme] = [by_length(task, scheme, seed) for seed in SEEDS]
    stored = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "torch": torch.__version__.split("+")[0],
        "seeds": list(SEEDS),
        "lengths": list(LENGTHS),
        "order": orders,
        "extrapolation": lengths,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    for case, shares in orders.items():
        print(f"{case:45} {min(shares):.3f} to {max(shares):.3f}")
    for task, found in lengths.items():
        for scheme, shares in found.items():
            print(f"{task:20} {scheme:20} {'   '.join(map(spread, zip(*shares, strict=True)))}")


def spread(shares):
    """Write lowest and highest share, or that there is none."""
    return "refuses       " if None in shares else f"{min(shares):.3f} to {max(shares):.3f}"


def processor():
    """Return the model of the processor, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
