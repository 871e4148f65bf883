"""Rows with names and types: the one place where what a statement returns becomes what its reader sees.

    class Waiting(NamedTuple):
        topic: str
        messages: int

    _WAITING: Final = Query(text("SELECT topic, count(*) AS messages FROM parked GROUP BY topic"), Waiting)

    for row in await fetch(connection, _WAITING):
        print(row.topic, row.messages)

So a column that a reader misspells is found by mypy, and one that the statement misspells by its first row.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import TextClause

from deskstream_chassis.store.database import Connection, Result, Values

R = TypeVar("R", bound="tuple[object, ...]")


@dataclass(frozen=True, slots=True)
class Query(Generic[R]):
    """A statement, and the NamedTuple of its rows: its fields are the statement's columns, in their order."""

    statement: TextClause
    row: type[R]

    def read(self, result: Result) -> list[R]:
        """The rows of what the statement gave. Raises TypeError where its columns are not the fields."""
        rows = result.all()
        if rows and (columns := tuple(result.keys())) != (fields := tuple(self.row.__annotations__)):
            raise TypeError(f"{self.row.__name__} has {fields}, and the statement gives {columns}")
        # What NamedTuple's own `_make` does, which cannot be named for a type variable.
        return [tuple.__new__(self.row, row) for row in rows]


async def fetch(connection: Connection, query: Query[R], values: Values | None = None) -> list[R]:
    """All rows."""
    return query.read(await connection.execute(query.statement, values))


async def find_one(connection: Connection, query: Query[R], values: Values | None = None) -> R | None:
    """The only row, or None. Raises LookupError where there are several."""
    rows = await fetch(connection, query, values)
    if len(rows) > 1:
        raise LookupError(f"{len(rows)} rows where at most one was expected")
    return rows[0] if rows else None


async def fetch_one(connection: Connection, query: Query[R], values: Values | None = None) -> R:
    """The only row. Raises LookupError where there is none, or are several."""
    found = await find_one(connection, query, values)
    if found is None:
        raise LookupError("no row where one was expected")
    return found
