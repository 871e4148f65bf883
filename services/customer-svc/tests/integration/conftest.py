"""customer-svc on a real PostgreSQL, without Kafka."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest

from customer_svc.settings import Settings
from customer_svc.wiring import build
from deskstream_chassis.testing import OpenService, open_service

Open = Callable[..., AbstractAsyncContextManager[OpenService]]


@pytest.fixture
def opens(migrated_url: str) -> Open:
    """Opens the service with other settings: `async with opens(role="all") as desk`."""
    return partial(open_service, build, Settings, migrated_url)


@pytest.fixture
async def desk(opens: Open) -> AsyncIterator[OpenService]:
    async with opens() as service:
        yield service


@pytest.fixture
async def working_desk(opens: Open) -> AsyncIterator[OpenService]:
    """The same, with its workers, which a test runs by hand."""
    async with opens(role="all") as service:
        yield service
