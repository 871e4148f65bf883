"""notify-svc on a real PostgreSQL, without Kafka; the desk's domain is desk.example."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from deskstream_chassis.testing import OpenService, open_service
from notify_svc.settings import Settings
from notify_svc.wiring import build

Open = Callable[..., AbstractAsyncContextManager[OpenService]]


@pytest.fixture
def opens(migrated_url: str, tmp_path: Path) -> Open:
    """Opens the service with other settings: `async with opens(automatic_mails_per_hour=2) as desk`."""
    own = {"domain": "desk.example", "reply_secret": "secret", "journal": tmp_path / "journal"}
    return partial(open_service, build, Settings, migrated_url, **own)


@pytest.fixture
async def desk(opens: Open) -> AsyncIterator[OpenService]:
    async with opens() as service:
        yield service
