"""Accepting: raw bytes become receipts, and are committed before anybody is told that we have them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from deskstream_chassis.run.clock import Clock, new_id
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.receipts import Door, Receipt
from ingest_svc.domain.texts import one_line


class Ledger(Protocol):
    async def accept(self, entries: Sequence[Receipt], raw: bytes) -> list[UUID]: ...


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


class Acceptance:
    """One use case for all doors."""

    def __init__(self, ledger: Ledger, desk: Desk, clock: Clock, tracing: Tracing) -> None:
        self._ledger = ledger
        self._desk = desk
        self._clock = clock
        self._tracing = tracing

    async def accept(self, incoming: Incoming) -> list[UUID]:
        """Returns the ids of the receipts, which are committed. Raises Unavailable, or Invalid for a misused key."""
        # Here the trace begins that ends with the confirmation, or goes on that a caller over HTTP has begun.
        with self._tracing.span(f"receive by {incoming.door}", SpanKind.SERVER, incoming.traceparent) as traceparent:
            return await self._ledger.accept(self._receipts(incoming, traceparent), incoming.raw)

    def _receipts(self, incoming: Incoming, traceparent: str) -> list[Receipt]:
        now, raw_id = self._clock.now(), new_id()
        sha256 = hashlib.sha256(incoming.raw).hexdigest()
        receipts: list[Receipt] = []
        for recipient in incoming.recipients or (None,):
            id_ = raw_id if not receipts else new_id()
            mailbox = self._desk.mailbox_of(recipient) if recipient else None
            receipts.append(
                Receipt(
                    id=id_,
                    raw_id=raw_id,
                    door=incoming.door,
                    channel=incoming.form or mailbox or "",
                    mailbox=f"{mailbox}@{self._desk.domain}" if mailbox else None,
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
                )
            )
        return receipts
