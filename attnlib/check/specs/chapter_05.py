"""Chapter 5: how often a head is right, layer norm, and a sentence that fools a model. Heads: ``chapter_05_heads``."""

import torch
from torch.nn.functional import layer_norm as torch_layer_norm

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_05_heads import CUT, HEAD_MAP, WITHOUT
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(525)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def top_word_share(faults, weights, askers, answers):
    """Count how often the largest weight is right, with the mistakes in ``faults``."""
    count, n, _ = weights.shape
    if "swapped" in faults:
        askers, answers = answers, askers
    rows = _rows(faults, weights, askers)
    if "mean_weight" in faults:
        return rows[torch.arange(count), answers].mean()
    if "mean_largest" in faults:
        return rows.amax(-1).mean()
    hits = _hits(faults, rows, weights, askers, answers)
    ends = {
        "count": lambda: hits.sum(),
        "by_words": lambda: hits.double().sum() / n,
        "percent": lambda: 100 * hits.double().mean(),
        "wrong_share": lambda: 1 - hits.double().mean(),
        "not_averaged": lambda: hits,
        "cut": lambda: hits.sum() // count,
        "all_right": lambda: hits.all(),
        "any_right": lambda: hits.any(),
        "top_words": lambda: rows.argmax(-1),
        "last_only": lambda: hits[-1].double(),
        "by_one_less": lambda: hits.double().sum() / (count - 1),
        "by_pairs": lambda: hits.double().sum() / count / n,
    }
    return choose(faults, ends, lambda: hits.double().mean())


def _rows(faults, weights, askers):
    """Return what every asker looks at: (num_sentences, n)."""
    count, n, _ = weights.shape
    sentences = torch.arange(count)
    if "own_excluded" in faults:
        weights = weights.masked_fill(torch.eye(n, dtype=torch.bool), 0)
    options = {
        "columns": lambda: weights[sentences, :, askers],
        "first_asker": lambda: weights[:, askers[0]],
        "first_word": lambda: weights[:, 0],
        "last_word": lambda: weights[:, -1],
        "asker_before": lambda: weights[sentences, askers - 1],
        "summed_queries": lambda: weights.sum(1),
        "first_sentence": lambda: weights[0, askers],
    }
    return choose(faults, options, lambda: weights[sentences, askers])


def _hits(faults, rows, weights, askers, answers):
    ways = {
        "all_pairs": lambda: weights[:, askers].argmax(-1) == answers,
        "all_queries": lambda: weights.argmax(-1) == answers[:, None],
        "smallest": lambda: rows.argmin(-1) == answers,
        "over_half": lambda: rows[torch.arange(len(rows)), answers] > 0.5,
        "above_even": lambda: rows[torch.arange(len(rows)), answers] > 1 / rows.shape[1],
        "top_two": lambda: (rows.topk(2).indices == answers[:, None]).any(-1),
        "asker_compared": lambda: rows.argmax(-1) == askers,
        "flat": lambda: weights.flatten(1).argmax(-1) == answers,
        "flat_place": lambda: weights.flatten(1).argmax(-1) == askers * weights.shape[2] + answers,
        "over_sentences": lambda: weights.argmax(0)[askers, answers] == torch.arange(len(weights)),
        "counted_from_one": lambda: rows.argmax(-1) + 1 == answers,
        "answer_from_one": lambda: rows.argmax(-1) == answers + 1,
        "next_best": lambda: rows.topk(2).indices[:, 1] == answers,
    }
    return choose(faults, ways, lambda: rows.argmax(-1) == answers)


def _true_share(weights, askers, answers):
    right = [int(one[i].argmax()) == j for one, i, j in zip(weights, askers.tolist(), answers.tolist(), strict=True)]
    return sum(right) / len(right)


def _share_probe(label, count, n, right, *, last_right=False):
    """Sentences in which the first ``right`` askers look at their answer, and the others anywhere else."""
    weights = _normal(count, n, n, scale=1.5).softmax(-1)
    askers = torch.randint(n, (count,), generator=_generator)
    answers = weights[torch.arange(count), askers].argmax(-1)
    answers[right:] = (answers[right:] + torch.randint(1, n, (count - right,), generator=_generator)) % n
    order = torch.randperm(count, generator=_generator)
    order = torch.cat([order[order > 0], torch.tensor([0])]) if last_right else order
    return Probe(label, {"weights": weights[order], "askers": askers[order], "answers": answers[order]})


