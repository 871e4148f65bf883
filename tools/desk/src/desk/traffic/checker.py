"""Reads every topic and says what is wrong: events lost, inverted or doubled in their effect."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deskstream_contracts.topics import TOPICS

Offsets = dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Published:
    """One record, as any subscriber sees it. `at` is seconds since the epoch."""

    topic: str
    key: str
    id: str
    type: str
    sequence: int | None
    at: float
    data: dict[str, Any]


def end_offsets(bootstrap: str) -> Offsets:
    """Where every topic of the catalogue ends now."""
    return asyncio.run(_end_offsets(bootstrap))


def published_since(bootstrap: str, since: Offsets) -> list[Published]:
    """All events since those offsets; of one key in order."""
    return asyncio.run(_read(bootstrap, since))


def order_faults(events: list[Published]) -> list[str]:
    """Keys whose events are inverted or have a gap. An event may come twice (at least once); its second coming is passed over."""
    seen: set[str] = set()
    last: dict[tuple[str, str], int] = {}
    faults = []
    for event in events:
        if event.sequence is None or event.id in seen:
            continue
        seen.add(event.id)
        place = (event.topic, event.key)
        if place in last and event.sequence != last[place] + 1:
            faults.append(f"{event.topic} {event.key}: {event.type} is version {event.sequence} after {last[place]}")
        last[place] = event.sequence
    return faults


def twice(events: list[Published], type_: str, *path: str) -> list[str]:
    """Values (found by `path` in the data) that more than one event of a type speaks of, redeliveries not counted."""
    ids: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.type == type_:
            value: Any = event.data
            for name in path:
                value = value[name]
            ids[str(value)].add(event.id)
    return [value for value, events_of in ids.items() if len(events_of) > 1]


async def _end_offsets(bootstrap: str) -> Offsets:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        offsets: Offsets = await consumer.end_offsets(
            [TopicPartition(topic.name, n) for topic in TOPICS for n in range(topic.partitions)]
        )
        return offsets
    finally:
        await consumer.stop()


async def _read(bootstrap: str, since: Offsets) -> list[Published]:
    until = await _end_offsets(bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    found: list[Published] = []
    try:
        consumer.assign(list(since))
        for partition, offset in since.items():
            consumer.seek(partition, offset)
        while sum([await consumer.position(p) for p in since]) < sum(until.values()):
            for records in (await consumer.getmany(timeout_ms=500, max_records=5000)).values():
                found += [event for record in records if (event := _published(record))]
    finally:
        await consumer.stop()
    return found


def _published(record: Any) -> Published | None:
    try:
        headers = {name: value.decode() for name, value in record.headers}
        data = json.loads(record.value)
        sequence = int(headers["ce_sequence"]) if "ce_sequence" in headers else None
        key = record.key.decode()
        return Published(record.topic, key, headers["ce_id"], headers["ce_type"], sequence, record.timestamp / 1000, data)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # garbage that a test put there
