"""The topics of the catalogue, made on a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from desk.errors import DeskError

T = TypeVar("T")


def ensure_topics(bootstrap: str) -> list[str]:
    """Make every topic of the catalogue that is missing; returns the names of those made. Idempotent.

    Raises DeskError if the broker refuses one, or if one exists with too few partitions.
    """
    # Here, as most commands of the CLI never speak to Kafka.
    from aiokafka.errors import KafkaError

    from deskstream_chassis.bus.kafka import KafkaAccess
    from deskstream_chassis.bus.topics import TopicsDiffer, ensure

    try:
        return _run(lambda: ensure(KafkaAccess(bootstrap), -1))
    except (KafkaError, OSError) as error:
        raise DeskError(f"Kafka does not answer: {error}") from error
    except TopicsDiffer as error:
        raise DeskError(str(error)) from error


def exercise(bootstrap: str) -> None:
    """Let a broker do a little of everything: topics, records, a group; for the recording of its classes."""
    ensure_topics(bootstrap)
    _run(lambda: _exercise(bootstrap))


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    # In a thread, so that it can be called from a program that has a loop of its own.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


async def _exercise(bootstrap: str) -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    from deskstream_contracts.topics import TICKETS

    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    consumer = AIOKafkaConsumer(
        TICKETS.name,
        bootstrap_servers=bootstrap,
        group_id="warm-up",
        group_instance_id="warm-up-1",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await producer.start()
    await producer.send_and_wait(TICKETS.name, b"value", b"key")
    await consumer.start()
    await asyncio.wait_for(consumer.getone(), 20)
    await consumer.commit()
    await consumer.stop()
    await producer.stop()
