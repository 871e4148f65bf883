"""Long work in chunks, on a real PostgreSQL: each step once, whoever fails, stops or takes part."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid5

import pytest
from pydantic import TypeAdapter
from sqlalchemy import MetaData

from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.run.clock import SystemClock
from deskstream_chassis.run.process_worker import ProcessWorker
from deskstream_chassis.store import processes
from deskstream_chassis.store.aggregates import AggregateStore, aggregate_table
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import Connection, create_engine
from deskstream_chassis.store.outbox import Cause, Outbox
from deskstream_chassis.store.processes import ProcessRow, Step
from deskstream_chassis.store.unit import UnitOfWork
from deskstream_contracts.wire import Actor

pytestmark = pytest.mark.anyio
metadata = MetaData()
define_chassis_tables(metadata)
marks = aggregate_table("marks", metadata)
ADA = Actor(kind="agent", id="ada", name="Ada")
_NAMES = UUID(int=8)


@dataclass(frozen=True, slots=True)
class Mark:
    """`version` counts how often a number was done."""

    id: UUID
    version: int


class MarkUnit(UnitOfWork):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        super().__init__(connection, outbox, now)
        self.marks = self.include(AggregateStore(connection, marks, TypeAdapter(Mark)))


@dataclass(frozen=True, slots=True)
class Do:
    number: int
    refused: frozenset[int]

    def needs(self, unit: MarkUnit) -> None:
        unit.marks.need(uuid5(_NAMES, str(self.number)))

    def handle(self, unit: MarkUnit) -> None:
        if self.number in self.refused:
            raise ValueError(f"{self.number} cannot be done")
        id_ = uuid5(_NAMES, str(self.number))
        before = unit.marks.get(id_) or Mark(id_, 0)
        unit.marks.put(replace(before, version=before.version + 1))


@dataclass(frozen=True, slots=True)
class Count:
    """Does the numbers from `first` to `last`."""

    kind: ClassVar[str] = "count"
    first: int
    last: int
    refused: tuple[int, ...] = ()

    @property
    def subject(self) -> str:
        return f"numbers/{self.first}"

    def arguments(self) -> Mapping[str, Any]:
        return {"first": self.first, "last": self.last, "refused": list(self.refused)}

    async def total(self, connection: Connection) -> int:
        return self.last - self.first + 1

    async def steps(self, connection: Connection, after: str | None, limit: int) -> Sequence[Step]:
        begin = self.first if after is None else int(after) + 1
        return [Step(str(n), Do(n, frozenset(self.refused))) for n in range(begin, min(self.last, begin + limit - 1) + 1)]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncpgPool]:
    engine = create_engine(database_url, 1)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    opened = AsyncpgPool(database_url, 8)
    yield opened
    await opened.dispose()


def open_unit(connection: Connection, now: datetime) -> MarkUnit:
    return MarkUnit(connection, Outbox(connection, "/test"), now)


def worker(pool: AsyncpgPool, chunk: int = 7) -> ProcessWorker[MarkUnit]:
    return ProcessWorker(pool, open_unit, {"count": Count}, SystemClock(), lambda: None, chunk)


async def begin(pool: AsyncpgPool, work: Count) -> UUID:
    async with pool.begin() as connection:
        unit = open_unit(connection, SystemClock().now())
        unit.cause = Cause("c", "t")
        id_ = unit.begin_process(work, ADA)
        await unit.flush()
    return id_


async def process(pool: AsyncpgPool, id_: UUID) -> ProcessRow:
    async with pool.connect() as connection:
        found = await processes.one(connection, id_)
    assert found is not None
    return found


async def worked_off(running: ProcessWorker[MarkUnit]) -> int:
    chunks = 0
    while await running.turn():
        chunks += 1
    return chunks


async def done(pool: AsyncpgPool, first: int, last: int) -> dict[int, int]:
    """How often each number was done."""
    async with pool.connect() as connection:
        kept = AggregateStore(connection, marks, TypeAdapter(Mark), lock=False)
        ids = {n: uuid5(_NAMES, str(n)) for n in range(first, last + 1)}
        kept.need(*ids.values())
        await kept.load()
        return {n: mark.version for n, id_ in ids.items() if (mark := kept.get(id_)) is not None}


async def test_each_step_is_done_once_in_chunks_and_the_end_is_seen(pool: AsyncpgPool) -> None:
    id_ = await begin(pool, Count(1, 20))
    assert await worked_off(worker(pool)) == 3
    ended = await process(pool, id_)
    assert (ended.state, ended.done, ended.total, ended.failed, ended.cursor) == ("done", 20, 20, 0, "20")
    assert ended.finished_at is not None
    assert set((await done(pool, 1, 20)).values()) == {1}


async def test_work_without_steps_is_done_at_once(pool: AsyncpgPool) -> None:
    id_ = await begin(pool, Count(5, 4))
    assert await worked_off(worker(pool)) == 1
    assert ((await process(pool, id_)).state, (await process(pool, id_)).total) == ("done", 0)


async def test_work_that_ends_with_a_chunk_ends_in_the_next_one(pool: AsyncpgPool) -> None:
    id_ = await begin(pool, Count(1, 14))
    assert await worked_off(worker(pool)) == 3
    assert ((await process(pool, id_)).state, (await process(pool, id_)).done) == ("done", 14)


async def test_a_step_that_is_refused_is_named_and_passed_by(pool: AsyncpgPool) -> None:
    id_ = await begin(pool, Count(1, 20, refused=(1, 9, 20)))
    await worked_off(worker(pool))
    ended = await process(pool, id_)
    assert (ended.state, ended.done, ended.failed) == ("done", 17, 3)
    assert ended.error == "20: ValueError: 20 cannot be done"
    found = await done(pool, 1, 20)
    assert (set(found), set(found.values())) == (set(range(1, 21)) - {1, 9, 20}, {1})


async def test_several_workers_do_each_step_of_several_works_once(pool: AsyncpgPool) -> None:
    ids = [await begin(pool, Count(first, first + 49)) for first in (1, 101, 201)]
    await asyncio.gather(*(worked_off(worker(pool, 3)) for _ in range(4)))
    await worked_off(worker(pool))
    assert [(await process(pool, id_)).done for id_ in ids] == [50, 50, 50]
    assert set((await done(pool, 1, 250)).values()) == {1}
    assert len(await done(pool, 1, 250)) == 150


async def test_those_that_wait_longest_have_their_turn_first(pool: AsyncpgPool) -> None:
    ids = [await begin(pool, Count(first, first + 99)) for first in (1, 201)]
    running = worker(pool, 10)
    for _ in range(6):
        await running.turn()
    assert [(await process(pool, id_)).done for id_ in ids] == [30, 30]


async def test_stopped_work_rests_until_it_is_resumed_and_goes_on_where_it_was(pool: AsyncpgPool) -> None:
    id_, running = await begin(pool, Count(1, 20)), worker(pool)
    await running.turn()
    async with pool.begin() as connection:
        assert await processes.switch(connection, id_, "running", "stopped")
        assert not await processes.switch(connection, id_, "running", "stopped")
    assert not await running.turn()
    async with pool.begin() as connection:
        assert await processes.switch(connection, id_, "stopped", "running")
    await worked_off(running)
    assert ((await process(pool, id_)).state, (await process(pool, id_)).done) == ("done", 20)
    assert set((await done(pool, 1, 20)).values()) == {1}


async def test_a_worker_runs_what_is_begun_beside_it_and_ends_at_the_stop(pool: AsyncpgPool) -> None:
    running, stop = worker(pool), asyncio.Event()
    task = asyncio.create_task(running.run(stop))
    id_ = await begin(pool, Count(1, 20))
    running.wake()
    async with asyncio.timeout(10):
        while (await process(pool, id_)).state != "done":  # noqa: ASYNC110  # it is another's work that is waited for
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(task, 5)
    assert running.stalled(60) is None
