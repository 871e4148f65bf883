"""Names and media types of files, as HTTP has them (RFC 6266, RFC 8187, RFC 9110 §8.3)."""

import re
from typing import Final
from urllib.parse import quote, unquote

from deskstream_chassis.refusals import Invalid

UNKNOWN: Final = "application/octet-stream"
_NAMELESS: Final = "file"
_NAME_OCTETS: Final = 255
_LONGEST_KIND: Final = 32
_MOST_HEADER: Final = 2000
_MEDIA_TYPE: Final = re.compile(r"\A[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\Z")
_MOST_MEDIA_TYPE: Final = 100
# Control characters, noncharacters, half surrogate pairs; and what turns the direction of writing, so that exe.txt may end in .exe.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

# RFC 8187 §3.2.1 and RFC 9110 §5.6.4; of two names the extended one counts (RFC 6266 §4.3).
_EXTENDED: Final = re.compile(r"filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]*)", re.IGNORECASE)
_PLAIN: Final = re.compile(r'filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]+))', re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(.)")

SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}
"""Headers of a file that is given out: whatever is in it, a browser does not open it as something of ours."""


def name_of(content_disposition: str | None) -> str:
    """The file name of an upload's Content-Disposition (`filename*` before `filename`), made fit. Raises Invalid."""
    if not content_disposition:
        return _NAMELESS
    if len(content_disposition) > _MOST_HEADER:
        raise Invalid("The header is too long.", pointer="Content-Disposition")
    if (extended := _EXTENDED.search(content_disposition)) is not None:
        charset, value = extended.groups()
        try:
            return fit(unquote(value, charset, errors="strict"))
        except UnicodeError:
            raise Invalid("The file's name cannot be read (RFC 8187).", pointer="Content-Disposition") from None
    if (plain := _PLAIN.search(content_disposition)) is not None:
        quoted, token = plain.groups()
        return fit(token if quoted is None else _ESCAPED.sub(r"\1", quoted))
    return _NAMELESS


def fit(name: str) -> str:
    """One line of at most 255 octets without a path before it."""
    line = " ".join(_UNFIT.sub(" ", name).replace("\\", "/").rpartition("/")[2].split())
    if not line.strip("."):
        return _NAMELESS
    stem, dot, kind = line.rpartition(".")
    if not stem or len(kind.encode()) > _LONGEST_KIND:
        return _cut(line, _NAME_OCTETS)
    # What is cut is cut before the ending, by which people and programs know what it is.
    return _cut(stem, _NAME_OCTETS - len(f".{kind}".encode())) + dot + kind


def _cut(text: str, octets: int) -> str:
    return text.encode()[:octets].decode(errors="ignore").rstrip()


def media_type_of(content_type: str | None) -> str:
    """Type and subtype of a Content-Type, in lower case and without parameters; what is none is a stream of octets."""
    essence = (content_type or "").partition(";")[0].strip().lower()
    return essence if len(essence) <= _MOST_MEDIA_TYPE and _MEDIA_TYPE.match(essence) else UNKNOWN


def disposition(name: str) -> str:
    """An answer's Content-Disposition: to be kept and not shown, in ASCII and as it is called."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name) or "attachment"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
