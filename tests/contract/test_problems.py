"""The page of all refusals, by their codes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deskstream_chassis.refusals import Refusal
from tests.applications import application

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"
SERVICES = ("ingest_svc", "customer_svc", "ticket_svc", "routing_svc", "sla_svc", "notify_svc", "gateway")
OURS = ("deskstream_chassis", *SERVICES)


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield of
    for one in of.__subclasses__():
        yield from refusals(one)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    for service in SERVICES:
        application(service, tmp_path_factory.mktemp(service))
    found = {(r.code(), r.status, r.__module__.split(".")[0]) for r in refusals() if r.__module__.split(".")[0] in OURS}
    return [f"| `{code}` | {status} | {where.replace('_', '-')} |" for code, status, where in sorted(found)]


def test_the_page_has_every_code_and_no_other(lines: list[str]) -> None:
    assert [line for line in PAGE.read_text().splitlines() if line.startswith("| `")] == lines
