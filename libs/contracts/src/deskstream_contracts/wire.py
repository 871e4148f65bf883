"""What every event on the wire has in common."""

from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, get_args
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from deskstream_contracts.topics import Topic

T = TypeVar("T")

Instant = Annotated[AwareDatetime, Field(description="A moment in time: RFC 3339, always with an offset (UTC when we write it).")]

# What PostgreSQL, JSON and a terminal can all bear: no control characters (category Cc), no noncharacters; half a surrogate pair
# no string of pydantic's has. A text may have tabs and line feeds.
LINE_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\ufffe\uffff]*$"
TEXT_PATTERN = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]*$"

MAX_EVENT_BYTES = 1_000_000
"""An event's data is not larger (as JSON in UTF-8): a broker of any defaults takes records of 1 MiB, with their headers."""
MAX_TEXT_BYTES = 65_536
MAX_REPLY_BYTES = 32_768
MAX_NAME_CHARACTERS = 300
MAX_LINE_CHARACTERS = 1000
MAX_PARAGRAPH_CHARACTERS = 4000
"""So much of a first message stands in its ticket's event, for rules to look at."""
MAX_TAGS = 50
MAX_ADDRESSES = 100
MAX_FILES = 20
MAX_FIELDS = 100
MAX_FIELD_CHARACTERS = 20_000
"""The custom fields of one thing have together no more characters, names and values."""
MAX_ADDRESS_CHARACTERS = 10_000
"""The addresses of one list have together no more characters, names and all."""


def _octets(most: int) -> Any:
    """Bounds a text by its bytes in UTF-8, as protocols do and databases."""

    def checked(value: str) -> str:
        if len(value) * 4 > most and len(value.encode()) > most:
            raise ValueError(f"must not be longer than {most} bytes (UTF-8)")
        return value

    return Field(max_length=most, json_schema_extra={"x-max-bytes": most}), AfterValidator(checked)


_ADDRESS, BODY, _REPLY, _NAME = _octets(320), _octets(MAX_TEXT_BYTES), _octets(MAX_REPLY_BYTES), _octets(255)

# Each type says once what its text is; a field that means more than that says so itself.
Word = Annotated[
    str,
    StringConstraints(max_length=100, pattern=LINE_PATTERN),
    Field(description="A word of a vocabulary, a tag, the name of a field: at most 100 characters on one line."),
]
Name = Annotated[
    str,
    StringConstraints(max_length=MAX_NAME_CHARACTERS, pattern=LINE_PATTERN),
    Field(description="How somebody or something is called: at most 300 characters on one line."),
]
Line = Annotated[
    str,
    StringConstraints(max_length=MAX_LINE_CHARACTERS, pattern=LINE_PATTERN),
    Field(description="At most 1,000 characters on one line: what a header field may hold (RFC 5322 §2.1.1)."),
]
EmailAddress = Annotated[
    str,
    StringConstraints(pattern=LINE_PATTERN),
    *_ADDRESS,
    Field(description="An address (RFC 5321 §4.5.3.1, RFC 6531): at most 64 octets, an @, and 255 octets."),
]
FileName = Annotated[
    str,
    StringConstraints(pattern=LINE_PATTERN),
    *_NAME,
    Field(description="The name of a file: at most 255 octets, as file systems have it."),
]
DomainName = Annotated[
    str,
    StringConstraints(pattern=LINE_PATTERN),
    *_NAME,
    Field(description="A domain (RFC 1035 §2.3.4): at most 255 octets."),
]
Paragraph = Annotated[
    str,
    StringConstraints(max_length=MAX_PARAGRAPH_CHARACTERS, pattern=TEXT_PATTERN),
    Field(description="At most 4,000 characters, with tabs and line feeds."),
]
Text = Annotated[
    str,
    StringConstraints(pattern=TEXT_PATTERN),
    *BODY,
    Field(description="At most 65,536 bytes (UTF-8), with tabs and line feeds: what somebody wrote."),
]
ReplyText = Annotated[
    str,
    StringConstraints(pattern=TEXT_PATTERN),
    *_REPLY,
    Field(description="At most 32,768 bytes (UTF-8), with tabs and line feeds: the new part of what somebody wrote."),
]


class PersonalMark:
    """Marks a value in its JSON Schema (`x-personal: true`), by which erasure, logs and examples can be generic."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core), "x-personal": True}


Personal = Annotated[T, PersonalMark]
"""What is about a person who can be named, or was written by one: `Personal[EmailAddress]`, `list[Personal[Name]]`."""


class Map:
    """Marks a map from texts to texts: its JSON Schema says what names may be by `propertyNames`, which generators of code know."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        ((pattern, values),) = schema.pop("patternProperties").items()
        return {**schema, "propertyNames": {**schema["propertyNames"], "pattern": pattern}, "additionalProperties": values}


def _not_too_much(fields: dict[str, str]) -> dict[str, str]:
    if sum(len(name) + len(value) for name, value in fields.items()) > MAX_FIELD_CHARACTERS:
        raise ValueError(f"custom fields may have together at most {MAX_FIELD_CHARACTERS} characters")
    return fields


