"""What is known of an address that mail goes to: whether it bounced, and how many automatic mails it had of late."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

_NAMESPACE = UUID("6d1f3c5e-5a0c-5d0e-9d51-8f3b7f3a1c11")
_WINDOW = timedelta(hours=1)


def address_id(email: str) -> UUID:
    return uuid5(_NAMESPACE, email.lower())


@dataclass(frozen=True, slots=True)
class Address:
    id: UUID
    version: int
    email: str
    window_started_at: datetime
    automatic_in_window: int = 0
    suppressed_because: str | None = None


def fresh(email: str, now: datetime) -> Address:
    return Address(address_id(email), 0, email.lower(), now)


def admit_automatic(address: Address, per_hour: int, now: datetime) -> tuple[Address, bool]:
    """Counts one automatic mail; whether it may go. Two robots that answer each other end here (RFC 3834 §2)."""
    if now - address.window_started_at >= _WINDOW:
        address = replace(address, window_started_at=now, automatic_in_window=0)
    counted = replace(address, version=address.version + 1, automatic_in_window=address.automatic_in_window + 1)
    return counted, counted.automatic_in_window <= per_hour


def suppress(address: Address, reason: str) -> Address:
    return replace(address, version=address.version + 1, suppressed_because=reason)


def lift(address: Address) -> Address:
    return replace(address, version=address.version + 1, suppressed_because=None)
