"""Mails that go out: what became of them, sending them again, and addresses that are not written to."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from deskstream_contracts.api.shapes import Body
from deskstream_contracts.events.notifications import NotificationKind
from deskstream_contracts.moments import Moment
from deskstream_contracts.wire import File, Personal

DeliveryStatus = Literal["queued", "sending", "sent", "failed"]


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class DeliveryAttempt(BaseModel):
    """One attempt, and what the mail server said."""

    at: datetime = Field(description="When.")
    outcome: Literal["sent", "failed", "retry", "waiting"] = Field(
        description="retry: refused for now. waiting: the server takes no mail from us; that is no attempt that counts."
    )
    answer: Personal[str] = Field(description="What the mail server said.")
    status_code: str | None = Field(description="As in RFC 3463, where it said one.")


class Delivery(_Answer):
    """A mail that was to be sent."""

    id: UUID = Field(description="The same through all attempts.")
    ticket_id: UUID = Field(description="The ticket it is about.")
    ticket_number: int = Field(description="The number people use.")
    kind: NotificationKind = Field(description="What it tells.")
    recipient: Personal[str] = Field(description="Whom it is for.")
    language: str = Field(description="The language it is written in (BCP 47).")
    rfc_message_id: str = Field(description="Its Message-ID with angle brackets: the same in each attempt.")
    status: DeliveryStatus = Field(description="What became of it.")
    attempts: int = Field(description="How often a mail server was asked to take it.")
    detail: Personal[str] = Field(description="The mail server's last answer, or why it was withheld.")
    answers: list[DeliveryAttempt] = Field(description="The last 20 attempts, the newest at the end.")
    queued_at: datetime = Field(description="When it was to be sent.")
    next_attempt_at: datetime = Field(description="When it is tried next, at the earliest.")
    finished_at: datetime | None = Field(description="When it was sent or given up; null until then.")
    files: list[File] = Field(description="What is attached.")


class DeliveryCount(_Answer):
    """How many deliveries of a kind have a status."""

    kind: NotificationKind = Field(description="What they tell.")
    status: DeliveryStatus = Field(description="What became of them.")
    deliveries: int = Field(description="How many.")
    most_attempts: int = Field(description="The most attempts that one of them has had.")


class SuppressedAddress(_Answer):
    """An address that is not written to."""

    email: Personal[str] = Field(description="The address, in lower case.")
    reason: Personal[str] = Field(description="Why, for people.")


class UnsuppressedAddress(_Answer):
    """An address that is written to again."""

    email: Personal[str] = Field(description="The address, in lower case.")


class ResendDeliveries(Body):
    """Which of the failed deliveries go again: since a moment, with an answer, or both."""

    since: Moment | None = Field(default=None, description="Those that failed since then: RFC 3339, with an offset.")
    answer: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = Field(
        default=None, description="A part of what the mail server said, in any case: 535, 5.7.8, 'relay access'."
    )
    after: UUID | None = Field(default=None, description="Goes on where a page ended: its `next`.")


class ResentDelivery(_Answer):
    """A delivery that goes again: the same mail, under the same Message-ID."""

    id: UUID = Field(description="The delivery.")
    status: Literal["queued"] = Field(description="It waits to be sent.")
    rfc_message_id: str = Field(description="Its Message-ID with angle brackets.")


class ResentDeliveries(_Answer):
    """A page of deliveries that go again."""

    resent: int = Field(description="How many go again.")
    kept_back: int = Field(description="How many failed too, and cannot be sent again.")
    next: UUID | None = Field(description="There are more: ask again with it as `after`; null on the last page.")


class HurriedDeliveries(_Answer):
    """Deliveries that wait no longer."""

    hurried: int = Field(description="So many were waiting for a later attempt, and are due now.")
