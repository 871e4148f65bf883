"""F16: of three brokers any one is killed while mails come in; everything goes on without it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from desk.client import Desk, until
from desk.kafka import Kafka
from desk.kafka_jars import fetch_jars
from desk.paths import HOST
from desk.ports import free_port_base
from desk.report import Silent
from desk.stack import Stack
from desk.traffic.seed import seed
from deskstream_contracts.topics import TOPICS
from tests.faults.conftest import Broken, Load

REPLICAS = 3
REPLICATED = {
    "default.replication.factor": str(REPLICAS),
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": str(REPLICAS),
    "transaction.state.log.replication.factor": str(REPLICAS),
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": str(REPLICAS),
    "share.coordinator.state.topic.min.isr": "2",
    # A follower that is lost is left out as soon as its leader has noticed.
    "replica.lag.time.max.ms": "5000",
}


class OnThreeBrokers(Stack):
    """A stack whose services know a cluster of three brokers, each of which is a controller too."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, free_port_base())
        ports = free_port_base()
        places = [(self.topology.port("kafka"), self.topology.port("kafka_controller")), (ports, ports + 1), (ports + 2, ports + 3)]
        voters = ",".join(f"{node}@{HOST}:{controller}" for node, (_, controller) in enumerate(places, 1))
        first = Kafka(self.home, *places[0], fetch_jars(Silent()))
        properties = {**REPLICATED, "controller.quorum.voters": voters}
        self.brokers = [
            Kafka(self.home, *place, first.jars, node=node, cluster=first.cluster, properties=properties)
            for node, place in enumerate(places, 1)
        ]
        self._kafka = self.brokers[0]

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(broker.bootstrap_servers for broker in self.brokers)

    def env(self, service: str) -> dict[str, str]:
        return {**super().env(service), f"{service.upper()}_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers}

    def _wait_for_kafka(self) -> None:
        for broker in self.brokers[1:]:
            broker.prepare()
            broker.start()
            self._children[broker.child.name] = broker.child
        for broker in self.brokers:
            broker.wait_ready()
        until(lambda: len(nodes(self.bootstrap_servers)) == REPLICAS, 60, "all brokers to be in the cluster")
        super()._wait_for_kafka()


def nodes(bootstrap: str) -> set[int]:
    """The ids of the brokers that are in the cluster."""

    async def ask() -> set[int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            return {broker["node_id"] for broker in (await admin.describe_cluster())["brokers"]}
        finally:
            await admin.close()

    return asyncio.run(ask())


def partitions(bootstrap: str) -> list[tuple[int, set[int]]]:
    """The leader and the in-sync replicas of every partition of the catalogue."""

    async def ask() -> list[tuple[int, set[int]]]:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            topics = await admin.describe_topics([topic.name for topic in TOPICS])
            return [(p["leader"], set(p["isr"])) for topic in topics for p in topic["partitions"]]
        finally:
            await admin.close()

    return asyncio.run(ask())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[OnThreeBrokers]:
    stack = OnThreeBrokers(tmp_path / "home")
    try:
        stack.start()
        yield stack
    finally:
        stack.destroy()


def test_f16_writes_go_on_whichever_of_three_brokers_is_killed(cluster: OnThreeBrokers) -> None:
    desk = Desk.at(cluster.home, cluster.topology.port_base)
    broken = Broken(cluster, replace(desk, elsewhere={"kafka": cluster.bootstrap_servers}))
    seed(broken.desk)
    for lost in cluster.brokers:
        until(lambda: all(len(isr) == REPLICAS for _, isr in partitions(cluster.bootstrap_servers)), 60, "all replicas in sync")
        assert lost.node in {leader for leader, _ in partitions(cluster.bootstrap_servers)}, "it must be missed"
        with Load(broken, 120, 20) as traffic:
            until(lambda since=traffic.mail_seq: broken.desk.mailbox_stats()["last_seq"] > since, 60, "a confirmation")  # type: ignore[misc]
            lost.kill()
        traffic.check(120)
        assert not any(leader == lost.node or lost.node in isr for leader, isr in partitions(cluster.bootstrap_servers))
        lost.start()
        lost.wait_ready()
