"""How workers wait: until they are woken, until they are to stop, or for some seconds."""

import asyncio


async def first_of(seconds: float | None, *events: asyncio.Event) -> None:
    """Waits until one of the events is set, for `seconds` at most (None: however long it takes)."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiting:
            waiter.cancel()


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits for `seconds`, or until `stop` is set, whichever comes first."""
    await first_of(seconds, stop)
