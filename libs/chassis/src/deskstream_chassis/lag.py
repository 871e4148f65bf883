"""How far a consumer is behind: in messages, and in the age of the oldest message that it has not handled.

Nothing is read for it but the ends of the partitions. While a batch is in hand its first record is the oldest that waits; otherwise
nothing is older than the last record that was settled, or than the moment when nothing was left.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deskstream_chassis import metrics
from deskstream_chassis.logs import logger

_EVERY_SECONDS: Final = 5.0
_BEHIND_SECONDS: Final = 1.0
_UNASSIGNED_SECONDS: Final = 0.2
_log = logger(__name__)

Fetched = Mapping[TopicPartition, Sequence[Any]]


class Lag:
    """Beside a consumer's own loop, so that a consumer that is held up is seen to be."""

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics
        self._in_hand: dict[TopicPartition, tuple[int, float]] = {}
        self._handled_until: dict[TopicPartition, float] = {}
        for gauge in (metrics.LAG, metrics.LAG_SECONDS):
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

    async def measure(self, consumer: AIOKafkaConsumer) -> None:
        """Keeps the gauges until it is cancelled; more often while there is a lag."""
        while True:
            pause = _UNASSIGNED_SECONDS
            partitions = list(consumer.assignment())
            if partitions:
                try:
                    # The broker is asked: what the consumer knows of a partition is as old as its last fetch from there.
                    behind = await self._set(consumer, await consumer.end_offsets(partitions))
                    pause = _BEHIND_SECONDS if behind else _EVERY_SECONDS
                except (KafkaError, ValueError, OSError, TimeoutError) as error:
                    _log.info("lag not measured", error=repr(error)[:200])
                    pause = _BEHIND_SECONDS
            await asyncio.sleep(pause)

    async def _set(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> int:
        messages, seconds = dict.fromkeys(self._topics, 0), dict.fromkeys(self._topics, 0.0)
        for partition, end in ends.items():
            position = await consumer.position(partition)
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
