"""docker-compose.yml: what it says, and the main flow through the real thing."""

from __future__ import annotations

import json

import httpx
import pytest

from desk import topology
from desk.client import until
from tests.deploy.compose import ComposeStack
from tests.deploy.programs import SERVICES, run
from tests.e2e.test_main_flow import *  # noqa: F403
from tests.outsider import Outsider

pytestmark = pytest.mark.timeout(1200)  # the first build fetches every package


@pytest.fixture(scope="module")
def outsider(stack: ComposeStack) -> Outsider:
    """What the tests of the main flow talk to."""
    return Outsider(stack.desk)


def test_everything_is_published_on_loopback_only(images: tuple[str, ...]) -> None:
    config = json.loads(run("docker", "compose", "--profile", "*", "config", "--format", "json"))
    published = {name: service["ports"] for name, service in config["services"].items() if service.get("ports")}
    assert set(published) == {"gateway", "ingest", "mailbox", "kafka", "prometheus", "grafana", "traces"}
    assert all(port["host_ip"] == "127.0.0.1" for ports in published.values() for port in ports)


def test_each_service_knows_its_own_secrets_only(images: tuple[str, ...]) -> None:
    config = json.loads(run("docker", "compose", "config", "--format", "json"))
    for name in (service.removesuffix("-svc") for service in SERVICES):
        environment = config["services"][name]["environment"]
        assert all(key.startswith(f"{name.upper()}_") for key in environment)
        assert ("GATEWAY_INTERNAL_PRIVATE_KEY" in environment) == (name == "gateway")


@pytest.mark.parametrize("service", topology.SERVICES, ids=lambda service: service.name)
def test_each_service_is_configured_as_the_local_stack_does(service: topology.Service, images: tuple[str, ...]) -> None:
    config = json.loads(run("docker", "compose", "config", "--format", "json"))
    local = {service.prefix + key for key in topology.COMMON} | set(topology.SPECIFIC.get(service.name, {}))
    # In a container of its own each has the same port, which is the default.
    assert local - set(config["services"][service.name]["environment"]) == {f"{service.prefix}HTTP_PORT"}


def test_subscribers_come_by_a_door_that_asks_who_they_are(images: tuple[str, ...]) -> None:
    config = json.loads(run("docker", "compose", "--profile", "subscribers", "config", "--format", "json"))
    kafka = config["services"]["kafka"]
    (port,) = kafka["ports"]
    listeners = dict(item.split("://") for item in kafka["environment"]["KAFKA_LISTENERS"].split(","))
    assert listeners["SUBSCRIBERS"] == f":{port['target']}"
    assert "SUBSCRIBERS:SASL_PLAINTEXT" in kafka["environment"]["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert kafka["environment"]["KAFKA_AUTHORIZER_CLASS_NAME"]
    assert "user_subscriber=" in kafka["environment"]["KAFKA_LISTENER_NAME_SUBSCRIBERS_PLAIN_SASL_JAAS_CONFIG"]
    assert "subscribers" not in json.loads(run("docker", "compose", "config", "--format", "json"))["services"]


def test_our_containers_cannot_write_to_their_image(images: tuple[str, ...]) -> None:
    config = json.loads(run("docker", "compose", "config", "--format", "json"))
    ours = [service for service in config["services"].values() if service["image"].startswith("deskstream/")]
    assert len(ours) == 2 * len(SERVICES) + 2
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in ours)


def test_prometheus_scrapes_every_service(stack: ComposeStack) -> None:
    url = f"http://127.0.0.1:{stack.env['DESK_PROMETHEUS_PORT']}/api/v1/query"

    def up() -> set[str]:
        found = httpx.get(url, params={"query": "up == 1"}).json()["data"]["result"]
        return {series["metric"]["service"] for series in found}

    wanted = {name.removesuffix("-svc") for name in SERVICES}
    until(lambda: up() == wanted, 30, "a scrape of every service")


def test_a_second_up_changes_nothing_and_loses_nothing(stack: ComposeStack, outsider: Outsider) -> None:
    pat = outsider.person()
    outsider.desk.api("POST", "/tickets", json={"email": pat.email, "subject": "Stay", "text": "Please stay here."})
    before = outsider.ticket_of(pat)["ticket"]["number"]
    running = stack.compose("ps", "--quiet")
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "300")
    assert stack.compose("ps", "--quiet") == running
    assert outsider.ticket_of(pat)["ticket"]["number"] == before
