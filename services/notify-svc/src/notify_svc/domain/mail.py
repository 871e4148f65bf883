"""A notification as a mail (RFC 5322), with what keeps it out of loops (RFC 3834) and in its thread."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, quote
from typing import Final, Protocol
from uuid import UUID, uuid5

from deskstream_contracts.addressing import message_id, reply_address
from notify_svc.domain.email_address import EmailAddress, spelling
from notify_svc.domain.wording import one_line

_NAMESPACE: Final = UUID("0b9ce0b0-7c3f-5a55-8a51-2d6c3a1f9e77")
_LONGEST_SUBJECT: Final = 250
_LONGEST_NAME: Final = 100
_MOST_REFERENCES: Final = 50
_MAILBOX: Final = re.compile(r"\A[A-Za-z0-9!#$%&'*/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*/=?^_`{|}~-]+)*\Z")
_ATOMS: Final = re.compile(r"\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
_LONGEST_MAILBOX: Final = 64  # RFC 5321 §4.5.3.1.1
_MESSAGE_ID: Final = re.compile(r"\A<[!-;=?-~]{1,510}>\Z")

TEXT_HEADERS: Final = 'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n'
"""What is said of the text of a mail, whether it is all of the mail or a part of it."""


class Words(Protocol):
    """The wording of a kind of notification in a language."""

    def render(self, kind: str, language: str, values: Mapping[str, object]) -> tuple[str, str]:
        """Subject and text."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """How the desk is called and signs. `domain` is in lower case; `ticket_link` leads customers to a ticket, by `{number}`."""

    name: str
    domain: str
    default_mailbox: str
    reply_secret: bytes = field(repr=False)
    ticket_link: str = ""

    def link_to(self, number: int) -> str | None:
        """Where customers see a ticket; None where they see none."""
        return self.ticket_link.replace("{number}", str(number)) or None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it goes out; `envelope_from` is where a bounce goes (RFC 5321 §4.4)."""

    id: UUID
    rfc_message_id: str
    envelope_from: str
    content: bytes


def notification_id(ticket_id: UUID, occasion: int, kind: str, recipient: str) -> UUID:
    """Of what happened to a ticket (mostly: the version that it made): the same however often that is told, so that a message is
    made once and its Message-ID never changes."""
    return uuid5(_NAMESPACE, f"{ticket_id}:{occasion}:{kind}:{spelling(recipient)}")


def answering_mailbox(address: str | None, domain: str) -> str | None:
    """The local part that answers where `address` was written to: its own, without a +suffix. None: it is no address of ours."""
    local, _, at = (address or "").rpartition("@")
    mailbox = local.partition("+")[0]
    ours = at.lower() == domain and len(mailbox) <= _LONGEST_MAILBOX and _MAILBOX.match(mailbox)
    return mailbox if ours else None


def compose(
    desk: Desk,
    *,
    id_: UUID,
    kind: str,
    thread_root: UUID,
    mailbox: str | None,
    recipient: EmailAddress | None,
    name: str | None = None,
    cc: Sequence[EmailAddress] = (),
    language: str,
    subject: str,
    text: str,
    references: Sequence[str] = (),
    automatic: bool,
    now: datetime,
) -> Mail:
    """A mail that leads its reply back to the thread (`mailbox` answers, None: the desk's default one).

    Its headers are ASCII, unless the recipient's address needs SMTPUTF8 (RFC 6532); without that, addresses in `cc` that need it
    are not shown. Without a `recipient` it is for the record only.

    It is built by hand: its few headers need none of the email package's machinery, which costs ten times as much.
    """
    local = mailbox or desk.default_mailbox
    back = reply_address(local, desk.domain, thread_root, desk.reply_secret)
    rfc_message_id = message_id(thread_root, id_, desk.domain)
    headers = [
        ("From", _mailbox(f"{local}@{desk.domain}", desk.name)),
        ("Reply-To", back),
        ("Subject", _subject(subject)),
        ("Date", format_datetime(now)),
        ("Message-ID", rfc_message_id),
        ("X-Deskstream", kind),
        ("Content-Language", language),
        ("MIME-Version", "1.0"),
    ]
    if recipient is not None:
        shown = [str(copied) for copied in cc if recipient.needs_smtputf8 or not copied.needs_smtputf8]
        headers[1:1] = [("To", _mailbox(str(recipient), name)), *([("Cc", ",\r\n ".join(shown))] if shown else [])]
    if sound := [r for r in references if _MESSAGE_ID.match(r)]:
        # The first and the last of them: what is between leads to the same thread (RFC 5322 §3.6.4).
        named = sound if len(sound) <= _MOST_REFERENCES else [sound[0], *sound[1 - _MOST_REFERENCES :]]
        headers += [("In-Reply-To", sound[-1]), ("References", "\r\n ".join(named))]
    if automatic:
        headers += [("Auto-Submitted", "auto-replied" if kind == "confirmation" else "auto-generated")]
        headers += [("X-Auto-Response-Suppress", "All")]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers) + TEXT_HEADERS
    return Mail(id_, rfc_message_id, back, head.encode() + b"\r\n" + base64_lines(_lines(text)))


def _mailbox(email: str, name: str | None) -> str:
    # Not formataddr: it knows no address of RFC 6532, and makes one word of a name of any length (RFC 2047 §2: 75 characters).
    line = one_line(name or "", _LONGEST_NAME)
    if not line:
        return email
    if not _is_plain(line):
        return f"{_encoded_words(line, 'To')}\r\n <{email}>"
    return f"{line} <{email}>" if _ATOMS.match(line) else f'"{quote(line)}" <{email}>'


def _subject(value: str) -> str:
    line = one_line(value, _LONGEST_SUBJECT)
    return line if _is_plain(line) and len(line) < 66 else _encoded_words(line, "Subject")


def _is_plain(line: str) -> bool:
    return line.isascii() and "=?" not in line


def _encoded_words(line: str, header: str) -> str:
    return Header(line, "utf-8", header_name=header).encode(linesep="\r\n")


def _lines(text: str) -> bytes:
    return "".join(line + "\r\n" for line in text.splitlines()).encode(errors="replace")


def base64_lines(content: bytes) -> bytes:
    """Content as base64 in lines that a mail may have (RFC 2045 §6.8)."""
    encoded = base64.b64encode(content)
    return b"\r\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76)) + b"\r\n"
