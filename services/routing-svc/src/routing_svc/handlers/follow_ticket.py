"""Something happened to a ticket: whose load it is part of, and what escalation rules will see, follow from its state."""

from dataclasses import dataclass

from deskstream_contracts.events.tickets import TicketAssignedV1, TicketEvent, TicketPrioritisedV1
from routing_svc.domain.ticket import Prioritised, follow
from routing_svc.messaging.heard import heard_ticket
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class FollowTicket:
    event: TicketEvent

    def needs(self, unit: RoutingUnit) -> None:
        unit.tickets.need(self.event.ticket.id)

    def handle(self, unit: RoutingUnit) -> None:
        before = unit.tickets.get(self.event.ticket.id)
        event, assigned = self.event, isinstance(self.event, TicketAssignedV1)
        prioritised = Prioritised(event.decision_id) if isinstance(event, TicketPrioritisedV1) else None
        unit.keep(follow(before, heard_ticket(event.ticket), assigned=assigned, prioritised=prioritised))
