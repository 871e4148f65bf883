"""The MIME tree of a message: its bodies and its attachments, within limits of depth and number."""

import hashlib
from dataclasses import dataclass, field
from email.generator import BytesGenerator
from email.message import Message
from html import escape
from io import BytesIO

from deskstream_contracts.wire import Attachment
from ingest_svc.adapters.parsing import headers
from ingest_svc.adapters.parsing.charsets import decode
from ingest_svc.domain.texts import BODY_BYTES, clean, cut, one_line

MAX_PARTS = 500
MAX_DEPTH = 40
MAX_ATTACHMENTS = 100
_NAME_OCTETS = 255
_BODY_LOOK = 512 * 1024

Mime = Message


@dataclass(slots=True)
class Structure:
    """What is in a message. `html` is as sent: not safe."""

    text: str | None = None
    html: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    def note(self, defect: str) -> None:
        """Adds a defect, each once and twenty at most."""
        defect = one_line(defect, 300)
        if defect not in self.defects and len(self.defects) < 20:
            self.defects.append(defect)


def read_structure(message: Mime) -> Structure:
    """What is in a message, within the limits of parts and depth; beyond them, and on broken MIME, `defects` say so."""
    found = Structure()
    numbers: dict[int, int] = {}
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            found.note(f"it has more than {MAX_PARTS} parts; the others are only in the raw message")
            break
        numbers[id(part)] = number
        for defect in part.defects:
            found.note(_in_words(type(defect).__name__))
    found.text, found.html = _body(message, numbers, found, 0)
    return found


def content(part: Mime) -> bytes:
    """The decoded bytes of one part; an attached message is written out again."""
    if part.is_multipart():
        out = BytesIO()
        try:
            for child in part.get_payload():
                BytesGenerator(out, mangle_from_=False).flatten(child)
        except (UnicodeError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            pass
        return out.getvalue()
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, AssertionError, LookupError):
        payload = None
    if isinstance(payload, bytes):
        return payload
    return as_it_stands(part).encode("utf-8", "surrogateescape")


def as_it_stands(part: Mime) -> str:
    """The text of one part, as the parser cut it out of the message; empty where it has parts of its own."""
    # get_payload would decode it, by whatever charset it names: it raises where that holds a NUL, or is written as in RFC 2231.
    raw: object = vars(part)["_payload"]
    return raw if isinstance(raw, str) else ""


def _body(part: Mime, numbers: dict[int, int], found: Structure, depth: int) -> tuple[str | None, str | None]:
    number = numbers.get(id(part))
    if number is None:
        return None, None
    if depth > MAX_DEPTH:
        found.note(f"its parts are nested more than {MAX_DEPTH} deep; the inner ones are only in the raw message")
        return None, None
    kind = _kind(part)
    if part.is_multipart() and kind.startswith("multipart/"):
        children = [_body(child, numbers, found, depth + 1) for child in part.get_payload() if isinstance(child, Message)]
        return _alternative(children) if kind == "multipart/alternative" else _joined(children)
    if kind in ("text/plain", "text/html") and not part.is_multipart() and not _is_attached(part):
        text = _text(part, found)
        return (text, None) if kind == "text/plain" else (None, text)
    _attach(part, kind, number, found)
    return None, None


def _alternative(children: list[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
    # The last of each kind is the richest (RFC 2046 §5.1.4).
    text = next((t for t, _ in reversed(children) if t), None)
    return text, next((h for _, h in reversed(children) if h), None)


def _joined(children: list[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
    bodies = [(t, h) for t, h in children if t is not None or h is not None]
    if len(bodies) <= 1:
        return bodies[0] if bodies else (None, None)
    html = None
    if any(h is not None for _, h in bodies):
        html = "\n<hr>\n".join(h if h is not None else f"<pre>{escape(t or '')}</pre>" for t, h in bodies)
    # Where one of them is HTML only, the text is taken from the HTML of all.
    text = "\n\n".join(t or "" for t, _ in bodies) if all(t is not None for t, _ in bodies) else None
    return text, html


def _kind(part: Mime) -> str:
    return one_line(part.get_content_type(), 100).lower()


def _is_attached(part: Mime) -> bool:
    disposition = part.get_content_disposition()
    return disposition == "attachment" or (disposition == "inline" and _file_name(part) is not None)


def _text(part: Mime, found: Structure) -> str:
    data = content(part)
    if len(data) > _BODY_LOOK:
        found.note("the text was longer than 64 KiB and is cut here")
        data = data[:_BODY_LOOK]
    try:
        charset = part.get_content_charset()
    except (UnicodeError, LookupError, ValueError, TypeError):
        charset = None
    text, defect = decode(data, charset)
    if defect:
        found.note(defect)
    return clean(text)


def _attach(part: Mime, kind: str, number: int, found: Structure) -> None:
    if len(found.attachments) >= MAX_ATTACHMENTS:
        found.note(f"it has more than {MAX_ATTACHMENTS} attachments; the others are only in the raw message")
        return
    data = content(part)
    inline = part.get_content_disposition() == "inline" or ("Content-ID" in part and part.get_content_disposition() is None)
    found.attachments.append(
        Attachment(
            part=number,
            name=_file_name(part) or _nameless(kind, number),
            media_type=kind,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            inline=inline,
        )
    )


def _file_name(part: Mime) -> str | None:
    try:
        name = part.get_filename()  # RFC 2231 continuations and charsets included
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError, IndexError):
        name = None
    if name is None:
        return None
    # Only the last step of a path: it is a name, not a place.
    return cut(headers.text(name, 400).replace("\\", "/").rpartition("/")[2][:200], _NAME_OCTETS)[0] or None


def _nameless(kind: str, number: int) -> str:
    if kind == "message/rfc822":
        return f"message-{number}.eml"
    return "winmail.dat" if kind == "application/ms-tnef" else f"part-{number}"


def shortened(found: Structure) -> str:
    """The text, cut to what an event carries."""
    text, was_cut = cut(found.text or "", BODY_BYTES)
    if was_cut:
        found.note("the text was longer than 64 KiB and is cut here")
    return text


def _in_words(defect: str) -> str:
    return _WORDS.get(defect, f"it breaks the rules of mail: {defect}")


_WORDS = {
    "NoBoundaryInMultipartDefect": "its multipart has no boundary",
    "StartBoundaryNotFoundDefect": "the boundary of its multipart never comes",
    "CloseBoundaryNotFoundDefect": "its multipart is not closed: it may have been cut off",
    "FirstHeaderLineIsContinuationDefect": "its first header line is a continuation",
    "MisplacedEnvelopeHeaderDefect": "an envelope line stands among its header fields",
    "MissingHeaderBodySeparatorDefect": "no empty line separates its header from its body",
    "MultipartInvariantViolationDefect": "it calls itself multipart and has one part",
    "InvalidMultipartContentTransferEncodingDefect": "its multipart is encoded, which is not allowed",
    "InvalidBase64PaddingDefect": "a part is not complete base64",
    "InvalidBase64CharactersDefect": "a part is not clean base64",
    "InvalidBase64LengthDefect": "a part is not complete base64",
}
