"""What is known of an address that mail goes to: whether it bounced, and how many automatic mails it had of late."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from deskstream_chassis.refusals import NotFound
from notify_svc.domain.email_address import spelling

_NAMESPACE: Final = UUID("6d1f3c5e-5a0c-5d0e-9d51-8f3b7f3a1c11")
_WINDOW: Final = timedelta(hours=1)
_LONGEST_REASON: Final = 500
_FIRST_PAUSE: Final = timedelta(hours=12)
_LONGEST_PAUSE: Final = timedelta(days=7)
_MOST_DOUBLINGS: Final = 10
_NO_MAILBOX: Final = ("1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4")
_UNDETERMINED: Final = ("0.0", "2.0", "5.0", "")
_PASSES: Final = re.compile(
    r"\b(?:4\d\d|552)[ -]|full|quota|storage|spam|block|polic|reputation|virus|too (?:big|large)|tempor|try again|"
    r"time(?:d )?out|busy|loop",
    re.IGNORECASE,
)


class NotSuppressed(NotFound):
    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is not suppressed.")


def address_id(email: str) -> UUID:
    """The id of an address, which follows from it, however it is spelled."""
    return uuid5(_NAMESPACE, spelling(email))


@dataclass(frozen=True, slots=True)
class Address:
    """`automatic_in_window` counts automatic mails since `window_started_at`; without `suppressed_because` it is written to.
    `lifted_at` is when it was last decided, or shown by a mail from there, that it is to be written to again.

    After a failure that passes nothing automatic goes there until `paused_until`, longer each time (`soft_bounces` in a row).
    """

    id: UUID
    version: int
    email: str
    window_started_at: datetime
    automatic_in_window: int = 0
    suppressed_because: str | None = None
    lifted_at: datetime | None = None
    paused_until: datetime | None = None
    paused_because: str | None = None
    soft_bounces: int = 0


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
    if not ours or bounce.action != "failed" or address.suppressed_because is not None:
        return address
    if address.lifted_at is not None and bounce.at <= address.lifted_at:
        return address  # who lifted it knew of this one
    said = f"bounced: {bounce.status} {bounce.diagnostic or ''}".strip()[:_LONGEST_REASON]
    if is_for_good(bounce):
        return suppress(address, said)
    pause = min(_FIRST_PAUSE * 2 ** min(address.soft_bounces, _MOST_DOUBLINGS), _LONGEST_PAUSE)
    return replace(
        address,
        version=address.version + 1,
        paused_until=bounce.at + pause,
        paused_because=said,
        soft_bounces=address.soft_bounces + 1,
    )


def is_for_good(bounce: Bounce) -> bool:
    """Whether there is no such mailbox (RFC 3463 §3.2). A full one, a busy server, a refused text are no fault of the address."""
    status_class, _, detail = bounce.status.partition(".")
    if status_class != "5":
        return False
    if detail not in _UNDETERMINED:
        return detail in _NO_MAILBOX
    # The code does not tell: the SMTP reply does, or else its words (RFC 5321 §4.2.3).
    return _PASSES.search(bounce.diagnostic or "") is None


def paused(address: Address, now: datetime) -> str | None:
    """Why nothing automatic goes there at the moment; None where it does."""
    if address.paused_until is None or now >= address.paused_until:
        return None
    return f"{address.paused_because}; tried again from {address.paused_until:%Y-%m-%d %H:%M} UTC"


def wrote(address: Address, proven: bool, at: datetime) -> Address:
    """The address after a mail from it, received at that moment: it lives. What was for good takes a proven sender."""
    lifts = proven and address.suppressed_because is not None
    if not lifts and address.paused_until is None:
        return address
    return _lifted(address, None if lifts else address.suppressed_because, at)


def suppress(address: Address, reason: str) -> Address:
    """Nothing is sent to it from now on."""
    return replace(address, version=address.version + 1, suppressed_because=reason)


def lift(address: Address, now: datetime) -> Address:
    """It is written to again, whatever bounced before. Raises NotSuppressed."""
    if address.suppressed_because is None:
        raise NotSuppressed(address.email)
    return _lifted(address, None, now)


def _lifted(address: Address, suppressed_because: str | None, at: datetime) -> Address:
    return replace(
        address,
        version=address.version + 1,
        suppressed_because=suppressed_because,
        lifted_at=at,
        paused_until=None,
        paused_because=None,
        soft_bounces=0,
    )
