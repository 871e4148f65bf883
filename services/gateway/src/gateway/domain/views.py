"""What the read model holds: one declaration a view, in which each column says all that is known of it.

    Column("ticket_type", "text", absent=None, listed=True, by="equals")

Its place in the table and in a row, where an event has its value, where a list shows it and how lists are narrowed by it all follow
from that. Three things are written beside it, and tests hold them to it: the migration, the model of the API's answer, and the
parameter. A set of views is a PostgreSQL schema with one table for each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from deskstream_contracts.wire import PRIORITIES
from gateway.domain.fields import searchable

T = TypeVar("T")
Row = tuple[object, ...]
"""A row begins with its key, and has the columns of its view in their order."""
Data = Mapping[str, Any]
"""What an event tells of, as JSON has it: its owner has validated it, and nothing is validated here again."""
By = Literal["equals", "folded", "any", "has", "flag"]
"""A value; a value in lower case; any of these words; a list has it; whether."""

REQUIRED: Final = object()
WHOLE: Final = "."


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. `kind` is its PostgreSQL type.

    `of`: the path of its value in what an event tells of (left out: its name; WHOLE: all of it), or what reads it from there.
    `absent`: its value where there is none, or null. None: the column can be NULL. REQUIRED: such an event is unreadable.
    `listed`: its path in a row of a list (True: its name). What is below a part stands there together, and is null if the first is.
    `by`: how lists are narrowed by it; `asked` is the parameter's name, if it is another one.
    """

    name: str
    kind: str
    of: str | Callable[[Data], object] = ""
    absent: object = REQUIRED
    listed: str | Literal[True] | None = None
    by: By | None = None
    asked: str = ""

    @property
    def place(self) -> str:
        """Its path in a row of a list; empty where it is not in it."""
        return self.name if self.listed is True else self.listed or ""

    @property
    def parameter(self) -> str:
        """What lists are narrowed by."""
        return self.asked or self.name


@dataclass(frozen=True, slots=True)
class View:
    """One table of a view set. `root`: what of an event it is made of (empty: all of it); the first column is the key.

    `newer` says when a row replaces another. `beside`: columns that are written with another view's rows.
    """

    name: str
    root: str
    columns: tuple[Column, ...]
    newer: str | None = "excluded.version > t.version"
    flow: bool = False
    beside: tuple[Column, ...] = ()

    @property
    def key(self) -> str:
        """The name of the first column, which is the table's primary key."""
        return self.columns[0].name

    def __hash__(self) -> int:
        return hash(self.name)


def _rank(ticket: Data) -> int:
    """The most urgent first."""
    return len(PRIORITIES) - 1 - PRIORITIES.index(ticket["priority"])


def _custom(holder: Data) -> Mapping[str, object]:
    return searchable(holder.get("custom_fields", {}))


def _due(sla: Data) -> Data:
    # A clock that is late still waits for something, and what is late comes first.
    waiting = (c for c in sla["clocks"] if c.get("due_at") and c["status"] in ("running", "breached"))
    return min(waiting, key=lambda clock: datetime.fromisoformat(clock["due_at"]), default={})


def _full_name(customer: Data) -> str:
    return " ".join(part for part in (customer.get("first_name"), customer.get("last_name")) if part)


