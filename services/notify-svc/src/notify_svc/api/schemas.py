"""What notify-svc answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints

from deskstream_chassis.moments import Moment
from deskstream_contracts.events.notifications import NotificationKind
from deskstream_contracts.wire import File
from notify_svc.persistence.queries import DeliveryStatus


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Attempt(BaseModel):
    """One attempt and what the mail server said: `status_code` as in RFC 3463, where it says one."""

    at: datetime
    outcome: Literal["sent", "failed", "retry", "waiting"] = Field(
        description="retry: refused for now. waiting: the server takes no mail from us; that is no attempt that counts."
    )
    answer: str
    status_code: str | None


class Delivery(Answer):
    """A mail that was to be sent. `detail` is the mail server's last answer, or why it was withheld; `answers` are those of the
    last 20 attempts, the newest at the end."""

    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: NotificationKind
    recipient: str
    language: str
    rfc_message_id: str
    status: DeliveryStatus
    attempts: int
    detail: str
    answers: Json[list[Attempt]]
    queued_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None
    files: Json[list[File]]


class DeliveryCount(Answer):
    kind: NotificationKind
    status: DeliveryStatus
    deliveries: int
    most_attempts: int


class SuppressedAddress(Answer):
    """An address that is not written to."""

    email: str
    reason: str


class Lifted(Answer):
    """An address that is written to again."""

    email: str


class Resend(BaseModel):
    """Which of the failed deliveries go again: since a moment, with an answer, or both. `after` goes on where a page ended."""

    model_config = ConfigDict(extra="forbid")
    since: Moment | None = None
    answer: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = Field(
        default=None, description="A part of what the mail server said, in any case: 535, 5.7.8, 'relay access'."
    )
    after: UUID | None = None


class Resent(Answer):
    """A delivery that goes again: the same mail, under the same Message-ID."""

    id: UUID
    status: Literal["queued"]
    rfc_message_id: str


class ResentMany(Answer):
    """`kept_back`: failed too, and cannot be sent again. `next`: ask again with it as `after`, there are more."""

    resent: int
    kept_back: int
    next: UUID | None


class Hurried(Answer):
    """So many were waiting for a later attempt, and are due now."""

    hurried: int
