"""From events to the read model."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from deskstream_chassis.bus.consumer import Poison
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_contracts.events.tickets import Assignee
from gateway.persistence import views
from gateway.settings import Settings

from ..events import message, notified, opened, registered, sla, ticket  # noqa: TID252
from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


async def test_the_newest_state_stays_however_often_and_in_whatever_order_events_come(open_gateway: Open) -> None:
    base = ticket()
    messages = [message(opened(base.model_copy(update={"version": v, "subject": f"v{v}"}))) for v in range(1, 8)]
    async with open_gateway() as gateway:
        for seed in range(4):
            random.Random(seed).shuffle(messages)
            for start in range(0, len(messages), 3):
                await gateway.hear(*messages[start : start + 3])
        assert await gateway.rows("SELECT version, subject FROM views.tickets") == [(7, "v7")]


async def test_a_repeated_notification_is_one_row(open_gateway: Open) -> None:
    sent = message(notified(ticket()))
    async with open_gateway() as gateway:
        await gateway.hear(sent, sent)
        await gateway.hear(sent)
        assert await gateway.rows("SELECT status FROM views.notifications") == [("sent",)]


async def test_what_cannot_be_read_or_written_is_parked_and_all_else_flows(open_gateway: Open) -> None:
    good, bad = ticket(subject="good"), ticket()
    unreadable = replace(message(opened(bad)), value=b"{}")
    # PostgreSQL keeps no NUL in a text, and the contract has none.
    unwritable = message(opened(ticket(subject="a-b")))
    unwritable = replace(unwritable, value=unwritable.value.replace(b"a-b", b"a\\u0000b"))
    # Only the database notices.
    huge = message(opened(ticket(escalation_level=2**40)))
    async with open_gateway() as gateway:
        await gateway.hear(message(opened(good)), unreadable, unwritable, huge, message(registered("ada@acme.example")))
        assert await gateway.rows("SELECT subject FROM views.tickets") == [("good",)]
        assert await gateway.rows("SELECT email FROM views.customers") == [("ada@acme.example",)]
        parked = await gateway.rows("SELECT event_id FROM parked")
        assert {id_ for (id_,) in parked} == {unreadable.event_id, unwritable.event_id, huge.event_id}
        # A later state of the same ticket is whole: it does not wait behind the parked one.
        await gateway.hear(opened(bad.model_copy(update={"version": 2, "subject": "later"})))
        assert sorted(await gateway.rows("SELECT subject FROM views.tickets")) == [("good",), ("later",)]


async def test_a_parked_message_is_refused_again_until_it_is_discarded(open_gateway: Open) -> None:
    bad = replace(message(opened(ticket())), value=b"{}")
    async with open_gateway() as gateway:
        await gateway.hear(bad)
        with pytest.raises(Poison):
            await gateway.projector.replay(bad.topic, bad.key)
        body = {"service": "gateway", "topic": bad.topic, "key": bad.key}
        again = (await gateway.ask("POST", "/admin/parked/replay", "operator", json=body)).json()
        assert (again["messages"], [r["key"] for r in again["refused"]]) == (0, [bad.key])
        assert (await gateway.ask("POST", "/admin/parked/discard", "operator", json=body)).json()["messages"] == 1
        assert (await gateway.ask("POST", "/admin/parked/discard", "operator", json=body)).status_code == 404


async def test_a_parked_message_that_has_become_readable_is_replayed(open_gateway: Open) -> None:
    good = message(opened(ticket(subject="good")))
    async with open_gateway() as gateway:
        await gateway.hear(replace(good, fault="the envelope was not understood"))
        body = {"service": "gateway", "topic": good.topic, "key": good.key}
        assert (await gateway.ask("POST", "/admin/parked/replay", "operator", json=body)).json()["messages"] == 1
        assert await gateway.rows("SELECT subject FROM views.tickets") == [("good",)]
        assert await gateway.rows("SELECT 1 FROM parked") == []


async def test_however_many_are_parked_the_others_flow(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        await gateway.hear(*(replace(message(opened(ticket())), value=b"{}") for _ in range(1100)), opened(ticket(subject="good")))
        assert await gateway.rows("SELECT subject FROM views.tickets") == [("good",)]
        assert [row[0] for row in await gateway.rows("SELECT count(*) FROM parked")] == [1100]


async def test_many_parked_keys_are_replayed_by_what_was_wrong_with_them(open_gateway: Open) -> None:
    good = [message(opened(ticket(subject=f"good {n}"))) for n in range(250)]
    bad = replace(message(opened(ticket())), value=b"{}")
    async with open_gateway() as gateway:
        await gateway.hear(*(replace(m, fault="the envelope was not understood") for m in good), bad)
        assert (await gateway.ask("POST", "/admin/parked/replay", "operator", json={"service": "gateway"})).status_code == 422
        wanted: dict[str, Any] = {"service": "gateway", "error": "envelope"}
        sizes = []
        while "after" not in wanted or wanted["after"] is not None:
            answer = (await gateway.ask("POST", "/admin/parked/replay", "operator", json=wanted)).json()
            sizes.append(answer["messages"])
            wanted["after"] = answer["next"]
        assert sizes == [100, 100, 50]
        assert [row[0] for row in await gateway.rows("SELECT key FROM parked")] == [bad.key]
        rest = {"service": "gateway", "topic": bad.topic}
        answer = (await gateway.ask("POST", "/admin/parked/replay", "operator", json=rest)).json()
        assert (answer["messages"], [r["key"] for r in answer["refused"]]) == (0, [bad.key])
        assert (await gateway.ask("POST", "/admin/parked/replay", "operator", json=wanted | {"after": 0})).status_code == 404


async def test_a_tombstone_erases_a_row(open_gateway: Open) -> None:
    one, other = ticket(), ticket()
    async with open_gateway() as gateway:
        await gateway.hear(opened(one), opened(other), sla(one, ("resolution", "running", 5)))
        await gateway.hear(replace(message(opened(one)), event_type="", value=b""))
        assert await gateway.rows("SELECT id FROM views.tickets") == [(other.id,)]


async def _stand_apart(gateway: Gateway) -> list[Any]:
    """What stands with the tickets and does not agree with where it comes from."""
    deadlines = await gateway.rows(
        "SELECT t.number, t.due_at, s.due_at, t.breached, s.breached FROM views.tickets t "
        "LEFT JOIN views.slas s ON s.ticket_id = t.id "
        "WHERE (t.due_at, t.due_clock, t.breached) IS DISTINCT FROM (s.due_at, s.due_clock, coalesce(s.breached, false))"
    )
    counts = await gateway.rows(
        "SELECT * FROM (SELECT status, team_id, tickets FROM views.ticket_counts WHERE tickets <> 0) AS kept FULL JOIN "
        "(SELECT status, coalesce(team_id, '00000000-0000-0000-0000-000000000000') AS team_id, count(*) AS tickets "
        "FROM views.tickets GROUP BY 1, 2) AS counted USING (status, team_id) WHERE kept.tickets IS DISTINCT FROM counted.tickets"
    )
    return [*deadlines, *counts]


@pytest.mark.parametrize("seed", range(6))
async def test_deadlines_and_counts_are_right_in_whatever_order_and_by_however_many_writers_events_come(
    open_gateway: Open, seed: int
) -> None:
    chance = random.Random(seed)
    teams = [None, uuid4(), uuid4()]
    events: list[Any] = []
    for _ in range(30):
        base = ticket()
        for version in range(1, 6):
            changes = {
                "version": version, "status": chance.choice(["open", "in_progress", "resolved", "closed"]),
                "assignee": Assignee(team_id=chance.choice(teams)),
            }  # fmt: skip
            events.append(message(opened(base.model_copy(update=changes))))
            clock = ("resolution", chance.choice(["running", "breached", "fulfilled"]), chance.randrange(99))
            events.append(message(sla(base, clock, version=version)))  # type: ignore[arg-type]
        if chance.random() < 0.2:
            events += [
                replace(message(opened(base)), event_type="", value=b""),
                replace(message(sla(base)), event_type="", value=b""),
            ]
    chance.shuffle(events)
    batches = [events[n : n + 7] for n in range(0, len(events), 7)]
    async with open_gateway() as gateway:
        writers = [gateway.projector.settle(batch) for batch in batches]
        for n in range(0, len(writers), 4):
            await asyncio.gather(*writers[n : n + 4])
        assert await _stand_apart(gateway) == []


async def test_what_a_gateway_that_knows_nothing_of_it_has_written_is_made_right(open_gateway: Open, settings: Settings) -> None:
    one, other = ticket(), ticket(status="closed")
    async with open_gateway() as gateway:
        await gateway.hear(opened(one), opened(other), sla(one, ("resolution", "breached", 5)))
        pool = AsyncpgPool(settings.database_url.get_secret_value(), 1)
        async with pool.begin() as connection:
            await connection.execute(text("UPDATE views.tickets SET due_at = NULL, due_clock = NULL, breached = false"))
            await connection.execute(text("UPDATE views.ticket_counts SET tickets = 7"))
        assert await _stand_apart(gateway) != []
        async with pool.begin() as connection:
            await views.settle(connection)
        await pool.dispose()
        assert await _stand_apart(gateway) == []
