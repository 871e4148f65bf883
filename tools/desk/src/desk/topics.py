"""The topics of the catalogue, made on a broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from desk.errors import DeskError

T = TypeVar("T")
_TOPIC_EXISTS = 36


class CataloguedTopic(Protocol):
    """What is asked of an entry of `deskstream_contracts.topics.TOPICS`."""

    @property
    def name(self) -> str:
        """Its name on the broker."""

    @property
    def partitions(self) -> int:
        """How many partitions it has from the beginning."""

    def config(self) -> dict[str, str]:
        """Kafka's topic configuration."""


def ensure_topics(bootstrap: str, topics: Sequence[CataloguedTopic] | None = None) -> list[str]:
    """Make every topic that is missing; returns the names of those made. Idempotent.

    `topics`: the catalogue of the contracts, unless given. Raises DeskError if the broker refuses one, or if one
    exists with another number of partitions (its keys would move, and their order be lost).
    """
    if topics is None:
        from deskstream_contracts.topics import TOPICS

        topics = TOPICS
    wanted = topics
    return _run(lambda: _ensure(bootstrap, wanted))


def exercise(bootstrap: str) -> None:
    """Let a broker do a little of everything: topics, records, a group; for the recording of its classes."""
    _run(lambda: _exercise(bootstrap))


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    # In a thread, so that it can be called from a program that has a loop of its own.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


async def _ensure(bootstrap: str, topics: Sequence[CataloguedTopic]) -> list[str]:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await _start(admin.start)
    try:
        described = await admin.describe_topics([topic.name for topic in topics])
        existing = {entry["topic"]: len(entry["partitions"]) for entry in described if not entry["error_code"]}
        for topic in topics:
            count = existing.get(topic.name, topic.partitions)
            if count != topic.partitions:
                raise DeskError(f"topic {topic.name} has {count} partitions, the catalogue says {topic.partitions}")
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            # Replicated as the broker has it by default; aiokafka takes -1 only beside an assignment, be it empty.
            new = [NewTopic(t.name, t.partitions, -1, replica_assignments={}, topic_configs=t.config()) for t in missing]
            answer = await admin.create_topics(new, timeout_ms=30_000)
            for name, code, *message in answer.topic_errors:
                if code not in (0, _TOPIC_EXISTS):
                    raise DeskError(f"Kafka refused to make topic {name}: error {code} {message}")
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def _start(start: Callable[[], Coroutine[Any, Any, None]], seconds: float = 30.0) -> None:
    # A broker listens a moment before it answers.
    from aiokafka.errors import KafkaError

    deadline = time.monotonic() + seconds
    while True:
        try:
            return await start()
        except KafkaError as error:
            if time.monotonic() > deadline:
                raise DeskError(f"Kafka does not answer: {error}") from error
            await asyncio.sleep(0.1)


async def _exercise(bootstrap: str) -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await _start(admin.start)
    await admin.create_topics([NewTopic("warm-up", 2, 1, topic_configs={"cleanup.policy": "compact"})])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    consumer = AIOKafkaConsumer(
        "warm-up",
        bootstrap_servers=bootstrap,
        group_id="warm-up",
        group_instance_id="warm-up-1",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await producer.start()
    await producer.send_and_wait("warm-up", b"value", b"key")
    await consumer.start()
    await asyncio.wait_for(consumer.getone(), 20)
    await consumer.commit()
    await consumer.stop()
    await producer.stop()
