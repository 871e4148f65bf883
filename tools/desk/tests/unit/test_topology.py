"""One topology: no two ports clash, and each environment is complete."""

import json
from pathlib import Path

import pytest

from desk.paths import HIGHEST_PORT_OFFSET
from desk.stack_secrets import load_secrets
from desk.topology import FORMS, PORT_OFFSETS, SERVICES, Service, Topology

NAMES = tuple(service.name for service in SERVICES)


@pytest.fixture
def topology(tmp_path: Path) -> Topology:
    return Topology(tmp_path, 8400, load_secrets(tmp_path, NAMES, tuple(FORMS)))


def test_no_two_ports_clash_and_all_lie_in_the_block() -> None:
    assert len(set(PORT_OFFSETS.values())) == len(PORT_OFFSETS)
    assert max(PORT_OFFSETS.values()) == HIGHEST_PORT_OFFSET


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_each_service_has_its_common_variables_and_no_placeholder_is_left(topology: Topology, service: Service) -> None:
    env = topology.env(service)
    for key in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "HTTP_HOST", "HTTP_PORT", "INSTANCE", "INTERNAL_PUBLIC_KEY"):
        assert env[service.prefix + key]
    assert all(key.startswith(service.prefix) for key in env)
    assert not any("{port" in value or "{secret" in value or "{url" in value or "{name" in value for value in env.values())


def test_what_signs_replies_also_verifies_them(topology: Topology) -> None:
    env = {key: value for service in SERVICES for key, value in topology.env(service).items()}
    assert env["INGEST_REPLY_SECRET"] == env["NOTIFY_REPLY_SECRET"]
    assert env["TICKET_FILES_SECRET"] == env["NOTIFY_FILES_SECRET"]
    assert env["NOTIFY_SMTP_PORT"] == "8402"
    assert env["GATEWAY_TICKET_URL"] == f"http://127.0.0.1:{env['TICKET_HTTP_PORT']}"


def test_only_the_gateway_holds_the_private_key(topology: Topology) -> None:
    private = json.loads(topology.secrets["internal_private_key"])["d"]
    holders = [s.name for s in SERVICES if any(private in value for value in topology.env(s).values())]
    assert holders == ["gateway"]


def test_a_users_own_log_level_goes_first(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_LOG_LEVEL", "DEBUG")
    levels = {service.name: topology.env(service)[f"{service.prefix}LOG_LEVEL"] for service in SERVICES}
    assert levels["ticket"] == "DEBUG"
    assert levels["sla"] == "INFO"


def test_secrets_are_kept_private_and_the_same(tmp_path: Path) -> None:
    first = load_secrets(tmp_path, ("ticket",), ())
    second = load_secrets(tmp_path, ("ticket", "sla"), ())
    assert second["database_ticket"] == first["database_ticket"]
    assert "database_sla" in second
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
