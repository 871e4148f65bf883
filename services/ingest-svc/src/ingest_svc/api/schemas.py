"""What the API answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from ingest_svc.domain.receipts import Door, Outcome, RawGone, State


class Accepted(BaseModel):
    """`receipt`: the entry's id in the ledger, and the message's id everywhere."""

    receipt: UUID

    @staticmethod
    def of(receipts: Sequence[UUID]) -> "Accepted":
        """Of the receipts of one message; over HTTP it comes to one mailbox."""
        return Accepted(receipt=receipts[0])


class MessageTicket(BaseModel):
    """Which ticket a message belongs to. None where it belongs to none (yet)."""

    ticket_id: UUID | None


class LedgerEntry(BaseModel):
    """One thing received. `outcome` is None while it is open. `raw_gone`: why the message as it was received is gone; None while
    it is kept."""

    id: UUID
    door: Door
    channel: str
    mailbox: str | None
    recipient: str | None
    envelope_from: str | None
    media_type: str
    size: int
    sha256: str
    received_at: datetime
    correlation_id: str
    traceparent: str
    state: State
    outcome: Outcome | None
    reason: str | None
    detail: str | None
    rfc_message_id: str | None
    sender: str | None
    subject: str | None
    thread_root: UUID | None
    ticket_id: UUID | None
    ticket_number: int | None
    sorted_at: datetime | None
    closed_at: datetime | None
    raw_gone: RawGone | None


class LedgerPage(BaseModel):
    """Newest first; `next` is the cursor of the following page, None on the last."""

    items: list[LedgerEntry]
    next: str | None


class LedgerCount(BaseModel):
    """How many entries have this state, outcome and reason."""

    state: State
    outcome: Outcome | None
    reason: str | None
    entries: int


class OldestOpen(BaseModel):
    """The entry that waits the longest for its outcome."""

    id: UUID
    state: State
    received_at: datetime


class LedgerSummary(BaseModel):
    """received = closed + open: nothing is lost. `outcomes` and `states` add up `counts`."""

    received: int
    closed: int
    open: int
    states: dict[str, int]
    outcomes: dict[str, int]
    oldest_open: OldestOpen | None
    counts: list[LedgerCount]

    @staticmethod
    def of(counts: list[dict[str, Any]], oldest: Any) -> "LedgerSummary":
        """Of the counts by state, outcome and reason, and the row of the oldest open entry."""
        states: dict[str, int] = {}
        outcomes: dict[str, int] = {}
        for row in counts:
            states[row["state"]] = states.get(row["state"], 0) + row["entries"]
            if row["outcome"] is not None:
                outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + row["entries"]
        received, closed = sum(states.values()), states.get("closed", 0)
        return LedgerSummary(
            received=received,
            closed=closed,
            open=received - closed,
            states=states,
            outcomes=outcomes,
            oldest_open=None if oldest is None else OldestOpen.model_validate(oldest, from_attributes=True),
            counts=[LedgerCount.model_validate(row) for row in counts],
        )
