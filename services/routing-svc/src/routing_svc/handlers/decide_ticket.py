"""A ticket was opened: the rules decide on it, once, and the decision is told with its explanation."""

from dataclasses import replace
from uuid import UUID

from deskstream_chassis.bus.consumer import Handler
from deskstream_contracts.events.tickets import TicketOpenedV1
from routing_svc.domain.decide import Decision, decide
from routing_svc.domain.rules import Kind
from routing_svc.domain.ticket import Escalation, RoutedTicket, follow, reserve
from routing_svc.handlers.facts import seen
from routing_svc.persistence.unit import RoutingUnit


def _needs(unit: RoutingUnit, event: TicketOpenedV1) -> None:
    unit.tickets.need(event.ticket.id)
    unit.staffing.need()


def _handle(unit: RoutingUnit, event: TicketOpenedV1) -> None:
    known = unit.tickets.get(event.ticket.id)
    if known is not None and known.decided:
        return
    ticket = replace(follow(known, seen(event.ticket, event.text), assigned=False), decided=True)
    decide_on(unit, ticket, "assignment")
    escalate_pending(unit, event.ticket.id)


def decide_on(unit: RoutingUnit, ticket: RoutedTicket, kind: Kind, escalation: Escalation | None = None) -> None:
    """Decides, keeps the ticket and the decision; tells it, unless it is an escalation that no rule cares for."""
    staffing = unit.staffing
    subject = ticket.subject(escalation)
    decision = decide(unit.new_id(), kind, subject, staffing.configuration, staffing.roster, unit.expressions, unit.now)
    _give(unit, ticket, decision)
    unit.keep_decision(decision, subject.facts, tell=kind == "assignment" or decision.matched)


def _give(unit: RoutingUnit, ticket: RoutedTicket, decision: Decision) -> None:
    assign = decision.assign
    if assign is None:
        unit.keep(ticket)
        return
    team_id = assign.team.id if assign.team else None
    agent_id = assign.agent.id if assign.agent else None
    if assign.in_turn and team_id is not None and agent_id is not None:
        unit.staffing.roster.given(team_id, agent_id)
    unit.keep(reserve(ticket, team_id, agent_id))


def escalate_pending(unit: RoutingUnit, ticket_id: UUID) -> None:
    """Clocks that told of this ticket before it was known here have their say now."""
    ticket = unit.tickets.get(ticket_id)
    if ticket is None or not ticket.pending:
        return
    pending = ticket.pending
    unit.keep(replace(ticket, pending=()))
    for escalation in pending:
        current = unit.tickets.get(ticket_id)
        assert current is not None
        decide_on(unit, current, "escalation", escalation)


decide_ticket = Handler(_needs, _handle)
