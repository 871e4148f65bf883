"""The subscriber of docs/events.md, with the contracts and a Kafka client and nothing else of ours, beside a real desk."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.client import Desk, until
from desk.paths import ROOT
from desk.ports import free_port_base
from desk.stack import Stack
from desk.traffic.mails import Mail
from desk.traffic.seed import seed
from tests.environments import environment, wheel
from tests.outsider import Outsider


def of_the_page() -> str:
    """The only Python on the page."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "events.md").read_text(), re.MULTILINE | re.DOTALL)
    assert isinstance(code, str)
    return code


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("subscriber") / "home", free_port_base())
    stack.start()
    try:
        seed(Desk.at(stack.home, stack.topology.port_base))
        yield stack
    finally:
        stack.kill_all()  # without Kafka, leaving it politely takes its time
        stack.destroy()


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    return environment(folder / "env", [wheel(ROOT / "libs" / "contracts", folder)], "aiokafka")


def test_the_subscriber_of_the_page_is_as_short_as_it_says() -> None:
    assert len([line for line in of_the_page().splitlines() if line.strip()]) <= 20


def test_it_prints_live_tickets_and_goes_on_where_it_was(stack: Stack, python: Path, tmp_path: Path) -> None:
    outsider = Outsider(Desk.at(stack.home, stack.topology.port_base))
    page = tmp_path / "subscriber.py"
    page.write_text(of_the_page())
    output = tmp_path / "output"

    def printed(subject: str, type_: str) -> bool:
        return any(subject in line and type_ in line for line in output.read_text().splitlines())

    def sees(subject: str) -> None:
        with output.open("w") as out:
            subscriber = subprocess.Popen([python, "-I", page, stack.bootstrap_servers], stdout=out, stderr=subprocess.STDOUT)
        try:
            outsider.write(Mail(outsider.person(), subject, "Can you help me?"))
            until(lambda: printed(subject, "ticket.opened.v1"), 40, f"the ticket {subject!r} in what it prints")
            until(lambda: printed(subject, "ticket.assigned.v1"), 20, "what becomes of it")
        finally:
            subscriber.terminate()
            subscriber.wait(20)

    sees("The first of all")
    sees("Another one")
    assert not printed("The first of all", "ticket.opened.v1"), "it began anew"
