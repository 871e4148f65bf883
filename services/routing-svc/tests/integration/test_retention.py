"""Decisions are let go after their time; what the chassis keeps for every service is tried here as well."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from deskstream_chassis.testing import OpenService, open_service
from routing_svc.settings import Settings
from routing_svc.wiring import build

from .conftest import Routing

pytestmark = pytest.mark.anyio
PARKED = """INSERT INTO parked (event_id, topic, partition_no, offset_no, key, event_type, headers, value, poison, error, parked_at)
    VALUES (gen_random_uuid(), 't', 0, 0, :key, 'x', '[]', '', true, '', now() - make_interval(days => :days))"""
IDEMPOTENCY = """INSERT INTO idempotency (caller, key, fingerprint, at)
    VALUES ('me', :key, '', now() - make_interval(days => :days))"""
INBOX = "INSERT INTO inbox (event_id, at) VALUES (gen_random_uuid(), now() - make_interval(days => :days))"
PROCESS = """INSERT INTO processes (id, kind, subject, arguments, state, asked_by, correlation_id, traceparent, started_at,
        finished_at)
    VALUES (gen_random_uuid(), 'k', :key, '{}', CAST(:state AS text), '{}', '', '', now() - interval '1000 days',
        CASE WHEN :state = 'done' THEN now() - make_interval(days => :days) END)"""


@pytest.fixture
async def routing_in_full(migrated_url: str) -> AsyncIterator[Routing]:
    async with open_service(build, Settings, migrated_url, role="all") as service:
        yield Routing(service.service)


async def column(desk: OpenService, table: str, name: str) -> set[Any]:
    return {row[0] for row in await desk.rows(f"SELECT {name} FROM {table}")}


async def test_old_decisions_go_and_younger_ones_and_their_tickets_stay(routing_in_full: Routing) -> None:
    routing = routing_in_full
    old, young = routing.opened(), routing.opened()
    await routing.settle(old, young)
    await routing.grow_older("decisions", "at", 400.1, f"ticket_id = '{old.ticket.id}'")
    await routing.grow_older("decisions", "at", 399.9, f"ticket_id = '{young.ticket.id}'")
    await routing.let_go()
    assert await column(routing, "decisions", "ticket_id") == {young.ticket.id}
    assert await column(routing, "tickets", "id") == {old.ticket.id, young.ticket.id}


async def test_what_the_chassis_keeps_goes_after_its_time_and_what_waits_stays(routing_in_full: Routing) -> None:
    desk = routing_in_full
    for days in (20, 22):
        await desk.execute(INBOX, days=days)
    for days in (6, 8):
        await desk.execute(IDEMPOTENCY, key=f"{days} days", days=days)
    for state, days in (("done", 89), ("done", 91), ("running", 1000), ("stopped", 1000)):
        await desk.execute(PROCESS, key=f"{state} {days}", state=state, days=days)
    await desk.execute(PARKED, key="of old", days=3000)
    await desk.let_go()
    assert len(await desk.rows("SELECT event_id FROM inbox")) == 1
    assert await column(desk, "idempotency", "key") == {"6 days"}
    assert await column(desk, "processes", "subject") == {"done 89", "running 1000", "stopped 1000"}
    assert await column(desk, "parked", "key") == {"of old"}, "somebody has to look at it"


async def test_parked_messages_are_discarded_where_the_operator_says_so(migrated_url: str) -> None:
    async with open_service(build, Settings, migrated_url, role="all", keep_parked_days=90) as desk:
        for days in (89, 91):
            await desk.execute(PARKED, key=f"{days} days", days=days)
        await desk.let_go()
        assert await column(desk, "parked", "key") == {"89 days"}
