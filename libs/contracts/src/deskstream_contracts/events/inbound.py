"""What ingest-svc tells: everything received has exactly one of these events, and one outcome in the ledger."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from deskstream_contracts.topics import INBOUND, Topic
from deskstream_contracts.wire import (
    Channel,
    EmailAddress,
    Event,
    Instant,
    Line,
    Message,
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
    message_id: UUID
    channel: Channel
    sender: EmailAddress | None = None
    subject: Line | None = None
    received_at: Instant
    reason: Annotated[Word, known_words(SuppressionReason)]
    detail: Line
    duplicate_of: UUID | None = None


class MessageQuarantinedV1(InboundEvent):
    """A message that could not be understood or may not be let in; the raw form is kept for a person to decide."""

    type: Literal["message.quarantined.v1"] = "message.quarantined.v1"
    message_id: UUID
    channel: Channel
    received_at: Instant
    reason: Annotated[Word, known_words(QuarantineReason)]
    detail: Line


class DeliveryBouncedV1(InboundEvent):
    """A delivery status notification (RFC 3464) about a message that the desk sent."""

    type: Literal["delivery.bounced.v1"] = "delivery.bounced.v1"
    message_id: UUID
    recipient: EmailAddress
    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: Word
    diagnostic: Line | None = None
    original_rfc_message_id: Line | None = None
    received_at: Instant
