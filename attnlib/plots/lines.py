"""Head view: words on both sides, a line from each word to the words that it looks at. Chapters 4 and 5.

The page needs no script and no other file. Which lines are seen is decided by style rules alone: they ask
which word is pointed at or has the focus, and which heads are ticked.
"""

import html

import numpy as np
from IPython.display import HTML, display

from attnlib.plots import line_styles
from attnlib.plots.base import check_alt
from attnlib.plots.line_styles import ROW, WIDTH
from attnlib.shapes import match

SMALLEST = 0.005
NAMED = 3
HINT = "Point at a word, or reach it with Tab, to see its lines alone. Escape leaves it."
SHAPES = {
    "weights": "(num_heads, num_queries, num_keys)",
    "tokens": "(num_keys,)",
    "query_tokens": "(num_queries,)",
    "heads": "(num_heads,)",
}
REASONS = {
    "num_keys": "Each key needs its token.",
    "num_queries": "Each query needs its token; without query_tokens the tokens stand on both sides.",
    "num_heads": "Each head needs its name.",
}


def head_view(weights, tokens, *, alt, query_tokens=None, heads=None, selected=None):
    """Draw the weights of some heads as lines from each query, on the left, to the keys, on the right.

    Each head has a colour and a dash pattern of its own; the stronger the line, the larger the weight.
    Weights below 0.005 get no line. Point at a word, or reach it with Tab, to see its lines alone; for a query
    with its numbers. Escape leaves the word. Each head has a box to tick.

    **Shapes**
        weights         (num_heads, num_queries, num_keys), an array or a tensor of numbers from 0 to 1
        tokens          num_keys words; on both sides unless ``query_tokens`` is given
        alt             what is to be seen, for readers who do not see the picture
        query_tokens    num_queries words, for cross-attention
        heads           num_heads names; "head 0", "head 1", ... unless given
        selected        the index of the query whose lines alone are shown at first

    **Promises** the same arguments give the same page, byte for byte; it loads nothing from elsewhere.

    **Raises** ``ShapeError`` where counts do not fit; ``ValueError`` for weights outside 0 to 1, for a
    ``selected`` that is no query and for alt text that is too short; ``TypeError`` for tokens in one string.
    """
    alt = check_alt(alt)
    weights = _as_weights(weights)
    keys = _as_words("tokens", tokens)
    queries = keys if query_tokens is None else _as_words("query_tokens", query_tokens)
    names = _as_words("heads", [f"head {head}" for head in range(len(weights))] if heads is None else heads)
    match(SHAPES, REASONS, weights=weights, tokens=keys, query_tokens=queries, heads=names)
    _check_range(weights)
    _check_selected(selected, len(queries))
    display(HTML(_page(weights, queries, keys, names, selected, alt)))


def _as_weights(weights):
    if hasattr(weights, "detach"):
        weights = weights.detach().cpu().double()
    weights = np.asarray(weights, dtype=np.float64)
    match(SHAPES, weights=weights)
    return weights


def _as_words(argument, words):
    if isinstance(words, str):
        raise TypeError(f"{argument} is the text {words!r}, expected a list of words. Use text.split().")
    return np.array([str(word) for word in words], dtype=object)


def _check_range(weights):
    lowest, highest = weights.min(), weights.max()
    if not (lowest >= -1e-6 and highest <= 1 + 1e-6):
        raise ValueError(
            f"weights {weights.shape} holds numbers from {lowest:.3g} to {highest:.3g}, expected 0 to 1. "
            "Pass the weights that the softmax gives, not the scores."
        )


def _check_selected(selected, num_queries):
    if selected is not None and selected not in range(num_queries):
        raise ValueError(f"selected is {selected!r}, expected the index of a query, from 0 to {num_queries - 1}.")


def _page(weights, queries, keys, names, selected, alt):
    size = len(names), len(queries), len(keys)
    shown = range(size[1]) if selected is None else [selected]
    still = line_styles.still([_lines(weights, query) for query in shown], queries, keys, names)
    groups = "".join(_line_group(weights, query) for query in range(size[1]))
    numbers = "".join(_number_group(weights[:, query], query, names) for query in range(size[1]))
    return (
        f"<style>{line_styles.rules(*size)}</style>"
        f'<img class="attn-still" alt="{_quoted(alt)}" {still}>'
        # a notebook that is not trusted yet loses its style, and with it what is hidden here: the image stays
        f'<div class="attn-heads" style="display:none" onkeydown="if(event.key==\'Escape\')event.target.blur()">'
        f"{_controls(names, queries, selected)}"
        f'<div class="view-sides">{_words(weights, queries, keys, names, "a")}'
        f'<svg class="lines" role="img" aria-label="{_quoted(alt)}" width="{WIDTH}" '
        f'height="{ROW * max(size[1:])}">{groups}</svg>'
        f"{_words(weights.swapaxes(1, 2), keys, queries, names, 'b')}"
        f'<div class="numbers" aria-hidden="true">{numbers}</div></div>'
        f'<div class="view-hint">{HINT}</div></div>'
    )


