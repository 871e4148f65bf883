"""What notify-svc tells: what was sent to whom, what could not be sent, and what is to go again."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import NOTIFICATIONS, Topic
from deskstream_contracts.wire import Actor, EmailAddress, Event, Instant, LanguageTag, Line, WireModel, Word, known_words

NotificationKind = Literal["confirmation", "agent_reply", "resolution", "escalation"]

FailureReason = Literal[
    "refused", "expired", "suppressed_address", "rate_cap", "own_address", "unusable_address", "needs_smtputf8", "file_gone"
]


class NotificationState(WireModel):
    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: Annotated[Word, known_words(NotificationKind)]
    recipient: EmailAddress
    language: LanguageTag
    rfc_message_id: Line
    attempts: int = Field(ge=0)


class NotificationEvent(Event):
    topic: ClassVar[Topic] = NOTIFICATIONS
    key_path: ClassVar[str] = "notification.ticket_id"
    notification: NotificationState
    at: Instant


class NotificationSentV1(NotificationEvent):
    """The SMTP server took the message (a 250 to its DATA)."""

    type: Literal["notification.sent.v1"] = "notification.sent.v1"
    response: Line


class NotificationFailedV1(NotificationEvent):
    """It will not be sent: refused for good, given up, or withheld (`reason` says which)."""

    type: Literal["notification.failed.v1"] = "notification.failed.v1"
    reason: Annotated[Word, known_words(FailureReason)]
    detail: Line


class NotificationRequeuedV1(NotificationEvent):
    """It had failed, and somebody has asked for it to be sent again: the same mail, under the same Message-ID."""

    type: Literal["notification.requeued.v1"] = "notification.requeued.v1"
    by: Actor
