"""What happened to a ticket, told to those who should know: the customer, or the people it was escalated to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from deskstream_chassis.bus.consumer import Handler
from deskstream_chassis.watch.metrics import child
from deskstream_contracts.events.notifications import NotificationFailedV1, NotificationState
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketOpenedV1,
    TicketResolvedV1,
    TicketState,
)
from notify_svc import metrics
from notify_svc.domain import addresses
from notify_svc.domain.addresses import address_id
from notify_svc.domain.mail import Desk, Mail, Words, compose, notification_id
from notify_svc.persistence.unit import NotifyUnit

Kind = Literal["confirmation", "agent_reply", "resolution", "escalation"]
Withheld = Literal["suppressed_address", "rate_cap", "own_address"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person, before it is put into words."""

    kind: Kind
    to: tuple[str, str | None]
    values: dict[str, Any]
    automatic: bool = True
    cc: Sequence[str] = ()
    references: Sequence[str] = ()
    about_customer: bool = True


@dataclass(frozen=True, slots=True)
class Notifier:
    """Makes deliveries out of notices: chooses the language, keeps to the caps, composes the mail."""

    desk: Desk
    words: Words
    automatic_per_hour: int
    give_up_after: timedelta

    def handler(self, notices: Callable[[Any], list[Notice]]) -> Handler[NotifyUnit, Any]:
        def needs(unit: NotifyUnit, event: TicketEvent) -> None:
            unit.people.need(event.ticket.requester.customer_id)
            unit.addresses.need(*(address_id(n.to[0]) for n in notices(event)))

        def handle(unit: NotifyUnit, event: TicketEvent) -> None:
            for notice in notices(event):
                self._deliver(unit, event, notice)

        return Handler(needs, handle)

    def _deliver(self, unit: NotifyUnit, event: TicketEvent, notice: Notice) -> None:
        ticket = event.ticket
        email = notice.to[0].lower()
        assert unit.cause.event_id is not None
        id_ = notification_id(unit.cause.event_id, notice.kind, email)
        person = unit.people.get(ticket.requester.customer_id) if notice.about_customer else None
        newer = person is not None and person.customer_version > ticket.requester.customer_version
        language = person.language if person and newer else ticket.requester.language
        withheld = self._withheld(unit, email, notice.automatic)
        mail = self._compose(unit, ticket, notice, id_, language)
        failure = withheld[1] if withheld else ""
        unit.deliveries.add(
            id=id_,
            ticket_id=ticket.id,
            ticket_number=ticket.number,
            kind=notice.kind,
            recipient=email,
            language=language,
            rfc_message_id=mail.rfc_message_id,
            envelope_from=mail.envelope_from,
            content=mail.content,
            status="failed" if withheld else "queued",
            detail=failure,
            # Who asks waits from when the message came, however long it took to become a ticket.
            began_at=ticket.opened_at if notice.kind == "confirmation" else event.at,
            queued_at=unit.now,
            next_attempt_at=unit.now,
            expires_at=unit.now + self.give_up_after,
            finished_at=unit.now if withheld else None,
            correlation_id=unit.cause.correlation_id,
            traceparent=unit.cause.traceparent,
        )
        if withheld:
            child(metrics.WITHHELD, withheld[0]).inc()
            state = NotificationState(
                id=id_,
                ticket_id=ticket.id,
                ticket_number=ticket.number,
                kind=notice.kind,
                recipient=email,
                language=language,
                rfc_message_id=mail.rfc_message_id,
                attempts=0,
            )
            unit.record(NotificationFailedV1(notification=state, at=unit.now, reason=withheld[0], detail=failure))

    def _compose(self, unit: NotifyUnit, ticket: TicketState, notice: Notice, id_: Any, language: str) -> Mail:
        values = {"number": ticket.number, "subject": ticket.subject, "desk": self.desk.name, **notice.values}
        subject, text = self.words.render(notice.kind, language, values)
        return compose(
            self.desk,
            id_=id_,
            kind=notice.kind,
            thread_root=ticket.thread_root,
            mailbox=_mailbox(ticket, self.desk.domain),
            recipient=notice.to,
            cc=notice.cc,
            language=language,
            subject=subject,
            text=text,
            references=notice.references,
            automatic=notice.automatic,
            now=unit.now,
        )

    def _withheld(self, unit: NotifyUnit, email: str, automatic: bool) -> tuple[Withheld, str] | None:
        if email.rpartition("@")[2] == self.desk.domain.lower():
            return "own_address", "a mail to the desk's own domain would come back as a new request"
        known = unit.addresses.get(address_id(email)) or addresses.fresh(email, unit.now)
        if known.suppressed_because:
            return "suppressed_address", known.suppressed_because
        if not automatic:
            return None
        counted, admitted = addresses.admit_automatic(known, self.automatic_per_hour, unit.now)
        unit.addresses.put(counted)
        if admitted:
            return None
        return "rate_cap", f"{counted.automatic_in_window} automatic mails to this address within the hour"


def confirmation(event: TicketOpenedV1) -> list[Notice]:
    ticket = event.ticket
    values = {
        "name": ticket.requester.name,
        "priority": ticket.priority,
        "opened_at": ticket.opened_at.strftime("%Y-%m-%d %H:%M UTC"),
    }
    references = [event.rfc_message_id] if event.rfc_message_id else []
    return [Notice("confirmation", (ticket.requester.email, ticket.requester.name), values, references=references)]


def agent_reply(event: TicketAgentRepliedV1) -> list[Notice]:
    requester = event.ticket.requester
    cc = [address.email for address in event.cc]
    values = {"text": event.text, "agent": event.by.name or event.by.id}
    people = [(requester.email, requester.name), *((email, None) for email in cc)]
    return [
        Notice("agent_reply", to, values, automatic=False, cc=cc if index == 0 else (), references=event.references)
        for index, to in enumerate(people)
    ]


def resolution(event: TicketResolvedV1) -> list[Notice]:
    requester = event.ticket.requester
    values = {"name": requester.name, "solution": event.solution}
    return [Notice("resolution", (requester.email, requester.name), values)]


def escalation(event: TicketEscalatedV1) -> list[Notice]:
    ticket = event.ticket
    values = {
        "reason": event.reason,
        "customer": ticket.requester.name or ticket.requester.email,
        "priority": ticket.priority,
        "team": ticket.assignee.team_name,
        "agent": ticket.assignee.agent_name,
    }
    return [Notice("escalation", (a.email, a.name), values, about_customer=False) for a in event.notify]


def _mailbox(ticket: TicketState, domain: str) -> str | None:
    local, _, at = (ticket.channel.address or "").partition("@")
    return local.partition("+")[0] if local and at.lower() == domain.lower() else None
