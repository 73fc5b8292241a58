"""Chapter 10: the matrices of one attention layer, found among the weights of a BERT."""

import torch

from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(1010)

PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
}


def matrices(faults, state, layer):
    """Find the four matrices, with the mistakes in ``faults``."""
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("encoder.layer."))
    ways = {
        "one_late": lambda: layer + 1,
        "one_early": lambda: layer - 1,
        "always_0": lambda: 0,
        "always_last": lambda: layers - 1,
    }
    layer = choose(faults, ways, lambda: layer)
    found = {key: _found(faults, state, layer, key) for key in PARTS}
    if "names_swapped" in faults:
        found["q"], found["k"] = found["k"], found["q"]
    if "key_value_swapped" in faults:
        found["k"], found["v"] = found["v"], found["k"]
    return _returned(faults, {key: _turned(faults, key, one) for key, one in found.items()}, found)


def _searched(faults, state, layer, part):
    """Return the layer that somebody finds who goes through all names and compares too little of them."""
    start = f"encoder.layer.{layer}" if faults & {"prefix_last", "prefix_first"} else "encoder.layer."
    found = [name for name in state if name.startswith(start) and name.endswith(f".{part}.weight")]
    return int(found[0 if faults & {"prefix_first", "any_layer_first"} else -1].split(".")[2])


def _found(faults, state, layer, key):
    part = PARTS[key]
    copied = {"k_from_q": ("k", "q"), "v_from_k": ("v", "k"), "v_from_q": ("v", "q"), "o_from_v": ("o", "v")}
    for fault, (own, other) in copied.items():
        if fault in faults and key == own:
            part = PARTS[other]
    if "feed_forward" in faults and key == "o":
        part = "output.dense"
    if "intermediate" in faults and key == "o":
        part = "intermediate.dense"
    if faults & {"prefix_last", "prefix_first", "any_layer_last", "any_layer_first"}:
        layer = _searched(faults, state, layer, part)
    name = f"encoder.layer.{layer}.{part}.weight"
    ways = {
        "no_weight": lambda: name.removesuffix(".weight"),
        "with_bert": lambda: "bert." + name,
        "no_encoder": lambda: name.removeprefix("encoder."),
        "plural": lambda: name.replace(".layer.", ".layers."),
        "no_self": lambda: name.replace(".self", ""),
        "no_attention": lambda: name.replace(".attention", ""),
        "o_in_self": lambda: name.replace("attention.output", "attention.self.output"),
        "o_without_dense": lambda: name.replace("output.dense", "output"),
        "braces": lambda: name.replace(f".{layer}.", ".{layer}."),
        "bias": lambda: name.replace("weight", "bias"),
        "short_names": lambda: name.replace("query", "q").replace("key", "k").replace("value", "v"),
        "brackets": lambda: name.replace(f".{layer}.", f"[{layer}]."),
        "no_dot": lambda: name.replace(f".{layer}.", f"{layer}."),
        "dot_missing": lambda: name.replace(f".{layer}.", f".{layer}"),
        "joined_number": lambda: "encoder.layer." + layer,
    }
    matrix = state[choose(faults, ways, lambda: name)]
    bias = state[name.replace("weight", "bias")]
    if "bias_added" in faults:  # to what is turned: the bias of each column
        return matrix + bias[:, None]
    return matrix + bias if "bias_added_first" in faults else matrix


def _turned(faults, key, matrix):
    if matrix.dim() == 1:  # a vector stays as it is
        return matrix
    plain = {
        "not_turned": "qkvo",
        "only_o_turned": "qkv",
        "o_not_turned": "o",
        "q_not_turned": "q",
        "k_not_turned": "k",
        "v_not_turned": "v",
        "q_alone_turned": "kvo",
        "k_alone_turned": "qvo",
        "v_alone_turned": "qko",
    }
    if any(fault in faults and key in keys for fault, keys in plain.items()):
        return matrix
    ways = {
        "inverse": lambda: torch.linalg.inv(matrix),
        "flipped": lambda: matrix.flip(0, 1),
        "rotated": lambda: torch.rot90(matrix),
        "negative": lambda: -matrix.T,
    }
    return choose(faults, ways, lambda: matrix.T)


def _returned(faults, turned, found):
    q, k, v, o = turned.values()
    ways = {
        "o_missing": lambda: (q, k, v),
        "o_first": lambda: (o, q, k, v),
        "alphabetical": lambda: (o, k, q, v),
        "o_third": lambda: (q, k, o, v),
        "value_first": lambda: (v, k, q, o),
        "stacked": lambda: torch.stack([q, k, v, o]),
        "side_by_side": lambda: torch.cat([q, k, v, o], dim=1),
        "below": lambda: torch.cat([q, k, v, o]),
        "q_only": lambda: q,
        "all_first": lambda: (q, q, q, q),
        "dictionary": lambda: turned,
        "names": lambda: ("query", "key", "value", "dense"),
        "nested": lambda: ((q, k, v), o),
    }
    return choose(faults, ways, lambda: (q, k, v, o))


