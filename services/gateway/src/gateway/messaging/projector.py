"""Keeps the live view set: settles what the chassis's Subscriber drains, without an inbox, as versions order everything."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.bus import parking
from deskstream_chassis.bus.consumer import Poison, TooManyParked
from deskstream_chassis.bus.messages import Received
from deskstream_chassis.store.database import is_transient
from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.logs import logger
from gateway.messaging.projections import SUBSCRIPTIONS, Fold, fold
from gateway.persistence import views
from gateway.persistence.tables import parked
from gateway.persistence.views import Changes

_log = logger(__name__)
_LONGEST_WAIT_SECONDS: Final = 2.0


class Projector:
    """The same interface as the chassis's BatchProcessor: `settle` brings every message to its fate.

    What cannot be read or written is parked and passed by: nothing has to wait behind it, as later states are whole.
    """

    def __init__(self, engine: AsyncEngine, parked_keys_ceiling: int) -> None:
        self._engine = engine
        self._ceiling = parked_keys_ceiling

    async def settle(self, messages: Sequence[Received], stop: asyncio.Event | None = None) -> None:
        """Waits as long as the database is away; raises TooManyParked."""
        found = fold(messages)
        poison = list(found.unreadable)
        if found.changes:
            started = time.perf_counter()
            try:
                await self._patiently(found.changes, stop)
            except Exception as error:
                if is_transient(error):
                    raise
                poison += await self._one_by_one(found, stop)
            metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
            metrics.BATCH_SIZE.observe(len(messages))
        if poison:
            await self._park(poison, stop)
        _count(messages, found, poison)

    async def _patiently(self, changes: Changes, stop: asyncio.Event | None) -> None:
        delay = 0.05
        while True:
            try:
                async with self._engine.begin() as connection:
                    await views.write(connection, views.LIVE, changes)
                return
            except Exception as error:
                if not is_transient(error) or (stop is not None and stop.is_set()):
                    raise
                metrics.RETRIES.labels(type(error).__name__).inc()
                _log.warning("batch is taken again", error=repr(error)[:300])
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_WAIT_SECONDS)

    async def _one_by_one(self, found: Fold, stop: asyncio.Event | None) -> list[tuple[Received, str]]:
        """The batch was refused by the database: row by row, so that the culprit is found and the others are written."""
        refused = []
        if found.changes.gone:
            await self._patiently(Changes(gone=found.changes.gone), stop)
        for view, key, change in found.changes.singly():
            try:
                await self._patiently(change, stop)
            except Exception as error:
                if is_transient(error):
                    raise
                refused.append((found.sources[view.name, key], f"{type(error).__name__}: {error}"))
        return refused

    async def _park(self, poison: Sequence[tuple[Received, str]], stop: asyncio.Event | None) -> None:
        for message, error in poison:
            _log.error("message parked", topic=message.topic, key=message.key, error=error[:500])
        delay = 0.05
        while True:
            try:
                async with self._engine.begin() as connection:
                    await parking.park(connection, parked, poison)
                    keys = len(await parking.keys(connection))
                break
            except Exception as error:
                if not is_transient(error) or (stop is not None and stop.is_set()):
                    raise
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_WAIT_SECONDS)
        if keys > self._ceiling:
            raise TooManyParked(f"{keys} keys are parked, more than the ceiling of {self._ceiling}")

    async def replay(self, topic: str, key: str) -> int:
        """Reads a parked key's messages again, oldest first. Returns how many are done; raises Poison at one that is not."""
        done = 0
        while True:
            async with self._engine.begin() as connection:
                await parking.hold(connection)
                message = await parking.first_of(connection, topic, key)
                if message is None:
                    break
                found = fold([message])
                if found.unreadable:
                    raise Poison(found.unreadable[0][1])
                try:
                    await views.write(connection, views.LIVE, found.changes)
                except Exception as error:
                    if is_transient(error):
                        raise
                    raise Poison(f"{type(error).__name__}: {error}") from error
                await parking.forget(connection, message.event_id)
            done += 1
        return done

    async def discard(self, topic: str, key: str) -> int:
        """Drops a parked key's oldest message for good."""
        async with self._engine.begin() as connection:
            await parking.hold(connection)
            message = await parking.first_of(connection, topic, key)
            if message is not None:
                await parking.forget(connection, message.event_id)
        return 0 if message is None else 1


def _count(messages: Sequence[Received], found: Fold, poison: Sequence[tuple[Received, str]]) -> None:
    fates: Counter[tuple[str, str]] = Counter(
        (m.topic, "done" if not m.event_type or m.event_type in SUBSCRIPTIONS else "ignored") for m in messages if not m.fault
    )
    for m, _ in poison:
        if not m.fault:
            fates[m.topic, "done"] -= 1
        fates[m.topic, "parked"] += 1
    for (topic, fate), count in fates.items():
        metrics.child(metrics.CONSUMED, topic, fate).inc(count)
    now = datetime.now(UTC)
    for m in found.sources.values():
        if m.time is not None:
            metrics.child(metrics.EVENT_AGE, m.topic).observe(max(0.0, (now - m.time).total_seconds()))
