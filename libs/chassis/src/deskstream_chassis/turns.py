"""How workers wait: until they are woken, until the stop, or until it is their turn among several processes."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text

from deskstream_chassis.database import Connection

_STAND_BY_SECONDS = 1.0
_TRY = text("SELECT pg_try_advisory_lock(:k)")


async def first_of(seconds: float, *events: asyncio.Event) -> None:
    """Until one of them is set, but at most so long."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiting:
            waiter.cancel()


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """So long, or until the stop."""
    await first_of(seconds, stop)


async def every(seconds: float, stop: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    """Works, pauses so long, and so on until the stop."""
    while not stop.is_set():
        await work()
        await pause(stop, seconds)


async def try_lock(connection: Connection, key: int) -> bool:
    """Whether this session has got the advisory lock of this database; it ends with the session."""
    return bool((await connection.execute(_TRY, {"k": key})).scalar_one())


async def hold_lock(connection: Connection, key: int, stop: asyncio.Event, standing_by: Callable[[], None]) -> bool:
    """Tries until this session has got the lock; False where it is to stop. `standing_by` is called at each try, for liveness."""
    while not stop.is_set():
        standing_by()
        if await try_lock(connection, key):
            return True
        await pause(stop, _STAND_BY_SECONDS)
    return False
