"""A Kafka that asks who comes, and what for: with nothing but what the chart gives to each service and its KafkaUser, all works."""

from __future__ import annotations

import asyncio
import datetime
import secrets
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from aiokafka.protocol.admin import CreateAclsRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desk.client import Desk, api_token, until
from desk.kafka import Kafka
from desk.kafka_jars import fetch_jars
from desk.paths import HOST
from desk.ports import free_port_base
from desk.report import Silent
from desk.stack import Stack
from desk.traffic.seed import seed
from deskstream_chassis.run.settings import KafkaSettings
from deskstream_contracts.topics import CUSTOMERS, TICKETS
from tests.deploy.test_chart_renders import Object, of, render
from tests.faults.conftest import Broken, Load

RELEASE = "desk-deskstream"
# As the protocol counts them (org.apache.kafka.common.acl.AclOperation and resource.ResourceType, PatternType).
OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8}
RESOURCES = {"topic": 2, "group": 3}
PATTERNS = {"literal": 3, "prefix": 4}
ALLOW = 3
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


class Guarded(Stack):
    """A stack whose services reach Kafka as the chart tells them to, over TLS, each as the user that the chart makes for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "home", free_port_base())
        objects = render(values="operators")
        self.users = of("KafkaUser", objects)
        self.passwords = {name: secrets.token_urlsafe(16) for name in self.users}
        self.authority = folder / "ca.crt"
        self._workers = of("StatefulSet", objects)
        self._guarded_port = free_port_base()
        self.mutual_port = self._guarded_port + 1
        self.certificate = certificate(self.authority)
        port = self.topology.port("kafka")
        self._kafka = Kafka(
            self.home,
            port,
            self.topology.port("kafka_controller"),
            fetch_jars(Silent()),
            users=self.passwords,
            properties={
                "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{self.topology.port('kafka_controller')},"
                f"GUARDED://{HOST}:{self._guarded_port},MUTUAL://{HOST}:{self.mutual_port}",
                "advertised.listeners": f"PLAINTEXT://{HOST}:{port},GUARDED://{HOST}:{self._guarded_port},"
                f"MUTUAL://{HOST}:{self.mutual_port}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,GUARDED:SASL_SSL,MUTUAL:SSL",
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "listener.name.guarded.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(self.certificate),
                "listener.name.mutual.ssl.client.auth": "required",
                "listener.name.mutual.ssl.truststore.type": "PEM",
                "listener.name.mutual.ssl.truststore.location": str(self.authority),
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                # Who comes by the open door: the broker itself, and these tests.
                "super.users": "User:ANONYMOUS",
            },
        )

    def env(self, service: str) -> dict[str, str]:
        return {**super().env(service), **self.access(service)}

    def access(self, service: str) -> dict[str, str]:
        """The variables of Kafka that the chart gives to a service, with what Kubernetes would fill in."""
        (container,) = self._workers[f"{RELEASE}-{service}-worker"]["spec"]["template"]["spec"]["containers"]
        return {entry["name"]: self._filled(entry) for entry in container["env"] if "_KAFKA_" in entry["name"]}

    def _filled(self, entry: Object) -> str:
        if entry["name"].endswith("_BOOTSTRAP_SERVERS"):
            return f"{HOST}:{self._guarded_port}"
        if entry["name"].endswith("_CA_FILE"):
            return str(self.authority)
        if "valueFrom" in entry:
            wanted = entry["valueFrom"]["secretKeyRef"]
            return {"password": self.passwords[wanted["name"]]}[wanted["key"]]
        return str(entry["value"])

    def _wait_for_kafka(self) -> None:
        super()._wait_for_kafka()
        asyncio.run(allow(self.bootstrap_servers, self.users))


def certificate(authority: Path) -> Path:
    """Makes a broker's certificate for this host; returns the file with its key, and writes who has signed it to `authority`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    authority.write_bytes(signed)
    both = authority.with_name("kafka.pem")
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(private + signed)
    return both


