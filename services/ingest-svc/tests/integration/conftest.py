"""The whole service on a real PostgreSQL, without Kafka: its parts are run by hand, so that a test can stop between them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvloop

from deskstream_chassis.run.service import Service
from deskstream_chassis.testing import OpenService, open_service
from ingest_svc.doors.smtp import SmtpDoor
from ingest_svc.settings import Settings
from ingest_svc.wiring import build
from ingest_svc.workers.sorter import Sorter

T = TypeVar("T")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
FORM_SECRET = "whsec_" + base64.b64encode(b"another key of 24 bytes!").decode()
FORM = {
    "secret": FORM_SECRET,
    "mailbox": "support@desk.example",
    "fields": {"email": "Email", "text": "Message", "priority": "Urgency"},
}


class Desk(OpenService):
    """A running ingest-svc and the outside's view of it."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.door: SmtpDoor = self.worker("smtp")
        self.sorter: Sorter = self.worker("sorter")
        self.stop = asyncio.Event()

    async def receipts(self) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in await self.rows("SELECT * FROM receipts ORDER BY id")]

    async def sort(self) -> int:
        """Lets the sorter turn until nothing is left."""
        sorted_ = 0
        assert self.service.pool is not None
        async with self.service.pool.session() as connection:
            while found := await self.sorter.turn(connection) or await self.sorter.slow_turn(connection):
                sorted_ += found
        return sorted_

    async def events(self) -> list[dict[str, Any]]:
        published = await self.outbox()
        return [{**json.loads(p.event.model_dump_json(exclude_none=True)), "headers": p.headers, "key": p.key} for p in published]

    async def get(self, path: str, role: str = "agent", **parameters: Any) -> httpx.Response:
        return await self.as_(role).get(path, params=parameters)


@pytest.fixture
def settings(migrated_url: str, tmp_path: Path) -> dict[str, Any]:
    """A desk with two mailboxes and a form."""
    forms = tmp_path / "forms.json"
    forms.write_text(json.dumps({"contact": FORM}))
    return {
        "database_url": migrated_url,
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


@asynccontextmanager
async def opened(settings: dict[str, Any]) -> AsyncIterator[Desk]:
    async with open_service(build, Settings, role="all", **settings) as opened:
        desk = Desk(opened.service)
        try:
            yield desk
        finally:
            await desk.worker("parsers").close()
            await desk.sorter._quick.close()
            await desk.sorter._slow.close()


@pytest.fixture
async def desk(settings: dict[str, Any]) -> AsyncIterator[Desk]:
    """The service without its SMTP door."""
    async with opened(settings) as service:
        yield service


Play = Callable[..., Any]


@pytest.fixture
def play(settings: dict[str, Any]) -> Play:
    """Runs an async scene with the SMTP door open: `play(scene, **settings)`."""

    def run(scene: Callable[[Desk], Awaitable[T]], **changes: Any) -> T:
        return uvloop.run(_scene(scene, {**settings, **changes}))

    return run


async def _scene(scene: Callable[[Desk], Awaitable[T]], settings: dict[str, Any]) -> T:
    async with opened(settings) as desk:
        listening = asyncio.create_task(desk.door.run(desk.stop))
        try:
            await desk.door.listening.wait()
            return await asyncio.wait_for(scene(desk), 60)
        finally:
            desk.stop.set()
            await listening
