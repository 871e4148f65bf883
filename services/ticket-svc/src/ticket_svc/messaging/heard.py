"""Events of others as the domain has them: the translation on the way in."""

from typing import Final

from deskstream_chassis.fields import read
from deskstream_contracts.events.customers import CustomerEvent, RequesterIdentifiedV1
from deskstream_contracts.events.customers import Requester as WireRequester
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.settings import TicketFieldDefinitions
from deskstream_contracts.wire import MAX_NAME_CHARACTERS, Actor
from ticket_svc.domain.decisions import Request, RuleDecision
from ticket_svc.domain.requester import ChangedRequester
from ticket_svc.domain.ticket import Assignee, Channel, Deadline, Organization, Priority, Requester


def request(event: RequesterIdentifiedV1, fields: TicketFieldDefinitions) -> Request:
    """A message as the request that it may be; of custom fields what is a value of theirs is read as that."""
    message, requested, channel = event.message, event.requested, event.message.channel
    return Request(
        message_id=message.id,
        rfc_message_id=message.rfc_message_id,
        thread_root=event.thread.root,
        follows=event.thread.follows,
        subject=message.subject,
        text=message.reply_text or message.text,
        channel=Channel(channel.kind, channel.name, channel.address),
        requester=_requester(event.requester),
        sender_proven=message.sender_proven,
        priority=Priority(requested.priority) if requested.priority else None,
        ticket_type=requested.ticket_type,
        tags=requested.tags,
        custom_fields=read(fields, requested.custom_fields),
        received_at=message.received_at,
        automatic=message.automatic,
    )


def customer(who: WireRequester) -> Actor:
    """The requester as who did it. An address may be longer than a name."""
    return Actor(kind="customer", id=str(who.customer_id), name=_name(who.name or who.email))


def rule(event: RoutingDecidedV1) -> Actor:
    """The rules as who did it, by the reason they give: it may be longer than a name, and have lines."""
    return Actor(kind="rule", id=str(event.decision_id), name=_name(event.reason))


def _name(text: str) -> str:
    return " ".join(text.split())[:MAX_NAME_CHARACTERS]


def _requester(who: WireRequester) -> Requester:
    group = who.organization
    return Requester(
        customer_id=who.customer_id,
        customer_version=who.customer_version,
        email=who.email,
        name=who.name,
        language=who.language,
        tags=tuple(who.tags),
        custom_fields=who.custom_fields,
        organization=Organization(group.id, group.name, group.custom_fields) if group else None,
    )


_DESK: Final = Actor(kind="system", id="customer-svc")


def changed_requester(event: CustomerEvent) -> ChangedRequester:
    """A customer as their open tickets are to have them. Of several organizations the first is a ticket's."""
    state = event.customer
    name = " ".join(part for part in (state.first_name, state.last_name) if part)
    requester = Requester(
        customer_id=state.id,
        customer_version=state.version,
        email=state.email,
        name=name[:MAX_NAME_CHARACTERS] or None,
        language=state.language,
        tags=tuple(state.tags),
        custom_fields=state.custom_fields,
    )
    return ChangedRequester(requester, state.organization_ids[0] if state.organization_ids else None, event.by or _DESK)


def decision(event: RoutingDecidedV1, fields: TicketFieldDefinitions) -> RuleDecision:
    """What the rules have decided; custom fields as of a request."""
    to, about = event.assign, event.deadline
    return RuleDecision(
        id=event.decision_id,
        first=event.kind == "assignment",
        reason=event.reason,
        ticket_type=event.ticket_type,
        add_tags=event.add_tags,
        custom_fields=read(fields, event.custom_fields),
        sla_policy=event.sla_policy,
        priority=Priority(event.priority) if event.priority else None,
        assignee=Assignee(to.team_id, to.team_name, to.agent_id, to.agent_name) if to else None,
        escalate=event.escalate,
        notify=[(person.email, person.name) for person in event.notify],
        deadline=Deadline(about.clock, about.event, about.policy, about.due_at, about.late_seconds) if about else None,
    )
