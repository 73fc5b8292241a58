"""Chapter 10: does "it" hold the words that decide?"""

import torch

from attnlib.flow import rollout
from attnlib.tasks.pronouns import make_sentences
from attnlib.tasks.reader import encode


def unseen(family, held_out, generator, count=300):
    """Make sentences of one family, with pairs of noun and adjective that training has not seen.

    **Shapes** family: a name as in ``make_sentences``; held_out as from ``stored_reader`` -> a ``Batch``
    """
    return encode(make_sentences(count, generator, held_out, pairs="held out", families=(family,)))


def top_two(maps, batch):
    """Compute how often the noun that is meant and the adjective are among the two words that "it" has most of.

    **Shapes** maps (batch, n, n), a ``Batch`` -> {"both", "noun", "adjective": numbers from 0 to 1}

    **Promises** "it" itself is left out.
    """
    has = maps[torch.arange(len(batch)), batch.it].scatter(1, batch.it[:, None], 0)
    best = has.topk(2).indices
    noun, adjective = ((best == place[:, None]).any(dim=1) for place in (batch.referent, batch.adjective))
    shares = {"both": noun & adjective, "noun": noun, "adjective": adjective}
    return {name: found.double().mean().item() for name, found in shares.items()}


@torch.no_grad()
def top_two_by_map(reader, batch):
    """Compute ``top_two`` in the mean map of each layer, and in rollout.

    **Shapes** a ``PronounReader``, a ``Batch`` -> {"layer 1", ..., "rollout": as ``top_two``}
    """
    maps = reader.maps(batch)
    kinds = {f"layer {number}": layer.mean(dim=1) for number, layer in enumerate(maps, 1)}
    kinds["rollout"] = rollout(torch.stack(maps, dim=1))
    return {kind: top_two(found, batch) for kind, found in kinds.items()}
