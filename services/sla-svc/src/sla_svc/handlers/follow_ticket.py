"""Something happened to a ticket: its clocks start, pause, run on, end, or get other targets."""

from dataclasses import replace

from deskstream_chassis.bus.consumer import Handler
from deskstream_contracts.events.tickets import TicketEvent, TicketState
from sla_svc.domain.sla import Heard, begin, follow
from sla_svc.domain.ticket import Ticket
from sla_svc.persistence.unit import SlaUnit


def follow_ticket(heard: Heard) -> Handler[SlaUnit, TicketEvent]:
    def handle(unit: SlaUnit, event: TicketEvent) -> None:
        ticket, configurations = seen(event.ticket), unit.configurations
        sla = unit.slas.get(ticket.id)
        if sla is None:
            told = begin(ticket, configurations.current, unit.cause.correlation_id)
            if not told:
                return
            sla = told[-1][1]
            if heard != "opened":
                # Its opening was not heard (a late start): what has happened to it since is in its state.
                opened = replace(sla, ticket=replace(ticket, version=0, status="open", waiting_for="agent"))
                sla, more = follow(opened, ticket, heard, event.at, unit.now, configurations.current, configurations.of)
                told += more
        else:
            sla, told = follow(sla, ticket, heard, event.at, unit.now, configurations.current, configurations.of)
        unit.keep(sla, told)

    return Handler(_needs, handle)


def _needs(unit: SlaUnit, event: TicketEvent) -> None:
    unit.slas.need(event.ticket.id)


def seen(state: TicketState) -> Ticket:
    """A ticket of the contract as its clocks see it."""
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
        first_responded_at=state.first_responded_at,
    )
