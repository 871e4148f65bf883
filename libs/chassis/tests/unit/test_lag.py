"""Lag by hand: a consumer that says where it is, and records with a time."""

import asyncio
import time
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from deskstream_chassis.bus.lag import Lag

pytestmark = pytest.mark.anyio
TOPIC = "deskstream.test.v1"
ONE, TWO = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


@dataclass
class Record:
    offset: int
    timestamp: int


@dataclass
class Consumer:
    """A hand-written stand-in for aiokafka's, as far as lag asks it."""

    ends: dict[TopicPartition, int]
    positions: dict[TopicPartition, int] = field(default_factory=dict)

    def assignment(self) -> set[TopicPartition]:
        return set(self.ends)

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {partition.partition for partition in self.ends if partition.topic == topic}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self.ends[partition] for partition in partitions}

    async def position(self, partition: TopicPartition) -> int:
        return self.positions.get(partition, 0)


def ago(seconds: float) -> int:
    return int((time.time() - seconds) * 1000)


async def measured(lag: Lag, consumer: Consumer) -> tuple[float, float]:
    measuring = asyncio.ensure_future(lag.measure(consumer))
    await asyncio.sleep(0.01)
    measuring.cancel()
    found = [REGISTRY.get_sample_value(f"deskstream_consumer_lag_{unit}", {"topic": TOPIC}) for unit in ("messages", "seconds")]
    assert found[0] is not None
    assert found[1] is not None
    return found[0], found[1]


async def test_who_has_handled_everything_is_not_behind() -> None:
    assert await measured(Lag([TOPIC]), Consumer({ONE: 5, TWO: 0}, {ONE: 5})) == (0, 0)


async def test_a_batch_in_hand_is_not_handled_and_its_first_record_is_the_oldest() -> None:
    lag = Lag([TOPIC])
    lag.taken({ONE: [Record(2, ago(60)), Record(3, ago(1))]})
    messages, seconds = await measured(lag, Consumer({ONE: 5, TWO: 0}, {ONE: 4}))
    assert messages == 3
    assert seconds == pytest.approx(60, abs=1)


async def test_between_batches_nothing_is_older_than_the_last_that_was_settled() -> None:
    lag = Lag([TOPIC])
    lag.taken({ONE: [Record(2, ago(60))]})
    lag.settled({ONE: [Record(2, ago(30))]})
    messages, seconds = await measured(lag, Consumer({ONE: 5, TWO: 0}, {ONE: 3}))
    assert messages == 2
    assert seconds == pytest.approx(30, abs=1)


async def test_a_message_after_a_long_silence_is_young() -> None:
    lag, consumer = Lag([TOPIC]), Consumer({ONE: 3, TWO: 0}, {ONE: 3})
    lag.settled({ONE: [Record(2, ago(3600))]})
    assert await measured(lag, consumer) == (0, 0)
    consumer.ends[ONE] = 4
    messages, seconds = await measured(lag, consumer)
    assert messages == 1
    assert seconds < 1


async def test_what_was_known_of_partitions_that_moved_away_is_forgotten() -> None:
    lag = Lag([TOPIC])
    lag.settled({ONE: [Record(2, ago(3600))]})
    lag.forget()
    assert (await measured(lag, Consumer({ONE: 5, TWO: 0}, {ONE: 3})))[1] < 1
