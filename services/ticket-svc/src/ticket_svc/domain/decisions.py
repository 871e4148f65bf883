"""What may be done with a ticket: each decision is pure and returns events.

A repeated decision is a no-op, an illegal one is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from deskstream_chassis.fields import check_required
from deskstream_contracts.events.settings import TicketFieldDefinitions, TicketTypes
from deskstream_contracts.wire import MAX_FIELD_CHARACTERS, MAX_FIELDS, MAX_TAGS, File
from ticket_svc.domain.refusals import AlreadyClosed, NotResolvable, UnknownType
from ticket_svc.domain.ticket import (
    AgentReplied,
    Assignee,
    Change,
    Channel,
    Classification,
    CustomerReplied,
    Deadline,
    MachineReplied,
    Priority,
    Requester,
    RequesterUpdated,
    Status,
    Ticket,
    TicketArchived,
    TicketAssigned,
    TicketClassified,
    TicketClosed,
    TicketEscalated,
    TicketNoted,
    TicketOpened,
    TicketPrioritised,
    TicketReopened,
    TicketResolved,
    TicketStarted,
    TicketTriaged,
)

_DONE = (Status.RESOLVED, Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Request:
    """What a first message asks for, and of whom it comes."""

    message_id: UUID
    rfc_message_id: str | None
    thread_root: UUID
    follows: UUID | None
    subject: str
    text: str
    channel: Channel
    requester: Requester
    sender_proven: bool
    priority: Priority | None
    ticket_type: str | None
    tags: Sequence[str]
    custom_fields: Mapping[str, str]
    received_at: datetime
    automatic: str | None = None


def open_ticket(request: Request, ticket_id: UUID, number: int, types: TicketTypes, now: datetime) -> TicketOpened:
    """A ticket for a message that belongs to none. A type that is not managed is left out: a stranger may write anything."""
    return TicketOpened(
        Ticket(
            id=ticket_id,
            version=1,
            number=number,
            thread_root=request.thread_root,
            subject=request.subject.strip() or "(no subject)",
            status=Status.OPEN,
            waiting_for="agent",
            priority=request.priority or Priority.MEDIUM,
            channel=request.channel,
            requester=request.requester,
            participants=(request.requester.email,),
            ticket_type=known_type(request.ticket_type, types) if request.ticket_type else None,
            tags=tuple(dict.fromkeys(request.tags)),
            custom_fields=dict(request.custom_fields),
            opened_by_message=request.message_id,
            last_message=request.message_id,
            possible_follow_up_of=request.follows,
            references=(request.rfc_message_id,) if request.rfc_message_id else (),
            sender_proven=request.sender_proven,
            automatic=request.automatic,
            # The customer's wait began when the message came, however long it took to get here.
            opened_at=request.received_at,
            updated_at=now,
        ),
        request.text,
        request.rfc_message_id,
    )


def customer_replies(ticket: Ticket, message_id: UUID, rfc_message_id: str | None, now: datetime) -> list[Change]:
    """A reply is always taken; where the ticket was done with, it is open again."""
    if ticket.status not in _DONE:
        return [CustomerReplied(message_id, rfc_message_id, now)]
    return [TicketReopened("the customer replied", now), CustomerReplied(message_id, rfc_message_id, now, reopened=True)]


def machine_replies(message_id: UUID, automatic: str, now: datetime) -> list[Change]:
    """What a machine answers is taken in any state, and changes none."""
    return [MachineReplied(message_id, automatic, now)]


def agent_replies(
    ticket: Ticket, message_id: UUID, text: str, cc: Sequence[str], now: datetime, files: Sequence[File] = ()
) -> list[Change]:
    """An answer to an open ticket starts it. Raises AlreadyClosed."""
    if ticket.status is Status.CLOSED:
        raise AlreadyClosed(ticket.number)
    replied = AgentReplied(message_id, text, tuple(cc), now, tuple(files))
    return [replied] if ticket.status is not Status.OPEN else [TicketStarted(now), replied]


def note(ticket: Ticket, message_id: UUID, now: datetime, files: Sequence[File] = ()) -> list[Change]:
    """Taken in any state, also of a closed ticket: nobody outside is told."""
    return [TicketNoted(message_id, now, tuple(files))]


def assign(ticket: Ticket, assignee: Assignee, now: datetime, decision_id: UUID | None = None) -> list[Change]:
    """Nothing where the same team and agent have it already. `decision_id`: the rules' decision; None is by hand."""
    return [] if assignee == ticket.assignee else [TicketAssigned(assignee, now, decision_id)]


