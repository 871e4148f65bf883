"""How events become rows of the read model, and the fold of a batch.

Events carry the whole state after them, so only the newest of a batch is read at all. The state is kept as it came: orjson reads
and writes it in a few microseconds, and nothing is validated here that its owner has validated.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson

from deskstream_chassis.bus.messages import Received
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.events.routing import AgentUpdatedV1, TeamUpdatedV1
from deskstream_contracts.topics import (
    CUSTOMER_SETTINGS,
    CUSTOMERS,
    DECISIONS,
    NOTIFICATIONS,
    ORGANIZATIONS,
    SLAS,
    TICKET_SETTINGS,
    TICKETS,
    WORKFORCE,
    Topic,
)
from gateway.domain import views
from gateway.domain.fields import searchable
from gateway.domain.views import Changes, Row, View

T = TypeVar("T")
PRIORITY_RANKS: Final = {"critical": 0, "high": 1, "medium": 2, "low": 3}


Data = Mapping[str, Any]
"""An event's data as JSON has it: its owner has validated it, and nothing is validated here again."""


@dataclass(frozen=True, slots=True)
class Projection:
    """The view that an event changes, and the row it gives, read from the event's data. A row begins with its key."""

    view: View
    row: Callable[[Data], Row]


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _ticket(event: Data) -> Row:
    t = event["ticket"]
    channel, requester, assignee = t["channel"], t["requester"], t.get("assignee") or {}
    organization = requester.get("organization") or {}
    return (
        t["id"], t["version"], t["number"], t["subject"], t["status"], t["priority"], PRIORITY_RANKS[t["priority"]],
        t.get("ticket_type"), t.get("waiting_for", "agent"), channel["kind"], channel["name"], assignee.get("team_id"),
        assignee.get("team_name"), assignee.get("agent_id"), assignee.get("agent_name"), requester["customer_id"],
        requester["email"], requester.get("name"), organization.get("id"), organization.get("name"), _json(t.get("tags", [])),
        t.get("escalation_level", 0), t["opened_at"], t["updated_at"], t.get("resolved_at"), t.get("closed_at"),
        t.get("archived_at"), _json(searchable(t.get("custom_fields", {}))), _json(t),
    )  # fmt: skip


def _sla(event: Data) -> Row:
    s = event["sla"]
    clocks = s["clocks"]
    # A clock that is late still waits for something, and what is late comes first.
    waiting = [
        (datetime.fromisoformat(c["due_at"]), c) for c in clocks if c.get("due_at") and c["status"] in ("running", "breached")
    ]
    due = min(waiting, key=lambda w: w[0])[1] if waiting else {}
    breached = any(c.get("breached_at") for c in clocks)
    return s["ticket_id"], s["version"], due.get("due_at"), due.get("kind"), breached, s["policy"], _json(s)


def _customer(event: Data) -> Row:
    c = event["customer"]
    name = " ".join(part for part in (c.get("first_name"), c.get("last_name")) if part)
    organizations, tags = _json(c.get("organization_ids", [])), _json(c.get("tags", []))
    return (
        c["id"], c["version"], c["email"], name, c.get("company"), c.get("active", True), organizations, tags, c["created_at"],
        _json(c),
    )  # fmt: skip


def _organization(event: Data) -> Row:
    o = event["organization"]
    return o["id"], o["version"], o["name"], _json(o.get("domains", [])), _json(o.get("tags", [])), o["created_at"], _json(o)


def _agent(event: Data) -> Row:
    a = event["agent"]
    teams, available, active = _json(a.get("team_ids", [])), a.get("available", True), a.get("active", True)
    return a["id"], a["version"], a["name"], a["email"], teams, available, active, _json(a)


def _team(event: Data) -> Row:
    t = event["team"]
    return t["id"], t["version"], t["name"], t.get("active", True), _json(t)


def _document(event: Data) -> Row:
    return event["document"], event["version"], _json(event["content"])


def _decision(event: Data) -> Row:
    return event["decision_id"], event["ticket_id"], event["at"], _json(event)


