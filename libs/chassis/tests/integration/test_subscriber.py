"""The Kafka side of the consumer against a real broker."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import Gauge

from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.messages import Received
from deskstream_chassis.bus.subscriber import Subscriber
from deskstream_chassis.watch import metrics
from deskstream_contracts.topics import TICKETS

pytestmark = pytest.mark.anyio


class Settled:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.values: set[bytes] = set()
        self._more = asyncio.Event()

    async def settle(self, messages: Sequence[Received], stop: asyncio.Event | None = None) -> None:
        self.values.update(m.value for m in messages)
        self._more.set()

    async def wait_for(self, value: bytes, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while value not in self.values:
                await self._more.wait()
                self._more.clear()


async def test_a_consumer_that_gets_nothing_although_there_is_something_starts_over(kafka_bootstrap: str) -> None:
    settled, stop, name = Settled(), asyncio.Event(), uuid4().hex
    subscriber = Subscriber(
        kafka=KafkaAccess(kafka_bootstrap),
        service=f"test-{name}",
        instance="1",
        topics=[TICKETS.name],
        processor=settled,
        max_batch=100,
        session_timeout_ms=6000,
        stuck_after_seconds=2,
    )
    running = asyncio.create_task(subscriber.run(stop))
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:
        await producer.send_and_wait(TICKETS.name, f"{name}-1".encode(), key=b"k")
        await settled.wait_for(f"{name}-1".encode(), 30)
        await asyncio.sleep(1)  # it looks five times a second
        assert shown(metrics.TOPIC_PARTITIONS) == TICKETS.partitions
        assert shown(metrics.PARTITIONS) == TICKETS.partitions
        # What aiokafka looks like when it has lost sight of its partitions: no error, and no record.
        consumer = subscriber._consumer
        assert consumer is not None
        consumer.pause(*consumer.assignment())
        await producer.send_and_wait(TICKETS.name, f"{name}-2".encode(), key=b"k")
        await settled.wait_for(f"{name}-2".encode(), 30)
    assert subscriber._consumer is not consumer
    stop.set()
    await asyncio.wait_for(running, 30)
    assert shown(metrics.PARTITIONS) == 0


def shown(gauge: Gauge) -> float:
    return next(s.value for s in next(iter(gauge.collect())).samples if s.labels == {"topic": TICKETS.name})
