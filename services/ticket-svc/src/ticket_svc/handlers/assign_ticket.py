"""Somebody of the staff says who is to have a ticket."""

from dataclasses import dataclass

from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.message import TicketChanged
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.ticket import Assignee
from ticket_svc.domain.undoing import Assigned
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class AssignTicket:
    ticket: TicketReference
    by: Actor
    visibility: Visibility
    assignee: Assignee
    expected_version: int | None = None

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)

    def handle(self, unit: TicketUnit) -> TicketChanged:
        ticket = unit.existing(self.ticket, self.visibility, self.expected_version)
        changes = decisions.assign(ticket, self.assignee, unit.now)
        if not changes:
            return TicketChanged(ticket)
        after = unit.change(ticket, changes, self.by)
        act = Assigned(unit.recorded[-1], ticket.assignee, after.assignee)
        return TicketChanged(after, undo=unit.offer_undo(after, act, self.by))