def update_requester(ticket: Ticket, requester: Requester, now: datetime) -> list[Change]:
    """Nothing for a closed ticket, for another customer, and for what is not newer or not otherwise than what the ticket has."""
    known = ticket.requester
    if ticket.status is Status.CLOSED or requester.customer_id != known.customer_id:
        return []
    same = replace(requester, customer_version=known.customer_version) == known
    return [] if same or requester.customer_version <= known.customer_version else [RequesterUpdated(requester, now)]


def prioritise(ticket: Ticket, priority: Priority, now: datetime, decision_id: UUID | None = None) -> list[Change]:
    """Nothing where it has this priority already. `decision_id`: the rules' decision; None is by hand."""
    return [] if priority is ticket.priority else [TicketPrioritised(priority, now, decision_id)]


def classify(
    ticket: Ticket,
    wanted: Classification,
    types: TicketTypes,
    now: datetime,
    decision_id: UUID | None = None,
) -> list[Change]:
    """One event with all that differs, or none. Custom fields are merged; an empty value removes one. Raises UnknownType for a type
    that is not one of `types`."""
    ticket_type = None if wanted.ticket_type is None else known_type(wanted.ticket_type, types)
    if wanted.ticket_type is not None and ticket_type is None:
        raise UnknownType(wanted.ticket_type, [type_.key for type_ in types.types if type_.active])
    tags = None if wanted.tags is None else tuple(dict.fromkeys(wanted.tags))
    fields, present = None, ticket.custom_fields or {}
    if wanted.custom_fields is not None:
        fields = {name: value for name, value in {**present, **wanted.custom_fields}.items() if value}
    meant = replace(wanted, ticket_type=ticket_type, tags=tags, custom_fields=fields).values()
    new = {name: value for name, value in meant.items() if value != (getattr(ticket, name) or type(value)())}
    return [TicketClassified(now, Classification(**new), decision_id)] if new else []


def known_type(name: str, types: TicketTypes) -> str | None:
    """The key of the type that goes by this name, in any language and any case; a retired one is none."""
    wanted = name.strip().casefold()
    for type_ in types.types:
        if type_.active and wanted in (word.casefold() for word in (type_.key, *type_.aliases, *type_.names.values())):
            return type_.key
    return None


def escalate(
    ticket: Ticket,
    reason: str,
    notify: Sequence[tuple[str, str | None]],
    now: datetime,
    decision_id: UUID | None = None,
    deadline: Deadline | None = None,
) -> list[Change]:
    """One level up, each time it is asked for; nothing where the ticket is done with. `notify`: pairs of address and name."""
    return [] if ticket.status in _DONE else [TicketEscalated(reason, tuple(notify), now, decision_id, deadline)]


def start(ticket: Ticket, now: datetime) -> list[Change]:
    """Nothing for a ticket in progress. Raises NotResolvable for one that is done with."""
    match ticket.status:
        case Status.OPEN:
            return [TicketStarted(now)]
        case Status.IN_PROGRESS:
            return []
        case _:
            raise NotResolvable(ticket.number, ticket.status, "started")


def check_resolvable(ticket: Ticket, fields: TicketFieldDefinitions) -> None:
    """Raises FieldMissing where a ticket that is not done with lacks a custom field that it has to have by then."""
    if ticket.status not in _DONE:
        check_required(fields, "resolve", ticket.custom_fields or {})


