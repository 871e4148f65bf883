"""A message is taken into the ledger, and committed before anybody is told that we have it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from deskstream_chassis.run.clock import Clock, new_id
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.lanes import lane_of
from ingest_svc.domain.receipts import Door, Receipt, seeming_message_id
from ingest_svc.domain.texts import one_line


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as a door was given it; `recipients` are addresses of ours, one a mailbox."""

    door: Door
    raw: bytes
    media_type: str
    recipients: Sequence[str]
    envelope_from: str | None = None
    relay_trusted: bool = False
    form: str | None = None
    idempotency: str | None = None
    traceparent: str | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """The use case of all doors, and the one that has no unit of work.

    A unit of work is a transaction, and a transaction for each mail would cost more than all else that is done for it. So this
    makes receipts only, and `Acceptance` hands them to the group commit (`persistence.intake`), which writes those of all doors
    together, in one statement. There is nothing to load, as entries are only added; and no event to record: the sorter does that.
    """

    incoming: Incoming

    def receipts(self, desk: Desk, new_id: Callable[[], UUID], now: datetime, traceparent: str) -> list[Receipt]:
        """One receipt a recipient, or one without; they share the raw bytes. The first one's id names these, too."""
        incoming, raw_id = self.incoming, new_id()
        sha256 = hashlib.sha256(incoming.raw).hexdigest()
        message_id = seeming_message_id(incoming.raw) if incoming.door in ("smtp", "http_mail") else None
        receipts: list[Receipt] = []
        for recipient in incoming.recipients or (None,):
            id_ = new_id() if receipts else raw_id
            mailbox = desk.mailbox_of(recipient) if recipient else None
            receipts.append(
                Receipt(
                    id=id_,
                    raw_id=raw_id,
                    door=incoming.door,
                    channel=incoming.form or mailbox or "",
                    mailbox=f"{mailbox}@{desk.domain}" if mailbox else None,
                    recipient=one_line(recipient, 400) if recipient else None,
                    envelope_from=None if incoming.envelope_from is None else one_line(incoming.envelope_from, 400),
                    media_type=one_line(incoming.media_type, 200),
                    size=len(incoming.raw),
                    sha256=sha256,
                    relay_trusted=incoming.relay_trusted,
                    received_at=now,
                    correlation_id=str(id_),
                    traceparent=traceparent,
                    idempotency=incoming.idempotency,
                    peer=incoming.peer,
                    lane=lane_of(len(incoming.raw)),
                    rfc_message_id=message_id,
                )
            )
        return receipts


class Ledger(Protocol):
    """Where receipts are committed (`persistence.intake`)."""

    async def accept(self, entries: Sequence[Receipt], raw: bytes) -> list[UUID]:
        """The ids of the receipts, in order, once they are committed. Raises Unavailable, or Invalid for a misused key."""
        ...


class Acceptance:
    """Accepts what any door was given."""

    def __init__(self, ledger: Ledger, desk: Desk, clock: Clock, tracing: Tracing) -> None:
        self._ledger = ledger
        self._desk = desk
        self._clock = clock
        self._tracing = tracing

    async def accept(self, incoming: Incoming) -> list[UUID]:
        """Returns the ids of the receipts, which are committed. Raises Unavailable, or Invalid for a misused key."""
        # Here the trace begins that ends with the confirmation, or goes on that a caller over HTTP has begun.
        with self._tracing.span(f"receive by {incoming.door}", SpanKind.SERVER, incoming.traceparent) as traceparent:
            receipts = Accept(incoming).receipts(self._desk, new_id, self._clock.now(), traceparent)
            return await self._ledger.accept(receipts, incoming.raw)
