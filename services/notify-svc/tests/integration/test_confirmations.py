"""A confirmation waits for the rules' first decision, goes without it when that does not come, and goes once."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deskstream_chassis.testing import OpenService, another, following, received
from deskstream_contracts.events.notifications import NotificationSentV1
from deskstream_contracts.events.tickets import TicketOpenedV1, TicketTriagedV1

from .conftest import Open
from .looks import deliveries, mail_to
from .relay import Relay, listening

pytestmark = pytest.mark.anyio
JIM = "jim@sample.com"


def triaged(opened: TicketOpenedV1, **changes: Any) -> TicketTriagedV1:
    return following(opened, TicketTriagedV1, **changes)


@asynccontextmanager
async def at_work(opens: Open, seconds: float) -> AsyncIterator[tuple[OpenService, Relay]]:
    """The service with its sender at work, which confirms after so many seconds at most."""
    async with (
        listening(Relay()) as relay,
        opens(role="all", smtp_port=relay.port, confirm_after_seconds=seconds) as desk,
    ):
        stop = asyncio.Event()
        sender = asyncio.create_task(desk.worker("sender").run(stop))
        try:
            yield desk, relay
        finally:
            stop.set()
            await asyncio.wait_for(sender, 20)


async def until_sent(desk: OpenService, count: int = 1) -> None:
    async with asyncio.timeout(20):
        while len(await desk.published(NotificationSentV1)) < count:  # noqa: ASYNC110 (what is waited for is in the database)
            await asyncio.sleep(0.02)


def words(relay: Relay) -> str:
    (mail,) = relay.taken
    text: str = email.message_from_bytes(mail.content, policy=email.policy.default).get_content()
    return text


async def test_it_goes_with_the_first_decision_and_in_the_words_after_it(opens: Open) -> None:
    async with at_work(opens, 300) as (desk, relay):
        opened = another(TicketOpenedV1, ticket={"priority": "medium"})
        await desk.settle(opened)
        (waiting,) = await deliveries(desk)
        assert (waiting["status"], waiting["attempts"]) == ("queued", 0)
        await asyncio.sleep(0.7)
        assert relay.taken == [], "the sender has looked meanwhile"
        await desk.settle(triaged(opened, ticket={"priority": "critical", "requester": {"language": "de"}}))
        await until_sent(desk)
        assert "Kritisch" in words(relay)
        (sent,) = await deliveries(desk)
        assert (sent["id"], sent["rfc_message_id"], sent["language"]) == (waiting["id"], waiting["rfc_message_id"], "de")


async def test_it_goes_without_the_decision_when_that_does_not_come_and_not_again_when_it_does(opens: Open) -> None:
    async with at_work(opens, 0.5) as (desk, relay):
        opened = another(TicketOpenedV1, ticket={"priority": "medium"})
        await desk.settle(opened)
        await until_sent(desk)
        late = received(triaged(opened, ticket={"priority": "critical"}))
        await desk.settle(late, late)
        await desk.execute("DELETE FROM inbox")
        await desk.settle(opened, late)
        await asyncio.sleep(0.7)
        assert "Medium" in words(relay)
        assert [d["status"] for d in await deliveries(desk)] == ["sent"]


@pytest.mark.parametrize("order", ["in one batch", "the decision first", "told again and again"])
async def test_it_goes_once_in_whatever_order_and_however_often_that_is_told(opens: Open, order: str) -> None:
    async with at_work(opens, 300) as (desk, relay):
        opened = another(TicketOpenedV1, ticket={"priority": "medium"})
        first, second = received(opened), received(triaged(opened, ticket={"priority": "critical"}))
        if order == "in one batch":
            await desk.settle(first, second)
        elif order == "the decision first":
            await desk.settle(second)
            await desk.settle(first)
        else:
            for _ in range(3):
                await desk.settle(first, second, first)
                await desk.execute("DELETE FROM inbox")
        await until_sent(desk)
        await desk.settle(first, second)
        await asyncio.sleep(0.7)
        assert "Critical" in words(relay)
        assert [d["status"] for d in await deliveries(desk)] == ["sent"]


async def test_what_is_under_way_stays_as_it_is(opens: Open) -> None:
    async with opens(confirm_after_seconds=0) as desk:
        opened = another(TicketOpenedV1, ticket={"priority": "medium"})
        for state in ("status = 'sending', attempts = 1", "status = 'queued', attempts = 1", "status = 'failed', attempts = 1"):
            await desk.settle(opened)
            await desk.execute(f"UPDATE deliveries SET {state}, next_attempt_at = '2100-01-01'")
            before = await desk.rows("SELECT status, content, next_attempt_at FROM deliveries")
            await desk.settle(triaged(opened, ticket={"priority": "critical"}))
            assert await desk.rows("SELECT status, content, next_attempt_at FROM deliveries") == before


async def test_what_was_withheld_stays_so(opens: Open) -> None:
    async with opens(confirm_after_seconds=300) as desk:
        opened = another(TicketOpenedV1, ticket={"requester": {"email": "robot@desk.example"}})
        await desk.settle(opened)
        await desk.settle(triaged(opened))
        assert [(d["status"], d["kind"]) for d in await deliveries(desk)] == [("failed", "confirmation")]


async def test_it_names_where_the_ticket_is_seen_and_to_who_is_not_proven_nothing_else_but_where_it_stands(opens: Open) -> None:
    async with opens(ticket_link="https://help.desk.example/t/{number}") as desk:
        await desk.settle(another(TicketOpenedV1, sender_proven=False, ticket={"subject": "Buy at evil.example"}))
        mail = await mail_to(desk, JIM)
        link = f"https://help.desk.example/t/{(await deliveries(desk))[0]['ticket_number']}"
        assert "evil" not in mail["Subject"] + mail.get_content()
        assert "Jim" not in mail["To"] + mail.get_content()
        assert link in mail.get_content()
        assert "Status:    Open" in mail.get_content()