def resolve(ticket: Ticket, solution: str, now: datetime) -> list[Change]:
    """Resolving again changes the solution, or nothing where it is the same. Raises AlreadyClosed."""
    if ticket.status is Status.CLOSED:
        raise AlreadyClosed(ticket.number)
    return [] if ticket.status is Status.RESOLVED and ticket.solution == solution else [TicketResolved(solution, now)]


def reopen(ticket: Ticket, reason: str, now: datetime) -> list[Change]:
    """Nothing for a ticket that is open or in progress."""
    return [TicketReopened(reason, now)] if ticket.status in _DONE else []


def close(ticket: Ticket, reason: str, now: datetime) -> list[Change]:
    """Taken in any state; nothing for a closed ticket."""
    return [] if ticket.status is Status.CLOSED else [TicketClosed(reason, now)]


def close_unanswered(ticket: Ticket, days: int, now: datetime) -> list[Change]:
    """Nothing where it is not resolved, or was resolved less than so many days ago."""
    if ticket.status is not Status.RESOLVED or ticket.resolved_at is None or now - ticket.resolved_at < timedelta(days=days):
        return []
    return [TicketClosed(f"nobody answered for {days} days after it was resolved", now)]


def archive(ticket: Ticket, days: int, now: datetime) -> list[Change]:
    """Nothing where it is not closed, was closed less than so many days ago, or is archived already."""
    if ticket.status is not Status.CLOSED or ticket.archived_at or ticket.closed_at is None:
        return []
    return [TicketArchived(now)] if now - ticket.closed_at >= timedelta(days=days) else []


@dataclass(frozen=True, slots=True)
class RuleDecision:
    """What rules want of a ticket; None leaves a thing as it is. `first` says that the ticket was decided on when it was opened."""

    id: UUID
    first: bool
    reason: str
    ticket_type: str | None = None
    add_tags: Sequence[str] = ()
    custom_fields: Mapping[str, str] | None = None
    sla_policy: str | None = None
    priority: Priority | None = None
    assignee: Assignee | None = None
    escalate: bool = False
    notify: Sequence[tuple[str, str | None]] = ()
    deadline: Deadline | None = None


def apply_decision(ticket: Ticket, decision: RuleDecision, types: TicketTypes, now: datetime) -> list[Change]:
    """A closed ticket is left as it is, and so is one that this decision has changed before. A first assignment does not take a
    ticket away from a person who took it meanwhile; when that is applied the ticket is triaged, once, whatever was decided."""
    if ticket.status is Status.CLOSED or decision.id in ticket.decided_by:
        return []
    wanted = Classification(
        ticket_type=known_type(decision.ticket_type, types) if decision.ticket_type else None,
        tags=list(dict.fromkeys((*ticket.tags, *decision.add_tags)))[:MAX_TAGS] if decision.add_tags else None,
        custom_fields=_fitting(ticket, decision.custom_fields) if decision.custom_fields else None,
        sla_policy=decision.sla_policy,
    )
    changes = classify(ticket, wanted, types, now, decision.id)
    if decision.priority is not None:
        changes += prioritise(ticket, decision.priority, now, decision.id)
    taken = decision.first and ticket.assignee.agent_id is not None
    if decision.assignee is not None and not taken:
        changes += assign(ticket, decision.assignee, now, decision.id)
    if decision.escalate or decision.notify:
        changes += escalate(ticket, decision.reason, decision.notify, now, decision.id, decision.deadline)
    # One that rules changed before triage was kept is triaged.
    if decision.first and ticket.triaged_at is None and not ticket.decided_by:
        changes.append(TicketTriaged(now, decision.id))
    return changes


def _fitting(ticket: Ticket, wanted: Mapping[str, str]) -> Mapping[str, str] | None:
    # Rules may ask for more than a ticket can have, and nobody is there to be told: what is there already goes before it.
    fields = {**(ticket.custom_fields or {}), **wanted}
    fits = len(fields) <= MAX_FIELDS and sum(len(name) + len(value) for name, value in fields.items()) <= MAX_FIELD_CHARACTERS
    return wanted if fits else None
