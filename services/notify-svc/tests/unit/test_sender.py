"""How the sender bears the absence of the database."""

import asyncio
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from deskstream_chassis.run.clock import SystemClock
from notify_svc.adapters.journal import Journal
from notify_svc.adapters.smtp import Server
from notify_svc.domain.deliveries import Delivery
from notify_svc.workers.sender import Sender

pytestmark = pytest.mark.anyio


class LostAnswers:
    """A queue whose first recovery and first claim end without an answer."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.given_back = asyncio.Event()

    async def recover(self, taken: set[UUID]) -> tuple[list[Delivery], int]:
        self._called("recover")
        return [], 0

    async def claim(self, limit: int) -> list[Delivery]:
        self._called("claim")
        return []

    async def give_back(self, held: set[UUID]) -> int:
        self.calls.append("give back")
        self.given_back.set()
        return 0

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.calls.count(what) == 1:
            raise OSError("the connection was lost")


async def test_what_was_claimed_without_an_answer_is_given_back_before_more_is_claimed(tmp_path: Path) -> None:
    queue, unused = LostAnswers(), cast(Any, None)
    server = Server("127.0.0.1", 25, "desk.example")
    sender = Sender(
        cast(Any, queue), Journal(tmp_path / "journal"), server, SystemClock(), unused, unused,
        connections=1, retry_first_seconds=30, on_recorded=lambda: None,
    )  # fmt: skip
    stop = asyncio.Event()
    running = asyncio.create_task(sender.run(stop))
    await asyncio.wait_for(queue.given_back.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert queue.calls == ["recover", "recover", "claim", "give back", "claim"]
    assert sender.stalled(5) is None
