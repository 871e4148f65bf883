"""A database that is busy: who reads is told to come again, in time, and the process is ready all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.store import database
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import create_engine, statement_timeout
from deskstream_chassis.web import problems
from deskstream_chassis.web.http import health_routes

pytestmark = pytest.mark.anyio
SLEEP = text("SELECT pg_sleep(:seconds)")


@asynccontextmanager
async def reading(engine: AsyncEngine, pool: AsyncpgPool) -> AsyncIterator[httpx.AsyncClient]:
    """Reads by both, as long as they are asked to."""
    app = FastAPI()
    problems.install(app)
    app.include_router(health_routes(pool, []))

    @app.get("/engine/{seconds}")
    async def by_engine(seconds: float) -> None:
        async with engine.connect() as connection:
            await connection.execute(SLEEP, {"seconds": seconds})

    @app.get("/pool/{seconds}")
    async def by_pool(seconds: float) -> None:
        async with pool.connect() as connection:
            await connection.execute(SLEEP, {"seconds": seconds})

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=20) as client:
            yield client
    finally:
        await engine.dispose()
        await pool.dispose()


@pytest.mark.parametrize("path", ["/engine", "/pool"])
async def test_a_statement_that_takes_too_long_is_a_503(database_url: str, path: str) -> None:
    engine, pool = create_engine(database_url, 1, 0.2), AsyncpgPool(database_url, 1, statement_timeout(0.2))
    async with reading(engine, pool) as client, asyncio.timeout(5):
        answer = await client.get(f"{path}/60")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (await client.get(f"{path}/0")).status_code == 200


@pytest.mark.parametrize("path", ["/engine", "/pool"])
async def test_where_all_connections_are_busy_a_read_is_a_503_and_the_process_is_ready(
    database_url: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.3)
    engine, pool = create_engine(database_url, 1), AsyncpgPool(database_url, 1, wait_seconds=0.3)
    async with reading(engine, pool) as client, asyncio.timeout(15), asyncio.TaskGroup() as group:
        # The engine has as many again in reserve.
        busy = [group.create_task(client.get(f"{path}/2")) for _ in range(2 if path == "/engine" else 1)]
        await asyncio.sleep(0.3)
        answer = await client.get(f"{path}/0")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (await client.get("/health/ready")).json() == {"status": "ready"}
        assert not any(task.done() for task in busy)
