"""Chapter 10 runs without transformers, and with a reader's own BERT; it says what it skipped."""

import os
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from tools import notebooks
from tools.notebooks import execute, kernel_environment, read

CHAPTER = Path(__file__).resolve().parent.parent / "notebooks" / "10_a_real_encoder.ipynb"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "animal", "didn", "'", "t", "cross"]
WORDS += ["street", "because", "it", "was", "too", "tire", "##d", "wide"]


def run(**variables):
    """Run the chapter in a kernel with these variables; return the source and the printed text of its code cells."""
    chapter = read(CHAPTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "kernel_environment", lambda folder: kernel_environment(folder) | variables)
        execute(chapter, CHAPTER.parent)
    cells = [cell for cell in chapter.cells if cell.cell_type == "code"]
    return [(cell.source, "".join(o.get("text", "") for o in cell.outputs), cell.outputs) for cell in cells]


def small_bert(folder):
    """Save a small BERT with a layer on top."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 20, "num_hidden_layers": 3, "num_attention_heads": 5, "intermediate_size": 28}
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=23, initializer_range=0.4, **sizes)
    BertForMaskedLM(config).save_pretrained(folder)


def skipped(cells):
    return [source for source, text, _ in cells if "Skipped:" in text]


def needs(cells, words):
    return [source for source, _, _ in cells if words in source]


@pytest.fixture(scope="module")
def without_transformers(tmp_path_factory):
    """The chapter where `import transformers` fails as it does when it is not installed."""
    folder = tmp_path_factory.mktemp("blocked")
    (folder / "sitecustomize.py").write_text('import sys\n\nsys.modules["transformers"] = None\n', encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return run(PYTHONPATH=path, ATTN_BERT="a/folder/that/nobody/reads")


@pytest.fixture(scope="module")
def with_a_bert(tmp_path_factory):
    """The chapter with a folder that holds a small BERT, saved with a layer on top, and its word pieces."""
    folder = tmp_path_factory.mktemp("bert")
    small_bert(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return run(ATTN_BERT=str(folder))


def test_without_transformers_it_says_what_it_skipped(without_transformers):
    said = [text.strip() for _, text, _ in without_transformers if "Skipped:" in text]
    assert said[:3] == [
        "Skipped: transformers is not installed. The cells that compare with it will say so.",
        "Skipped: Claim 10.1 needs transformers.",
        "Skipped: Claim 10.2 needs transformers.",
    ]
    assert set(skipped(without_transformers)) >= set(needs(without_transformers, "if bert is None:"))


def test_without_transformers_everything_else_runs(without_transformers):
    shown = [output for _, _, outputs in without_transformers for output in outputs]
    assert sum("<img" in output.get("data", {}).get("text/html", "") for output in shown) == 6
    assert not any(output.get("name") == "stderr" for output in shown)


def test_the_import_that_is_blocked_would_have_succeeded(with_a_bert):
    assert not any("not installed" in text for _, text, _ in with_a_bert)


def test_with_a_bert_nothing_is_skipped(with_a_bert):
    assert skipped(with_a_bert) == []
    assert len(needs(with_a_bert, "if bert is None:")) == 3


def test_with_a_bert_its_own_words_and_heads_are_shown(with_a_bert):
    texts = [text for _, text, _ in with_a_bert]
    assert "[CLS] the animal didn ' t cross the street because it was too tire ##d [SEP]\n" in texts
    assert "4 hidden states, equal\n" in texts
    (asked,) = (text.splitlines() for text in texts if "it -> animal" in text)
    assert len(asked) == 5
    weights = [float(line.split("animal ")[1][:4]) for line in asked]
    assert weights == sorted(weights, reverse=True)
    assert not any(output.get("name") == "stderr" for _, _, outputs in with_a_bert for output in outputs)


def test_nobodys_own_bert_gets_into_stored_outputs(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTN_BERT", "somewhere")
    assert "ATTN_BERT" not in kernel_environment(tmp_path)
