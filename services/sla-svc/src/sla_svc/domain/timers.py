"""When something is to happen to a clock by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sla_svc.domain.policy import ClockKind
from sla_svc.domain.ticket_sla import TicketSla

TimerKind = Literal["warn", "breach"]
Timers = dict[tuple[ClockKind, TimerKind], datetime]
"""Each timer of a ticket, and when it is due."""


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose time has come."""

    ticket_id: UUID
    clock: ClockKind
    kind: TimerKind


def timers_of(sla: TicketSla) -> Timers:
    """Clocks that run warn once, and are breached."""
    timers: Timers = {}
    for clock in sla.clocks:
        if clock.status == "running" and clock.due_at is not None:
            timers[clock.kind, "breach"] = clock.due_at
            if clock.warned_at is None and clock.warn_at is not None and clock.warn_at < clock.due_at:
                timers[clock.kind, "warn"] = clock.warn_at
    return timers
