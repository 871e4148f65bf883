"""Attempts to deliver a mail, and what becomes of them; pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from deskstream_contracts.events.notifications import NotificationKind

_LONGEST_DELAY_SECONDS: Final = 3600.0
_MOST_DOUBLINGS: Final = 12


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail that is to be sent now. `expires` and `claimed_until` are seconds of this process's monotonic clock: so the database's
    clock decides, however wrong this host's is."""

    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: NotificationKind
    recipient: str
    language: str
    rfc_message_id: str
    envelope_from: str
    content: bytes
    attempts: int
    correlation_id: str
    traceparent: str
    expires: float
    claimed_until: float
    began_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `retry` waits `delay_seconds`."""

    delivery: Delivery
    status: Literal["sent", "failed", "retry"]
    detail: str
    delay_seconds: float = 0.0
    failed_because: Literal["refused", "expired"] = "refused"


def not_taken(delivery: Delivery, why: str, first_delay_seconds: float, monotonic_now: float) -> Outcome:
    """The server did not take it for now: it is tried again, each time after twice as long, up to an hour; or it has expired."""
    if monotonic_now >= delivery.expires:
        return Outcome(delivery, "failed", why, failed_because="expired")
    delay = min(first_delay_seconds * 2 ** min(delivery.attempts - 1, _MOST_DOUBLINGS), _LONGEST_DELAY_SECONDS)
    return Outcome(delivery, "retry", why, delay)
