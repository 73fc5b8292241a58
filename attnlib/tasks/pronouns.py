"""Chapter 5: sentences with a pronoun, generated, and what may be seen of them in training.

Every sentence has two candidates for "it", and an adjective that decides. In the selectional family the two
nouns are of different kinds (a street cannot be tired). In the role family both are things, and the one that is
meant depends on who holds whom: "the trophy doesn't fit in the suitcase because it is too big".

Held out from training are pairs of a noun and an adjective, and whole templates.
"""

import random
import re
from dataclasses import dataclass

import torch

from attnlib.shapes import must_count
from attnlib.tasks.pronoun_words import (
    ADJECTIVES,
    AFTER,
    ALL_NOUNS,
    BEFORE,
    FAMILIES,
    FAMOUS,
    NOUNS,
    REASONS,
    split_words,
)

ROLE_SHARE = 0.3
REASON_FIRST_SHARE = 0.2


@dataclass(frozen=True)
class Sentence:
    """Words, the places of "it", of the noun it stands for, of the other candidate and of the adjective."""

    words: tuple[str, ...]
    it: int
    referent: int
    other: int
    adjective: int
    family: str
    pattern: str

    def __str__(self):
        return " ".join(self.words)

    @property
    def noun(self):
        """The noun that "it" stands for."""
        return self.words[self.referent]


def fitting_pairs(kind):
    """List all pairs of a noun and an adjective of one kind: what can be said of it.

    **Shapes** kind: a key of ``ADJECTIVES`` -> a list of (noun, adjective)
    """
    return [(noun, adjective) for noun in NOUNS[kind] for adjective in ADJECTIVES[kind]]


def choose_held_out(generator):
    """Choose the pairs that training never sees: for every noun one adjective of each of its kinds.

    **Shapes** generator: a ``torch.Generator`` -> a set of (noun, adjective)

    **Promises** about a fifth of all fitting pairs, the pairs of the famous sentences always among them.
    """
    choice, chosen = _random(generator), {(noun, text.split()[-1]) for noun, text in FAMOUS.items()}
    for kind in ADJECTIVES:
        for noun in NOUNS[kind]:
            pairs = [(noun, adjective) for adjective in ADJECTIVES[kind]]
            if chosen.isdisjoint(pairs):
                chosen.add(choice.choice(pairs))
    return frozenset(chosen)


def make_sentences(count, generator, held_out, *, pairs="known", patterns="known", families=tuple(FAMILIES)):
    """Make sentences with a pronoun.

    **Shapes**
        held_out    a set of (noun, adjective), from ``choose_held_out``
        pairs       "known": no held-out pair anywhere in a sentence, not even of a noun that is not meant;
                    "held out": the pair that decides is one of them; in the role family, where both nouns could
                    have the adjective, so is the other pair
        patterns    "known" or "held out": which templates
        families    of ``FAMILIES``; about 30 % of the sentences are of the role family when both are asked for
        -> a list of ``count`` sentences

    **Promises** the same generator state gives the same sentences; each candidate is meant in about half.
    """
    must_count(count=count)
    choice, sentences = _random(generator), []
    while len(sentences) < count:
        family = families[0]
        if len(families) > 1:
            family = "role" if choice.random() < ROLE_SHARE else "selectional"
        pattern = choice.choice(FAMILIES[family][patterns])
        kinds = re.findall(r"{(\w+)}", pattern)
        meant = choice.randrange(2)
        fitting = [pair for pair in fitting_pairs(kinds[meant]) if (pair in held_out) == (pairs == "held out")]
        noun, adjective = choice.choice(fitting)
        others = [word for word in NOUNS[kinds[1 - meant]] if word != noun]
        if pairs == "held out" and family == "role":
            # else the other noun would be the only one that training has shown with this adjective
            others = [word for word in others if (word, adjective) in held_out]
        if not others:
            continue
        other = choice.choice(others)
        sentence = _build(choice, family, pattern, {kinds[meant]: noun, kinds[1 - meant]: other}, noun, adjective)
        if pairs == "held out" or not any((word, adjective) in held_out for word in sentence.words):
            sentences.append(sentence)
    return sentences


def swap(sentence, held_out):
    """Swap the adjective for one that means the other noun, of the held-out pairs: tired becomes wide.

    **Shapes** a ``Sentence`` and a set of (noun, adjective) -> a ``Sentence``
    """
    kinds = dict(
        zip(sorted((sentence.referent, sentence.other)), re.findall(r"{(\w+)}", sentence.pattern), strict=True)
    )
    noun, words = sentence.words[sentence.other], list(sentence.words)
    fitting = [adjective for adjective in ADJECTIVES[kinds[sentence.other]] if (noun, adjective) in held_out]
    words[sentence.adjective] = fitting[0]
    places = {"it": sentence.it, "referent": sentence.other, "other": sentence.referent}
    return Sentence(
        tuple(words), **places, adjective=sentence.adjective, family=sentence.family, pattern=sentence.pattern
    )


def famous_sentence(noun):
    """Return one of the ``FAMOUS`` sentences with its places; noun says which: the one that is meant.

    **Shapes** a key of ``FAMOUS`` -> a ``Sentence``
    """
    words = split_words(FAMOUS[noun])
    other = next(word for word in words if word in FAMOUS and word != noun)
    family = "selectional" if noun in NOUNS["animal"] + NOUNS["place"] else "role"
    places = {"it": words.index("it"), "referent": words.index(noun), "other": words.index(other)}
    pattern = FAMILIES[family]["known"][0]
    return Sentence(tuple(words), **places, adjective=len(words) - 1, family=family, pattern=pattern)


def _build(choice, family, pattern, nouns, noun, adjective):
    extra = [word for word in ALL_NOUNS if word not in nouns.values()]
    main = pattern.format(**nouns).split()
    reason = [*choice.choice(REASONS).split(), adjective]
    clauses = [reason, main] if choice.random() < REASON_FIRST_SHARE else [main, reason]
    before = choice.choice(BEFORE).format(noun=choice.choice(extra)).split()
    after = choice.choice(AFTER).format(noun=choice.choice(extra)).split()
    words = [*before, *clauses[0], *clauses[1], *after]
    start = len(before) + (len(reason) if clauses[0] is reason else 0)
    (other,) = set(nouns.values()) - {noun}
    places = {"referent": start + main.index(noun), "other": start + main.index(other)}
    return Sentence(
        tuple(words), words.index("it"), **places, adjective=words.index(adjective), family=family, pattern=pattern
    )


def _random(generator):
    # seeded from the generator: Python's choices from lists are many times faster than torch's
    return random.Random(int(torch.randint(2**62, (), generator=generator)))
