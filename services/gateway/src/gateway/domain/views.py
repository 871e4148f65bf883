"""What the read model holds: one declaration a view. A set of views is a PostgreSQL schema with one table for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Row = tuple[object, ...]
"""A row begins with its key, and has the columns of its view in their order."""


@dataclass(frozen=True, slots=True)
class View:
    """One table of a view set. `columns` maps names to types, the key first; `newer` says when a row replaces another."""

    name: str
    columns: Mapping[str, str]
    newer: str | None
    flow: bool = False

    @property
    def key(self) -> str:
        """The name of the first column, which is the table's primary key."""
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
        "resolved_at": "timestamptz", "closed_at": "timestamptz", "archived_at": "timestamptz", "fields": "jsonb", "state": "json",
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
DOCUMENTS: Final = View("documents", {"document": "text", "version": "integer", "content": "json"}, _VERSIONED)

VIEWS: Final = (TICKETS, SLAS, CUSTOMERS, ORGANIZATIONS, AGENTS, TEAMS, DECISIONS, NOTIFICATIONS, DOCUMENTS)


@dataclass(slots=True)
class Changes:
    """What a batch of events does to a view set: at most one new row for each key, and the keys that are to go."""

    rows: dict[View, dict[str, Row]] = field(default_factory=dict)
    gone: dict[View, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone)
