"""Bytes of foreign text to str, whatever charset they claim. Nothing here raises."""

import codecs
from functools import lru_cache

_ALIASES = {
    "": "utf-8",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "unknown-8bit": "utf-8",
    "default": "utf-8",
    "iso-8859-1": "cp1252",  # what people send under this name
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "x-gbk": "gbk",
    "x-sjis": "shift_jis",
    "utf8mb4": "utf-8",
}
# Text codecs that cost without bound or mean something else than a charset.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_ASCII_IS_NOT_TEXT = ("utf-7", "utf7", "utf-16", "utf16", "utf-32", "utf32", "hz")
_GUESS_BYTES = 4 * 1024
_MOST_GUESSES = 5


class _Guesses:
    """How often charsets were guessed for the present message: each guess takes as long as a whole ordinary mail."""

    left = _MOST_GUESSES


def begin_message() -> None:
    """A new message may guess anew."""
    _Guesses.left = _MOST_GUESSES


def decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """The text, and what was wrong with the charset, in words, or None."""
    if data.isascii() and b"\x1b" not in data and not (charset and charset.lower().startswith(_ASCII_IS_NOT_TEXT)):
        return data.decode("ascii"), None
    name = (charset or "").strip().strip("'\"").lower()
    codec = _codec(_ALIASES.get(name, name))
    if codec is not None:
        try:
            return data.decode(codec), None if charset or codec == "utf-8" else "8-bit text without a charset"
        except (UnicodeError, ValueError):
            pass
    named = name[:40] or "none"
    return _guess(
        data
    ), f"its charset is unknown: {named}" if codec is None else f"its text is not in the charset it names: {named}"


@lru_cache(maxsize=256)
def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if not found._is_text_encoding or found.name.replace("-", "_") in _REFUSED:
        return None
    return found.name


def _guess(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    if _Guesses.left <= 0:
        return data.decode("cp1252", "replace")
    _Guesses.left -= 1
    from charset_normalizer import from_bytes  # heavy, and rarely needed

    best = from_bytes(data[:_GUESS_BYTES], steps=3).best()
    return data.decode(best.encoding if best is not None else "cp1252", "replace")