def _true_matrices(state, layer):
    attention = f"encoder.layer.{layer}.attention."
    names = ("self.query", "self.key", "self.value", "output.dense")
    return tuple(state[f"{attention}{name}.weight"].T for name in names)


def _bert(d_model, d_hidden, layers, *, mixed=False):
    """Make the weights of a BERT with so many layers; ``mixed`` puts the names into another order."""
    shapes = {"embeddings.word_embeddings.weight": (3, d_model), "embeddings.LayerNorm.weight": (d_model,)}
    for layer in range(layers):
        sizes = dict.fromkeys(PARTS.values(), (d_model, d_model))
        sizes |= {"intermediate.dense": (d_hidden, d_model), "output.dense": (d_model, d_hidden)}
        for part, size in sizes.items():
            shapes[f"encoder.layer.{layer}.{part}.weight"] = size
            shapes[f"encoder.layer.{layer}.{part}.bias"] = size[:1]
        for part in ("attention.output", "output"):
            shapes[f"encoder.layer.{layer}.{part}.LayerNorm.weight"] = (d_model,)
    shapes["pooler.dense.weight"] = (d_model, d_model)
    names = list(shapes)
    if mixed:
        names = [names[place] for place in torch.randperm(len(names), generator=_generator)]
    return {name: torch.randn(*shapes[name], generator=_generator) for name in names}


def _bert_probe(label, layer, *sizes, mixed=False):
    return Probe(label, {"state": _bert(*sizes, mixed=mixed), "layer": layer})


