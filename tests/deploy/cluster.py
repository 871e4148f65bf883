"""The chart on a real cluster: whatever kubectl's context leads to.

DESK_TEST_CLUSTER_LOAD is the command that brings images of the engine to the cluster's nodes, which gets their names as arguments
(such as `kind load docker-image`).
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from desk.client import Desk, until
from desk.ports import free_port_base
from desk.topology import PORT_OFFSETS
from tests.deploy.compose import build_images
from tests.deploy.programs import CHART, IMAGES, ROOT, program, run, until_open

BACKENDS = (os.environ.get("POSTGRES_IMAGE", "postgres:17"), os.environ.get("KAFKA_IMAGE", "apache/kafka:4.3.1"))


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

    def delete(self) -> None:
        """Everything, with its data."""
        subprocess.run([program("kubectl"), "delete", "namespace", self.namespace, "--wait=false"], capture_output=True)

    def upgrade(self, *words: str) -> str:
        return self.helm("upgrade", CHART, "--reuse-values", "--wait", "--timeout", "300s", *words)

    def secret(self, key: str) -> str:
        data = json.loads(self.kubectl("get", "secret", f"{self.full}-keys", "--output", "json"))["data"]
        return base64.b64decode(data[key]).decode()

    def pods(self, selector: str) -> set[str]:
        """The uids of these pods, without those that are on their way out."""
        found = json.loads(self.kubectl("get", "pods", f"--selector={selector}", "--output", "json"))["items"]
        return {pod["metadata"]["uid"] for pod in found if "deletionTimestamp" not in pod["metadata"]}

    def ready(self, deployment: str) -> int:
        """How many pods of a Deployment are ready."""
        status = json.loads(self.kubectl("get", "deployment", deployment, "--output", "json"))["status"]
        return int(status.get("readyReplicas", 0))

    @contextmanager
    def doors(self) -> Iterator[Desk]:
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
            keys = {"token": self.secret("token-secret"), "webhook_mail": self.secret("webhook-mail-secrets"), "form_contact": form}
            yield Desk(ROOT, base, keys)


@contextmanager
def trial() -> Iterator[Release]:
    """The trial, installed with --wait in a namespace that is deleted afterwards; `helm uninstall` must leave nothing that runs."""
    load = os.environ.get("DESK_TEST_CLUSTER_LOAD")
    if not load:
        pytest.fail("DESK_TEST_CLUSTER_LOAD is not set: how do images come to the cluster?")
    build_images()
    run(*shlex.split(load), *IMAGES, *BACKENDS, seconds=1800)
    made = Release("desk", f"deskstream-test-{os.getpid()}")
    images = f"image.tag=dev,postgresql.image={BACKENDS[0]},kafka.image={BACKENDS[1]}"
    at_once = "services.ticket.env.TICKET_HOLD_SECONDS=0"
    values = ("--values", f"{CHART}/values-trial.yaml", "--set", images, "--set-string", at_once)
    try:
        made.helm("install", CHART, *values, "--create-namespace", "--wait", "--timeout", "300s")
    except AssertionError as error:
        logs = ("logs", f"--selector=app.kubernetes.io/instance={made.name}", "--all-containers", "--prefix", "--tail=5")
        for words in (("get", "pods"), logs):
            told = subprocess.run([program("kubectl"), "--namespace", made.namespace, *words], capture_output=True, text=True)
            error.add_note(told.stdout)
        made.delete()
        raise
    try:
        yield made
        made.helm("uninstall", "--wait")
        until(lambda: not made.kubectl("get", "all", "--output", "name"), 120, "the end of all that helm uninstall removes")
    finally:
        made.delete()
