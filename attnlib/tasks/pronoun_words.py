"""Chapter 5: the words of the pronoun sentences, their templates, and typed sentences.

A template has two slots, each of a kind; an adjective of that kind can be said of the noun in the slot. "content"
and "container" are kinds of things: which thing is meant by "too big" depends on the slot, not on the noun.
"""

import difflib
import re

THINGS = "trophy suitcase box bag lamp vase clock piano basket statue barrel mirror"
NOUNS = {
    "animal": ["animal", "dog", "cat", "horse", "fox", "bear", "goat", "cow", "rabbit", "donkey"],
    "place": ["street", "road", "river", "bridge", "path", "field", "lane", "yard", "square", "tunnel"],
    "food": ["apple", "cake", "soup", "bread", "cheese", "pie", "melon", "sauce", "fish", "carrot"],
    "vehicle": ["car", "truck", "bus", "train", "van", "boat", "tractor", "wagon", "tram", "taxi"],
    "thing": THINGS.split(),
    "content": THINGS.split(),
    "container": THINGS.split(),
}
ADJECTIVES = {
    "animal": ["tired", "hungry", "scared", "sleepy", "sick", "thirsty"],
    "place": ["wide", "narrow", "crowded", "flooded", "icy", "steep"],
    "food": ["ripe", "salty", "sour", "stale", "sweet", "bitter"],
    "vehicle": ["rusty", "late", "fast", "full", "loud", "shaky"],
    "thing": ["broken", "dusty", "cracked", "dirty"],
    "content": ["big", "large", "huge", "bulky"],
    "container": ["small", "little", "tiny", "cramped"],
}
FAMILIES = {
    "selectional": {
        "known": [
            "the {animal} didn't cross the {place}",
            "the {place} wasn't crossed by the {animal}",
            "the {animal} didn't eat the {food}",
            "the {food} wasn't eaten by the {animal}",
            "the {vehicle} couldn't enter the {place}",
            "the {place} was closed to the {vehicle}",
            "the {animal} ran away from the {vehicle}",
            "the {vehicle} didn't stop for the {animal}",
            "the {thing} was left in the {vehicle}",
            "the {vehicle} didn't carry the {thing}",
            "the {animal} stayed away from the {place}",
            "the {food} was kept beside the {thing}",
            "the {thing} wasn't sold at the {place}",
            "the {vehicle} was loaded with the {food}",
        ],
        "held out": [
            "the {animal} ran away from the {place}",
            "the {food} was left in the {vehicle}",
            "the {vehicle} stayed away from the {place}",
            "the {place} was closed to the {animal}",
        ],
    },
    "role": {
        "known": [
            "the {content} doesn't fit in the {container}",
            "the {content} won't go into the {container}",
            "the {content} couldn't be put into the {container}",
            "the {content} wasn't packed in the {container}",
            "the {content} didn't slide into the {container}",
            "the {content} couldn't be kept in the {container}",
            "the {container} can't hold the {content}",
            "the {container} has no room for the {content}",
        ],
        "held out": [
            "the {content} doesn't go into the {container}",
            "the {container} has no room to hold the {content}",
        ],
    },
}
REASONS = ["because it was too", "because it is too", "since it was so"]
REASONS += ["as it was very", "because it looked too", "since it seemed so"]
BEFORE = ["", "", "", "yesterday", "in the morning", "near the {noun}", "behind the {noun}"]
AFTER = ["", "", "", "again", "near the {noun}", "so the {noun} had to wait"]
FAMOUS = {
    "animal": "The animal didn't cross the street because it was too tired",
    "street": "The animal didn't cross the street because it was too wide",
    "trophy": "The trophy doesn't fit in the suitcase because it is too big",
    "suitcase": "The trophy doesn't fit in the suitcase because it is too small",
}

PATTERNS = [pattern for family in FAMILIES.values() for patterns in family.values() for pattern in patterns]
_SPOKEN = [*PATTERNS, *REASONS, *BEFORE, *AFTER, *map(" ".join, NOUNS.values()), *map(" ".join, ADJECTIVES.values())]
ALL_NOUNS = sorted({noun for nouns in NOUNS.values() for noun in nouns})
WORDS = sorted(set(" ".join(_SPOKEN).split()) - {f"{{{kind}}}" for kind in [*NOUNS, "noun"]})


def split_words(text):
    """Split a typed sentence into known words.

    **Shapes** a string -> a list of words, without capitals and punctuation

    **Raises** ``ValueError`` for a word that is not known, with those that are spelled most like it, and for a
    sentence without exactly one "it".

    **Example**

    >>> split_words("The dog, again!")
    Traceback (most recent call last):
    ValueError: the sentence has 0 times "it", expected once: the model says which noun it stands for.
    """
    words = re.findall(r"[\w']+", text.lower().replace("’", "'"))
    for word in words:
        if word not in WORDS:
            near = difflib.get_close_matches(word, WORDS, n=4, cutoff=0.5)
            near = f"Spelled most like it: {', '.join(near)}." if near else "No known word is spelled like it."
            raise ValueError(
                f"the word {word!r} is not known. {near}\n"
                f"All {len(WORDS)} known words are in attnlib.tasks.pronoun_words.WORDS, nouns in ALL_NOUNS."
            )
    if words.count("it") != 1:
        raise ValueError(
            f'the sentence has {words.count("it")} times "it", expected once: the model says which noun it stands for.'
        )
    return words
