"""The desk that the e2e tests talk to, through its own doors only.

DESK_TEST_TARGET says where it runs: `local` (processes of this machine; the default), `compose` (docker-compose.yml, on the engine
that docker finds) or `cluster` (the chart's trial, where kubectl leads to; tests/deploy/cluster.py says what it wants).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desk.client import Desk
from desk.ports import free_port_base
from desk.stack import Stack
from desk.traffic.seed import seed
from tests.deploy.cluster import trial
from tests.deploy.compose import compose_stack
from tests.outsider import AT_ONCE, Outsider


@contextmanager
def desk_on(target: str, folder: Path) -> Iterator[Desk]:
    """A new desk, ready and empty; gone afterwards."""
    match target:
        case "local":
            stack = Stack(folder / "home", free_port_base(), AT_ONCE)
            stack.start()
            try:
                yield Desk.at(stack.home, stack.topology.port_base)
            finally:
                stack.destroy()
        case "compose":
            with compose_stack() as compose:
                yield compose.desk
        case "cluster":
            with trial() as release, release.doors() as desk:
                yield desk
        case _:
            pytest.fail(f"DESK_TEST_TARGET is {target!r}: local, compose and cluster are known")


@pytest.fixture(scope="module")
def outsider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outsider]:
    with desk_on(os.environ.get("DESK_TEST_TARGET", "local"), tmp_path_factory.mktemp("e2e")) as desk:
        seed(desk)
        yield Outsider(desk)
