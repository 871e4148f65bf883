"""The door for subscribers of docker-compose.yml on a real broker: what its variables say, without the containers around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from desk.compose_secrets import files
from desk.kafka import Kafka
from desk.kafka_jars import fetch_jars
from desk.paths import HOST, ROOT
from desk.ports import free_port_base
from desk.report import Silent
from desk.stack_secrets import completed
from desk.topics import ensure_topics
from desk.topology import FORMS, SERVICES
from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.subscribers import RulesRefused, allow, rules
from deskstream_contracts.topics import SLAS, TICKETS, TOPICS, Topic

pytestmark = pytest.mark.anyio
_PUBLISHED = "127.0.0.1:${DESK_KAFKA_PORT:-8420}"


@dataclass(frozen=True)
class Doors:
    """A broker as the Compose file has it: its inner door, and the one that is published."""

    inner: KafkaAccess
    published: str
    password: str

    def client(self, password: str | None = None) -> dict[str, Any]:
        """What a subscriber gives to its client of Kafka."""
        return KafkaAccess(self.published, "SASL_PLAINTEXT", "PLAIN", "subscriber", password or self.password).client()

    def consumer(self, topic: Topic, group: str, password: str | None = None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(topic.name, group_id=group, auto_offset_reset="earliest", **self.client(password))


def properties(inner: int, controller: int, published: int, login: str) -> dict[str, str]:
    """The variables of Compose as the image of Kafka makes properties of them, on ports of this machine."""
    variables = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["kafka"]["environment"]
    given = {name.removeprefix("KAFKA_").replace("_", ".").lower(): value for name, value in variables.items()}
    ports = {
        "PLAINTEXT://:9092": f"PLAINTEXT://{HOST}:{inner}",
        "PLAINTEXT://kafka:9092": f"PLAINTEXT://{HOST}:{inner}",
        "CONTROLLER://:9093": f"CONTROLLER://{HOST}:{controller}",
        "SUBSCRIBERS://:9094": f"SUBSCRIBERS://{HOST}:{published}",
        f"SUBSCRIBERS://{_PUBLISHED}": f"SUBSCRIBERS://{HOST}:{published}",
    }
    for name in ("listeners", "advertised.listeners"):
        given[name] = ",".join(ports[listener] for listener in given[name].split(","))
    ours = ("node.id", "controller.quorum.voters", "log.dirs", "heap.opts")
    return {name: value for name, value in given.items() if name not in ours} | {
        "listener.name.subscribers.plain.sasl.jaas.config": login
    }


async def first(consumer: AIOKafkaConsumer) -> ConsumerRecord[bytes, bytes]:
    """The first record that a consumer gets."""
    try:
        await consumer.start()
        record = await asyncio.wait_for(consumer.getone(), 20)
        await consumer.commit()
        return record
    finally:
        await consumer.stop()


async def let_in(doors: Doors, group: str) -> ConsumerRecord[bytes, bytes]:
    """The first record, once the broker has heard of the rules from its controller."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return await first(doors.consumer(TICKETS, group))
        except (TopicAuthorizationFailedError, GroupAuthorizationFailedError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)


async def send(producer: AIOKafkaProducer) -> None:
    try:
        await producer.start()
        await producer.send_and_wait(TICKETS.name, b"{}", b"key")
    finally:
        await producer.stop()


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    secrets = completed({}, tuple(service.name for service in SERVICES), tuple(FORMS))
    name, _, login = files(secrets)["kafka.env"].strip().partition("=")
    assert name == "KAFKA_LISTENER_NAME_SUBSCRIBERS_PLAIN_SASL_JAAS_CONFIG"
    base = free_port_base()
    home = tmp_path_factory.mktemp("kafka")
    for folder in ("logs", "run"):
        (home / folder).mkdir()
    kafka = Kafka(
        home,
        base,
        base + 1,
        fetch_jars(Silent()),
        properties=properties(base, base + 1, base + 2, login.strip("'")),
    )
    kafka.prepare()
    kafka.start()
    try:
        kafka.wait_ready()
        ensure_topics(kafka.bootstrap_servers)
        yield Doors(KafkaAccess(kafka.bootstrap_servers), f"{HOST}:{base + 2}", secrets["subscriber"])
    finally:
        kafka.stop()


async def test_who_has_no_password_of_the_stack_is_not_let_in(doors: Doors) -> None:
    with pytest.raises((AuthenticationFailedError, KafkaConnectionError)):
        await first(doors.consumer(TICKETS, "subscriber", "guessed"))


async def test_before_the_profile_has_run_nothing_can_be_read(doors: Doors) -> None:
    with pytest.raises((TopicAuthorizationFailedError, GroupAuthorizationFailedError)):
        await first(doors.consumer(SLAS, "subscriber"))


async def test_afterwards_a_subscriber_reads_and_writes_nothing(doors: Doors) -> None:
    wanted = rules("subscriber", TOPICS)
    await allow(doors.inner, wanted)
    await allow(doors.inner, wanted)  # a second time changes nothing
    await send(AIOKafkaProducer(**doors.inner.client()))
    for group in ("subscriber", "subscriber-reports"):
        assert (await let_in(doors, group)).key == b"key"
    with pytest.raises(GroupAuthorizationFailedError):
        await first(doors.consumer(TICKETS, "ticket-svc"))
    with pytest.raises(TopicAuthorizationFailedError):
        await send(AIOKafkaProducer(**doors.client()))


async def test_a_broker_without_rules_says_so(kafka_bootstrap: str) -> None:
    with pytest.raises(RulesRefused, match="subscriber on topic"):
        await allow(KafkaAccess(kafka_bootstrap), rules("subscriber", [TICKETS]))
