"""An entry of the ledger, as far as it is known before anything has looked inside the message."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from deskstream_contracts.wire import Channel, ChannelKind

Door = Literal["smtp", "http_mail", "form", "api"]
State = Literal["received", "sorted", "closed"]
Outcome = Literal["opened", "appended", "suppressed", "quarantined"]
RawGone = Literal["age", "room"]
"""Why the raw message of an entry was let go: it was old, or too much was in quarantine."""
_HEAD_BYTES: Final = 64 * 1024
_MESSAGE_ID: Final = re.compile(rb"(?:\A|\n)message-id:[ \t\r\n]{0,8}(<[!-;=?-~]{1,900}>)", re.IGNORECASE)
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_KINDS: dict[Door, ChannelKind] = {"smtp": "email", "http_mail": "email", "form": "form", "api": "api"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One thing received at one of our addresses. Its id is the message's id everywhere.

    `raw_id` names the raw bytes, which the receipts of several recipients share. `recipient` is the address as the
    sender wrote it (with its +tag), `mailbox` the address of ours that it belongs to. `envelope_from` is None where the
    door has none, and empty for the null sender (RFC 5321 §4.5.5). `relay_trusted` says whether it was handed in by
    somebody whose Authentication-Results may be believed, `peer` whom its IP address is counted as (of IPv6 its
    /64); `lane` is where it waits, `behind` the message that it has waited for, and `rfc_message_id` what
    `seeming_message_id` found.
    """

    id: UUID
    raw_id: UUID
    door: Door
    channel: str
    mailbox: str | None
    recipient: str | None
    envelope_from: str | None
    media_type: str
    size: int
    sha256: str
    relay_trusted: bool
    received_at: datetime
    correlation_id: str
    traceparent: str
    idempotency: str | None = None
    peer: str | None = None
    lane: int = 0
    behind: UUID | None = None
    rfc_message_id: str | None = None

    def wire_channel(self) -> Channel:
        """The channel as the contract names it."""
        kind = _KINDS[self.door]
        return Channel(kind=kind, name=self.channel, address=self.mailbox)


def seeming_message_id(raw: bytes) -> str | None:
    """The Message-ID that a mail seems to have, found without reading it: an answer to it can wait for it then."""
    found = _MESSAGE_ID.search(_HEAD_END.split(raw[:_HEAD_BYTES], 1)[0])
    return found[1].decode("ascii") if found else None
