"""The ticket, and what can happen to it. State changes only by applying an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

from deskstream_contracts.wire import File


class Status(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Channel:
    kind: str
    name: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Organization:
    id: UUID
    name: str
    custom_fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Requester:
    """The customer as of `customer_version`: a later change of their profile does not change their tickets."""

    customer_id: UUID
    customer_version: int
    email: str
    name: str | None
    language: str
    tags: tuple[str, ...] = ()
    custom_fields: dict[str, str] | None = None
    organization: Organization | None = None


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who has the ticket: a team, an agent, both, or nobody; the names are those of the moment of the assignment."""

    team_id: UUID | None = None
    team_name: str | None = None
    agent_id: UUID | None = None
    agent_name: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as of `version`; the conversation is kept beside it."""

    id: UUID
    version: int
    number: int
    thread_root: UUID
    subject: str
    status: Status
    waiting_for: str
    priority: Priority
    channel: Channel
    requester: Requester
    opened_at: datetime
    updated_at: datetime
    participants: tuple[str, ...] = ()
    ticket_type: str | None = None
    external_id: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: dict[str, str] | None = None
    assignee: Assignee = Assignee()
    sla_policy: str | None = None
    opened_by_message: UUID | None = None
    # What an answer is held against: notes are left aside. None where it came before this was kept.
    last_message: UUID | None = None
    possible_follow_up_of: UUID | None = None
    escalation_level: int = 0
    solution: str | None = None
    reopen_count: int = 0
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    reopened_at: datetime | None = None
    closed_at: datetime | None = None
    archived_at: datetime | None = None
    # Message-IDs of the conversation's latest messages from outside, oldest first: an answer refers to them (RFC 5322 §3.6.4).
    references: tuple[str, ...] = ()
    # The rules' decisions that changed it, the latest last: one that comes again would undo what people have done since.
    decided_by: tuple[UUID, ...] = ()
    # Whether who wrote the first message was proven to be its sender; None: opened by a release that did not keep it.
    sender_proven: bool | None = None
    # What sent the first message, where nothing automatic may answer it; None: a person.
    automatic: str | None = None
    triaged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketOpened:
    ticket: Ticket
    text: str
    rfc_message_id: str | None


@dataclass(frozen=True, slots=True)
class CustomerReplied:
    """`reopened` says whether it was this reply that reopened the ticket."""

    message_id: UUID
    rfc_message_id: str | None
    at: datetime
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class MachineReplied:
    """An absence note, a receipt, a report: kept, and nothing moves."""

    message_id: UUID
    automatic: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentReplied:
    message_id: UUID
    text: str
    cc: tuple[str, ...]
    at: datetime
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketNoted:
    message_id: UUID
    at: datetime
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketAssigned:
    """`undoes`: the event that is taken back by it; so in others."""

    assignee: Assignee
    at: datetime
    decision_id: UUID | None = None
    undoes: UUID | None = None


@dataclass(frozen=True, slots=True)
class TicketPrioritised:
    priority: Priority
    at: datetime
    decision_id: UUID | None = None
    undoes: UUID | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """What a ticket is: fields of it, by the same names. None leaves one as it is, an empty text clears it."""

    ticket_type: str | None = None
    external_id: str | None = None
    tags: Sequence[str] | None = None
    custom_fields: Mapping[str, str] | None = None
    sla_policy: str | None = None

    def values(self) -> dict[str, Any]:
        """What is said, by the names of the fields."""
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in named if value is not None}


@dataclass(frozen=True, slots=True)
class TicketClassified:
    """`new` has what changed, as it is now."""

    at: datetime
    new: Classification
    decision_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock that was missed or is about to be. `late_seconds`: how late that was noticed."""

    clock: str
    event: str
    policy: str
    due_at: datetime
    late_seconds: float


@dataclass(frozen=True, slots=True)
class TicketEscalated:
    """`notify`: pairs of address and name of those who are to be told by mail; `deadline` is what it is about, if it is a clock."""

    reason: str
    notify: tuple[tuple[str, str | None], ...]
    at: datetime
    decision_id: UUID | None = None
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True)
class TicketTriaged:
    """The rules have had their first say, and that is applied."""

    at: datetime
    decision_id: UUID


