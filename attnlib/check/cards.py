"""Cards: what a verdict, a hint and the progress look like in a notebook and in a terminal."""

import html
import re

from IPython import get_ipython
from IPython.display import display

from attnlib.check.judging import CORRECT, ERROR, NOT_STARTED, NOT_YET

MIME = "application/vnd.attnlib.verdict+json"
BAR = {NOT_STARTED: "#767676", ERROR: "#D55E00", NOT_YET: "#B8860B", CORRECT: "#009E73"}
HINT_BAR = "#0072B2"


def show_verdict(verdict, count=""):
    """Show the card of a verdict; ``count`` says how many exercises are done."""
    title = f"{verdict.state.capitalize()}: {verdict.exercise}"
    after = "Think further" if verdict.state == CORRECT else ""
    lines = [f"{after}: {verdict.headline}" if after else verdict.headline]
    if verdict.right:
        lines.append("Right already: " + "; ".join(verdict.right) + ".")
    lines += [line for line in (verdict.note, count) if line]
    data = {"exercise": verdict.exercise, "state": verdict.state, "faults": list(verdict.faults)}
    _show(title, lines, verdict.details, BAR[verdict.state], data)


def show_hint(exercise, step, text):
    """Show one hint."""
    _show(f"Hint {step}: {exercise}", [text], [], HINT_BAR, {"exercise": exercise, "hint": step})


def show_progress(rows, next_up):
    """Show the progress: ``rows`` holds (chapter title, done, all), ``next_up`` says what to do next."""
    width = max(len(title) for title, _, _ in rows)
    text = [f"{title:<{width}}  {done:>2} of {whole}" for title, done, whole in rows]
    cells = "".join(
        f"<tr><td style='text-align: left'>{html.escape(title)}</td><td style='text-align: left'>"
        f"<progress max='{whole}' value='{done}' aria-label='{done} of {whole} done'></progress></td>"
        f"<td style='text-align: right'>{done} of {whole}</td></tr>"
        for title, done, whole in rows
    )
    body = f"<table>{cells}</table><p>{_inline(next_up)}</p>"
    _display(
        "\n".join(["Your progress", *text, next_up]),
        _frame("Your progress", body, HINT_BAR, {}),
        {},
    )


def _show(title, lines, details, colour, data):
    text = [title, *lines]
    body = "".join(f"<p style='margin: .3em 0'>{_inline(line)}</p>" for line in lines)
    for summary, content in details:
        text.append(f"{summary}\n{content}")
        body += f"<details><summary>{html.escape(summary)}</summary><pre>{html.escape(content)}</pre></details>"
    _display("\n".join(text), _frame(title, body, colour, data), data)


def _frame(title, body, colour, data):
    state = html.escape(str(data.get("state", "")), quote=True)
    return (
        f'<div class="attn-card" role="status" data-state="{state}" style="border-left: .5em solid {colour}; '
        f'padding: .2em 1em; margin: .5em 0; max-width: 48em"><strong>{html.escape(title)}</strong>{body}</div>'
    )


def _inline(text):
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _display(text, page, data):
    if get_ipython() is None:
        print(text)
        return
    display({"text/plain": text, "text/html": page, MIME: data}, raw=True)
