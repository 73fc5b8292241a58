"""Chapter 5: what is measured on a reader: how often it is right, where it looks, and what it needs."""

import json

import torch

from attnlib.tasks.pronoun_words import FAMOUS
from attnlib.tasks.pronouns import famous_sentence, make_sentences, swap
from attnlib.tasks.reader import STORED, encode, encode_text, stored_reader


@torch.no_grad()
def accuracy(reader, batch, masks=None):
    """Compute the share of sentences in which the reader names the noun that is meant.

    **Shapes** a ``PronounReader`` (without masks any reader), a ``Batch``, masks as in its ``forward``
    -> a number from 0 to 1
    """
    scores = reader(batch) if masks is None else reader(batch, masks)
    return (scores.argmax(dim=-1) == batch.noun).double().mean().item()


@torch.no_grad()
def named_shares(reader, batch, masks=None):
    """Compute how often the reader names the noun that is meant, the other candidate, or neither.

    **Shapes** as ``accuracy`` -> {"the noun that is meant", "the other candidate", "neither": numbers, sum 1}
    """
    named = reader(batch, masks).argmax(dim=-1)
    meant, other = ((named == batch.noun_at(places)).double().mean().item() for places in (batch.referent, batch.other))
    return {"the noun that is meant": meant, "the other candidate": other, "neither": 1 - meant - other}


@torch.no_grad()
def looks_of_it(reader, batch, masks=None):
    """Compute where "it" looks.

    **Shapes** -> (num_layers, batch, num_heads, n): the rows of "it" in the maps
    """
    rows = torch.arange(len(batch))
    return torch.stack([weights[rows, :, batch.it] for weights in reader.maps(batch, masks)])


@torch.no_grad()
def maps_of(reader, text):
    """Compute all maps for a typed sentence.

    **Shapes** a ``PronounReader`` and a string -> its words, and weights (num_layers, num_heads, n, n)
    """
    words, batch = encode_text(text)
    return words, torch.cat(reader.maps(batch))


def look_from(reader, text, word="it"):
    """Compute where one word of a typed sentence looks; of a word that stands there twice, the first.

    **Shapes** a ``PronounReader`` and two strings -> the words, and weights (num_layers, num_heads, n)

    **Raises** ``ValueError`` for a word that is not in the sentence, and as ``split_words``.
    """
    words, maps = maps_of(reader, text)
    word = word.strip().lower()
    if word not in words:
        raise ValueError(f"the word {word!r} is not in the sentence: choose one of {', '.join(dict.fromkeys(words))}.")
    return words, maps[:, :, words.index(word)]


def stored_look(text):
    """Compute the weights of the stored reader's noun head, the one that the rule of chapter 5 found.

    **Shapes** a string -> its words, and weights (n, n)
    """
    reader, _ = stored_reader()
    layer, head = json.loads((STORED / "pronouns.json").read_text(encoding="utf-8"))["noun head"]
    words, maps = maps_of(reader, text)
    return words, maps[layer, head]


def top_shares(reader, batch, places):
    """Compute for every head how often the word that "it" looks at most is the one at ``places``.

    **Shapes** places (batch,) -> (num_layers, num_heads)
    """
    hits = looks_of_it(reader, batch).argmax(dim=-1) == places[:, None]
    return hits.double().mean(dim=1)


def find_head(reader, batch, places, layers=None):
    """Find the head whose top word at "it" is most often the one at ``places``: the rule of chapter 5.

    **Shapes** places (batch,); layers: those that are searched, all unless given -> (layer, head)
    """
    shares = top_shares(reader, batch, places)
    layers = range(len(shares)) if layers is None else layers
    return max(((layer, head) for layer in layers for head in range(shares.shape[1])), key=lambda at: shares[at])


def switch_off(reader, layer, heads, n):
    """Make the masks that switch off some heads of one layer, for sentences padded to n words.

    **Shapes** heads: a list of numbers -> one mask, or None, a layer
    """
    mask = torch.ones(1, reader.encoder.blocks[layer].attention.num_heads, n, n, dtype=torch.bool)
    mask[:, heads] = False
    return [mask if here == layer else None for here in range(len(reader.encoder.blocks))]


def evaluation_sets(held_out, count, generator):
    """Make the four sets of sentences: pairs known or held out, templates known or held out.

    **Shapes** -> {name: a list of ``count`` sentences}
    """
    kinds = {"known": ("known", "known"), "pairs": ("held out", "known")}
    kinds |= {"templates": ("known", "held out"), "both": ("held out", "held out")}
    return {
        name: make_sentences(count, generator, held_out, pairs=pairs, patterns=patterns)
        for name, (pairs, patterns) in kinds.items()
    }


def measure(reader, held_out, *, count=1500, generator):
    """Measure all that chapter 5 says of a reader.

    **Shapes** -> {what: a number from 0 to 1}; heads as (layer, head)

    **Promises** heads are found on sentences of the training kind and scored on held-out ones.
    """
    sets = evaluation_sets(held_out, count, generator)
    batches = {name: encode(sentences) for name, sentences in sets.items()}
    found = {f"accuracy, {name}": accuracy(reader, batch) for name, batch in batches.items()}
    for name in ("pairs", "templates", "both"):
        role = encode([sentence for sentence in sets[name] if sentence.family == "role"])
        found[f"accuracy, {name}, role family"] = accuracy(reader, role)
    known, pairs = batches["known"], batches["pairs"]
    noun_head = find_head(reader, known, known.referent)
    adjective_head = find_head(reader, known, known.adjective, layers=[0])
    found |= {"noun head": noun_head, "adjective head": adjective_head}
    for name, batch in batches.items():
        found[f"noun head on the referent, {name}"] = top_shares(reader, batch, batch.referent)[noun_head].item()
    found["adjective head on the adjective, pairs"] = top_shares(reader, pairs, pairs.adjective)[adjective_head].item()
    found |= _swaps(reader, sets["pairs"], held_out, noun_head) | _cuts(reader, pairs)
    famous = encode([famous_sentence(noun) for noun in FAMOUS])
    return found | {"accuracy, famous": accuracy(reader, famous)}


def _swaps(reader, sentences, held_out, noun_head):
    layer, head = noun_head
    before, after = encode(sentences), encode([swap(sentence, held_out) for sentence in sentences])
    moved = torch.ones(len(before), dtype=torch.bool)
    for batch in (before, after):
        moved &= looks_of_it(reader, batch)[layer, :, head].argmax(dim=-1) == batch.referent
    return {"noun head follows the swap, pairs": moved.double().mean().item()}


def _cuts(reader, batch):
    n, found = batch.ids.shape[1], {}
    for name in ("referent", "other"):
        masks = [None, batch.cut(getattr(batch, name))]
        found[f"accuracy, it to {name} cut in layer 2"] = accuracy(reader, batch, masks)
    masks = [batch.cut(batch.adjective), None]
    found["accuracy, it to adjective cut in layer 1"] = accuracy(reader, batch, masks)
    for layer, block in enumerate(reader.encoder.blocks):
        heads = list(range(block.attention.num_heads))
        found[f"accuracy, layer {layer + 1} off"] = accuracy(reader, batch, switch_off(reader, layer, heads, n))
        if len(heads) > 1:
            for head in heads:
                masks = switch_off(reader, layer, [head], n)
                found[f"accuracy, layer {layer + 1} head {head} off"] = accuracy(reader, batch, masks)
    return found
