"""What is known of an address that mail goes to: whether it bounced, and how many automatic mails it had of late."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from deskstream_chassis.refusals import NotFound
from notify_svc.domain.email_address import spelling

_NAMESPACE: Final = UUID("6d1f3c5e-5a0c-5d0e-9d51-8f3b7f3a1c11")
_WINDOW: Final = timedelta(hours=1)
_LONGEST_REASON: Final = 500


class NotSuppressed(NotFound):
    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is not suppressed.")


def address_id(email: str) -> UUID:
    """The id of an address, which follows from it, however it is spelled."""
    return uuid5(_NAMESPACE, spelling(email))


@dataclass(frozen=True, slots=True)
class Address:
    """`automatic_in_window` counts automatic mails since `window_started_at`; without `suppressed_because` it is written to.
    `lifted_at` is when somebody last decided that it is to be written to again."""

    id: UUID
    version: int
    email: str
    window_started_at: datetime
    automatic_in_window: int = 0
    suppressed_because: str | None = None
    lifted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail did not reach `email` (RFC 3464): `action` failed, delayed, …; `status` as in RFC 3463, `5.1.1`. `about`
    is the Message-ID of that mail, where the report names it; `at` is when the report was received."""

    email: str
    about: str | None
    action: str
    status: str
    diagnostic: str | None
    at: datetime


def fresh(email: str, now: datetime) -> Address:
    """An address of which nothing is known yet; it is not stored before something is."""
    return Address(address_id(email), 0, spelling(email), now)


def admit_automatic(address: Address, per_hour: int, now: datetime) -> tuple[Address, bool]:
    """Counts one automatic mail; whether it may go. Two robots that answer each other end here (RFC 3834 §2)."""
    if now - address.window_started_at >= _WINDOW:
        address = replace(address, window_started_at=now, automatic_in_window=0)
    counted = replace(address, version=address.version + 1, automatic_in_window=address.automatic_in_window + 1)
    return counted, counted.automatic_in_window <= per_hour


def bounced(address: Address, bounce: Bounce, ours: bool) -> Address:
    """The address after a bounce. `ours`: whether it is about a message that we did send there.

    Anybody can write a bounce: one about another message silences nobody.
    """
    # Class 5 is permanent (RFC 3463 §2); a full mailbox or a busy server (class 4) is not held against the address.
    permanent = bounce.action == "failed" and bounce.status.startswith("5")
    if not (ours and permanent) or address.suppressed_because is not None:
        return address
    if address.lifted_at is not None and bounce.at <= address.lifted_at:
        return address  # who lifted it knew of this one
    return suppress(address, f"bounced: {bounce.status} {bounce.diagnostic or ''}".strip()[:_LONGEST_REASON])


def suppress(address: Address, reason: str) -> Address:
    """Nothing is sent to it from now on."""
    return replace(address, version=address.version + 1, suppressed_because=reason)


def lift(address: Address, now: datetime) -> Address:
    """It is written to again, whatever bounced before. Raises NotSuppressed."""
    if address.suppressed_because is None:
        raise NotSuppressed(address.email)
    return replace(address, version=address.version + 1, suppressed_because=None, lifted_at=now)
