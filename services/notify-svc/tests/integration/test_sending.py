"""The sender and a mail server: what it takes is sent once and published, what it refuses is published or tried again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from deskstream_chassis.testing import OpenService, another, received
from deskstream_contracts.events.notifications import NotificationEvent, NotificationFailedV1, NotificationSentV1
from deskstream_contracts.events.tickets import TicketOpenedV1

from .conftest import Open
from .looks import deliveries

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
