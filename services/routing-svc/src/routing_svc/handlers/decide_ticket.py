"""A ticket was opened: the rules decide on it, once, and the decision is published with its explanation."""

from dataclasses import dataclass, replace

from deskstream_contracts.events.tickets import TicketOpenedV1
from routing_svc.domain.ticket import follow
from routing_svc.handlers.deciding import decide_on, escalate_pending
from routing_svc.messaging.heard import heard_ticket
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class DecideTicket:
    event: TicketOpenedV1

    def needs(self, unit: RoutingUnit) -> None:
        unit.tickets.need(self.event.ticket.id)
        unit.staffing.need()

    def handle(self, unit: RoutingUnit) -> None:
        before = unit.tickets.get(self.event.ticket.id)
        if before is not None and before.decided:
            return
        ticket = follow(before, heard_ticket(self.event.ticket, self.event.text), assigned=False)
        decide_on(unit, replace(ticket, decided=True), "assignment")
        escalate_pending(unit, ticket.id)
