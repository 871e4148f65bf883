"""A unit of work: one transaction, its aggregates, the rows it adds, and the events it records."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Table

from deskstream_chassis.clock import new_id
from deskstream_chassis.database import Connection, insert_rows
from deskstream_chassis.outbox import Cause, Outbox
from deskstream_contracts.wire import Event


class Stored(Protocol):
    """Something a unit loads before its handlers run, and writes after them."""

    async def load(self) -> None: ...

    async def flush(self) -> None: ...


S = TypeVar("S", bound=Stored)


class Added:
    """Rows that are only ever added (a conversation, a history). JSON columns take text."""

    def __init__(self, connection: Connection, table: Table, on_conflict: str = "") -> None:
        self._connection = connection
        self._table = table
        self._on_conflict = on_conflict
        self._rows: list[dict[str, Any]] = []

    def add(self, **row: Any) -> None:
        self._rows.append(row)

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        rows, self._rows = self._rows, []
        await insert_rows(self._connection, self._table, rows, self._on_conflict)


class UnitOfWork:
    """Base of a service's unit. A service's own names its stores in `__init__`, each passed through `include`.

    For each message of a batch the chassis calls `touches` (which says `want`), then loads everything in one go, then calls
    the handlers one after the other, and then flushes: a handler sees one message and the aggregates it asked for.
    """

    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.cause: Cause = Cause(correlation_id="", traceparent="")
        self._outbox = outbox
        self._stores: list[Stored] = []

    def include(self, store: S) -> S:
        self._stores.append(store)
        return store

    def new_id(self) -> UUID:
        return new_id()

    def record(self, *events: Event) -> None:
        """Puts events into the outbox, in this order."""
        for event in events:
            self._outbox.record(event, self.cause, self.now)

    async def load(self) -> None:
        for store in self._stores:
            await store.load()

    async def flush(self) -> None:
        for store in self._stores:
            await store.flush()
        await self._outbox.flush()


U = TypeVar("U", bound=UnitOfWork)
UnitFactory = Callable[[Connection, Outbox, datetime], U]
