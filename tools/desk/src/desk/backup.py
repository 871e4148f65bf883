"""A backup of a whole desk, taken while its services are stopped, and its restoration into new servers.

With nobody writing, databases and topics belong together: what is committed is in a database, what it tells of is in a topic or
still in an outbox, and each group's offsets say what it has taken. So events under way are kept with the rest.

Where files lie in a bucket and not in a folder, the bucket has a backup of its own.

The folder holds `<service>.dump` (pg_dump's custom format), `topics/<name>.jsonl.gz` (a record a line, keys and values in base64),
`groups.json` (how many records of each partition a group has taken), `secrets.json`, notify's journal, and ticket's `files`.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from desk.errors import DeskError
from desk.files import OWNER_ONLY
from desk.paths import claim_home
from desk.stack import Stack
from deskstream_contracts.topics import TOPICS

T = TypeVar("T")
_SECRETS = "secrets.json"
_JOURNAL = "journal"
_FILES = "files"


def take(stack: Stack, folder: Path) -> None:
    """Writes everything into a new folder. PostgreSQL and Kafka run, no service does. Raises DeskError."""
    _refuse_services(stack)
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        (folder / "topics").mkdir(mode=0o700)
    except FileExistsError:
        raise DeskError(f"{folder} holds a backup already: name a new folder") from None
    before = os.umask(OWNER_ONLY)
    try:
        _copy(stack, folder)
    finally:
        os.umask(before)


def _copy(stack: Stack, folder: Path) -> None:
    for service in stack.services:
        stack.postgres.dump(service.name, folder / f"{service.name}.dump")
    _run(_copy_topics(stack.bootstrap_servers, folder))
    shutil.copy(stack.home / _SECRETS, folder / _SECRETS)
    journal = _journal(stack)
    if journal.exists():
        shutil.copy(journal, folder / _JOURNAL)
    files = _files(stack)
    if files is not None and files.is_dir():
        shutil.copytree(files, folder / _FILES)


def prepare(folder: Path, home: Path) -> None:
    """The first step of a restoration: a new home that has the keys of the old one. Raises DeskError."""
    if not (folder / _SECRETS).exists():
        raise DeskError(f"{folder} holds no backup")
    if (home / "postgres").exists() or (home / "kafka").exists():
        raise DeskError(f"{home} holds a desk already: delete it with ./desk reset, or point DESK_HOME to a new folder")
    claim_home(home)
    shutil.copy2(folder / _SECRETS, home / _SECRETS)


def restore(stack: Stack, folder: Path) -> None:
    """Fills the new, empty databases and topics. PostgreSQL and Kafka run, no service does. Raises DeskError."""
    _refuse_services(stack)
    for service in stack.services:
        stack.postgres.load(service.name, folder / f"{service.name}.dump")
    _run(_fill_topics(stack.bootstrap_servers, folder))
    if (folder / _JOURNAL).exists():
        journal = _journal(stack)
        journal.parent.mkdir(exist_ok=True)
        shutil.copy2(folder / _JOURNAL, journal)
    files = _files(stack)
    if files is not None and (folder / _FILES).is_dir():
        shutil.copytree(folder / _FILES, files, dirs_exist_ok=True)


def _refuse_services(stack: Stack) -> None:
    names = {service.name for service in stack.services} & set(stack.running())
    if names:
        raise DeskError(f"{', '.join(sorted(names))} must be stopped first: nobody may write meanwhile")


def _journal(stack: Stack) -> Path:
    return Path(stack.env("notify")["NOTIFY_JOURNAL"])


def _files(stack: Stack) -> Path | None:
    where = stack.env("ticket")["TICKET_FILES_STORE"]
    return Path(where) if where.startswith("/") else None


def _run(work: Coroutine[Any, Any, T]) -> T:
    # In a thread, so that it can be called from a program that has a loop of its own.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _copy_topics(bootstrap: str, folder: Path) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        groups = {group: await admin.list_consumer_group_offsets(group) for group, *_ in await admin.list_consumer_groups()}
        taken: dict[str, dict[str, dict[int, int]]] = {group: defaultdict(dict) for group in groups}
        for topic in TOPICS:
            with gzip.open(folder / "topics" / f"{topic.name}.jsonl.gz", "wt", compresslevel=1) as file:
                partitions = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
                async for partition, offset, line in _records(consumer, partitions):
                    file.write(line + "\n")
                    for group, offsets in groups.items():
                        known = offsets.get(partition)
                        if known is not None and offset < known.offset:
                            count = taken[group][topic.name].get(partition.partition, 0)
                            taken[group][topic.name][partition.partition] = count + 1
        (folder / "groups.json").write_text(json.dumps(taken, indent=1))
    finally:
        await consumer.stop()
        await admin.close()


async def _records(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> AsyncIterator[tuple[TopicPartition, int, str]]:
    """Every record up to the present end, of each partition in order."""
    consumer.assign(partitions)
    await consumer.seek_to_beginning()
    ends = await consumer.end_offsets(partitions)
    while any([await consumer.position(p) < ends[p] for p in partitions]):
        for partition, records in (await consumer.getmany(timeout_ms=500)).items():
            for r in records:
                headers = [(name, _packed(value)) for name, value in r.headers]
                yield partition, r.offset, json.dumps([partition.partition, r.timestamp, _packed(r.key), _packed(r.value), headers])


async def _fill_topics(bootstrap: str, folder: Path) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", max_request_size=2 * 2**20)
    await producer.start()
    try:
        for topic in TOPICS:
            with gzip.open(folder / "topics" / f"{topic.name}.jsonl.gz", "rt") as file:
                for line in file:
                    partition, timestamp, key, value, headers = json.loads(line)
                    raw = [(name, _unpacked(text) or b"") for name, text in headers]
                    await producer.send(topic.name, _unpacked(value), _unpacked(key), partition, timestamp, raw)
        await producer.flush()
    finally:
        await producer.stop()
    for group, topics in json.loads((folder / "groups.json").read_text()).items():
        taken = {TopicPartition(topic, int(n)): count for topic, counts in topics.items() for n, count in counts.items()}
        if taken:
            consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
            await consumer.start()
            consumer.assign(list(taken))
            await consumer.commit(taken)
            await consumer.stop()


def _packed(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