def _controls(names, queries, selected):
    """Return a box to tick for each head, and one for the selected word."""
    boxes = [
        f'<label class="head{head}"><input type="checkbox" class="c{head}" checked>'
        f'<svg width="34" height="12" aria-hidden="true"><path d="M1 6H33"/></svg>{_quoted(name)}</label>'
        for head, name in enumerate(names)
    ]
    if len(names) > 2:
        tick = "this.parentNode.querySelectorAll('[class^=c]').forEach(box=>box.checked={})"
        boxes += [
            f'<button type="button" onclick="{tick.format(value)}">{label}</button>'
            for label, value in (("all heads", "true"), ("no head", "false"))
        ]
    if selected is not None:
        word = _quoted(queries[selected])
        boxes.append(f'<label><input type="checkbox" class="o{selected}" checked>only the lines of “{word}”</label>')
    return f'<div class="view-heads" role="group" aria-label="Heads">{"".join(boxes)}</div>'


def _words(weights, words, others, names, letter):
    """Return one side of the view; ``weights[head, i, j]`` join word i of this side with j of the other."""
    side, verb = {"a": ("queries", "looks at"), "b": ("keys", "is looked at by")}[letter]
    items = [
        f'<div role="listitem" tabindex="0" class="w {letter}{place}" aria-label="{_quoted(word)}, '
        f'{place + 1} of {len(words)}, {verb}: {_quoted(_sentence(weights[:, place], others, names))}">'
        f"{_quoted(word) or '&nbsp;'}</div>"
        for place, word in enumerate(words)
    ]
    return (
        f'<div class="side {side}"><div class="view-name">{side}</div>'
        f'<div role="list" aria-label="{side}">{"".join(items)}</div></div>'
    )


def _sentence(weights, words, names):
    """Say the largest weights of each head in words; ``weights`` is (num_heads, num_words)."""
    parts = []
    for name, row in zip(names, weights, strict=True):
        largest = [place for place in np.argsort(-row, kind="stable")[:NAMED] if row[place] >= SMALLEST]
        parts.append(f"{name}: " + (", ".join(f"{words[place]} {row[place]:.2f}" for place in largest) or "nothing"))
    return "; ".join(parts) + "."


def _lines(weights, query):
    """Return what is drawn for one query: for each head (key, height on the left, on the right, weight)."""
    num_heads, _, num_keys = weights.shape
    apart = min(2.4, 16 / max(num_heads - 1, 1))  # heads start side by side, so that equal lines do not hide
    shifts = [ROW / 2 + apart * (head - (num_heads - 1) / 2) for head in range(num_heads)]
    return [
        [
            (key, round(query * ROW + shift, 1), round(key * ROW + shift, 1), weights[head, query, key])
            for key in range(num_keys)
            if weights[head, query, key] >= SMALLEST
        ]
        for head, shift in enumerate(shifts)
    ]


def _line_group(weights, query):
    heads = []
    for head, lines in enumerate(_lines(weights, query)):
        paths = "".join(
            f'<path class="k{key}" d="M0 {left:g} {WIDTH} {right:g}" opacity="{min(weight, 1):.3f}"/>'
            for key, left, right, weight in lines
        )
        heads.append(f'<g class="head{head}">{paths}</g>')
    return f'<g class="q{query}">{"".join(heads)}</g>'


def _number_group(weights, query, names):
    """Return the weights of one query as columns, one for each head; ``weights`` is (num_heads, num_keys)."""
    numbered = all(name.startswith("head ") for name in names)  # then the word "head" stands there once
    columns = "".join(
        f'<div class="head{head}"><div class="view-name">{_quoted(names[head].removeprefix("head " * numbered))}</div>'
        + "\n".join(f"{max(weight, 0):.2f}" for weight in row)
        + "</div>"
        for head, row in enumerate(weights)
    )
    first = '<div><div class="view-name">head</div></div>' * numbered
    return f'<div class="q{query}">{first}{columns}</div>'


def _quoted(text):
    return html.escape(str(text))
