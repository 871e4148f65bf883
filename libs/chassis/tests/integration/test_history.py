"""What was sent is kept: moved out of the outbox in the statement that forgets it, a month a partition."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.relay import Relay
from deskstream_chassis.run.history_keeper import HistoryKeeper
from deskstream_chassis.store import history
from deskstream_chassis.store.announcer import Announcer
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.migrations import create_chassis_tables_v1, create_history_table_v1
from deskstream_chassis.watch.tracing import Tracing
from deskstream_contracts.topics import DECISIONS, TICKETS

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC)
INSERT = "INSERT INTO outbox (topic, key, headers, value) VALUES (:topic, :key, :headers, :value) RETURNING id"


class Statements:
    """Alembic's operations, as far as the first migrations need them."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def execute(self, statement: str) -> None:
        self.found.append(statement)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncpgPool]:
    pool, statements = AsyncpgPool(database_url, 4), Statements()
    for create in (create_chassis_tables_v1, create_history_table_v1):
        create(statements)  # type: ignore[arg-type]
    async with pool.begin() as connection:
        for statement in statements.found:
            await connection.execute(text(statement))
    yield pool
    await pool.dispose()


async def recorded(pool: AsyncpgPool, key: str, sequence: int, topic: str = TICKETS.name, at: datetime = NOW) -> int:
    """The outbox row of an event that says nothing but its sequence."""
    headers = {
        "ce_id": str(uuid4()),
        "ce_type": "test.happened.v1",
        "ce_time": at.isoformat(),
        "ce_sequence": str(sequence),
        "ce_correlationid": "c",
    }
    values = {"topic": topic, "key": key, "headers": json.dumps(headers), "value": json.dumps({"n": sequence}).encode()}
    async with pool.connect() as connection:
        id_: int = (await connection.execute(text(INSERT), values)).scalar_one()
        return id_


async def forget(pool: AsyncpgPool, *ids: int) -> None:
    async with pool.connect() as connection:
        await connection.execute(text(f"WITH {history.forgetting([TICKETS.name], 'ids')} SELECT 1"), {"ids": list(ids)})


async def rows(pool: AsyncpgPool, statement: str) -> list[Any]:
    async with pool.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def kept(pool: AsyncpgPool, key: str, after: int = 0, limit: int = 100) -> list[int]:
    async with pool.connect() as connection:
        return [one.sequence for one in await history.after(connection, TICKETS.name, key, after, limit)]


async def partitions(pool: AsyncpgPool) -> set[str]:
    found = await rows(pool, "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r'")
    return {name for (name,) in found}


async def test_what_happened_is_found_wherever_it_is_and_once(pool: AsyncpgPool) -> None:
    ids = [await recorded(pool, "a", n) for n in range(1, 6)]
    await recorded(pool, "b", 1)
    for moved in range(6):
        assert await kept(pool, "a") == [1, 2, 3, 4, 5]
        assert await kept(pool, "a", after=2, limit=2) == [3, 4]
        await forget(pool, *ids[:moved])
    assert await rows(pool, "SELECT key FROM outbox") == [("b",)]


async def test_what_was_last_by_a_moment_is_found(pool: AsyncpgPool) -> None:
    ids = [await recorded(pool, "a", n, at=NOW + timedelta(seconds=n)) for n in range(1, 4)]
    await forget(pool, *ids[:2])

    async def until(seconds: float) -> int | None:
        async with pool.connect() as connection:
            found = await history.last_until(connection, TICKETS.name, "a", NOW + timedelta(seconds=seconds))
        return None if found is None else found.sequence

    assert [await until(s) for s in (0, 1, 1.5, 2, 9)] == [None, 1, 1, 2, 3]


async def test_flows_are_forgotten(pool: AsyncpgPool) -> None:
    await forget(pool, await recorded(pool, "a", 1, topic=DECISIONS.name))
    assert await rows(pool, "SELECT 1 FROM outbox UNION ALL SELECT 1 FROM history") == []


async def test_the_relay_keeps_what_it_has_sent(pool: AsyncpgPool, kafka_bootstrap: str) -> None:
    key, stop = str(uuid4()), asyncio.Event()
    # More than the relay leaves to its next look, and then a few.
    for n in range(1, 81):
        await recorded(pool, key, n)
    relay = Relay(pool, KafkaAccess(kafka_bootstrap), "r", Tracing(None), Announcer(pool), 0.01, kept=[TICKETS.name])
    running = asyncio.create_task(relay.run(stop))
    for n in (81, 82):
        async with asyncio.timeout(30):
            while await rows(pool, "SELECT 1 FROM outbox"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await recorded(pool, key, n)
    stop.set()
    await running
    assert await rows(pool, "SELECT sequence FROM history ORDER BY sequence") == [(n,) for n in range(1, 83)]


async def test_partitions_are_made_ahead_and_too_old_ones_are_dropped(pool: AsyncpgPool) -> None:
    month = history.month_of(NOW)
    ahead = {history.partition_of(history.months_later(month, n)) for n in range(3)}
    assert await partitions(pool) == ahead | {"history_rest"}
    old = [history.months_later(month, -n) for n in (1, 13, 14, 30)]
    async with pool.connect() as connection:
        await connection.execute(text(f"DROP TABLE {max(ahead)}"))
        for each in old:
            await connection.execute(text(history.create_partition(each)))
    for n, at in enumerate(old, 1):
        await forget(pool, await recorded(pool, "a", n, at=at))
    await HistoryKeeper(pool, 13).turn()
    assert await partitions(pool) == ahead | {history.partition_of(each) for each in old[:2]} | {"history_rest"}
    assert await kept(pool, "a") == [1, 2]
    await HistoryKeeper(pool, 0).turn()
    assert await kept(pool, "a") == [1, 2]


async def test_what_no_partition_is_there_for_stops_nothing_and_goes_when_it_is_old(pool: AsyncpgPool) -> None:
    month = history.month_of(NOW)
    late, old = history.months_later(month, 1), history.months_later(month, -20)
    async with pool.connect() as connection:
        await connection.execute(text(f"DROP TABLE {history.partition_of(late)}"))
    for n, at in enumerate((old, late), 1):
        await forget(pool, await recorded(pool, "a", n, at=at))
    assert await kept(pool, "a") == [1, 2]
    for _ in range(2):
        await HistoryKeeper(pool, 13).turn()
    assert history.partition_of(late) not in await partitions(pool)
    assert await kept(pool, "a") == [2]


async def test_of_two_keepers_one_has_its_turn(pool: AsyncpgPool) -> None:
    async with pool.connect() as connection:
        await connection.execute(text(f"DROP TABLE {history.partition_of(history.months_later(history.month_of(NOW), 2))}"))
    await asyncio.gather(*(HistoryKeeper(pool, 13).turn() for _ in range(4)))
    assert len(await partitions(pool)) == 4


def test_months_follow_each_other_over_years() -> None:
    december = history.month_of(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert [f"{history.months_later(december, n):%Y-%m}" for n in (-12, -11, 0, 1, 13)] == [
        "2025-12", "2026-01", "2026-12", "2027-01", "2028-01",
    ]  # fmt: skip
