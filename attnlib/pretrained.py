"""Chapter 10: a pretrained BERT, read from a folder on this machine into the encoder of chapter 5.

Nothing is downloaded. The weights come from ``model.safetensors``, which holds numbers and no code.
"""

import json
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from attnlib.encoder import ACTIVATIONS, Encoder
from attnlib.masks import padding_mask
from attnlib.shapes import ShapeError

# their name of a part -> ours; {n} is the number of the layer
NAMES = {
    "embeddings.word_embeddings": "embedding.words",
    "embeddings.position_embeddings": "embedding.positions",
    "embeddings.token_type_embeddings": "embedding.types",
    "embeddings.LayerNorm": "embedding.norm",
    "encoder.layer.{n}.attention.self.query": "encoder.blocks.{n}.attention.W_q",
    "encoder.layer.{n}.attention.self.key": "encoder.blocks.{n}.attention.W_k",
    "encoder.layer.{n}.attention.self.value": "encoder.blocks.{n}.attention.W_v",
    "encoder.layer.{n}.attention.output.dense": "encoder.blocks.{n}.attention.W_o",
    "encoder.layer.{n}.attention.output.LayerNorm": "encoder.blocks.{n}.attention_norm",
    "encoder.layer.{n}.intermediate.dense": "encoder.blocks.{n}.feed_forward.W_in",
    "encoder.layer.{n}.output.dense": "encoder.blocks.{n}.feed_forward.W_out",
    "encoder.layer.{n}.output.LayerNorm": "encoder.blocks.{n}.feed_forward_norm",
}
NOT_THE_ENCODER = ("pooler.", "cls.", "classifier.", "qa_outputs.", "embeddings.position_ids")
NEEDED = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")


class BertEmbedding(nn.Module):
    """Add up what a word is, where it stands and which sentence it belongs to (Devlin et al. 2019, section 3).

    **Shapes** words (batch, n) integers, types (batch, n) integers, 0 unless given -> (batch, n, d_model)

    **Raises** ``ShapeError`` for a sentence longer than the table of positions, ``ValueError`` for a word or a type
    that is in no table.
    """

    def __init__(self, config):
        super().__init__()
        d_model = config["hidden_size"]
        self.words = nn.Embedding(config["vocab_size"], d_model)
        self.positions = nn.Embedding(config.get("max_position_embeddings", 512), d_model)
        self.types = nn.Embedding(config.get("type_vocab_size", 2), d_model)
        self.norm = nn.LayerNorm(d_model, eps=config.get("layer_norm_eps", 1e-12))

    def forward(self, words, types=None):
        """Embed words, which the tokenizer has turned into numbers."""
        n, longest = words.shape[1], self.positions.num_embeddings
        if n > longest:
            raise ShapeError(f"words has {n} places, but the model's table of positions ends at {longest}.")
        types = torch.zeros_like(words) if types is None else types
        for name, numbers, table in (("words", words, self.words), ("types", types, self.types)):
            lowest, highest, last = int(numbers.min()), int(numbers.max()), table.num_embeddings - 1
            if lowest < 0 or highest > last:
                raise ValueError(f"{name} holds numbers from {lowest} to {highest}, but the model knows 0 to {last}.")
        return self.norm(self.words(words) + self.positions.weight[:n] + self.types(types))


class Bert(nn.Module):
    """The embedding and the encoder of a BERT (Devlin et al. 2019): post-norm blocks, exact GELU.

    **Shapes**
        words       (batch, n) integers
        lengths     (batch,) integers, the words of each sentence that are no padding; all n unless given
        types       (batch, n) integers, which sentence a word belongs to; 0 unless given

    **Promises** the hidden states and maps of ``transformers.BertModel`` with the same weights.
    """

    def __init__(self, config):
        super().__init__()
        self.embedding = BertEmbedding(config)
        self.encoder = Encoder(
            config["num_hidden_layers"],
            config["hidden_size"],
            config["num_attention_heads"],
            config["intermediate_size"],
            pre_norm=False,
            activation=config.get("hidden_act", "gelu"),
            layer_norm_eps=config.get("layer_norm_eps", 1e-12),
        )

    def hidden_states(self, words, lengths=None, types=None):
        """Return the embedding and the output of every layer, each (batch, n, d_model)."""
        mask = self._mask(words, lengths)
        states = [self.embedding(words, types)]
        for block in self.encoder.blocks:
            states.append(block(states[-1], mask))
        return states

    def attention_maps(self, words, lengths=None, types=None):
        """Return one (batch, num_heads, n, n) a layer."""
        return self.encoder.attention_maps(self.embedding(words, types), self._mask(words, lengths))

    def forward(self, words, lengths=None, types=None):
        """Return what every word has become after the last layer, (batch, n, d_model)."""
        return self.encoder(self.embedding(words, types), self._mask(words, lengths))

    def _mask(self, words, lengths):
        return None if lengths is None else padding_mask(lengths, words.shape[1])


