"""Tests of what is shipped: images, Compose, the chart. They use the docker, kubectl and helm on the PATH with whatever engine and
context these find; cluster.py says what the tests on a cluster want besides. Where something is missing they fail: a test that is
skipped shows nothing. `./desk test` does not run them, as it works on machines that have none of it; `./desk test deploy` does.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desk.traffic.seed import seed
from tests.deploy.busy_desk import Monitored, busy
from tests.deploy.compose import ComposeStack, build_images, compose_stack
from tests.deploy.programs import IMAGES


@pytest.fixture(scope="session")
def images() -> tuple[str, ...]:
    """All images of ours, built."""
    build_images()
    return IMAGES


@pytest.fixture(scope="session")
def stack() -> Iterator[ComposeStack]:
    """Everything of docker-compose.yml that is in no profile, with people and rules; gone afterwards."""
    with compose_stack(hold_seconds=1) as stack:
        seed(stack.desk)
        yield stack


@pytest.fixture(scope="module")
def monitored(stack: ComposeStack) -> Iterator[Monitored]:
    """The same stack, busy with everything, and its Prometheus."""
    with busy(stack.desk):
        yield Monitored(stack.desk, f"http://127.0.0.1:{stack.env['DESK_PROMETHEUS_PORT']}")
