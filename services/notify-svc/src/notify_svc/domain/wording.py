"""Text of others made fit for a line, a header and a row: whoever writes to the desk chooses it."""

import unicodedata
from typing import Final

REPLACEMENT: Final = "\ufffd"
_KEPT: Final = frozenset("\t\n\r")
# Controls, and halves of a pair that no encoding has.
_UNFIT: Final = frozenset(("Cc", "Cs"))


def fit(text: str) -> str:
    """The text with what no database and no mail can hold replaced by U+FFFD; tabs and line breaks stay."""
    if text.isprintable():
        return text
    return "".join(c if c in _KEPT or unicodedata.category(c) not in _UNFIT else REPLACEMENT for c in text)


def one_line(text: str, longest: int) -> str:
    """One line of at most `longest` characters: a line break in it would let a stranger write headers of their own."""
    line = fit(" ".join(text.split()))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
