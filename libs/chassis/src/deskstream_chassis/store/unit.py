"""A unit of work: one transaction, its aggregates, the rows it adds, and the events it records."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Table, TextClause, text

from deskstream_chassis.run.clock import new_id
from deskstream_chassis.store.aggregates import A, AggregateStore
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.outbox import Cause, Outbox
from deskstream_chassis.store.processes import LongWork, Processes
from deskstream_contracts.wire import Actor, Event


class Stored(Protocol):
    """Something a unit loads before its use cases run, and writes after them."""

    async def load(self) -> None: ...

    async def flush(self) -> None: ...


S = TypeVar("S", bound=Stored)
H = TypeVar("H")
B = TypeVar("B")


class AppendedRows:
    """Rows that are only ever added (a conversation, a history). JSON columns take text.

    Where one may come again under its id, it is needed before the load, and `has` says then whether it is there: also long after
    the inbox has forgotten the event that brought it.
    """

    def __init__(self, connection: Connection, table: Table, on_conflict: str = "") -> None:
        self._connection = connection
        self._table = table
        self._on_conflict = on_conflict
        self._rows: list[dict[str, object]] = []
        self._needed: set[UUID] = set()
        self._there: set[object] = set()

    def need(self, *ids: UUID) -> None:
        """Says of which ids the next `load` is to find out whether they are there."""
        self._needed.update(ids)

    def has(self, id_: UUID) -> bool:
        """Whether a row of this id, which was needed, is there or was added."""
        return id_ in self._there

    def add(self, **row: object) -> None:
        """Adds a row, by the names of its columns, to what `flush` writes."""
        self._there.add(row.get("id"))
        self._rows.append(row)

    async def load(self) -> None:
        needed, self._needed = self._needed, set()
        if needed:
            self._there.update((await self._connection.execute(_which_are_there(self._table), {"ids": list(needed)})).scalars())

    async def flush(self) -> None:
        rows, self._rows = self._rows, []
        await insert_rows(self._connection, self._table, rows, self._on_conflict)


@lru_cache
def _which_are_there(table: Table) -> TextClause:
    return text(f"SELECT id FROM {table.name} WHERE id = ANY(CAST(:ids AS uuid[]))")


class UnitOfWork:
    """Base of a service's unit. A service's own names its stores in `__init__`, each passed through `include`.

    For each use case of a batch the chassis calls `needs`, then loads everything in one go, then calls `handle` of one after the
    other, and then flushes: a use case sees one message and the aggregates it asked for.
    """

    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.cause: Cause = Cause(correlation_id="", traceparent="")
        self.recorded: list[UUID] = []
        """The ids (`ce_id`) of the events that were recorded, in order."""
        self._outbox = outbox
        self._stores: list[Stored] = []
        self.processes = self.include(Processes(connection))

    def include(self, store: S) -> S:
        """Makes a store part of the unit: it loads and writes with it, in the order in which stores were included."""
        self._stores.append(store)
        return store

    def new_id(self) -> UUID:
        """A UUIDv7 (RFC 9562 §5.7): ids grow with time."""
        return new_id()

    def record(self, *events: Event) -> None:
        """Puts events into the outbox, in this order."""
        for event in events:
            self.recorded.append(self._outbox.record(event, self.cause, self.now))

    def check(self, event: Event) -> None:
        """Raises Unpublishable for an event that could not be recorded."""
        self._outbox.check(event)

    def begin_process(self, work: LongWork, by: Actor) -> UUID:
        """Begins long work with the commit of this transaction. Returns its id."""
        return self.processes.begin(work, by.model_dump(mode="json"), self.cause.correlation_id, self.cause.traceparent)

    async def load(self) -> None:
        for store in self._stores:
            await store.load()

    async def flush(self) -> None:
        for store in self._stores:
            await store.flush()
        await self._outbox.flush()


class Changes(Generic[A, H, B]):
    """The one way in which the state of a kind of aggregate moves: an event is applied, and recorded with the state after it.

    `apply` gives the state after an event (None before: it begins), `publish` the contract's words for it; `B` is who did it.
    """

    def __init__(
        self,
        unit: UnitOfWork,
        store: AggregateStore[A],
        apply: Callable[[A | None, H], A],
        publish: Callable[[H, A | None, A, B], Event],
    ) -> None:
        self._unit = unit
        self._store = store
        self._apply = apply
        self._publish = publish

    def begin(self, event: H, by: B) -> A:
        """A new aggregate, from the event that it begins with."""
        return self._moved(None, event, by)

    def make(self, aggregate: A, events: Iterable[H], by: B) -> A:
        """Applies the events in turn, each recorded with the state after it. Returns the aggregate as it is then."""
        for event in events:
            aggregate = self._moved(aggregate, event, by)
        return aggregate

    def try_out(self, aggregate: A, events: Iterable[H], by: B) -> None:
        """Raises what `make` would raise, and changes nothing: for what is to happen later, when nobody is there to be told."""
        for event in events:
            after = self._apply(aggregate, event)
            self._unit.check(self._publish(event, aggregate, after, by))
            aggregate = after

    def _moved(self, before: A | None, event: H, by: B) -> A:
        after = self._apply(before, event)
        self._unit.record(self._publish(event, before, after, by))
        self._store.put(after)
        return after


U = TypeVar("U", bound=UnitOfWork)
U_contra = TypeVar("U_contra", bound=UnitOfWork, contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
UnitFactory = Callable[[Connection, Outbox, datetime], U]
"""How a service makes its unit."""
OpenUnit = Callable[[Connection, datetime], U]
"""How a unit is opened in a transaction, at a moment; it knows whose events it records."""


class UseCase(Protocol[U_contra, R_co]):
    """What is asked for or was heard, as a frozen value: what it needs, and what it does. It sees one unit and does no I/O."""

    def needs(self, unit: U_contra, /) -> None:
        """Says which aggregates are to be loaded."""
        ...

    def handle(self, unit: U_contra, /) -> R_co:
        """Decides, changes and records. Raises a Refusal for what cannot be done; nothing is kept then."""
        ...


async def carried_out(unit: U, use_case: UseCase[U, R]) -> R:
    """Does one use case in its unit, from what it needs to what it writes; the commit is the caller's. Raises what it refuses."""
    use_case.needs(unit)
    await unit.load()
    result = use_case.handle(unit)
    await unit.flush()
    return result
