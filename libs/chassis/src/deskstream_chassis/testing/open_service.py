"""A service as its tests see it: HTTP and events go in, events come out of its outbox. PostgreSQL is real, Kafka is not there."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, overload
from uuid import UUID

import httpx
from joserfc.jwk import OKPKey
from pydantic import SecretStr
from sqlalchemy import Row, text

from deskstream_chassis.bus.messages import Received
from deskstream_chassis.run.service import Service
from deskstream_chassis.run.settings import ServiceSettings
from deskstream_chassis.testing.records import received
from deskstream_chassis.web.auth import TokenSigner
from deskstream_chassis.web.subjects import Role, Staff, Subject
from deskstream_contracts.catalogue import BY_TYPE
from deskstream_contracts.wire import Event

E = TypeVar("E", bound=Event)
S = TypeVar("S", bound=ServiceSettings)
Build = Callable[[S, str], Service]
"""A service's `wiring.build`."""

_KEY = OKPKey.generate_key("Ed25519")
_SIGNER = TokenSigner(json.dumps(_KEY.as_dict(private=True)), "tests")
_TOKEN_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Published:
    """A row of the outbox: the event, and what it carries beside its data."""

    event: Event
    key: str
    headers: dict[str, str]

    @property
    def id(self) -> UUID:
        return UUID(self.headers["ce_id"])

    @property
    def caused_by(self) -> UUID | None:
        """The message that was being handled; None for a command."""
        found = self.headers.get("ce_causationid")
        return None if found is None else UUID(found)

    @property
    def correlation_id(self) -> str:
        return self.headers["ce_correlationid"]

    @property
    def sequence(self) -> int | None:
        found = self.headers.get("ce_sequence")
        return None if found is None else int(found)


class OpenService:
    """A service that is open for a test. `http` has no token; `as_` gives clients that have one."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.asgi = service.asgi
        self._transport = httpx.ASGITransport(self.asgi)
        self.http = self._client({})

    def as_(self, *roles: str, id: str = "1", name: str = "Tess") -> httpx.AsyncClient:  # noqa: A002
        """A client with the internal token of a caller who has these roles."""
        return self.as_subject(Staff(id, name, frozenset(map(Role, roles))))

    def as_subject(self, subject: Subject) -> httpx.AsyncClient:
        """A client with the internal token of whoever asks."""
        return self._client({"authorization": f"Bearer {_SIGNER.token(subject, _TOKEN_SECONDS)}"})

    async def settle(self, *messages: Event | Received) -> None:
        """One batch from Kafka, through the real processor. An event comes under an id of its own each time it is given."""
        assert self.service.processor is not None, f"{self.service.name} hears nothing"
        await self.service.processor.settle([m if isinstance(m, Received) else received(m) for m in messages])

    async def outbox(self, *types: type[Event]) -> list[Published]:
        """All that was published so far, in order; only events of these types (or derived from them) where some are given."""
        rows = await self.rows("SELECT key, headers, value FROM outbox ORDER BY id")
        found = [_published(row.key, json.loads(row.headers), row.value) for row in rows]
        return [p for p in found if not types or isinstance(p.event, types)]

    @overload
    async def published(self) -> list[Event]: ...
    @overload
    async def published(self, type_: type[E], /) -> list[E]: ...
    @overload
    async def published(self, *types: type[Event]) -> list[Event]: ...
    async def published(self, *types: type[Event]) -> Sequence[Event]:
        """The events of `outbox`, as the contract's models."""
        return [p.event for p in await self.outbox(*types)]

    async def rows(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        """The rows of a statement, for what shows nowhere else."""
        async with self.service.engine.connect() as connection:
            return (await connection.execute(text(statement), values)).all()

    async def let_go(self) -> None:
        """One round of retention; the service is open in role `all`."""
        await self.worker("retention").round(asyncio.Event())

    async def execute(self, statement: str, **values: object) -> None:
        """A statement and its commit, for what the service cannot be made to do."""
        async with self.service.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def grow_older(self, table: str, age: str, days: float, where: str = "true") -> None:
        """As if it had been so many days earlier; the database's clock, by which retention goes, cannot be moved."""
        statement = f"UPDATE {table} SET {age} = {age} - make_interval(secs => :seconds) WHERE {where}"
        await self.execute(statement, seconds=days * 86_400)

    async def put_in_force(self, document: str, **content: object) -> None:
        """Puts a document of settings, which is in force when this returns."""
        lead = self.as_("lead", id="lead", name="Lena")
        answer = await lead.put(f"/settings/{document}", json={"content": content}, headers={"if-match": "*"})
        assert answer.status_code == 200, answer.text
        await self.worker("settings").look()

    def worker(self, name: str) -> Any:
        """The service's worker of that name, to be run by hand. Raises LookupError where its role has none."""
        for worker in self.service.workers:
            if worker.name == name:
                return worker
        raise LookupError(f"{self.service.name} has no worker {name!r} in this role")

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        # A proxy of the environment would take requests away from the transport.
        return httpx.AsyncClient(
            transport=self._transport, base_url=f"http://{self.service.name}", headers=headers, trust_env=False
        )


@asynccontextmanager
async def open_service(
    build: Build[S], settings_class: type[S], database_url: str, role: str = "api", **settings: Any
) -> AsyncIterator[OpenService]:
    """A service of its own `wiring.build`, on a migrated database. Its workers are there in role `all`, and do not run.

    Settings that are not given come from the environment, and then from their defaults.
    """
    public = json.dumps(_KEY.as_dict(private=False))
    service = build(settings_class(database_url=SecretStr(database_url), internal_public_key=public, **settings), role)
    try:
        yield OpenService(service)
    finally:
        await service.dispose()


def _published(key: str, headers: dict[str, str], value: bytes) -> Published:
    return Published(BY_TYPE[headers["ce_type"]].model_validate_json(value), key, headers)
