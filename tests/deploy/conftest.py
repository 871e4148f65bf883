"""Tests of what is shipped: images, Compose, the chart. They use the docker, kubectl and helm on the PATH with whatever engine and
context these find. `./desk test` does not collect them, as it runs on machines that have none of it:

    .venv/bin/python -m pytest tests/deploy

What a program is missing for is skipped. The tests on a cluster run where DESK_TEST_CLUSTER_LOAD is set: the command that brings
images of the engine to the cluster's nodes, which gets their names as arguments (such as `kind load docker-image`).
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk.client import Desk, until
from desk.ports import free_port_base
from desk.topology import PORT_OFFSETS
from desk.traffic.seed import seed
from tests.e2e.conftest import Visitor

ROOT = Path(__file__).parents[2]
CHART = "deploy/helm/deskstream"
COMPOSE = ROOT / "deploy" / "compose"
SERVICES = ("ingest-svc", "customer-svc", "ticket-svc", "routing-svc", "sla-svc", "notify-svc", "gateway")
IMAGES = tuple(f"deskstream/{name}:dev" for name in (*SERVICES, "mailbox"))
BACKENDS = (os.environ.get("POSTGRES_IMAGE", "postgres:17"), os.environ.get("KAFKA_IMAGE", "apache/kafka:4.3.1"))


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on the PATH")
    return found


def run(*command: str, env: Mapping[str, str] | None = None, text: str | None = None, seconds: float = 900) -> str:
    """Runs a program in the root of the checkout and returns its output; a failure fails the test, with all of it."""
    words = [program(command[0]), *command[1:]]
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **(env or {})}, input=text, capture_output=True, text=True, timeout=seconds
    )
    assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def until_open(port: int, seconds: float = 30) -> None:
    """Waits until something listens on a port of this machine."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers."""
    if subprocess.run([program("docker"), "info"], capture_output=True).returncode:
        pytest.skip("docker finds no engine")


@pytest.fixture(scope="session")
def images(engine: None) -> tuple[str, ...]:
    """All images of ours, built."""
    run(str(COMPOSE / "make-env"))
    run("docker", "compose", "build", seconds=1800)
    return IMAGES


@dataclass(frozen=True)
class ComposeStack:
    """A Compose stack in a project of its own."""

    visitor: Visitor
    env: Mapping[str, str]

    def compose(self, *words: str) -> str:
        return run("docker", "compose", *words, env=self.env)


@pytest.fixture(scope="session")
def stack(images: tuple[str, ...]) -> Iterator[ComposeStack]:
    """Everything of docker-compose.yml that is in no profile, on ports of its own; gone afterwards."""
    base = free_port_base()
    names = {"gateway": "GATEWAY", "smtp": "SMTP", "mailbox_http": "MAILBOX", "ingest": "INGEST"}
    env = {f"DESK_{name}_PORT": str(base + PORT_OFFSETS[port]) for port, name in names.items()}
    env |= {"DESK_PROMETHEUS_PORT": str(base + 4), "COMPOSE_PROJECT_NAME": f"deskstream-test-{os.getpid()}"}
    try:
        run("docker", "compose", "up", "--detach", "--wait", "--wait-timeout", "300", env=env)
        desk = Desk.at(COMPOSE / "secrets", base)
        seed(desk)
        yield ComposeStack(Visitor(desk), env)
    finally:
        run("docker", "compose", "down", "--volumes", env=env)


@dataclass(frozen=True)
class Release:
    """A release of the chart in a namespace of its own."""

    name: str
    namespace: str

    @property
    def full(self) -> str:
        return f"{self.name}-deskstream"

    def kubectl(self, *words: str, text: str | None = None) -> str:
        return run("kubectl", "--namespace", self.namespace, *words, text=text)

    def helm(self, command: str, *words: str) -> str:
        return run("helm", command, self.name, *words, "--namespace", self.namespace)

    def upgrade(self, *words: str) -> str:
        return self.helm("upgrade", CHART, "--reuse-values", "--wait", "--timeout", "300s", *words)

    def secret(self, key: str) -> str:
        data = json.loads(self.kubectl("get", "secret", f"{self.full}-keys", "--output", "json"))["data"]
        return base64.b64decode(data[key]).decode()

    def image(self) -> str:
        return IMAGES[-2]

    @contextmanager
    def doors(self) -> Iterator[Visitor]:
        """The release's doors, forwarded to this machine. A forward ends with the pod that it leads to."""
        base = free_port_base()
        targets = {
            "gateway": (f"{self.full}-gateway", 80),
            "smtp": (f"{self.full}-smtp", 25),
            "mailbox_http": (f"{self.full}-mailbox", 80),
            "ingest": (f"{self.full}-ingest", 80),
        }
        with ExitStack() as closing:
            for name, (service, port) in targets.items():
                local = base + PORT_OFFSETS[name]
                command = [
                    program("kubectl"),
                    "--namespace",
                    self.namespace,
                    "port-forward",
                    f"service/{service}",
                    f"{local}:{port}",
                ]
                forward = closing.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
                closing.callback(forward.terminate)
                until_open(local)
            form = json.loads(self.secret("forms.json"))["contact"]["secret"]
            yield Visitor(Desk(ROOT, base, {"token": self.secret("token-secret"), "form_contact": form}))


@pytest.fixture(scope="session")
def release(images: tuple[str, ...]) -> Iterator[Release]:
    """The trial, installed with --wait in a namespace that is deleted afterwards."""
    load = os.environ.get("DESK_TEST_CLUSTER_LOAD")
    if not load:
        pytest.skip("DESK_TEST_CLUSTER_LOAD is not set: how do images come to the cluster?")
    run("kubectl", "version", seconds=30)
    run(*shlex.split(load), *images, *BACKENDS)
    made = Release("desk", f"deskstream-test-{os.getpid()}")
    values = (
        "--values",
        f"{CHART}/values-trial.yaml",
        "--set",
        f"image.tag=dev,postgresql.image={BACKENDS[0]},kafka.image={BACKENDS[1]}",
    )
    try:
        made.helm("install", CHART, *values, "--create-namespace", "--wait", "--timeout", "600s")
        with made.doors() as visitor:
            seed(visitor.desk)
        yield made
        made.helm("uninstall", "--wait")
        until(lambda: not made.kubectl("get", "all", "--output", "name"), 120, "the end of all that helm uninstall removes")
    finally:
        subprocess.run([program("kubectl"), "delete", "namespace", made.namespace, "--wait=false"], capture_output=True)
