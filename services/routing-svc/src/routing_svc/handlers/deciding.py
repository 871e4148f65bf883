"""What use cases share that decide on a ticket."""

from dataclasses import replace
from uuid import UUID

from routing_svc.domain.decide import Decision, decide
from routing_svc.domain.rules import Kind
from routing_svc.domain.ticket import Escalation, RoutedTicket, prioritise, reserve
from routing_svc.persistence.unit import RoutingUnit


def decide_on(unit: RoutingUnit, ticket: RoutedTicket, kind: Kind, escalation: Escalation | None = None) -> None:
    """Decides, keeps the ticket and the decision; publishes it, unless it is an escalation that no rule cares for."""
    staffing, case = unit.staffing, ticket.case(escalation)
    decision = decide(unit.new_id(), kind, case, staffing.configuration, staffing.roster, staffing.expressions, unit.now)
    decision = replace(decision, deadline=escalation.deadline if escalation else None)
    _give(unit, prioritise(ticket, decision.priority, decision.id), decision)
    unit.keep_decision(decision, case.facts, publish=kind == "assignment" or decision.matched)


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
    """Clocks that warned or were breached before the ticket was known here have their say now."""
    ticket = unit.tickets.get(ticket_id)
    if ticket is None or not ticket.pending:
        return
    pending = ticket.pending
    unit.keep(replace(ticket, pending=()))
    for escalation in pending:
        current = unit.tickets.get(ticket_id)
        assert current is not None
        decide_on(unit, current, "escalation", escalation)
