"""notify-svc on a real PostgreSQL, without Kafka; the desk's domain is desk.example."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from deskstream_chassis.testing import OpenService, open_service
from notify_svc.settings import Settings
from notify_svc.wiring import build

ABSENT = httpx.MockTransport(lambda _: httpx.Response(503))
"""A ticket-svc that has no files to give now."""
Open = Callable[..., AbstractAsyncContextManager[OpenService]]


@pytest.fixture
def opens(migrated_url: str, tmp_path: Path) -> Open:
    """Opens the service with other settings: `async with opens(automatic_mails_per_hour=2) as desk`."""
    own = {"domain": "desk.example", "reply_secret": "secret", "journal": tmp_path / "journal"}
    own |= {"files_secret": "s" * 40, "ticket_url": "http://ticket", "confirm_after_seconds": 0}

    def opened(to_ticket: httpx.MockTransport = ABSENT, **settings: Any) -> AbstractAsyncContextManager[OpenService]:
        return open_service(partial(build, to_ticket=to_ticket), Settings, migrated_url, **{**own, **settings})

    return opened


@pytest.fixture
async def desk(opens: Open) -> AsyncIterator[OpenService]:
    async with opens() as service:
        yield service
