"""Events of others as the domain has them: the translation on the way in."""

from datetime import datetime

from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketCustomerRepliedV1,
    TicketEvent,
    TicketOpenedV1,
    TicketResolvedV1,
    TicketState,
)
from sla_svc.domain.ticket import Heard, HeardKind, Ticket


def heard(event: TicketEvent) -> Heard:
    """A ticket event; which kind it is follows from its class."""
    return Heard(_kind(event), _ticket(event.ticket), event.at)


def _kind(event: TicketEvent) -> HeardKind:
    match event:
        case TicketOpenedV1():
            return "opened"
        case TicketCustomerRepliedV1():
            return "customer_replied"
        case TicketAgentRepliedV1():
            return "answered"
        case TicketResolvedV1() if event.solution.strip():
            return "answered"
        case _:
            return "other"


def _ticket(state: TicketState) -> Ticket:
    organization = state.requester.organization
    return Ticket(
        id=state.id,
        version=state.version,
        number=state.number,
        status=state.status,
        waiting_for=state.waiting_for,
        priority=state.priority,
        ticket_type=state.ticket_type,
        tags=tuple(state.tags),
        sla_policy=state.sla_policy,
        customer_id=state.requester.customer_id,
        organization_id=organization.id if organization else None,
        organization_name=organization.name if organization else None,
        team_id=state.assignee.team_id,
        team_name=state.assignee.team_name,
        agent_id=state.assignee.agent_id,
        opened_at=state.opened_at,
        first_responded_at=state.first_responded_at or _solved_at(state),
    )


def _solved_at(state: TicketState) -> datetime | None:
    """When the customer was told the solution; None where there was none to tell. It is mailed, so that it is an answer."""
    return state.resolved_at if state.solution and state.solution.strip() else None
