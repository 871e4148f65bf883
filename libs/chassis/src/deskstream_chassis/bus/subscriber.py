"""The Kafka side of the consumer: one FastStream batch subscriber a service, drained by our own loop.

FastStream's loop sleeps after an empty poll, waits 5 s after any error and acknowledges by bare commits; ours takes whatever has
come, settles all of it, and then moves the offsets. Offsets may trail behind: the inbox makes a second delivery harmless.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from deskstream_chassis.bus.kafka import KafkaAccess, SaslMechanism
from deskstream_chassis.bus.lag import Lag
from deskstream_chassis.bus.linger import Linger
from deskstream_chassis.bus.messages import read
from deskstream_chassis.bus.processor import Processor
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.watch.logs import logger

_COMMIT_EVERY_SECONDS = 0.5
_KAFKA_PATIENCE_SECONDS = 30.0
_GATHERED_BYTES: Final = 128 * 1024
_QUIET_WAIT_MS: Final = 2000
_MECHANISMS: Final[dict[SaslMechanism, type]] = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}
_log = logger(__name__)


class _CommitOnRevoke(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, owner: "Subscriber") -> None:
        self._owner = owner

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._owner.commit()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._owner.forget_offsets()


class Subscriber(Worker):
    """Drains a service's topics into its processor until its stop event is set.

    `gather_ms`: after a first message so long the broker waits for more before it answers; 0 takes every message as it comes. For
    a subscriber that need not be quick, as it saves a fetch and a transaction for each trickle.
    """

    name = "consumer"

    def __init__(
        self,
        *,
        kafka: KafkaAccess,
        service: str,
        instance: str,
        topics: Sequence[str],
        processor: Processor,
        max_batch: int,
        session_timeout_ms: int,
        gather_ms: int = 0,
        max_linger_seconds: float = 0.0,
        stuck_after_seconds: float = 30.0,
    ) -> None:
        super().__init__()
        self._kafka = kafka
        self._service = service
        self._instance = instance
        self._topics = topics
        self._processor = processor
        self._max_batch = max_batch
        self._session_timeout_ms = session_timeout_ms
        self._gather_ms = gather_ms
        self._linger = Linger(max_linger_seconds)
        self._consumer: AIOKafkaConsumer | None = None
        self._settled: dict[TopicPartition, int] = {}
        self._lag = Lag(topics, stuck_after_seconds)
        self._committed_at = 0.0

    @property
    def ready(self) -> bool:
        return self._consumer is not None and self.failure is None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            broker = _broker(self._kafka, f"{self._service}-{self._instance}")
            try:
                await self._drain(broker, stop)
            except (KafkaError, OSError, TimeoutError) as error:
                _log.warning("consumer starts over", error=repr(error)[:300])
                await asyncio.sleep(0.5)
            finally:
                consumer, self._consumer = self._consumer, None
                await _close(broker, consumer)

    async def _drain(self, broker: KafkaBroker, stop: asyncio.Event) -> None:
        subscriber = broker.subscriber(
            *self._topics,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            group_id=self._service,
            # Static membership: a killed worker that comes back has its partitions at once, without a rebalance.
            group_instance_id=f"{self._service}-{self._instance}",
            auto_offset_reset="earliest",
            session_timeout_ms=self._session_timeout_ms,
            fetch_max_wait_ms=_QUIET_WAIT_MS,
            consumer_timeout_ms=_QUIET_WAIT_MS,
            heartbeat_interval_ms=min(3000, self._session_timeout_ms // 3),
            # A batch is held as long as the database is away; leaving the group would not bring it back.
            max_poll_interval_ms=24 * 3600 * 1000,
            listener=_CommitOnRevoke(self),
        )
        await broker.start()
        consumer = subscriber.consumer
        if consumer is None:
            raise ConsumerStoppedError
        self._consumer = consumer
        self._settled.clear()
        self._lag.forget()
        stopped = asyncio.ensure_future(stop.wait())
        measuring = asyncio.ensure_future(self._lag.measure(consumer))
        try:
            while not stop.is_set():
                await self._linger.rest()
                await self._turn(consumer, stop, stopped)
            await self.commit()
        finally:
            stopped.cancel()
            measuring.cancel()

    async def _turn(self, consumer: AIOKafkaConsumer, stop: asyncio.Event, stopped: "asyncio.Task[bool]") -> None:
        fetch = asyncio.ensure_future(consumer.getmany(timeout_ms=500, max_records=self._max_batch))
        await asyncio.wait((fetch, stopped), timeout=_KAFKA_PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not fetch.done():
            fetch.cancel()
            await asyncio.gather(fetch, return_exceptions=True)
            if not stop.is_set():
                raise TimeoutError("the consumer does not answer")
            return
        if (partition := self._lag.stuck()) is not None:
            raise TimeoutError(f"{partition.topic}/{partition.partition} has messages to come and does not move")
        fetched = fetch.result()
        self.progress()
        if self._gather_ms:
            _gather(consumer, self._gather_ms if fetched else 0)
        if fetched:
            self._linger.begin()
            self._lag.taken(fetched)
            # Of one key all messages are in one partition, so any order of partitions will do.
            await self._processor.settle([read(r) for records in fetched.values() for r in records], stop)
            self._linger.end(sum(map(len, fetched.values())))
            self._lag.settled(fetched)
            self.progress()
            await failpoint("consumer.settled")
            for partition, records in fetched.items():
                self._settled[partition] = records[-1].offset + 1
        if self._settled and (not fetched or time.monotonic() - self._committed_at > _COMMIT_EVERY_SECONDS):
            await self.commit()

    async def commit(self) -> None:
        """Moves the offsets behind what is settled; a rebalance in between is no loss, as the inbox knows better."""
        offsets, self._settled = self._settled, {}
        self._committed_at = time.monotonic()
        if not offsets or self._consumer is None:
            return
        try:
            async with asyncio.timeout(_KAFKA_PATIENCE_SECONDS):
                await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("offsets not committed, partitions have moved", error=repr(error)[:200])
        except KafkaError as error:
            _log.warning("offsets not committed", error=repr(error)[:200])

    def forget_offsets(self) -> None:
        self._settled.clear()
        self._lag.forget()


def _gather(consumer: AIOKafkaConsumer, ms: int) -> None:
    """Has the broker wait with its next answers until so much has come, or for `ms`; with 0 it answers at a first message.

    A consumer takes this once, for ever; quiet topics would then cost as many fetches as busy ones.
    """
    consumer._fetcher._fetch_min_bytes = _GATHERED_BYTES if ms else 1
    consumer._fetcher._fetch_max_wait_ms = ms or _QUIET_WAIT_MS


def _broker(kafka: KafkaAccess, client_id: str) -> KafkaBroker:
    tls = kafka.tls()
    security = BaseSecurity(ssl_context=tls, use_ssl=tls is not None)
    if kafka.sasl:
        security = _MECHANISMS[kafka.sasl_mechanism](kafka.sasl_username, kafka.sasl_password, tls, tls is not None)
    return KafkaBroker(
        # FastStream would take several servers in one text for one.
        kafka.bootstrap_servers.split(","),
        client_id=client_id,
        logger=None,
        request_timeout_ms=15_000,
        security=security,
    )


async def _close(broker: KafkaBroker, consumer: AIOKafkaConsumer | None) -> None:
    # With the broker gone, leaving the group politely can hang.
    try:
        await asyncio.wait_for(broker.stop(), 5)
    except (TimeoutError, KafkaError, OSError) as error:
        _log.warning("consumer did not stop in time", error=repr(error))
        if consumer is not None:
            await _abandon(consumer)


async def _abandon(consumer: AIOKafkaConsumer) -> None:
    # stop() has given up, its tasks have not: they would go on as a member of the same name as the next consumer's.
    coordinator = consumer._coordinator
    for task in (coordinator._coordination_task, coordinator._heartbeat_task, coordinator._commit_refresh_task):
        if task is not None:
            task.cancel()
    await consumer._client.close()
