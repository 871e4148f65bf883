"""A ticket is resolved, with the solution that was given."""

from dataclasses import dataclass

from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.ticket import Ticket
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class ResolveTicket:
    ticket: TicketReference
    by: Actor
    visibility: Visibility
    solution: str
    expected_version: int | None = None

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)

    def handle(self, unit: TicketUnit) -> Ticket:
        ticket = unit.existing(self.ticket, self.visibility, self.expected_version)
        decisions.check_resolvable(ticket, unit.fields)
        return unit.change(ticket, decisions.resolve(ticket, self.solution, unit.now), self.by)
