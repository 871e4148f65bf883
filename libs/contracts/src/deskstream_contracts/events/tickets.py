"""What ticket-svc tells: each event carries what happened, and the ticket's state after it."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.events.customers import Requester
from deskstream_contracts.events.slas import Deadline
from deskstream_contracts.topics import TICKETS, Topic
from deskstream_contracts.wire import (
    Actor,
    Addresses,
    Channel,
    CustomFields,
    EmailAddress,
    Event,
    Files,
    Instant,
    Line,
    Name,
    Paragraph,
    Priority,
    Tags,
    Text,
    TicketStatus,
    WireModel,
    Word,
    known_words,
)

MAX_PARTICIPANTS = 100
WaitingFor = Literal["agent", "customer"]


class Assignee(WireModel):
    team_id: UUID | None = None
    team_name: Name | None = None
    agent_id: UUID | None = None
    agent_name: Name | None = None


class TicketState(WireModel):
    """A ticket as of `version`, without its conversation."""

    id: UUID
    number: int = Field(ge=1, description="The number people use.")
    version: int = Field(ge=1)
    thread_root: UUID
    subject: Line
    status: TicketStatus
    waiting_for: Annotated[Word, known_words(WaitingFor)] = "agent"
    priority: Priority
    ticket_type: Word | None = None
    tags: Tags = []
    custom_fields: CustomFields = {}
    channel: Channel
    requester: Requester
    participants: list[EmailAddress] = Field(
        default=[], max_length=200, description="Addresses that may write into this ticket's thread."
    )
    assignee: Assignee = Assignee()
    sla_policy: Name | None = Field(default=None, description="A policy asked for by a rule, by name.")
    opened_by_message: UUID | None = None
    possible_follow_up_of: UUID | None = Field(default=None, description="Thread root of the ticket it may belong to.")
    escalation_level: int = Field(default=0, ge=0)
    solution: Text | None = None
    reopen_count: int = Field(default=0, ge=0)
    opened_at: Instant
    updated_at: Instant
    first_responded_at: Instant | None = None
    resolved_at: Instant | None = None
    reopened_at: Instant | None = None
    closed_at: Instant | None = None


class TicketEvent(Event):
    topic: ClassVar[Topic] = TICKETS
    key_path: ClassVar[str] = "ticket.id"
    sequence_path: ClassVar[str | None] = "ticket.version"
    ticket: TicketState
    by: Actor
    at: Instant


class TicketOpenedV1(TicketEvent):
    type: Literal["ticket.opened.v1"] = "ticket.opened.v1"
    message_id: UUID | None = Field(default=None, description="The ledger entry that opened it; None for an API ticket.")
    rfc_message_id: Line | None = None
    text: Paragraph = Field(default="", description="The first message, cut at 4,000 characters: rules look at words.")


class TicketCustomerRepliedV1(TicketEvent):
    """The customer wrote into the ticket; `reopened` says whether that reopened it."""

    type: Literal["ticket.customer_replied.v1"] = "ticket.customer_replied.v1"
    message_id: UUID
    rfc_message_id: Line | None = None
    reopened: bool = False


class TicketAgentRepliedV1(TicketEvent):
    """An agent's answer, to be sent to the customer. Carries the text, as notify-svc asks nobody."""

    type: Literal["ticket.agent_replied.v1"] = "ticket.agent_replied.v1"
    message_id: UUID
    text: Text
    cc: Addresses = []
    in_reply_to: Line | None = None
    references: list[Line] = Field(default=[], max_length=10)
    files: Files = Field(default=[], description="What goes with it; ticket-svc has the bytes.")


class TicketNotedV1(TicketEvent):
    """An internal note was added. Its text stays with ticket-svc."""

    type: Literal["ticket.noted.v1"] = "ticket.noted.v1"
    message_id: UUID
    files: Files = []


class TicketAssignedV1(TicketEvent):
    type: Literal["ticket.assigned.v1"] = "ticket.assigned.v1"
    previous: Assignee = Assignee()
    decision_id: UUID | None = None


class TicketPrioritisedV1(TicketEvent):
    type: Literal["ticket.prioritised.v1"] = "ticket.prioritised.v1"
    previous: Priority
    decision_id: UUID | None = None


class TicketClassifiedV1(TicketEvent):
    """Type, tags, custom fields or the asked-for SLA policy were changed; `changed` names which."""

    type: Literal["ticket.classified.v1"] = "ticket.classified.v1"
    changed: Tags
    decision_id: UUID | None = None


class TicketEscalatedV1(TicketEvent):
    """Raised to people who must know; `notify` are their addresses, `reason` is for their eyes.

    `deadline` is what was missed or is about to be; how late it is at `at` follows from it. None where it is about no clock.
    """

    type: Literal["ticket.escalated.v1"] = "ticket.escalated.v1"
    reason: Paragraph
    notify: Addresses = []
    decision_id: UUID | None = None
    deadline: Deadline | None = None


class TicketStartedV1(TicketEvent):
    """Somebody took it up: Open → In Progress."""

    type: Literal["ticket.started.v1"] = "ticket.started.v1"


class TicketResolvedV1(TicketEvent):
    type: Literal["ticket.resolved.v1"] = "ticket.resolved.v1"
    solution: Text


class TicketReopenedV1(TicketEvent):
    type: Literal["ticket.reopened.v1"] = "ticket.reopened.v1"
    reason: Line


class TicketClosedV1(TicketEvent):
    type: Literal["ticket.closed.v1"] = "ticket.closed.v1"
    reason: Line
