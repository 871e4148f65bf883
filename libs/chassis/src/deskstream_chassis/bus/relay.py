"""The relay: publishes the outbox in the order of its ids, at least once, one wave at a time.

One relay a database is at work, held by an advisory lock of its session; others stand by. A wave holds one record batch a
partition, sent as a whole: with an idempotent producer a batch is either in the log, in order, or not. If any batch of a wave
fails, nothing behind it is sent before it has been sent again, so a key's events can be doubled but never inverted.

A row that no broker will ever take is parked, and what comes of its key behind it, while the others flow.
"""

import asyncio
import time
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder
from sqlalchemy import text

from deskstream_chassis.bus import parking
from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.linger import Linger
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import first_of
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store import history
from deskstream_chassis.store.advisory_lock import work_alone
from deskstream_chassis.store.announcer import Announcer
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.database import Connection, is_transient
from deskstream_chassis.store.rows import Query, fetch
from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.tracing import OpenSpan, SpanKind, Tracing, messaging

_LOCK = 0x6465736B  # "desk"; the lock's scope is this database
_WAVE = 1000
_BATCH_BYTES = 1_000_000
_FEW: Final = 50
_CHANNEL: Final = "outbox"

# Answers that will be the same however often a record is sent.
_HOPELESS: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_LOOK_FOR_RELEASED_SECONDS: Final = 1.0
_FORGET_SECONDS: Final = 0.2
_log = logger(__name__)


class _Outgoing(NamedTuple):
    """A row of the outbox. `age`: seconds since it was written; `now`: the database's time in milliseconds."""

    id: int
    topic: str
    key: str
    headers: str
    value: bytes
    age: Decimal
    now: int


# What was sent goes with the next look, which does not see it: one round trip and one commit a wave instead of two.
# The database's time goes onto the records: a broker refuses what is stamped an hour ahead, and keeps by its stamp what is not.
_OUTGOING: Final = """WITH {forgetting}
        SELECT id, topic, key, headers, value, extract(epoch FROM now() - created_at) AS age,
        (extract(epoch FROM now()) * 1000)::bigint AS now FROM outbox
        WHERE id <> ALL(CAST(:sent AS bigint[])) ORDER BY id LIMIT :n"""


