"""The gateway on a real PostgreSQL, with owners that are written by hand."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from deskstream_chassis.bus.messages import Received
from deskstream_chassis.run.service import Service
from deskstream_chassis.testing import OpenService
from deskstream_contracts.wire import Event
from gateway.api.accounts import PORTAL_AUDIENCE
from gateway.settings import Settings
from gateway.wiring import build
from gateway.workers.defined_fields import DefinedFields
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


VALUES = {
    "{reference}": "1006", "{part}": "2", "{version}": "1", "{other}": "2", "{team}": "Billing", "{agent}": "ada@desk.example",
    "{email}": "a@b.example", "{jti}": "no-such-token", "{file}": "0197a3b0-5c1e-7d7a-9f00-3f6f3b1e2a01",
}  # fmt: skip


def operations(gateway: "Gateway") -> Iterator[tuple[str, str]]:
    """Method and path template of every operation that is published, of both faces."""
    for path, methods in gateway.service.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


def filled(path: str) -> str:
    """A path template with values."""
    for name, value in VALUES.items():
        path = path.replace(name, value)
    owner = "customer." if "/jobs/" in path else "ticket." if "/undo/" in path else ""
    return path.replace("{id}", f"{owner}{uuid4()}")


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


class Gateway(OpenService):
    """The open gateway, its owners beside it; tokens are those of its own API."""

    def __init__(self, service: Service, owners: Owners) -> None:
        super().__init__(service)
        self.owners = owners
        # What nobody foresaw is to be seen as the 500 that it is.
        transport = httpx.ASGITransport(self.asgi, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://gateway", trust_env=False)

    @property
    def projector(self) -> Projector:
        assert isinstance(self.service.processor, Projector)
        return self.service.processor

    async def hear(self, *events: Event | Received) -> None:
        await self.settle(*(e if isinstance(e, Received) else message(e) for e in events))

    async def get(self, path: str, role: str = "viewer", expect: int = 200, **params: Any) -> Any:
        answer = await self.ask("GET", path, role, params=params)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def ask(self, method: str, path: str, role: str | None = "viewer", **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token(role)}"} if role else {}
        return await self.http.request(
            method, f"/api/v1{path}", **{**options, "headers": {**headers, **options.get("headers", {})}}
        )

    async def portal(self, customer_id: UUID | str, path: str, method: str = "GET", **options: Any) -> httpx.Response:
        """A request on the face of customers, with that customer's token."""
        bearer = token(aud=PORTAL_AUDIENCE, sub=str(customer_id))
        return await self.http.request(method, f"/api/portal/v1{path}", headers={"authorization": f"Bearer {bearer}"}, **options)


def settings_for(url: str) -> Settings:
    """The gateway's settings over a database."""
    return Settings(
        database_url=url, token_secret=SECRET, internal_private_key=json.dumps(_KEY.as_dict(private=True)),
        internal_public_key=json.dumps(_KEY.as_dict(private=False)),
        **{f"{name}_url": f"http://{name}" for name in OWNERS},
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    return settings_for(migrated_url)


@asynccontextmanager
async def opened(settings: Settings, role: str, owners: Owners) -> AsyncIterator[Gateway]:
    """The gateway in a role; its workers do not run. No token is revoked, and fields are defined as the read model says."""
    service = build(settings, role, httpx.MockTransport(owners))
    assert service.pool is not None
    for worker in service.workers:
        if isinstance(worker, Revocations):
            await worker.load()
        if isinstance(worker, DefinedFields):
            await worker.look()
    try:
        yield Gateway(service, owners)
    finally:
        await service.dispose()


@pytest.fixture
def open_gateway(settings: Settings) -> Callable[[], AbstractAsyncContextManager[Gateway]]:
    return lambda: opened(settings, "api", Owners())
