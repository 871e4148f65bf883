"""Attempts to deliver a mail, and what becomes of them; pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from deskstream_chassis.refusals import Conflict, NotFound
from deskstream_contracts.events.notifications import NotificationKind
from deskstream_contracts.wire import File
from notify_svc.domain.answers import Answer
from notify_svc.domain.email_address import Unusable, parse
from notify_svc.domain.relay import Closed

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
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery that was claimed. `retry` and `waiting` go on after `delay_seconds`; `waiting` is no attempt that
    counts: the server did not take mail from us, or the mail was not tried (then there is no `answer`)."""

    delivery: Delivery
    status: Literal["sent", "failed", "retry", "waiting"]
    detail: str
    answer: Answer | None = None
    delay_seconds: float = 0.0
    failed_because: Literal["refused", "expired", "unusable_address", "needs_smtputf8", "file_gone"] = "refused"


def taken(delivery: Delivery, answer: Answer) -> Outcome:
    """The server has it."""
    return Outcome(delivery, "sent", answer.words, answer)


def refused(delivery: Delivery, answer: Answer, first_delay_seconds: float, monotonic_now: float) -> Outcome:
    """The server refused this mail: for good, or for now."""
    if answer.permanent:
        return Outcome(delivery, "failed", str(answer), answer)
    return not_taken(delivery, answer, first_delay_seconds, monotonic_now)


def not_taken(delivery: Delivery, answer: Answer, first_delay_seconds: float, monotonic_now: float) -> Outcome:
    """The server did not take it for now: it is tried again, each time after twice as long, up to an hour; or it has expired."""
    if monotonic_now >= delivery.expires:
        return Outcome(delivery, "failed", str(answer), answer, failed_because="expired")
    delay = min(first_delay_seconds * 2 ** min(delivery.attempts - 1, _MOST_DOUBLINGS), _LONGEST_DELAY_SECONDS)
    return Outcome(delivery, "retry", str(answer), answer, delay)


def held_up(delivery: Delivery, closed: Closed, monotonic_now: float, *, tried: bool) -> Outcome:
    """The server takes no mail from us: the mail waits for the next try, or has expired. `tried`: this mail found it out."""
    answer = closed.answer if tried else None
    if monotonic_now >= delivery.expires:
        return Outcome(delivery, "failed", closed.words, answer, failed_because="expired")
    return Outcome(delivery, "waiting", closed.words, answer, max(closed.try_at - monotonic_now, 0.0))


class CannotBeResent(Conflict):
    pass


class ContentIsGone(CannotBeResent):
    def __init__(self) -> None:
        super().__init__("What it said is no longer kept, so it cannot be sent again: write a new reply in the ticket.")


class NoSuchDelivery(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such delivery.")


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A delivery as it is kept; `status` is queued, sending, sent or failed. Without content what it said is no longer kept."""

    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: NotificationKind
    recipient: str
    language: str
    rfc_message_id: str
    attempts: int
    status: str
    has_content: bool


def resend(kept: KeptDelivery, suppressed_because: str | None, own_domain: str) -> bool:
    """Whether it is to be queued again; not where it is already. Raises CannotBeResent where it must not go, or may have gone.

    It goes under its own Message-ID: if the server took it and we never heard, the recipient's mailbox knows the two for one.
    """
    if kept.status == "queued":
        return False
    if kept.status == "sent":
        raise CannotBeResent("It was sent: the mail server has it.")
    if kept.status == "sending":
        raise CannotBeResent("It is being sent at this moment: wait for what comes of it.")
    if not kept.has_content:
        raise ContentIsGone
    try:
        domain = parse(kept.recipient).domain
    except Unusable as why:
        raise CannotBeResent(f"It has nobody to go to: {why}.") from why
    if domain == own_domain:
        raise CannotBeResent("It would come back as a new request: the address is one of the desk's own.")
    if suppressed_because is not None:
        raise CannotBeResent(f"{kept.recipient} is not written to ({suppressed_because}): let it be written to again first.")
    return True
