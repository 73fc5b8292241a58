"""Chapter 4: many heads, on torch tensors; two exercises count."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose, shared

_generator = torch.Generator().manual_seed(404)

HEADS = {
    "reshape_only": "`reshape` alone mixes words into heads: reshape to (batch, n, num_heads, d_head), then swap the axes of words and heads.",
    "join_no_swap": "Swap the axes of heads and words back before you put the heads side by side: `reshape` alone mixes words.",
    "strided": "Head h gets neighbouring features, h * d_head to (h + 1) * d_head; yours takes every num_heads-th one.",
    "by_heads": "The scale is the square root of d_head, the length of a query in one head, not of the number of heads.",
    "by_model": "The scale is the square root of d_head = d_model / num_heads, the length of a query in one head, not of d_model.",
    "no_W_o": "The output matrix W_o is missing: it mixes what the heads have found.",
    "W_o_transposed": "Multiply the joined heads by W_o as it is, without a transpose.",
    "averaged": "Put the heads side by side; a mean over the heads throws away which head found what.",
    "largest": "Put the heads side by side; the maximum over the heads throws the others away.",
    "one_head": "The heads are not used: split queries, keys and values into num_heads parts first.",
    "one_projection": "Every head has its own columns of W_q, W_k and W_v; yours all share the columns of the first head.",
    "over_heads": "The softmax runs over the keys, the last axis; yours runs over the heads.",
}


def heads_of(*keys):
    """Return {key: what to change} for mistakes with heads."""
    return {key: HEADS[key] for key in keys}


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def split(faults, x, num_heads):
    """Split the features into heads, with the mistakes in ``faults``."""
    batch, n, d_model = x.shape
    d_head = d_model // num_heads
    parts = x.reshape(batch, n, num_heads, d_head)
    options = {
        "reshape_only": lambda: x.reshape(batch, num_heads, n, d_head),
        "strided": lambda: x.reshape(batch, n, d_head, num_heads).permute(0, 3, 1, 2),
        "no_swap": lambda: parts,
        "heads_first": lambda: parts.permute(2, 0, 1, 3),
        "words_last": lambda: parts.permute(0, 2, 3, 1),
        "batch_merged": lambda: parts.transpose(1, 2).reshape(batch * num_heads, n, d_head),
        "sizes_swapped": lambda: x.reshape(batch, n, d_head, num_heads).transpose(1, 2),
    }
    return choose(faults, options, lambda: parts.transpose(1, 2))


SPLIT = Spec(
    name="split_into_heads",
    chapter=4,
    minutes=6,
    difficulty=1,
    oracle=attnlib.split_heads,
    variant=split,
    faults={
        **heads_of("reshape_only", "strided"),
        "no_swap": "The heads need an axis in front of the words: swap axes 1 and 2 after the reshape.",
        "heads_first": "The batch stays in front: (batch, num_heads, n, d_head).",
        "words_last": "The words come before the features: (batch, num_heads, n, d_head).",
        "batch_merged": "Keep batch and heads apart: four axes, (batch, num_heads, n, d_head).",
        "sizes_swapped": "num_heads is how many heads there are, not how many features a head has.",
    },
    probes=(
        Probe("three heads of two features", {"x": _normal(2, 5, 6), "num_heads": 3}),
        Probe("two heads of two features, two words", {"x": _normal(3, 2, 4), "num_heads": 2}),
        Probe("as many words as heads", {"x": _normal(1, 3, 15), "num_heads": 3}),
    ),
    hints=(
        "After a reshape to (batch, n, num_heads, d_head), where does the feature with number 0 of head 1 stand?",
        "Reshape the last axis into (num_heads, d_head), then swap the axis of the words with that of the heads.",
        "return x.reshape(batch, n, ____, -1).transpose(____, ____)",
    ),
    follow_up="why can one reshape to (batch, num_heads, n, d_head) not do it, though the shape is the same?",
)


def join(faults, heads):
    """Put heads side by side, with the mistakes in ``faults``."""
    batch, num_heads, n, d_head = heads.shape
    options = {
        "join_no_swap": lambda: heads.reshape(batch, n, num_heads * d_head),
        "interleaved": lambda: heads.permute(0, 2, 3, 1).reshape(batch, n, num_heads * d_head),
        "not_merged": lambda: heads.transpose(1, 2),
        "averaged": lambda: heads.mean(1),
        "summed": lambda: heads.sum(1),
        "largest": lambda: heads.amax(1),
        "words_merged": lambda: heads.transpose(1, 2).reshape(batch, n * num_heads * d_head),
        "below_each_other": lambda: heads.reshape(batch, num_heads * n, d_head),
        "reversed": lambda: heads.flip(1).transpose(1, 2).reshape(batch, n, num_heads * d_head),
        "first_only": lambda: heads[:, 0],
    }
    return choose(faults, options, lambda: heads.transpose(1, 2).reshape(batch, n, num_heads * d_head))


JOIN = Spec(
    name="join_heads",
    chapter=4,
    minutes=5,
    difficulty=1,
    oracle=attnlib.merge_heads,
    variant=join,
    faults={
        **heads_of("join_no_swap", "averaged", "largest"),
        "interleaved": "Keep the features of one head together: head 0 first, then head 1, and so on.",
        "not_merged": "One step is left: reshape the last two axes into one of num_heads * d_head features.",
        "summed": "Put the heads side by side; a sum over the heads throws away which head found what.",
        "words_merged": "Keep the words apart: only the axes of heads and features become one.",
        "below_each_other": "Put the heads side by side for every word, not below each other as more words.",
        "reversed": "Keep the order of the heads: head 0 comes first.",
        "first_only": "All heads are needed, not only the first: put them side by side.",
    },
    probes=(
        Probe("three heads of two features", {"heads": _normal(2, 3, 5, 2)}),
        Probe("as many words as heads", {"heads": _normal(1, 3, 3, 7)}),
    ),
    hints=(
        "Which two axes must stand next to each other, and in which order, before one reshape can join them?",
        "Swap heads and words, so that the axes are (batch, n, num_heads, d_head); then join the last two.",
        "return heads.transpose(____, ____).reshape(batch, n, ____)",
    ),
    follow_up="check that join_heads(split_into_heads(x, h)) gives x back. Does the order of the heads matter to W_o?",
)


def many_heads(faults, X, W_q, W_k, W_v, W_o, num_heads):
    """Multi-head self-attention, with the mistakes in ``faults``."""
    return _attend(faults, X, X, (W_q, W_k, W_v, W_o), num_heads)


def cross(faults, X, memory, W_q, W_k, W_v, W_o, num_heads):
    """Multi-head cross-attention, with the mistakes in ``faults``."""
    asking, asked = (memory, X) if "sources_swapped" in faults else (X, memory)
    asked = X if "only_self" in faults else asked
    asking = memory if "only_memory" in faults else asking
    return _attend(faults, asking, asked, (W_q, W_k, W_v, W_o), num_heads)


def _attend(faults, asking, asked, matrices, num_heads):
    queries, keys, values = _projected(faults, asking, asked, matrices[:3], num_heads)
    d_model, n = asking.shape[-1], asked.shape[1]
    if "one_head" in faults:
        num_heads = 1
    queries, keys, values = (_split(faults, part, num_heads) for part in (queries, keys, values))
    if "across_batch" in faults:
        weights = torch.einsum("bhqd,chkd->bhqck", queries, keys).flatten(3) / queries.shape[-1] ** 0.5
        heads = weights.softmax(-1) @ values.transpose(0, 1).flatten(1, 2)
        return _output(faults, heads, matrices[3])
    scale = choose(
        faults,
        {
            "no_scale": lambda: 1.0,
            "by_model": lambda: d_model**0.5,
            "by_heads": lambda: num_heads**0.5,
            "by_count": lambda: n**0.5,
            "by_d": lambda: queries.shape[-1],
            "times": lambda: queries.shape[-1] ** -0.5,
        },
        lambda: queries.shape[-1] ** 0.5,
    )
    scores = queries @ keys.transpose(-2, -1) / scale
    axis = -2 if "over_queries" in faults else 1 if "over_heads" in faults else -1
    weights = scores if "no_softmax" in faults else scores.softmax(dim=axis)
    return weights if "weights_only" in faults else _output(faults, weights @ values, matrices[3])


def _projected(faults, asking, asked, matrices, num_heads):
    W_q, W_k, W_v = matrices
    if "matrices_transposed" in faults:
        W_q, W_k, W_v = W_q.T, W_k.T, W_v.T
    if "swapped" in faults:
        W_q, W_k = W_k, W_q
    if "one_projection" in faults:
        d_head = W_q.shape[1] // num_heads
        W_q, W_k, W_v = (W[:, :d_head].repeat(1, num_heads) for W in (W_q, W_k, W_v))
    values = choose(faults, {"raw_values": lambda: asked, "values_from_k": lambda: asked @ W_k}, lambda: asked @ W_v)
    return asking @ W_q, asked @ W_k, values


def _split(faults, part, num_heads):
    return split(faults & {"reshape_only", "strided"}, part, num_heads)


def _output(faults, heads, W_o):
    if "averaged" in faults or "largest" in faults:
        return heads.mean(1) if "averaged" in faults else heads.amax(1)
    joined = join({"interleaved"} if "strided" in faults else faults & {"join_no_swap"}, heads)
    if "no_W_o" in faults:
        return joined
    return joined @ (W_o.T if "W_o_transposed" in faults else W_o)


def _many_oracle(X, W_q, W_k, W_v, W_o, num_heads):
    return _cross_oracle(X, X, W_q, W_k, W_v, W_o, num_heads)


def _cross_oracle(X, memory, W_q, W_k, W_v, W_o, num_heads):
    queries, keys, values = (attnlib.split_heads(part, num_heads) for part in (X @ W_q, memory @ W_k, memory @ W_v))
    return attnlib.merge_heads(attnlib.attention(queries, keys, values)) @ W_o


def _as_set(variant):
    return lambda faults, *arguments: variant(frozenset(faults), *arguments)


def _many_probe(label, batch, n, d_model, num_heads, m=None):
    parts = {"X": _normal(batch, n, d_model)}
    if m is not None:
        parts["memory"] = _normal(batch, m, d_model)
    matrices = {name: _normal(d_model, d_model, scale=1.6 * d_model**-0.5) for name in ("W_q", "W_k", "W_v", "W_o")}
    return Probe(label, parts | matrices | {"num_heads": num_heads})


MANY = Spec(
    name="multi_head",
    chapter=4,
    minutes=15,
    difficulty=3,
    oracle=_many_oracle,
    variant=_as_set(many_heads),
    faults={
        **shared("no_scale", "by_d", "times", "by_count", "over_queries", "no_softmax", "weights_only"),
        **shared("swapped", "values_from_k", "raw_values", "matrices_transposed"),
        **heads_of("reshape_only", "join_no_swap", "strided", "by_heads", "by_model", "over_heads"),
        **heads_of("no_W_o", "W_o_transposed", "averaged", "largest", "one_head", "one_projection"),
        "across_batch": "Words look into other sentences of the batch: each sentence attends to itself only.",
    },
    probes=(
        _many_probe("two sentences of five words, three heads", 2, 5, 6, 3),
        _many_probe("three sentences of seven words, two heads", 3, 7, 10, 2),
        _many_probe("as many sentences and words as heads", 2, 2, 14, 2),
    ),
    hints=(
        "After the split every head is a small attention of its own. Which of the steps of chapter 2 must change for that?",
        "Project, split all three, scaled scores on the last two axes, softmax, times values, join, times W_o.",
        "weights = (queries @ keys.transpose(-2, -1) / ____ ** 0.5).softmax(dim=____)",
    ),
    follow_up="which line would change if every head had a mask of its own?",
)

CROSS = Spec(
    name="multi_head_cross",
    chapter=4,
    minutes=8,
    difficulty=2,
    oracle=_cross_oracle,
    variant=_as_set(cross),
    faults={
        **shared("no_scale", "by_d", "over_queries", "values_from_k", "raw_values", "matrices_transposed"),
        **heads_of("reshape_only", "join_no_swap", "by_heads", "by_model", "no_W_o", "W_o_transposed", "averaged"),
        **heads_of("one_head", "one_projection"),
        "sources_swapped": "The queries come from X and the keys and values from memory: yours are the other way round.",
        "only_self": "The memory is not used: keys and values come from it, not from X.",
        "only_memory": "The queries come from X; you took everything from memory.",
    },
    probes=(
        _many_probe("five words asking seven, three heads", 2, 5, 6, 3, m=7),
        _many_probe("three words asking two, two heads", 1, 3, 10, 2, m=2),
        _many_probe("equally long sentences", 2, 4, 6, 2, m=4),
    ),
    hints=(
        "One sentence asks, the other one answers. Which of query, key and value belongs to which sentence?",
        "As multi_head, with X @ W_q for the queries and memory @ W_k, memory @ W_v for keys and values.",
        "queries, keys, values = ____ @ W_q, ____ @ W_k, ____ @ W_v",
    ),
    follow_up="how many rows does the output have: as many as X or as many as the memory?",
)


def count_parameters(faults, d_model, num_heads, bias):
    """Count the trainable numbers, with the mistakes in ``faults``."""
    d_head = d_model // num_heads
    matrices = choose(
        faults,
        {
            "times_heads": lambda: 4 * d_model**2 * num_heads,
            "no_W_o": lambda: 3 * d_model**2,
            "one_head": lambda: 4 * d_model * d_head,
            "narrow_W_o": lambda: 3 * d_model**2 + d_model * d_head,
            "one_matrix": lambda: d_model**2,
        },
        lambda: 4 * d_model**2,
    )
    vectors = choose(
        faults,
        {
            "no_bias": lambda: 0,
            "bias_always": lambda: 4 * d_model,
            "one_bias": lambda: d_model * bias,
            "three_biases": lambda: 3 * d_model * bias,
            "bias_times_heads": lambda: 4 * d_model * num_heads * bias,
            "bias_numbers": lambda: 4 * bias,
        },
        lambda: 4 * d_model * bias,
    )
    return matrices + vectors


def _true_parameters(d_model, num_heads, bias):
    module = attnlib.MultiHeadAttention(d_model, num_heads, bias=bias)
    return sum(parameter.numel() for parameter in module.parameters())


def _parameter_probe(label, d_model, num_heads, bias):
    return Probe(label, {"d_model": d_model, "num_heads": num_heads, "bias": bias})


PARAMETERS = Spec(
    name="multi_head_parameters",
    chapter=4,
    minutes=5,
    difficulty=1,
    oracle=_true_parameters,
    variant=count_parameters,
    faults={
        "times_heads": "More heads do not mean more numbers: each head is num_heads times narrower, so the product stays.",
        "no_W_o": "There is a fourth matrix, W_o, after the heads are joined.",
        "one_head": "That is a single head (or d_head rows in each): every head reads all d_model features, and there are num_heads of them.",
        "narrow_W_o": "W_o mixes all heads into d_model features: it is (d_model, d_model).",
        "one_matrix": "There are four matrices: W_q, W_k, W_v and W_o.",
        "no_bias": "With bias=True each of the four projections has a bias vector of d_model numbers.",
        "bias_always": "Count the bias vectors only when bias is True.",
        "one_bias": "Each of the four projections has its own bias vector; you counted one.",
        "three_biases": "The output projection has a bias vector too: four in all.",
        "bias_times_heads": "All heads share one bias vector of d_model numbers for each projection: do not multiply by num_heads.",
        "bias_numbers": "A bias is a vector of d_model numbers, not a single number.",
    },
    probes=(
        _parameter_probe("three heads, with bias", 12, 3, True),
        _parameter_probe("five heads, without bias", 10, 5, False),
        _parameter_probe("two heads, with bias", 14, 2, True),
    ),
    hints=(
        "Which shape has W_q when it makes the queries of all heads at once?",
        "Four matrices of d_model times d_model; with bias four vectors of d_model numbers more.",
        "return 4 * ____ + 4 * ____ * bias",
    ),
    follow_up="what, then, do more heads cost?",
)


def count_flops(faults, n, d_model, num_heads):
    """Count the FLOPs of one sentence, with the mistakes in ``faults``."""
    d_head = d_model // num_heads
    projections = choose(
        faults,
        {
            "no_projections": lambda: 0,
            "no_output": lambda: 3 * n * d_model**2,
            "only_output": lambda: n * d_model**2,
            "one_head_projected": lambda: 3 * n * d_model * d_head + n * d_model**2,
            "projected_per_head": lambda: 3 * num_heads * n * d_model**2 + n * d_model**2,
        },
        lambda: 4 * n * d_model**2,
    )
    pairs = choose(
        faults,
        {
            "only_scores": lambda: n**2 * d_model,
            "times_heads": lambda: 2 * num_heads * n**2 * d_model,
            "one_head": lambda: 2 * n**2 * d_head,
            "no_pairs": lambda: 0,
            "linear": lambda: 2 * n * d_model,
        },
        lambda: 2 * n**2 * d_model,
    )
    total = projections + pairs
    return total if "half" in faults else 2 * total


def _true_flops(n, d_model, num_heads):
    return attnlib.count_flops(attnlib.MultiHeadAttention(d_model, num_heads), torch.zeros(1, n, d_model))


def _flop_probe(n, d_model, num_heads):
    label = f"{n} words, d_model = {d_model}, {num_heads} heads"
    return Probe(label, {"n": n, "d_model": d_model, "num_heads": num_heads})


FLOPS = Spec(
    name="multi_head_flops",
    chapter=4,
    minutes=8,
    difficulty=2,
    oracle=_true_flops,
    variant=count_flops,
    faults={
        "half": "Count 2 FLOPs for a multiply-add, one multiplication and one addition: yours counts the multiplications.",
        "no_projections": "The four projections are missing: 2 * n * d_model**2 each.",
        "no_output": "The output projection W_o is missing: 2 * n * d_model**2 more.",
        "only_output": "The projections of queries, keys and values are missing: three times 2 * n * d_model**2.",
        "one_head_projected": "Queries, keys and values are projected for all heads, not for one.",
        "projected_per_head": "Each head projects to d_head features only: all heads together cost 2 * n * d_model**2 a projection.",
        "only_scores": "There are two products over all pairs: the scores, and the weights times the values.",
        "times_heads": "Each head works on d_head = d_model / num_heads features: do not multiply by num_heads once more.",
        "one_head": "That is one head: all heads together have d_model features.",
        "no_pairs": "The scores and the weighted sums are missing: 2 * n**2 * d_model each.",
        "linear": "Every word meets every word: the two products grow with n**2, not with n.",
    },
    probes=(_flop_probe(5, 6, 3), _flop_probe(11, 10, 2)),
    hints=(
        "Which matrix products does multi_head start, and which shapes have they?",
        "An (a, b) @ (b, c) product takes 2 * a * b * c. Four projections; in each head scores and weighted sums.",
        "return 2 * (4 * n * ____ + 2 * ____ * d_model)",
    ),
    follow_up="for which n do the two parts cost the same?",
)


def general(faults, queries, keys, values, W_q, W_k, W_v, W_o):
    """Multi-head attention with all sizes different, with the mistakes in ``faults``."""
    sizes = {
        "no_scale": 1,
        "by_input": queries.shape[1],
        "by_keys_input": keys.shape[1],
        "by_v": W_v.shape[2],
        "by_heads": len(W_q),
        "by_count": len(keys),
        "by_d": W_q.shape[2] ** 2,
        "times": 1 / W_q.shape[2],
    }
    scale = next((sizes[key] for key in sizes if key in faults), W_q.shape[2]) ** 0.5
    heads = []
    for Q, K, V in zip(W_q, W_k, W_v, strict=True):
        scores = (queries @ Q) @ (keys @ K).T / scale
        weights = scores if "no_softmax" in faults else scores.softmax(dim=0 if "over_queries" in faults else 1)
        heads.append(weights @ (values @ V))
    heads = heads[::-1] if "reversed" in faults else heads
    options = {
        "averaged": lambda: torch.stack(heads).mean(0),
        "summed": lambda: torch.stack(heads).sum(0),
        "interleaved": lambda: torch.stack(heads, -1).flatten(1) @ W_o,
        "below_each_other": lambda: torch.cat(heads, 0),
        "no_W_o": lambda: torch.cat(heads, 1),
        "first_only": lambda: heads[0] @ W_o[: W_v.shape[2]],
    }
    return choose(faults, options, lambda: torch.cat(heads, 1) @ W_o)


def _general_oracle(queries, keys, values, W_q, W_k, W_v, W_o):
    return attnlib.reference.multi_head_attention(
        *(part.double().numpy() for part in (queries, keys, values, W_q, W_k, W_v, W_o))
    )


def _general_probe(label, num_queries, num_keys, num_heads, inputs, p_k, p_v, p_o):
    d_q, d_k, d_v = inputs
    sizes = {
        "queries": (num_queries, d_q),
        "keys": (num_keys, d_k),
        "values": (num_keys, d_v),
        "W_q": (num_heads, d_q, p_k),
        "W_k": (num_heads, d_k, p_k),
        "W_v": (num_heads, d_v, p_v),
        "W_o": (num_heads * p_v, p_o),
    }
    return Probe(label, {name: _normal(*shape, scale=0.7) for name, shape in sizes.items()})


GENERAL = Spec(
    name="general_multi_head",
    chapter=4,
    minutes=12,
    difficulty=3,
    oracle=_general_oracle,
    variant=general,
    faults={
        **shared("no_scale", "by_d", "times", "by_count", "over_queries", "no_softmax"),
        **heads_of("by_heads", "no_W_o", "averaged"),
        "by_input": "The scale is the square root of p_k, the length of a query inside a head, not of d_q before the projection.",
        "by_keys_input": "The scale is the square root of p_k, the length of a key inside a head, not of d_k before the projection.",
        "by_v": "The scale is the square root of p_k, the length of queries and keys in a head, not of p_v.",
        "summed": "Put the heads side by side and multiply by W_o; a sum throws away which head found what.",
        "reversed": "Keep the order of the heads: head 0 comes first, as the rows of W_o expect.",
        "interleaved": "Keep the features of one head together: head 0 first, then head 1, as the rows of W_o expect.",
        "below_each_other": "Put the heads side by side (last axis), not below each other, then multiply by W_o.",
        "first_only": "All heads are needed: put them side by side before W_o.",
    },
    probes=(
        _general_probe("three heads, all sizes different", 5, 7, 3, (4, 6, 9), 2, 8, 11),
        _general_probe("two heads, few keys", 3, 2, 2, (7, 5, 4), 11, 3, 6),
    ),
    hints=(
        "Which two sizes must be equal so that a query can meet a key, and which do not matter to it?",
        "Loop over the heads: three projections, scaled scores, softmax, times values. Concatenate on the last axis; times W_o.",
        "heads.append((queries @ W_q[i] @ (keys @ W_k[i]).T / ____ ** 0.5).softmax(-1) @ ____)",
    ),
    follow_up="which of the sizes could you double without changing the shape of the output?",
)

SPECS = (SPLIT, JOIN, MANY, PARAMETERS, FLOPS, GENERAL, CROSS)
