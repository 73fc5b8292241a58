"""Chapter 5: switch a head off, on torch tensors."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(515)


def _normal(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=_generator)


def without_head(faults, weights, values, W_o, head):
    """Switch one head off, with the mistakes in ``faults``."""
    num_heads, n, d_head = values.shape
    off = choose(
        faults,
        {"from_one": lambda: head - 1, "first_off": lambda: 0, "last_off": lambda: num_heads - 1},
        lambda: head,
    )
    weights, values = _silenced(faults, weights.clone(), values.clone(), off)
    heads = (weights.transpose(1, 2) if "weights_turned" in faults else weights) @ values
    own, W_o = slice(off * d_head, (off + 1) * d_head), W_o.clone()
    if "rows_first" in faults or "rows_last" in faults:
        rest = [h for h in range(num_heads) if h != off]
        rows = W_o[: len(rest) * d_head] if "rows_first" in faults else W_o[-len(rest) * d_head :]
        return heads[rest].transpose(0, 1).reshape(n, -1) @ rows
    if "left_out" in faults:
        return torch.cat([heads[h] for h in range(num_heads) if h != off], dim=-1) @ W_o
    heads = _switched(faults, heads, off)
    if "below_each_other" in faults:
        return heads.reshape(num_heads * n, d_head) @ W_o
    if "columns" in faults:
        W_o[:, own] = 0
    for key, rows in (
        ("one_row", off),
        ("strided_rows", slice(off, None, num_heads)),
        ("rows_window", slice(off, off + d_head)),
    ):
        if key in faults:
            W_o[rows] = 0
    output = _joined(faults, heads, W_o)
    if "wrong_rows_subtracted" in faults:
        output = output - (weights[off] @ values[off]) @ W_o[:d_head]
    factors = {"rescaled": num_heads / (num_heads - 1), "scaled_down": (num_heads - 1) / num_heads}
    return next((factor for key, factor in factors.items() if key in faults), 1) * output


def _silenced(faults, weights, values, off):
    n = weights.shape[1]
    if "uniform" in faults:
        weights[off] = 1 / n
    if "identity" in faults:
        weights[off] = torch.eye(n)
    if "minus_infinity" in faults:
        weights[off] = -torch.inf
    if "word_zeroed" in faults:
        values[:, off] = 0
    if "feature_zeroed" in faults:
        values[:, :, off] = 0
    if "query_zeroed" in faults:
        weights[:, off] = 0
    if "softmaxed" in faults:
        weights[off] = 0
        weights = weights.softmax(-1)
    return weights, values


def _switched(faults, heads, off):
    kept = {"not_switched", "uniform", "identity", "minus_infinity", "word_zeroed", "query_zeroed"}
    kept |= {
        "softmaxed",
        "columns",
        "one_row",
        "strided_rows",
        "rows_window",
        "feature_zeroed",
        "wrong_rows_subtracted",
    }
    if kept & set(faults):
        return heads
    places = torch.arange(len(heads))
    options = {
        "only_head": lambda: places == off,
        "only_before": lambda: places < off,
        "only_behind": lambda: places > off,
    }
    on = choose(faults, options, lambda: places != off)
    silent = choose(
        faults,
        {
            "mean_ablated": lambda: heads.mean(1, keepdim=True),
            "mean_of_others": lambda: heads[places != off].mean(0),
            "mean_of_all": lambda: heads.mean(0),
        },
        lambda: torch.zeros_like(heads),
    )
    return torch.where(on[:, None, None], heads, silent)


def _joined(faults, heads, W_o):
    num_heads, n, d_head = heads.shape
    if "averaged" in faults or "summed" in faults:
        mixed = heads.mean(0) if "averaged" in faults else heads.sum(0)
        return mixed if "no_W_o" in faults else mixed @ W_o[:d_head]
    orders = {
        "join_no_swap": lambda: heads,
        "interleaved": lambda: heads.permute(1, 2, 0),
        "reversed": lambda: heads.flip(0).transpose(0, 1),
    }
    joined = choose(faults, orders, lambda: heads.transpose(0, 1)).reshape(n, num_heads * d_head)
    if "no_W_o" in faults:
        return joined
    return joined @ (W_o.T if "W_o_transposed" in faults else W_o)


def _true_without(weights, values, W_o, head):
    others = [h for h in range(len(values)) if h != head]
    heads = torch.zeros_like(values)
    heads[others] = weights[others] @ values[others]
    return attnlib.merge_heads(heads[None])[0] @ W_o


def _off_probe(label, num_heads, n, d_head, d_model, head):
    weights = _normal(num_heads, n, n).softmax(-1)
    parts = {"weights": weights, "values": _normal(num_heads, n, d_head), "W_o": _normal(num_heads * d_head, d_model)}
    return Probe(label, parts | {"head": head})


WITHOUT = Spec(
    name="without_head",
    chapter=5,
    minutes=8,
    difficulty=2,
    oracle=_true_without,
    variant=without_head,
    faults={
        "not_switched": "The head is still on: set what it finds, weights[head] @ values[head], to 0.",
        "only_head": "That is the head alone: it is the one to switch off, the others stay.",
        "only_before": "Only that head is off: the heads behind it stay on.",
        "only_behind": "Only that head is off: the heads before it stay on.",
        "from_one": "Heads are counted from 0: you switch off the one before.",
        "first_off": "Switch off the head that is asked for: yours is always the first.",
        "last_off": "Switch off the head that is asked for: yours is always the last.",
        "uniform": "A head that is off adds nothing: equal weights 1 / n still add the mean of its values. Set its weights to 0.",
        "identity": "A head that is off adds nothing: with the identity as weights it still adds its own values.",
        "minus_infinity": "These are weights, the softmax is done: 0 switches off. Minus infinity is for scores, here it gives NaN or infinity.",
        "softmaxed": "The weights are weights already: a second softmax changes them all, and makes zeros equal shares.",
        "mean_ablated": "A head that is off adds nothing: yours still adds its mean over the words.",
        "mean_of_others": "A head that is off adds nothing: yours puts the mean of the other heads in its place.",
        "mean_of_all": "A head that is off adds nothing: yours puts the mean of all heads in its place.",
        "word_zeroed": "The first axis counts the heads: values[head] = 0 or weights[head] = 0. You take away a word (values[:, head] or weights[..., head]), in all heads.",
        "feature_zeroed": "The first axis of values counts the heads: values[head] = 0. You set a feature to 0, in all heads.",
        "query_zeroed": "The first axis of weights counts the heads: you set a row to 0, a word that looks at nothing.",
        "rescaled": "The other heads stay as they were: do not scale the rest up.",
        "scaled_down": "The other heads stay as they were: do not scale the rest down.",
        "rows_first": "Without the head its own rows of W_o must go, too: each head keeps the rows head * d_head to (head + 1) * d_head.",
        "rows_last": "Each head keeps its own rows of W_o: you leave out the first ones, whichever head is off.",
        "left_out": "Without the head its rows of W_o find no partner: keep its place and put zeros there, or leave out its rows of W_o, too.",
        "below_each_other": "Put the heads side by side, on the last axis (dim=-1), not below each other.",
        "columns": "A head owns rows of W_o, not columns: W_o[head * d_head : (head + 1) * d_head] = 0.",
        "one_row": "A head owns d_head rows of W_o, head * d_head to (head + 1) * d_head; you set a single one to 0.",
        "strided_rows": "A head owns neighbouring rows of W_o, head * d_head to (head + 1) * d_head; you set every num_heads-th one to 0.",
        "rows_window": "The rows of a head start at head * d_head, not at head.",
        "wrong_rows_subtracted": "What the head adds goes through its own rows of W_o, head * d_head to (head + 1) * d_head; you take the first ones.",
        "join_no_swap": "Swap heads and words before you put the heads side by side, (n, num_heads, d_head): `reshape` alone mixes words.",
        "interleaved": "Keep the features of one head together: head 0 first, then head 1, and so on.",
        "reversed": "Keep the order of the heads: head 0 comes first.",
        "averaged": "Put the heads side by side before W_o; you take their mean.",
        "summed": "Put the heads side by side before W_o; you add them up.",
        "no_W_o": "The output matrix W_o is missing: multiply the heads, side by side, by it.",
        "W_o_transposed": "Multiply by W_o as it is, without a transpose.",
        "weights_turned": "Multiply weights[h] @ values[h] as they are: row i holds what word i looks at. Yours are transposed.",
    },
    unpaired=frozenset(
        {
            "only_before",
            "only_behind",
            "first_off",
            "last_off",
            "identity",
            "minus_infinity",
            "softmaxed",
            "mean_ablated",
            "mean_of_others",
            "mean_of_all",
            "feature_zeroed",
            "query_zeroed",
            "word_zeroed",
            "scaled_down",
            "rows_first",
            "rows_last",
            "columns",
            "left_out",
            "below_each_other",
            "one_row",
            "strided_rows",
            "rows_window",
            "wrong_rows_subtracted",
            "reversed",
            "averaged",
            "summed",
        }
    ),
    probes=(
        _off_probe("the second of three heads", 3, 5, 2, 7, 1),
        _off_probe("the first of two heads, a square W_o", 2, 4, 3, 6, 0),
        _off_probe("the last of four heads", 4, 6, 2, 5, 3),
        _off_probe("as many heads as words", 3, 3, 4, 11, 1),
    ),
    hints=(
        "What a head adds to the output passes through d_head rows of W_o. What must stand there for it to add nothing?",
        "heads = weights @ values; set heads[head] to 0 on a copy; put the heads side by side; times W_o.",
        "heads[____] = 0; return heads.transpose(____, ____).reshape(n, -1) @ W_o",
    ),
    follow_up="is the output without head 0, plus the output with head 0 alone, the full output? Why?",
)
