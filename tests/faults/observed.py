"""What the tests look at from outside: metrics, rows, and the offsets of consumer groups."""

from __future__ import annotations

import asyncio

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from desk.client import until
from desk.stack import Stack
from desk.traffic.checker import Offsets, end_offsets


def metric(stack: Stack, service: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples of one service that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    total = 0.0
    for line in httpx.get(f"{stack.url(service)}/metrics", timeout=30).text.splitlines():
        if line.startswith((f"{name} ", f"{name}{{")) and all(label in line for label in wanted):
            total += float(line.rpartition(" ")[2])
    return total


def count(stack: Stack, service: str, what: str) -> int:
    """`SELECT count(*) FROM …` in a service's database, whatever stands between it and the service."""
    return int(stack.postgres.psql(f"SELECT count(*) FROM {what}", service))


def committed(bootstrap: str, group: str) -> Offsets:
    """Where a consumer group has said that it is."""

    async def ask() -> Offsets:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            return {p: found.offset for p, found in (await admin.list_consumer_group_offsets(group)).items()}
        finally:
            await admin.close()

    return asyncio.run(ask())


def ids_between(bootstrap: str, first: Offsets, last: Offsets, topic: str) -> set[str]:
    """The `ce_id` of every record of a topic from the one offset to before the other."""

    async def read() -> set[str]:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
        await consumer.start()
        found: set[str] = set()
        try:
            for partition in [p for p in last if p.topic == topic and last[p] > first[p]]:
                consumer.assign([TopicPartition(topic, partition.partition)])
                consumer.seek(partition, first[partition])
                while await consumer.position(partition) < last[partition]:
                    for record in (await consumer.getmany(partition, timeout_ms=500)).get(partition, []):
                        if record.offset < last[partition]:
                            found.add(dict(record.headers)["ce_id"].decode())
            return found
        finally:
            await consumer.stop()

    return asyncio.run(read())


def groups(bootstrap: str) -> list[str]:
    """Every consumer group that the broker knows."""

    async def ask() -> list[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            return sorted(group for group, *_ in await admin.list_consumer_groups())
        finally:
            await admin.close()

    return asyncio.run(ask())


def lag(bootstrap: str) -> int:
    """How many messages all groups together have not taken."""
    ends = end_offsets(bootstrap)
    return sum(ends[p] - offset for group in groups(bootstrap) for p, offset in committed(bootstrap, group).items())


def rewind(bootstrap: str, to: Offsets | None = None) -> int:
    """Sets every group, whose members must have stopped, back to these offsets (None: to the beginning). Returns how many messages
    they will be given again."""

    async def set_back(group: str, partitions: list[TopicPartition]) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(partitions)
            offsets = await consumer.beginning_offsets(partitions) if to is None else {p: to[p] for p in partitions}
            await consumer.commit(offsets)
        finally:
            await consumer.stop()

    def is_set_back(group: str, partitions: list[TopicPartition]) -> bool:
        try:
            asyncio.run(set_back(group, partitions))
        except KafkaError:
            return False  # static members do not say goodbye: the group is theirs until their sessions have ended
        return True

    for group in groups(bootstrap):
        partitions = list(committed(bootstrap, group))
        until(lambda g=group, p=partitions: is_set_back(g, p), 60, f"{group} to be without members")  # type: ignore[misc]
    return lag(bootstrap)
