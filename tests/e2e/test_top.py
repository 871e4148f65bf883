"""`./desk top` and `./desk settings` beside a real desk: what they say is what happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from desk.client import Desk, until
from desk.ports import free_port_base
from desk.stack import Stack
from desk.topology import SERVICES
from desk.traffic.mails import Mail
from desk.traffic.seed import seed
from tests.outsider import Outsider


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("top") / "home", free_port_base())
    stack.start()
    try:
        yield stack
    finally:
        stack.kill_all()  # without Kafka, leaving it politely takes its time
        stack.destroy()


def ran(stack: Stack, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """`./desk` with these words, for this stack."""
    environment = {**os.environ, "DESK_HOME": str(stack.home), "DESK_PORT_BASE": str(stack.topology.port_base)}
    command = [sys.executable, "-m", "desk", *words]
    return subprocess.run(command, env=environment, input=given, capture_output=True, text=True, timeout=60)


def top(stack: Stack) -> Any:
    done = ran(stack, "top", "--once", "--json", "--every", "0.5")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def settled(stack: Stack, *words: str, content: object = None) -> str:
    done = ran(stack, "settings", *words, given=None if content is None else json.dumps(content))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_top_shows_the_mail_its_ticket_and_its_confirmation(stack: Stack) -> None:
    desk = Desk.at(stack.home, stack.topology.port_base)
    seed(desk)
    outsider = Outsider(desk)
    pat = outsider.person()
    outsider.write(Mail(pat, "An invoice", "Please send me invoice 12 again."))
    outsider.mail_to(pat.email, "confirmation")
    outsider.ticket_of(pat)
    found = until(lambda: _with_tickets(top(stack)), 40, "the ticket among the desk's statistics")
    assert [service["name"] for service in found["services"]] == [service.name for service in SERVICES]
    assert all(service["answers"] and service["memory_mib"] > 10 for service in found["services"])
    assert found["warnings"] == []
    assert found["desk"]["agents_available"] == 5
    assert 0 < found["mail"]["to_ticket"]["p50"] < 10
    assert found["mail"]["to_ticket"]["p50"] <= found["mail"]["to_confirmation"]["p99"] < 10


def _with_tickets(found: Any) -> Any:
    return found if sum(found["desk"]["by_priority"].values()) == 1 else None


def test_what_a_lead_puts_is_in_force_for_the_next_mail_and_can_be_put_back(stack: Stack) -> None:
    outsider = Outsider(Desk.at(stack.home, stack.topology.port_base))
    swedish = {"supported": ["en", "sv"], "fallback": "sv"}
    assert "customers with other languages: " in settled(stack, "try", "languages", "-", content=swedish)
    assert "version 1 is in force" in settled(stack, "put", "languages", "-", "--note", "Sweden opens.", content=swedish)
    assert "Sweden opens." in settled(stack, "history", "languages")
    time.sleep(2.5)  # in force in every process
    pat = outsider.person()
    outsider.write(Mail(pat, "?", "…"))
    customer = outsider.ticket_of(pat)["ticket"]["requester"]["customer_id"]
    assert outsider.desk.api("GET", f"/customers/{customer}")["language"] == "sv"
    refused = ran(stack, "settings", "put", "languages", "-", given=json.dumps({"supported": ["en"], "fallback": "xx"}))
    assert refused.returncode == 1
    assert "#/content" in refused.stderr
    settled(stack, "put-back", "languages", "0")
    assert json.loads(settled(stack, "show", "languages"))["version"] == 2
    assert "/fallback" in settled(stack, "compare", "languages", "1", "2")


def test_top_says_what_is_wrong_when_kafka_and_a_service_are_away(stack: Stack) -> None:
    desk = Desk.at(stack.home, stack.topology.port_base)
    stack.kill("sla")
    stack.kill("kafka")
    desk.send(
        Mail(Outsider(desk).person(), "Unheard", "Nobody can be told of this.").raw(), "support@desk.localhost", "pat@x.example"
    )
    found = until(lambda: _stuck(top(stack)), 60, "an outbox that grows old")
    assert "sla does not answer" in found["warnings"]
    ingest = next(service for service in found["services"] if service["name"] == "ingest")
    assert ingest["outbox_seconds"] > 0


def _stuck(found: Any) -> Any:
    ingest = next(service for service in found["services"] if service["name"] == "ingest")
    return found if ingest["outbox_events"] >= 1 and found["mail"]["open_entries"] >= 1 else None
