"""The MIME tree of a message: its bodies and its attachments, within limits of depth and number.

The words that a person wrote are the text, wherever they stand: a part that has none is no body, and where no part is a plain
body, one that looks like a file may be it.
"""

import hashlib
import re
from dataclasses import dataclass, field
from email.generator import BytesGenerator
from email.message import Message
from html import escape
from io import BytesIO
from typing import Final
from urllib.parse import unquote

from deskstream_contracts.wire import Attachment
from ingest_svc.adapters.parsing import file_names, headers
from ingest_svc.adapters.parsing.charsets import decode
from ingest_svc.adapters.parsing.flowed import unflowed
from ingest_svc.adapters.parsing.html import shows_something, words_of
from ingest_svc.adapters.parsing.parameters import parameter
from ingest_svc.domain.texts import BODY_BYTES, clean, cut, has_words, one_line

MAX_PARTS = 500
MAX_DEPTH = 40
MAX_ATTACHMENTS = 100
_CONTENT_ID_OCTETS: Final = 255
_CID: Final = re.compile(r"\bcid:([^\"'\s<>)]{1,400})", re.IGNORECASE)
_TEXT_LOOK: Final = 512 * 1024
_HTML_LOOK: Final = 4 * 1024 * 1024
_MOST_DEFECTS: Final = 20
_STUB_CHARACTERS: Final = 400

Mime = Message

# A sender's program wrote this in place of the text, which is in the HTML.
_STUB: Final = re.compile(
    r"(?:html|rich[- ]?text).{0,80}(?:view|client|format|reader|support|display|program|version|enabled|compatible|anzeig|"
    r"darstell|affich|visuali|browser|mail)|(?:view|client|support|display|reader|anzeig|affich|visuali).{0,80}html|"
    r"view (?:it|this (?:e-?mail|message)) in (?:your|a) browser",
    re.IGNORECASE | re.DOTALL,
)
_HTML_LOOKS: Final = re.compile(r"\s*(?:<!doctype html|<html\b|<body\b|<head\b|<div\b|<p\b|<table\b)", re.IGNORECASE)
_ENCODING: Final = re.compile(r"[\"'\s]*(base64|quoted-printable|x-uuencode|uuencode|uue|x-uue|[78]bit|binary)\b", re.IGNORECASE)
_NO_BODIES: Final = frozenset({"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/csv", "text/rfc822-headers"})
# How programs call the text of a mail; a person calls a file otherwise.
_BODY_NAMES: Final = re.compile(
    r"(?:message|body|mail(?:body)?|text|content|part|att|untitled|unnamed|noname|msg|plain|unknown)[\d\s._-]*\.(?:txt|html?)",
    re.IGNORECASE,
)
_PREAMBLES: Final = re.compile(r"\bmime\b|multi-?part", re.IGNORECASE)


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
        if defect not in self.defects and len(self.defects) < _MOST_DEFECTS:
            self.defects.append(defect)


@dataclass(slots=True)
class _Walk:
    """What is found on the way through the tree. `candidates` look like files, and may be the body: part and number."""

    numbers: dict[int, int]
    found: Structure
    candidates: list[tuple[Mime, int]] = field(default_factory=list)
    has_body: bool = False
    left_out: int = 0


Bodies = tuple[str | None, str | None]
"""Text and HTML; None where there is none."""


def read_structure(message: Mime) -> Structure:
    """What is in a message, within the limits of parts and depth; beyond them, and on broken MIME, `defects` say so."""
    found = Structure()
    walk = _Walk({}, found)
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            found.note(f"it has more than {MAX_PARTS} parts; the others are only in the raw message")
            break
        walk.numbers[id(part)] = number
        for defect in part.defects:
            found.note(_in_words(type(defect).__name__))
    found.text, found.html = _body(message, walk, 0)
    if not has_words(found.text) and not shows_something(found.html):
        _look_elsewhere(message, walk)
    for part, number in walk.candidates:
        _attach(part, _kind(part), number, walk)
    found.attachments.sort(key=lambda a: a.part)
    found.attachments = _within_the_text(found)
    if walk.left_out:
        found.note(f"it has more than {MAX_ATTACHMENTS} attachments; {walk.left_out} more are only in the raw message")
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
    _mend_encoding(part)
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


