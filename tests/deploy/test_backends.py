"""The tests' own backends as containers (DESK_TEST_BACKEND=containers), for who would rather not run them embedded."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from desk.backends import Backends, start_backends
from deskstream_contracts.topics import TICKETS

pytestmark = pytest.mark.anyio


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backends]:
    monkeypatch.setenv("DESK_TEST_BACKEND", "containers")
    backends = start_backends()
    yield backends
    backends.stop()


async def test_containers_serve_as_the_embedded_backends_do(containers: Backends) -> None:
    url = await containers.create_database()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    await containers.drop_database(url)
    async with AIOKafkaProducer(bootstrap_servers=containers.bootstrap_servers) as producer:
        sent = await producer.send_and_wait(TICKETS.name, b"value", b"key")
    async with AIOKafkaConsumer(
        TICKETS.name, bootstrap_servers=containers.bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
        assert (record.partition, record.value) == (sent.partition, b"value")
        assert len(consumer.partitions_for_topic(TICKETS.name)) == TICKETS.partitions
