"""A routing decision: its assignment, priority, classification and escalation are applied, each as an event of its own."""

from dataclasses import dataclass

from deskstream_contracts.events.routing import RoutingDecidedV1
from ticket_svc.domain import decisions
from ticket_svc.domain.refusals import NoSuchTicket
from ticket_svc.messaging.heard import decision, rule
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class ApplyDecision:
    event: RoutingDecidedV1

    def needs(self, unit: TicketUnit) -> None:
        unit.tickets.need(self.event.ticket_id)

    def handle(self, unit: TicketUnit) -> None:
        ticket = unit.tickets.get(self.event.ticket_id)
        if ticket is None:
            raise NoSuchTicket(str(self.event.ticket_id))
        changes = decisions.apply_decision(ticket, decision(self.event, unit.fields), unit.types, unit.now)
        unit.change(ticket, changes, rule(self.event))
