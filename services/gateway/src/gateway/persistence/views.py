"""Writing of view sets. A set is a PostgreSQL schema with one table for each view; `views` is the live one.

A row is written only over an older one, so that events may come twice and in any order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import metrics

Row = tuple[Any, ...]
LIVE: Final = "views"

# What goes over the wire as text and is read by the server: that is cheaper than to make a datetime here.
_AS_TEXT: Final = ("timestamptz", "json", "jsonb")


@dataclass(frozen=True, slots=True)
class View:
    """One table of a view set. `columns` maps names to types, the key first; `newer` says when a row replaces another."""

    name: str
    columns: Mapping[str, str]
    newer: str | None
    flow: bool = False

    @property
    def key(self) -> str:
        return next(iter(self.columns))

    def __hash__(self) -> int:
        return hash(self.name)


_VERSIONED: Final = "excluded.version > t.version"

TICKETS: Final = View(
    "tickets",
    {
        "id": "uuid", "version": "integer", "number": "bigint", "subject": "text", "status": "text", "priority": "text",
        "priority_rank": "smallint", "ticket_type": "text", "waiting_for": "text", "channel": "text", "mailbox": "text",
        "team_id": "uuid", "team_name": "text", "agent_id": "uuid", "agent_name": "text", "customer_id": "uuid",
        "requester_email": "text", "requester_name": "text", "organization_id": "uuid", "organization_name": "text",
        "tags": "jsonb", "escalation_level": "integer", "opened_at": "timestamptz", "updated_at": "timestamptz",
        "resolved_at": "timestamptz", "closed_at": "timestamptz", "state": "json",
    },
    _VERSIONED,
)  # fmt: skip
SLAS: Final = View(
    "slas",
    {
        "ticket_id": "uuid", "version": "integer", "due_at": "timestamptz", "due_clock": "text", "breached": "boolean",
        "policy": "text", "state": "json",
    },
    _VERSIONED,
)  # fmt: skip
CUSTOMERS: Final = View(
    "customers",
    {
        "id": "uuid", "version": "integer", "email": "text", "name": "text", "company": "text", "active": "boolean",
        "organization_ids": "jsonb", "tags": "jsonb", "created_at": "timestamptz", "state": "json",
    },
    _VERSIONED,
)  # fmt: skip
ORGANIZATIONS: Final = View(
    "organizations",
    {
        "id": "uuid", "version": "integer", "name": "text", "domains": "jsonb", "tags": "jsonb", "created_at": "timestamptz",
        "state": "json",
    },
    _VERSIONED,
)  # fmt: skip
AGENTS: Final = View(
    "agents",
    {
        "id": "uuid", "version": "integer", "name": "text", "email": "text", "team_ids": "jsonb", "available": "boolean",
        "active": "boolean", "state": "json",
    },
    _VERSIONED,
)  # fmt: skip
TEAMS: Final = View("teams", {"id": "uuid", "version": "integer", "name": "text", "active": "boolean", "state": "json"}, _VERSIONED)
DECISIONS: Final = View("decisions", {"id": "uuid", "ticket_id": "uuid", "at": "timestamptz", "data": "json"}, None, flow=True)
NOTIFICATIONS: Final = View(
    "notifications",
    {
        "id": "uuid", "ticket_id": "uuid", "kind": "text", "recipient": "text", "status": "text", "at": "timestamptz",
        "data": "json",
    },
    "excluded.at > t.at",
    flow=True,
)  # fmt: skip

VIEWS: Final = (TICKETS, SLAS, CUSTOMERS, ORGANIZATIONS, AGENTS, TEAMS, DECISIONS, NOTIFICATIONS)


@dataclass(slots=True)
class Changes:
    """What a batch of events does to a view set: at most one new row for each key, and the keys that are to go."""

    rows: dict[View, dict[str, Row]] = field(default_factory=dict)
    gone: dict[View, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone)

    def singly(self) -> "Iterable[tuple[View, str, Changes]]":
        """Each new row as a change of its own."""
        for view, rows in self.rows.items():
            for key, row in rows.items():
                yield view, key, Changes({view: {key: row}})


async def write(connection: AsyncConnection, schema: str, changes: Changes) -> None:
    """One statement a view. Rows go in the order of their keys, so that two writers cannot wait for each other."""
    for view, keys in changes.gone.items():
        await connection.execute(_delete(schema, view), {"keys": sorted(keys)})
    for view, rows in changes.rows.items():
        ordered = [rows[key] for key in sorted(rows)]
        values: Iterable[Sequence[Any]] = zip(*ordered, strict=True)
        await connection.execute(_upsert(schema, view), dict(zip(view.columns, map(list, values), strict=True)))
        metrics.ROWS_WRITTEN.labels(view.name).inc(len(ordered))


@lru_cache
def _upsert(schema: str, view: View) -> TextClause:
    names = ", ".join(view.columns)
    sources = ", ".join(f"CAST(:{n} AS {'text' if kind in _AS_TEXT else kind}[])" for n, kind in view.columns.items())
    targets = ", ".join(f"d.{n}::{kind}" if kind in _AS_TEXT else f"d.{n}" for n, kind in view.columns.items())
    changes = ", ".join(f"{n} = excluded.{n}" for n in view.columns if n != view.key)
    conflict = f"DO UPDATE SET {changes} WHERE {view.newer}" if view.newer else "DO NOTHING"
    return text(
        f"INSERT INTO {schema}.{view.name} AS t ({names}) SELECT {targets} FROM unnest({sources}) AS d({names}) "
        f"ON CONFLICT ({view.key}) {conflict}"
    )


@lru_cache
def _delete(schema: str, view: View) -> TextClause:
    return text(f"DELETE FROM {schema}.{view.name} WHERE {view.key} = ANY(CAST(:keys AS uuid[]))")
