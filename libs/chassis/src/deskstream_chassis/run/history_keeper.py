"""Keeps the partitions of the history: those of the next months are there in time, those that are too old go."""

import asyncio
from datetime import datetime
from typing import Final

from sqlalchemy import text

from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store import history
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.patience import every
from deskstream_chassis.watch.logs import logger

_EVERY_SECONDS: Final = 3600.0
_LOCK: Final = 7264616
_LOCKED: Final = text("SELECT pg_try_advisory_xact_lock(:k)")
_NOW: Final = text("SELECT now()")
_PARTITIONS: Final = text("""SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST('history' AS regclass)""")
# A month that has rows there gets no partition of its own any more: they would have to be moved first.
_UNPLACED: Final = text("SELECT DISTINCT date_trunc('month', at, 'UTC') FROM history_rest")
_DELETE_REST: Final = text("DELETE FROM history_rest WHERE at < :before")
_log = logger(__name__)


class HistoryKeeper(Worker):
    """Any number of processes may run: one at a time has its turn. `months`: so many whole months are kept; 0: all."""

    name = "history"
    comes_round = False  # partitions are made months ahead

    def __init__(self, pool: AsyncpgPool, months: int) -> None:
        super().__init__()
        self._pool = pool
        self._months = months

    async def run(self, stop: asyncio.Event) -> None:
        await every(_EVERY_SECONDS, stop, "keep the partitions of the history", self.turn)

    async def turn(self) -> None:
        """Makes what is missing, and drops what is too old by the database's clock."""
        async with self._pool.begin() as connection:
            if not (await connection.execute(_LOCKED, {"k": _LOCK})).scalar_one():
                return
            month = history.month_of((await connection.execute(_NOW)).scalar_one())
            there = set((await connection.execute(_PARTITIONS)).scalars())
            unplaced = {history.month_of(at) for at in (await connection.execute(_UNPLACED)).scalars()}
            for ahead in range(history.MONTHS_AHEAD):
                wanted = history.months_later(month, ahead)
                if history.partition_of(wanted) not in there and wanted not in unplaced:
                    await connection.execute(text(history.create_partition(wanted)))
            if self._months:
                await self._drop(connection, there, history.months_later(month, -self._months))

    async def _drop(self, connection: Connection, there: set[str], before: datetime) -> None:
        last = history.partition_of(before)
        for name in sorted(there - {"history_rest"}):
            # Named by year and month, so that their order is that of time.
            if name < last:
                await connection.execute(text(f"DROP TABLE {name}"))
                _log.info("dropped a month of the history", partition=name, months_kept=self._months)
        await connection.execute(_DELETE_REST, {"before": before})
