"""Events of others as the domain has them; and the one table of notifications: what happened, whom it goes to, in which words."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

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


def _requester(event: TicketEvent) -> list[Recipient]:
    return [Recipient(event.ticket.requester.email, event.ticket.requester.name)]


def _requester_and_copied(event: TicketAgentRepliedV1) -> list[Recipient]:
    requester, copied = event.ticket.requester, tuple(address.email for address in event.cc)
    return [Recipient(requester.email, requester.name, cc=copied), *(Recipient(email) for email in copied)]


def _escalated_to(event: TicketEscalatedV1) -> list[Recipient]:
    return [Recipient(address.email, address.name, of_customer=False) for address in event.notify]


def _request(event: TicketOpenedV1) -> Values:
    ticket = event.ticket
    opened_at = ticket.opened_at.strftime("%Y-%m-%d %H:%M UTC")
    return {"name": _line(ticket.requester.name), "priority": ticket.priority, "opened_at": opened_at}


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


def _first_message(event: TicketOpenedV1) -> Sequence[str]:
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


def _request_came(event: TicketOpenedV1) -> datetime:
    # Who asks waits from when the message came, however long it took to become a ticket.
    return event.ticket.opened_at


@dataclass(frozen=True, slots=True)
class Announcement(Generic[E]):
    """A kind of notification: what happened, whom it goes to, and what its template is given beside number, subject and desk.

    `references` are the Message-IDs that it answers; `since` is when who gets it began to wait. What is not `automatic` was
    written by a person.
    """

    event: type[E]
    kind: NotificationKind
    audience: Callable[[E], Sequence[Recipient]]
    values: Callable[[E], Values]
    references: Callable[[E], Sequence[str]] = _nothing
    since: Callable[[E], datetime] = _it_happened
    automatic: bool = True
    files: Callable[[E], Sequence[File]] = _no_files


ANNOUNCEMENTS: Final[tuple[Announcement[Any], ...]] = (
    Announcement(TicketOpenedV1, "confirmation", _requester, _request, references=_first_message, since=_request_came),
    Announcement(
        TicketAgentRepliedV1, "agent_reply", _requester_and_copied, _answer, references=_conversation, automatic=False, files=_files
    ),
    Announcement(TicketResolvedV1, "resolution", _requester, _solution),
    Announcement(TicketEscalatedV1, "escalation", _escalated_to, _escalation),
)
"""One line a kind of notification. What is heard follows, and each `templates/<language>/<kind>.txt`, which the start asks for."""

KINDS: Final[tuple[NotificationKind, ...]] = tuple(announcement.kind for announcement in ANNOUNCEMENTS)


def notices_of(event: TicketEvent) -> list[Notice]:
    """Who is to be told of an event, and what; nobody where no line of the table is about it."""
    return [
        Notice(
            kind=announcement.kind,
            ticket=_ticket(event.ticket),
            to=recipient,
            values=announcement.values(event),
            since=announcement.since(event),
            automatic=announcement.automatic,
            references=announcement.references(event),
            files=announcement.files(event),
        )
        for announcement in ANNOUNCEMENTS
        if isinstance(event, announcement.event)
        for recipient in announcement.audience(event)
    ]


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
