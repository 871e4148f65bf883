"""The hot path to PostgreSQL: SQLAlchemy's statements over asyncpg alone.

A micro-batch of one message is a dozen statements, and most of what each costs the client is SQLAlchemy's engine around it
(greenlet, compile cache, cursor, result). So units of work, the relay and queues run on this pool; it takes the same `text()`
statements with the same named parameters, and its results answer to the same few methods. Everything else uses the engine.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import TextClause
from sqlalchemy.engine import make_url

from deskstream_chassis.store.database import SERVER_SETTINGS, Row, Values

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")
_SETTINGS = {
    **SERVER_SETTINGS,
    # The same few statements for ever: with arrays for parameters PostgreSQL would plan them anew each time, for the same plan.
    "plan_cache_mode": "force_generic_plan",
    # Such a plan may be made while a table is all but empty, and is kept until the table is analyzed: it must not read all of it.
    "enable_seqscan": "off",
}


@lru_cache(maxsize=2000)
def _positional(statement: str) -> tuple[str, tuple[str, ...], bool]:
    """The statement with `$1, $2, …` for its named parameters, their names in that order, and whether it returns rows."""
    names: list[str] = []

    def number(match: "re.Match[str]") -> str:
        name = match[1]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    sql = _PARAMETER.sub(number, statement)
    upper = sql.lstrip().upper()
    return sql, tuple(names), upper.startswith(("SELECT", "WITH")) or "RETURNING" in upper


class AsyncpgResult:
    """What a statement returned; answers to `database.Result`. `rowcount`: how many rows it touched."""

    def __init__(self, records: "Sequence[asyncpg.Record]", rowcount: int) -> None:
        self._records = records
        self.rowcount = rowcount

    def keys(self) -> Sequence[str]:
        return tuple(self._records[0].keys()) if self._records else ()

    def __iter__(self) -> Iterator[Row]:
        return iter(self._records)

    def all(self) -> Sequence[Row]:
        return self._records

    def one(self) -> Row:
        found = self.one_or_none()
        if found is None:
            raise LookupError("no row where one was expected")
        return found

    def one_or_none(self) -> Row | None:
        if len(self._records) > 1:
            raise LookupError("several rows where at most one was expected")
        found: Row | None = self._records[0] if self._records else None
        return found

    def scalars(self) -> list[Any]:
        return [record[0] for record in self._records]

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        found = self.one_or_none()
        return None if found is None else found[0]


class AsyncpgConnection:
    """A connection of the pool; answers to `database.Connection`."""

    def __init__(self, raw: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._raw = raw

    async def execute(self, statement: TextClause, parameters: Values | None = None, /) -> AsyncpgResult:
        """Runs a `text()` statement; it is prepared once a connection. Raises asyncpg's errors."""
        sql, names, returns_rows = _positional(statement.text)
        values = [parameters[name] for name in names] if parameters else []
        if returns_rows:
            records = await self._raw.fetch(sql, *values)
            return AsyncpgResult(records, len(records))
        status = await self._raw.execute(sql, *values)
        # PostgreSQL's command tag ends with how many rows were touched.
        last = str(status).rpartition(" ")[2]
        return AsyncpgResult([], int(last) if last.isdigit() else 0)

    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Calls `heard` at each NOTIFY of `channel`, as long as this session lasts."""
        await self._raw.add_listener(channel, lambda *_: heard())

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[None]:
        """A transaction on a connection that is held for longer."""
        async with self._raw.transaction():
            yield


class AsyncpgPool:
    """asyncpg connections to one database, opened when first needed. `settings` of the server go before ours.

    A statement may take `statement_seconds`, by our clock. Where all connections are busy one is waited for, for `wait_seconds`
    where they are given: TimeoutError then.
    """

    def __init__(
        self,
        url: str,
        size: int,
        settings: Mapping[str, str] | None = None,
        statement_seconds: float = 60,
        wait_seconds: float | None = None,
    ) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._size = size
        self._settings = {**_SETTINGS, **(settings or {})}
        self._statement_seconds = statement_seconds
        self._wait_seconds = wait_seconds
        self._pool: asyncpg.Pool | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncpgConnection]:
        """One transaction: committed at the end, rolled back by any exception."""
        async with (await self._opened()).acquire() as raw, raw.transaction():
            yield AsyncpgConnection(raw)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncpgConnection]:
        """A connection on which each statement is a transaction of its own."""
        async with (await self._opened()).acquire(timeout=self._wait_seconds) as raw:
            yield AsyncpgConnection(raw)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncpgConnection]:
        """A connection of its own, closed at the end: what it holds (an advisory lock) goes with it, whatever happened."""
        raw = await asyncpg.connect(self._url, timeout=10, command_timeout=self._statement_seconds, server_settings=self._settings)
        try:
            yield AsyncpgConnection(raw)
        finally:
            raw.terminate()

    async def dispose(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()
            await asyncio.sleep(0)  # what is aborted is closed in the loop's next turn

    async def _opened(self) -> "asyncpg.Pool":
        if self._pool is None:
            self._pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._size,
                timeout=10,
                command_timeout=self._statement_seconds,
                server_settings=self._settings,
                # Nothing of ours changes a session but the relay's advisory lock, and it ends with its connection.
                reset=_nothing,
            )
        # Awaiting an opened pool is immediate; two who come first wait for the same opening.
        return await self._pool


async def _nothing(_: object) -> None:
    return
