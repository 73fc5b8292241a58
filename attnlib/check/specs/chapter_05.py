"""Chapter 5: a sentence that fools a model. The other exercises are in ``chapter_05_...``, one file each."""

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_05_ablation import WITHOUT
from attnlib.check.specs.chapter_05_edges import CUT
from attnlib.check.specs.chapter_05_heads import HEAD_MAP
from attnlib.check.specs.chapter_05_norm import NORM
from attnlib.check.specs.chapter_05_share import SHARE
from attnlib.check.specs.common import choose


class Reader:
    """A model that answers by a rule of thumb; ``says`` is what a card shows for it."""

    def __init__(self, says, rule):
        self.says, self.rule = says, rule

    def __call__(self, sentence):
        if not isinstance(sentence, str):
            raise TypeError(f"read takes one sentence at a time, a string; you gave it a {type(sentence).__name__}.")
        if " " not in sentence:
            raise ValueError(f"read takes a whole sentence; you gave it {sentence!r}.")
        nouns = [word for word in sentence.split() if word in NOUNS]
        return "".join(list(self.rule(nouns, sentence)))  # a new string every time: equal, but not the same object

    def __repr__(self):
        return self.says

    def __deepcopy__(self, memo):
        return self


NOUNS = frozenset(["animal", "street", "trophy", "case", "suitcase", "cup", "bottle", "dog", "truck"])


def first_fooled(faults, read, sentences, nouns):
    """Find the first sentence that fools a model, with the mistakes in ``faults``."""
    if "nouns_read" in faults:
        return _first(faults, [read(noun) != noun for noun in nouns], sentences)
    wrong = [_is_wrong(faults, read(sentence), noun, nouns) for sentence, noun in zip(sentences, nouns, strict=True)]
    return _first(faults, wrong, sentences)


def _is_wrong(faults, said, noun, nouns):
    ways = {
        "inverted": lambda: said == noun,
        "identity": lambda: said is not noun,
        "contains": lambda: noun not in said,
        "contained": lambda: said not in noun,
        "any_noun": lambda: said not in nouns,
        "first_noun": lambda: said != nouns[0],
        "length": lambda: len(said) != len(noun),
    }
    return choose(faults, ways, lambda: said != noun)


def _first(faults, wrong, sentences):
    places = [place for place, one in enumerate(wrong) if one]
    if "index_again" in faults:
        places = [sentences.index(sentences[place]) for place in places]
    if "from_second" in faults:
        places = [place for place in places if place]
    if "all_but_last" in faults:
        places = [place for place in places if place < len(wrong) - 1]
    if "last" in faults:
        places = places[::-1]
    if "never_read" in faults:
        places = []
    none = choose(
        faults,
        {
            "length_if_none": lambda: len(wrong),
            "zero_if_none": lambda: 0,
            "nothing_if_none": lambda: None,
            "last_if_none": lambda: len(wrong) - 1,
            "false_if_none": lambda: False,
            "empty_if_none": lambda: [],
        },
        lambda: -1,
    )
    ends = {
        "min_of_none": lambda: min(places),
        "next_of_none": lambda: next(iter(places)),
        "index_of_none": lambda: wrong.index(True),
        "first_of_none": lambda: places[0],
        "count": lambda: len(places),
        "from_one": lambda: places[0] + 1 if places else none,
        "all_places": lambda: places,
        "gives_up": lambda: 0 if wrong[:1] == [True] else none,
        "one_place": lambda: places[:1],
        "flags": lambda: wrong,
        "any_wrong": lambda: bool(places),
        "from_the_end": lambda: places[0] - len(wrong) if places else none,
        "sentence": lambda: sentences[places[0]] if places else none,
        "share": lambda: len(places) / max(len(wrong), 1),
    }
    return choose(faults, ends, lambda: places[0] if places else none)


def _true_first(read, sentences, nouns):
    return next((k for k, (text, noun) in enumerate(zip(sentences, nouns, strict=True)) if read(text) != noun), -1)


_FIRST = Reader("a model that reads the first noun", lambda nouns, _: nouns[0])
_LAST = Reader("a model that reads the last noun", lambda nouns, _: nouns[-1])


def _fooled_probe(label, read, **meant):
    """Every sentence with the noun that is meant, the sentences in the order of the keys."""
    return Probe(
        label,
        {
            "read": read,
            "sentences": [text for text, _ in meant["pairs"]],
            "nouns": [noun for _, noun in meant["pairs"]],
        },
    )


_ANIMAL = ("the animal did not cross the street because it was too tired", "animal")
_STREET = ("the animal did not cross the street because it was too wide", "street")
_TROPHY = ("the trophy does not fit in the suitcase because it is too big", "trophy")
_SUITCASE = ("the trophy does not fit in the suitcase because it is too small", "suitcase")
_CASE = ("the case does not fit in the suitcase because it is too big", "case")
_CASE_SMALL = ("the case does not fit in the suitcase because it is too small", "suitcase")
_CUP = ("i filled the cup from the bottle until it was full", "cup")
_BOTTLE = ("i filled the cup from the bottle until it was empty", "bottle")
_NOISE = ("the dog looked at the truck and it made a noise", "dog")
_NOISE_TRUCK = (_NOISE[0], "truck")
_DOG = ("the dog ran from the truck because it was scared", "dog")

