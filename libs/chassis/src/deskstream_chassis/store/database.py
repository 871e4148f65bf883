"""PostgreSQL through SQLAlchemy Core and asyncpg: the engine, and statements that write many rows in one round trip."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any, Final, Protocol

import asyncpg
from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

# SQLSTATE classes that say "not now": connection lost, out of resources, shut down, serialization, deadlock, lock or idle timeout;
# and 28, a password that is refused: while one is changed the server is a moment ahead of the services, or behind them.
_TRANSIENT_CLASSES = ("08", "53", "57", "40", "25P03", "55P03", "58", "28")
# Of these, the ones by which the server says that nothing was committed; of a lost connection nobody knows.
_ROLLED_BACK_CLASSES = ("53", "40", "25P03", "55P03")


SERVER_SETTINGS: Final = {
    # A frozen owner's transaction is ended by the server: its locks cannot hold up the others for ever.
    "idle_in_transaction_session_timeout": "15000",
    "lock_timeout": "20000",
    "jit": "off",
    "timezone": "UTC",
}


Row = Sequence[Any]
"""A row by position. What stands there PostgreSQL knows only when it runs: `store.rows` gives columns names and types."""
Values = Mapping[str, object]
"""The parameters of a statement, by name."""


class Result(Protocol):
    """What a statement gave: SQLAlchemy's result and the hot path's both answer to it, and can be read once.

    `one` and what is named after it raise an error where there are more rows than one; without `or_none`, also where there is none.
    """

    @property
    def rowcount(self) -> int:
        """How many rows the statement touched."""
        ...

    def keys(self) -> Iterable[str]:
        """The names of the columns; the hot path does not know them where there is no row."""
        ...

    def __iter__(self) -> Iterator[Row]: ...

    def all(self) -> Sequence[Row]: ...

    def one(self) -> Row: ...

    def one_or_none(self) -> Row | None: ...

    def scalars(self) -> Iterable[Any]:
        """The first column of each row."""
        ...

    def scalar_one(self) -> Any:
        """The first column of the only row."""
        ...

    def scalar_one_or_none(self) -> Any:
        """The first column of the only row; None where there is no row, or NULL in it."""
        ...


class Connection(Protocol):
    """What a unit of work needs of a connection: SQLAlchemy's own, and the hot path's, both answer to it."""

    async def execute(self, statement: TextClause, parameters: Values | None = None, /) -> Result: ...


class Transactions(Protocol):
    """Where transactions come from: SQLAlchemy's engine, or the hot path's pool."""

    def begin(self) -> AbstractAsyncContextManager[Connection]: ...

    def connect(self) -> AbstractAsyncContextManager[Connection]: ...


WAIT_SECONDS: Final = 10.0
"""So long whoever wants to read waits for a connection, where all are busy."""


def statement_timeout(seconds: float) -> dict[str, str]:
    """The setting of the server by which it ends a statement that takes longer."""
    return {"statement_timeout": str(round(seconds * 1000))}


def create_engine(url: str, pool_size: int, statement_seconds: float = 0) -> AsyncEngine:
    """An engine whose sessions cannot hold locks for ever: a frozen owner's transaction is ended by the server.

    `statement_seconds`: what a statement may take there; 0: a minute, by our clock.
    """
    return create_async_engine(
        url,
        # Neither bodies nor addresses go into an error's words, which are logged.
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=WAIT_SECONDS,
        # After a restart of the server no reader is to be told so; who cannot afford the round trip is on the hot path.
        pool_pre_ping=True,
        # The last one used is the next one used: its plans and caches are warm, the others may go idle.
        pool_use_lifo=True,
        connect_args={
            "timeout": 10,
            "command_timeout": 60,
            "server_settings": {**SERVER_SETTINGS, **statement_timeout(statement_seconds)},
        },
    )


def is_transient(error: BaseException) -> bool:
    """Whether trying again later can help (the database is away or busy, or two transactions met)."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, InterfaceError | OperationalError):
            return True
        return _sqlstate(error).startswith(_TRANSIENT_CLASSES)
    # InternalClientError: asyncpg has lost track of a connection that broke in the middle; the next one is a new one.
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return True
    if isinstance(error, asyncpg.PostgresError):
        return _sqlstate(error).startswith(_TRANSIENT_CLASSES)
    return isinstance(error, OSError | TimeoutError | EOFError | NoConnection)


def is_refused_login(error: BaseException) -> bool:
    """Whether the server does not take our user or password (SQLSTATE class 28)."""
    return _sqlstate(error).startswith("28")


def is_rolled_back(error: BaseException) -> bool:
    """Whether the server has said that it did nothing, so that trying again cannot do it twice."""
    return _sqlstate(error).startswith(_ROLLED_BACK_CLASSES)


def is_conflict(error: BaseException) -> bool:
    """Whether two transactions wrote the same thing: trying again will see the other's."""
    return _sqlstate(error) == "23505"


def _sqlstate(error: BaseException) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", None) or "")


@lru_cache
def _insert(table: Table, names: tuple[str, ...], on_conflict: str) -> TextClause:
    sources, targets = [], []
    for name in names:
        kind = sql_type(table, name)
        # asyncpg wants JSON arrays as text; the cast happens on the server.
        sources.append(f"CAST(:{name} AS {'TEXT' if kind in ('JSONB', 'JSON') else kind}[])")
        targets.append(f"{name}::{kind}")
    columns = ", ".join(names)
    return text(
        f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(targets)} "
        f"FROM unnest({', '.join(sources)}) AS d({columns}) {on_conflict}"
    )


def sql_type(table: Table, column: str) -> str:
    """A column's type in PostgreSQL's words, as a CAST takes it."""
    return str(table.c[column].type.compile(dialect=_DIALECT))


async def insert_rows(connection: Connection, table: Table, rows: Sequence[Values], on_conflict: str = "") -> int:
    """Inserts all rows in one statement; JSON columns take text. `on_conflict` is the SQL clause. Returns how many went in."""
    if not rows:
        return 0
    names = tuple(rows[0])
    result = await connection.execute(_insert(table, names, on_conflict), {n: [row[n] for row in rows] for n in names})
    return result.rowcount
