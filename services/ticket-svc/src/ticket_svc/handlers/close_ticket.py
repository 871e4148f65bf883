"""A ticket is closed. What is held of it goes out before."""

from dataclasses import dataclass

from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.message import TicketChanged
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.undoing import Closed
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class CloseTicket:
    ticket: TicketReference
    by: Actor
    visibility: Visibility
    reason: str
    expected_version: int | None = None

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)
        unit.held.need()

    def handle(self, unit: TicketUnit) -> TicketChanged:
        ticket = unit.send_held(unit.existing(self.ticket, self.visibility, self.expected_version))
        changes = decisions.close(ticket, self.reason, unit.now)
        if not changes:
            return TicketChanged(ticket)
        after = unit.change(ticket, changes, self.by)
        return TicketChanged(after, undo=unit.offer_undo(after, Closed(unit.recorded[-1], ticket.status, unit.now), self.by))
