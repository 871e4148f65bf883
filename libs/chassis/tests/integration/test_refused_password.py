"""A password that PostgreSQL refuses is waited out and said: while one is changed, services are a moment behind the server."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.engine import make_url

from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import create_engine
from deskstream_chassis.store.patience import patiently
from deskstream_chassis.web.http import health_routes

pytestmark = pytest.mark.anyio


async def test_a_refused_password_is_waited_out_and_said(database_url: str) -> None:
    owner = create_engine(database_url, 1)
    user = make_url(database_url).database
    given = make_url(database_url).set(username=user, password="new").render_as_string(hide_password=False)
    pool = AsyncpgPool(given, 1)
    app = FastAPI()
    app.include_router(health_routes(pool, []))
    tries = 0

    def trying() -> None:
        nonlocal tries
        tries += 1

    async def step() -> int:
        async with pool.begin() as connection:
            found: int = (await connection.execute(text("SELECT 42"))).scalar_one()
            return found

    async def changed(statement: str) -> None:
        async with owner.begin() as connection:
            await connection.execute(text(statement))

    await changed(f"CREATE ROLE {user} LOGIN PASSWORD 'old'")
    try:
        waiting = asyncio.create_task(patiently("select", step, trying=trying))
        async with asyncio.timeout(20):
            while tries < 3:  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0.02)
        assert not waiting.done()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["database"]) == (503, "PostgreSQL refuses our user or password")
        await changed(f"ALTER ROLE {user} PASSWORD 'new'")
        assert await asyncio.wait_for(waiting, 20) == 42
    finally:
        await pool.dispose()
        await changed(f"DROP ROLE {user}")
        await owner.dispose()
