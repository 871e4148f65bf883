"""What notify-svc tells: what was sent to whom, what could not be sent, and what is to go again."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import NOTIFICATIONS, Topic
from deskstream_contracts.wire import (
    Actor,
    EmailAddress,
    Event,
    Instant,
    LanguageTag,
    Line,
    Personal,
    WireModel,
    Word,
    known_words,
)

NotificationKind = Literal["confirmation", "agent_reply", "resolution", "escalation"]

FailureReason = Literal[
    "refused",
    "expired",
    "suppressed_address",
    "rate_cap",
    "own_address",
    "unusable_address",
    "needs_smtputf8",
    "file_gone",
    "bounced",
]


class NotificationState(WireModel):
    """A mail to one person about one ticket, without its text."""

    id: UUID = Field(description="The delivery's id: the same through all attempts.")
    ticket_id: UUID = Field(description="The ticket it is about, which is the Kafka key.")
    ticket_number: int = Field(description="The number people use.")
    kind: Annotated[Word, known_words(NotificationKind)] = Field(description="What it tells.")
    recipient: Personal[EmailAddress] = Field(description="Whom it is for.")
    language: LanguageTag = Field(description="The language it is written in (BCP 47).")
    rfc_message_id: Line = Field(description="Its Message-ID with angle brackets: the same in each attempt.")
    attempts: int = Field(ge=0, description="How often a mail server was asked to take it.")


class NotificationEvent(Event):
    topic: ClassVar[Topic] = NOTIFICATIONS
    key_path: ClassVar[str] = "notification.ticket_id"
    notification: NotificationState
    at: Instant = Field(description="When it happened.")


class NotificationSentV1(NotificationEvent):
    """The SMTP server took the message (a 250 to its DATA)."""

    type: Literal["notification.sent.v1"] = "notification.sent.v1"
    response: Personal[Line] = Field(description="What the mail server answered.")


class NotificationFailedV1(NotificationEvent):
    """It did not arrive, or will not be sent: refused for good, given up, withheld, or come back after a server had taken it
    (`reason` says which)."""

    type: Literal["notification.failed.v1"] = "notification.failed.v1"
    reason: Annotated[Word, known_words(FailureReason)] = Field(description="Why it is not sent.")
    detail: Personal[Line] = Field(description="One sentence for people, or what the mail server answered.")


class NotificationRequeuedV1(NotificationEvent):
    """It had failed, and somebody has asked for it to be sent again: the same mail, under the same Message-ID."""

    type: Literal["notification.requeued.v1"] = "notification.requeued.v1"
    by: Actor = Field(description="Who asked for it.")