def _mend_encoding(part: Mime) -> None:
    # With a comment, in quotes, with a semicolon: the email package would take none of these for base64.
    named = str(part.get("content-transfer-encoding", ""))
    known = _ENCODING.match(named)
    if known is not None and known[1] != named:
        part.replace_header("content-transfer-encoding", known[1].lower())


def _body(part: Mime, walk: _Walk, depth: int, *, of_alternative: bool = False) -> Bodies:
    number = walk.numbers.get(id(part))
    if number is None:
        return None, None
    if depth > MAX_DEPTH:
        walk.found.note(f"its parts are nested more than {MAX_DEPTH} deep; the inner ones are only in the raw message")
        return None, None
    kind = _kind(part)
    if kind.startswith("multipart/"):
        if not part.is_multipart():
            return _undivided(part, walk)
        is_alternative = kind == "multipart/alternative"
        children = [
            _body(child, walk, depth + 1, of_alternative=is_alternative)
            for child in part.get_payload()
            if isinstance(child, Message)
        ]
        return _alternative(children) if is_alternative else _joined(children)
    if kind in ("text/plain", "text/html") and not part.is_multipart():
        match _place(part, walk, is_whole=depth == 0, of_alternative=of_alternative):
            case "body":
                return _bodies(part, kind, walk.found)
            case "perhaps":
                walk.candidates.append((part, number))
                return None, None
    _attach(part, kind, number, walk)
    return None, None


def _place(part: Mime, walk: _Walk, *, is_whole: bool, of_alternative: bool) -> str:
    """Where a text part belongs: "body", "file", or "perhaps" the body, where no other part is."""
    name = file_names.given_name(part)
    if part.get_content_disposition() == "attachment":
        return "perhaps" if name is None or is_whole or of_alternative else "file"
    is_first = not walk.found.attachments and not walk.candidates and not walk.has_body
    if name is None or of_alternative or (is_first and _BODY_NAMES.fullmatch(name)):
        walk.has_body = True
        return "body"
    return "perhaps"


def _look_elsewhere(message: Mime, walk: _Walk) -> None:
    """No plain body says anything: what may be one does, or what stands before the parts, or a text of another kind."""
    found = walk.found
    for part, number in walk.candidates:
        text, html = _bodies(part, _kind(part), found)
        if has_words(text) or shows_something(html):
            walk.candidates.remove((part, number))
            found.text, found.html = text, html
            return
    if message.is_multipart():
        for aside in (message.preamble, message.epilogue):
            text = clean(decode((aside or "").encode("utf-8", "surrogateescape"), None)[0])
            if has_words(text) and not (_PREAMBLES.search(text) and len(text) < _STUB_CHARACTERS):
                found.note("its text stands outside of its parts")
                found.text, found.html = text, None
                return
    for part in message.walk():
        if id(part) not in walk.numbers or part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if _kind(part).startswith("text/") and _kind(part) not in _NO_BODIES:
            text, html = _bodies(part, "text/plain", found)
            if has_words(text) or shows_something(html):
                found.text, found.html = text, html
                return


def _undivided(part: Mime, walk: _Walk) -> Bodies:
    """It calls itself multipart, and its boundary never comes: all of it is one text."""
    text = clean(decode(as_it_stands(part).encode("utf-8", "surrogateescape"), None)[0])
    if len(text) > _TEXT_LOOK:
        walk.found.note("the text was longer than 64 KiB and is cut here")
        text = text[:_TEXT_LOOK]
    return (None, text) if _HTML_LOOKS.match(text) else (text, None)


