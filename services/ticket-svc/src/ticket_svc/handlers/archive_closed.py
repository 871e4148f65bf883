"""What was closed some days ago leaves the lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ticket_svc.domain import decisions
from ticket_svc.handlers.close_unanswered import DESK
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class ArchiveClosed:
    """Of these tickets, those for which it is still so."""

    tickets: Sequence[UUID]
    days: int

    def needs(self, unit: TicketUnit) -> None:
        unit.tickets.need(*self.tickets)

    def handle(self, unit: TicketUnit) -> int:
        return unit.change_those(self.tickets, lambda ticket: decisions.archive(ticket, self.days, unit.now), DESK)
