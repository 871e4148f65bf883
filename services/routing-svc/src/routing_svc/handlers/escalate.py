"""A clock warns or is breached: the escalation rules decide, once for each run of a clock and each of the two."""

from dataclasses import replace

from deskstream_chassis.bus.consumer import Handler
from deskstream_contracts.events.slas import SlaBreachedV1, SlaWarnedV1
from routing_svc.domain.ticket import Escalation, RoutedTicket
from routing_svc.handlers.decide_ticket import decide_on
from routing_svc.persistence.unit import RoutingUnit


def _needs(unit: RoutingUnit, event: SlaWarnedV1 | SlaBreachedV1) -> None:
    unit.tickets.need(event.sla.ticket_id)
    unit.staffing.need()


def _handle(unit: RoutingUnit, event: SlaWarnedV1 | SlaBreachedV1) -> None:
    escalation = Escalation(
        clock=event.clock,
        event="warned" if isinstance(event, SlaWarnedV1) else "breached",
        policy=event.sla.policy,
        late_seconds=int(event.late_seconds),
        run=next((c.started_at for c in event.sla.clocks if c.kind == event.clock), event.at),
    )
    known = unit.tickets.get(event.sla.ticket_id) or RoutedTicket(event.sla.ticket_id)
    if escalation.key in known.escalated:
        return
    ticket = replace(known, escalated=(*known.escalated, escalation.key))
    if ticket.version == 0:
        # Topics overtake each other: the ticket itself is still under way.
        unit.keep(replace(ticket, pending=(*ticket.pending, escalation)))
        return
    if ticket.open:
        decide_on(unit, ticket, "escalation", escalation)
    else:
        unit.keep(ticket)


escalate = Handler(_needs, _handle)
