"""PostgreSQL and Kafka for tests: embedded ones, or containers with DESK_TEST_BACKEND=containers. Never none: a test that needs
them fails where neither can be had."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from desk.paths import HOST
from desk.ports import free_port_base
from desk.postgres import ADMIN
from desk.stack import Stack
from desk.topics import ensure_topics
from deskstream_chassis.store.migrations import upgrade


@dataclass(frozen=True, slots=True)
class Backends:
    """One server of each; every test takes a database of its own."""

    admin_url: str
    bootstrap_servers: str
    stop: Callable[[], None]
    _migrated: dict[Path, str] = field(default_factory=dict, init=False)

    async def create_database(self, template: str = "template1") -> str:
        """A fresh database, empty or a copy of `template`; returns its SQLAlchemy URL."""
        name = f"test_{secrets.token_hex(6)}"
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            await connection.close()
        return self.admin_url.replace("postgresql://", "postgresql+asyncpg://").rpartition("/")[0] + f"/{name}"

    def create_migrated_database(self, root: Path) -> str:
        """A fresh database with the newest schema of the service in `root`; returns its SQLAlchemy URL.

        The migrations run once a session, on a template that is copied. Not to be called within an event loop.
        """
        if root not in self._migrated:
            url = asyncio.run(self.create_database())
            upgrade(root, url)
            self._migrated[root] = url.rpartition("/")[2]
        return asyncio.run(self.create_database(self._migrated[root]))

    async def drop_database(self, url: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")
        finally:
            await connection.close()


def start_backends() -> Backends:
    """The backends that DESK_TEST_BACKEND asks for: `embedded` (default) or `containers`."""
    kind = os.environ.get("DESK_TEST_BACKEND", "embedded")
    if kind == "embedded":
        return _embedded()
    if kind == "containers":
        return _containers()
    raise ValueError(f"DESK_TEST_BACKEND is {kind!r}; it can be embedded or containers")


def _embedded() -> Backends:
    home = Path(tempfile.mkdtemp(prefix="desk-test-"))
    shutil.rmtree(home)
    stack = Stack(home, free_port_base(), services=())
    stack.start_backends()
    password = stack.topology.secrets["postgres_admin"]
    admin = f"postgresql://{ADMIN}:{password}@{HOST}:{stack.topology.port('postgres')}/postgres"
    return Backends(admin, stack.bootstrap_servers, stack.destroy)


def _containers() -> Backends:
    from testcontainers.core.container import DockerContainer

    port = free_port_base()
    kafka = DockerContainer(os.environ.get("KAFKA_IMAGE", "apache/kafka:4.3.1")).with_bind_ports(port, port)
    for name, value in _kafka_settings(port).items():
        kafka = kafka.with_env(name, value)
    postgres = (
        DockerContainer(os.environ.get("POSTGRES_IMAGE", "postgres:17"))
        .with_exposed_ports(5432)
        .with_env("POSTGRES_PASSWORD", "test")
    )

    def stop() -> None:
        kafka.stop()
        postgres.stop()

    try:
        kafka.start()
        postgres.start()
        host = postgres.get_container_host_ip().replace("localhost", HOST)
        admin = f"postgresql://postgres:test@{host}:{postgres.get_exposed_port(5432)}/postgres"
        bootstrap = f"{HOST}:{port}"
        _until_up(bootstrap, admin)
    except BaseException:
        stop()
        raise
    return Backends(admin, bootstrap, stop)


def _kafka_settings(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://0.0.0.0:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


def _until_up(bootstrap: str, admin: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            ensure_topics(bootstrap)
            asyncio.run(_ping(admin))
            return
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


async def _ping(admin: str) -> None:
    connection = await asyncpg.connect(admin)
    await connection.close()
