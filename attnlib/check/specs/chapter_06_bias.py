"""Chapter 6: a bias that grows with distance, and rows of a learned table, on torch tensors."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.common import choose

_generator = torch.Generator().manual_seed(626)


def alibi(faults, num_heads, num_queries, num_keys):
    """Build the bias of ALiBi, with the mistakes in ``faults``."""
    slopes = _slopes(faults, num_heads)
    slopes = slopes.flip(0) if "heads_reversed" in faults else slopes
    offsets = {
        "first_places": lambda: 0,
        "offset_back": lambda: num_queries - num_keys,
        "offset_one_more": lambda: num_keys - num_queries + 1,
        "offset_one_less": lambda: num_keys - num_queries - 1,
    }
    queries = torch.arange(num_queries)[:, None] + choose(faults, offsets, lambda: num_keys - num_queries)
    distances = _distances(faults, queries, torch.arange(num_keys)[None], num_keys).double()
    if "all_queries" in faults:
        places = torch.arange(num_keys)
        return (-slopes[:, None, None] * (places[:, None] - places).abs()).float()
    if "no_heads" in faults:
        return (-slopes[0] * distances).float()
    bias = (1 if "plus" in faults else -1) * slopes[:, None, None] * distances
    if "causal" in faults:
        bias = bias.masked_fill(torch.arange(num_keys) > queries, -torch.inf)
    bias = bias.trunc() if "truncated" in faults else bias
    bias = bias.softmax(-1) if "softmaxed" in faults else bias
    if "heads_last" in faults:
        return bias.permute(1, 2, 0).float()
    return bias.transpose(1, 2).float() if "turned" in faults else bias.float()


def _slopes(faults, num_heads):
    heads = torch.arange(num_heads, dtype=torch.float64) + ("from_zero" not in faults)
    options = {
        "no_eight": lambda: 2.0 ** (-heads / num_heads),
        "fixed_eight": lambda: 2.0**-heads,
        "fraction_turned": lambda: 2.0 ** (-heads * num_heads / 8),
        "one_slope": lambda: 2.0 ** (-8 / num_heads) + 0 * heads,
        "last_slope": lambda: 2.0**-8 + 0 * heads,
        "exponent_sign": lambda: 2.0 ** (8 * heads / num_heads),
        "base_e": lambda: torch.exp(-8 * heads / num_heads),
        "linear": lambda: heads / num_heads,
        "no_power": lambda: 8 * heads / num_heads,
        "inverse": lambda: num_heads / (8 * heads),
        "harmonic": lambda: 1 / heads,
        "no_slopes": lambda: 1 + 0 * heads,
        "whole_exponent": lambda: 2.0 ** (-8 * heads / num_heads).floor(),
        "whole_step": lambda: 2.0 ** (-heads * (8 // num_heads)),
        "divided_late": lambda: 2.0 ** (-8 * heads) / num_heads,
        "base_half_eight": lambda: 8.0 ** (-2 * heads / num_heads),
    }
    return choose(faults, options, lambda: 2.0 ** (-8 * heads / num_heads))


def _distances(faults, queries, keys, num_keys):
    signed = queries - keys
    options = {
        "signed": lambda: signed,
        "signed_turned": lambda: -signed,
        "past_only": lambda: signed.clamp(min=0),
        "future_only": lambda: (-signed).clamp(min=0),
        "squared": lambda: signed**2,
        "one_more": lambda: signed.abs() + 1,
        "by_key": lambda: keys + 0 * queries,
        "from_the_end": lambda: num_keys - 1 - keys + 0 * queries,
        "relative": lambda: signed.abs() / num_keys,
        "logarithm": lambda: signed.abs().double().log1p(),
    }
    return choose(faults, options, lambda: signed.abs())


def _alibi_probe(label, num_heads, num_queries, num_keys):
    return Probe(label, {"num_heads": num_heads, "num_queries": num_queries, "num_keys": num_keys})


ALIBI = Spec(
    name="alibi",
    chapter=6,
    minutes=8,
    difficulty=2,
    oracle=attnlib.alibi_bias,
    variant=alibi,
    faults={
        "plus": "The bias takes something off the score: its sign is minus, so that far words get less.",
        "from_zero": "Count the heads from 1: the slope of the first head is 2^(-8 / num_heads), not 1.",
        "no_eight": "The slope is 2^(-8h / num_heads): the factor 8 in the exponent is missing.",
        "fixed_eight": "2^(-h) is right for eight heads only: the slope is 2^(-8h / num_heads).",
        "fraction_turned": "The exponent is -8h / num_heads: yours has num_heads above the line and 8 below it.",
        "one_slope": "Every head has a slope of its own, 2^(-8h / num_heads): yours all have that of the first head.",
        "last_slope": "Every head has a slope of its own, 2^(-8h / num_heads): yours all have that of the last head.",
        "no_slopes": "The slopes are missing: multiply the distances of head h by 2^(-8h / num_heads).",
        "exponent_sign": "The exponent is negative, 2^(-8h / num_heads): yours grows beyond 1.",
        "base_e": "The slope is a power of 2: you take one of e (exp).",
        "base_half_eight": "The slope is a power of 2, 2^(-8h / num_heads): yours is a power of another number.",
        "divided_late": "All of -8h / num_heads is the exponent: put it in brackets, 2 ** (-8 * h / num_heads).",
        "linear": "The slopes fall as powers of 2, 2^(-8h / num_heads); yours rise evenly, h / num_heads.",
        "no_power": "2 is raised to the power -8h / num_heads: you use 8h / num_heads itself as the slope.",
        "inverse": "2 is raised to the power -8h / num_heads: yours is num_heads / 8h.",
        "harmonic": "The slope is 2^(-8h / num_heads), a power of 2; yours is 1 / h.",
        "whole_exponent": "Keep the digits of the exponent: `//` rounds -8h / num_heads down to a whole number. Use `/`.",
        "whole_step": "Multiply 8 by h before you divide, with `/`: 8 // num_heads is cut down, and is 0 for more than eight heads.",
        "heads_reversed": "Head 1 has the largest slope: yours stand in reverse order.",
        "no_heads": "There is one table for every head: (num_heads, num_queries, num_keys). Yours is that of the first head.",
        "heads_last": "The heads come first: (num_heads, num_queries, num_keys).",
        "first_places": "The queries are the last num_queries of the keys' places: add num_keys - num_queries to the place of each.",
        "all_queries": "Only the last num_queries of the places ask: one row for each of them, not for all num_keys places.",
        "offset_back": "The queries stand at the end: add num_keys - num_queries to their places; you subtract it.",
        "offset_one_more": "The last query stands at the last key: your queries stand one place too far behind.",
        "offset_one_less": "The last query stands at the last key: your queries stand one place too far in front.",
        "signed": "Distance has no sign: use the absolute value, or words behind the query gain instead of losing.",
        "signed_turned": "Distance has no sign: use the absolute value, or words before the query gain instead of losing.",
        "past_only": "Words behind the query are far, too: use the absolute value of the difference; yours is 0 there.",
        "future_only": "Words before the query are far, too: use the absolute value of the difference; yours is 0 there.",
        "squared": "The bias grows by the same amount with every step: the distance is not squared.",
        "logarithm": "The bias grows by the same amount with every step: take the distance itself, not its logarithm.",
        "one_more": "A word's distance to itself is 0: yours is one too large everywhere.",
        "by_key": "The distance runs from the place of the query to that of the key: yours is the place of the key alone.",
        "from_the_end": "Every query has its own place: yours measures all distances from the last key.",
        "relative": "Count the steps: the distance is not divided by num_keys.",
        "causal": "Nothing says that the future is hidden here: leave the minus infinity out, the bias is finite.",
        "softmaxed": "The bias is added to the scores before the softmax: return it as it is.",
        "turned": "Queries come before keys: (num_heads, num_queries, num_keys). Yours is the transpose.",
        "truncated": "Your array holds whole numbers, so the digits behind the point are cut off: make it of floats.",
    },
    unpaired=frozenset(
        {
            "last_slope",
            "no_slopes",
            "exponent_sign",
            "base_half_eight",
            "divided_late",
            "linear",
            "no_power",
            "inverse",
            "harmonic",
            "whole_exponent",
            "whole_step",
            "no_heads",
            "all_queries",
            "heads_last",
            "offset_back",
            "offset_one_less",
            "signed_turned",
            "future_only",
            "squared",
            "logarithm",
            "by_key",
            "from_the_end",
            "relative",
            "causal",
            "softmaxed",
            "truncated",
        }
    ),
    probes=(
        _alibi_probe("four heads, the last three of seven places", 4, 3, 7),
        _alibi_probe("two heads, all five places", 2, 5, 5),
        _alibi_probe("eight heads, the last two of three places", 8, 2, 3),
        _alibi_probe("sixteen heads, one query", 16, 1, 6),
    ),
    hints=(
        "At which place stands the last query, and which distances has it to the first and to the last key?",
        "One slope for each head, one table of distances for all; minus their product, with the heads on an axis in front.",
        "return -slopes[:, None, None] * (queries[____] - keys[____]).____()",
    ),
    follow_up="which head looks farthest: the first or the last?",
)


def learned_rows(faults, table, positions):
    """Look up rows of a table, with the mistakes in ``faults``."""
    n = len(table)
    positions = _mended(faults, positions, n)
    if "skipped" in faults:
        positions = positions[(positions >= 0) & (positions < n)]
    below, beyond = positions < 0, positions >= n
    if "first_refused" in faults:
        below = positions <= 0
    if "last_refused" in faults:
        beyond = positions >= n - 1
    if "by_features" in faults:
        beyond = positions >= table.shape[1]
    if faults_among(faults, "negative_wraps", "only_beyond"):
        below = below & False
    if "zeros" in faults:
        return table[positions.clamp(0, n - 1)] * ~(below | beyond)[:, None]
    bad = below | beyond
    if bad.all() if "all_bad" in faults else bad[0] if "first_checked" in faults else bad.any():
        raise IndexError
    return _looked_up(faults, table, positions)


def faults_among(faults, *keys):
    """Tell whether one of these keys is among the faults."""
    return any(key in faults for key in keys)


MENDED = ("clamped", "clamped_above", "clamped_below", "modulo", "absolute")


def _mended(faults, positions, n):
    if "from_one" in faults and faults_among(faults, *MENDED):
        positions = positions - 1
    options = {
        "clamped": lambda: positions.clamp(0, n - 1),
        "clamped_above": lambda: positions.clamp(max=n - 1),
        "clamped_below": lambda: positions.clamp(min=0),
        "modulo": lambda: positions % n,
        "absolute": lambda: positions.abs(),
    }
    return choose(faults, options, lambda: positions)


def _looked_up(faults, table, positions):
    if "from_one" in faults and faults_among(faults, *MENDED):
        return table[positions]
    options = {
        "from_one": lambda: table[positions - 1],
        "one_more": lambda: table[positions + 1],
        "counted": lambda: table[: len(positions)],
        "sorted": lambda: table[positions.sort().values],
        "once": lambda: table[positions.unique()],
        "columns": lambda: table[:, positions],
        "columns_turned": lambda: table.T[positions],
        "first_only": lambda: table[positions[0]],
        "turned": lambda: table[positions].T,
        "whole_table": lambda: table,
    }
    return choose(faults, options, lambda: table[positions])


def _true_rows(table, positions):
    return torch.nn.functional.embedding(positions, table)


def _rows_probe(label, num_positions, d_model, *positions):
    table = torch.randn(num_positions, d_model, generator=_generator)
    return Probe(label, {"table": table, "positions": torch.tensor(positions)})


ROWS = Spec(
    name="learned_rows",
    chapter=6,
    minutes=5,
    difficulty=1,
    oracle=_true_rows,
    variant=learned_rows,
    faults={
        "negative_wraps": "Refuse positions below 0 yourself: table[-1] is the last row, not an error.",
        "clamped": "Raise an IndexError for a position that is not in the table: you take the nearest row, as if it were known.",
        "clamped_above": "Raise an IndexError for a position that is not in the table: beyond its end you take the last row.",
        "clamped_below": "Raise an IndexError for a position below 0: you take row 0 for it.",
        "modulo": "Raise an IndexError for a position that is not in the table: with `%` yours starts again at row 0.",
        "absolute": "Raise an IndexError for a position below 0: you drop its sign.",
        "zeros": "Raise an IndexError for a position that is not in the table: you return a row of zeros, which looks like a position.",
        "skipped": "Raise an IndexError for a position that is not in the table: you leave it out, so that rows are missing.",
        "all_bad": "One position outside the table is enough for an IndexError: `any`, not `all`.",
        "first_checked": "Check every position: you look at one of them alone, and others may be outside.",
        "first_refused": "Position 0 is in the table: refuse what is below 0 (`<`, not `<=`).",
        "last_refused": "The last row is in the table: refuse positions of len(table) and above, not len(table) - 1.",
        "by_features": "The table has len(table) = table.shape[0] rows: you compare with table.shape[1], the number of features.",
        "from_one": "Position p is row p of the table: yours is row p - 1.",
        "one_more": "Position p is row p of the table: yours is row p + 1.",
        "counted": "Take the rows that the positions name: yours are always the first ones.",
        "sorted": "Leave the positions in their order: yours are sorted.",
        "once": "A position that comes twice gets its row twice: yours comes once.",
        "columns": "A position is a row of the table, its first axis: you take columns.",
        "columns_turned": "A position is a row of the table: you transpose it first, and take columns.",
        "first_only": "Every position gets its row: yours is that of the first position alone.",
        "turned": "Every position has a row of the result: (n, d_model). Yours is the transpose.",
        "whole_table": "Return the rows that the positions name, not the whole table.",
    },
    unpaired=frozenset(
        {
            "clamped_above",
            "clamped_below",
            "absolute",
            "skipped",
            "once",
            "columns_turned",
            "first_only",
            "whole_table",
            "all_bad",
            "first_checked",
        }
    ),
    probes=(
        _rows_probe("the first place, and one place twice", 5, 3, 3, 0, 2, 3),
        _rows_probe("the last place and the first, as many places as features", 7, 7, 6, 0, 2),
        _rows_probe("one place beyond the table", 5, 2, 1, 5, 0),
        _rows_probe("one place below 0", 6, 4, 2, -1, 3),
        _rows_probe("a place below 0 in front", 4, 5, -2, 1),
        _rows_probe("places below 0 alone", 8, 3, -1, -3),
    ),
    raises=(IndexError,),
    hints=(
        "What does table[-1] give in Python, and is that what somebody means who asks for position -1?",
        "If any position is below 0 or not below len(table), raise IndexError; else index the table with all positions at once.",
        'if ____: raise IndexError("not in the table")',
    ),
    follow_up="a model was trained with 512 learned positions. What can it do with a text of 600 words?",
)