CustomFields = Annotated[
    dict[Word, Paragraph],
    Map,
    Field(
        max_length=MAX_FIELDS,
        json_schema_extra={"x-max-characters": MAX_FIELD_CHARACTERS},
        description="The values of custom fields by their names: at most 100, of at most 20,000 characters together.",
    ),
    AfterValidator(_not_too_much),
    PersonalMark,  # people write into them, and about people
]
Tags = Annotated[
    list[Annotated[Word, Field(min_length=1)]], Field(max_length=MAX_TAGS, description="Tags: at most 50, in no particular order.")
]
Changed = Annotated[Tags, Field(description="Names of the fields of the state that are not as they were.")]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", max_length=64, description="SHA-256 (FIPS 180-4), 64 digits in hex.")]
LanguageTag = Annotated[
    str,
    StringConstraints(min_length=2, max_length=16, pattern=LINE_PATTERN),
    Field(examples=["en", "nb"], description="A language (BCP 47)."),
]

Priority = Literal["low", "medium", "high", "critical"]
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
"""The most urgent comes last."""
TicketStatus = Literal["open", "in_progress", "resolved", "closed"]
STATUSES: Final[tuple[TicketStatus, ...]] = get_args(TicketStatus)
ACTIVE_STATUSES: Final[tuple[TicketStatus, ...]] = ("open", "in_progress")
"""Of tickets that somebody still waits for."""
ChannelKind = Literal["email", "form", "api", "portal", "agent"]


MessageRelation = Literal["new", "reply", "possible_follow_up"]
ThreadProof = Literal["none", "reply_address", "references", "subject_tag"]
Automatic = Literal["auto_replied", "receipt", "auto_generated", "null_sender", "list", "bulk", "asks_for_none", "robot_address"]
"""What sends mail and is no person who may be answered automatically (RFC 3834 §2). The first three are machines: what they write
moves no ticket that is there."""
MACHINES: Final[frozenset[str]] = frozenset({"auto_replied", "receipt", "auto_generated"})
ActorKind = Literal["agent", "customer", "program", "rule", "system"]


def known_words(words: Any) -> Any:
    """Marks a text of a vocabulary that will grow: its words today (of a Literal). Writers keep to them, readers pass others by.

    A closed Literal on the wire could never have one word more, as old readers would refuse what they do not know.
    """
    return Field(json_schema_extra={"x-known-values": list(get_args(words))})


class WireModel(BaseModel):
    """A value on the wire. Unknown fields are ignored, so that old readers can read new events."""

    # What did not fit is not repeated in the error, which is logged: it may be somebody's mail.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Event(WireModel):
    """A business event: the `data` of a CloudEvent. Its `type` field carries the name and the version.

    Subclasses name their topic, and the fields that give the Kafka key (`key_path`) and the aggregate's version
    (`sequence_path`, None for a flow), as dotted paths into the model.
    """

    topic: ClassVar[Topic]
    key_path: ClassVar[str]
    sequence_path: ClassVar[str | None] = None
    type: str

    @classmethod
    def event_type(cls) -> str:
        return str(cls.model_fields["type"].default)

    def key(self) -> str:
        return str(_at(self, self.key_path))

    def sequence(self) -> int | None:
        return None if self.sequence_path is None else int(_at(self, self.sequence_path))


def _at(model: BaseModel, path: str) -> Any:
    value: Any = model
    for name in path.split("."):
        value = getattr(value, name)
    return value


class Actor(WireModel):
    """Who did it: somebody of the staff, a customer, a program with its key, a rule, or the desk itself."""

    kind: Annotated[Word, known_words(ActorKind), Field(description="What kind of somebody it is.")]
    id: Personal[EmailAddress] = Field(
        description="Of staff and programs the subject of their token, of a customer the customer_id, of a rule the decision_id, "
        "of the desk the name of the service."
    )
    name: Personal[Name] | None = Field(default=None, description="As it is shown to people; left out where none is known.")


class Attachment(WireModel):
    """A file that came with a message. Its bytes stay with ingest-svc, inside the raw message: `part` says where."""

    part: int = Field(ge=0, description="Index of the MIME part, in the order of email.message.Message.walk().")
    name: Personal[FileName] = Field(description="The name that its sender gave it, at most 255 octets.")
    media_type: Word = Field(description="As its sender says (RFC 2046), e.g. image/png; nobody has looked.")
    size: int = Field(ge=0, description="Bytes, decoded.")
    sha256: Sha256 = Field(description="SHA-256 of the decoded bytes, in hex.")
    inline: bool = Field(default=False, description="It is shown within the text: its disposition is inline, or the HTML names it.")
    content_id: FileName | None = Field(
        default=None,
        description="Its Content-ID without brackets: what `cid:` URLs in the HTML name (RFC 2392); left out: it has none.",
    )


class File(WireModel):
    """A file that was uploaded. Its bytes stay with the service that took it, and are asked for by its id."""

    id: UUID = Field(description="By it the bytes are asked for.")
    name: Personal[FileName] = Field(description="The name that its uploader gave it, at most 255 octets.")
    media_type: Word = Field(description="As its uploader says (RFC 2046), e.g. image/png; nobody has looked.")
    size: int = Field(ge=0, description="Bytes.")
    sha256: Sha256 = Field(description="SHA-256 of the bytes, in hex.")


