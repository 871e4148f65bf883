"""A message whose sender is known: it opens a ticket, or is appended to the one its thread names."""

from collections.abc import Sequence

from deskstream_chassis.bus.consumer import Handler
from deskstream_contracts.events.customers import Requester as WireRequester
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from ticket_svc.domain import decisions
from ticket_svc.domain.ticket import Actor, Channel, Organization, Priority, Requester, Status, Ticket, TicketOpened
from ticket_svc.persistence.unit import TicketUnit


def _needs(unit: TicketUnit, event: RequesterIdentifiedV1) -> None:
    unit.tickets.need_by("thread_root", event.thread.root)
    unit.numbers.need(event.thread.root)


def take_message(types: Sequence[str]) -> Handler[TicketUnit, RequesterIdentifiedV1]:
    def handle(unit: TicketUnit, event: RequesterIdentifiedV1) -> None:
        by = Actor("customer", str(event.requester.customer_id), event.requester.name or event.requester.email)
        ticket = unit.tickets.find("thread_root", event.thread.root)
        if ticket is None:
            ticket = _new_ticket(unit, event, types)
            unit.open(TicketOpened(ticket, event.message.text, event.message.rfc_message_id), by)
        else:
            changes = decisions.customer_replies(ticket, event.message.id, event.message.rfc_message_id, unit.now)
            unit.change(ticket, changes, by)
        unit.messages.add(
            id=event.message.id,
            ticket_id=ticket.id,
            kind="customer",
            at=event.message.received_at,
            content=event.message.model_dump_json(exclude_none=True),
        )

    return Handler(_needs, handle)


def _new_ticket(unit: TicketUnit, event: RequesterIdentifiedV1, types: Sequence[str]) -> Ticket:
    message, requested = event.message, event.requested
    return Ticket(
        id=unit.new_id(),
        version=1,
        number=unit.numbers.take(),
        thread_root=event.thread.root,
        subject=message.subject.strip() or "(no subject)",
        status=Status.OPEN,
        waiting_for="agent",
        priority=Priority(requested.priority or "medium"),
        channel=Channel(message.channel.kind, message.channel.name, message.channel.address),
        requester=_requester(event.requester),
        participants=(event.requester.email,),
        ticket_type=decisions.known_type(requested.ticket_type, types) if requested.ticket_type else None,
        tags=tuple(dict.fromkeys(requested.tags)),
        custom_fields=dict(requested.custom_fields),
        opened_by_message=message.id,
        possible_follow_up_of=event.thread.follows,
        references=(message.rfc_message_id,) if message.rfc_message_id else (),
        # The customer's wait began when the message came, however long it took to get here.
        opened_at=message.received_at,
        updated_at=unit.now,
    )


def _requester(who: WireRequester) -> Requester:
    organization = who.organization
    return Requester(
        customer_id=who.customer_id,
        customer_version=who.customer_version,
        email=who.email,
        name=who.name,
        language=who.language,
        tags=tuple(who.tags),
        custom_fields=who.custom_fields,
        organization=Organization(organization.id, organization.name, organization.custom_fields) if organization else None,
    )
