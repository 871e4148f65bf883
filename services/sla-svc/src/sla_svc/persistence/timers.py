"""Timers as rows: those that follow from clocks that changed, and those that are due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.rows import Query, fetch
from sla_svc.domain import timers as domain
from sla_svc.domain.policy import ClockKind
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.domain.timers import DueTimer, TimerKind, timers_of
from sla_svc.persistence import tables

_DROP: Final = text("""DELETE FROM timers t USING unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[]), CAST(:kinds AS text[]))
    AS d(id, clock, kind) WHERE t.ticket_id = d.id AND t.clock = d.clock AND t.kind = d.kind""")
_SET: Final = "ON CONFLICT (ticket_id, clock, kind) DO UPDATE SET due_at = excluded.due_at"
_NEXT: Final = text("SELECT min(due_at) - clock_timestamp() FROM timers")


class Timers:
    """The part of a unit that writes the timers of clocks that changed. Stands behind the clocks, whose locks guard them.

    `expect` is called with the earliest time that was set.
    """

    def __init__(self, connection: Connection, expect: Callable[[datetime], None]) -> None:
        self._connection = connection
        self._expect = expect
        self._before: dict[UUID, domain.Timers] = {}
        self._after: dict[UUID, domain.Timers] = {}
        self._gone: list[tuple[UUID, ClockKind, TimerKind]] = []

    def changed(self, before: TicketSla | None, after: TicketSla) -> None:
        """The clocks of a ticket have changed, and with them their timers."""
        self._before.setdefault(after.id, timers_of(before) if before else {})
        self._after[after.id] = timers_of(after)

    def forget(self, timer: DueTimer) -> None:
        """A timer that found nothing to do goes, or it would be due for ever."""
        self._gone.append((timer.ticket_id, timer.clock, timer.kind))

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        gone, self._gone = self._gone, []
        rows: list[dict[str, Any]] = []
        for id_, after in sorted(self._after.items()):
            before = self._before[id_]
            gone += [(id_, *key) for key in before if key not in after]
            rows += [
                {"ticket_id": id_, "clock": key[0], "kind": key[1], "due_at": due}
                for key, due in after.items()
                if before.get(key) != due
            ]
        self._before.clear()
        self._after.clear()
        if gone:
            ids, names, kinds = zip(*gone, strict=True)
            await self._connection.execute(_DROP, {"ids": list(ids), "clocks": list(names), "kinds": list(kinds)})
        await insert_rows(self._connection, tables.timers, rows, _SET)
        if rows:
            self._expect(min(row["due_at"] for row in rows))


class _LockedRow(NamedTuple):
    id: UUID
    now: datetime


class _TimerRow(NamedTuple):
    ticket_id: UUID
    clock: ClockKind
    kind: TimerKind


# The order of locks is that of the consumer: clocks in the order of ids first, then timers. What the consumer holds is left for
# the next turn.
_LOCK_CLOCKS: Final = Query(
    text("""WITH due AS (SELECT DISTINCT ticket_id FROM
            (SELECT ticket_id FROM timers WHERE due_at <= now() ORDER BY due_at LIMIT :n) AS t)
        SELECT id, now() AS now FROM slas WHERE id IN (SELECT ticket_id FROM due) ORDER BY id FOR UPDATE SKIP LOCKED"""),
    _LockedRow,
)
_CLAIM: Final = Query(
    text("""SELECT ticket_id, clock, kind FROM timers WHERE ticket_id = ANY(CAST(:ids AS uuid[])) AND due_at <= now()
        ORDER BY due_at, kind DESC FOR UPDATE SKIP LOCKED"""),
    _TimerRow,
)


async def claim_due(connection: Connection, tickets: int) -> tuple[list[DueTimer], datetime | None]:
    """What is due of at most so many tickets, and the moment by which it is: the database's. Clocks and timers are locked."""
    locked = await fetch(connection, _LOCK_CLOCKS, {"n": tickets})
    if not locked:
        return [], None
    rows = await fetch(connection, _CLAIM, {"ids": [row.id for row in locked]})
    return [DueTimer(row.ticket_id, row.clock, row.kind) for row in rows], locked[0].now


async def until_next(connection: Connection) -> timedelta | None:
    """How long it is until the next timer, negative where that is past; None without any."""
    return cast("timedelta | None", (await connection.execute(_NEXT)).scalar_one())
