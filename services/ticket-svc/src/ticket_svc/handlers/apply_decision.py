"""A routing decision: its assignment, priority, classification and escalation are applied, each as an event of its own."""

from collections.abc import Sequence

from deskstream_chassis.bus.consumer import Handler
from deskstream_contracts.events.routing import RoutingDecidedV1
from ticket_svc.domain import decisions
from ticket_svc.domain.decisions import Classification
from ticket_svc.domain.refusals import NoSuchTicket
from ticket_svc.domain.ticket import Actor, Assignee, Change, Priority, Status, Ticket
from ticket_svc.persistence.unit import TicketUnit


def _needs(unit: TicketUnit, event: RoutingDecidedV1) -> None:
    unit.tickets.need(event.ticket_id)


def apply_decision(types: Sequence[str]) -> Handler[TicketUnit, RoutingDecidedV1]:
    def handle(unit: TicketUnit, event: RoutingDecidedV1) -> None:
        ticket = unit.tickets.get(event.ticket_id)
        if ticket is None:
            raise NoSuchTicket(str(event.ticket_id))
        if ticket.status is Status.CLOSED:
            return
        unit.change(ticket, _changes(unit, ticket, event, types), Actor("rule", str(event.decision_id), event.reason))

    return Handler(_needs, handle)


def _changes(unit: TicketUnit, ticket: Ticket, event: RoutingDecidedV1, types: Sequence[str]) -> list[Change]:
    now, id_ = unit.now, event.decision_id
    known = decisions.known_type(event.ticket_type, types) if event.ticket_type else None
    wanted = Classification(
        ticket_type=known,
        tags=[*ticket.tags, *event.add_tags] if event.add_tags else None,
        custom_fields=event.custom_fields or None,
        sla_policy=event.sla_policy,
    )
    changes = decisions.classify(ticket, wanted, types, now, id_)
    if event.priority is not None:
        changes += decisions.prioritise(ticket, Priority(event.priority), now, id_)
    # A person may have taken the ticket while the rules were at work; a first assignment does not take it away again.
    taken = event.kind == "assignment" and ticket.assignee.agent_id is not None
    if event.assign is not None and not taken:
        a = event.assign
        changes += decisions.assign(ticket, Assignee(a.team_id, a.team_name, a.agent_id, a.agent_name), now, id_)
    if event.escalate or event.notify:
        changes += decisions.escalate(ticket, event.reason, [(n.email, n.name) for n in event.notify], now, id_)
    return changes
