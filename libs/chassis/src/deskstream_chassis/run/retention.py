"""Lets go of what is older than its setting, a bounded number of rows a transaction: docs/retention.md lists every table."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.advisory_lock import try_lock
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.kept import Kept, by_index, let_go
from deskstream_chassis.store.patience import every, tolerantly
from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.logs import logger

_LOCK: Final = 7264615
_log = logger(__name__)


class Retention(Worker):
    """A round goes through all tables; any number of processes may run, of which one at a time has the database's round.

    The first is some minutes after the start, so that a process that starts over and over does nothing else all the time.
    """

    name = "retention"
    comes_round = False  # nothing depends on it; an alert looks at when a round was last completed

    def __init__(
        self,
        pool: AsyncpgPool,
        kept: Sequence[Kept],
        first_after_seconds: float = 300.0,
        every_seconds: float = 3600.0,
        rest_seconds: float = 0.1,
    ) -> None:
        super().__init__()
        self.kept = kept
        self._pool = pool
        self._first_after_seconds = first_after_seconds
        self._every_seconds = every_seconds
        self._rest_seconds = rest_seconds

    async def run(self, stop: asyncio.Event) -> None:
        metrics.zero(metrics.RETENTION_ROWS, {kept.counted_as for kept in self.kept})
        metrics.RETENTION_COMPLETED.set_to_current_time()  # a process is given its day before it is complained about
        await pause(stop, self._first_after_seconds)
        await every(self._every_seconds, stop, "let go of what is old", partial(self.round, stop))

    async def round(self, stop: asyncio.Event) -> None:
        """Lets everything go that is due now, or what can be until `stop` is set. Nothing, where another process has its round."""
        async with self._pool.session() as lock:
            if not await try_lock(lock, _LOCK):
                return
            # One table that cannot be done, for now, does not keep the others waiting.
            done = [
                await tolerantly(f"let go of old {kept.counted_as}", partial(self._let_go, kept, stop))
                for kept in self.kept
                if kept.ends
            ]
        if all(done) and not stop.is_set():
            metrics.RETENTION_COMPLETED.set_to_current_time()

    async def _let_go(self, kept: Kept, stop: asyncio.Event) -> None:
        async with self._pool.session() as connection:
            await by_index(connection)
            gone = await self._chunks(connection, kept, stop)
        if gone:
            _log.info("let go of what was old", table=kept.counted_as, rows=gone, days=kept.days)

    async def _chunks(self, connection: Connection, kept: Kept, stop: asyncio.Event) -> int:
        gone = 0
        while not stop.is_set():
            rows = await let_go(connection, kept)
            metrics.RETENTION_ROWS.labels(kept.counted_as).inc(len(rows))
            gone += len(rows)
            if rows and kept.logged:
                _log.warning(
                    "discarded as too old", table=kept.counted_as, days=kept.days, rows=[" ".join(map(str, r)) for r in rows]
                )
            if len(rows) < kept.rows:
                break
            # Others have their turn at the disk.
            await pause(stop, self._rest_seconds)
        return gone
