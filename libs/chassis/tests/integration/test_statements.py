"""A statement on what belongs to somebody that goes without their visibility is found."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import create_engine
from deskstream_chassis.store.visibility import Columns, condition
from deskstream_chassis.testing.statements import Statements
from deskstream_chassis.web.timing import Timed
from deskstream_contracts.visibility import EVERYTHING

pytestmark = pytest.mark.anyio


async def test_what_a_request_asks_for_is_looked_at_and_nothing_else(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in (("timing.Timed", "__call__"), ("commands.Commands", "run")):
        monkeypatch.setattr(f"deskstream_chassis.web.{owner}.{name}", _original(f"deskstream_chassis.web.{owner}", name))
    monkeypatch.setattr(
        "deskstream_chassis.store.asyncpg_pool.AsyncpgConnection.execute",
        _original("deskstream_chassis.store.asyncpg_pool.AsyncpgConnection", "execute"),
    )
    statements = Statements(tables=("things",), open_to=("GET /open",))
    statements.watch()
    engine, pool = create_engine(database_url, 1), AsyncpgPool(database_url, 1)
    visible = condition(EVERYTHING, Columns("t.customer_id", "t.team_id"))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE things (customer_id uuid)"))
    app = FastAPI()

    @app.get("/blind")
    @app.get("/open")
    async def blind() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT * FROM things"))

    @app.get("/hot")
    async def hot() -> None:
        async with pool.connect() as connection:
            await connection.execute(text("SELECT * FROM things"))

    @app.get("/seeing")
    async def seeing() -> None:
        async with engine.connect() as connection:
            await connection.execute(text(f"SELECT * FROM things t WHERE {visible.sql}"), visible.values)

    app.add_middleware(Timed)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for path in ("/blind", "/open", "/hot", "/seeing"):
            assert (await client.get(path)).status_code == 200
    async with engine.connect() as connection:
        await connection.execute(text("SELECT * FROM things"))
    await engine.dispose()
    await pool.dispose()
    assert [route for route, _ in statements.unguarded] == ["GET /blind", "GET /hot"]


def _original(owner: str, name: str) -> object:
    """What stands there now, so that the test puts it back."""
    module, _, class_ = owner.rpartition(".")
    return getattr(getattr(__import__(module, fromlist=["_"]), class_), name)
