"""HTTP commands: what the gateway takes from people and programs, and hands to the owner of the thing."""

from math import isfinite
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from deskstream_contracts import wire
from deskstream_contracts.domains import canonical
from deskstream_contracts.events.customers import OrganizationState, Sharing
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.undo import Undo
from deskstream_contracts.wire import Instant, LanguageTag, Personal, Priority, Requested


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
    Field(description="At most 65,536 bytes (UTF-8), with tabs and line feeds."),
]


def _domain(value: object) -> object:
    return canonical(value) if isinstance(value, str) else value


Domain = Annotated[
    str,
    StringConstraints(max_length=253, pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$"),
    BeforeValidator(_domain, json_schema_input_type=wire.DomainName),
    Field(
        description="A domain (RFC 1035 §2.3.4) of two labels or more, in any letters; it is kept in A-labels (RFC 5890), in lower "
        "case. `*.acme.example` stands for all below `acme.example`, and not for itself."
    ),
]

FieldValue = bool | int | float | str | list[str]
"""A value of a custom field as JSON has it: a text, a number, a date (RFC 3339), true or false, an option's id, or several."""

_ONE_TEXT: Final = TypeAdapter(wire.Paragraph)
_Ids = Annotated[list[Annotated[wire.Word, Field(min_length=1)]], Field(max_length=200)]
_IDS: Final = TypeAdapter(_Ids)


def _field_value(value: object) -> FieldValue | None:
    """By its kind alone, so that a text that is too long is not told that it is no number."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError("must be a finite number")
        return value
    try:
        return _IDS.validate_python(value) if isinstance(value, list) else _ONE_TEXT.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise PydanticCustomError(first["type"], first["msg"], first.get("ctx")) from error


def _not_too_much(fields: dict[str, FieldValue | None]) -> dict[str, FieldValue | None]:
    if sum(len(name) + len(str(value)) for name, value in fields.items()) > wire.MAX_FIELD_CHARACTERS:
        raise ValueError(f"custom fields may have together at most {wire.MAX_FIELD_CHARACTERS} characters")
    return fields


GivenFields = Annotated[
    dict[
        wire.Word,
        Annotated[
            FieldValue | None,
            PlainValidator(_field_value, json_schema_input_type=bool | int | float | wire.Paragraph | _Ids | None),
        ],
    ],
    wire.Map,
    Field(
        max_length=wire.MAX_FIELDS,
        json_schema_extra={"x-max-characters": wire.MAX_FIELD_CHARACTERS},
        description="Values of custom fields by their keys: JSON of its kind for one that is defined, a text for any other; "
        "null clears. At most 100, of at most 20,000 characters together.",
    ),
    AfterValidator(_not_too_much),
    wire.PersonalMark,
]


class Submission(BaseModel):
    """A request put in by a program or by an agent on behalf of somebody; it becomes a ticket like a mail does."""

    model_config = ConfigDict(extra="forbid")
    email: Personal[EmailStr] = Field(description="Who asks.")
    name: Personal[Name] | None = Field(default=None, description="How they are called; left out: as known.")
    subject: Personal[Line] = Field(description="What it is about, on one line.")
    text: Personal[Text] = Field(description="What they ask: at most 65,536 bytes (UTF-8).")
    requested: Requested = Requested()


class RequestedFields(Requested):
    """What staff and programs ask for beside the text: custom fields as they are defined."""

    custom_fields: GivenFields = Field(  # type: ignore[assignment]  # of values their texts are made, which the ticket begins with
        default={}, description="Values of custom fields that the ticket begins with, by their keys."
    )


class NewTicket(Submission):
    """A request as staff and programs put it in."""

    requested: RequestedFields = RequestedFields()


class Command(BaseModel):
    """What may be asked of a ticket."""

    model_config = ConfigDict(extra="forbid")
    expected_version: int | None = Field(
        default=None, description="Refuse with 409 if the ticket is at another version; If-Match, which goes before it, with 412."
    )


FileIds = Annotated[list[UUID], Field(max_length=wire.MAX_FILES, description="Files that the caller has uploaded, each used once.")]


class Reply(BaseModel):
    """An answer to the customer. Rules move a ticket's version all day, and what was said last does not change by that."""

    model_config = ConfigDict(extra="forbid")
    last_message: UUID | None = Field(
        default=None,
        description="The last message that was seen (the ticket's `last_message`, or the caller's own answer since): refuse with "
        "409 if another has come in or gone out after it, or if somebody else's is held.",
    )
    text: Personal[Text] = Field(description="The answer, as the customer will read it: at most 65,536 bytes (UTF-8).")
    cc: list[Personal[EmailStr]] = Field(default=[], max_length=20, description="Who else gets it, and may write into the ticket.")
    resolve: bool = Field(default=False, description="Also resolve the ticket, with this reply as its solution.")
    files: FileIds = []


class Note(Command):
    """A note that only the staff sees."""

    text: Personal[Text] = Field(description="The note: at most 65,536 bytes (UTF-8).")
    files: FileIds = []


class Assign(Command):
    """The whole new assignment: what is left out is nobody."""

    team_id: UUID | None = Field(default=None, description="The team's id.")
    team_name: Name | None = Field(default=None, description="The team's name, as it is shown.")
    agent_id: UUID | None = Field(default=None, description="The agent's id.")
    agent_name: Personal[Name] | None = Field(default=None, description="The agent's name, as it is shown.")


class SetPriority(Command):
    """How urgent the ticket is from now on."""

    priority: Priority = Field(description="The new priority.")


class Classify(Command):
    """What kind of ticket it is. What is left out stays as it is."""

    ticket_type: Word | None = Field(default=None, description="The new type.")
    external_id: Word | None = Field(default=None, description="Its name in another system; null takes it away.")
    tags: list[Word] | None = Field(default=None, max_length=50, description="All tags it has from now on: at most 50.")
    custom_fields: GivenFields | None = Field(default=None, description="Values of custom fields by their keys; null clears one.")


class Resolve(Command):
    """The ticket is solved."""

    solution: Personal[Text] = Field(description="What solved it, for the customer's eyes: at most 65,536 bytes (UTF-8).")


class Reopen(Command):
    """The ticket is not solved after all."""

    reason: Personal[Line] = Field(description="Why, on one line.")


class Close(Command):
    """The ticket is done with: what comes after it opens another."""

    reason: Personal[Line] = Field(description="Why, on one line.")


class MessageWritten(BaseModel):
    """The answer to a command that wrote a message."""

    message_id: UUID = Field(description="The message's id in the conversation.")
    ticket: TicketState = Field(description="The ticket after it; of a message that is held, as it is until then.")
    held_until: Instant | None = Field(default=None, description="It is sent and recorded then; left out: it is already.")
    undo: Undo | None = Field(default=None, description="What it can be undone by; left out where it cannot.")


class TicketAnswer(TicketState):
    """A ticket after a command."""

    held_until: Instant | None = Field(
        default=None,
        description="What the customer is told is held until then, and the ticket is as it was; left out where nothing is held.",
    )
    undo: Undo | None = Field(default=None, description="What the command can be undone by; left out where it changed nothing.")


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


def _not_null(description: str) -> Any:
    """A field that may be left out, but not be null, as there is no being without it."""
    return Field(default=None, description=description, json_schema_extra=_without_default)


class CustomerFields(BaseModel):
    """Every field may be left out: it is not changed then. Null clears what may be empty."""

    model_config = ConfigDict(extra="forbid")
    first_name: Personal[Name] | None = Field(default=None, description="The first name.")
    last_name: Personal[Name] | None = Field(default=None, description="The last name.")
    title: Personal[Name] | None = Field(default=None, description="A form of address, e.g. Dr.")
    phone: Personal[Word] | None = Field(default=None, description="A telephone number, in any form.")
    company: Personal[Name] | None = Field(default=None, description="Where they work; makes nobody a member of an organization.")
    address: Personal[Paragraph] | None = Field(default=None, description="A postal address, lines and all.")
    note: Personal[Text] | None = Field(default=None, description="For the staff: at most 65,536 bytes (UTF-8).")
    language: LanguageTag = _not_null("The language that they are written to in (BCP 47).")
    tags: list[Word] = Field(default=[], max_length=50, description="All tags of theirs: at most 50.")
    custom_fields: GivenFields = Field(default={}, description="All values of custom fields, by their keys.")
    organization_ids: list[UUID] = Field(default=[], max_length=20, description="All organizations they belong to: at most 20.")


class NewCustomer(CustomerFields):
    """Somebody who is to be known before they write."""

    email: Personal[EmailStr] = Field(description="The address that names the customer; no two have the same.")


class ChangedCustomer(CustomerFields):
    """What is to be otherwise about a customer."""

    email: Personal[EmailStr] = _not_null("Another address; it must not be somebody else's.")


class OrganizationFields(BaseModel):
    """What may be said of an organization. What is left out is not changed."""

    model_config = ConfigDict(extra="forbid")
    domains: list[Domain] = Field(
        default=[], max_length=100, description="Whoever writes from one of these belongs to it: at most 100."
    )
    sharing: Sharing = Field(default="own", description="Whose requests its people see: their own, or all of the organization.")
    tags: list[Word] = Field(default=[], max_length=50, description="All tags of it: at most 50.")
    custom_fields: GivenFields = Field(default={}, description="All values of custom fields, by their keys.")


class NewOrganization(OrganizationFields):
    """An organization that is to be."""

    name: Name = Field(description="How it is called.")


class OrganizationAnswer(OrganizationState):
    """An organization after a command."""

    job: str | None = Field(default=None, description="Long work that this began (GET /jobs/{id}): people known already join.")


class ChangedOrganization(OrganizationFields):
    """What is to be otherwise about an organization."""

    name: Name = _not_null("Another name.")
