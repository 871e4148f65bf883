"""The gateway on a real PostgreSQL, with owners that are written by hand."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from sqlalchemy import text

from desk.backends import Backends
from deskstream_chassis.bus.messages import Received
from deskstream_chassis.run.clock import SystemClock
from deskstream_chassis.run.service import Service
from deskstream_chassis.store.migrations import upgrade
from deskstream_contracts.wire import Event
from gateway.domain.views import VIEWS
from gateway.settings import Settings
from gateway.wiring import build
from gateway.workers.projector import Projector
from gateway.workers.revocations import Revocations

from ..events import message  # noqa: TID252

SECRET = "t" * 40
_KEY = OKPKey.generate_key("Ed25519")
OWNERS = ("ingest", "customer", "ticket", "routing", "sla", "notify")


def token(*roles: str, **changes: Any) -> str:
    claims = {
        "iss": "deskstream", "aud": "deskstream-api", "sub": "ada", "name": "Ada", "roles": list(roles), "jti": str(uuid4()),
        "exp": int(time.time()) + 600, **changes,
    }  # fmt: skip
    return jwt.encode({"alg": "HS256"}, {k: v for k, v in claims.items() if v is not None}, OctKey.import_key(SECRET))


@dataclass
class Owners:
    """All services behind, in one hand-written transport: answers what it is told to, and remembers what it was asked."""

    answers: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    away: set[str] = field(default_factory=set)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.away:
            raise httpx.ConnectError("away", request=request)
        self.asked.append(request)
        known = self.answers.get((request.method, f"{request.url.host}{request.url.path}"))
        found = known or httpx.Response(200, json={"by": request.url.host})
        # As from a network: not yet read.
        return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(found.content))


@dataclass
class Gateway:
    service: Service
    projector: Projector
    owners: Owners
    http: httpx.AsyncClient

    async def hear(self, *events: Event | Received) -> None:
        await self.projector.settle([e if isinstance(e, Received) else message(e) for e in events])

    async def get(self, path: str, role: str = "viewer", expect: int = 200, **params: Any) -> Any:
        answer = await self.ask("GET", path, role, params=params)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def ask(self, method: str, path: str, role: str | None = "viewer", **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token(role)}"} if role else {}
        return await self.http.request(
            method, f"/api/v1{path}", **{**options, "headers": {**headers, **options.get("headers", {})}}
        )

    async def rows(self, statement: str) -> list[Any]:
        async with self.service.engine.connect() as connection:
            return list((await connection.execute(text(statement))).all())


@pytest.fixture(scope="session")
def migrated(backends: Backends) -> Iterator[str]:
    """One database for all tests of the gateway; each begins with empty tables."""
    url = asyncio.run(backends.create_database())
    upgrade(Path(__file__).parents[2], url)
    yield url
    asyncio.run(backends.drop_database(url))


@pytest.fixture
def settings(migrated: str) -> Settings:
    return Settings(
        database_url=migrated, token_secret=SECRET, internal_private_key=json.dumps(_KEY.as_dict(private=True)),
        internal_public_key=json.dumps(_KEY.as_dict(private=False)), **{f"{name}_url": f"http://{name}" for name in OWNERS},
    )  # type: ignore[arg-type]  # fmt: skip


async def emptied(service: Service) -> None:
    """Empty tables, and no token revoked."""
    tables = [f"views.{view.name}" for view in VIEWS] + ["parked", "revoked_tokens", "rebuilds"]
    async with service.engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(tables)}"))
    for worker in service.workers:
        if isinstance(worker, Revocations):
            await worker.load()


@pytest.fixture
def open_gateway(settings: Settings) -> Callable[[], AbstractAsyncContextManager[Gateway]]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Gateway]:
        owners = Owners()
        service = build(settings, "api", httpx.MockTransport(owners))
        await emptied(service)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app, raise_app_exceptions=False), base_url="http://gateway"
        )
        try:
            async with client:
                yield Gateway(service, Projector(service.pool, SystemClock(), 10), owners, client)
        finally:
            await service.engine.dispose()
            await service.pool.dispose()

    return opened
