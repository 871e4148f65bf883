"""The record of rebuilds, so that every process can tell how one is getting on; and the lock that lets only one run."""

from datetime import datetime
from typing import Final, NamedTuple

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deskstream_chassis.store.advisory_lock import try_lock
from deskstream_chassis.store.rows import Query, find_one

_LOCK: Final = 7264612
_SILENT_SECONDS: Final = 60


class Rebuilt(NamedTuple):
    """How a rebuild is getting on, or what it found; `comparison` is JSON, None before the sets are compared."""

    id: int
    swap: bool
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    events_read: int
    events_total: int
    unreadable: int
    agree: bool | None
    swapped: bool
    error: str | None
    comparison: str | None
    state: str


_LAST: Final = Query(
    text("""
        SELECT id, swap, started_by, started_at, finished_at, events_read, events_total, unreadable, agree, swapped, error,
               CAST(comparison AS text) AS comparison,
               CASE WHEN finished_at IS NULL AND updated_at < now() - make_interval(secs => :silent) THEN 'abandoned' ELSE state END
               AS state
        FROM rebuilds ORDER BY id DESC LIMIT 1"""),
    Rebuilt,
)


class RebuildLog:
    """One rebuild's row, and the connection whose lock it holds."""

    def __init__(self, engine: AsyncEngine, lock: AsyncConnection, id_: int) -> None:
        self._engine = engine
        self._lock = lock
        self.id = id_

    @staticmethod
    async def begin(engine: AsyncEngine, started_by: str, swap: bool) -> "RebuildLog | None":
        """None where one runs already, in any process."""
        lock = await (await engine.connect()).execution_options(isolation_level="AUTOCOMMIT")
        try:
            if not await try_lock(lock, _LOCK):
                await lock.close()
                return None
            statement = text("INSERT INTO rebuilds (state, started_by, swap) VALUES ('reading', :by, :swap) RETURNING id")
            id_ = (await lock.execute(statement, {"by": started_by, "swap": swap})).scalar_one()
        except BaseException:
            await lock.invalidate()
            raise
        return RebuildLog(engine, lock, id_)

    async def note(self, **values: object) -> None:
        """Columns to set; the comparison as objects."""
        if "comparison" in values:
            values["comparison"] = orjson.dumps(values["comparison"]).decode()
        changes = ", ".join(f"{n} = CAST(:{n} AS json)" if n == "comparison" else f"{n} = :{n}" for n in values)
        ended = ", finished_at = now()" if values.get("state") in ("done", "failed") else ""
        async with self._engine.begin() as connection:
            statement = f"UPDATE rebuilds SET updated_at = now(){ended}{', ' + changes if changes else ''} WHERE id = :id"
            await connection.execute(text(statement), {**values, "id": self.id})

    async def end(self) -> None:
        """Lets go of the lock, so that another rebuild may begin."""
        # The session's end is the lock's end, whatever state it is in.
        await self._lock.invalidate()
        await self._lock.close()


async def last(engine: AsyncEngine) -> Rebuilt | None:
    """The newest rebuild. One that has said nothing for a minute has lost its process."""
    async with engine.connect() as connection:
        return await find_one(connection, _LAST, {"silent": _SILENT_SECONDS})
