"""How the absence of the database is borne: by trying again, as it comes back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.store.aggregates import ConcurrentChange
from deskstream_chassis.store.database import is_conflict, is_transient
from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.logs import logger

T = TypeVar("T")
Judges = Callable[[Exception], bool]
_FIRST_DELAY_SECONDS: Final = 0.05
_LONGEST_DELAY_SECONDS: Final = 2.0
_log = logger(__name__)


def may_pass(error: Exception) -> bool:
    """Whether the same transaction, tried again, may succeed: the database is away, or another one met it."""
    return is_transient(error) or is_conflict(error) or isinstance(error, ConcurrentChange)


async def patiently(
    what: str,
    step: Callable[[], Awaitable[T]],
    stop: asyncio.Event | None = None,
    worth_another_try: Judges = is_transient,
    trying: Callable[[], None] = lambda: None,
) -> T:
    """Tries `step` until it succeeds, with delays from 0.05 to 2 s. `trying` is called before each try, for liveness.

    Raises what is not worth another try; and the last error where `stop` is set meanwhile. `what` names the step in logs.
    """
    delay = _FIRST_DELAY_SECONDS
    while True:
        trying()
        try:
            return await step()
        except Exception as error:
            if not worth_another_try(error) or (stop is not None and stop.is_set()):
                raise
            metrics.RETRIES.labels(type(error).__name__).inc()
            _log.warning("tried again", what=what, error=repr(error)[:300])
        if stop is None:
            await asyncio.sleep(delay)
        else:
            await pause(stop, delay)
        delay = min(delay * 2, _LONGEST_DELAY_SECONDS)


async def patiently_until(
    stop: asyncio.Event,
    what: str,
    step: Callable[[], Awaitable[T]],
    worth_another_try: Judges = is_transient,
    trying: Callable[[], None] = lambda: None,
) -> T | None:
    """The same for a worker that is to end quietly: None where `stop` is set while the database is still away."""
    try:
        return await patiently(what, step, stop, worth_another_try, trying)
    except Exception as error:
        if stop.is_set() and worth_another_try(error):
            return None
        raise


async def tolerantly(what: str, step: Callable[[], Awaitable[None]]) -> bool:
    """Tries `step` once. False where the database is away, which is logged; raises any other error."""
    try:
        await step()
    except Exception as error:
        if not is_transient(error):
            raise
        _log.warning("left for the next time", what=what, error=repr(error)[:200])
        return False
    return True


async def every(seconds: float, stop: asyncio.Event, what: str, step: Callable[[], Awaitable[None]]) -> None:
    """Takes `step` tolerantly, pauses for `seconds`, and so on until `stop` is set."""
    while not stop.is_set():
        await tolerantly(what, step)
        await pause(stop, seconds)
