"""What people are to be told of a ticket: which mails become of it, and which are withheld; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from deskstream_contracts.events.notifications import NotificationKind
from deskstream_contracts.wire import File
from notify_svc.domain import addresses
from notify_svc.domain.addresses import Address
from notify_svc.domain.email_address import EmailAddress, Unusable, parse, spelling
from notify_svc.domain.mail import answering_mailbox, compose, notification_id
from notify_svc.domain.people import Person, language_of
from notify_svc.domain.policy import NotifyPolicy

_ADDRESS_OCTETS: Final = 320

WithheldBecause = Literal["suppressed_address", "rate_cap", "own_address", "unusable_address"]


@dataclass(frozen=True, slots=True)
class TicketRef:
    """The ticket that a notice is about, as its event has it; `written_to` is the address that the first message went to."""

    id: UUID
    version: int
    number: int
    thread_root: UUID
    subject: str
    written_to: str | None
    customer_id: UUID
    customer_version: int
    language: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody of a notice's audience. `cc` is who is shown as copied; `of_customer`: the customer, or who the customer has copied
    in, and so written to in the language that the customer has chosen since."""

    email: str
    name: str | None = None
    cc: tuple[str, ...] = ()
    of_customer: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person, before it is put into words. `since` is when what it tells of began, for its latency.

    `occasion` is what its id follows from, of all that happens to a ticket. One that `awaits` an event is sent when that does not
    come in time; the notice of that event `completes` it.
    """

    kind: NotificationKind
    ticket: TicketRef
    to: Recipient
    values: Mapping[str, object]
    since: datetime
    automatic: bool = True
    references: Sequence[str] = ()
    files: Sequence[File] = ()
    occasion: int = 0
    awaits: bool = False
    completes: bool = False

    @property
    def id(self) -> UUID:
        """The id of its notification, which follows from what it tells of."""
        return notification_id(self.ticket.id, self.occasion, self.kind, self.to.email)


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a mail is not to be sent: for a program, and for people."""

    reason: WithheldBecause
    detail: str


@dataclass(frozen=True, slots=True)
class Notification:
    """A notice as a mail: to be sent, or withheld. `content` has no files yet: they are fetched when it is sent."""

    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: NotificationKind
    recipient: str
    language: str
    rfc_message_id: str
    envelope_from: str
    content: bytes
    since: datetime
    withheld: Withheld | None
    files: Sequence[File] = ()
    awaits: bool = False

    @property
    def attempts(self) -> int:
        """None was made yet."""
        return 0


def put_into_words(
    notice: Notice, person: Person | None, withheld: Withheld | None, policy: NotifyPolicy, now: datetime
) -> Notification:
    """The mail of a notice. `person` is the customer as known by now."""
    ticket, to, desk = notice.ticket, notice.to, policy.desk
    id_ = notice.id
    language = language_of(person if to.of_customer else None, ticket.customer_version, ticket.language)
    values = {"number": ticket.number, "subject": ticket.subject, "desk": desk.name, "link": desk.link_to(ticket.number)}
    values |= notice.values
    subject, text = policy.words.render(notice.kind, language, values)
    mail = compose(
        desk,
        id_=id_,
        kind=notice.kind,
        thread_root=ticket.thread_root,
        mailbox=answering_mailbox(ticket.written_to, desk.domain),
        recipient=_usable(to.email),
        name=to.name,
        cc=[copied for email in to.cc if (copied := _usable(email))],
        language=language,
        subject=subject,
        text=text,
        references=notice.references,
        automatic=notice.automatic,
        now=now,
    )
    return Notification(
        id=id_,
        ticket_id=ticket.id,
        ticket_number=ticket.number,
        kind=notice.kind,
        recipient=spelling(to.email).encode()[:_ADDRESS_OCTETS].decode(errors="ignore"),  # lower case may be longer
        language=language,
        rfc_message_id=mail.rfc_message_id,
        envelope_from=mail.envelope_from,
        content=mail.content,
        since=notice.since,
        withheld=withheld,
        files=notice.files,
        awaits=notice.awaits,
    )


def admit(notice: Notice, address: Address, policy: NotifyPolicy, now: datetime) -> tuple[Address, Withheld | None]:
    """Whether a notice may go to an address (None: it may), and the address with what was counted."""
    try:
        parsed = parse(notice.to.email)
    except Unusable as why:
        return address, Withheld("unusable_address", str(why))
    if parsed.domain == policy.desk.domain:
        return address, Withheld("own_address", "a mail to the desk's own domain would come back as a new request")
    if address.suppressed_because:
        return address, Withheld("suppressed_address", address.suppressed_because)
    if not notice.automatic:
        return address, None
    if (pause := addresses.paused(address, now)) is not None:
        return address, Withheld("suppressed_address", pause)
    counted, admitted = addresses.admit_automatic(address, policy.automatic_per_hour, now)
    if admitted:
        return counted, None
    detail = f"{counted.automatic_in_window} automatic mails to this address within the hour"
    return counted, Withheld("rate_cap", detail)


def _usable(email: str) -> EmailAddress | None:
    try:
        return parse(email)
    except Unusable:
        return None
