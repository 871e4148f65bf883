"""Raw bytes to a ParsedMail. Never raises, whatever the bytes are; what was wrong is in `defects`, in words.

The structure is read with the compat32 policy and the fields with our own functions: policy.default builds a parse tree for
every field, which takes twenty times as long and raises on a third of crafted mails.
"""

import hashlib
import re
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import Any

from deskstream_contracts.wire import MAX_REPLY_BYTES
from ingest_svc.adapters.parsing import authentication, bounces, charsets, header_lines, headers, html, quotes, reports
from ingest_svc.adapters.parsing.absence import absence
from ingest_svc.adapters.parsing.charsets import decode
from ingest_svc.adapters.parsing.structure import Structure, as_it_stands, content, read_structure, shortened
from ingest_svc.domain.classification import FACT_HEADERS
from ingest_svc.domain.mail import Bounce, ParsedMail
from ingest_svc.domain.texts import BODY_BYTES, clean, cut, has_words

MAX_HEADER_BYTES = 256 * 1024
MAX_FIELDS = 1000
MAX_HEADER_LINES = 3000
MAX_VALUE = 64 * 1024
MAX_STRUCTURE_VALUE = 2 * 1024
MAX_BOUNDARY_LINES = 1500
MAX_BOUNDARIES = 100