class Relay(Worker):
    """`wake` after a commit makes it look at once instead of at the next poll, in whichever process it is at work.

    `kept`: the topics whose events go into the history when they were sent.
    """

    name = "relay"

    def __init__(
        self,
        pool: AsyncpgPool,
        kafka: KafkaAccess,
        client_id: str,
        tracing: Tracing,
        announcer: Announcer,
        poll_seconds: float = 2.0,
        patience_seconds: float = 30.0,
        max_linger_seconds: float = 0.0,
        kept: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._pool = pool
        self._kafka = kafka
        self._client_id = client_id
        self._tracing = tracing
        self._announcer = announcer
        self._poll_seconds = poll_seconds
        self._patience_seconds = patience_seconds
        self._linger = Linger(max_linger_seconds)
        self._wake = asyncio.Event()
        self._held: set[tuple[str, str]] = set()
        self._looked_at = 0.0
        self._one_by_one = 0
        self._sent: list[int] = []
        self._at_work = False
        forgetting = history.forgetting(kept, "sent")
        self._outgoing = Query(text(_OUTGOING.format(forgetting=forgetting)), _Outgoing)
        self._forget = text(f"WITH {forgetting} SELECT 1")

    def wake(self) -> None:
        """Makes it look now for what is to be published."""
        self._wake.set()
        if not self._at_work:
            self._announcer.announce(_CHANNEL)

    async def run(self, stop: asyncio.Event) -> None:
        async def publish(connection: AsyncpgConnection) -> None:
            self._at_work = True
            metrics.RELAY_ACTIVE.set(1)
            producer: AIOKafkaProducer | None = None
            try:
                await connection.listen(_CHANNEL, self._wake.set)
                producer = await self._start_producer()
                await self._look_for_held(connection)
                await self._publish_until(connection, producer, stop)
            finally:
                self._at_work = False
                metrics.RELAY_ACTIVE.set(0)
                if producer is not None:
                    await _close(producer)

        await work_alone("relay", self._pool, _LOCK, stop, publish, self.progress, _is_tolerated)

    async def _start_producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._kafka.client(),
            client_id=self._client_id,
            enable_idempotence=True,
            acks="all",
            max_batch_size=2 * _BATCH_BYTES,
            max_request_size=2 * _BATCH_BYTES,
            request_timeout_ms=15_000,
            retry_backoff_ms=50,
        )
        try:
            await producer.start()
        except BaseException:
            await _close(producer)
            raise
        return producer

    async def _publish_until(self, connection: Connection, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        while True:
            self.progress()
            self._wake.clear()
            rows = await fetch(connection, self._outgoing, {"n": _WAVE, "sent": self._sent})
            self._sent = []
            if rows:
                self._linger.begin()
                await self._publish(connection, producer, rows)
                self._linger.end(len(rows))
                if len(rows) == _WAVE or self._one_by_one:
                    continue
            if stop.is_set():
                if not rows:
                    return
                continue
            await self._linger.rest()
            await first_of(_FORGET_SECONDS if self._sent else self._poll_seconds, self._wake, stop)

    async def _publish(self, connection: Connection, producer: AIOKafkaProducer, rows: Sequence[_Outgoing]) -> None:
        rows = await self._without_held(connection, rows)
        if self._one_by_one:
            # One of so many made a wave fail for good: whichever it is, it is to fail alone.
            rows = rows[:1]
        if not rows:
            return
        try:
            sent = await self._send_wave(producer, rows)
        except _HOPELESS as error:
            if len(rows) == 1:
                await self._park(rows[0], error)
            else:
                self._one_by_one = len(rows)
            # After such an answer an idempotent producer has lost count: with a new one, it is looked again for what is held.
            raise
        self._one_by_one = max(0, self._one_by_one - 1)
        await failpoint("relay.published")
        if len(sent) > _FEW:
            await connection.execute(self._forget, {"sent": sent})
        else:
            self._sent = sent

    async def _park(self, row: _Outgoing, error: Exception) -> None:
        _log.error("an event cannot be sent", topic=row.topic, key=row.key, bytes=len(row.value), error=repr(error)[:500])
        async with self._pool.begin() as transaction:
            await parking.park_unsent(transaction, row, f"it cannot be sent: {type(error).__name__}: {error}")

    async def _look_for_held(self, connection: Connection) -> None:
        self._held = await parking.outgoing_keys(connection)
        self._looked_at = time.monotonic()

    async def _without_held(self, connection: Connection, rows: Sequence[_Outgoing]) -> Sequence[_Outgoing]:
        """What may be sent: what comes of a key behind a row that cannot be sent is parked with it."""
        if not self._held:
            return rows
        if time.monotonic() - self._looked_at > _LOOK_FOR_RELEASED_SECONDS:
            await self._look_for_held(connection)
        free: list[_Outgoing] = []
        for row in rows:
            if (row.topic, row.key) in self._held:
                async with self._pool.begin() as transaction:
                    if await parking.park_unsent(transaction, row, None):
                        continue
                # It was released a moment ago.
                await self._look_for_held(connection)
            free.append(row)
        return free

    async def _send_wave(self, producer: AIOKafkaProducer, rows: Sequence[_Outgoing]) -> list[int]:
        """Sends rows up to the first that no longer fits into its partition's batch; returns the ids that Kafka has."""
        batches: dict[tuple[str, int], tuple[BatchBuilder, int]] = {}
        sent: list[int] = []
        spans: list[OpenSpan] = []
        for id_, topic, key, headers, value, age, now in rows:
            partitions = await producer.partitions_for(topic)
            raw_key = key.encode()
            place = (topic, zlib.crc32(raw_key) % len(partitions))
            batch, size = batches.get(place) or (producer.create_batch(), 0)
            attributes: dict[str, str] = orjson.loads(headers)
            if self._tracing.on:
                spans.append(self._begin_span(topic, attributes, float(age)))
            pairs = [(name, text_.encode()) for name, text_ in attributes.items()]
            size += len(value)
            if size > _BATCH_BYTES and sent and place in batches:
                break
            if batch.append(key=raw_key, value=value, timestamp=now, headers=pairs) is None:
                if not sent:
                    raise MessageSizeTooLargeError(f"{len(value)} bytes are more than a batch holds")
                break
            batches[place] = (batch, size)
            sent.append(id_)
        futures = [await producer.send_batch(batch, topic, partition=n) for (topic, n), (batch, _) in batches.items()]
        failure = await self._failure_of(futures)
        for span in spans[: len(sent)]:
            span.end(None if failure is None else type(failure).__name__)
        if failure is not None:
            raise failure
        for (topic, _), (batch, _) in batches.items():
            metrics.child(metrics.PUBLISHED, topic).inc(batch.record_count())
        return sent

    async def _failure_of(self, futures: "Sequence[asyncio.Future[object]]") -> BaseException | None:
        # An idempotent producer of aiokafka tries again for ever: it would wait here in silence as long as Kafka is away.
        done, pending = await asyncio.wait(futures, timeout=self._patience_seconds)
        if pending:
            return TimeoutError(f"{len(pending)} of {len(futures)} batches were not acknowledged")
        failures: list[BaseException | None] = [future.exception() for future in done]
        return next((failure for failure in failures if failure is not None), None)

    def _begin_span(self, topic: str, attributes: dict[str, str], age: float) -> OpenSpan:
        # From the commit on, so that a wait in the outbox is seen; the consumer's span is its child.
        about = messaging("send", topic, attributes["ce_id"], attributes["ce_type"])
        span = self._tracing.begin(f"send {topic}", SpanKind.PRODUCER, attributes.get("traceparent"), about, seconds_ago=age)
        attributes["traceparent"] = span.traceparent
        return span


def _is_tolerated(error: Exception) -> bool:
    if not (isinstance(error, KafkaError) or is_transient(error)):
        return False
    metrics.RELAY_FAILURES.inc()
    return True


async def _close(producer: AIOKafkaProducer) -> None:
    # With the broker gone, stop() waits for what it can never deliver; the rows are still in the outbox.
    try:
        await asyncio.wait_for(producer.stop(), 5)
    except (TimeoutError, KafkaError, OSError) as error:
        _log.warning("producer did not stop in time", error=repr(error))
        # stop() has given up, its sender has not: it would send an old wave behind a newer one when the broker is back.
        await producer._sender.close()
        await producer.client.close()
