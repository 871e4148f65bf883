"""Advisory locks of PostgreSQL: of several processes one works, and the others stand by."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import text

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.database import Connection, is_transient
from deskstream_chassis.watch.logs import logger

_STAND_BY_SECONDS: Final = 1.0
_START_OVER_SECONDS: Final = 0.5
_TRY = text("SELECT pg_try_advisory_lock(:k)")
_log = logger(__name__)


async def try_lock(connection: Connection, key: int) -> bool:
    """Whether this session has got the advisory lock `key` of this database; it ends with the session."""
    return bool((await connection.execute(_TRY, {"k": key})).scalar_one())


async def hold_lock(connection: Connection, key: int, stop: asyncio.Event, standing_by: Callable[[], None]) -> bool:
    """Tries until this session has got the lock; False where `stop` is set first. `standing_by` is called at each try."""
    while not stop.is_set():
        standing_by()
        if await try_lock(connection, key):
            return True
        await pause(stop, _STAND_BY_SECONDS)
    return False


async def work_alone(
    what: str,
    pool: AsyncpgPool,
    key: int,
    stop: asyncio.Event,
    work: Callable[[AsyncpgConnection], Awaitable[None]],
    standing_by: Callable[[], None] = lambda: None,
    tolerates: Callable[[Exception], bool] = is_transient,
) -> None:
    """Runs `work` on a session that holds the lock `key`; with a new session after each error that is tolerated, until `stop`."""
    while not stop.is_set():
        try:
            async with pool.session() as connection:
                if await hold_lock(connection, key, stop, standing_by):
                    await work(connection)
        except Exception as error:
            if not tolerates(error):
                raise
            _log.warning("starts over", what=what, error=repr(error)[:500])
            await pause(stop, _START_OVER_SECONDS)
