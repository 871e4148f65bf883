"""What the API answers, where it is not a model of the contracts. What an owner answers is passed on as it is."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from deskstream_chassis.documents.routes import VersionEntry
from deskstream_chassis.web import http
from deskstream_contracts import commands
from deskstream_contracts.api import ledger
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.events.customers import CustomerState, OrganizationState
from deskstream_contracts.events.notifications import NotificationState
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.slas import ClockKind, SlaState
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.jobs import Job
from deskstream_contracts.wire import Priority, TicketStatus
from gateway.domain.filters import Word

FIELD_PARAMETERS: Final = (
    "Beside the parameters listed here there is one a custom field: `field.<key>=<value>` (of several choices one that is among "
    "them), and for numbers and dates `field.<key>.gte`, `.gt`, `.lte` and `.lt`."
)
Reference = Annotated[str, Path(description="A ticket's id, or its number.", pattern=r"^([0-9]{1,15}|[0-9a-fA-F-]{36})$")]


class Problem(BaseModel):
    """RFC 9457. `errors` point (RFC 6901) to the values that were wrong; docs/problems.md has all codes."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []
    code: str | None = Field(default=None, description="Names the refusal, for words in other languages; left out: it has none.")
    arguments: dict[str, JsonValue] = Field(default={}, description="What the refusal is about, by the names of its code.")
    changed: list[str] = Field(default=[], description="Of deskstream:problem:changed-since: the fields that are otherwise now.")
    last_message: UUID | None = Field(
        default=None, description="Of deskstream:problem:newer-message: what is to be seen before the ticket is answered."
    )


class Named(BaseModel):
    id: UUID
    name: str | None


class RequesterRow(BaseModel):
    customer_id: UUID
    email: str
    name: str | None


class Due(BaseModel):
    """The next deadline; one that is past is late."""

    at: datetime
    clock: ClockKind


class FieldEntry(BaseModel):
    """A custom field of something. `kind` is None where nobody has defined it; it is a text then."""

    key: str
    kind: str | None
    names: dict[str, str] = Field(description="How it is called, by language (BCP 47); in any other language by its key.")
    value: FieldValue | None = Field(description="As JSON of its kind; None where it has none, or a text that is none of its kind.")
    text: str | None = Field(description="As it is kept: in `custom_fields`, in rules and on the wire.")


class TicketRow(BaseModel):
    """A ticket in a list."""

    id: UUID
    number: int
    version: int
    subject: str
    status: TicketStatus
    waiting_for: str
    priority: Priority
    ticket_type: str | None
    external_id: str | None
    channel: str
    mailbox: str
    requester: RequesterRow
    organization: Named | None
    team: Named | None
    agent: Named | None
    tags: list[str]
    escalation_level: int
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    archived_at: datetime | None
    due: Due | None
    breached: bool
    fields: list[FieldEntry] = Field(default=[], description="Custom fields that are shown in lists.")


class TeamCount(BaseModel):
    team: Named | None
    tickets: int
    overdue: int


class TicketCounts(BaseModel):
    """By status all tickets; everything else counts those that are open or in progress."""

    by_status: dict[TicketStatus, int]
    by_priority: dict[Priority, int]
    by_team: list[TeamCount]
    overdue: int
    breached: int
    unassigned: int
    waiting_for_agent: int


class Person(BaseModel):
    email: str | None
    name: str | None = None


class AttachmentLink(BaseModel):
    name: str
    media_type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str | None = Field(
        default=None, description="What `cid:` in the HTML named (RFC 2392): there stands its `href` now."
    )
    href: str


class RawLink(BaseModel):
    """The message as it was received."""

    size: int
    sha256: str
    href: str


class Held(BaseModel):
    """How it stands with an answer, or a solution, that is held and can be undone (`POST /undo/ticket.<id>`)."""

    until: datetime = Field(description="It is sent then.")
    answers: bool = Field(description="It becomes a message of the conversation.")
    resolves: bool = Field(description="It resolves the ticket.")
    overtaken: bool = Field(description="The customer has written since. It goes out all the same.")
    refused: str | None = Field(default=None, description="Why it could not be sent: it is left to people.")


class ConversationMessage(BaseModel):
    """A message in or out, an internal note, or what is held. `date` is what the sender claims.

    `html` is sanitised. Pictures that came along are named by the `href` of their attachment, which a client fetches as it does
    others; of those that are not among the attachments, and of remote ones, the address is left out.
    """

    model_config = ConfigDict(serialize_by_alias=True)
    id: UUID
    kind: Literal["customer", "agent", "note"]
    at: datetime
    sender: Person | None = Field(alias="from")
    sender_proven: bool | None = None
    automatic: str | None = Field(
        default=None, description="What sent it, where that is not just a person: auto_replied, receipt, auto_generated, list, …"
    )
    to: list[Person]
    cc: list[Person]
    reply_to: list[Person] = []
    date: datetime | None
    subject: str | None = None
    text: str
    reply_text: str = Field(description="What is new in `text`: without quotes, signatures and disclaimers.")
    html: str | None = None
    attachments: list[AttachmentLink]
    raw: RawLink | None
    defects: list[str] = []
    held: Held | None = Field(default=None, description="None for what has been sent.")


