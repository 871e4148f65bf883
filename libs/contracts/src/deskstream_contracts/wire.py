"""What every event on the wire has in common."""

from typing import Annotated, Any, ClassVar, Literal, get_args
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from deskstream_contracts.topics import Topic

Instant = AwareDatetime
"""A moment in time: RFC 3339, always with an offset (UTC when we write it)."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
LanguageTag = Annotated[str, Field(min_length=2, max_length=16, examples=["en", "nb"])]
"""BCP 47 language tag."""

Priority = Literal["low", "medium", "high", "critical"]
TicketStatus = Literal["open", "in_progress", "resolved", "closed"]
ChannelKind = Literal["email", "form", "api", "portal", "agent"]


MessageRelation = Literal["new", "reply", "possible_follow_up"]
ThreadProof = Literal["none", "reply_address", "references", "subject_tag"]
ActorKind = Literal["agent", "customer", "program", "rule", "system"]


def known_words(words: Any) -> Any:
    """Marks a text of a vocabulary that will grow: its words today (of a Literal). Writers keep to them, readers pass others by.

    A closed Literal on the wire could never have one word more, as old readers would refuse what they do not know.
    """
    return Field(json_schema_extra={"x-known-values": list(get_args(words))})


class WireModel(BaseModel):
    """A value on the wire. Unknown fields are ignored, so that old readers can read new events."""

    model_config = ConfigDict(extra="ignore", frozen=True)


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

    kind: Annotated[str, known_words(ActorKind)]
    id: str
    name: str | None = None


class Attachment(WireModel):
    """A file that came with a message. Its bytes stay with ingest-svc, inside the raw message: `part` says where."""

    part: int = Field(ge=0, description="Index of the MIME part, in the order of email.message.Message.walk().")
    name: str
    media_type: str
    size: int = Field(ge=0, description="Bytes, decoded.")
    sha256: Sha256
    inline: bool = False


class Channel(WireModel):
    """The door a message came through, e.g. kind=email name=support address=support@desk.example."""

    kind: Annotated[str, known_words(ChannelKind)]
    name: str
    address: str | None = None


class Address(WireModel):
    """A mailbox of RFC 5322 §3.4, its address in lower case."""

    email: str
    name: str | None = None


class Message(WireModel):
    """One thing that somebody wrote to the desk, parsed; the raw form is kept by ingest-svc under the same id."""

    id: UUID = Field(description="The id of its entry in the ledger.")
    channel: Channel
    sender: Address
    sender_proven: bool = Field(description="True only on a DMARC-aligned pass, or a form that vouches for its sender.")
    to: list[Address] = []
    cc: list[Address] = []
    reply_to: list[Address] = []
    subject: str
    text: str
    html: str | None = Field(default=None, description="Sanitised; None where the message had no HTML part.")
    sent_at: Instant | None = Field(default=None, description="The Date header, as the sender claims it.")
    received_at: Instant
    rfc_message_id: str | None = None
    attachments: list[Attachment] = []
    raw_size: int = Field(ge=0, description="Bytes.")
    raw_sha256: Sha256
    defects: list[str] = Field(default=[], description="What was wrong with the message, in words.")


class Requested(WireModel):
    """What a form or an API call asked for beside the text; every field is optional."""

    priority: Priority | None = None
    ticket_type: str | None = None
    tags: list[str] = []
    language: LanguageTag | None = None
    custom_fields: dict[str, str] = {}
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company: str | None = None


class Thread(WireModel):
    """The conversation a message belongs to, and how that was found (RFC 5322 §3.6.4, signed reply addresses)."""

    root: UUID = Field(description="Names the conversation; every message of it has the same, and it is the Kafka key.")
    relation: Annotated[str, known_words(MessageRelation)]
    proof: Annotated[str, known_words(ThreadProof)] = "none"
    follows: UUID | None = Field(default=None, description="Root of the thread that a possible follow-up may belong to.")