class _Bounded(Compat32):
    """compat32 with an end to header values: the email package takes parameters apart in quadratic time."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: MAX_STRUCTURE_VALUE if name.lower().startswith("content-") else MAX_VALUE]


_parser: Any = BytesParser(policy=_Bounded())
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n|\r\r")
_BOUNDARY = re.compile(rb"boundary\s*=\s*\"?([^\s\";]{1,100})", re.IGNORECASE)
_SEEMING_BOUNDARY = re.compile(rb"\r?\n--([^\s\"\\]{1,200})[ \t]*\r?\ncontent-[a-z-]{1,40}:", re.IGNORECASE)
_BOUNDARY_LOOK = 64 * 1024
_TRACE_FREE = ("message-id", "from", "date", "subject")

Mime = Message


def read_mail(raw: bytes, authserv_id: str = "") -> ParsedMail:
    """A message (RFC 5322, MIME) as plain facts; what is too much of anything is cut, and said so in its defects.

    `authserv_id`: whose Authentication-Results (RFC 8601) are ours; empty: nobody's.
    """
    charsets.begin_message(raw)
    head, body = _split(raw)
    message, defects = _parsed(head, body)
    fields = _fields(message, defects)
    found = _structure(message, body, defects)
    safe = _html(found)
    text = shortened(found)
    if not text.strip() and any(a.media_type == "application/ms-tnef" for a in found.attachments):
        found.note("its text is inside winmail.dat (TNEF), which is not opened")
    author = headers.author(fields.get("from", []), fields.get("sender", []))
    subject = headers.text(fields["subject"][0]) if "subject" in fields else ""
    report = reports.is_report(message)
    reported, about, in_words = (
        _bounces(message, fields, author, subject, text) if not report else (*reports.read_report(message), False)
    )
    message_id = headers.message_ids(*fields.get("message-id", [])[:1])
    return ParsedMail(
        sender=author.address,
        sender_sure=author.is_sure,
        no_sender=author.why,
        to=headers.addresses(fields.get("to", [])),
        cc=headers.addresses(fields.get("cc", [])),
        reply_to=headers.addresses(fields.get("reply-to", [])),
        subject=subject,
        text=text,
        reply_text=_reply(found, text, subject),
        html=safe,
        sent_at=headers.date(_first(fields, "date")),
        message_id=message_id[0] if message_id else None,
        references=headers.references(_first(fields, "in-reply-to"), _first(fields, "references")),
        dmarc=authentication.verdicts(fields.get("authentication-results", []), authserv_id),
        facts={name: headers.text(fields[name][0], 300) for name in FACT_HEADERS & fields.keys()},
        absence=absence(subject, text),
        received_hops=len(fields.get("received", ())),
        is_delivery_report=report,
        is_bounce=report or in_words,
        bounces=reported,
        bounced_message_id=about,
        attachments=found.attachments,
        defects=found.defects,
        content_hash=_content_hash(fields, body),
    )


def attachment(raw: bytes, part: int) -> tuple[str, str, bytes] | None:
    """Name, media type and decoded bytes of the part with this index, or None where the message has no such attachment."""
    charsets.begin_message(raw)
    head, body = _split(raw)
    message, _ = _parsed(head, body)
    listed = {a.part: a for a in read_structure(message).attachments}
    for number, found in enumerate(message.walk()):
        if number == part and part in listed:
            return listed[part].name, listed[part].media_type, content(found)
    return None


def _split(raw: bytes) -> tuple[bytes, bytes]:
    raw = raw.lstrip(b"\r\n")  # empty lines before a header are none of it
    end = _END_OF_HEADER.search(raw)
    return (raw, b"") if end is None else (raw[: end.start()], raw[end.end() :])


def _parsed(head: bytes, body: bytes) -> tuple[Mime, list[str]]:
    if head.count(b"\n") > MAX_HEADER_LINES:
        head = b"\n".join(head.split(b"\n", MAX_HEADER_LINES)[:-1])
        return _as_text(header_lines.mended(head)[0], body), [f"its header has more than {MAX_HEADER_LINES} lines and is cut"]
    if len(head) > MAX_HEADER_BYTES:
        cut_head = head[: head.rfind(b"\n", 0, MAX_HEADER_BYTES) + 1] or head[:MAX_HEADER_BYTES]
        return _as_text(header_lines.mended(cut_head)[0], body), ["its header is longer than 256 KiB and is cut"]
    head, defects = header_lines.mended(head)
    kind = head.lower()
    if b"multipart/" not in kind and b"message/" not in kind:
        return _shallow(head, body), defects  # one part: nothing to take apart line by line
    if _is_too_divided(head, body):
        return _as_text(head, body), [*defects, "it has too many parts to be taken apart"]
    try:
        return _divided(head, body), defects
    except (RecursionError, ValueError, TypeError, LookupError, AttributeError, IndexError, AssertionError):
        return _as_text(head, body), [*defects, "its structure cannot be taken apart"]


def _divided(head: bytes, body: bytes) -> Mime:
    message: Mime = _parser.parsebytes(head + b"\r\n\r\n" + body)
    if message.is_multipart() or message.get_content_maintype() != "multipart":
        return message
    # Its boundary never comes. Another one does, where somebody on the way has changed one of the two.
    seeming = _SEEMING_BOUNDARY.search(b"\n" + body[:_BOUNDARY_LOOK])
    if seeming is None:
        return message
    subtype = message.get_content_subtype()
    defects = list(message.defects)
    del message["content-type"]
    source = b"".join(f"{name}: {value}\r\n".encode("ascii", "surrogateescape") for name, value in message.raw_items())
    kind = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (subtype.encode("ascii", "replace"), seeming[1])
    again: Mime = _parser.parsebytes(source + kind + body)
    again.defects = defects
    return again


def _is_too_divided(head: bytes, body: bytes) -> bool:
    whole = head + b"\n" + body
    if whole.count(b"\n--") <= MAX_BOUNDARY_LINES and whole.count(b"oundary=") <= MAX_BOUNDARIES:
        return False
    # Lines of hyphens are no parts: only those count that a boundary of the message begins.
    boundaries = {match[1] for match in _BOUNDARY.finditer(whole)}
    if len(boundaries) > MAX_BOUNDARIES:
        return True
    return sum(body.count(b"\n--" + boundary) for boundary in boundaries) > MAX_BOUNDARY_LINES


def _shallow(head: bytes, body: bytes) -> Mime:
    # Only the header is read by the parser; the body is one part.
    message: Mime = _parser.parsebytes(head + b"\r\n\r\n", headersonly=True)
    rest = as_it_stands(message)  # what follows a line that is no header field belongs to the body
    text = body.decode("ascii", "surrogateescape")
    message.set_payload(f"{rest}\r\n\r\n{text}" if rest.strip() else text)
    return message


def _as_text(head: bytes, body: bytes) -> Mime:
    message = _shallow(head, body)
    del message["content-type"], message["content-transfer-encoding"]
    return message


def _fields(message: Mime, defects: list[str]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for number, (name, value) in enumerate(message.raw_items()):
        if number >= MAX_FIELDS:
            defects.append(f"it has more than {MAX_FIELDS} header fields")
            break
        fields.setdefault(name.strip().lower(), []).append(value if isinstance(value, str) else str(value))
    return fields


def _structure(message: Mime, body: bytes, defects: list[str]) -> Structure:
    try:
        found = read_structure(message)
    except (RecursionError, ValueError, TypeError, LookupError, AttributeError, IndexError, AssertionError):
        found = Structure(text=clean(decode(body[:BODY_BYTES], None)[0]))
        defects.append("its parts cannot be taken apart; its body is shown as it stands")
    for defect in defects:
        found.note(defect)
    return found


def _html(found: Structure) -> str | None:
    """The safe HTML; the text is made of all of it where there is no other."""
    if found.html is None:
        return None
    safe, was_cut = html.sanitised(found.html)
    if not has_words(found.text) and safe:
        found.text = html.plain(safe)
    shown, is_longer = html.shortened(safe)
    if was_cut or is_longer:
        found.note("its HTML was longer than 64 KiB and is cut here")
    return shown


def _bounces(
    message: Mime, fields: dict[str, list[str]], author: headers.Author, subject: str, text: str
) -> tuple[list[Bounce], str | None, bool]:
    """What a mail system reports in words: whom about, the Message-ID of what came back, and whether it is a report at all."""
    failed = headers.plain((fields.get("x-failed-recipients") or [""])[0], 2000)
    sender, name = (author.address.email, author.address.name or "") if author.address else ("", "")
    if not bounces.is_bounce(sender, name, subject, text, failed_recipients=failed, has_copy=_has_copy(message)):
        return [], None, False
    others = frozenset({sender, *(a.email for a in headers.addresses(fields.get("to", [])))})
    found, about = bounces.read_bounce(text, subject, failed_recipients=failed, ours=others)
    return found, reports.returned_id(message) or about, True


def _has_copy(message: Mime) -> bool:
    """Whether a mail, or its header, is attached; or it calls itself a report (RFC 6522)."""
    if message.get_content_type() == "multipart/report":
        return True
    parts = message.get_payload() if message.is_multipart() else []
    return any(isinstance(part, Message) and part.get_content_type() in reports.RETURNED for part in parts)


def _reply(found: Structure, text: str, subject: str) -> str | None:
    reply = (quotes.new_text_of_html(found.html, subject) if found.html else None) or quotes.new_text(text, subject)
    if reply is None or reply.strip() == text.strip():
        return None
    return cut(reply, MAX_REPLY_BYTES)[0]


def _content_hash(fields: dict[str, list[str]], body: bytes) -> str | None:
    """What makes two deliveries the same message, without the fields that are added on the way."""
    if not fields.get("message-id") and not fields.get("date"):
        return None
    digest = hashlib.blake2b(digest_size=16)
    for name in _TRACE_FREE:
        value = "\n".join(fields.get(name, ())).encode("utf-8", "surrogateescape")
        digest.update(len(value).to_bytes(8, "big") + value)
    digest.update(body.rstrip())
    return digest.hexdigest()


def _first(fields: dict[str, list[str]], name: str) -> str | None:
    values = fields.get(name)
    return values[0] if values else None
