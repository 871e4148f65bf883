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
    Automatic,
    Changed,
    Channel,
    CustomFields,
    EmailAddress,
    Event,
    Files,
    Instant,
    Line,
    Name,
    Paragraph,
    Personal,
    Priority,
    Tags,
    Text,
    TicketStatus,
    WireModel,
    Word,
    known_words,
)

MAX_PARTICIPANTS = 100
SenderProven = Annotated[
    bool | None,
    Field(default=None, description="Whether who wrote the first message was proven to be its sender; left out: not known."),
]
OpenedBy = Annotated[
    Word | None,
    known_words(Automatic),
    Field(default=None, description="What sent the first message, where nothing automatic may answer it; left out: a person."),
]
Undoes = Annotated[UUID | None, Field(description="The event (ce_id) that this takes back; left out: it takes back none.")]
WaitingFor = Literal["agent", "customer"]


class Assignee(WireModel):
    """Who has a ticket: a team, somebody of it, both or nobody."""

    team_id: UUID | None = Field(default=None, description="The team's id; left out: none has it.")
    team_name: Name | None = Field(default=None, description="The team's name then.")
    agent_id: UUID | None = Field(default=None, description="The agent's id; left out: nobody has it.")
    agent_name: Personal[Name] | None = Field(default=None, description="The agent's name then.")


class TicketState(WireModel):
    """A ticket as of `version`, without its conversation."""

    id: UUID = Field(description="The ticket's id, which is the Kafka key.")
    number: int = Field(ge=1, description="The number people use.")
    version: int = Field(ge=1, description="Grows by one with each event of this ticket; ce_sequence is the same.")
    thread_root: UUID = Field(description="Names the conversation: `thread.root` of its messages.")
    subject: Personal[Line] = Field(description="What it is about, as its first message says.")
    status: TicketStatus = Field(description="Where it stands.")
    waiting_for: Annotated[Word, known_words(WaitingFor)] = Field(default="agent", description="Whose turn it is.")
    priority: Priority = Field(description="How urgent it is.")
    ticket_type: Word | None = Field(default=None, description="What kind of request; left out until one was chosen.")
    external_id: Word | None = Field(default=None, description="Its name in another system, as of an issue; left out: it has none.")
    tags: Tags = []
    custom_fields: CustomFields = {}
    channel: Channel = Field(description="The door that it came through.")
    requester: Requester
    participants: list[Personal[EmailAddress]] = Field(
        default=[], max_length=200, description="Addresses that may write into this ticket's thread."
    )
    assignee: Assignee = Assignee()
    sla_policy: Name | None = Field(default=None, description="A policy asked for by a rule, by name.")
    opened_by_message: UUID | None = Field(default=None, description="The message that opened it; left out where none did.")
    last_message: UUID | None = Field(
        default=None, description="The last message in or out, notes left aside; left out where it came before this was kept."
    )
    possible_follow_up_of: UUID | None = Field(default=None, description="Thread root of the ticket it may belong to.")
    escalation_level: int = Field(default=0, ge=0, description="How often it was raised to people who must know.")
    solution: Personal[Text] | None = Field(default=None, description="What solved it last; left out until it was resolved.")
    reopen_count: int = Field(default=0, ge=0, description="How often it was opened again.")
    opened_at: Instant = Field(description="When it was opened.")
    updated_at: Instant = Field(description="When this version came about.")
    first_responded_at: Instant | None = Field(default=None, description="When an agent first answered; left out until then.")
    resolved_at: Instant | None = Field(default=None, description="When it was resolved; left out while it is not.")
    reopened_at: Instant | None = Field(default=None, description="When it was last opened again; left out if it never was.")
    closed_at: Instant | None = Field(default=None, description="When it was closed; left out while it is not.")
    archived_at: Instant | None = Field(default=None, description="When it left lists; left out while it is in them.")


class TicketEvent(Event):
    topic: ClassVar[Topic] = TICKETS
    key_path: ClassVar[str] = "ticket.id"
    sequence_path: ClassVar[str | None] = "ticket.version"
    ticket: TicketState = Field(description="The ticket after this event.")
    by: Actor = Field(description="Who did it.")
    at: Instant = Field(description="When it happened.")


class TicketOpenedV1(TicketEvent):
    """A message belonged to no ticket that is open, so there is a new one."""

    type: Literal["ticket.opened.v1"] = "ticket.opened.v1"
    message_id: UUID | None = Field(default=None, description="The ledger entry that opened it; left out where none did.")
    rfc_message_id: Line | None = Field(default=None, description="The message's Message-ID; left out where it had none.")
    text: Personal[Paragraph] = Field(
        default="",
        description="What is new in the first message (no quotes, no signature), cut at 4,000 characters: rules look at words.",
    )
    sender_proven: SenderProven = None
    automatic: OpenedBy = None


class TicketRequesterUpdatedV1(TicketEvent):
    """The customer has become otherwise (address, name, language, tags, fields, organization) while the ticket is not closed: what
    is said to them from now on goes where they are now. `changed` names the parts of `ticket.requester`.
    """

    type: Literal["ticket.requester_updated.v1"] = "ticket.requester_updated.v1"
    changed: Changed = []


