"""What was resolved, and nobody answered, is closed after some days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.ticket import Change, Ticket
from ticket_svc.persistence.unit import TicketUnit

DESK: Final = Actor(kind="system", id="ticket-svc")


@dataclass(frozen=True, slots=True)
class CloseUnanswered:
    """Of these tickets, those for which it is still so. One of which an answer is held has its next turn after that."""

    tickets: Sequence[UUID]
    days: int

    def needs(self, unit: TicketUnit) -> None:
        unit.tickets.need(*self.tickets)
        unit.held.need()

    def handle(self, unit: TicketUnit) -> int:
        def decide(ticket: Ticket) -> list[Change]:
            return [] if unit.held.of(ticket.id) else decisions.close_unanswered(ticket, self.days, unit.now)

        return unit.change_those(self.tickets, decide, DESK)
