"""Exercises that understand a wrong answer.

``check(f)`` runs the reader's function, compares it with attnlib itself and answers with a card: Not started,
Stopped with an error, Not yet (with the mistake named), or Correct. ``hint(f)`` helps one step further each
time, ``progress()`` shows what is done. A chapter's exercises are described in ``attnlib.check.specs``.
"""

from attnlib.check.verbs import CheckFailed, check, hint, progress

__all__ = ["CheckFailed", "check", "hint", "progress"]
