"""The whole service on a real PostgreSQL, without Kafka: its parts are run by hand, so that a test can stop between them."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvloop
from joserfc.jwk import OKPKey
from sqlalchemy import text

from desk.backends import Backends
from deskstream_chassis.run.service import Service
from deskstream_chassis.store.migrations import upgrade
from deskstream_chassis.web.auth import Caller, TokenSigner
from ingest_svc.doors.smtp import SmtpDoor
from ingest_svc.parsing.pool import ParserPool
from ingest_svc.settings import Settings
from ingest_svc.wiring import build
from ingest_svc.workers.sorter import Sorter

T = TypeVar("T")
SERVICE = Path(__file__).parents[2]
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
FORM = {"secret": SECRET, "mailbox": "support@desk.example", "fields": {"email": "Email", "text": "Message", "priority": "Urgency"}}


class Desk:
    """A running ingest-svc and the outside's view of it."""

    def __init__(self, service: Service, key: OKPKey) -> None:
        self.service = service
        workers = {w.name: w for w in service.workers}
        door, sorter = workers["smtp"], workers["sorter"]
        assert isinstance(door, SmtpDoor)
        assert isinstance(sorter, Sorter)
        assert isinstance(workers["parsers"], ParserPool)
        self.door, self.sorter, self.openers = door, sorter, workers["parsers"]
        signer = TokenSigner(json.dumps(key.as_dict(private=True)), "tests")
        self.tokens = {role: signer.token(Caller("1", "Test", frozenset({role}))) for role in ("agent", "viewer", "nobody")}
        self.stop = asyncio.Event()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://ingest")

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        async with self.service.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(text(statement), values)).mappings()]

    async def receipts(self) -> list[dict[str, Any]]:
        return await self.rows("SELECT * FROM receipts ORDER BY id")

    async def sort(self) -> int:
        """Lets the sorter turn until nothing is left."""
        sorted_ = 0
        assert self.service.pool is not None
        async with self.service.pool.session() as connection:
            while found := await self.sorter.turn(connection):
                sorted_ += found
        return sorted_

    async def events(self) -> list[dict[str, Any]]:
        rows = await self.rows("SELECT convert_from(value, 'UTF8') AS value, headers, key FROM outbox ORDER BY id")
        return [{**json.loads(row["value"]), "headers": json.loads(row["headers"]), "key": row["key"]} for row in rows]

    async def get(self, path: str, role: str = "agent", **parameters: Any) -> httpx.Response:
        return await self.http.get(path, params=parameters, headers={"Authorization": f"Bearer {self.tokens[role]}"})


@pytest.fixture(scope="session")
def migrated_url(backends: Backends) -> Iterator[str]:
    """One database for all tests here, as each empties it first: quicker than migrating one for each."""
    url = asyncio.run(backends.create_database())
    upgrade(SERVICE, url)
    yield url
    asyncio.run(backends.drop_database(url))


Play = Callable[..., Any]


@pytest.fixture
def play(migrated_url: str, tmp_path: Path) -> Play:
    """Runs an async scene with a fresh ledger: `play(scene, **settings)`."""
    forms = tmp_path / "forms.json"
    forms.write_text(json.dumps({"contact": FORM}))
    key = OKPKey.generate_key("Ed25519")

    def run(scene: Callable[[Desk], Awaitable[T]], **changes: Any) -> T:
        values: dict[str, Any] = {
            "database_url": migrated_url,
            "internal_public_key": json.dumps(key.as_dict(private=False)),
            "domain": "desk.example",
            "mailboxes": "support,billing",
            "authserv_id": "mx.desk.example",
            "reply_secret": "secret",
            "forms": forms,
            "webhook_mail_secrets": SECRET,
            "smtp_port": 0,
            "message_bytes": 200_000,
            "form_bytes": 2_000,
        }
        return uvloop.run(_scene(scene, Settings(**{**values, **changes}), key))

    return run


async def _scene(scene: Callable[[Desk], Awaitable[T]], settings: Settings, key: OKPKey) -> T:
    desk = Desk(build(settings, "all"), key)
    listening = asyncio.create_task(desk.door.run(desk.stop))
    try:
        if "@127.0.0.1:1/" not in settings.database_url:
            async with desk.service.engine.begin() as connection:
                await connection.execute(text("TRUNCATE receipts, raw_messages, threads, outbox, inbox, parked"))
        await desk.door.listening.wait()
        return await asyncio.wait_for(scene(desk), 60)
    finally:
        desk.stop.set()
        await listening
        await desk.openers.close()
        await desk.sorter._parser.close()
        await desk.http.aclose()
        await desk.service.engine.dispose()
        assert desk.service.pool is not None
        await desk.service.pool.dispose()