class TicketTriagedV1(TicketEvent):
    """The rules have had their first say: what they decided is applied (events of its own tell what), though it be nothing.

    Told once a ticket, if routing-svc decides on it before it is closed: whoever waits for it waits for so long and no longer.
    """

    type: Literal["ticket.triaged.v1"] = "ticket.triaged.v1"
    decision_id: UUID = Field(description="The routing decision.")
    rfc_message_id: Line | None = Field(
        default=None,
        description="The oldest Message-ID of the conversation, which a confirmation refers to; left out: none had one.",
    )
    sender_proven: SenderProven = None
    automatic: OpenedBy = None


class TicketCustomerRepliedV1(TicketEvent):
    """The customer wrote into the ticket; `reopened` says whether that reopened it."""

    type: Literal["ticket.customer_replied.v1"] = "ticket.customer_replied.v1"
    message_id: UUID = Field(description="The message, by its ledger entry.")
    rfc_message_id: Line | None = Field(default=None, description="The message's Message-ID; left out where it had none.")
    reopened: bool = Field(default=False, description="The ticket was resolved, and this opened it again.")


class TicketMachineRepliedV1(TicketEvent):
    """A machine answered (an absence note, a receipt, a report): that is kept in the conversation, and moves nothing."""

    type: Literal["ticket.machine_replied.v1"] = "ticket.machine_replied.v1"
    message_id: UUID = Field(description="The message, by its ledger entry.")
    automatic: Annotated[Word, known_words(Automatic)] = Field(description="What kind of machine.")


class TicketAgentRepliedV1(TicketEvent):
    """An agent's answer, to be sent to the customer. Carries the text, as notify-svc asks nobody."""

    type: Literal["ticket.agent_replied.v1"] = "ticket.agent_replied.v1"
    message_id: UUID = Field(description="The answer's id in the conversation.")
    text: Personal[Text] = Field(description="The answer, as the agent wrote it.")
    cc: Addresses = Field(default=[], description="Who else is to get it: at most 100.")
    in_reply_to: Line | None = Field(default=None, description="The Message-ID it answers; left out where there is none.")
    references: list[Line] = Field(
        default=[], max_length=10, description="Message-IDs of the thread, the oldest first: at most 10."
    )
    files: Files = Field(default=[], description="What goes with it; ticket-svc has the bytes.")


class TicketNotedV1(TicketEvent):
    """An internal note was added. Its text stays with ticket-svc."""

    type: Literal["ticket.noted.v1"] = "ticket.noted.v1"
    message_id: UUID = Field(description="The note's id in the conversation.")
    files: Files = Field(default=[], description="What stands with it; ticket-svc has the bytes.")


class TicketAssignedV1(TicketEvent):
    """Somebody else has the ticket from now on, or nobody."""

    type: Literal["ticket.assigned.v1"] = "ticket.assigned.v1"
    previous: Assignee = Field(default=Assignee(), description="Who had it before.")
    decision_id: UUID | None = Field(default=None, description="The routing decision it follows; left out: done by hand.")
    undoes: Undoes = None


class TicketPrioritisedV1(TicketEvent):
    """The ticket is more urgent from now on, or less."""

    type: Literal["ticket.prioritised.v1"] = "ticket.prioritised.v1"
    previous: Priority = Field(description="Its priority before.")
    decision_id: UUID | None = Field(default=None, description="The routing decision it follows; left out: done by hand.")
    undoes: Undoes = None


class TicketClassifiedV1(TicketEvent):
    """Type, tags, custom fields or the asked-for SLA policy were changed; `changed` names which."""

    type: Literal["ticket.classified.v1"] = "ticket.classified.v1"
    changed: Changed
    decision_id: UUID | None = Field(default=None, description="The routing decision it follows; left out: done by hand.")


class TicketEscalatedV1(TicketEvent):
    """Raised to people who must know."""

    type: Literal["ticket.escalated.v1"] = "ticket.escalated.v1"
    reason: Personal[Paragraph] = Field(description="Why, for the eyes of those who must know.")
    notify: Addresses = Field(default=[], description="Who must know: at most 100.")
    decision_id: UUID | None = Field(default=None, description="The routing decision it follows; left out: done by hand.")
    deadline: Deadline | None = Field(
        default=None,
        description="What was missed or is about to be; how late it is at `at` follows from it. Left out: about no clock.",
    )


class TicketStartedV1(TicketEvent):
    """Somebody took it up: Open → In Progress."""

    type: Literal["ticket.started.v1"] = "ticket.started.v1"


class TicketResolvedV1(TicketEvent):
    """The ticket is solved, as far as the desk knows."""

    type: Literal["ticket.resolved.v1"] = "ticket.resolved.v1"
    solution: Personal[Text] = Field(description="What solved it, for the customer's eyes.")
    automatic: OpenedBy = None


class TicketReopenedV1(TicketEvent):
    """The ticket is open again: by hand, or as the customer answered (then a `ticket.customer_replied.v1` follows).

    Where it undoes a closing (`undoes`), the ticket is as it was before, which may be resolved, and was not reopened once more.
    """

    type: Literal["ticket.reopened.v1"] = "ticket.reopened.v1"
    reason: Personal[Line] = Field(description="Why, in the words of who did it, or of the desk.")
    undoes: Undoes = None


class TicketArchivedV1(TicketEvent):
    """A closed ticket has left lists and customers' pages; search finds it, and reopening brings it back."""

    type: Literal["ticket.archived.v1"] = "ticket.archived.v1"


class TicketClosedV1(TicketEvent):
    """The ticket is done with: what comes after it opens another."""

    type: Literal["ticket.closed.v1"] = "ticket.closed.v1"
    reason: Personal[Line] = Field(description="Why, in the words of who did it.")
