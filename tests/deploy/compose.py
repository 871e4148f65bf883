"""A whole desk in containers: docker-compose.yml with images of this checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from desk.client import Desk
from desk.ports import free_port_base
from desk.topology import PORT_OFFSETS
from tests.deploy.programs import ROOT, run

COMPOSE = ROOT / "deploy" / "compose"


@dataclass(frozen=True)
class ComposeStack:
    """A Compose stack in a project of its own. Its Prometheus is published on the port DESK_PROMETHEUS_PORT of `env`."""

    desk: Desk
    env: Mapping[str, str]

    def compose(self, *words: str) -> str:
        return run("docker", "compose", *words, env=self.env)


@cache
def build_images() -> None:
    """All images of ours, and the keys that the Compose file reads."""
    base = os.environ.get("PYTHON_IMAGE")
    arguments = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
    # First the one that makes the keys: without them the Compose file cannot be read.
    run("docker", "build", "--target", "mailbox", *arguments, "--tag", "deskstream/mailbox:dev", ".", seconds=1800)
    run(str(COMPOSE / "make-env"))
    run("docker", "compose", "build", seconds=1800)


@contextmanager
def compose_stack(hold_seconds: int = 0) -> Iterator[ComposeStack]:
    """Everything of docker-compose.yml that is in no profile, on ports of its own; gone afterwards, with its data.

    `hold_seconds`: so long answers are held.
    """
    build_images()
    base = free_port_base()
    names = {"gateway": "GATEWAY", "smtp": "SMTP", "mailbox_http": "MAILBOX", "ingest": "INGEST", "kafka": "KAFKA"}
    env = {f"DESK_{name}_PORT": str(base + PORT_OFFSETS[port]) for port, name in names.items()}
    env |= {"DESK_PROMETHEUS_PORT": str(base + 4), "COMPOSE_PROJECT_NAME": f"deskstream-test-{os.getpid()}"}
    env |= {"HOLD_SECONDS": str(hold_seconds)}
    try:
        run("docker", "compose", "up", "--detach", "--wait", "--wait-timeout", "300", env=env)
        yield ComposeStack(Desk.at(COMPOSE / "secrets", base), env)
    finally:
        run("docker", "compose", "down", "--volumes", env=env)
