"""Something happened to a ticket: its clocks start, pause, run on, end, or get other targets."""

from dataclasses import dataclass

from deskstream_contracts.events.tickets import TicketEvent
from sla_svc.domain.sla import hear
from sla_svc.messaging.heard import heard
from sla_svc.persistence.unit import SlaUnit


@dataclass(frozen=True, slots=True)
class FollowTicket:
    event: TicketEvent

    def needs(self, unit: SlaUnit) -> None:
        unit.slas.need(self.event.ticket.id)

    def handle(self, unit: SlaUnit) -> None:
        before, configurations = unit.slas.get(self.event.ticket.id), unit.configurations
        after, happened = hear(
            before, heard(self.event), unit.now, configurations.current, configurations.of, unit.cause.correlation_id
        )
        if after is not None:
            unit.keep(after, happened)
