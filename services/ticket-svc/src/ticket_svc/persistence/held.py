"""What is held, as rows. The lock on the ticket guards them: whoever changes what is held of a ticket has locked that first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.rows import Query, fetch
from ticket_svc.domain.held import Held
from ticket_svc.persistence import tables

HELD: Final = TypeAdapter(Held)


class _Row(NamedTuple):
    due_at: datetime
    refused: str | None
    content: str


class _LockedRow(NamedTuple):
    id: UUID
    now: datetime


_LOAD: Final = Query(
    text("""SELECT due_at, refused, content::text AS content FROM held_messages WHERE ticket_id = ANY(CAST(:tickets AS uuid[]))
        ORDER BY due_at, id"""),
    _Row,
)
_DELETE: Final = text("DELETE FROM held_messages WHERE id = ANY(CAST(:ids AS uuid[]))")
_REFUSE: Final = text("UPDATE held_messages SET refused = :why WHERE ticket_id = :ticket AND due_at <= now() AND refused IS NULL")
# In the order of ids, as every unit locks tickets; what somebody else has locked is left for the next turn.
_LOCK_DUE: Final = Query(
    text("""WITH due AS (SELECT DISTINCT ticket_id FROM
            (SELECT ticket_id FROM held_messages WHERE due_at <= now() AND refused IS NULL ORDER BY due_at LIMIT :n) AS h)
        SELECT id, now() AS now FROM tickets WHERE id IN (SELECT ticket_id FROM due) ORDER BY id FOR UPDATE SKIP LOCKED"""),
    _LockedRow,
)
_NEXT: Final = text("SELECT min(due_at) - clock_timestamp() FROM held_messages WHERE refused IS NULL")


class HeldMessages:
    """The part of a unit that knows what is held of the tickets it has. Stands behind the tickets. `loaded`: their ids."""

    def __init__(self, connection: Connection, loaded: Callable[[], Iterable[UUID]]) -> None:
        self._connection = connection
        self._loaded = loaded
        self._needed = False
        self._held: dict[UUID, Held] = {}
        self._new: dict[UUID, Held] = {}
        self._gone: list[UUID] = []

    def need(self) -> None:
        """Says that the next `load` is to bring what is held of the unit's tickets."""
        self._needed = True

    def of(self, ticket_id: UUID) -> list[Held]:
        """What is held of a ticket and may be sent, in the order in which it is due."""
        found = [held for held in self._held.values() if held.ticket_id == ticket_id and held.refused is None]
        return sorted(found, key=lambda held: (held.due_at, held.id))

    def get(self, id_: UUID) -> Held | None:
        return self._held.get(id_)

    def add(self, held: Held) -> None:
        self._held[held.id] = self._new[held.id] = held

    def remove(self, held: Held) -> None:
        """It is sent, or taken back."""
        del self._held[held.id]
        if self._new.pop(held.id, None) is None:
            self._gone.append(held.id)

    async def load(self) -> None:
        needed, self._needed = self._needed, False
        if needed and (tickets := list(self._loaded())):
            for row in await fetch(self._connection, _LOAD, {"tickets": tickets}):
                held = replace(HELD.validate_json(row.content), due_at=row.due_at, refused=row.refused)
                self._held[held.id] = held

    async def flush(self) -> None:
        new, self._new = self._new, {}
        await insert_rows(self._connection, tables.held_messages, [_row(held) for held in new.values()])
        gone, self._gone = self._gone, []
        if gone:
            await self._connection.execute(_DELETE, {"ids": gone})


async def lock_due(connection: Connection, tickets: int) -> tuple[Sequence[UUID], datetime | None]:
    """At most so many tickets of which something is due, locked, and the moment by which it is: the database's."""
    locked = await fetch(connection, _LOCK_DUE, {"n": tickets})
    return [row.id for row in locked], locked[0].now if locked else None


async def refuse_due(connection: Connection, ticket_id: UUID, why: str) -> None:
    """What is due of a ticket cannot be sent: it is not tried again, and the conversation says why."""
    await connection.execute(_REFUSE, {"ticket": ticket_id, "why": why})


async def until_next(connection: Connection) -> timedelta | None:
    """How long it is until something is due, negative where that is past; None where nothing is held."""
    return cast("timedelta | None", (await connection.execute(_NEXT)).scalar_one())


def _row(held: Held) -> dict[str, object]:
    content = HELD.dump_json(held).decode()
    return {"id": held.id, "ticket_id": held.ticket_id, "due_at": held.due_at, "content": content}
