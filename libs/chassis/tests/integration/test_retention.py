"""Letting go of what is old: bounded transactions, one process at a time, and nothing that is to stay."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from deskstream_chassis.run.retention import _LOCK, Retention
from deskstream_chassis.store.advisory_lock import try_lock
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.kept import Kept
from deskstream_chassis.testing.transactions import NOTED, noting

pytestmark = pytest.mark.anyio
NOTES = Kept("notes", "at", 7, "NOT pinned")
SCHEMA = (
    "CREATE TABLE notes (id bigint PRIMARY KEY, at timestamptz NOT NULL, pinned boolean NOT NULL DEFAULT false)",
    "CREATE INDEX ix_notes_at ON notes (at) WHERE NOT pinned",
    *noting("notes"),
)


@asynccontextmanager
async def notes(url: str, *old: int) -> AsyncIterator[AsyncpgPool]:
    """A table of notes: so many that are 8 days old, and so many that are 6."""
    pool = AsyncpgPool(url, 4)
    async with pool.connect() as connection:
        for statement in SCHEMA:
            await connection.execute(text(statement))
        eight, six = old
        await connection.execute(
            text(f"INSERT INTO notes SELECT n, now() - interval '8 days' FROM generate_series(1, {eight}) AS n")
        )
        await connection.execute(
            text(f"INSERT INTO notes SELECT -n, now() - interval '6 days' FROM generate_series(1, {six}) AS n")
        )
    try:
        yield pool
    finally:
        await pool.dispose()


async def left(pool: AsyncpgPool) -> list[int]:
    async with pool.connect() as connection:
        return [row[0] for row in await connection.execute(text("SELECT id FROM notes ORDER BY id"))]


async def transactions(pool: AsyncpgPool) -> list[int]:
    """How many rows each transaction let go, in their order."""
    async with pool.connect() as connection:
        return [row[1] for row in await connection.execute(text(NOTED))]


async def all_gone(pool: AsyncpgPool) -> bool:
    return not await left(pool)


async def until(so: Callable[[], Awaitable[object]]) -> None:
    """Asks the database until it is so; ten seconds at most."""
    async with asyncio.timeout(10):
        while not await so():
            pass


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"deskstream_retention_{name}", labels) or 0.0


async def test_fifty_thousand_rows_go_a_thousand_at_a_time_and_the_younger_stay(database_url: str) -> None:
    async with notes(database_url, 50_000, 30) as pool:
        before = value("rows_total", table="notes")
        await Retention(pool, [NOTES], rest_seconds=0).round(asyncio.Event())
        assert await left(pool) == list(range(-30, 0))
        assert await transactions(pool) == [1000] * 50
        assert value("rows_total", table="notes") - before == 50_000


async def test_what_the_condition_leaves_out_stays_and_zero_days_are_for_ever(database_url: str) -> None:
    async with notes(database_url, 5, 0) as pool:
        async with pool.connect() as connection:
            await connection.execute(text("UPDATE notes SET pinned = true WHERE id = 3"))
        await Retention(pool, [replace(NOTES, days=0)]).round(asyncio.Event())
        assert await left(pool) == [1, 2, 3, 4, 5]
        await Retention(pool, [NOTES]).round(asyncio.Event())
        assert await left(pool) == [3]


async def test_two_processes_do_it_once(database_url: str) -> None:
    async with notes(database_url, 5_000, 0) as pool, notes_elsewhere(database_url) as other:
        rounds = (Retention(p, [NOTES], rest_seconds=0).round(asyncio.Event()) for p in (pool, other))
        await asyncio.gather(*rounds)
        assert await left(pool) == []
        assert sum(await transactions(pool)) == 5_000


@asynccontextmanager
async def notes_elsewhere(url: str) -> AsyncIterator[AsyncpgPool]:
    pool = AsyncpgPool(url, 2)
    try:
        yield pool
    finally:
        await pool.dispose()


async def test_while_another_process_has_its_round_nothing_is_done_and_no_round_completed(database_url: str) -> None:
    async with notes(database_url, 5, 0) as pool:
        completed = value("completed_timestamp_seconds")
        async with pool.session() as other:
            assert await try_lock(other, _LOCK)
            await Retention(pool, [NOTES]).round(asyncio.Event())
            assert len(await left(pool)) == 5
            assert value("completed_timestamp_seconds") == completed
        await asyncio.wait_for(_until_it_is_done(pool), 10)
        assert value("completed_timestamp_seconds") > completed


async def _until_it_is_done(pool: AsyncpgPool) -> None:
    # The server may take a moment to see that the session is gone.
    while await left(pool):
        await Retention(pool, [NOTES]).round(asyncio.Event())


async def test_a_row_that_somebody_works_on_is_left_for_the_next_round(database_url: str) -> None:
    async with notes(database_url, 5, 0) as pool:
        async with pool.begin() as working:
            await working.execute(text("SELECT FROM notes WHERE id = 2 FOR UPDATE"))
            await Retention(pool, [NOTES]).round(asyncio.Event())
            assert await left(pool) == [2]
        await Retention(pool, [NOTES]).round(asyncio.Event())
        assert await left(pool) == []


async def test_one_table_that_cannot_be_done_does_not_keep_the_others_waiting_but_the_round_is_not_complete(
    database_url: str,
) -> None:
    async with notes(database_url, 5, 0) as pool:
        async with pool.connect() as connection:
            await connection.execute(text("CREATE TABLE broken (at timestamptz)"))
            await connection.execute(text("CREATE INDEX ix_broken_at ON broken (at)"))
            await connection.execute(
                text("""CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE EXCEPTION 'too slow' USING ERRCODE = '57014'; END $$""")
            )
            await connection.execute(text("CREATE TRIGGER fails BEFORE DELETE ON broken EXECUTE FUNCTION fail()"))
        completed = value("completed_timestamp_seconds")
        await Retention(pool, [Kept("broken", "at", 1), NOTES]).round(asyncio.Event())
        assert await left(pool) == []
        assert value("completed_timestamp_seconds") == completed


async def test_it_stops_between_two_transactions_when_it_is_to_stop(database_url: str) -> None:
    stop = asyncio.Event()
    async with notes(database_url, 5_000, 0) as pool:
        working = asyncio.create_task(Retention(pool, [NOTES], rest_seconds=60).round(stop))
        await until(lambda: transactions(pool))
        stop.set()
        await asyncio.wait_for(working, 10)
        assert await transactions(pool) == [1000]


async def test_a_process_has_its_first_round_some_time_after_its_start_and_goes_on(database_url: str) -> None:
    stop = asyncio.Event()
    async with notes(database_url, 5, 0) as pool:
        waiting = asyncio.create_task(Retention(pool, [NOTES], first_after_seconds=3600).run(stop))
        working = asyncio.create_task(Retention(pool, [NOTES], first_after_seconds=0, every_seconds=0.01).run(stop))
        await until(lambda: all_gone(pool))
        async with pool.connect() as connection:
            await connection.execute(text("INSERT INTO notes VALUES (9, now() - interval '8 days')"))
        await until(lambda: all_gone(pool))
        stop.set()
        await asyncio.wait_for(asyncio.gather(waiting, working), 10)


async def test_what_nobody_may_have_looked_at_is_named_in_the_log(database_url: str) -> None:
    async with notes(database_url, 3, 1) as pool:
        logged = replace(NOTES, columns=("id", "pinned"), logged=True, rows=2)
        with capture_logs() as lines:
            await Retention(pool, [logged], rest_seconds=0).round(asyncio.Event())
    assert [line["rows"] for line in lines if line["log_level"] == "warning"] == [["1 False", "2 False"], ["3 False"]]
