"""Builds a second view set from the beginning of the topics beside the live one, compares the two, and may swap them."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.messages import read
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.watch.logs import logger
from deskstream_contracts.topics import DECISIONS, NOTIFICATIONS
from gateway.domain.views import DECISIONS as DECISION_VIEW
from gateway.domain.views import NOTIFICATIONS as NOTIFICATION_VIEW
from gateway.messaging.heard import TOPICS, fold
from gateway.persistence import comparison, views
from gateway.persistence.comparison import NEXT, Compared
from gateway.persistence.rebuilds import RebuildLog

_NOTE_SECONDS: Final = 0.5
_ROUNDS: Final = 6
_PATIENCE_SECONDS: Final = 30.0
_BATCH: Final = 1000
_FLOWS: Final = {DECISIONS.name: DECISION_VIEW.name, NOTIFICATIONS.name: NOTIFICATION_VIEW.name}
_log = logger(__name__)

Offsets = Mapping[TopicPartition, int]


class Rebuild:
    """One rebuild. `group` is the consumer group of the live set: how far it has come is asked of Kafka."""

    def __init__(self, engine: AsyncEngine, kafka: KafkaAccess, group: str, log: RebuildLog, swap: bool) -> None:
        self._engine = engine
        self._kafka = kafka
        self._group = group
        self._record = log
        self._swap = swap
        self._started = datetime.now(UTC)
        self._read = 0
        self._total = 0
        self._unreadable = 0
        self._noted = time.monotonic()
        self._first: dict[TopicPartition, datetime] = {}

    async def run(self) -> None:
        """Whatever ends it is written into its record."""
        try:
            await self._run()
        except BaseException as error:
            _log.warning("rebuild failed", error=repr(error)[:500])
            words = "the gateway was stopped" if isinstance(error, asyncio.CancelledError) else f"{type(error).__name__}: {error}"
            await asyncio.shield(self._record.note(state="failed", error=words[:1000]))
            raise
        finally:
            await asyncio.shield(self._record.end())

    async def _run(self) -> None:
        async with self._engine.begin() as connection:
            await comparison.create(connection)
        consumer = AIOKafkaConsumer(**self._kafka.client(), group_id=None, enable_auto_commit=False)
        await consumer.start()
        try:
            beginning, partitions = await self._to_beginning(consumer)
            ends = await consumer.end_offsets(partitions)
            self._total = sum(ends[p] - beginning[p] for p in partitions)
            await self._read_to(consumer, ends)
            horizons = self._horizons(beginning)
            await self._record.note(state="comparing", **self._progress())
            found = await self._compared(consumer, horizons)
            agree = not any(view.disagreements for view in found)
            await self._record.note(comparison=found, agree=agree)
            if self._swap:
                await self._swapped(consumer, horizons)
        finally:
            await consumer.stop()
        async with self._engine.begin() as connection:
            await comparison.drop(connection)
        await self._record.note(state="done", swapped=self._swap, **self._progress())

    async def _to_beginning(self, consumer: AIOKafkaConsumer) -> tuple[Offsets, list[TopicPartition]]:
        # As a subscriber without a group it is given all partitions.
        consumer.subscribe([topic.name for topic in TOPICS])
        while {p.topic for p in consumer.assignment()} < {topic.name for topic in TOPICS}:
            await consumer.getmany(timeout_ms=50)
        partitions = sorted(consumer.assignment())
        beginning = await consumer.beginning_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, beginning[partition])
        return beginning, partitions

    async def _read_to(self, consumer: AIOKafkaConsumer, ends: Offsets) -> None:
        waiting = dict(ends)
        while True:
            for partition in list(waiting):
                if await consumer.position(partition) >= waiting[partition]:
                    del waiting[partition]
            if not waiting:
                return
            fetched = await consumer.getmany(timeout_ms=500, max_records=_BATCH)
            messages = []
            for partition, records in fetched.items():
                self._first.setdefault(partition, datetime.fromtimestamp(records[0].timestamp / 1000, UTC))
                messages += [read(record) for record in records]
            if messages:
                found = fold(messages)
                self._unreadable += len(found.unreadable)
                async with self._engine.begin() as connection:
                    await views.write(connection, NEXT, found.changes)
                self._read += len(messages)
            if time.monotonic() - self._noted > _NOTE_SECONDS:
                self._noted = time.monotonic()
                await self._record.note(**self._progress())

    def _progress(self) -> dict[str, int]:
        return {"events_read": self._read, "events_total": max(self._total, self._read), "unreadable": self._unreadable}

    def _horizons(self, beginning: Offsets) -> dict[str, datetime | None]:
        """Where a flow's topic has begun to forget, rows older than all it still has cannot be compared."""
        found: dict[str, datetime | None] = {}
        for topic, view in _FLOWS.items():
            cut = [p for p in beginning if p.topic == topic and beginning[p] > 0]
            found[view] = max((self._first.get(p, self._started) for p in cut), default=None)
        return found

    async def _compared(self, consumer: AIOKafkaConsumer, horizons: Mapping[str, datetime | None]) -> list[Compared]:
        """Both sets move on while they are compared: what differs only by that agrees in one of the rounds."""
        found: list[Compared] = []
        before = -1
        for _ in range(_ROUNDS):
            ends = await consumer.end_offsets(list(consumer.assignment()))
            await self._read_to(consumer, ends)
            await self._live_is_at(ends)
            async with self._engine.connect() as connection:
                found = await comparison.compare(connection, horizons)
            left = sum(view.unsettled for view in found)
            if left in (0, before):
                break
            before = left
        return found

    async def _live_is_at(self, ends: Offsets) -> None:
        """Waits, for some time, until the live set has taken what there was at `ends`."""
        admin = AIOKafkaAdminClient(**self._kafka.client())
        await admin.start()
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while time.monotonic() < deadline:
                committed = await admin.list_consumer_group_offsets(self._group)
                if all(end == 0 or (p in committed and committed[p].offset >= end) for p, end in ends.items()):
                    return
                await self._record.note()
                await asyncio.sleep(0.2)
        finally:
            await admin.close()

    async def _swapped(self, consumer: AIOKafkaConsumer, horizons: Mapping[str, datetime | None]) -> None:
        await self._record.note(state="swapping")
        async with self._engine.begin() as connection:
            await comparison.hold_writes(connection)
            # Now the live set stands still, and all that it has ever taken lies before these ends.
            await self._read_to(consumer, await consumer.end_offsets(list(consumer.assignment())))
            await comparison.swap(connection, horizons)


class Rebuilds(Worker):
    """Runs a rebuild when somebody asks for one, and ends it at the stop."""

    name = "rebuilds"
    comes_round = False

    def __init__(self, engine: AsyncEngine, kafka: KafkaAccess, group: str) -> None:
        super().__init__()
        self._engine = engine
        self._kafka = kafka
        self._group = group
        self._task: asyncio.Task[None] | None = None

    async def begin(self, started_by: str, swap: bool) -> bool:
        """False where one runs already."""
        log = await RebuildLog.begin(self._engine, started_by, swap)
        if log is None:
            return False
        rebuild = Rebuild(self._engine, self._kafka, self._group, log, swap)
        self._task = asyncio.create_task(rebuild.run())
        return True

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
