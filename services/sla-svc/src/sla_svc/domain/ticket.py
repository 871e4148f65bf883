"""A ticket as its clocks see it, and what is heard of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Priority = Literal["low", "medium", "high", "critical"]
HeardKind = Literal["opened", "customer_replied", "agent_replied", "other"]
"""What clocks need to know of an event beside the ticket's state after it."""


@dataclass(frozen=True, slots=True)
class Ticket:
    id: UUID
    version: int
    number: int
    status: Literal["open", "in_progress", "resolved", "closed"]
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
        return self.status in ("open", "in_progress")


@dataclass(frozen=True, slots=True)
class Heard:
    """Something has happened to a ticket: `ticket` is its state after it, `at` is when it happened."""

    kind: HeardKind
    ticket: Ticket
    at: datetime