_TURN = "`nn.Linear` stores the transpose, so X @ W needs weight.T: "
_ORDER = "All four are right; return them in the order (W_q, W_k, W_v, W_o): "
_NAME = "There is no such name in `state`: "
MATRICES = Spec(
    name="attention_matrices",
    chapter=10,
    minutes=8,
    difficulty=1,
    oracle=_true_matrices,
    variant=as_set(matrices),
    several=True,
    faults={
        "not_turned": _TURN
        + "turn all four, the shape does not tell, since they are square. (A reshape is no transpose.)",
        "only_o_turned": _TURN + "that holds for query, key and value, too, not for the output alone.",
        "o_not_turned": _TURN + "that holds for the output matrix W_o, too.",
        "q_not_turned": _TURN + "that holds for the query matrix W_q, too.",
        "k_not_turned": _TURN + "that holds for the key matrix W_k, too.",
        "v_not_turned": _TURN + "that holds for the value matrix W_v, too.",
        "q_alone_turned": _TURN + "all four, not W_q alone.",
        "k_alone_turned": _TURN + "all four, not W_k alone.",
        "v_alone_turned": _TURN + "all four, not W_v alone.",
        "inverse": _TURN + "that is the transpose, not the inverse.",
        "flipped": _TURN + "`.T` swaps rows and columns; a flip turns their order round.",
        "rotated": _TURN + "`.T` swaps rows and columns; a rotation by 90 degrees also turns the order round.",
        "negative": _TURN + "leave the sign as it is.",
        "feed_forward": 'W_o is "attention.output.dense.weight". The "output.dense.weight" without "attention" belongs to the feed-forward network (`endswith` finds both).',
        "intermediate": 'W_o is "attention.output.dense.weight"; "intermediate.dense" belongs to the feed-forward network.',
        "bias": 'Take the ".weight", a matrix; the ".bias" beside it is a vector.',
        "bias_added_first": "Return the matrices alone: you add the bias, before the transpose. It comes after X @ W.",
        "bias_added": "Return the matrices alone, without adding the bias: it comes after X @ W.",
        "one_late": "The layers are counted from 0, as in `layer`: yours looks one layer too high.",
        "one_early": "The layers are counted from 0, as in `layer`: yours looks one layer too low.",
        "always_0": 'The number in the name must be that of `layer`, f"encoder.layer.{layer}...": yours always takes layer 0.',
        "always_last": "Take the layer that is asked for, not always the last one.",
        "any_layer_last": "The layer does not count in your search: a name ends alike in all layers, and yours keeps the last one it meets.",
        "any_layer_first": "The layer does not count in your search: a name ends alike in all layers, and yours takes the first one it meets.",
        "prefix_last": '"encoder.layer.1" is also the beginning of "encoder.layer.10": put the point behind the number into what you compare.',
        "prefix_first": '"encoder.layer.1" is also the beginning of "encoder.layer.10", which may stand first: put the point behind the number into what you compare.',
        "names_swapped": "The query matrix comes first, then the key matrix: yours have changed places.",
        "key_value_swapped": "The key matrix comes second and the value matrix third: yours have changed places.",
        "k_from_q": 'W_k comes from "key"; you take "query" again.',
        "v_from_k": 'W_v comes from "value"; you take "key" again.',
        "v_from_q": 'W_v comes from "value"; you take "query" again.',
        "o_from_v": 'W_o comes from "attention.output.dense"; you take "value" again.',
        "no_weight": _NAME + '".weight" is missing at its end.',
        "with_bert": _NAME + 'here they begin with "encoder.", without "bert." in front.',
        "no_encoder": _NAME + 'they begin with "encoder.layer.".',
        "plural": _NAME + 'it is "encoder.layer.", not "layers".',
        "no_self": _NAME + 'query, key and value stand below "attention.self.".',
        "no_attention": _NAME + '"attention." is missing in front of "self." and "output.".',
        "o_in_self": _NAME + '"output.dense" stands below "attention.", not below "attention.self.".',
        "o_without_dense": _NAME + 'the output matrix is "attention.output.dense.weight", with "dense".',
        "braces": 'The name holds {layer} as it stands: put an f in front of the text, f"...{layer}...".',
        "short_names": _NAME + 'the words are "query", "key" and "value", written out.',
        "brackets": _NAME + 'the number stands between points, "encoder.layer.0.", without brackets.',
        "no_dot": _NAME + 'a point stands in front of the number, "encoder.layer.0.".',
        "dot_missing": _NAME + 'a point stands behind the number, "encoder.layer.0.".',
        "joined_number": 'A text and a number are not joined by `+`: write f"encoder.layer.{layer}." or str(layer).',
        "o_missing": "Return four matrices: W_o is missing.",
        "o_first": _ORDER + "your W_o stands first.",
        "alphabetical": _ORDER + "yours is the alphabetical order of their names.",
        "o_third": _ORDER + "your W_o stands before W_v.",
        "value_first": _ORDER + "your W_v and W_q have changed places.",
        "stacked": "Return a tuple of four matrices, not one tensor with them stacked.",
        "side_by_side": "Return a tuple of four matrices, not one wide matrix.",
        "below": "Return a tuple of four matrices, not one high matrix.",
        "q_only": "Return all four matrices (is `return` inside the loop?).",
        "all_first": "Your four matrices are all the one of the query: look each one up by its own name.",
        "dictionary": "Return a tuple of the four matrices, (W_q, W_k, W_v, W_o), not a dict.",
        "names": "Those are names: look each one up, state[name], and return the matrices.",
        "nested": "Return one tuple of four matrices, (W_q, W_k, W_v, W_o), not a tuple inside a tuple.",
    },
    unpaired=frozenset(
        {"q_alone_turned", "k_alone_turned", "v_alone_turned", "inverse", "flipped", "rotated", "negative"}
        | {"intermediate", "bias", "bias_added_first", "bias_added", "one_late", "always_last", "any_layer_last"}
        | {"any_layer_first", "prefix_last", "prefix_first", "v_from_q", "no_weight", "with_bert", "no_encoder"}
        | {"plural", "no_self", "no_attention", "o_in_self", "o_without_dense", "braces", "short_names"}
        | {
            "brackets",
            "no_dot",
            "dot_missing",
            "joined_number",
            "o_missing",
            "o_first",
            "o_third",
            "alphabetical",
            "value_first",
        }
        | {"stacked", "side_by_side", "below", "q_only", "all_first", "dictionary", "names", "nested"}
    ),
    probes=(
        _bert_probe("the middle one of three layers", 1, 5, 7, 3),
        _bert_probe("the first of two layers, the names in another order", 0, 3, 8, 2, mixed=True),
        _bert_probe("layer 1 of eleven", 1, 2, 3, 11),
        _bert_probe("the last of four layers", 3, 4, 5, 4),
        _bert_probe("layer 1 of twelve, the names in another order", 1, 2, 5, 12, mixed=True),
    ),
    hints=(
        "`nn.Linear` computes X @ weight.T + bias. Which matrix do you need for X @ W?",
        "Write the part of the name that all four share, with the number of the layer. Look up the four names and transpose each matrix.",
        'start = f"encoder.layer.{____}.attention."; W_q = state[start + "self.query.weight"].____',
    ),
    follow_up="W_q is (768, 768) in BERT-base with 12 heads. Which columns of it belong to head 3?",
)
