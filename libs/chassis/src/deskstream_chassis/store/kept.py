"""What a table keeps, for how long or how much, and the statement that lets a bounded number of old rows go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import TextClause, text

from deskstream_chassis.store.database import Connection

_MOST_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of `table` whose `age` (a timestamptz column) is more than `days` ago go, where `condition` holds; 0 days: none.

    An index begins with `age`, and is partial where the condition leaves rows out, so that what stays is not read again each round.
    `sets`: the row is not deleted but changed so; that must end the condition. `then`: a statement that takes what hangs on the
    rows, which it finds as `gone` with these `columns`. `logged`: a line of the log has the columns of a transaction's rows.
    `name`: what it is counted under; the table where none is given. `rows`: so many go in one transaction at most.
    """

    table: str
    age: str
    days: int
    condition: str = "true"
    sets: str | None = None
    columns: tuple[str, ...] = ()
    then: str | None = None
    logged: bool = False
    name: str = ""
    rows: int = _MOST_ROWS

    @property
    def counted_as(self) -> str:
        return self.name or self.table

    @property
    def ends(self) -> bool:
        """Whether any of it ever goes."""
        return self.days > 0

    def due(self, wanted: str) -> str:
        """The query that finds one chunk of what is to go, the oldest first: `wanted` of it. It takes `:days`."""
        # The number stands in the statement: a plan for any number might sort the whole table.
        return (
            f"SELECT {wanted} FROM {self.table} WHERE {self.age} < now() - make_interval(days => :days) AND {self.condition} "
            f"ORDER BY {self.age} LIMIT {self.rows}"
        )

    def statement(self) -> TextClause:
        """Lets one chunk go and returns its rows. What somebody else has locked is left for the next round."""
        verb = f"DELETE FROM {self.table}" if self.sets is None else f"UPDATE {self.table} SET {self.sets}"
        columns = ", ".join(self.columns) or "1 AS one"
        then = "" if self.then is None else f", followed AS ({self.then})"
        return text(
            f"WITH gone AS ({verb} WHERE ctid = ANY(ARRAY({self.due('ctid')} FOR UPDATE SKIP LOCKED)) RETURNING {columns}){then} "
            "SELECT * FROM gone"
        )


@dataclass(frozen=True, slots=True)
class KeptWithin(Kept):
    """Of the rows where `condition` holds the newest stay (by `age`, whatever `days` says), up to so many bytes (of the column
    `size`): `most_of_one` of those that are alike in the expression `of`, and `most` of all.

    All of them are read for each chunk, so that it is for what is bounded by it.
    """

    size: str = "size"
    of: str = ""
    most_of_one: int = 0
    most: int = 0

    @property
    def ends(self) -> bool:
        return True

    def due(self, wanted: str) -> str:
        newest = f"ORDER BY {self.age} DESC, ctid DESC"
        return (
            f"SELECT {wanted} FROM {self.table} WHERE ctid = ANY(ARRAY(SELECT row FROM ("
            f"SELECT ctid AS row, {self.age} AS age, sum({self.size}) OVER (PARTITION BY {self.of} {newest}) AS of_one, "
            f"sum({self.size}) OVER ({newest}) AS of_all FROM {self.table} WHERE {self.age} IS NOT NULL AND {self.condition}"
            f") AS kept WHERE of_one > {self.most_of_one} OR of_all > {self.most} ORDER BY age LIMIT {self.rows})) "
            f"AND {self.condition}"
        )


_BY_INDEX: Final = text("SET enable_bitmapscan = off")


async def by_index(connection: Connection) -> None:
    """From now on this session finds the oldest rows by their index: it does not gather all that are due, and sort them, first."""
    await connection.execute(_BY_INDEX)


async def let_go(connection: Connection, kept: Kept) -> Sequence[Sequence[Any]]:
    """Lets the oldest `kept.rows` that are due go, by the database's clock, in one statement. Returns `columns` of each."""
    return (await connection.execute(kept.statement(), {"days": kept.days})).all()