class NotificationEntry(BaseModel):
    notification: NotificationState
    status: Literal["sent", "failed", "requeued"]
    at: datetime
    reason: str | None = None
    detail: str | None = None


class ParkedNotice(BaseModel):
    """Messages about it wait in a service until somebody replays or discards them (`/admin/parked`)."""

    model_config = ConfigDict(from_attributes=True)
    service: str
    messages: int
    since: datetime
    event_type: str
    error: str


class TicketDetail(BaseModel):
    """`decisions` say why it is where it is. `conversation` is None where its owner does not answer now: `missing` names it.

    With `as_of` it is all as it was then, but the clocks: `sla` is None, and `GET …/sla/explain` has their history.
    """

    as_of: datetime | None = None
    ticket: TicketState
    sla: SlaState | None
    due: Due | None
    breached: bool
    decisions: list[RoutingDecidedV1]
    notifications: list[NotificationEntry]
    conversation: list[ConversationMessage] | None
    missing: list[str]
    parked: list[ParkedNotice] = []
    fields: list[FieldEntry] = Field(default=[], description="Custom fields: those that are shown, and what nobody has defined.")


class CustomerEntry(CustomerState):
    """A customer, with custom fields as they are shown."""

    fields: list[FieldEntry] = []


class OrganizationEntry(OrganizationState):
    """An organization, with custom fields as they are shown."""

    fields: list[FieldEntry] = []


class AssignTo(commands.Command):
    """The whole new assignment: what is left out is nobody. An agent who is in one team only brings it along."""

    team: Word | None = Field(default=None, description="Id or name.")
    agent: Word | None = Field(default=None, description="Id, address or name.")


class Submitted(BaseModel):
    """`receipt` is the entry in the ledger, which tells the ticket as soon as there is one."""

    receipt: UUID


class LedgerLine(ledger.LedgerEntry):
    """An entry of the ledger, and what waits of it."""

    parked: list[ParkedNotice] = []


class ParkedOf(http.Parked):
    """Which parked keys of which service."""

    service: Literal["ingest", "customer", "ticket", "routing", "sla", "notify", "gateway"]


class ParkedMessages(BaseModel):
    """The messages of one key that wait, and what was wrong with the first."""

    service: str
    topic: str
    key: str
    messages: int
    since: datetime
    event_type: str
    event_id: UUID
    error: str


class Parked(BaseModel):
    """`away` names the services that could not be asked."""

    items: list[ParkedMessages]
    away: list[str]


class Jobs(BaseModel):
    """`away` names the services that could not be asked."""

    items: list[Job]
    away: list[str]


class Documents(BaseModel):
    """`away` names the services that could not be asked."""

    items: list[VersionEntry]
    away: list[str]


OWNED_ID: Final = r"^[a-z]+\.[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
"""`<owner>.<uuid>`: what leads to its owner by its id."""
Jti = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Whose = Annotated[
    str,
    Query(min_length=1, max_length=254, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", description="A name or an id, whatever the case."),
]


class CurrentToken(BaseModel):
    """A token as whoever carries it sees it. `roles` are those that it was given."""

    jti: str
    id: str
    name: str
    roles: list[str]
    expires_at: datetime


class Token(BaseModel):
    """A token that has been used. `id`, `name` and `roles` are what it says; `last_used_at` is right to the hour."""

    jti: str
    id: str = Field(validation_alias="subject_id")
    name: str
    kind: str
    roles: list[str]
    issued_at: datetime | None
    expires_at: datetime
    first_used_at: datetime
    last_used_at: datetime
    revoked: bool


class Tokens(BaseModel):
    items: list[Token]


class ViewComparison(BaseModel):
    """One table of the live view set against the one built again. `examples` are keys of rows that do not agree."""

    view: str
    equal: int
    only_live: int
    only_rebuilt: int
    different: int
    other_version: int
    examples: list[str]
    since: datetime | None = Field(description="A flow is compared from here on: its topic keeps nothing older.")


class RebuildReport(BaseModel):
    """`state`: reading, comparing, swapping, done, failed, abandoned (its process ended)."""

    id: int
    state: Literal["reading", "comparing", "swapping", "done", "failed", "abandoned"]
    swap: bool
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    events_read: int
    events_total: int
    unreadable: int
    comparison: list[ViewComparison] | None
    agree: bool | None
    swapped: bool
    error: str | None


class CloudEvent(BaseModel):
    """CloudEvents 1.0, JSON format: the `data` of each event of the stream."""

    model_config = ConfigDict(extra="allow")
    specversion: Literal["1.0"]
    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: dict[str, Any]
