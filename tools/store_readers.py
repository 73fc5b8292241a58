"""Train the readers of chapter 5, store their weights inside the package, and what was measured on them.

Run it from the repository root: ``python tools/store_readers.py``. A test repeats the measurement on the files.
"""

import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attnlib.tasks.pronoun_probes import measure
from attnlib.tasks.reader import SEED, STORED, STORED_NAMES, save_reader, stored_reader, train_reader

COUNT = 500  # sentences of each kind


def measured(num_heads):
    """Measure a stored reader as this script does when it stores it."""
    reader, held_out = stored_reader(num_heads)
    found = measure(reader, held_out, count=COUNT, generator=torch.Generator().manual_seed(SEED + 1000))
    return {name: list(value) if isinstance(value, tuple) else round(value, 4) for name, value in found.items()}


def main():
    """Train, store and measure the reader and its companion with one head a layer."""
    torch.set_num_threads(1)
    STORED.mkdir(exist_ok=True)
    for num_heads, name in STORED_NAMES.items():
        reader, _, _ = train_reader(SEED, num_heads=num_heads, progress=True)
        path = save_reader(reader, num_heads)
        found = measured(num_heads)
        (STORED / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(path.name, path.stat().st_size, found)


if __name__ == "__main__":
    main()
