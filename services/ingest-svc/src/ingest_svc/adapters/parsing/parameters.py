"""The parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183, RFC 2231), as they are written. Nothing raises.

The email package loses names of raw 8-bit bytes, and takes parameters apart in quadratic time; this reads them in one pass.
"""

import re
from email.message import Message
from typing import Final
from urllib.parse import unquote_to_bytes

from ingest_svc.adapters.parsing.charsets import decode, guess
from ingest_svc.adapters.parsing.encoded_words import words

_LONGEST: Final = 4000
_MOST_SECTIONS: Final = 50
_NAME: Final = re.compile(r";\s*([\w!#$&+.^`{|}~-]{1,60}?)(?:\*(\d{1,3}))?(\*)?\s*=\s*", re.ASCII)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_ESCAPED: Final = re.compile(r'\\(["\\])')
_TOKEN: Final = re.compile(r"[^;]*")
_FOLD: Final = re.compile(r"\r?\n[ \t]*|\r")


def parameter(part: Message, field: str, name: str) -> str | None:
    """A parameter's text: its RFC 2231 form first, decoded; encoded words and raw bytes are read as well. None: there is none."""
    raw = _raw(part, field)
    if ";" not in raw or name not in raw.lower():
        return None
    plain: str | None = None
    sections: dict[int, tuple[bool, str]] = {}
    for found, section, is_extended, value in _parameters(_FOLD.sub(" ", raw[:_LONGEST])):
        if found.lower() != name:
            continue
        if section is not None or is_extended:
            sections.setdefault(int(section or 0), (is_extended, value))
        elif plain is None:
            plain = value
    joined = _joined(sections) if 0 in sections else None
    if joined:
        return joined
    return None if plain is None else _read(plain)


def _raw(part: Message, field: str) -> str:
    for name, value in part.raw_items():
        if name.lower() == field:
            return str(value)
    return ""


def _parameters(value: str) -> "list[tuple[str, str | None, bool, str]]":
    found: list[tuple[str, str | None, bool, str]] = []
    position = value.find(";")
    while 0 <= position < len(value) and len(found) < _MOST_SECTIONS:
        match = _NAME.match(value, position)
        if match is None:
            position = value.find(";", position + 1)
            continue
        quoted = _QUOTED.match(value, match.end())
        if quoted is not None:
            text, end = _ESCAPED.sub(r"\1", quoted[1]), quoted.end()
        else:
            bare = _TOKEN.match(value, match.end())
            text, end = (bare[0].strip(), bare.end()) if bare else ("", match.end())
        found.append((match[1], match[2], bool(match[3]), text))
        position = value.find(";", end)
    return found


def _joined(sections: dict[int, tuple[bool, str]]) -> str:
    charset = ""
    data = bytearray()
    for number in range(len(sections)):
        if number not in sections:
            break
        is_extended, text = sections[number]
        if number == 0 and is_extended and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        as_bytes = text.encode("utf-8", "surrogateescape")
        data += unquote_to_bytes(as_bytes) if is_extended else as_bytes
    text = decode(bytes(data), charset or None)[0]
    return words(text) if "=?" in text else text


def _read(value: str) -> str:
    if not value.isascii():
        value = guess(value.encode("utf-8", "surrogateescape"))
    if "=?" in value:
        return words(value)
    # Some write RFC 2231's percent signs and none of the rest of it.
    if re.search(r"%[89A-Fa-f][0-9A-Fa-f]", value) and " " not in value:
        try:
            return unquote_to_bytes(value.encode("ascii", "replace")).decode()
        except UnicodeDecodeError:
            return value
    return value
