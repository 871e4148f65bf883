"""How far a consumer is behind: in messages, and in the age of the oldest message that it has not handled.

Nothing is read for it but the ends of the partitions. While a batch is in hand its first record is the oldest that waits; otherwise
nothing is older than the last record that was settled, or than the moment when nothing was left.

It also sees what no error tells of: a partition with messages to come whose position has not moved for long (aiokafka can lose
sight of one after a broker's restart).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.logs import logger

_EVERY_SECONDS: Final = 5.0
_BEHIND_SECONDS: Final = 1.0
_UNASSIGNED_SECONDS: Final = 0.2
_POSITION_SECONDS: Final = 1.0
_log = logger(__name__)

Fetched = Mapping[TopicPartition, Sequence["ConsumerRecord[bytes, bytes]"]]


class Lag:
    """Beside a consumer's own loop, so that a consumer that is held up is seen to be."""

    def __init__(self, topics: Sequence[str], stuck_after_seconds: float = 30.0) -> None:
        self._topics = topics
        self._stuck_after_seconds = stuck_after_seconds
        self._still: dict[TopicPartition, tuple[int | None, float]] = {}
        self._in_hand: dict[TopicPartition, tuple[int, float]] = {}
        self._handled_until: dict[TopicPartition, float] = {}
        for gauge in (metrics.LAG, metrics.LAG_SECONDS, metrics.PARTITIONS, metrics.TOPIC_PARTITIONS):
            metrics.zero(gauge, topics)
        metrics.zero(metrics.CONSUMED, topics, metrics.FATES)

    def taken(self, fetched: Fetched) -> None:
        """A batch is in hand."""
        self._in_hand = {partition: (records[0].offset, records[0].timestamp / 1000) for partition, records in fetched.items()}

    def settled(self, fetched: Fetched) -> None:
        """It is handled."""
        self._in_hand = {}
        for partition, records in fetched.items():
            self._handled_until[partition] = records[-1].timestamp / 1000

    def forget(self) -> None:
        """Partitions have moved."""
        self._handled_until.clear()
        self._still.clear()

    def stuck(self) -> TopicPartition | None:
        """A partition that ought to move and has not for too long."""
        limit = time.monotonic() - self._stuck_after_seconds
        return next((partition for partition, (_, since) in self._still.items() if since < limit), None)

    async def measure(self, consumer: AIOKafkaConsumer) -> None:
        """Keeps the gauges until it is cancelled; more often while there is a lag."""
        try:
            await self._measure(consumer)
        finally:
            self._show_share(())

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            pause = _UNASSIGNED_SECONDS
            partitions = list(consumer.assignment())
            self._show_share(partitions)
            for topic in self._topics:
                metrics.child(metrics.TOPIC_PARTITIONS, topic).set(len(consumer.partitions_for_topic(topic) or ()))
            if partitions:
                try:
                    # The broker is asked: what the consumer knows of a partition is as old as its last fetch from there.
                    behind = await self._set(consumer, await consumer.end_offsets(partitions))
                    pause = _BEHIND_SECONDS if behind else _EVERY_SECONDS
                except (KafkaError, ValueError, OSError, TimeoutError) as error:
                    _log.info("lag not measured", error=repr(error)[:200])
                    pause = _BEHIND_SECONDS
            await asyncio.sleep(pause)

    def _show_share(self, partitions: Sequence[TopicPartition]) -> None:
        held = Counter(partition.topic for partition in partitions)
        for topic in self._topics:
            metrics.child(metrics.PARTITIONS, topic).set(held[topic])

    async def _set(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> int:
        messages, seconds = dict.fromkeys(self._topics, 0), dict.fromkeys(self._topics, 0.0)
        for partition, end in ends.items():
            position = await _position(consumer, partition)
            self._watch(partition, position, end)
            if position is None:
                continue
            now = time.time()
            offset, since = self._in_hand.get(partition) or (position, self._handled_until.get(partition, now))
            behind = max(0, end - offset)
            if not behind:
                self._handled_until[partition] = now
                continue
            messages[partition.topic] += behind
            seconds[partition.topic] = max(seconds[partition.topic], now - since)
        for topic in self._topics:
            metrics.child(metrics.LAG, topic).set(messages[topic])
            metrics.child(metrics.LAG_SECONDS, topic).set(seconds[topic])
        return sum(messages.values())

    def _watch(self, partition: TopicPartition, position: int | None, end: int) -> None:
        # While a batch is in hand nothing is fetched: that is not the partition's doing.
        if self._in_hand or (position is not None and position >= end):
            self._still.pop(partition, None)
        elif (known := self._still.get(partition)) is None or known[0] != position:
            self._still[partition] = (position, time.monotonic())


async def _position(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
    # It waits, without end, for a position that is not known yet. (`wait_for` may take a cancellation for an answer.)
    try:
        async with asyncio.timeout(_POSITION_SECONDS):
            return int(await consumer.position(partition))
    except TimeoutError:
        return None
