"""Text that is to be read as it stands."""

import re


def literal(text):
    """Keep the text from being read as Markdown, except for `code`."""
    parts = re.split(r"(`+[^`]+`+)", text)
    plain = [re.sub(r"([*_$\[\]<>{}|#~^\\])", r"\\\1", part) for part in parts[::2]]
    code = [re.sub(r"^``(.+)``$", r"`\1`", part) for part in parts[1::2]]
    return "".join(x + y for x, y in zip(plain, [*code, ""], strict=True))