TICKETS: Final = View(
    "tickets",
    "ticket",
    (
        Column("id", "uuid", listed=True),
        Column("version", "integer", listed=True),
        Column("number", "bigint", listed=True),
        Column("subject", "text", listed=True),
        Column("status", "text", listed=True, by="any"),
        Column("priority", "text", listed=True, by="any"),
        Column("priority_rank", "smallint", of=_rank),
        Column("ticket_type", "text", absent=None, listed=True, by="equals"),
        Column("external_id", "text", absent=None, listed=True, by="equals"),
        Column("waiting_for", "text", absent="agent", listed=True, by="equals"),
        Column("channel", "text", of="channel.kind", listed=True, by="equals"),
        Column("mailbox", "text", of="channel.name", listed=True),
        Column("team_id", "uuid", of="assignee.team_id", absent=None, listed="team.id"),
        Column("team_name", "text", of="assignee.team_name", absent=None, listed="team.name"),
        Column("agent_id", "uuid", of="assignee.agent_id", absent=None, listed="agent.id"),
        Column("agent_name", "text", of="assignee.agent_name", absent=None, listed="agent.name"),
        Column("customer_id", "uuid", of="requester.customer_id", listed="requester.customer_id"),
        Column("requester_email", "text", of="requester.email", listed="requester.email"),
        Column("requester_name", "text", of="requester.name", absent=None, listed="requester.name"),
        Column("organization_id", "uuid", of="requester.organization.id", absent=None, listed="organization.id"),
        Column("organization_name", "text", of="requester.organization.name", absent=None, listed="organization.name"),
        Column("tags", "jsonb", absent=(), listed=True, by="has", asked="tag"),
        Column("escalation_level", "integer", absent=0, listed=True),
        Column("opened_at", "timestamptz", listed=True),
        Column("updated_at", "timestamptz", listed=True),
        Column("resolved_at", "timestamptz", absent=None, listed=True),
        Column("closed_at", "timestamptz", absent=None, listed=True),
        Column("archived_at", "timestamptz", absent=None, listed=True),
        Column("fields", "jsonb", of=_custom),
        Column("state", "json", of=WHOLE),
    ),
    beside=(
        Column("due_at", "timestamptz", absent=None, listed="due.at"),
        Column("due_clock", "text", absent=None, listed="due.clock"),
        Column("breached", "boolean", listed=True, by="flag"),
    ),
)
SLAS: Final = View(
    "slas",
    "sla",
    (
        Column("ticket_id", "uuid"),
        Column("version", "integer"),
        Column("due_at", "timestamptz", of=lambda sla: _due(sla).get("due_at"), absent=None),
        Column("due_clock", "text", of=lambda sla: _due(sla).get("kind"), absent=None),
        Column("breached", "boolean", of=lambda sla: any(clock.get("breached_at") for clock in sla["clocks"])),
        Column("policy", "text"),
        Column("state", "json", of=WHOLE),
    ),
)
CUSTOMERS: Final = View(
    "customers",
    "customer",
    (
        Column("id", "uuid"),
        Column("version", "integer"),
        Column("email", "text", by="folded"),
        Column("name", "text", of=_full_name),
        Column("company", "text", absent=None),
        Column("active", "boolean", absent=True, by="flag"),
        Column("organization_ids", "jsonb", absent=(), by="has", asked="organization"),
        Column("tags", "jsonb", absent=(), by="has", asked="tag"),
        Column("created_at", "timestamptz"),
        Column("fields", "jsonb", of=_custom),
        Column("state", "json", of=WHOLE),
    ),
)
ORGANIZATIONS: Final = View(
    "organizations",
    "organization",
    (
        Column("id", "uuid"),
        Column("version", "integer"),
        Column("name", "text"),
        Column("domains", "jsonb", absent=(), by="has", asked="domain"),
        Column("tags", "jsonb", absent=(), by="has", asked="tag"),
        Column("created_at", "timestamptz"),
        Column("fields", "jsonb", of=_custom),
        Column("state", "json", of=WHOLE),
    ),
)
AGENTS: Final = View(
    "agents",
    "agent",
    (
        Column("id", "uuid"),
        Column("version", "integer"),
        Column("name", "text"),
        Column("email", "text"),
        Column("team_ids", "jsonb", absent=(), by="has", asked="team"),
        Column("available", "boolean", absent=True, by="flag"),
        Column("active", "boolean", absent=True, by="flag"),
        Column("state", "json", of=WHOLE),
    ),
)
TEAMS: Final = View(
    "teams",
    "team",
    (
        Column("id", "uuid"),
        Column("version", "integer"),
        Column("name", "text"),
        Column("active", "boolean", absent=True),
        Column("state", "json", of=WHOLE),
    ),
)
DECISIONS: Final = View(
    "decisions",
    "",
    (
        Column("id", "uuid", of="decision_id"),
        Column("ticket_id", "uuid"),
        Column("at", "timestamptz"),
        Column("data", "json", of=WHOLE),
    ),
    newer=None,
    flow=True,
)
NOTIFICATIONS: Final = View(
    "notifications",
    "",
    (
        Column("id", "uuid", of="notification.id"),
        Column("ticket_id", "uuid", of="notification.ticket_id"),
        Column("kind", "text", of="notification.kind"),
        Column("recipient", "text", of="notification.recipient"),
        Column("status", "text", of=lambda event: event["type"].split(".")[1]),
        Column("at", "timestamptz"),
        Column("data", "json", of=WHOLE),
    ),
    newer="excluded.at > t.at",
    flow=True,
)
DOCUMENTS: Final = View(
    "documents", "", (Column("document", "text"), Column("version", "integer"), Column("content", "json", of="content"))
)

VIEWS: Final = (TICKETS, SLAS, CUSTOMERS, ORGANIZATIONS, AGENTS, TEAMS, DECISIONS, NOTIFICATIONS, DOCUMENTS)


@dataclass(slots=True)
class Changes:
    """What a batch of events does to a view set: at most one new row for each key, and the keys that are to go."""

    rows: dict[View, dict[str, Row]] = field(default_factory=dict)
    gone: dict[View, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone)
