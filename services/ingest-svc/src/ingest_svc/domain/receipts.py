"""An entry of the ledger, as far as it is known before anything has looked inside the message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_contracts.wire import Channel, ChannelKind

Door = Literal["smtp", "http_mail", "form", "api"]
State = Literal["received", "sorted", "closed"]
Outcome = Literal["opened", "appended", "suppressed", "quarantined"]
_KINDS: dict[Door, ChannelKind] = {"smtp": "email", "http_mail": "email", "form": "form", "api": "api"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One thing received at one of our addresses. Its id is the message's id everywhere.

    `raw_id` names the raw bytes, which the receipts of several recipients share. `recipient` is the address as the
    sender wrote it (with its +tag), `mailbox` the address of ours that it belongs to. `envelope_from` is None where the
    door has none, and empty for the null sender (RFC 5321 §4.5.5). `relay_trusted` says whether it was handed in by
    somebody whose Authentication-Results may be believed, `peer` from which IP address; `lane` is where it waits.
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

    def wire_channel(self) -> Channel:
        """The channel as the contract names it."""
        kind = _KINDS[self.door]
        return Channel(kind=kind, name=self.channel, address=self.mailbox)
