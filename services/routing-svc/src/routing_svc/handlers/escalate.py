"""A clock warns or is breached: the escalation rules decide, once for each run of a clock and each of the two."""

from dataclasses import dataclass

from deskstream_contracts.events.slas import SlaBreachedV1, SlaWarnedV1
from routing_svc.domain.ticket import RoutedTicket, escalate
from routing_svc.handlers.deciding import decide_on
from routing_svc.messaging.heard import escalation
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class Escalate:
    event: SlaWarnedV1 | SlaBreachedV1

    def needs(self, unit: RoutingUnit) -> None:
        unit.tickets.need(self.event.sla.ticket_id)
        unit.staffing.need()

    def handle(self, unit: RoutingUnit) -> None:
        heard = escalation(self.event)
        before = unit.tickets.get(self.event.sla.ticket_id) or RoutedTicket(self.event.sla.ticket_id)
        ticket = escalate(before, heard)
        if ticket is before:
            return
        if ticket.open:
            decide_on(unit, ticket, "escalation", heard)
        else:
            unit.keep(ticket)