def _alternative(children: list[Bodies]) -> Bodies:
    # The last of each kind is the richest (RFC 2046 §5.1.4), if it says anything.
    text = next((t for t, _ in reversed(children) if has_words(t)), None)
    html = next((h for _, h in reversed(children) if shows_something(h)), None)
    if text is None and html is None:
        return next((t for t, _ in reversed(children) if t is not None), None), next(
            (h for _, h in children if h is not None), None
        )
    if text is not None and html is not None and len(text) < _STUB_CHARACTERS and _STUB.search(text) and _says_more(html, text):
        return None, html
    return text, html


def _says_more(html: str, text: str) -> bool:
    return len(words_of(html[:_TEXT_LOOK]).split()) > len(text.split())


def _joined(children: list[Bodies]) -> Bodies:
    bodies = [(t, h) for t, h in children if has_words(t) or shows_something(h)]
    if not bodies:
        return next(((t, h) for t, h in children if t is not None or h is not None), (None, None))
    if len(bodies) == 1:
        return bodies[0]
    html = None
    if any(h is not None for _, h in bodies):
        html = "\n<hr>\n".join(h if h is not None else f"<pre>{escape(t or '')}</pre>" for t, h in bodies)
    # Where one of them is HTML only, the text is taken from the HTML of all.
    text = "\n\n".join(t or "" for t, _ in bodies) if all(t is not None for t, _ in bodies) else None
    return text, html


def _kind(part: Mime) -> str:
    return one_line(part.get_content_type(), 100).lower()


def _bodies(part: Mime, kind: str, found: Structure) -> Bodies:
    text = _text(part, kind, found)
    if kind == "text/html":
        return None, text
    # Whole pages are sent as plain text by programs that forget to say so.
    if _HTML_LOOKS.match(text) and "</" in text:
        return None, text
    if (parameter(part, "content-type", "format") or "").lower() == "flowed":
        text = unflowed(text, is_space_deleted=(parameter(part, "content-type", "delsp") or "").lower() == "yes")
    return text, None


def _text(part: Mime, kind: str, found: Structure) -> str:
    data = content(part)
    look = _HTML_LOOK if kind == "text/html" else _TEXT_LOOK
    if len(data) > look:
        found.note("the text was longer than 64 KiB and is cut here")
        data = data[:look]
    charset = parameter(part, "content-type", "charset")
    text, defect = decode(data, charset)
    if defect:
        found.note(defect)
    return clean(text)


def _attach(part: Mime, kind: str, number: int, walk: _Walk) -> None:
    if len(walk.found.attachments) >= MAX_ATTACHMENTS:
        walk.left_out += 1
        return
    data = content(part)
    disposition = part.get_content_disposition()
    content_id = _content_id(part)
    walk.found.attachments.append(
        Attachment(
            part=number,
            name=file_names.name_of(part, kind, number),
            media_type=kind,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            inline=disposition == "inline" or (content_id is not None and disposition is None),
            content_id=content_id,
        )
    )


def _content_id(part: Mime) -> str | None:
    """The Content-ID (RFC 2045 §7) without its brackets; some write it without them."""
    found = next((str(value) for name, value in part.raw_items() if name.lower() == "content-id"), "")
    return cut(headers.text(found, 400).strip("<> "), _CONTENT_ID_OCTETS)[0] or None if found else None


def _within_the_text(found: Structure) -> list[Attachment]:
    """The attachments; what the HTML names is shown within it, whatever disposition its sender's program gave it."""
    if found.html is None or not any(a.content_id for a in found.attachments):
        return found.attachments
    named = {unquote(match[1]) for match in _CID.finditer(found.html)} | {match[1] for match in _CID.finditer(found.html)}
    return [a if a.inline or a.content_id not in named else a.model_copy(update={"inline": True}) for a in found.attachments]


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
