"""Chapter 5: the model that says which noun "it" stands for, its training, and what is measured on it.

Embeddings, fixed positions, attention, and one matrix that reads a noun out of the final vector of "it". Nobody
tells the attention where to look.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from attnlib.encoder import Encoder
from attnlib.masks import padding_mask
from attnlib.positions import sinusoidal_positions
from attnlib.tasks.pronoun_words import ALL_NOUNS, WORDS, split_words
from attnlib.tasks.pronouns import choose_held_out, make_sentences
from attnlib.training import fit

STORED = Path(__file__).resolve().parent.parent / "stored"
STORED_NAMES = {8: "pronouns", 1: "pronouns_one_head"}  # by the number of heads
IDS = {word: place for place, word in enumerate(WORDS, 1)}  # 0 is padding
RECIPE = {"steps": 1500, "learning_rate": 6e-3, "weight_decay": 0.5}
BATCH, SENTENCES = 64, 20000
SEED = 6


@dataclass
class Batch:
    """Sentences as numbers: word ids, lengths, the places of some words, and the noun that is meant."""

    ids: torch.Tensor
    lengths: torch.Tensor
    it: torch.Tensor
    referent: torch.Tensor | None = None
    other: torch.Tensor | None = None
    adjective: torch.Tensor | None = None
    noun: torch.Tensor | None = None

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, rows):
        """Take some sentences, without the padding that none of them needs."""
        parts = {name: part[rows] for name, part in vars(self).items()}
        return Batch(**parts | {"ids": parts["ids"][:, : int(parts["lengths"].max())]})

    def noun_at(self, places):
        """Return the number of the noun at ``places``: (batch,) -> (batch,)."""
        nouns = torch.tensor([ALL_NOUNS.index(word) if word in ALL_NOUNS else -1 for word in ["", *WORDS]])
        return nouns[self.ids[torch.arange(len(self)), places]]

    def blind(self):
        """Return a mask with which "it" may look nowhere: (batch, 1, n, n)."""
        n = self.ids.shape[1]
        return (torch.arange(n) != self.it[:, None])[:, None, :, None].expand(-1, 1, n, n)

    def cut(self, key):
        """Return a mask that takes from "it" the word at ``key``: places (batch,) -> (batch, 1, n, n)."""
        n = self.ids.shape[1]
        asks = torch.arange(n) == self.it[:, None]
        answers = torch.arange(n) == key[:, None]
        return ~(asks[:, :, None] & answers[:, None, :])[:, None]


def encode(sentences):
    """Write sentences as numbers.

    **Shapes** a list of ``Sentence`` -> a ``Batch``; ids (batch, n), everything else (batch,)
    """
    lengths = torch.tensor([len(sentence.words) for sentence in sentences])
    ids = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.long)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence.words)] = torch.tensor([IDS[word] for word in sentence.words])
    names = ("it", "referent", "other", "adjective")
    places = {name: torch.tensor([getattr(sentence, name) for sentence in sentences]) for name in names}
    nouns = torch.tensor([ALL_NOUNS.index(sentence.noun) for sentence in sentences])
    return Batch(ids, lengths, **places, noun=nouns)


def encode_text(text):
    """Write a typed sentence as numbers.

    **Shapes** a string -> its words, and a ``Batch`` of one that knows no answer

    **Raises** ``ValueError`` as ``split_words``.
    """
    words = split_words(text)
    ids = torch.tensor([[IDS[word] for word in words]])
    return words, Batch(ids, torch.tensor([len(words)]), torch.tensor([words.index("it")]))


class PronounReader(nn.Module):
    """Say which noun "it" stands for.

    **Shapes**
        num_heads, num_layers, d_model, d_hidden   of its ``Encoder``
        generator   for the first weights
    """

    def __init__(self, *, num_heads=8, num_layers=2, d_model=64, d_hidden=None, generator=None):
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS) + 1, d_model)
        self.encoder = Encoder(num_layers, d_model, num_heads, d_hidden, positions=_add_positions)
        self.to_noun = nn.Linear(d_model, len(ALL_NOUNS))
        nn.init.normal_(self.embedding.weight, std=0.5, generator=generator)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2 and "embedding" not in name:
                nn.init.xavier_uniform_(parameter, generator=generator)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, batch, masks=None):
        """Compute a score for every noun.

        **Shapes** a ``Batch``; masks: one (or None) a layer, each broadcasts to (batch, num_heads, n, n)
        -> (batch, number of nouns)
        """
        vectors = self.encoder(self.embedding(batch.ids), self._masks(batch, masks))
        return self.to_noun(vectors[torch.arange(len(batch)), batch.it])

    def maps(self, batch, masks=None):
        """Compute the weights that ``forward`` uses: one (batch, num_heads, n, n) a layer."""
        return self.encoder.attention_maps(self.embedding(batch.ids), self._masks(batch, masks))

    def read(self, text):
        """Say which noun "it" stands for in a typed sentence.

        **Raises** ``ValueError`` for a word that is not known, naming those that are spelled most like it.
        """
        with torch.no_grad():
            return ALL_NOUNS[int(self(encode_text(text)[1]).argmax())]

    def _masks(self, batch, masks):
        padding = padding_mask(batch.lengths, batch.ids.shape[1])
        masks = [None] * len(self.encoder.blocks) if masks is None else masks
        return [padding if mask is None else padding & mask for mask in masks]


def _add_positions(x):
    return x + 0.5 * sinusoidal_positions(*x.shape[1:], dtype=x.dtype).to(x.device)


def reading_loss(sentences):
    """Make the loss for ``fit``: the cross-entropy of the noun that is meant, on 64 sentences drawn at random.

    **Shapes** a ``Batch`` of all sentences -> a function (reader, generator) -> ()
    """

    def loss(reader, generator):
        batch = sentences[torch.randint(len(sentences), (BATCH,), generator=generator)]
        return F.cross_entropy(reader(batch), batch.noun)

    return loss


def train_reader(seed, *, num_heads=8, progress=False):
    """Train a reader as chapter 5 does.

    **Shapes** seed: of everything, the held-out pairs too -> the reader, the held-out pairs, the ``History``
    """
    generator = torch.Generator().manual_seed(seed)
    held_out = choose_held_out(generator)
    sentences = encode(make_sentences(SENTENCES, generator, held_out))
    reader = PronounReader(num_heads=num_heads, generator=generator)
    history = fit(reader, reading_loss(sentences), generator=generator, progress=progress, **RECIPE)
    return reader, held_out, history


def save_reader(reader, num_heads, folder=STORED):
    """Store the weights of a reader; its sizes are those of the recipe.

    **Shapes** num_heads: a key of ``STORED_NAMES`` -> the path of the file
    """
    path = Path(folder) / f"{STORED_NAMES[num_heads]}.safetensors"
    save_file({name: value.contiguous() for name, value in reader.state_dict().items()}, path)
    return path


def stored_reader(num_heads=8):
    """Load the reader that comes with the library, trained with the seed ``SEED``.

    **Shapes** num_heads: 8, or 1 for the companion with one head a layer
    -> the reader in evaluation mode, and the held-out pairs, which its training has not seen
    """
    reader = PronounReader(num_heads=num_heads)
    reader.load_state_dict(load_file(STORED / f"{STORED_NAMES[num_heads]}.safetensors"))
    return reader.eval(), choose_held_out(torch.Generator().manual_seed(SEED))