FOOLED = Spec(
    name="first_fooled",
    chapter=5,
    minutes=6,
    difficulty=1,
    oracle=_true_first,
    variant=first_fooled,
    faults={
        "inverted": "A sentence fools the model when it reads another noun than the one that is meant: `!=`, not `==`.",
        "identity": "You find a difference in every sentence: compare read(sentence) with its noun, and with `!=`. (`is not` asks whether they are one object; equal strings need not be.)",
        "contains": 'Compare the whole noun: `in` also finds "case" in "suitcase". Use `!=`.',
        "contained": 'Compare the whole noun: what is read may be a part of it, as "case" of "suitcase". Use `!=`.',
        "any_noun": "Compare with the noun of this sentence, not with all nouns of the list.",
        "first_noun": "Every sentence has its own noun: yours compares with the first one.",
        "length": "Compare the nouns, not their lengths.",
        "nouns_read": "The model reads sentences: call read(sentence). You let it read a noun.",
        "never_read": "Yours says of no sentence that it fools the model: compare what the model reads, read(sentence), with the noun that is meant. Both nouns stand in the sentence.",
        "index_again": "Use the index of the loop (enumerate): sentences.index(sentence) finds the first of two equal sentences.",
        "last": "The first one is asked for: stop at it (`return` inside the loop). Yours is the last.",
        "count": "Return the index of the first sentence that fools it, not how many do.",
        "share": "Return the index of the first sentence that fools it, not how large the share is that does.",
        "from_one": "Indices are counted from 0: yours is one too large.",
        "from_the_end": "Count from the front, from 0: yours counts from the end.",
        "all_places": "Only the first index is asked for, as a number: you return all of them.",
        "one_place": "Return the index as a number, not as a list.",
        "flags": "Return the index of the first True in that list, not the list.",
        "any_wrong": "Return an index, not whether there is one.",
        "sentence": "Return the index, a number: not the sentence itself, nor the noun that is read.",
        "gives_up": "`return -1` stands inside the loop: it gives up after the first sentence. Put it behind the loop.",
        "from_second": "The first sentence counts, too: start at index 0. (As an index, 0 is false: ask for `is not None`.)",
        "all_but_last": "The last sentence counts, too: check where your loop ends.",
        "length_if_none": "Return -1 when no sentence fools the model; yours is the number of sentences.",
        "zero_if_none": "Return -1 when no sentence fools the model; yours is 0, as if the first one did.",
        "nothing_if_none": "Return -1 when no sentence fools the model: behind the loop `return -1` is missing.",
        "last_if_none": "Return -1 when no sentence fools the model; yours is the last index.",
        "min_of_none": "Return -1 when no sentence fools the model: `min` of nothing stops with an error.",
        "next_of_none": "Return -1 when no sentence fools the model: give `next` a second argument, or it stops there.",
        "index_of_none": "Return -1 when no sentence fools the model: `.index(True)` stops with an error where nothing is True.",
        "first_of_none": "Return -1 when no sentence fools the model: an empty list has no first entry.",
        "false_if_none": "Return -1 when no sentence fools the model; yours is False.",
        "empty_if_none": "Return -1 when no sentence fools the model; yours is an empty list.",
    },
    unpaired=frozenset(
        {
            "contained",
            "first_noun",
            "length",
            "nouns_read",
            "share",
            "from_the_end",
            "one_place",
            "flags",
            "any_wrong",
            "sentence",
            "from_second",
            "never_read",
            "index_again",
            "all_but_last",
            "last_if_none",
            "false_if_none",
            "min_of_none",
            "next_of_none",
            "index_of_none",
            "first_of_none",
            "empty_if_none",
            "all_places",
        }
    ),
    probes=(
        _fooled_probe(
            "six sentences, two of which fool it", _FIRST, pairs=[_DOG, _ANIMAL, _TROPHY, _STREET, _CUP, _BOTTLE]
        ),
        _fooled_probe("nothing that fools it", _LAST, pairs=[_STREET, _SUITCASE, _BOTTLE]),
        _fooled_probe("one noun that is a part of another", _LAST, pairs=[_STREET, _CASE, _CUP, _ANIMAL]),
        _fooled_probe("a part of the noun that is meant", _FIRST, pairs=[_DOG, _CASE_SMALL, _TROPHY, _STREET]),
        _fooled_probe("the very first one", _FIRST, pairs=[_STREET, _DOG]),
        _fooled_probe(
            "the very last one, which stands there twice", _FIRST, pairs=[_ANIMAL, _NOISE, _CUP, _NOISE_TRUCK]
        ),
    ),
    hints=(
        "When does one sentence fool the model, written as a comparison of two strings?",
        "Loop over sentences and nouns together, with their index; return the index at the first difference, and -1 behind the loop.",
        "for index, (sentence, noun) in enumerate(zip(____, ____)):",
    ),
    follow_up="write a sentence that fools the model of this chapter. Which words does it know at all?",
)

SPECS = (HEAD_MAP, WITHOUT, CUT, SHARE, NORM, FOOLED)
