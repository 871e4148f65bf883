"""A notification as a mail (RFC 5322), with what keeps it out of loops (RFC 3834) and in its thread."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from typing import Protocol
from uuid import UUID, uuid5

from deskstream_contracts.addressing import message_id, reply_address

_NAMESPACE = UUID("0b9ce0b0-7c3f-5a55-8a51-2d6c3a1f9e77")


class Words(Protocol):
    """The wording of a kind of notification in a language."""

    def render(self, kind: str, language: str, values: Mapping[str, object]) -> tuple[str, str]:
        """Subject and text."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """How the desk is called and signs. `domain` is in lower case."""

    name: str
    domain: str
    default_mailbox: str
    reply_secret: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it goes out; `envelope_from` is where a bounce goes (RFC 5321 §4.4)."""

    id: UUID
    rfc_message_id: str
    envelope_from: str
    content: bytes


def notification_id(event_id: UUID, kind: str, recipient: str) -> UUID:
    """The same for each delivery of the same event, so that a message is made once and its Message-ID never changes."""
    return uuid5(_NAMESPACE, f"{event_id}:{kind}:{recipient.lower()}")


def answering_mailbox(address: str | None, domain: str) -> str | None:
    """The local part that answers where `address` was written to: its own, without a +suffix. None: it is no address of ours."""
    local, _, at = (address or "").partition("@")
    return local.partition("+")[0] if local and at.lower() == domain else None


def compose(
    desk: Desk,
    *,
    id_: UUID,
    kind: str,
    thread_root: UUID,
    mailbox: str | None,
    recipient: tuple[str, str | None],
    cc: Sequence[str] = (),
    language: str,
    subject: str,
    text: str,
    references: Sequence[str] = (),
    automatic: bool,
    now: datetime,
) -> Mail:
    """A mail that leads its reply back to the thread (`mailbox` answers, None: the desk's default one).

    It is built by hand: its few headers need none of the email package's machinery, which costs ten times as much.
    """
    local = mailbox or desk.default_mailbox
    back = reply_address(local, desk.domain, thread_root, desk.reply_secret)
    rfc_message_id = message_id(thread_root, id_, desk.domain)
    headers = [
        ("From", formataddr((desk.name, f"{local}@{desk.domain}"))),
        ("To", _mailbox(*recipient)),
        ("Reply-To", back),
        ("Subject", _encoded(subject)),
        ("Date", format_datetime(now)),
        ("Message-ID", rfc_message_id),
        ("X-Deskstream", kind),
        ("Content-Language", language),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "base64"),
    ]
    if cc:
        headers.insert(2, ("Cc", ", ".join(cc)))
    if references:
        sound = [r for r in references if _is_message_id(r)]
        if sound:
            headers += [("In-Reply-To", sound[-1]), ("References", "\r\n ".join(sound))]
    if automatic:
        headers += [("Auto-Submitted", "auto-replied" if kind == "confirmation" else "auto-generated")]
        headers += [("X-Auto-Response-Suppress", "All")]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return Mail(id_, rfc_message_id, back, head.encode() + b"\r\n" + _base64_lines(text))


def _mailbox(email: str, name: str | None) -> str:
    return formataddr((_line(name), email)) if name else email


def _encoded(subject: str) -> str:
    line = _line(subject)
    if line.isascii() and len(line) < 66:
        return line
    return Header(line, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _line(value: str) -> str:
    # A line break here would let a customer's subject write headers of its own.
    return " ".join(value.split())


def _is_message_id(value: str) -> bool:
    return value.startswith("<") and value.endswith(">") and value.isascii() and value.isprintable() and len(value) < 512


def _base64_lines(text: str) -> bytes:
    encoded = base64.b64encode("".join(line + "\r\n" for line in text.splitlines()).encode())
    return b"\r\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76)) + b"\r\n"