def load_bert(folder):
    """Read a BERT from a folder with ``config.json`` and ``model.safetensors``, in evaluation mode.

    **Shapes** folder: a path -> ``Bert``

    **Promises** every number of the encoder comes from the file, as float32; layers on top of the encoder are
    left out.

    **Raises** ``FileNotFoundError`` for a missing file, ``ValueError`` for an architecture that this encoder is not,
    for a file that is damaged or cut short, and for weights that are missing, unknown or of another shape than the
    configuration says.

    **Example** chapter 10 makes a small folder and loads it.
    """
    folder = Path(folder)
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{name} is missing in {str(folder)!r}, expected there beside each other: "
                "config.json and model.safetensors."
            )
    config = _read_config(folder / "config.json")
    state = _our_names(_read_weights(folder / "model.safetensors"), config["num_hidden_layers"])
    with torch.device("meta"):  # no memory for numbers that are replaced at once
        model = Bert(config)
    _compare(model.state_dict(), state)
    model.load_state_dict(state, assign=True)
    return model.float().eval()


def save_bert(model, config, folder):
    """Write a ``Bert`` into a folder as ``transformers`` does: ``config.json`` and ``model.safetensors``.

    **Shapes** config: the dict that the model was made from; folder: a path, made if it is not there

    **Promises** ``load_bert`` gives the same model, and ``transformers.BertModel.from_pretrained`` reads it too.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"model_type": "bert", "architectures": ["BertModel"]} | config, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    state = {_their_name(key): tensor.contiguous() for key, tensor in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def _read_config(path):
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not valid JSON: {error}") from None
    if not isinstance(config, dict):
        raise ValueError(f"{path.name} holds a {type(config).__name__}, expected names with their values.")
    wanted = {"model_type": ("bert",), "hidden_act": tuple(ACTIVATIONS), "position_embedding_type": ("absolute",)}
    wanted |= {"is_decoder": (False,), "add_cross_attention": (False,)}
    for key, values in wanted.items():
        if config.get(key, values[0]) not in values:
            expected = " or ".join(map(repr, values))
            raise ValueError(f"{key} is {config[key]!r} in {path.name}, expected {expected}: this encoder is a BERT.")
    missing = [key for key in NEEDED if not isinstance(config.get(key), int)]
    if missing:
        raise ValueError(f"{path.name} does not say {', '.join(missing)}.")
    return config


def _read_weights(path):
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path.name} is damaged or was cut short ({path.stat().st_size:,} bytes): {error}") from None


def _our_names(state, num_layers):
    ours = {theirs.format(n=n): name.format(n=n) for theirs, name in NAMES.items() for n in range(num_layers)}
    renamed, unknown = {}, []
    for key, tensor in state.items():
        part, _, kind = key.removeprefix("bert.").rpartition(".")
        kind = {"gamma": "weight", "beta": "bias"}.get(kind, kind)  # as old files call them
        if part in ours:
            renamed[f"{ours[part]}.{kind}"] = tensor
        elif not key.removeprefix("bert.").startswith(NOT_THE_ENCODER):
            unknown.append(key)
    if unknown:
        raise ValueError(f"model.safetensors has weights that a BERT of {num_layers} layers has not: {_some(unknown)}.")
    return renamed


def _compare(wanted, state):
    missing = sorted(wanted.keys() - state.keys())
    if missing:
        raise ValueError(f"model.safetensors lacks weights: {_some([_their_name(key) for key in missing])}.")
    for key, tensor in wanted.items():
        if tensor.shape != state[key].shape:
            raise ValueError(
                f"{_their_name(key)} has shape {tuple(state[key].shape)} in model.safetensors, "
                f"but config.json asks for {tuple(tensor.shape)}."
            )


def _their_name(key):
    part, _, kind = key.rpartition(".")
    number = next(iter(re.findall(r"\d+", part)), "")
    general = re.sub(r"\.\d+\.", ".{n}.", part)
    return f"{next(theirs for theirs, ours in NAMES.items() if ours == general).format(n=number)}.{kind}"


def _some(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