SHARE = Spec(
    name="top_word_share",
    chapter=5,
    minutes=6,
    difficulty=1,
    oracle=_true_share,
    variant=top_word_share,
    faults={
        "swapped": "askers are the words that look, answers the words to be found: yours have changed places.",
        "columns": "Row askers[s] holds what that word looks at; you take the column: who looks at that word.",
        "first_asker": "Every sentence has its own asker: yours uses that of the first sentence for all.",
        "first_word": "Take the row of the asker, weights[s, askers[s]]: yours is always the row of word 0.",
        "last_word": "Take the row of the asker, weights[s, askers[s]]: yours is always the row of the last word.",
        "asker_before": "Places are counted from 0: you take the row before that of the asker.",
        "first_sentence": "Every sentence has weights of its own: yours uses those of the first sentence for all.",
        "summed_queries": "Take the row of the asker alone: you add up what all words look at.",
        "all_pairs": "Sentence s belongs to askers[s] alone: weights[:, askers] pairs every sentence with every asker. Use weights[torch.arange(num_sentences), askers].",
        "all_queries": "Only the asker's row counts: you compare the top words of all rows.",
        "own_excluded": "Nothing forbids a word to look at itself: leave the diagonal in.",
        "mean_weight": "That is the mean weight on the right word: count instead how often it gets the largest weight (argmax).",
        "mean_largest": "That is the mean of the largest weights: compare their places (argmax) with answers.",
        "smallest": "The top word gets the largest weight: argmax, not argmin.",
        "over_half": "The largest weight may be below 0.5: compare its place (argmax) with the answer.",
        "above_even": "More than 1 / n is not the largest: compare the place of the largest weight (argmax) with the answer.",
        "top_two": "Only the largest weight counts, not the two largest.",
        "next_best": "Take the place of the largest weight; yours is that of the second largest.",
        "asker_compared": "Compare the top word with the answer; you compare it with the asker.",
        "flat": "argmax over a whole table gives a place in the flattened table: take the asker's row first, then argmax.",
        "flat_place": "Only the asker's row counts: you ask for the largest weight of the whole table.",
        "over_sentences": "The largest weight is looked for along the keys (dim=-1) of a row; yours along the sentences (dim=0).",
        "counted_from_one": "Places are counted from 0, as argmax counts: do not add 1.",
        "answer_from_one": "Places are counted from 0, as argmax counts: do not move the answers.",
        "count": "Return a share: divide the count by the number of sentences.",
        "by_words": "Divide by the number of sentences, not by the number of words.",
        "by_one_less": "Divide by the number of sentences, not by one less.",
        "by_pairs": "Divide by the number of sentences once; you divide by the number of words, too.",
        "percent": "A share lies between 0 and 1: do not multiply by 100.",
        "wrong_share": "That is the share of wrong top words: count where the places are equal.",
        "not_averaged": "That says of each sentence whether it is right: take the mean (of floats).",
        "cut": "Keep the digits: `//` cuts the share down to 0.",
        "all_right": "Return a share, not whether all are right: take the mean instead of `all`.",
        "any_right": "Return a share, not whether any is right: take the mean instead of `any`.",
        "top_words": "Those are the top words: compare them with answers, and take the mean.",
        "last_only": "All sentences count: yours is the result of the last one.",
    },
    unpaired=frozenset(
        {
            "first_asker",
            "first_word",
            "last_word",
            "asker_before",
            "first_sentence",
            "summed_queries",
            "own_excluded",
            "mean_weight",
            "mean_largest",
            "smallest",
            "over_half",
            "above_even",
            "top_two",
            "next_best",
            "asker_compared",
            "flat",
            "flat_place",
            "over_sentences",
            "counted_from_one",
            "answer_from_one",
            "by_one_less",
            "by_pairs",
            "not_averaged",
            "cut",
            "all_right",
            "any_right",
            "top_words",
            "last_only",
            "all_pairs",
            "all_queries",
        }
    ),
    probes=(
        _share_probe("seven sentences of five words", 7, 5, 3),
        _share_probe("as many sentences as words", 6, 6, 4, last_right=True),
        _share_probe("many sentences", 41, 7, 26),
        _share_probe("thirteen sentences, one of them right", 13, 4, 1),
        _share_probe("three sentences of eight words, all of them right", 3, 8, 3),
    ),
    hints=(
        "Which row of the table of sentence s says what the asker looks at?",
        "For every sentence take the row of its asker, find the place of the largest weight, compare with the answer; the mean of that is the share.",
        "top = weights[torch.arange(len(weights)), ____].argmax(dim=____)",
    ),
    follow_up="a head that always looks at word 0 gets which share, when the answers are spread evenly over n words?",
)


