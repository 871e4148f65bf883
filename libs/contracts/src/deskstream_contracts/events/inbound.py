"""What ingest-svc tells: everything received has exactly one of these events, and one outcome in the ledger."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import INBOUND, Topic
from deskstream_contracts.wire import (
    Channel,
    EmailAddress,
    Event,
    Instant,
    Line,
    Message,
    Personal,
    Requested,
    Thread,
    Word,
    known_words,
)

SuppressionReason = Literal["auto_reply", "bounce", "loop", "duplicate", "own_message", "mailing_list_control"]
QuarantineReason = Literal["no_sender", "unparseable", "parser_limit", "rate_limit"]


class InboundEvent(Event):
    topic: ClassVar[Topic] = INBOUND
    key_path: ClassVar[str] = "thread.root"
    thread: Thread


class MessageReceivedV1(InboundEvent):
    """A message that belongs in a ticket: a new one, or the one its thread names."""

    type: Literal["message.received.v1"] = "message.received.v1"
    message: Message
    requested: Requested = Requested()


class MessageSuppressedV1(InboundEvent):
    """A message that must not make or move a ticket; it is kept, and the reason is recorded."""

    type: Literal["message.suppressed.v1"] = "message.suppressed.v1"
    message_id: UUID = Field(description="The id of its entry in the ledger.")
    channel: Channel
    sender: Personal[EmailAddress] | None = Field(default=None, description="Its From, in lower case; left out if it had none.")
    subject: Personal[Line] | None = Field(default=None, description="Its subject; left out where it had none.")
    received_at: Instant = Field(description="When the desk said that it has it.")
    reason: Annotated[Word, known_words(SuppressionReason)] = Field(description="Why it is kept away from tickets.")
    detail: Personal[Line] = Field(description="One sentence for people: what gave it away.")
    duplicate_of: UUID | None = Field(default=None, description="The message it repeats; left out for any other reason.")


class MessageQuarantinedV1(InboundEvent):
    """A message that could not be understood or may not be let in; the raw form is kept for a person to decide."""

    type: Literal["message.quarantined.v1"] = "message.quarantined.v1"
    message_id: UUID = Field(description="The id of its entry in the ledger.")
    channel: Channel
    received_at: Instant = Field(description="When the desk said that it has it.")
    reason: Annotated[Word, known_words(QuarantineReason)] = Field(description="Why a person must look.")
    detail: Personal[Line] = Field(description="One sentence for people: what could not be understood.")


class DeliveryBouncedV1(InboundEvent):
    """A delivery status notification (RFC 3464) about a message that the desk sent."""

    type: Literal["delivery.bounced.v1"] = "delivery.bounced.v1"
    message_id: UUID = Field(description="The id of the report's entry in the ledger.")
    recipient: Personal[EmailAddress] = Field(description="Whom our message was for (Final-Recipient), in lower case.")
    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"] = Field(
        description="What became of it (RFC 3464 §2.3.3); only `failed` is final."
    )
    status: Word = Field(description="The status code of RFC 3463, e.g. 5.1.1.")
    diagnostic: Personal[Line] | None = Field(default=None, description="What the other server said; left out if it said nothing.")
    original_rfc_message_id: Line | None = Field(
        default=None, description="The Message-ID of our message, with angle brackets; left out where the report does not tell."
    )
    received_at: Instant = Field(description="When the desk said that it has the report.")
