"""routing-svc on a real PostgreSQL, without Kafka: events go into the processor, and come out of the outbox."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text

from deskstream_chassis.bus.messages import Received
from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.store.migrations import upgrade
from deskstream_chassis.web.auth import Caller, TokenSigner
from deskstream_contracts.events.customers import OrganizationRef, Requester
from deskstream_contracts.events.tickets import Actor, TicketOpenedV1, TicketState
from deskstream_contracts.wire import Channel, Event
from routing_svc.persistence.unit import RoutingUnit
from routing_svc.settings import Settings
from routing_svc.wiring import assemble

_KEY = OKPKey.generate_key("Ed25519")


def received(event: Event) -> Received:
    """The event as the consumer would read it from Kafka."""
    return Received(
        event.topic.name, 0, 0, event.key(), uuid4(), event.type, datetime.now(UTC), None, "c", None,
        event.model_dump_json(exclude_none=True).encode(), (),
    )  # fmt: skip


@dataclass
class Routing:
    base: Assembly[RoutingUnit]
    http: httpx.AsyncClient
    numbers: list[int] = field(default_factory=lambda: [1000])

    async def settle(self, *events: Event) -> None:
        await self.base.processor.settle([received(e) for e in events])

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.base.engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def told(self, type_: str) -> list[dict[str, Any]]:
        rows = await self.rows("SELECT headers, value FROM outbox ORDER BY id")
        return [json.loads(v) for h, v in rows if json.loads(h)["ce_type"] == type_]

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
        self.numbers[0] += 1
        now = datetime.now(UTC)
        requester = Requester(
            customer_id=uuid4(), customer_version=1, email="ada@acme.example", language=changes.pop("language", "en"),
            organization=OrganizationRef(id=uuid4(), name="ACME", custom_fields={"tier": "gold"}),
        )  # fmt: skip
        ticket = TicketState(
            id=uuid4(), number=self.numbers[0], version=1, thread_root=uuid4(), subject=subject, status="open",
            channel=Channel(kind="email", name="support"), requester=requester, opened_at=now, updated_at=now,
            **{"priority": "medium", **changes},
        )  # fmt: skip
        return TicketOpenedV1(ticket=ticket, by=Actor(kind="customer", id="1"), at=now, text="the text")


@pytest.fixture
def migrated(database_url: str) -> str:
    upgrade(Path(__file__).parents[2], database_url)
    return database_url


@pytest.fixture
def open_routing(migrated: str) -> Callable[[], AbstractAsyncContextManager[Routing]]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Routing]:
        public = json.dumps(_KEY.as_dict(private=False))
        base, routes = assemble(Settings(database_url=migrated, internal_public_key=public))
        token = TokenSigner(json.dumps(_KEY.as_dict(private=True)), "tests").token(
            Caller("1", "Tess", frozenset({"supervisor", "agent"})), 600
        )
        app = base.service("api", routes).app
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://routing", headers={"authorization": f"Bearer {token}"}
        )
        try:
            async with client:
                yield Routing(base, client)
        finally:
            await base.engine.dispose()

    return opened
