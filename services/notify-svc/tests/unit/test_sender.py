"""When a mail that was not taken is tried again, and when no more."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from deskstream_chassis.run.clock import SystemClock
from notify_svc.adapters.journal import Journal
from notify_svc.persistence.delivery_queue import Delivery
from notify_svc.workers.sender import Sender
from notify_svc.adapters.smtp import Server

HOUR = 3600.0
DELIVERY = Delivery(
    UUID(int=1), UUID(int=2), 1042, "confirmation", "jim@sample.com", "en", "<1@desk.example>", "support@desk.example", b"", 1, "c",
    "t", expires=time.monotonic() + 24 * HOUR, claimed_until=time.monotonic() + HOUR, began_at=None,
)  # fmt: skip


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    unused = cast(Any, None)
    server = Server("127.0.0.1", 25, starttls=False, username="", password="", timeout_seconds=1)
    journal = Journal(tmp_path / "journal")
    return Sender(unused, journal, server, SystemClock(), unused, connections=1, retry_first_seconds=30, on_recorded=lambda: None)


def test_each_attempt_waits_twice_as_long_up_to_an_hour(sender: Sender) -> None:
    delays = [sender._later(replace(DELIVERY, attempts=n), "busy").delay_seconds for n in (1, 2, 3, 20)]
    assert delays == [30, 60, 120, HOUR]


def test_what_has_expired_is_not_tried_again(sender: Sender) -> None:
    ended = sender._later(replace(DELIVERY, expires=time.monotonic() - 1), "busy")
    assert (ended.status, ended.failed_because, ended.detail) == ("failed", "expired", "busy")
    assert sender._later(DELIVERY, "busy").status == "retry"
