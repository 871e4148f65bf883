"""What a table keeps and for how long, and the statement that lets a bounded number of old rows go."""

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


_BY_INDEX: Final = text("SET enable_bitmapscan = off")


async def by_index(connection: Connection) -> None:
    """From now on this session finds the oldest rows by their index: it does not gather all that are due, and sort them, first."""
    await connection.execute(_BY_INDEX)


async def let_go(connection: Connection, kept: Kept) -> Sequence[Sequence[Any]]:
    """Lets the oldest `kept.rows` that are due go, by the database's clock, in one statement. Returns `columns` of each."""
    return (await connection.execute(kept.statement(), {"days": kept.days})).all()
