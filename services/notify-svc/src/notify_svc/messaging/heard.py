"""Events of others as the domain has them; and the one table of notifications: what happened, whom it goes to, in which words."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

from deskstream_chassis.files import names
from deskstream_contracts.events.customers import CustomerEvent
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.notifications import NotificationKind
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketOpenedV1,
    TicketResolvedV1,
    TicketState,
    TicketTriagedV1,
)
from deskstream_contracts.wire import File
from notify_svc.domain.addresses import Bounce
from notify_svc.domain.email_address import spelling
from notify_svc.domain.notices import Notice, Recipient, TicketRef
from notify_svc.domain.people import Profile
from notify_svc.domain.wording import fit, one_line

E = TypeVar("E", bound=TicketEvent)
Values = Mapping[str, object]
_TAG: Final = re.compile(r"\A[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")  # BCP 47, as far as it matters here
_UNDETERMINED: Final = "und"
_LONGEST_LINE: Final = 1000
_ONCE: Final = 1  # the version of a ticket's opening, which the id of a confirmation followed from before it awaited anything


Request = TicketOpenedV1 | TicketTriagedV1


def _requester(event: TicketEvent) -> list[Recipient]:
    return [Recipient(event.ticket.requester.email, event.ticket.requester.name)]


def _who_is_told(event: TicketResolvedV1) -> list[Recipient]:
    return [] if event.automatic else _requester(event)


def _who_asked(event: Request) -> list[Recipient]:
    if event.automatic:
        return []  # a machine, a list, a robot: nothing automatic answers it (RFC 3834 §2)
    # A name is a stranger's words, too.
    return _requester(event) if event.sender_proven else [Recipient(event.ticket.requester.email)]


def _requester_and_copied(event: TicketAgentRepliedV1) -> list[Recipient]:
    requester, copied = event.ticket.requester, tuple(address.email for address in event.cc)
    return [Recipient(requester.email, requester.name, cc=copied), *(Recipient(email) for email in copied)]


def _escalated_to(event: TicketEscalatedV1) -> list[Recipient]:
    return [Recipient(address.email, address.name, of_customer=False) for address in event.notify]


def _request(event: Request) -> Values:
    ticket = event.ticket
    values = {
        "name": _line(ticket.requester.name),
        "status": ticket.status,
        "priority": ticket.priority,
        "team": _line(ticket.assignee.team_name),
        "opened_at": ticket.opened_at.strftime("%Y-%m-%d %H:%M UTC"),
    }
    # Whoever writes in another's name has nothing of theirs sent to them by us.
    return values if event.sender_proven else {**values, "name": None, "subject": ""}


def _answer(event: TicketAgentRepliedV1) -> Values:
    return {"text": fit(event.text), "agent": _line(event.by.name or event.by.id)}


def _solution(event: TicketResolvedV1) -> Values:
    return {"name": _line(event.ticket.requester.name), "solution": fit(event.solution)}


def _escalation(event: TicketEscalatedV1) -> Values:
    ticket = event.ticket
    return {
        "reason": fit(event.reason),
        "customer": _line(ticket.requester.name or ticket.requester.email),
        "priority": ticket.priority,
        "team": _line(ticket.assignee.team_name),
        "agent": _line(ticket.assignee.agent_name),
    }


def _first_message(event: Request) -> Sequence[str]:
    return [event.rfc_message_id] if event.rfc_message_id else []


def _conversation(event: TicketAgentRepliedV1) -> Sequence[str]:
    return event.references


def _nothing(_: TicketEvent) -> Sequence[str]:
    return ()


def _no_files(_: TicketEvent) -> Sequence[File]:
    return ()


def _files(event: TicketAgentRepliedV1) -> Sequence[File]:
    return [
        file.model_copy(
            update={
                "name": names.fit(file.name),
                "media_type": names.media_type_of(file.media_type),
                "sha256": one_line(file.sha256, _LONGEST_LINE),
            }
        )
        for file in event.files
    ]


def _it_happened(event: TicketEvent) -> datetime:
    return event.at


def _request_came(event: Request) -> datetime:
    # Who asks waits from when the message came, however long it took to become a ticket.
    return event.ticket.opened_at


@dataclass(frozen=True, slots=True)
class Announcement(Generic[E]):
    """A kind of notification: what happened, whom it goes to, and what its template is given beside number, subject and desk.

    `references` are the Message-IDs that it answers; `since` is when who gets it began to wait. What is not `automatic` was
    written by a person.

    Where `event` only completes what is known since another (`since_event`), the notification is made of that one already, and
    sent without `event` where it does not come in time. There is one a ticket then, whichever of the two is told, and how often.
    """

    event: type[E]
    kind: NotificationKind
    audience: Callable[[E], Sequence[Recipient]]
    values: Callable[[E], Values]
    references: Callable[[E], Sequence[str]] = _nothing
    since: Callable[[E], datetime] = _it_happened
    automatic: bool = True
    files: Callable[[E], Sequence[File]] = _no_files
    since_event: type[TicketEvent] | None = None

    def notices(self, event: TicketEvent) -> list[Notice]:
        """Who is to be told of an event, and what; nobody where the line is not about it."""
        completes = isinstance(event, self.event)
        if not completes and (self.since_event is None or not isinstance(event, self.since_event)):
            return []
        heard = cast(E, event)
        return [
            Notice(
                kind=self.kind,
                ticket=_ticket(event.ticket),
                to=recipient,
                values=self.values(heard),
                since=self.since(heard),
                automatic=self.automatic,
                references=self.references(heard),
                files=self.files(heard),
                occasion=event.ticket.version if self.since_event is None else _ONCE,
                awaits=not completes,
                completes=completes and self.since_event is not None,
            )
            for recipient in self.audience(heard)
        ]


ANNOUNCEMENTS: Final[tuple[Announcement[Any], ...]] = (
    Announcement(
        TicketTriagedV1,
        "confirmation",
        _who_asked,
        _request,
        references=_first_message,
        since=_request_came,
        since_event=TicketOpenedV1,
    ),
    Announcement(
        TicketAgentRepliedV1, "agent_reply", _requester_and_copied, _answer, references=_conversation, automatic=False, files=_files
    ),
    Announcement(TicketResolvedV1, "resolution", _who_is_told, _solution),
    Announcement(TicketEscalatedV1, "escalation", _escalated_to, _escalation),
)
"""One line a kind of notification. What is heard follows, and each `templates/<language>/<kind>.txt`, which the start asks for."""

HEARD: Final = frozenset(
    event for announcement in ANNOUNCEMENTS for event in (announcement.event, announcement.since_event) if event is not None
)
"""All that the table names."""
KINDS: Final[tuple[NotificationKind, ...]] = tuple(announcement.kind for announcement in ANNOUNCEMENTS)


def notices_of(event: TicketEvent) -> list[Notice]:
    """Who is to be told of an event, and what; nobody where no line of the table is about it."""
    return [notice for announcement in ANNOUNCEMENTS for notice in announcement.notices(event)]


def _ticket(state: TicketState) -> TicketRef:
    return TicketRef(
        id=state.id,
        version=state.version,
        number=state.number,
        thread_root=state.thread_root,
        subject=one_line(state.subject, _LONGEST_LINE),
        written_to=state.channel.address,
        customer_id=state.requester.customer_id,
        customer_version=state.requester.customer_version,
        language=_language(state.requester.language),
    )


def profile(event: CustomerEvent) -> Profile:
    """What mail needs to know of a customer."""
    state = event.customer
    name = " ".join(filter(None, (state.first_name, state.last_name))) or None
    return Profile(state.id, state.version, spelling(state.email), _line(name), _language(state.language))


def bounce(event: DeliveryBouncedV1) -> Bounce:
    """A report of a mail that did not arrive."""
    return Bounce(
        email=spelling(event.recipient),
        about=None if event.original_rfc_message_id is None else fit(event.original_rfc_message_id),
        action=event.action,
        status=_line(event.status) or "",
        diagnostic=_line(event.diagnostic),
        at=event.received_at,
    )


def _line(text: str | None) -> str | None:
    return None if text is None else one_line(text, _LONGEST_LINE)


def _language(tag: str) -> str:
    return tag if _TAG.match(tag) else _UNDETERMINED
