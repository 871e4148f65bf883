"""Events of others as the domain has them: the translation on the way in."""

from typing import Any

from deskstream_contracts.events.slas import SlaBreachedV1, SlaWarnedV1
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.wire import ACTIVE_STATUSES
from routing_svc.domain.ticket import Escalation, HeardTicket


def heard_ticket(ticket: TicketState, text: str | None = None) -> HeardTicket:
    """A ticket as an event shows it. `text` is that of the first message, where the event has it."""
    requester, organization, assignee = ticket.requester, ticket.requester.organization, ticket.assignee
    about: dict[str, Any] = {
        "priority": ticket.priority,
        "type": ticket.ticket_type or "",
        "subject": ticket.subject,
        "tags": ticket.tags,
        "channel": ticket.channel.kind,
        "mailbox": ticket.channel.name,
        "language": requester.language,
        "status": ticket.status,
        "custom_fields": dict(ticket.custom_fields),
    }
    if text is not None:
        about["text"] = text
    facts = {
        "ticket": about,
        "requester": {
            "email": requester.email,
            "domain": requester.email.rpartition("@")[2],
            "language": requester.language,
            "tags": requester.tags,
            "custom_fields": requester.custom_fields,
        },
        "organization": {
            "name": organization.name if organization else "",
            "custom_fields": organization.custom_fields if organization else {},
        },
    }
    return HeardTicket(
        id=ticket.id,
        version=ticket.version,
        number=ticket.number,
        open=ticket.status in ACTIVE_STATUSES,
        priority=ticket.priority,
        customer_id=requester.customer_id,
        organization_id=organization.id if organization else None,
        team_id=assignee.team_id,
        agent_id=assignee.agent_id,
        facts=facts,
    )


def escalation(event: SlaWarnedV1 | SlaBreachedV1) -> Escalation:
    """What a clock's event says. Its run is known by when the clock was started."""
    return Escalation(
        clock=event.clock,
        event="warned" if isinstance(event, SlaWarnedV1) else "breached",
        policy=event.sla.policy,
        late_seconds=int(event.late_seconds),
        run=next((c.started_at for c in event.sla.clocks if c.kind == event.clock), event.at),
        due_at=event.due_at,
    )