@dataclass(frozen=True, slots=True)
class TicketStarted:
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketResolved:
    solution: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RequesterUpdated:
    """The same customer, as of a later version."""

    requester: Requester
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketReopened:
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketClosed:
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketArchived:
    at: datetime


@dataclass(frozen=True, slots=True)
class ClosingUndone:
    """The ticket is as it was before it was closed, in this status; it counts as never closed, and not as reopened."""

    status: Status
    at: datetime
    undoes: UUID


Change = (
    CustomerReplied
    | MachineReplied
    | AgentReplied
    | TicketNoted
    | TicketAssigned
    | TicketPrioritised
    | TicketClassified
    | TicketEscalated
    | TicketTriaged
    | TicketStarted
    | TicketResolved
    | TicketReopened
    | TicketClosed
    | TicketArchived
    | RequesterUpdated
    | ClosingUndone
)
TicketEvent = TicketOpened | Change

_DECIDED = (TicketAssigned, TicketPrioritised, TicketClassified, TicketEscalated, TicketTriaged)
_REFERENCES_KEPT = 10
_MOST_PARTICIPANTS = 200
_DECISIONS_KEPT = 100


def apply(ticket: Ticket | None, event: TicketEvent) -> Ticket:
    """The ticket after the event, one version on. Raises ValueError where none has been opened yet."""
    if isinstance(event, TicketOpened):
        return event.ticket
    if ticket is None:
        raise ValueError(f"{type(event).__name__} of no ticket")
    changed = replace(_changed(ticket, event), version=ticket.version + 1, updated_at=event.at)
    decision = event.decision_id if isinstance(event, _DECIDED) else None
    if decision is None or decision in ticket.decided_by:
        return changed
    return replace(changed, decided_by=(*ticket.decided_by, decision)[-_DECISIONS_KEPT:])


def _changed(ticket: Ticket, event: Change) -> Ticket:
    match event:
        case CustomerReplied():
            ids = (*ticket.references, event.rfc_message_id) if event.rfc_message_id else ticket.references
            return replace(ticket, waiting_for="agent", references=ids[-_REFERENCES_KEPT:], last_message=event.message_id)
        case AgentReplied():
            people = tuple(dict.fromkeys((*ticket.participants, *event.cc)))
            return replace(
                ticket,
                waiting_for="customer",
                first_responded_at=ticket.first_responded_at or event.at,
                participants=people,
                last_message=event.message_id,
            )
        case TicketNoted() | MachineReplied():
            return ticket
        case RequesterUpdated():
            # Who wrote from the address of before goes on taking part, as do answers to it.
            people = tuple(dict.fromkeys((*ticket.participants, event.requester.email)))[-_MOST_PARTICIPANTS:]
            return replace(ticket, requester=event.requester, participants=people)
        case TicketAssigned():
            return replace(ticket, assignee=event.assignee)
        case TicketPrioritised():
            return replace(ticket, priority=event.priority)
        case TicketClassified():
            return replace(ticket, **event.new.values())
        case TicketEscalated():
            return replace(ticket, escalation_level=ticket.escalation_level + 1)
        case TicketTriaged():
            return replace(ticket, triaged_at=event.at)
        case TicketStarted():
            return replace(ticket, status=Status.IN_PROGRESS)
        case TicketResolved():
            return replace(ticket, status=Status.RESOLVED, solution=event.solution, resolved_at=event.at, waiting_for="customer")
        case TicketReopened():
            return replace(
                ticket,
                status=Status.IN_PROGRESS if ticket.assignee.agent_id else Status.OPEN,
                waiting_for="agent",
                reopen_count=ticket.reopen_count + 1,
                reopened_at=event.at,
                resolved_at=None,
                closed_at=None,
                archived_at=None,
            )
        case TicketClosed():
            return replace(ticket, status=Status.CLOSED, closed_at=event.at)
        case TicketArchived():
            return replace(ticket, archived_at=event.at)
        case ClosingUndone():
            return replace(ticket, status=event.status, closed_at=None, archived_at=None)
        case _:
            assert_never(event)
