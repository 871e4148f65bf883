"""Mails as the outside world writes them: raw bytes with the headers that a mail has when it arrives."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from desk.topology import DOMAIN

AUTHSERV_ID = f"mx.{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Sender:
    name: str
    email: str

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail on its way in. `proven`: the MTA in front of the desk found that DMARC passes, and says so."""

    sender: Sender
    subject: str
    text: str
    to: str = f"support@{DOMAIN}"
    message_id: str = field(default_factory=lambda: f"<{uuid.uuid4()}@mail.example>")
    in_reply_to: str | None = None
    proven: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    date: str = field(default_factory=lambda: format_datetime(datetime.now(UTC)))

    def raw(self) -> bytes:
        """The message as bytes, with CRLF (RFC 5322); the same each time, but for the boundaries of a multipart."""
        message = EmailMessage(policy=SMTP)
        if self.proven:
            message["Authentication-Results"] = f"{AUTHSERV_ID}; dmarc=pass header.from={self.sender.domain}"
        message["From"] = formataddr((self.sender.name, self.sender.email))
        message["To"] = self.to
        message["Subject"] = self.subject
        message["Date"] = self.date
        message["Message-ID"] = self.message_id
        if self.in_reply_to:
            message["In-Reply-To"] = self.in_reply_to
            message["References"] = self.in_reply_to
        for name, value in self.headers:
            message[name] = value
        message.set_content(self.text)
        for name, media_type, content in self.attachments:
            main, _, sub = media_type.partition("/")
            message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return message.as_bytes()


def bounce(of_message_id: str, recipient: str, to: str) -> bytes:
    """A delivery status notification (RFC 3464) for a message of ours that could not be delivered."""
    return "\r\n".join(
        (
            f"From: Mail Delivery Subsystem <mailer-daemon@{recipient.rpartition('@')[2]}>",
            f"To: {to}",
            "Subject: Undelivered Mail Returned to Sender",
            f"Date: {format_datetime(datetime.now(UTC))}",
            f"Message-ID: <{uuid.uuid4()}@mx.example>",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            f"The mail to {recipient} could not be delivered.",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.example",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            "Action: failed",
            "Status: 5.1.1",
            "Diagnostic-Code: smtp; 550 5.1.1 no such user",
            "",
            "--b",
            "Content-Type: message/rfc822",
            "",
            f"Message-ID: {of_message_id}",
            f"To: {recipient}",
            "",
            "--b--",
            "",
        )
    ).encode()


BROKEN = (
    b"Authentication-Results: mx.desk.localhost; dmarc=pass header.from=oldsystem.example\r\n"
    b"From: =?utf-8?q?Broken_=E2=98=A0?= <monitor@oldsystem.example>\r\n"
    b"To: support@desk.localhost\r\n"
    b"Subject: =?klingon-8?B?####?= disk \xff\xfe full\r\n"
    b"Date: yesterday, around noon\r\n"
    b"Message-ID: <broken-one@oldsystem.example>\r\n"
    b'Content-Type: multipart/mixed; boundary="never closed\r\n'
    b"\r\n"
    b"--never closed\r\n"
    b"Content-Type: text/plain; charset=klingon-8\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
    b"\r\n"
    b"VGhlIGRpc2sgb2YgdGhlIG9sZCBzeXN0ZW0gaXMgZnVsbC4=\r\n"
    b"!!!! this is not base64 \x00\r\n"
)
"""A mail in which nearly everything is wrong, and which must become a ticket nevertheless."""
