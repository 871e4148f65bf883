"""sla-svc on a real PostgreSQL, without Kafka: events go into the processor, and come out of the outbox."""

import json
from collections.abc import AsyncIterator, Callable
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
from sla_svc.persistence.unit import SlaUnit
from sla_svc.settings import Settings
from sla_svc.wiring import assemble
from sla_svc.workers.timers import TimerWorker

_KEY = OKPKey.generate_key("Ed25519")


def received(event: Event) -> Received:
    """The event as the consumer would read it from Kafka."""
    value = event.model_dump_json(exclude_none=True).encode()
    now = datetime.now(UTC)
    return Received(event.topic.name, 0, 0, event.key(), uuid4(), event.type, now, None, "mail-1", None, value, ())


@dataclass
class Desk:
    base: Assembly[SlaUnit]
    timers: TimerWorker
    http: httpx.AsyncClient
    numbers: list[int] = field(default_factory=lambda: [1000])

    async def settle(self, *events: Event) -> None:
        await self.base.processor.settle([received(e) for e in events])

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.base.engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Type (without `sla.` and the version) and data of all that was told, in order."""
        rows = await self.rows("SELECT headers, value FROM outbox ORDER BY id")
        return [(json.loads(h)["ce_type"].removeprefix("sla.").removesuffix(".v1"), json.loads(v)) for h, v in rows]

    async def put(self, path: str, body: object, **headers: str) -> Any:
        answer = await self.http.put(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def targets(self, **policy: Any) -> None:
        """One default policy with these seconds for every priority."""
        targets = {
            p: policy.pop("targets") if i == 3 else policy["targets"] for i, p in enumerate(("low", "medium", "high", "critical"))
        }
        await self.put("/policies", {"policies": [{"name": "Short", "is_default": True, "targets": targets, **policy}]})

    def opened(self, at: datetime | None = None, **changes: Any) -> TicketOpenedV1:
        self.numbers[0] += 1
        now = at or datetime.now(UTC)
        requester = Requester(
            customer_id=uuid4(),
            customer_version=1,
            email="ada@acme.example",
            language="en",
            organization=OrganizationRef(id=uuid4(), name="ACME"),
        )
        values = {"priority": "medium", "status": "open", **changes}
        ticket = TicketState(
            id=uuid4(),
            number=self.numbers[0],
            version=1,
            thread_root=uuid4(),
            subject="Help",
            channel=Channel(kind="email", name="support"),
            requester=requester,
            opened_at=now,
            updated_at=now,
            **values,
        )
        return TicketOpenedV1(ticket=ticket, by=Actor(kind="customer", id="1"), at=now, text="the text")


@pytest.fixture
def migrated(database_url: str) -> str:
    upgrade(Path(__file__).parents[2], database_url)
    return database_url


@pytest.fixture
def open_desk(migrated: str) -> Callable[[], AbstractAsyncContextManager[Desk]]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Desk]:
        public = json.dumps(_KEY.as_dict(private=False))
        base, timers, routes = assemble(Settings(database_url=migrated, internal_public_key=public))
        signer = TokenSigner(json.dumps(_KEY.as_dict(private=True)), "tests")
        token = signer.token(Caller("1", "Tess", frozenset({"supervisor", "agent"})), 600)
        app = base.service("api", routes).app
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://sla", headers={"authorization": f"Bearer {token}"}
        )
        try:
            async with client:
                yield Desk(base, timers, client)
        finally:
            await base.engine.dispose()

    return opened
