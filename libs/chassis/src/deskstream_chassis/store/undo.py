"""What can be undone: a command keeps what takes it back, for a while; undoing it is another command, and another event.

A service that has such commands makes `Undos` part of its unit, before the aggregates that the acts are about (their store takes
`also=undos.subjects`, so that they are loaded and locked with an act that was needed), and its commands call `offer`. What an act
is, and whether something has changed since that stands in its way, only the service knows.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.refusals import Gone, NotFound
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.kept import Kept
from deskstream_chassis.store.rows import Query, fetch
from deskstream_contracts.undo import Undo, undo_id
from deskstream_contracts.wire import Actor

_KEPT_DAYS: Final = 1


class NoSuchUndo(NotFound):
    def __init__(self, id_: object) -> None:
        super().__init__(f"There is nothing to undo under {id_}.")


class TooLateToUndo(Gone):
    """It could be undone, and cannot be any more."""

    title = "Too late to undo"
    type = "deskstream:problem:too-late-to-undo"


def undos_table(metadata: MetaData) -> Table:
    """Adds it to a service's metadata. `act` is what takes it back, in the service's own words; `subject` whom it was done to."""
    return Table(
        "undos",
        metadata,
        Column("id", PgUUID, primary_key=True),
        Column("act", JSONB, nullable=False),
        Column("subject", PgUUID, nullable=False),
        Column("done_by", JSONB, nullable=False),
        Column("until", DateTime(timezone=True), nullable=False, index=True),
        Column("outcome", JSONB),
    )


_TABLE: Final = undos_table(MetaData())
KEPT: Final = Kept("undos", "until", _KEPT_DAYS)
"""So long it is still known that something could be undone, or was."""


class Undoable(NamedTuple):
    """An act that can be undone, or was. `act` is JSON, and so is `outcome`: what undoing it has answered."""

    id: UUID
    act: str
    subject: UUID
    done_by: str
    until: datetime
    outcome: str | None

    def is_of(self, who: Actor) -> bool:
        """Whether it was their own act."""
        by = Actor.model_validate_json(self.done_by)
        return (by.kind, by.id) == (who.kind, who.id)


# Locked: of two who undo the same the second finds it undone.
_LOAD: Final = Query(
    text("""SELECT id, act::text AS act, subject, done_by::text AS done_by, until, outcome::text AS outcome FROM undos
            WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"""),
    Undoable,
)
_DONE: Final = text("UPDATE undos SET outcome = CAST(CAST(:outcome AS text) AS jsonb) WHERE id = :id")


class Undos:
    """The part of a unit that offers undoing and finds what is to be undone. `owner`: the service's short name."""

    def __init__(self, connection: Connection, owner: str) -> None:
        self._connection = connection
        self._owner = owner
        self._needed: set[UUID] = set()
        self._found: dict[UUID, Undoable] = {}
        self._new: list[dict[str, object]] = []
        self._done: list[dict[str, object]] = []

    def offer(self, id_: UUID, act: str, subject: UUID, by: Actor, until: datetime) -> Undo:
        """Keeps what takes an act of this transaction back (JSON). Returns what the command answers."""
        self._new.append({"id": id_, "act": act, "subject": subject, "done_by": by.model_dump_json(), "until": until})
        return Undo(id=undo_id(self._owner, id_), until=until)

    def need(self, id_: UUID) -> None:
        """Says that the next `load` is to bring this act, locked."""
        self._needed.add(id_)

    def subjects(self) -> Iterable[UUID]:
        """Whom the acts that were loaded were done to."""
        return [row.subject for row in self._found.values()]

    def existing(self, id_: UUID) -> Undoable:
        """An act that was needed. Raises NoSuchUndo."""
        found = self._found.get(id_)
        if found is None:
            raise NoSuchUndo(undo_id(self._owner, id_))
        return found

    def check_time(self, act: Undoable, now: datetime) -> None:
        """Raises TooLateToUndo where its time is over."""
        if now > act.until:
            raise TooLateToUndo(f"It could be undone until {act.until.isoformat(timespec='seconds')}.")

    def finish(self, act: Undoable, outcome: str) -> None:
        """It is undone; asked again, it is `outcome` (JSON) that is found."""
        self._done.append({"id": act.id, "outcome": outcome})

    async def load(self) -> None:
        needed, self._needed = self._needed, set()
        if needed:
            self._found |= {row.id: row for row in await fetch(self._connection, _LOAD, {"ids": list(needed)})}

    async def flush(self) -> None:
        new, self._new = self._new, []
        await insert_rows(self._connection, _TABLE, new)
        done, self._done = self._done, []
        for row in done:
            await self._connection.execute(_DONE, row)
