"""A ticket is resolved, with the solution that was given: the customer is told, so that it is held like an answer."""

from dataclasses import dataclass

from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain.message import TicketChanged
from ticket_svc.domain.reference import TicketReference
from ticket_svc.handlers.saying import say
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

    def handle(self, unit: TicketUnit) -> TicketChanged:
        ticket = unit.existing(self.ticket, self.visibility, self.expected_version)
        return say(unit, ticket, unit.new_id(), self.by, self.solution, answers=False, resolves=True)
