"""Something happened to a ticket: whose load it is part of, and what escalation rules will see, follow from its state."""

from deskstream_chassis.bus.consumer import Handler
from deskstream_contracts.events.tickets import TicketAssignedV1, TicketEvent
from routing_svc.domain.ticket import follow
from routing_svc.handlers.facts import seen
from routing_svc.persistence.unit import RoutingUnit


def _needs(unit: RoutingUnit, event: TicketEvent) -> None:
    unit.tickets.need(event.ticket.id)


def _handle(unit: RoutingUnit, event: TicketEvent) -> None:
    known = unit.tickets.get(event.ticket.id)
    unit.keep(follow(known, seen(event.ticket), assigned=isinstance(event, TicketAssignedV1)))


follow_ticket = Handler(_needs, _handle)
