"""Closing an entry of the ledger: its ticket says what became of the message, and that is taken down once."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from ingest_svc.domain.receipts import Outcome


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger holds about a message now; `outcome` is None while it is open."""

    id: UUID
    outcome: Outcome | None
    reason: str | None
    ticket_id: UUID | None
    ticket_number: int | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class TicketOutcome:
    """What became of a message, as its ticket says. `remark` is added to the entry's reason."""

    message_id: UUID
    outcome: Literal["opened", "appended"]
    ticket_id: UUID
    ticket_number: int
    remark: str | None = None


def close(entry: LedgerEntry, became: TicketOutcome) -> LedgerEntry:
    """The open entry with its outcome. Raises ValueError for one that has its outcome already: the first stands."""
    if entry.outcome is not None:
        raise ValueError(f"entry {entry.id} is closed")
    reason = ", ".join(filter(None, (entry.reason, became.remark))) or None
    return replace(entry, outcome=became.outcome, reason=reason, ticket_id=became.ticket_id, ticket_number=became.ticket_number)


def contradicts(entry: LedgerEntry, became: TicketOutcome) -> bool:
    """Whether a closed entry holds another outcome, or another ticket, than is said now."""
    return (entry.outcome, entry.ticket_id) != (became.outcome, became.ticket_id)
