"""Encoded words (RFC 2047) in one pass: what cannot be decoded stays as it is. In time proportional to the field's length."""

import binascii
import re
from typing import Final

from ingest_svc.adapters.parsing.charsets import decode

_LONGEST_NAME: Final = 80  # of a charset, with a language (RFC 2231 §5)
_HEX: Final = re.compile(rb"=([0-9A-Fa-f]{2})")


def words(value: str) -> str:
    """A field's text with its encoded words decoded; white space between two of them goes (RFC 2047 §6.2)."""
    out: list[str] = []
    encoded: tuple[str, bytearray] | None = None  # of one charset: a character may be split over two words
    position = 0
    while (start := value.find("=?", position)) >= 0:
        word = _word(value, start)
        if word is None:
            break  # no end behind here, so that nothing else is one
        charset, data, end = word
        between = value[position:start]
        if data is None:
            _flush(out, encoded)
            encoded = None
            out.append(value[position:end])
        elif encoded is not None and encoded[0] == charset and not between.strip():
            encoded[1].extend(data)
        else:
            follows = encoded is not None and not between.strip()
            _flush(out, encoded)
            out.append("" if follows else between)
            encoded = (charset, bytearray(data))
        position = end
    _flush(out, encoded)
    out.append(value[position:])
    return "".join(out)


def _word(value: str, start: int) -> tuple[str, bytes | None, int] | None:
    """Charset, bytes (None: it is no encoded word) and end of what begins at `start`; None where nothing ends any more."""
    name_end = value.find("?", start + 2, start + 2 + _LONGEST_NAME)
    if name_end < 0 or value[name_end + 2 : name_end + 3] != "?":
        return "", None, start + 2
    text_start = name_end + 3
    end = value.find("?=", text_start)
    if end < 0:
        return None
    charset = value[start + 2 : name_end].partition("*")[0].lower()
    try:
        text = value[text_start:end].encode("ascii", "surrogateescape")
        match value[name_end + 1].lower():
            case "b":
                return charset, binascii.a2b_base64(text + b"==="), end + 2
            case "q":
                return charset, _HEX.sub(lambda m: bytes.fromhex(m[1].decode()), text.replace(b"_", b" ")), end + 2
    except (UnicodeEncodeError, binascii.Error, ValueError):
        pass
    return "", None, start + 2


def _flush(out: list[str], encoded: tuple[str, bytearray] | None) -> None:
    if encoded is not None:
        out.append(decode(bytes(encoded[1]), encoded[0])[0])
