"""A ticket as its clocks see it, and what is heard of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_contracts.wire import ACTIVE_STATUSES, Priority, TicketStatus

HeardKind = Literal["opened", "customer_replied", "answered", "other"]
"""What clocks need to know of an event beside the ticket's state after it. A solution that the customer is told is an answer."""
Mode = Literal["working", "waiting", "done"]
"""Who has the next move: we, the customer, or nobody."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """`first_responded_at` is when the customer first had an answer, be it the solution."""

    id: UUID
    version: int
    number: int
    status: TicketStatus
    waiting_for: str
    priority: Priority
    ticket_type: str | None
    tags: tuple[str, ...]
    sla_policy: str | None
    customer_id: UUID
    organization_id: UUID | None
    organization_name: str | None
    team_id: UUID | None
    team_name: str | None
    agent_id: UUID | None
    opened_at: datetime
    first_responded_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether anybody still waits for something."""
        return self.status in ACTIVE_STATUSES

    @property
    def mode(self) -> Mode:
        if not self.open:
            return "done"
        return "waiting" if self.waiting_for == "customer" else "working"

    def after(self, previous: "Ticket", answered_at: datetime | None) -> "Ticket":
        """This newer state, which does not forget that there was an answer: a solution is gone from it once it is reopened."""
        return replace(self, first_responded_at=previous.first_responded_at or self.first_responded_at or answered_at)


@dataclass(frozen=True, slots=True)
class Heard:
    """Something has happened to a ticket: `ticket` is its state after it, `at` is when it happened."""

    kind: HeardKind
    ticket: Ticket
    at: datetime
