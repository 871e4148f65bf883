"""The sender and a mail server: what it takes is sent once and published, what it refuses is published or tried again."""

import asyncio
import email
import email.policy
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope

from deskstream_chassis.testing import OpenService, another, following, received
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.notifications import NotificationEvent, NotificationFailedV1, NotificationSentV1
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketCustomerRepliedV1, TicketOpenedV1, TicketResolvedV1

from .conftest import Open
from .looks import bounce_of, deliveries

pytestmark = pytest.mark.anyio
JIM = "jim@sample.com"


@dataclass
class MailServer:
    """Answers each recipient as it is told to, and keeps what it has taken."""

    answer: str = "250 ok"
    taken: list[Envelope] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(self, _: SMTP, __: Any, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802 (aiosmtpd's name)
        envelope.rcpt_tos.append(address)
        if not self.answer.startswith("250"):
            self.asked.set()
        return self.answer

    async def handle_DATA(self, _: SMTP, __: Any, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        self.taken.append(envelope)
        self.asked.set()
        return "250 queued as 7"


@asynccontextmanager
async def sending(opens: Open, server: MailServer, **settings: Any) -> AsyncIterator[OpenService]:
    """The service, with a mail server to send to."""
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(server), "127.0.0.1", 0)
    try:
        async with opens(role="all", smtp_port=listening.sockets[0].getsockname()[1], **settings) as desk:
            yield desk
    finally:
        listening.close()


async def sent_until_asked(desk: OpenService, server: MailServer) -> None:
    """Runs the sender until the server has answered; at its stop it records what has ended."""
    stop = asyncio.Event()
    sender = asyncio.create_task(desk.worker("sender").run(stop))
    await asyncio.wait_for(server.asked.wait(), 10)
    stop.set()
    await sender
    server.asked.clear()


async def test_a_mail_that_the_server_takes_is_sent_and_told(opens: Open) -> None:
    server = MailServer()
    async with sending(opens, server) as desk:
        message = received(another(TicketOpenedV1), correlation_id="mail-1")
        await desk.settle(message)
        await sent_until_asked(desk, server)
        (published,) = await desk.outbox(NotificationEvent)
        assert isinstance(published.event, NotificationSentV1)
        assert (published.event.notification.recipient, published.event.notification.attempts) == (JIM, 1)
        assert (published.event.response, published.correlation_id, published.key) == ("queued as 7", "mail-1", message.key)
        (delivery,) = await deliveries(desk, status="sent")
        assert delivery["rfc_message_id"] == published.event.notification.rfc_message_id
        (envelope,) = server.taken
        assert envelope.rcpt_tos == [JIM]
        assert envelope.mail_from is not None
        assert envelope.mail_from.startswith("support+r"), "a bounce finds its thread"


async def test_a_mail_that_came_back_is_no_delivered_one(opens: Open) -> None:
    server = MailServer()
    async with sending(opens, server) as desk:
        opened = another(TicketOpenedV1)
        await desk.settle(opened)
        await sent_until_asked(desk, server)
        report = await bounce_of(desk, opened, action="failed", status="5.2.2", diagnostic="552 mailbox full")
        await desk.settle(report)
        (failed,) = await desk.published(NotificationFailedV1)
        assert (failed.reason, failed.detail, failed.notification.ticket_id) == (
            "bounced",
            "5.2.2 552 mailbox full",
            opened.ticket.id,
        )
        (delivery,) = await deliveries(desk, status="failed")
        assert (delivery["rfc_message_id"], delivery["detail"]) == (failed.notification.rfc_message_id, failed.detail)
        await desk.settle(
            another(DeliveryBouncedV1, recipient=report.recipient, original_rfc_message_id=report.original_rfc_message_id)
        )
        assert len(await desk.published(NotificationFailedV1)) == 1, "told once"


async def test_what_the_customer_writes_ends_the_pause_after_a_full_mailbox(opens: Open) -> None:
    server = MailServer()
    async with sending(opens, server) as desk:
        opened = another(TicketOpenedV1)
        await desk.settle(opened)
        await sent_until_asked(desk, server)
        now = datetime.now(UTC).isoformat()
        await desk.settle(await bounce_of(desk, opened, action="failed", status="5.2.2", received_at=now))
        await desk.settle(following(opened, TicketResolvedV1))
        assert [e.reason for e in await desk.published(NotificationFailedV1)] == ["bounced", "suppressed_address"]
        by = {"kind": "customer", "id": str(opened.ticket.requester.customer_id)}
        await desk.settle(following(opened, TicketCustomerRepliedV1, by=by, at=now))
        await desk.settle(following(opened, TicketResolvedV1, ticket={"version": 9}))
        assert [d["status"] for d in await deliveries(desk, ticket_id=opened.ticket.id) if d["kind"] == "resolution"].count(
            "queued"
        ) == 1


async def test_a_mail_that_is_refused_for_good_is_given_up_and_told(opens: Open) -> None:
    server = MailServer("550 5.1.1 no such user")
    async with sending(opens, server) as desk:
        await desk.settle(another(TicketOpenedV1))
        await sent_until_asked(desk, server)
        (failed,) = await desk.published(NotificationFailedV1)
        assert (failed.reason, failed.detail) == ("refused", "550 5.1.1 no such user")
        (delivery,) = await deliveries(desk, status="failed")
        assert (delivery["attempts"], delivery["detail"]) == (1, failed.detail)


async def test_a_mail_that_is_refused_for_now_waits_and_is_sent_under_the_same_id(opens: Open) -> None:
    server = MailServer("451 4.2.1 later")
    async with sending(opens, server, retry_first_seconds=0) as desk:
        await desk.settle(another(TicketOpenedV1))
        await sent_until_asked(desk, server)
        assert await desk.published(NotificationEvent) == []
        (waiting,) = await deliveries(desk, status="queued")
        assert waiting["detail"] == "451 4.2.1 later"
        server.answer = "250 ok"
        await sent_until_asked(desk, server)
        (sent,) = await desk.published(NotificationSentV1)
        assert sent.notification.attempts == waiting["attempts"] + 1
        assert sent.notification.rfc_message_id == waiting["rfc_message_id"]


async def test_a_mail_that_is_refused_for_too_long_is_given_up_and_told(opens: Open) -> None:
    server = MailServer("451 4.2.1 later")
    async with sending(opens, server, give_up_after_hours=0) as desk:
        await desk.settle(another(TicketOpenedV1))
        await sent_until_asked(desk, server)
        (failed,) = await desk.published(NotificationFailedV1)
        assert (failed.reason, failed.detail) == ("expired", "451 4.2.1 later")


async def test_what_is_withheld_is_never_sent(opens: Open) -> None:
    server = MailServer()
    async with sending(opens, server) as desk:
        own = another(TicketOpenedV1, ticket={"requester": {"email": "robot@desk.example"}})
        await desk.settle(own, another(TicketOpenedV1))
        await sent_until_asked(desk, server)
        assert [e.rcpt_tos for e in server.taken] == [[JIM]]


class Ticket:
    """A ticket-svc that gives out one file, or what it is told to answer."""

    def __init__(self, content: bytes) -> None:
        self.status, self.content, self.asked = 200, content, 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self.status, stream=httpx.ByteStream(self.content if self.status == 200 else b"{}"))

    def answered(self) -> TicketAgentRepliedV1:
        """An answer that has the file."""
        sha256 = hashlib.sha256(self.content).hexdigest()
        file = {"id": str(uuid4()), "name": "blå.bin", "media_type": "image/png", "size": len(self.content), "sha256": sha256}
        return another(TicketAgentRepliedV1, files=[file], cc=[])


async def test_an_answer_takes_its_files_along_which_are_asked_for_only_then(opens: Open) -> None:
    server, ticket = MailServer(), Ticket(bytes(range(256)) * 1000)
    async with sending(opens, server, to_ticket=httpx.MockTransport(ticket)) as desk:
        await desk.settle(ticket.answered())
        assert ticket.asked == 0, "nobody is asked while an event is handled"
        await sent_until_asked(desk, server)
        assert len(await desk.published(NotificationSentV1)) == 1
        (envelope,) = server.taken
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        (part,) = message.iter_attachments()
        assert (part.get_filename(), part.get_content_type()) == ("blå.bin", "image/png")
        assert part.get_payload(decode=True) == ticket.content
        (delivery,) = await deliveries(desk, status="sent")
        assert [file["name"] for file in delivery["files"]] == ["blå.bin"]


async def test_where_files_are_away_the_mail_waits_with_the_reason_and_goes_later(opens: Open) -> None:
    server, ticket = MailServer(), Ticket(b"words")
    ticket.status = 503
    async with sending(opens, server, to_ticket=httpx.MockTransport(ticket), retry_first_seconds=0) as desk:
        await desk.settle(ticket.answered())
        # Who has no files does not wait for those who have.
        await desk.settle(another(TicketOpenedV1))
        await sent_until_asked(desk, server)
        (waiting,) = await deliveries(desk, status="queued")
        assert waiting["detail"] == "its files cannot be fetched from ticket-svc: it answers 503"
        assert waiting["answers"][-1]["outcome"] == "retry"
        ticket.status = 200
        await sent_until_asked(desk, server)
        assert await deliveries(desk, status="queued") == []
        assert len(server.taken) == 2


async def test_an_answer_whose_file_is_gone_is_given_up_with_that_reason(opens: Open) -> None:
    server, ticket = MailServer(), Ticket(b"words")
    ticket.status = 410
    async with sending(opens, server, to_ticket=httpx.MockTransport(ticket)) as desk:
        await desk.settle(ticket.answered())
        await desk.settle(another(TicketOpenedV1))
        await sent_until_asked(desk, server)
        (failed,) = await desk.published(NotificationFailedV1)
        assert (failed.reason, failed.detail) == ("file_gone", "the file 'blå.bin' is no longer there")
        assert len(server.taken) == 1