def layer_norm(faults, x, gain, shift, eps):
    """Normalise every word, with the mistakes in ``faults``."""
    axes = {
        "over_words": lambda: 1,
        "over_batch": lambda: 0,
        "over_both": lambda: (1, 2),
        "over_batch_and_words": lambda: (0, 1),
        "over_all": lambda: (0, 1, 2),
    }
    axis = choose(faults, axes, lambda: -1)
    x, given = x.double(), x.double()
    mean = x.mean(axis, keepdim=True)
    middle = x.median(-1, keepdim=True).values if "median" in faults else mean
    variance = ((x - mean) ** 2).mean(axis, keepdim=True)
    if "unbiased" in faults:
        variance = x.var(axis, keepdim=True)
    if "rms" in faults:
        variance = (x**2).mean(axis, keepdim=True)
    if "sum_of_squares" in faults:
        variance = ((x - mean) ** 2).sum(axis, keepdim=True)
    centred = x if "not_centred" in faults or "rms" in faults else x - middle
    centred = mean - x if "sign" in faults else centred
    options = {
        "std_plus_eps": lambda: centred / (variance.sqrt() + eps),
        "no_eps": lambda: centred / variance.sqrt(),
        "no_root": lambda: centred / (variance + eps),
        "root_times": lambda: centred * (variance + eps).sqrt(),
        "eps_squared": lambda: centred / (variance + eps**2).sqrt(),
        "eps_fixed": lambda: centred / (variance + 1e-5).sqrt(),
        "no_division": lambda: centred,
        "absolute": lambda: centred / ((x - mean).abs().mean(axis, keepdim=True) + eps),
        "range": lambda: centred / (x.amax(axis, keepdim=True) - x.amin(axis, keepdim=True) + eps),
        "mean_later": lambda: (z := x / (variance + eps).sqrt()) - z.mean(axis, keepdim=True) * 0 - mean,
    }
    return _stretched(
        faults, choose(faults, options, lambda: centred / (variance + eps).sqrt()), gain, shift, given
    ).float()


def _stretched(faults, y, gain, shift, x):
    ways = {
        "no_gain": lambda: y + shift,
        "no_shift": lambda: gain * y,
        "neither": lambda: y,
        "shift_first": lambda: gain * (y + shift),
        "exchanged": lambda: shift * y + gain,
        "gain_added": lambda: y + gain + shift,
        "gain_plus_one": lambda: (1 + gain) * y + shift,
        "shift_subtracted": lambda: gain * y - shift,
        "gain_divides": lambda: y / gain + shift,
        "residual": lambda: x + gain * y + shift,
        "shift_twice": lambda: gain * y + 2 * shift,
    }
    return choose(faults, ways, lambda: gain * y + shift)


def _norm_probe(label, x, eps):
    d_model = x.shape[-1]
    return Probe(label, {"x": x, "gain": 1.5 * _normal(d_model), "shift": _normal(d_model), "eps": eps})


def _with_a_constant_word(x):
    x[1, 0] = 1.25
    return x


