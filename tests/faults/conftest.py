"""A whole stack of real processes that the tests break, and the proof that nothing was lost or doubled by it."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from desk.client import Desk, until
from desk.paths import HOST
from desk.ports import free_port_base
from desk.stack import Stack
from desk.traffic.bench import follow
from desk.traffic.checker import Offsets, Published, end_offsets, order_faults, published_since, twice
from desk.traffic.generator import Sent, generate
from desk.traffic.seed import seed
from tests.outsider import AT_ONCE

SERVICES = ("ingest", "customer", "ticket", "routing", "sla", "notify")


@dataclass
class Broken:
    """The stack under test. Each test leaves it whole."""

    stack: Stack
    desk: Desk
    changed: set[str] = field(default_factory=set)
    """Services that were started with other variables."""

    @property
    def bootstrap(self) -> str:
        return self.stack.bootstrap_servers

    def restart(self, name: str, **environment: str) -> None:
        """Starts a service anew, with other variables (without its prefix) than it had."""
        prefix = f"{name.upper()}_"
        self.changed.add(name)
        self.stack.extra_env[name] = {**AT_ONCE.get(name, {}), **{prefix + key: value for key, value in environment.items()}}
        if self.stack.pid(name) is not None:
            self.stack.stop_service(name)
        self.stack.start_service(name)
        self.stack.wait_ready(60, [name])

    def revive(self) -> None:
        """Starts again whatever has ended."""
        for name in self.stack.names:
            if self.stack.pid(name) is None:
                self.stack.extra_env[name] = dict(AT_ONCE.get(name, {}))
                self.stack.restart(name)
        self.stack.wait_ready(60)

    def discard_parked(self) -> None:
        """Drops whatever is parked anywhere."""
        for row in self.desk.api("GET", "/admin/parked")["items"]:
            body = {name: row[name] for name in ("service", "topic", "key")}
            for _ in range(row["messages"]):
                self.desk.api("POST", "/admin/parked/discard", json=body)

    def wait_dead(self, name: str, seconds: float = 30) -> None:
        until(lambda: self.stack.pid(name) is None, seconds, f"the death of {name}")


@dataclass
class Load:
    """Mails sent in the background while something is broken; `check` says what became of them."""

    broken: Broken
    count: int
    rate: float
    sent: list[Sent] = field(default_factory=list)
    offsets: Offsets = field(default_factory=dict)
    mail_seq: int = 0
    received: int = 0

    def __enter__(self) -> Load:
        desk = self.broken.desk
        self.offsets = end_offsets(self.broken.bootstrap)
        self.mail_seq = desk.mailbox_stats()["last_seq"]
        self.received = desk.api("GET", "/ledger/summary")["received"]
        self._thread = threading.Thread(target=self._generate)
        self._thread.start()
        return self

    def _generate(self) -> None:
        port, run = self.broken.desk.port("smtp"), secrets.token_hex(4)
        self.sent = asyncio.run(generate(HOST, port, self.count, self.rate, 4, run, patient=True))

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._thread.join()

    def check(self, seconds: float = 90, doubled_confirmations: int = 0) -> list[Published]:
        """Every accepted mail has one outcome, one ticket, one confirmation; every topic is in order. Returns all events."""
        desk = self.broken.desk
        accepted = {s.message_id: {"accepted_at": s.accepted_at, "is_reply": s.is_reply} for s in self.sent if s.accepted_at}
        assert len(accepted) == self.count, [s.answer for s in self.sent if not s.accepted_at][:5]
        new = sum(1 for s in accepted.values() if not s["is_reply"])
        until(lambda: _settled(desk, self.received + self.count), seconds, "the end of every ledger entry")
        until(lambda: _confirmed(desk, self.mail_seq) >= new, seconds, "every confirmation")
        until(lambda: _followed(desk, self, accepted).lost["timed"] == 0, 30, "every clock")
        followed = _followed(desk, self, accepted)
        assert not any(followed.lost.values()), followed.lost
        assert followed.doubled["tickets"] == followed.doubled["replies"] == 0, followed.doubled
        assert followed.doubled["confirmations"] <= doubled_confirmations, followed.doubled
        events = published_since(self.broken.bootstrap, self.offsets)
        assert order_faults(events) == []
        assert twice(events, "ticket.opened.v1", "message_id") == []
        assert twice(events, "requester.identified.v1", "message", "id") == []
        assert desk.api("GET", "/admin/parked")["items"] == []
        return events


def _settled(desk: Desk, received: int) -> bool:
    # A mail that was accepted twice (the answer to the first was lost) is a ledger entry of its own: a duplicate.
    summary = desk.api("GET", "/ledger/summary")
    return bool(summary["open"] == 0 and summary["closed"] >= received)


def _confirmed(desk: Desk, since: int) -> int:
    return len({m["message_id"] for m in desk.mails(since) if m["auto_submitted"]})


def _followed(desk: Desk, load: Load, accepted: dict[str, dict[str, Any]]) -> Any:
    return follow(desk, load.offsets, load.mail_seq, accepted)


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    home = tmp_path_factory.mktemp("faults") / "home"
    stack = Stack(home, free_port_base(), AT_ONCE)
    stack.start()
    desk = Desk.at(home, stack.topology.port_base)
    seed(desk)
    yield Broken(stack, desk)
    stack.destroy()


@pytest.fixture(autouse=True)
def whole_again(broken: Broken) -> Iterator[None]:
    yield
    broken.stack.kafka.thaw()
    broken.revive()
    for name in list(broken.changed):
        broken.restart(name)
    broken.changed.clear()
    broken.discard_parked()


@pytest.fixture
def load(broken: Broken) -> Any:
    def make(count: int = 120, rate: float = 60) -> Load:
        return Load(broken, count, rate)

    return make


def sleep_a_little(seconds: float) -> None:
    """Lets the load run on before the next blow."""
    time.sleep(seconds)


__all__ = ["SERVICES", "Broken", "Load", "Path", "sleep_a_little"]
