"""What notify-svc answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from deskstream_contracts.events.notifications import NotificationKind
from notify_svc.persistence.queries import DeliveryStatus


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Delivery(Answer):
    """A mail that was to be sent. `detail` is the mail server's last answer, or why it was withheld."""

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
    queued_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None


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