def _notification(event: Data) -> Row:
    n = event["notification"]
    status = event["type"].split(".")[1]
    return n["id"], n["ticket_id"], n["kind"], n["recipient"], status, event["at"], _json(event)


_BY_TOPIC: Final[dict[Topic, Projection]] = {
    TICKETS: Projection(views.TICKETS, _ticket),
    SLAS: Projection(views.SLAS, _sla),
    CUSTOMERS: Projection(views.CUSTOMERS, _customer),
    ORGANIZATIONS: Projection(views.ORGANIZATIONS, _organization),
    DECISIONS: Projection(views.DECISIONS, _decision),
    NOTIFICATIONS: Projection(views.NOTIFICATIONS, _notification),
    CUSTOMER_SETTINGS: Projection(views.DOCUMENTS, _document),
    TICKET_SETTINGS: Projection(views.DOCUMENTS, _document),
}
_WORKFORCE: Final = {
    AgentUpdatedV1.event_type(): Projection(views.AGENTS, _agent),
    TeamUpdatedV1.event_type(): Projection(views.TEAMS, _team),
}
PROJECTIONS: Final[dict[str, Projection]] = {
    event.event_type(): _BY_TOPIC[event.topic] for event in EVENTS if event.topic in _BY_TOPIC
} | _WORKFORCE
"""Event type → the view it changes."""

TOPICS: Final = (*_BY_TOPIC, WORKFORCE)

# A tombstone has no type; its topic says what it erases.
_ERASES: Final[dict[str, tuple[View, ...]]] = {t.name: (p.view,) for t, p in _BY_TOPIC.items() if not p.view.flow} | {
    WORKFORCE.name: (views.AGENTS, views.TEAMS)
}


@dataclass(frozen=True, slots=True)
class Fold:
    """What a batch comes down to. `sources` says which message gave a row; `unreadable` has the error beside each."""

    changes: Changes
    sources: dict[tuple[str, str], Received]
    unreadable: list[tuple[Received, str]]


_Kept = dict[tuple[str, str | UUID], tuple[Projection, Received]]


def fold(messages: Sequence[Received]) -> Fold:
    """The newest state of each aggregate, and every row of a flow. Of an aggregate whose newest cannot be read: the next older."""
    unreadable: list[tuple[Received, str]] = [(m, m.fault) for m in messages if m.fault]
    left: Sequence[Received] = [m for m in messages if not m.fault] if unreadable else messages
    while True:
        found = _read(*_newest(left))
        if not found.unreadable:
            return Fold(found.changes, found.sources, unreadable)
        unreadable += found.unreadable
        bad = {id(m) for m, _ in found.unreadable}
        left = [m for m in left if id(m) not in bad]


def _newest(messages: Iterable[Received]) -> tuple[_Kept, dict[View, set[str]]]:
    kept: _Kept = {}
    gone: dict[View, set[str]] = {}
    for m in messages:
        projection = PROJECTIONS.get(m.event_type)
        if projection is None:
            if not m.event_type and (key := _uuid(m.key)):
                for view in _ERASES.get(m.topic, ()):
                    kept.pop((view.name, m.key), None)
                    gone.setdefault(view, set()).add(key)
            continue
        # Every event of a flow is a row of its own.
        slot = (projection.view.name, m.event_id if projection.view.flow else m.key)
        other = kept.get(slot)
        if other is None or (m.sequence or 0) >= (other[1].sequence or 0):
            kept[slot] = (projection, m)
    return kept, gone


def _read(kept: _Kept, gone: dict[View, set[str]]) -> Fold:
    changes = Changes(gone=gone)
    found = Fold(changes, {}, [])
    for projection, m in kept.values():
        try:
            row = projection.row(orjson.loads(m.value))
            key = row[0]
            if not isinstance(key, str):
                raise TypeError(f"{projection.view.key} is no text")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found.unreadable.append((m, f"the data does not fit {m.event_type}: {error!r}"))
            continue
        changes.rows.setdefault(projection.view, {})[key] = row
        found.sources[projection.view.name, key] = m
    return found


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
