"""Aggregates in memory for one transaction: needed, loaded and locked together, changed one by one, written together.

An aggregate is a frozen dataclass with `id` and `version`, kept as a JSON document beside the columns that are searched by.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Column, Integer, MetaData, Table, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.store.database import Connection, insert_rows, sql_type
from deskstream_chassis.store.keys import Key, Owned, is_shared, values_of


class Aggregate(Protocol):
    @property
    def id(self) -> UUID: ...

    @property
    def version(self) -> int: ...


A = TypeVar("A", bound=Aggregate)
_ID = "id"


class ConcurrentChange(Exception):
    """Somebody else changed an aggregate between its load and its write; the transaction must be tried again."""


def aggregate_table(name: str, metadata: MetaData, *columns: Column[Any]) -> Table:
    """The table of one kind of aggregate: id, version, the state as a document, and the columns it is found by."""
    return Table(
        name,
        metadata,
        Column(_ID, PgUUID, primary_key=True),
        Column("version", Integer, nullable=False),
        *columns,
        Column("state", JSONB, nullable=False),
    )


class AggregateStore(Generic[A]):
    """The aggregates of one kind that a transaction works with.

    `keys` names what they are found by beside their id. With `lock` two transactions take turns on an aggregate; without it, the
    later writer gets ConcurrentChange and is taken again. `also` names ids that follow from what else was loaded.
    """

    def __init__(
        self,
        connection: Connection,
        table: Table,
        adapter: TypeAdapter[A],
        keys: Mapping[str, Key[A]] | None = None,
        lock: bool = True,
        also: Callable[[], Iterable[UUID]] | None = None,
    ) -> None:
        self._lock = lock
        self._also = also
        self._connection = connection
        self._table = table
        self._adapter = adapter
        self._keys = dict(keys or {})
        self._columns = {name: key for name, key in self._keys.items() if not isinstance(key, Owned)}
        self._owned = {name: key for name, key in self._keys.items() if isinstance(key, Owned)}
        self._needed: dict[str, set[Hashable]] = {}
        self._loaded: dict[UUID, A] = {}
        self._stored: dict[UUID, A] = {}
        self._changed: set[UUID] = set()
        self._index: dict[str, dict[Hashable, set[UUID]]] = {name: {} for name in self._keys}
        self._complete: dict[str, set[Hashable]] = {name: set() for name, key in self._keys.items() if is_shared(key)}

    def need(self, *ids: UUID) -> None:
        """Says which aggregates the next `load` must bring; those that do not exist are simply not there after it."""
        self._needed.setdefault(_ID, set()).update(i for i in ids if i not in self._loaded)

    def need_by(self, key: str, *values: Hashable) -> None:
        """The same, by a key: whoever has one of these values."""
        known = self._complete.get(key, self._index[key])
        self._needed.setdefault(key, set()).update(v for v in values if v not in known)

    async def load(self) -> None:
        """Loads and locks all that is needed, in id order, so that two transactions cannot wait for each other."""
        needed, self._needed = self._needed, {}
        for name, values in needed.items():
            if values and name != _ID:
                await self._load(name, values)
        ids = needed.get(_ID, set())
        if self._also is not None:
            ids = ids.union(self._also())
        ids -= self._loaded.keys()
        if ids:
            await self._load(_ID, ids)

    async def _load(self, name: str, values: set[Hashable]) -> None:
        owned = self._owned.get(name)
        statement = _select(self._table, name, self._lock) if owned is None else _select_owner(self._table, owned, self._lock)
        for id_, version, state in await self._connection.execute(statement, {"values": list(values)}):
            if id_ not in self._loaded:
                self._stored[id_] = aggregate = self._adapter.validate_json(state)
                assert aggregate.version == version
                self._remember(aggregate, None)
        if name in self._complete:
            self._complete[name] |= values

    def get(self, id_: UUID) -> A | None:
        return self._loaded.get(id_)

    def find(self, key: str, value: Hashable) -> A | None:
        """The one that has this value; for a key that is not shared."""
        ids = self._index[key].get(value)
        return self._loaded[next(iter(ids))] if ids else None

    def find_all(self, key: str, value: Hashable) -> list[A]:
        """All that have this value, in the order of their ids. Raises LookupError where it was not needed before the load."""
        if value not in self._complete[key]:
            raise LookupError(f"{self._table.name}: {key} {value!r} was not needed, so not all may be loaded")
        return [self._loaded[id_] for id_ in sorted(self._index[key].get(value, ()))]

    def put(self, aggregate: A) -> None:
        """Takes the new state; it is written by `flush`."""
        self._changed.add(aggregate.id)
        self._remember(aggregate, self._loaded.get(aggregate.id))

    def all(self) -> Iterable[A]:
        """All that are loaded."""
        return self._loaded.values()

    def _remember(self, aggregate: A, before: A | None) -> None:
        self._loaded[aggregate.id] = aggregate
        for name, key in self._keys.items():
            index, values = self._index[name], values_of(key, aggregate)
            if before is not None:
                held = values_of(key, before)
                if held == values:
                    continue
                for value in held - values:
                    index.get(value, set()).discard(aggregate.id)
            for value in values:
                if name in self._complete:
                    index.setdefault(value, set()).add(aggregate.id)
                else:
                    index[value] = {aggregate.id}

    async def flush(self) -> None:
        """Writes what changed: one update, then one insert, so that a new one may have what another gave up.

        Raises ConcurrentChange if a version has moved underneath.
        """
        changed = [self._loaded[i] for i in sorted(self._changed)]
        self._changed.clear()
        new = [self._row(a) for a in changed if a.id not in self._stored]
        moved = [{**self._row(a), "was_version": self._stored[a.id].version} for a in changed if a.id in self._stored]
        if moved:
            statement = _update(self._table, tuple(self._columns))
            written = await self._connection.execute(statement, {n: [row[n] for row in moved] for n in moved[0]})
            if written.rowcount != len(moved):
                raise ConcurrentChange(f"{self._table.name}: {len(moved) - written.rowcount} of {len(moved)} had moved")
        await insert_rows(self._connection, self._table, new)
        for owned in self._owned.values():
            await self._flush_owned(owned, changed)
        self._stored.update((a.id, a) for a in changed)

    async def _flush_owned(self, owned: Owned[A], changed: Sequence[A]) -> None:
        gone: list[tuple[UUID, Hashable]] = []
        new: list[dict[str, object]] = []
        for aggregate in changed:
            before = self._stored.get(aggregate.id)
            held = frozenset(owned.of(before)) if before is not None else frozenset()
            holds = frozenset(owned.of(aggregate))
            gone += [(aggregate.id, value) for value in sorted(held - holds)]
            new += [{owned.value: value, owned.owner: aggregate.id} for value in sorted(holds - held)]
        if gone:
            await self._connection.execute(
                _delete_owned(owned), {"owners": [owner for owner, _ in gone], "held": [value for _, value in gone]}
            )
        await insert_rows(self._connection, owned.table, new)

    def _row(self, aggregate: A) -> dict[str, object]:
        row: dict[str, object] = {_ID: aggregate.id, "version": aggregate.version}
        row.update((name, key.of(aggregate)) for name, key in self._columns.items())
        row["state"] = self._adapter.dump_json(aggregate).decode()
        return row


@lru_cache
def _select(table: Table, column: str, lock: bool) -> TextClause:
    kind = "UUID" if column == _ID else sql_type(table, column)
    return text(
        f"SELECT id, version, state::text FROM {table.name} WHERE {column} = ANY(CAST(:values AS {kind}[])) ORDER BY id"
        + (" FOR UPDATE" if lock else "")
    )


@lru_cache
def _select_owner(table: Table, owned: Owned[A], lock: bool) -> TextClause:
    kind = sql_type(owned.table, owned.value)
    return text(
        f"SELECT id, version, state::text FROM {table.name} WHERE id IN (SELECT {owned.owner} FROM {owned.table.name} "
        f"WHERE {owned.value} = ANY(CAST(:values AS {kind}[]))) ORDER BY id" + (" FOR UPDATE" if lock else "")
    )


@lru_cache
def _delete_owned(owned: Owned[A]) -> TextClause:
    kind = sql_type(owned.table, owned.value)
    return text(
        f"DELETE FROM {owned.table.name} AS t USING unnest(CAST(:owners AS uuid[]), CAST(:held AS {kind}[])) AS d(owner, held) "
        f"WHERE t.{owned.owner} = d.owner AND t.{owned.value} = d.held"
    )


@lru_cache
def _update(table: Table, columns: tuple[str, ...]) -> TextClause:
    kinds = {
        _ID: "UUID",
        "version": "INTEGER",
        **{c: sql_type(table, c) for c in columns},
        "state": "TEXT",
        "was_version": "INTEGER",
    }
    sources = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in kinds.items())
    changes = ", ".join(f"{name} = d.{name}" for name in ("version", *columns))
    return text(
        f"UPDATE {table.name} AS t SET {changes}, state = d.state::jsonb FROM unnest({sources}) AS d({', '.join(kinds)}) "
        "WHERE t.id = d.id AND t.version = d.was_version"
    )
