"""Writing of view sets; `views` is the live one. A row is written only over an older one, so that events may come twice and in
any order.

What lists are ordered and counted by stands with the tickets, though it comes from elsewhere: deadlines from `slas`, and how many
tickets of a team have which status in `ticket_counts`. Both are exact, as who writes a ticket or its clocks holds its stripe first.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from deskstream_chassis.store.database import Connection
from gateway import metrics
from gateway.domain.views import SLAS, TICKETS, Changes, Row, View

LIVE: Final = "views"

# What goes over the wire as text and is read by the server: that is cheaper than to make a datetime here.
_AS_TEXT: Final = ("timestamptz", "json", "jsonb")

_NO_TEAM: Final = "CAST('00000000-0000-0000-0000-000000000000' AS uuid)"
_STRIPES: Final = 64
# Sets have locks of their own: the second one is written while writers of the live one are held off.
_LOCK: Final = 0x76696577  # "view"
_HOLD: Final = text("SELECT pg_advisory_xact_lock(:of, stripe) FROM unnest(CAST(:stripes AS integer[])) AS stripe")


async def write(connection: Connection, schema: str, changes: Changes) -> None:
    """One statement a view. Rows go in the order of their keys, so that two writers cannot wait for each other."""
    if tickets := _tickets_of(changes):
        # A statement of its own: those behind it see what whoever held a stripe before has committed.
        stripes = sorted({UUID(id_).int % _STRIPES for id_ in tickets})
        await connection.execute(_HOLD, {"of": _LOCK + (schema != LIVE), "stripes": stripes})
    for view, keys in changes.gone.items():
        await connection.execute(_delete(schema, view), {"keys": sorted(keys)})
    # Clocks before tickets: a ticket that begins finds its deadlines.
    for view in sorted(changes.rows, key=lambda view: view is TICKETS):
        rows = changes.rows[view]
        ordered = [rows[key] for key in sorted(rows)]
        values: Iterable[Row] = zip(*ordered, strict=True)
        await connection.execute(_upsert(schema, view), dict(zip(_names(view), map(list, values), strict=True)))
        metrics.ROWS_WRITTEN.labels(view.name).inc(len(ordered))


def _tickets_of(changes: Changes) -> set[str]:
    found: set[str] = set()
    for view in (TICKETS, SLAS):
        found.update(changes.rows.get(view, ()), changes.gone.get(view, ()))
    return found


def _names(view: View) -> list[str]:
    return [column.name for column in view.columns]


@lru_cache
def _upsert(schema: str, view: View) -> TextClause:
    names = ", ".join(_names(view))
    sources = ", ".join(f"CAST(:{c.name} AS {'text' if c.kind in _AS_TEXT else c.kind}[])" for c in view.columns)
    targets = ", ".join(f"d.{c.name}::{c.kind}" if c.kind in _AS_TEXT else f"d.{c.name}" for c in view.columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in _names(view) if name != view.key)
    conflict = f"ON CONFLICT ({view.key}) " + (f"DO UPDATE SET {changes} WHERE {view.newer}" if view.newer else "DO NOTHING")
    given = f"unnest({sources}) AS d({names})"
    if view is TICKETS:
        changed = _count(schema, "SELECT status, team_id, 1 AS n FROM written UNION ALL SELECT status, team_id, -1 FROM replaced")
        return text(f"""
            WITH earlier AS (SELECT id, status, team_id FROM {schema}.tickets WHERE id = ANY(CAST(:id AS uuid[]))),
            written AS (
                INSERT INTO {schema}.tickets AS t ({names}, due_at, due_clock, breached)
                SELECT {targets}, s.due_at, s.due_clock, coalesce(s.breached, false)
                FROM {given} LEFT JOIN {schema}.slas AS s ON s.ticket_id = d.id
                {conflict} RETURNING t.id, t.status, t.team_id
            ),
            replaced AS (SELECT earlier.* FROM earlier JOIN written USING (id))
            {changed}""")
    insert = f"INSERT INTO {schema}.{view.name} AS t ({names}) SELECT {targets} FROM {given} {conflict}"
    if view is SLAS:
        return text(f"""
            WITH written AS ({insert} RETURNING t.ticket_id, t.due_at, t.due_clock, t.breached)
            UPDATE {schema}.tickets AS t SET due_at = w.due_at, due_clock = w.due_clock, breached = w.breached
            FROM written AS w WHERE t.id = w.ticket_id
            AND (t.due_at, t.due_clock, t.breached) IS DISTINCT FROM (w.due_at, w.due_clock, w.breached)""")
    return text(insert)


@lru_cache
def _delete(schema: str, view: View) -> TextClause:
    delete = f"DELETE FROM {schema}.{view.name} WHERE {view.key} = ANY(CAST(:keys AS uuid[]))"
    if view is TICKETS:
        gone = f"WITH gone AS ({delete} RETURNING status, team_id)"
        return text(f"{gone} {_count(schema, 'SELECT status, team_id, -1 AS n FROM gone')}")
    if view is SLAS:
        return text(f"""WITH gone AS ({delete} RETURNING ticket_id)
            UPDATE {schema}.tickets SET due_at = NULL, due_clock = NULL, breached = false FROM gone WHERE id = ticket_id""")
    return text(delete)


def _count(schema: str, changed: str) -> str:
    """Adds what a query of (status, team_id, n) gives to the counts, in their order, so that two writers cannot cross."""
    return f"""
        INSERT INTO {schema}.ticket_counts AS c (status, team_id, tickets)
        SELECT status, coalesce(team_id, {_NO_TEAM}), sum(n) FROM ({changed}) AS changed
        GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2
        ON CONFLICT (status, team_id) DO UPDATE SET tickets = c.tickets + excluded.tickets"""


_DEADLINES: Final = text(f"""
    UPDATE {LIVE}.tickets AS t SET due_at = s.due_at, due_clock = s.due_clock, breached = s.breached FROM {LIVE}.slas AS s
    WHERE s.ticket_id = t.id AND (t.due_at, t.due_clock, t.breached) IS DISTINCT FROM (s.due_at, s.due_clock, s.breached)""")
_FORGET_COUNTS: Final = text(f"DELETE FROM {LIVE}.ticket_counts")
_RECOUNT: Final = text(_count(LIVE, f"SELECT status, team_id, 1 AS n FROM {LIVE}.tickets"))


async def hold_off(connection: Connection) -> None:
    """Until this transaction ends, nobody writes tickets or clocks of the live set."""
    await connection.execute(_HOLD, {"of": _LOCK, "stripes": list(range(_STRIPES))})


async def settle(connection: Connection) -> None:
    """Makes right what stands with the live tickets and comes from elsewhere, however it came to be wrong.

    It did if a gateway wrote that knows nothing of it, as during an upgrade. Takes a second for a million tickets, in which reading
    goes on. To be called in a transaction.
    """
    await hold_off(connection)
    await connection.execute(_DEADLINES)
    await connection.execute(_FORGET_COUNTS)
    await connection.execute(_RECOUNT)
