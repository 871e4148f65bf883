"""The mechanics against a real PostgreSQL and a real Kafka: one effect a message, whatever is delivered how often."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import TypeAdapter
from sqlalchemy import MetaData, text

from deskstream_chassis.bus import parking
from deskstream_chassis.bus.consumer import BatchProcessor, Poison
from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.messages import Received
from deskstream_chassis.bus.relay import Relay
from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.run.clock import SystemClock
from deskstream_chassis.store.aggregates import AggregateStore, aggregate_table
from deskstream_chassis.store.announcer import Announcer
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import Connection, create_engine, insert_rows
from deskstream_chassis.store.outbox import Outbox, outbox_table
from deskstream_chassis.store.unit import UnitOfWork
from deskstream_chassis.watch.tracing import Tracing
from deskstream_contracts.topics import CUSTOMERS, TICKETS, Topic
from deskstream_contracts.wire import Event

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Counter:
    id: UUID
    version: int
    total: int


class Added(Event):
    topic: ClassVar[Topic] = TICKETS
    key_path: ClassVar[str] = "counter_id"
    type: Literal["test.added.v1"] = "test.added.v1"
    counter_id: UUID
    amount: int


class Totalled(Event):
    topic: ClassVar[Topic] = CUSTOMERS
    key_path: ClassVar[str] = "counter_id"
    sequence_path: ClassVar[str | None] = "version"
    type: Literal["test.totalled.v1"] = "test.totalled.v1"
    counter_id: UUID
    total: int
    version: int


metadata = MetaData()
define_chassis_tables(metadata)
counters = aggregate_table("counters", metadata)


class CounterUnit(UnitOfWork):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        super().__init__(connection, outbox, now)
        self.counters = self.include(AggregateStore(connection, counters, TypeAdapter(Counter)))


@dataclass(frozen=True, slots=True)
class Add:
    event: Added

    def needs(self, unit: CounterUnit) -> None:
        unit.counters.need(self.event.counter_id)

    def handle(self, unit: CounterUnit) -> None:
        event = self.event
        if event.amount < 0:
            raise ValueError("a counter only grows")
        counter = unit.counters.get(event.counter_id) or Counter(event.counter_id, 0, 0)
        counter = replace(counter, version=counter.version + 1, total=counter.total + event.amount)
        unit.counters.put(counter)
        unit.record(Totalled(counter_id=counter.id, total=counter.total, version=counter.version))


def open_unit(connection: Connection, now: datetime) -> CounterUnit:
    return CounterUnit(connection, Outbox(connection, "/test"), now)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncpgPool]:
    engine = create_engine(database_url, 4)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    pool = AsyncpgPool(database_url, 10)
    yield pool
    await pool.dispose()


def processor(engine: AsyncpgPool) -> BatchProcessor[CounterUnit]:
    return BatchProcessor(
        engine=engine,
        subscriptions={Added: Add},
        open_unit=open_unit,
        clock=SystemClock(),
        tracing=Tracing(None),
        after_commit=lambda: None,
    )


def received(counter: UUID, amount: int = 1, event_id: UUID | None = None, value: bytes | None = None) -> Received:
    event = Added(counter_id=counter, amount=amount)
    return Received(
        topic=TICKETS.name,
        partition=0,
        offset=0,
        key=str(counter),
        event_id=event_id or uuid4(),
        event_type=event.type,
        time=datetime.now(UTC),
        sequence=None,
        correlation_id="c",
        traceparent=None,
        value=event.model_dump_json().encode() if value is None else value,
        headers=(("ce_type", b"test.added.v1"),),
    )


async def total(engine: AsyncpgPool, counter: UUID) -> int:
    async with engine.connect() as connection:
        row = await connection.execute(text("SELECT state->>'total' FROM counters WHERE id = :id"), {"id": counter})
        return int(row.scalar_one_or_none() or 0)


async def outbox_size(engine: AsyncpgPool) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM outbox"))).scalar_one())


async def test_a_message_delivered_three_times_has_one_effect(engine: AsyncpgPool) -> None:
    counter = uuid4()
    batch = [received(counter) for _ in range(10)]
    p = processor(engine)
    await p.settle([*batch, *batch])
    await p.settle(batch)
    assert await total(engine, counter) == 10
    assert await outbox_size(engine) == 10


async def test_two_workers_with_the_same_messages_have_one_effect(engine: AsyncpgPool) -> None:
    counter = uuid4()
    batch = [received(counter) for _ in range(50)]
    await asyncio.gather(*(processor(engine).settle(batch) for _ in range(4)))
    assert await total(engine, counter) == 50
    assert await outbox_size(engine) == 50


async def test_poison_is_parked_with_its_key_while_other_keys_flow(engine: AsyncpgPool) -> None:
    sick, well, p = uuid4(), uuid4(), processor(engine)
    await p.settle([received(sick), received(well), received(sick, -1), received(sick), received(well)])
    await p.settle([received(sick), received(well)])
    assert await total(engine, sick) == 1
    assert await total(engine, well) == 3
    async with engine.connect() as connection:
        (parked,) = await parking.summary(connection)
    assert parked.messages == 3
    assert "a counter only grows" in parked.error


async def test_unreadable_data_is_parked_and_its_second_delivery_changes_nothing(engine: AsyncpgPool) -> None:
    counter, p = uuid4(), processor(engine)
    garbage = received(counter, value=b"\xff\x00not json")
    await p.settle([garbage])
    await p.settle([garbage])
    async with engine.connect() as connection:
        (parked,) = await parking.summary(connection)
    assert parked.messages == 1


async def test_a_parked_key_is_replayed_in_order_after_its_poison_was_discarded(engine: AsyncpgPool) -> None:
    counter, p = uuid4(), processor(engine)
    await p.settle([received(counter, -1), received(counter, 5), received(counter, 7)])
    with pytest.raises(Poison):
        await p.replay(TICKETS.name, str(counter))
    assert await p.discard(TICKETS.name, str(counter)) == 1
    assert await p.replay(TICKETS.name, str(counter)) == 2
    assert await total(engine, counter) == 12
    await p.settle([received(counter, 1)])
    assert await total(engine, counter) == 13


async def test_however_many_keys_are_parked_the_others_flow(engine: AsyncpgPool) -> None:
    p, well = processor(engine), uuid4()
    await p.settle([received(uuid4(), value=b"x") for _ in range(1100)])
    await p.settle([received(well), received(uuid4(), value=b"x"), received(well)])
    assert await total(engine, well) == 2


async def test_a_row_that_cannot_be_sent_is_parked_with_its_key_and_the_others_flow(
    engine: AsyncpgPool, kafka_bootstrap: str
) -> None:
    before = await end_offsets(kafka_bootstrap)
    sick, well = uuid4(), uuid4()
    # Around the outbox, which refuses it: more than any broker takes.
    rows = [(sick, 1, 10), (sick, 2, 3_000_000), (well, 3, 10), (sick, 4, 10), (well, 5, 10), (sick, 6, 2_500_000)]
    async with engine.begin() as connection:
        for key, number, size in rows:
            headers = {"ce_id": str(UUID(int=number)), "ce_type": "test.added.v1"}
            value = json.dumps({"counter_id": str(key), "version": number, "filling": "x" * size}).encode()
            row = {"topic": CUSTOMERS.name, "key": str(key), "headers": json.dumps(headers), "value": value}
            await insert_rows(connection, outbox_table(MetaData()), [row])
    await relay_until_empty(engine, kafka_bootstrap)
    # What was in one wave with it may come twice (at least once, as after any failure).
    sent = list(dict.fromkeys((e["counter_id"], e["version"]) for e in await read_since(kafka_bootstrap, before)))
    assert sorted(sent) == sorted([(str(sick), 1), (str(well), 3), (str(well), 5)])
    async with engine.connect() as connection:
        (parked,) = await parking.summary(connection)
    assert (parked.topic, parked.key, parked.messages, parked.event_id) == (CUSTOMERS.name, str(sick), 3, UUID(int=2))
    assert "cannot be sent" in parked.error
    # What is behind the first goes out when that one is discarded, in its order, up to the next that cannot.
    p = processor(engine)
    assert await p.discard(CUSTOMERS.name, str(sick)) == 1
    assert await p.replay(CUSTOMERS.name, str(sick)) == 2
    await relay_until_empty(engine, kafka_bootstrap)
    sent = list(dict.fromkeys((e["counter_id"], e["version"]) for e in await read_since(kafka_bootstrap, before)))
    assert [version for key, version in sent if key == str(sick)] == [1, 4]
    async with engine.connect() as connection:
        (parked,) = await parking.summary(connection)
    assert (parked.messages, parked.event_id) == (1, UUID(int=6))


async def test_the_relay_publishes_every_event_once_and_in_order_of_its_key(engine: AsyncpgPool, kafka_bootstrap: str) -> None:
    keys = [uuid4() for _ in range(6)]
    before = await end_offsets(kafka_bootstrap)
    p = processor(engine)
    for _ in range(20):
        await p.settle([received(key) for key in keys for _ in range(5)])
    await relay_until_empty(engine, kafka_bootstrap)
    events = await read_since(kafka_bootstrap, before)
    for key in keys:
        assert [e["version"] for e in events if e["counter_id"] == str(key)] == list(range(1, 101))


async def test_f04_of_two_relays_one_works_and_order_is_kept(engine: AsyncpgPool, kafka_bootstrap: str) -> None:
    keys = [uuid4() for _ in range(12)]
    before = await end_offsets(kafka_bootstrap)
    stop = asyncio.Event()
    relays = [asyncio.create_task(a_relay(engine, kafka_bootstrap).run(stop)) for _ in range(2)]

    async def write(key: UUID) -> None:
        for _ in range(30):
            await processor(engine).settle([received(key)])

    await asyncio.gather(*(write(key) for key in keys))
    await until_empty(engine)
    stop.set()
    await asyncio.gather(*relays)
    events = await read_since(kafka_bootstrap, before)
    for key in keys:
        assert [e["version"] for e in events if e["counter_id"] == str(key)] == list(range(1, 31))


async def test_f05_a_transaction_held_open_among_commits_is_not_skipped(engine: AsyncpgPool, kafka_bootstrap: str) -> None:
    slow, quick = uuid4(), uuid4()
    before = await end_offsets(kafka_bootstrap)
    stop = asyncio.Event()
    relay = asyncio.create_task(a_relay(engine, kafka_bootstrap).run(stop))
    async with engine.begin() as connection:
        unit = open_unit(connection, datetime.now(UTC))
        Add(Added(counter_id=slow, amount=1)).handle(unit)
        await unit.flush()  # its outbox id is taken; its commit comes last
        for _ in range(50):
            await processor(engine).settle([received(quick)])
        await asyncio.sleep(0.5)
    await until_empty(engine)
    stop.set()
    await relay
    events = await read_since(kafka_bootstrap, before)
    assert len([e for e in events if e["counter_id"] == str(slow)]) == 1
    assert [e["version"] for e in events if e["counter_id"] == str(quick)] == list(range(1, 51))


async def test_a_commit_of_another_process_wakes_the_relay_that_is_at_work(engine: AsyncpgPool, kafka_bootstrap: str) -> None:
    stop, announcer = asyncio.Event(), Announcer(engine)
    at_work = a_relay(engine, kafka_bootstrap, poll_seconds=60)
    standing_by = Relay(engine, KafkaAccess(kafka_bootstrap), "r", Tracing(None), announcer, 60)
    running = [asyncio.create_task(worker.run(stop)) for worker in (at_work, announcer)]
    await until_empty(engine)
    for _ in range(3):
        await processor(engine).settle([received(uuid4())])
        standing_by.wake()
        async with asyncio.timeout(10):
            await until_empty(engine)
    stop.set()
    await asyncio.gather(*running)


def a_relay(engine: AsyncpgPool, bootstrap: str, poll_seconds: float = 0.01) -> Relay:
    return Relay(engine, KafkaAccess(bootstrap), "r", Tracing(None), Announcer(engine), poll_seconds)


async def relay_until_empty(engine: AsyncpgPool, bootstrap: str) -> None:
    stop = asyncio.Event()
    relay = asyncio.create_task(a_relay(engine, bootstrap).run(stop))
    await until_empty(engine)
    stop.set()
    await relay


async def until_empty(engine: AsyncpgPool) -> None:
    async with asyncio.timeout(30):
        while await outbox_size(engine):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def end_offsets(bootstrap: str) -> dict[TopicPartition, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(CUSTOMERS.name, n) for n in range(CUSTOMERS.partitions)]
        offsets: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return offsets
    finally:
        await consumer.stop()


async def read_since(bootstrap: str, before: dict[TopicPartition, int]) -> list[dict[str, Any]]:
    after = await end_offsets(bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    found: list[dict[str, Any]] = []
    try:
        consumer.assign(list(before))
        for partition, offset in before.items():
            consumer.seek(partition, offset)
        wanted = sum(after[p] - before[p] for p in before)
        async with asyncio.timeout(30):
            while len(found) < wanted:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [json.loads(record.value) for record in records]
    finally:
        await consumer.stop()
    return found
