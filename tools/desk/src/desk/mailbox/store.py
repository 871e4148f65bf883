"""What the mailbox has caught: an append-only file, and an index of it in memory.

A record is one line of JSON (sequence, time, envelope, length, message-id) and then the raw bytes and a line feed. Headers
are parsed only when somebody asks for them: catching a mail costs one write.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path

_MESSAGE_ID = re.compile(rb"^message-id:\s*(?:\r?\n\s+)?(\S+)", re.IGNORECASE | re.MULTILINE)
_PREVIEW = 500


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail: where it lies in the file, and what its envelope said. `received_at` is epoch seconds."""

    seq: int
    received_at: float
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    offset: int
    length: int


class MailStore:
    """All mails that were caught, in order. Sequence numbers begin at 1 and are never used twice."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._mails: list[Caught] = []
        self._ids: Counter[str] = Counter()
        self._first = 1
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._end = 0
        self._rebuild()

    @property
    def next_seq(self) -> int:
        """The number that the next mail gets."""
        return self._first + len(self._mails)

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> Caught:
        """Write a mail and remember it; after this it survives the end of this process (not of the machine)."""
        mail_id = _message_id(raw)
        note = {
            "seq": self.next_seq,
            "at": time.time(),
            "from": sender,
            "to": recipients,
            "id": mail_id,
            "len": len(raw),
        }
        line = json.dumps(note).encode() + b"\n"
        record = line + raw + b"\n"
        written = os.write(self._descriptor, record)
        if written != len(record):
            os.ftruncate(self._descriptor, self._end)
            raise OSError("the disk is full")
        mail = self._remember(note, self._end + len(line))
        self._end += len(record)
        return mail

    def _remember(self, note: dict[str, object], offset: int) -> Caught:
        recipients, at, length = note["to"], note["at"], note["len"]
        assert isinstance(recipients, list) and isinstance(at, float) and isinstance(length, int)
        mail = Caught(self.next_seq, at, str(note["from"]), tuple(recipients), str(note["id"]), offset, length)
        self._mails.append(mail)
        self._ids[mail.message_id] += 1
        return mail

    def _rebuild(self) -> None:
        with self._path.open("rb") as file:
            while line := file.readline():
                try:
                    note = json.loads(line)
                    start = file.tell()
                    file.seek(start + note["len"])
                    whole = file.read(1) == b"\n"
                except (ValueError, KeyError, TypeError):
                    whole = False
                if not whole:
                    break
                if "first" in note:
                    self._first = note["first"]
                else:
                    self._remember(note, start)
                self._end = file.tell()
        os.ftruncate(self._descriptor, self._end)  # half a record: this process died while it wrote

    def since(self, seq: int, limit: int) -> list[Caught]:
        """The mails after a sequence number, oldest first."""
        begin = max(0, seq + 1 - self._first)
        return self._mails[begin : begin + limit]

    def get(self, seq: int) -> Caught | None:
        """One mail, if it is there."""
        index = seq - self._first
        return self._mails[index] if 0 <= index < len(self._mails) else None

    def raw(self, mail: Caught) -> bytes:
        """Its bytes as they came."""
        return os.pread(self._descriptor, mail.length, mail.offset)

    def clear(self) -> int:
        """Forget all; returns how many there were. Numbers go on."""
        count, self._first = len(self._mails), self.next_seq
        os.ftruncate(self._descriptor, 0)
        line = json.dumps({"first": self._first, "len": 0}).encode() + b"\n\n"
        os.write(self._descriptor, line)
        self._end = len(line)
        self._mails, self._ids = [], Counter()
        return count

    def stats(self) -> dict[str, int]:
        """How many mails, how many Message-IDs, and how many mails had one that was there already."""
        count, distinct = len(self._mails), len(self._ids)
        return {
            "count": count,
            "distinct_message_ids": distinct,
            "duplicates": count - distinct,
            "last_seq": self.next_seq - 1,
        }

    def duplicates(self) -> dict[str, int]:
        """The Message-IDs that came more than once, with how often."""
        return {message_id: times for message_id, times in self._ids.items() if times > 1}


def _message_id(raw: bytes) -> str:
    head = raw[: raw.find(b"\r\n\r\n") + 2] if b"\r\n\r\n" in raw else raw
    found = _MESSAGE_ID.search(head)
    return found[1].decode("ascii", "replace") if found else ""


def describe(mail: Caught, raw: bytes, *, whole: bool = False) -> dict[str, object]:
    """A mail for a reader: envelope, the headers one asks for, and a preview of the text (or, `whole`, all of it)."""
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    text = _text(message)
    row: dict[str, object] = {
        "seq": mail.seq,
        "received_at": mail.received_at,
        "received_at_iso": datetime.fromtimestamp(mail.received_at, UTC).isoformat(timespec="milliseconds"),
        "envelope_from": mail.sender,
        "envelope_to": list(mail.recipients),
        "message_id": mail.message_id,
        "text": text if whole else text[:_PREVIEW],
        "size": mail.length,
    }
    for name in ("subject", "from", "to", "cc", "reply-to", "date", "in-reply-to", "references", "auto-submitted"):
        row[name.replace("-", "_")] = _header(message, name)
    if whole:
        heads = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
        row["headers"] = [[name, str(value)] for name, value in heads.items()]
    return row


def _header(message: EmailMessage, name: str) -> str | None:
    # The email package raises on some broken headers; a mailbox shows what it can.
    try:
        value = message[name]
        return None if value is None else str(value)
    except Exception:
        return None


def _text(message: EmailMessage) -> str:
    try:
        body = message.get_body(("plain", "html"))
        return "" if body is None else str(body.get_content())
    except Exception:
        return ""