Files = Annotated[list[File], Field(max_length=MAX_FILES)]
"""At most 20 files, of at most 25 MiB together."""


class Channel(WireModel):
    """The door a message came through, e.g. kind=email name=support address=support@desk.example."""

    kind: Annotated[Word, known_words(ChannelKind), Field(description="What kind of door.")]
    name: Name = Field(description="Which one of its kind: a mailbox, the id of a form, the name of a program.")
    address: EmailAddress | None = Field(default=None, description="The desk's own address, of a mailbox.")


class Address(WireModel):
    """A mailbox of RFC 5322 §3.4, its address in lower case."""

    email: Personal[EmailAddress] = Field(description="The address, in lower case: at most 320 octets.")
    name: Personal[Name] | None = Field(default=None, description="The display name; left out where there was none.")


def _not_too_many(addresses: list[Address]) -> list[Address]:
    if sum(len(a.email) + len(a.name or "") for a in addresses) > MAX_ADDRESS_CHARACTERS:
        raise ValueError(f"addresses may have together at most {MAX_ADDRESS_CHARACTERS} characters, with their names")
    return addresses


Addresses = Annotated[
    list[Address],
    Field(
        max_length=MAX_ADDRESSES,
        json_schema_extra={"x-max-characters": MAX_ADDRESS_CHARACTERS},
        description="At most 100 mailboxes, of at most 10,000 characters together.",
    ),
    AfterValidator(_not_too_many),
]


class Message(WireModel):
    """One thing that somebody wrote to the desk, parsed; the raw form is kept by ingest-svc under the same id."""

    id: UUID = Field(description="The id of its entry in the ledger.")
    channel: Channel
    sender: Address = Field(description="Who wrote it: From, or what a form said.")
    sender_proven: bool = Field(description="True only on a DMARC-aligned pass, or a form that vouches for its sender.")
    automatic: Annotated[Word, known_words(Automatic)] | None = Field(
        default=None,
        description="What sent it; nothing automatic answers it then (RFC 3834 §2). Left out: a person.",
    )
    to: Addresses = Field(default=[], description="The header To.")
    cc: Addresses = Field(default=[], description="The header Cc.")
    reply_to: Addresses = Field(default=[], description="The header Reply-To.")
    subject: Personal[Line] = Field(description="The subject, decoded, on one line; may be empty.")
    text: Personal[Text] = Field(
        description="The body as plain text, made of the HTML where it had no other; at most 65,536 bytes."
    )
    reply_text: Personal[ReplyText] | None = Field(
        default=None,
        description="What is new in `text`, without quotes, signatures and disclaimers: at most 32,768 bytes; left out: all of it.",
    )
    html: Personal[Text] | None = Field(default=None, description="Sanitised; left out where the message had no HTML part.")
    sent_at: Instant | None = Field(default=None, description="The Date header, as the sender claims it.")
    received_at: Instant = Field(description="When the desk said that it has it.")
    rfc_message_id: Line | None = Field(default=None, description="Its Message-ID with angle brackets; left out where it had none.")
    attachments: list[Attachment] = Field(default=[], max_length=100, description="Its files: at most 100.")
    raw_size: int = Field(ge=0, description="Bytes of the raw form.")
    raw_sha256: Sha256 = Field(description="SHA-256 of the raw form, in hex.")
    defects: list[Name] = Field(default=[], max_length=30, description="What was wrong with the message, in words.")


class Requested(WireModel):
    """What a form or an API call asked for beside the text; every field is optional."""

    priority: Priority | None = Field(default=None, description="How urgent it is to whoever asks; left out: the desk decides.")
    ticket_type: Word | None = Field(default=None, description="The type of ticket; left out: rules decide.")
    tags: Tags = Field(default=[], description="Tags that the ticket begins with.")
    language: LanguageTag | None = Field(default=None, description="The customer's language (BCP 47); left out: it is detected.")
    custom_fields: CustomFields = Field(default={}, description="Values of custom fields that the ticket begins with.")
    first_name: Personal[Name] | None = Field(default=None, description="The first name of who asks; left out: as known.")
    last_name: Personal[Name] | None = Field(default=None, description="The last name of who asks; left out: as known.")
    phone: Personal[Word] | None = Field(default=None, description="A telephone number, as it was written; left out: as known.")
    company: Personal[Name] | None = Field(default=None, description="Where who asks works, in their words; left out: as known.")


class Thread(WireModel):
    """The conversation a message belongs to, and how that was found (RFC 5322 §3.6.4, signed reply addresses)."""

    root: UUID = Field(description="Names the conversation; every message of it has the same, and it is the Kafka key.")
    relation: Annotated[Word, known_words(MessageRelation)] = Field(description="How the message stands to its conversation.")
    proof: Annotated[Word, known_words(ThreadProof)] = Field(default="none", description="What showed that it belongs there.")
    follows: UUID | None = Field(default=None, description="Root of the thread that a possible follow-up may belong to.")
