"""Something happened to a ticket: whose load it is part of, and what escalation rules will see, follow from its state."""

from dataclasses import dataclass

from deskstream_contracts.events.tickets import TicketAssignedV1, TicketEvent
from routing_svc.domain.ticket import follow
from routing_svc.messaging.heard import heard_ticket
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class FollowTicket:
    event: TicketEvent

    def needs(self, unit: RoutingUnit) -> None:
        unit.tickets.need(self.event.ticket.id)

    def handle(self, unit: RoutingUnit) -> None:
        before = unit.tickets.get(self.event.ticket.id)
        unit.keep(follow(before, heard_ticket(self.event.ticket), assigned=isinstance(self.event, TicketAssignedV1)))
