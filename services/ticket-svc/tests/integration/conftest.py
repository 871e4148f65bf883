"""ticket-svc on a real PostgreSQL, without Kafka."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest

from deskstream_chassis.testing import OpenService, open_service
from ticket_svc.settings import Settings
from ticket_svc.wiring import build


@pytest.fixture
def opens(migrated_url: str) -> Callable[..., AbstractAsyncContextManager[OpenService]]:
    """Opens the service in another role: `async with opens(role="all") as desk`."""
    return partial(open_service, build, Settings, migrated_url, files_secret="secret", hold_seconds=0)


@pytest.fixture
async def desk(opens: Callable[..., AbstractAsyncContextManager[OpenService]]) -> AsyncIterator[OpenService]:
    async with opens() as service:
        yield service
