"""The programs that the tests of what is shipped call: docker, kubectl and helm, as they are on the PATH."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHART = "deploy/helm/deskstream"
SERVICES = ("ingest-svc", "customer-svc", "ticket-svc", "routing-svc", "sla-svc", "notify-svc", "gateway")
IMAGES = tuple(f"deskstream/{name}:dev" for name in (*SERVICES, "mailbox"))


def program(name: str) -> str:
    """Where a program is; a test that wants one which is not there fails, as it has shown nothing."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not on the PATH, and these tests are about what it does")
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
