"""attnlib.tasks for chapter 10: random BERTs, mistakes without an error, and what "it" holds."""

import sys

import pytest
import torch
from safetensors.torch import load_file

from attnlib import load_bert
from attnlib.pretrained import Bert
from attnlib.tasks import rollout_probes as probes
from attnlib.tasks.random_bert import make_folder, randomise
from attnlib.tasks.reader import Batch, stored_reader
from attnlib.tasks.silent_mistakes import MISTAKES, differences

CONFIG = {"vocab_size": 31, "hidden_size": 36, "num_hidden_layers": 2, "num_attention_heads": 4}
CONFIG |= {"intermediate_size": 53, "max_position_embeddings": 13}


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def sentences():
    words = torch.randint(31, (3, 11), generator=seeded())
    types = torch.randint(2, (3, 11), generator=seeded(2))
    return words, torch.tensor([11, 4, 7]), types


# ----------------------------------------------------------------------------------------------------- random BERTs


def test_a_random_bert_has_gains_around_1_and_everything_else_around_0():
    model = randomise(Bert(CONFIG | {"hidden_size": 400}), seeded())
    assert not model.training
    for name, parameter in model.named_parameters():
        gain = float("norm" in name and name.endswith("weight"))
        assert abs(parameter.mean() - gain) < 0.1
        assert 0.2 < parameter.std() < 0.4


@pytest.mark.parametrize("installed", [True, False])
def test_the_folder_holds_the_model_with_or_without_transformers(installed, tmp_path, monkeypatch):
    if not installed:
        monkeypatch.setitem(sys.modules, "transformers", None)
    theirs = make_folder(CONFIG, tmp_path, seeded())
    assert (theirs is not None) == installed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert len(load_file(tmp_path / "model.safetensors")) == 5 + 2 * 16
    words, lengths, types = sentences()
    assert load_bert(tmp_path)(words, lengths, types).shape == (3, 11, 36)


# --------------------------------------------------------------------------------------------------------- mistakes


def test_every_mistake_changes_something_and_none_is_an_error():
    model = randomise(Bert(CONFIG), seeded())
    found = differences(model, *sentences())
    assert list(found) == list(MISTAKES)
    assert min(found.values()) > 0
    assert found["eps 1e-5 in all norms"] > found["eps 1e-5 in one norm a block"]


def test_the_model_is_as_it_was_after_all_mistakes():
    model = randomise(Bert(CONFIG), seeded())
    before = model(*sentences())
    differences(model, *sentences())
    assert torch.equal(model(*sentences()), before)


def test_what_stands_in_the_place_of_padding_makes_no_difference():
    model = randomise(Bert(CONFIG), seeded())
    words, lengths, types = sentences()
    other = words.clone()
    other[1, 4:] = 5
    for one, two in zip(*(differences(model, x, lengths, types).values() for x in (words, other)), strict=True):
        assert one == pytest.approx(two, rel=0.1, abs=1e-5)


# ------------------------------------------------------------------------------------------------- what "it" holds


def test_the_two_words_that_it_has_most_of_are_counted_without_itself():
    places = {"it": [0, 0, 0], "referent": [1, 1, 1], "adjective": [2, 2, 2]}
    batch = Batch(torch.zeros(3, 5, dtype=torch.long), torch.full((3,), 5), *map(torch.tensor, places.values()))
    batch.adjective, batch.other = torch.tensor(places["adjective"]), None
    maps = torch.zeros(3, 5, 5)
    maps[0, 0] = torch.tensor([0.8, 0.1, 0.06, 0.03, 0.01])  # both, after itself
    maps[1, 0] = torch.tensor([0.0, 0.5, 0.1, 0.3, 0.1])  # the noun
    maps[2, 0] = torch.tensor([0.1, 0.1, 0.2, 0.5, 0.1])  # the adjective
    found = probes.top_two(maps, batch)
    assert found == {"both": pytest.approx(1 / 3), "noun": pytest.approx(2 / 3), "adjective": pytest.approx(2 / 3)}


def test_shares_of_rollout_and_layers_are_those_of_their_maps():
    reader, held_out = stored_reader()
    batch = probes.unseen("role", held_out, seeded(), count=41)
    found = probes.top_two_by_map(reader, batch)
    assert list(found) == ["layer 1", "layer 2", "rollout"]
    assert found["layer 2"] == probes.top_two(reader.maps(batch)[1].mean(dim=1), batch)
    assert all(max(shares["noun"], shares["adjective"]) >= shares["both"] for shares in found.values())
