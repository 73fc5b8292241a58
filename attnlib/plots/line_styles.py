"""The look of the head view: colours, style rules, and its picture at rest."""

import base64
import html

from attnlib.plots.base import COLOURS, INK

ROW, WIDTH = 28, 240
# the four of the course, and four more; all at least 3:1 against white, told apart in the common forms of
# colour blindness; the dashes tell those apart that come close
HEAD_COLOURS = [*COLOURS.values(), INK, "#901E12", "#A72EE9", "#5C0D81"]
DASHES = ["none", "9 3", "3 2.5", "11 3 2 3", "6 6"]
FONT = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif"
PAPER = "max-width: 100%; background: white; padding: 4px; border-radius: 6px"
VIEW = ".attn-heads"
BASE = f"""
.attn-still{{display:none!important}}
{VIEW}{{display:block!important;width:max-content;max-width:100%;box-sizing:border-box;padding:10px 14px;
overflow-x:auto;border-radius:6px;background:white;color:{INK};color-scheme:light;font:14px/{ROW}px {FONT}}}
{VIEW} .view-heads{{display:flex;flex-wrap:wrap;gap:0 16px;align-items:center;max-width:720px;padding:2px;
margin-bottom:6px}}
{VIEW} label{{display:inline-flex;align-items:center;gap:6px;cursor:pointer}}
{VIEW} input{{margin:0;accent-color:{INK}}}
{VIEW} button{{font:13px/20px {FONT};color:{INK};background:#f3f3f3;border:1px solid #767676;border-radius:4px;
padding:0 8px;cursor:pointer}}
{VIEW} path{{fill:none;stroke:var(--colour);stroke-dasharray:var(--dash);stroke-width:2.4}}
{VIEW} .view-sides{{display:flex;width:max-content;padding:2px}}
{VIEW} .view-name{{font-size:12px;color:#595959;padding:0 6px}}
{VIEW} .queries{{text-align:right}}
{VIEW} .lines{{margin-top:{ROW}px;flex:none;max-width:none;overflow:visible}}
{VIEW} .w{{height:{ROW}px;padding:0 6px;white-space:pre;cursor:default;border-radius:4px}}
{VIEW} .w:is(:hover,:focus){{background:#e4ebf2}}
{VIEW} :is(.w,input,button):focus-visible{{outline:2.5px solid {INK};outline-offset:-1px}}
{VIEW} .numbers{{display:grid}}
{VIEW} .numbers>div{{grid-area:1/1;display:flex;visibility:hidden;font-variant-numeric:tabular-nums}}
{VIEW} .numbers>div>div{{white-space:pre;text-align:right;font-size:12px;padding-left:8px;min-width:28px}}
{VIEW} .numbers .view-name{{color:{INK};font-weight:bold;padding:0;
text-decoration:underline 3px var(--colour,transparent);text-underline-offset:3px}}
{VIEW} .view-hint{{font-size:12px;color:#595959;padding:2px 8px}}
"""


def look(head):
    """Return the colour and the dash pattern of a head; the first forty are all different."""
    return HEAD_COLOURS[head % len(HEAD_COLOURS)], DASHES[head % len(DASHES)]


def rules(num_heads, num_queries, num_keys):
    """Return the style sheet. A rule depends on places alone, so two views on one page agree on it."""
    text = [BASE]
    for head in range(num_heads):
        colour, dash = look(head)
        text.append(f"{VIEW} .head{head}{{--colour:{colour};--dash:{dash}}}")
        text.append(f"{VIEW}:not(:has(.c{head}:checked)) :is(.lines,.numbers) .head{head}{{display:none}}")
    for query in range(num_queries):
        view = _when(f"a{query}", f"o{query}")
        text.append(f"{view} .lines>g:not(.q{query}){{display:none}}{view} .numbers>.q{query}{{visibility:visible}}")
    for key in range(num_keys):
        text.append(f"{_when(f'b{key}')} .lines path:not(.k{key}){{display:none}}")
    return "\n".join(text)


def _when(word, box=None):
    """Return the selector of a view that shows one word alone: pointed at, else in focus, else ticked."""
    cases = [f":has(.{word}:hover)", f":not(:has(.w:hover)):has(.{word}:focus)"]
    if box:
        cases.append(f":not(:has(.w:is(:hover,:focus))):has(.{box}:checked)")
    return f"{VIEW}:is({','.join(cases)})"


def still(groups, queries, keys, names):
    """Return the attributes of an ``<img>`` with the lines that are seen at first.

    ``groups`` holds for each query drawn, for each head, (key, height on the left, on the right, weight).
    """
    left = 14 + 8 * max(map(len, queries))
    column = 56 + 8 * max(map(len, names))
    width = max(left + WIDTH + 14 + 8 * max(map(len, keys)), 10 + column * min(len(names), 4))
    top = 24 * -(-len(names) // 4) + 32
    height = top + ROW * max(len(queries), len(keys)) + 8
    parts = [_legend(place, name, column) for place, name in enumerate(names)]
    parts += [_text(left - 6, top - 8, "queries", "end", 12), _text(left + WIDTH + 6, top - 8, "keys", "start", 12)]
    for side, words in (("end", queries), ("start", keys)):
        x = left - 6 if side == "end" else left + WIDTH + 6
        parts += [_text(x, top + ROW * place + 19, word, side) for place, word in enumerate(words)]
    parts.append(f'<g transform="translate({left} {top})">{_still_lines(groups)}</g>')
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}" fill="{INK}">{"".join(parts)}</svg>'
    )
    data = base64.b64encode(picture.encode()).decode()
    return f'width="{width}" style="{PAPER}" src="data:image/svg+xml;base64,{data}"'


def _still_lines(groups):
    """Return the lines; those of one head with the same weight, rounded, share a path to save space."""
    paths = {}
    for heads in groups:
        for head, lines in enumerate(heads):
            for _, left, right, weight in lines:
                paths.setdefault((head, f"{weight:.2f}"), []).append(f"M0 {left:g} {WIDTH} {right:g}")
    return "".join(
        f'<path {_stroke(head)} opacity="{weight}" d="{"".join(lines)}"/>' for (head, weight), lines in paths.items()
    )


def _stroke(head):
    colour, dash = look(head)
    return f'fill="none" stroke-width="2.4" stroke="{colour}" stroke-dasharray="{dash}"'


def _legend(place, name, column):
    x, y = 10 + column * (place % 4), 16 + 24 * (place // 4)
    return f'<path {_stroke(place)} d="M{x} {y}h30"/>' + _text(x + 36, y + 5, name, "start")


def _text(x, y, text, anchor, size=14):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{html.escape(text)}</text>'
