"""sla-svc with a policy that a lead puts in, and its timers, which a test runs by hand."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from deskstream_chassis.run.service import Service
from deskstream_chassis.testing import OpenService, another, open_service
from deskstream_contracts.events.tickets import TicketOpenedV1
from sla_svc.settings import Settings
from sla_svc.wiring import build


class Desk(OpenService):
    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.http = self.as_("lead", "agent")
        self.timers = self.worker("timers")

    async def published_data(self) -> list[tuple[str, dict[str, Any]]]:
        """Type (without `sla.` and the version) and data of all that was published, in order."""
        events = [json.loads(e.model_dump_json(exclude_none=True)) for e in await self.published()]
        return [(e["type"].removeprefix("sla.").removesuffix(".v1"), e) for e in events]

    async def put(self, path: str, body: object, **headers: str) -> Any:
        answer = await self.http.put(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def targets(self, targets: dict[str, int], **policy: Any) -> None:
        """One default policy with these seconds for every priority."""
        of_each = dict.fromkeys(("low", "medium", "high", "critical"), targets)
        await self.put("/policies", {"policies": [{"name": "Short", "is_default": True, "targets": of_each, **policy}]})

    def opened(self, at: datetime | None = None, **changes: Any) -> TicketOpenedV1:
        now = at or datetime.now(UTC)
        acme = {"organization": {"name": "ACME"}}
        ticket = {"priority": "medium", "opened_at": now, "updated_at": now, "requester": acme, **changes}
        return another(TicketOpenedV1, ticket=ticket, at=now)


@pytest.fixture
def open_desk(migrated_url: str) -> Callable[[], AbstractAsyncContextManager[Desk]]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Desk]:
        # There is no consumer whose catching up the timers could wait for.
        async with open_service(build, Settings, migrated_url, role="all", timer_catch_up_seconds=0) as service:
            yield Desk(service.service)

    return opened


@pytest.fixture
async def desk(open_desk: Callable[[], AbstractAsyncContextManager[Desk]]) -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened
