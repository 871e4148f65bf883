"""A ticket of the contract as routing sees it."""

from typing import Any

from deskstream_contracts.events.tickets import TicketState
from routing_svc.domain.ticket import Seen


def seen(ticket: TicketState, text: str | None = None) -> Seen:
    """`text` is that of the first message, where the event has it."""
    requester, organization = ticket.requester, ticket.requester.organization
    about: dict[str, Any] = {
        "priority": ticket.priority,
        "type": ticket.ticket_type or "",
        "subject": _clean(ticket.subject),
        "tags": ticket.tags,
        "channel": ticket.channel.kind,
        "mailbox": ticket.channel.name,
        "language": requester.language,
        "status": ticket.status,
        "custom_fields": {_clean(name): _clean(value) for name, value in ticket.custom_fields.items()},
    }
    if text is not None:
        about["text"] = _clean(text)
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
    is_open = ticket.status in ("open", "in_progress")
    assignee = ticket.assignee
    return Seen(ticket.id, ticket.version, ticket.number, is_open, ticket.priority, assignee.team_id, assignee.agent_id, facts)


def _clean(text: str) -> str:
    # PostgreSQL's jsonb has no NUL; what strangers send may.
    return text.replace("\0", "\ufffd") if "\0" in text else text
