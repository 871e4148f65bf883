"""HTTP commands: what the gateway takes from people and programs, and hands to the owner of the thing."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, EmailStr, Field, StringConstraints

from deskstream_contracts import wire
from deskstream_contracts.events.customers import OrganizationState, Sharing
from deskstream_contracts.events.routing import AgentState, TeamState
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.wire import CustomFields, LanguageTag, Priority, Requested


def _with_line_feeds(value: object) -> object:
    """Forms of browsers end lines with CR LF (HTML, "normalize newlines")."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


# What people give is what goes on the wire, without blanks around it, and not nothing.
_Given = StringConstraints(strip_whitespace=True, min_length=1)
Word = Annotated[wire.Word, _Given]
Name = Annotated[wire.Name, _Given]
Line = Annotated[wire.Line, _Given]
Paragraph = Annotated[wire.Paragraph, _Given, BeforeValidator(_with_line_feeds)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, pattern=wire.TEXT_PATTERN),
    *wire.BODY,
    BeforeValidator(_with_line_feeds),
]
Domain = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=253, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"),
]


class Submission(BaseModel):
    """A request put in by a program or by an agent on behalf of somebody; it becomes a ticket like a mail does."""

    model_config = ConfigDict(extra="forbid")
    email: EmailStr = Field(description="Who asks.")
    name: Name | None = None
    subject: Line
    text: Text
    requested: Requested = Requested()


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    expected_version: int | None = Field(default=None, description="Refuse with 409 if the ticket is at another version.")


FileIds = Annotated[list[UUID], Field(max_length=wire.MAX_FILES, description="Files that the caller has uploaded, each used once.")]


class Reply(Command):
    text: Text
    cc: list[EmailStr] = Field(default=[], max_length=20)
    resolve: bool = Field(default=False, description="Also resolve the ticket, with this reply as its solution.")
    files: FileIds = []


class Note(Command):
    text: Text
    files: FileIds = []


class Assign(Command):
    """The whole new assignment: what is left out is nobody."""

    team_id: UUID | None = None
    team_name: Name | None = None
    agent_id: UUID | None = None
    agent_name: Name | None = None


class SetPriority(Command):
    priority: Priority


class Classify(Command):
    ticket_type: Word | None = None
    tags: list[Word] | None = Field(default=None, max_length=50)
    custom_fields: CustomFields | None = None


class Resolve(Command):
    solution: Text


class Reopen(Command):
    reason: Line


class Close(Command):
    reason: Line


class MessageWritten(BaseModel):
    """The answer to a command that wrote a message."""

    message_id: UUID
    ticket: TicketState


class CustomerFields(BaseModel):
    """Every field may be left out: it is not changed then. None clears it."""

    model_config = ConfigDict(extra="forbid")
    first_name: Name | None = None
    last_name: Name | None = None
    title: Name | None = None
    phone: Word | None = None
    company: Name | None = None
    address: Paragraph | None = None
    note: Text | None = None
    language: LanguageTag | None = None
    tags: list[Word] = Field(default=[], max_length=50)
    custom_fields: CustomFields = {}
    organization_ids: list[UUID] = Field(default=[], max_length=20)


class NewCustomer(CustomerFields):
    email: EmailStr


class ChangedCustomer(CustomerFields):
    email: EmailStr | None = None


class OrganizationFields(BaseModel):
    model_config = ConfigDict(extra="forbid")
    domains: list[Domain] = Field(default=[], max_length=100)
    sharing: Sharing = "own"
    tags: list[Word] = Field(default=[], max_length=50)
    custom_fields: CustomFields = {}


class NewOrganization(OrganizationFields):
    name: Name


class OrganizationAnswer(OrganizationState):
    """An organization after a command."""

    job: str | None = Field(default=None, description="Long work that this began (GET /jobs/{id}): people known already join.")


class TeamAnswer(TeamState):
    """A team after a command."""

    warnings: list[str] = Field(default=[], description="Rules in force that do not do what they say, a sentence each.")


class AgentAnswer(AgentState):
    """An agent after a command."""

    warnings: list[str] = Field(default=[], description="Rules in force that do not do what they say, a sentence each.")


class ChangedOrganization(OrganizationFields):
    name: Name | None = None