NORM = Spec(
    name="layer_norm",
    chapter=5,
    minutes=8,
    difficulty=1,
    oracle=lambda x, gain, shift, eps: torch_layer_norm(x, gain.shape, gain, shift, eps),
    variant=layer_norm,
    faults={
        "unbiased": "The variance divides by the number of features, not by one less: torch's var and std need `unbiased=False` (or correction=0).",
        "std_plus_eps": "eps stands under the root: sqrt(variance + eps), not sqrt(variance) + eps.",
        "no_eps": "eps is missing under the root: a word whose features are all equal has variance 0, and 0 / 0 is NaN.",
        "eps_squared": "Add eps itself to the variance, not its square.",
        "eps_fixed": "Use the eps that is given, not 1e-5.",
        "no_root": "Divide by the square root of the variance, not by the variance.",
        "root_times": "Divide by sqrt(variance + eps); you multiply by it.",
        "no_division": "Divide by sqrt(variance + eps), and use the result: only the mean is taken off.",
        "sum_of_squares": "The variance is the mean of the squares: divide their sum by the number of features.",
        "absolute": "Divide by sqrt(variance + eps); you divide by the mean of the absolute differences.",
        "range": "Divide by sqrt(variance + eps); you divide by largest minus smallest.",
        "not_centred": "Subtract the mean of the word first, and use the result.",
        "mean_later": "Subtract the mean before you divide: (x - mean) / sqrt(variance + eps), with brackets.",
        "median": "Subtract the mean, not the median.",
        "rms": "That is RMS norm: subtract the mean first, and take the variance around it.",
        "sign": "Subtract the mean from x, not x from the mean: all signs are turned round.",
        "over_words": "Every word is normalised by itself, over its features (dim=-1); yours runs over the words.",
        "over_batch": "Every word is normalised by itself, over its features (dim=-1); yours runs over the sentences of the batch.",
        "over_both": "Every word is normalised by itself, over its features (dim=-1); yours takes all words of a sentence together.",
        "over_batch_and_words": "Every word is normalised by itself, over its features: yours is batch norm, one mean for each feature.",
        "over_all": "Every word has a mean and a variance of its own (dim=-1); yours takes one for the whole array.",
        "no_gain": "Multiply by gain, feature for feature, before you add shift.",
        "no_shift": "Add shift, feature for feature, at the end.",
        "neither": "Stretch and shift at the end: gain * y + shift.",
        "shift_first": "Multiply by gain first, then add shift: gain * y + shift.",
        "exchanged": "gain multiplies and shift is added: yours have changed places.",
        "gain_added": "Multiply by gain; you add it, as you add shift.",
        "gain_plus_one": "Multiply by gain itself, not by 1 + gain.",
        "gain_divides": "Multiply by gain; you divide by it.",
        "shift_subtracted": "Add shift at the end; you subtract it.",
        "shift_twice": "Add shift once, after the product with gain.",
        "residual": "Return the normalised words alone: x is not added here.",
    },
    unpaired=frozenset(
        {
            "eps_squared",
            "eps_fixed",
            "root_times",
            "no_division",
            "sum_of_squares",
            "absolute",
            "range",
            "mean_later",
            "median",
            "rms",
            "sign",
            "over_batch",
            "over_all",
            "over_batch_and_words",
            "gain_added",
            "gain_plus_one",
            "gain_divides",
            "shift_subtracted",
            "shift_twice",
            "residual",
            "neither",
        }
    ),
    probes=(
        _norm_probe("two sentences of five words, a large eps", 1 + _normal(2, 5, 7, scale=2.0), 0.3),
        _norm_probe("a word whose features are all equal", _with_a_constant_word(_normal(3, 2, 4)), 1e-3),
        _norm_probe("as many words as features, small numbers", _normal(1, 6, 6, scale=0.05) - 0.1, 1e-4),
    ),
    hints=(
        "Which axis holds the features of a word, and which shape must the mean have to be subtracted from x?",
        "Mean and variance over the last axis with keepdim=True; (x - mean) / sqrt(variance + eps); times gain, plus shift.",
        "variance = ((x - mean) ** 2).____(dim=-1, keepdim=____)",
    ),
    follow_up="multiply x by 1000 and normalise again. What changes, and what if eps were 0?",
)


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
        "last": lambda: places[-1] if places else none,
        "count": lambda: len(places),
        "from_one": lambda: places[0] + 1 if places else none,
        "all_places": lambda: places,
        "gives_up": lambda: 0 if wrong[:1] == [True] else none,
        "from_second": lambda: next((place for place in places if place), none),
        "all_but_last": lambda: next((place for place in places if place < len(wrong) - 1), none),
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
        "last": "The first one is asked for: stop at it (`return` inside the loop). Yours is the last.",
        "count": "Return the index of the first sentence that fools it, not how many do.",
        "share": "Return the index of the first sentence that fools it, not how large the share is that does.",
        "from_one": "Indices are counted from 0: yours is one too large.",
        "from_the_end": "Count from the front, from 0: yours counts from the end.",
        "all_places": "Only the first index is asked for, as a number: you return all of them.",
        "one_place": "Return the index as a number, not as a list.",
        "flags": "Return the index of the first True in that list, not the list.",
        "any_wrong": "Return an index, not whether there is one.",
        "sentence": "Return the index of the sentence, not the sentence.",
        "gives_up": "`return -1` stands inside the loop: it gives up after the first sentence. Put it behind the loop.",
        "from_second": "The first sentence counts, too: start at index 0. (As an index, 0 is false: ask for `is not None`.)",
        "all_but_last": "The last sentence counts, too: check where your loop ends.",
        "length_if_none": "Return -1 when no sentence fools the model; yours is the number of sentences.",
        "zero_if_none": "Return -1 when no sentence fools the model; yours is 0, as if the first one did.",
        "nothing_if_none": "Return -1 when no sentence fools the model: behind the loop `return -1` is missing.",
        "last_if_none": "Return -1 when no sentence fools the model; yours is the last index.",
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
            "all_but_last",
            "last_if_none",
            "false_if_none",
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
        _fooled_probe("the very last one alone", _FIRST, pairs=[_ANIMAL, _TROPHY, _DOG, _CUP, _SUITCASE]),
    ),
    hints=(
        "When does one sentence fool the model, written as a comparison of two strings?",
        "Loop over sentences and nouns together, with their index; return the index at the first difference, and -1 behind the loop.",
        "for index, (sentence, noun) in enumerate(zip(____, ____)):",
    ),
    follow_up="write a sentence that fools the model of this chapter. Which words does it know at all?",
)

SPECS = (HEAD_MAP, WITHOUT, CUT, SHARE, NORM, FOOLED)
