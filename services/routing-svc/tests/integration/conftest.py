"""routing-svc with the people and the rules that a lead puts in."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from deskstream_chassis.run.service import Service
from deskstream_chassis.testing import OpenService, another, open_service
from deskstream_contracts.events.tickets import TicketOpenedV1
from routing_svc.settings import Settings
from routing_svc.wiring import build


class Routing(OpenService):
    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.http = self.as_("lead", "agent")

    async def published_data(self, type_: str) -> list[dict[str, Any]]:
        return [json.loads(e.model_dump_json(exclude_none=True)) for e in await self.published() if e.type == type_]

    async def put(self, path: str, body: object, **headers: str) -> Any:
        answer = await self.http.put(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def staff(self, team: str, *agents: str, languages: Sequence[str] = ()) -> None:
        await self.put(f"/teams/{team}", {"manager": {"email": "boss@desk.example", "name": "The Boss"}})
        for name in agents:
            await self.put(
                f"/agents/{name}@desk.example", {"name": name, "teams": [team], "languages": list(languages), "available": True}
            )

    async def rules(self, *rules: dict[str, Any]) -> Any:
        return await self.put("/configuration", {"rules": list(rules)})

    def opened(self, subject: str = "Help", **changes: Any) -> TicketOpenedV1:
        gold = {"language": changes.pop("language", "en"), "organization": {"name": "ACME", "custom_fields": {"tier": "gold"}}}
        ticket = {"subject": subject, "priority": "medium", "ticket_type": None, "tags": [], "requester": gold, **changes}
        return another(TicketOpenedV1, ticket=ticket, text="the text")


@pytest.fixture
def open_routing(migrated_url: str) -> Callable[[], AbstractAsyncContextManager[Routing]]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Routing]:
        async with open_service(build, Settings, migrated_url) as service:
            yield Routing(service.service)

    return opened


@pytest.fixture
async def routing(open_routing: Callable[[], AbstractAsyncContextManager[Routing]]) -> AsyncIterator[Routing]:
    async with open_routing() as opened:
        yield opened
