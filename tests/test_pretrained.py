"""attnlib.pretrained: a BERT from a folder gives the numbers of transformers, and a wrong folder a clear error."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, BertModel, RobertaConfig, RobertaModel

from attnlib import load_bert
from attnlib.pretrained import Bert, save_bert
from attnlib.shapes import ShapeError

VOCABULARY, BATCH, N = 31, 3, 11


def random_bert(num_layers, kind=BertModel, seed=0):
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=20,
        num_hidden_layers=num_layers,
        num_attention_heads=4,
        intermediate_size=37,
        max_position_embeddings=13,
        initializer_range=0.5,  # scores of order 1, not 0
        attn_implementation="eager",  # the one that gives its maps
    )
    model = kind(config).eval()
    for name, parameter in model.named_parameters():  # no gain of exactly 1, no bias of exactly 0
        if "LayerNorm" in name or "bias" in name:
            parameter.data += 0.3 * torch.randn(parameter.shape)
    return model


@pytest.fixture
def folder(tmp_path):
    random_bert(2).save_pretrained(tmp_path)
    return tmp_path


def sentences(seed=1):
    g = torch.Generator().manual_seed(seed)
    words = torch.randint(VOCABULARY, (BATCH, N), generator=g)
    types = torch.randint(2, (BATCH, N), generator=g)
    return words, torch.tensor([N, 4, 7]), types


def padding(lengths):
    return (torch.arange(N) < lengths[:, None]).long()


@pytest.mark.parametrize("num_layers", [1, 2, 6])
@torch.no_grad()
def test_hidden_states_and_maps_are_those_of_transformers(num_layers, tmp_path):
    theirs = random_bert(num_layers)
    theirs.save_pretrained(tmp_path)
    ours = load_bert(tmp_path)
    words, lengths, types = sentences()
    for given, expected in (
        ((words,), theirs(words, output_hidden_states=True, output_attentions=True)),
        (
            (words, lengths, types),
            theirs(
                words,
                attention_mask=padding(lengths),
                token_type_ids=types,
                output_hidden_states=True,
                output_attentions=True,
            ),
        ),
    ):
        states, maps = ours.hidden_states(*given), ours.attention_maps(*given)
        assert len(states) == num_layers + 1
        torch.testing.assert_close(states, list(expected.hidden_states), rtol=0, atol=1e-5)
        torch.testing.assert_close(maps, list(expected.attentions), rtol=0, atol=1e-5)
        assert torch.equal(ours(*given), states[-1])


@torch.no_grad()
def test_padding_changes_no_word(folder):
    model = load_bert(folder)
    words, lengths, _ = sentences()
    other = words.clone()
    other[padding(lengths) == 0] = 3
    for one, two, length in zip(model(words, lengths), model(other, lengths), lengths, strict=True):
        assert torch.equal(one[:length], two[:length])


def test_it_comes_ready_for_use(folder):
    model = load_bert(folder)
    assert not model.training
    assert not any(parameter.is_meta for parameter in model.parameters())


@torch.no_grad()
def test_a_model_with_a_head_on_top_loads_its_encoder(tmp_path):
    theirs = random_bert(2, BertForMaskedLM)
    theirs.save_pretrained(tmp_path)
    words, _, _ = sentences()
    torch.testing.assert_close(load_bert(tmp_path)(words), theirs.bert(words).last_hidden_state, rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_old_names_of_layer_norm_are_understood(folder):
    expected = load_bert(folder)(sentences()[0])
    state = load_file(folder / "model.safetensors")
    old = {
        k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v
        for k, v in state.items()
    }
    save_file(old, folder / "model.safetensors")
    assert torch.equal(load_bert(folder)(sentences()[0]), expected)


@torch.no_grad()
def test_what_is_saved_is_read_by_both(tmp_path):
    config = {"vocab_size": VOCABULARY, "hidden_size": 20, "num_hidden_layers": 3, "num_attention_heads": 5}
    config |= {"intermediate_size": 37, "max_position_embeddings": 13, "hidden_act": "relu"}
    model, generator = Bert(config).eval(), torch.Generator().manual_seed(2)
    for parameter in model.parameters():
        parameter.normal_(std=0.3, generator=generator)
    save_bert(model, config, tmp_path / "new")
    words, lengths, types = sentences()
    expected = model(words, lengths, types)
    assert torch.equal(load_bert(tmp_path / "new")(words, lengths, types), expected)
    theirs, report = BertModel.from_pretrained(tmp_path / "new", add_pooling_layer=False, output_loading_info=True)
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    found = theirs.eval()(words, attention_mask=padding(lengths), token_type_ids=types).last_hidden_state
    valid = padding(lengths).bool()
    torch.testing.assert_close(found[valid], expected[valid], rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_file_in_half_precision_is_read_as_float32(folder, dtype):
    state = {key: tensor.to(dtype) for key, tensor in load_file(folder / "model.safetensors").items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})  # transformers asks for it
    model = load_bert(folder)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    theirs = BertModel.from_pretrained(folder, attn_implementation="eager").float().eval()
    words, _, _ = sentences()
    torch.testing.assert_close(model(words), theirs(words).last_hidden_state, rtol=0, atol=1e-5)


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing in"):
        load_bert(folder)


def change_config(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "t5"}, "model_type is 't5' in config.json, expected 'bert'"),
        ({"hidden_act": "gelu_new"}, "hidden_act is 'gelu_new' in config.json, expected 'gelu' or 'relu'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ({"is_decoder": True}, "is_decoder is True in config.json, expected False"),
        ({"hidden_size": None, "vocab_size": None}, "config.json does not say vocab_size, hidden_size"),
        ({"num_hidden_layers": 3}, r"lacks weights: encoder\.layer\.2\..* and 13 more"),
        ({"num_hidden_layers": 1}, r"a BERT of 1 layers has not: encoder\.layer\.1\."),
        ({"intermediate_size": 41}, r"encoder\.layer\.0\.intermediate\.dense\.weight has shape \(37, 20\)"),
        ({"vocab_size": 7}, r"embeddings\.word_embeddings\.weight has shape \(31, 20\) .* asks for \(7, 20\)"),
        ({"num_attention_heads": 3}, "d_model is 20, which num_heads = 3 does not divide"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder, changes, words):
    change_config(folder, **changes)
    with pytest.raises(ValueError, match=words):
        load_bert(folder)


def test_another_architecture_is_refused(tmp_path):
    RobertaModel(
        RobertaConfig(vocab_size=31, hidden_size=20, num_hidden_layers=1, num_attention_heads=4, intermediate_size=37)
    ).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="model_type is 'roberta'"):
        load_bert(tmp_path)


def test_broken_files_are_named(folder):
    whole = (folder / "model.safetensors").read_bytes()
    for part in (whole[: len(whole) // 2], whole[:5], b"", whole[:-1]):
        (folder / "model.safetensors").write_bytes(part)
        with pytest.raises(ValueError, match=r"model\.safetensors is damaged or was cut short \([\d,]+ bytes\)"):
            load_bert(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(ValueError, match=r"config\.json holds a list, expected names with their values"):
        load_bert(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is not valid JSON"):
        load_bert(folder)


def test_missing_and_unknown_weights_are_named(folder):
    state = load_file(folder / "model.safetensors")
    lost = state.pop("encoder.layer.1.attention.self.key.bias")
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"lacks weights: encoder\.layer\.1\.attention\.self\.key\.bias\.$"):
        load_bert(folder)
    state |= {"encoder.layer.1.attention.self.key.bias": lost, "encoder.layer.1.adapter.weight": lost.clone()}
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"has not: encoder\.layer\.1\.adapter\.weight\.$"):
        load_bert(folder)


def test_a_sentence_that_is_too_long_is_refused(folder):
    with pytest.raises(ShapeError, match="words has 14 places, but the model's table of positions ends at 13"):
        load_bert(folder)(torch.zeros(1, 14, dtype=torch.long))


def test_a_word_or_a_type_that_is_in_no_table_is_refused(folder):
    model, words = load_bert(folder), torch.tensor([[3, 5, VOCABULARY]])
    with pytest.raises(ValueError, match="words holds numbers from 3 to 31, but the model knows 0 to 30"):
        model(words)
    with pytest.raises(ValueError, match="words holds numbers from -1 to 3, but"):
        model(torch.tensor([[3, -1]]))
    with pytest.raises(ValueError, match="types holds numbers from 0 to 2, but the model knows 0 to 1"):
        model(words - 1, types=torch.tensor([[0, 2, 1]]))