async def allow(bootstrap: str, users: dict[str, Object]) -> None:
    """What Strimzi does with the rules of a KafkaUser."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for name, user in users.items():
            for rule in user["spec"]["authorization"]["acls"]:
                what, resource = rule["resource"], RESOURCES[rule["resource"]["type"]]
                for operation in rule["operations"]:
                    answer = await admin._send_request(
                        CreateAclsRequest(
                            resource, what["name"], PATTERNS[what["patternType"]], f"User:{name}", "*", OPERATIONS[operation], ALLOW
                        )
                    )
                    assert [code for code, _ in answer.creation_responses] == [0], answer
    finally:
        await admin.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    stack = Guarded(tmp_path_factory.mktemp("guarded"))
    try:
        stack.start()
        desk = Desk.at(stack.home, stack.topology.port_base)
        seed(desk)
        yield Broken(stack, desk)
    finally:
        stack.destroy()


def test_mails_become_tickets_and_are_answered(guarded: Broken) -> None:
    with Load(guarded, 60, 20) as traffic:
        pass
    traffic.check()


def test_views_are_rebuilt_and_the_live_stream_opens(guarded: Broken) -> None:
    desk = guarded.desk
    desk.api("POST", "/admin/views/rebuild", params={"swap": False})

    def ended() -> dict[str, Any] | None:
        report: dict[str, Any] = desk.api("GET", "/admin/views/rebuild")
        return report if report["state"] in ("done", "failed") else None

    report = until(ended, 60, "the rebuild to end")
    assert report["state"] == "done", report["error"]
    assert report["agree"]
    headers = {"Authorization": f"Bearer {api_token(desk.secrets['token'], ['admin'], 'Desk CLI')}"}
    with httpx.stream("GET", f"{desk.url('gateway')}/api/v1/events", headers=headers, timeout=30) as stream:
        assert stream.status_code == 200


def client_of(guarded: Broken, service: str, **other: str) -> dict[str, Any]:
    assert isinstance(guarded.stack, Guarded)
    prefix = f"{service.upper()}_"
    given = {key.removeprefix(prefix).lower(): value for key, value in guarded.stack.access(service).items()}
    return KafkaSettings(**{**given, **other}).kafka.client()  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_only_its_owner_publishes_to_a_topic(guarded: Broken) -> None:
    async with AIOKafkaProducer(**client_of(guarded, "ticket")) as producer:
        await producer.partitions_for(TICKETS.name)
    async with AIOKafkaProducer(**client_of(guarded, "sla")) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(TICKETS.name, b"{}", key=b"forged")


@pytest.mark.anyio
async def test_a_subscriber_reads_the_topics_it_was_given_and_no_others(guarded: Broken) -> None:
    assert isinstance(guarded.stack, Guarded)
    user = f"{RELEASE}-subscriber-billing"
    own = {"kafka_sasl_username": user, "kafka_sasl_password": guarded.stack.passwords[user]}
    client = {**client_of(guarded, "ticket", **own), "group_id": "billing", "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(TICKETS.name, **client) as consumer:
        assert (await asyncio.wait_for(consumer.getone(), 30)).topic == TICKETS.name
    refused = AIOKafkaConsumer(CUSTOMERS.name, **client)
    with pytest.raises(TopicAuthorizationFailedError):
        await refused.start()
    await refused.stop()
    async with AIOKafkaProducer(**client_of(guarded, "ticket", **own)) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(TICKETS.name, b"{}", key=b"forged")


@pytest.mark.anyio
async def test_a_wrong_password_opens_nothing(guarded: Broken) -> None:
    producer = AIOKafkaProducer(**client_of(guarded, "ticket", kafka_sasl_password="wrong"))
    with pytest.raises((AuthenticationFailedError, KafkaConnectionError)):
        await producer.start()
    await producer.stop()


@pytest.mark.anyio
async def test_a_broker_that_nobody_vouches_for_is_not_believed(guarded: Broken) -> None:
    arguments = client_of(guarded, "ticket", kafka_ssl_ca_file="/etc/ssl/certs/ca-certificates.crt")
    producer = AIOKafkaProducer(**arguments)
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()


@pytest.mark.anyio
async def test_where_brokers_ask_for_a_certificate_the_clients_own_is_shown(guarded: Broken) -> None:
    assert isinstance(guarded.stack, Guarded)
    stack = guarded.stack
    known = {
        "kafka_bootstrap_servers": f"{HOST}:{stack.mutual_port}",
        "kafka_security_protocol": "SSL",
        "kafka_ssl_ca_file": str(stack.authority),
    }
    own = {name: str(stack.certificate) for name in ("kafka_ssl_certificate_file", "kafka_ssl_key_file")}
    admin = AIOKafkaAdminClient(**client_of(guarded, "ticket", **known, **own))
    await admin.start()
    assert admin._client.cluster.brokers()
    await admin.close()
    stranger = AIOKafkaAdminClient(**client_of(guarded, "ticket", **known))
    with pytest.raises(KafkaConnectionError):
        await stranger.start()
    await stranger.close()
