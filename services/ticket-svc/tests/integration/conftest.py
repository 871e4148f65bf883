"""ticket-svc on a real PostgreSQL, without Kafka."""

from collections.abc import AsyncIterator

import pytest

from deskstream_chassis.testing import OpenService, open_service
from ticket_svc.settings import Settings
from ticket_svc.wiring import build


@pytest.fixture
async def desk(migrated_url: str) -> AsyncIterator[OpenService]:
    async with open_service(build, Settings, migrated_url, files_secret="secret", hold_seconds=0) as service:
        yield service
