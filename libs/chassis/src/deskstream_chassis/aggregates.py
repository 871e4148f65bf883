"""Aggregates in memory for one transaction: wanted, loaded and locked together, changed one by one, written together.

An aggregate is a frozen dataclass with `id` and `version`, kept as a JSON document beside the columns that are searched by.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Column, Integer, MetaData, Table, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.database import Connection, insert_rows, sql_type


class Aggregate(Protocol):
    @property
    def id(self) -> UUID: ...

    @property
    def version(self) -> int: ...


A = TypeVar("A", bound=Aggregate)


class ConcurrentChange(Exception):
    """Somebody else changed an aggregate between its load and its write; the transaction must be tried again."""


def aggregate_table(name: str, metadata: MetaData, *columns: Column[Any]) -> Table:
    """The table of one kind of aggregate: id, version, the state as a document, and the columns it is found by."""
    return Table(
        name,
        metadata,
        Column("id", PgUUID, primary_key=True),
        Column("version", Integer, nullable=False),
        *columns,
        Column("state", JSONB, nullable=False),
    )


class AggregateStore(Generic[A]):
    """The aggregates of one kind that a transaction works with.

    `columns` says how the searchable columns follow from the aggregate; a value found by `find` is unique. With `lock` two
    transactions take turns on an aggregate; without it, the later writer gets ConcurrentChange and is taken again.
    """

    def __init__(
        self,
        connection: Connection,
        table: Table,
        adapter: TypeAdapter[A],
        columns: Mapping[str, Callable[[A], Any]] | None = None,
        lock: bool = True,
    ) -> None:
        self._lock = lock
        self._connection = connection
        self._table = table
        self._adapter = adapter
        self._columns = dict(columns or {})
        self._wanted: dict[str, set[Any]] = {}
        self._loaded: dict[UUID, A] = {}
        self._stored_versions: dict[UUID, int] = {}
        self._changed: set[UUID] = set()
        self._index: dict[str, dict[Any, UUID]] = {name: {} for name in self._columns}

    def want(self, *ids: UUID) -> None:
        """Says which aggregates the next `load` must bring; those that do not exist are simply not there after it."""
        self._wanted.setdefault("id", set()).update(i for i in ids if i not in self._loaded)

    def want_by(self, column: str, *values: Any) -> None:
        known = self._index[column]
        self._wanted.setdefault(column, set()).update(v for v in values if v not in known)

    async def load(self) -> None:
        """Loads and locks all that is wanted, in id order, so that two transactions cannot wait for each other."""
        wanted, self._wanted = self._wanted, {}
        for column, values in wanted.items():
            if values:
                found = await self._connection.execute(_select(self._table, column, self._lock), {"values": list(values)})
                for id_, version, state in found:
                    if id_ not in self._loaded:
                        self._stored_versions[id_] = version
                        self._remember(self._adapter.validate_json(state))

    def get(self, id_: UUID) -> A | None:
        return self._loaded.get(id_)

    def find(self, column: str, value: Any) -> A | None:
        id_ = self._index[column].get(value)
        return None if id_ is None else self._loaded[id_]

    def put(self, aggregate: A) -> None:
        """Takes the new state; it is written by `flush`."""
        self._changed.add(aggregate.id)
        self._remember(aggregate)

    def all(self) -> Iterable[A]:
        return self._loaded.values()

    def _remember(self, aggregate: A) -> None:
        self._loaded[aggregate.id] = aggregate
        for name, value_of in self._columns.items():
            self._index[name][value_of(aggregate)] = aggregate.id

    async def flush(self) -> None:
        """Writes what changed: one insert, one update. Raises ConcurrentChange if a version has moved underneath."""
        new = [self._row(self._loaded[i]) for i in sorted(self._changed) if i not in self._stored_versions]
        changed = [
            {**self._row(self._loaded[i]), "was_version": self._stored_versions[i]}
            for i in sorted(self._changed)
            if i in self._stored_versions
        ]
        self._changed.clear()
        await insert_rows(self._connection, self._table, new)
        if changed:
            statement = _update(self._table, tuple(self._columns))
            written = await self._connection.execute(statement, {n: [row[n] for row in changed] for n in changed[0]})
            if written.rowcount != len(changed):
                raise ConcurrentChange(f"{self._table.name}: {len(changed) - written.rowcount} of {len(changed)} had moved")
        for id_, aggregate in self._loaded.items():
            self._stored_versions[id_] = aggregate.version

    def _row(self, aggregate: A) -> dict[str, Any]:
        row: dict[str, Any] = {"id": aggregate.id, "version": aggregate.version}
        row.update((name, value_of(aggregate)) for name, value_of in self._columns.items())
        row["state"] = self._adapter.dump_json(aggregate).decode()
        return row


@lru_cache
def _select(table: Table, column: str, lock: bool) -> TextClause:
    kind = "UUID" if column == "id" else sql_type(table, column)
    return text(
        f"SELECT id, version, state::text FROM {table.name} WHERE {column} = ANY(CAST(:values AS {kind}[])) ORDER BY id"
        + (" FOR UPDATE" if lock else "")
    )


@lru_cache
def _update(table: Table, columns: tuple[str, ...]) -> TextClause:
    kinds = {
        "id": "UUID",
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
