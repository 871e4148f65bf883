"""Reads that no aggregate is needed for; what concerns tickets, of those that somebody sees."""

import json
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch, find_one
from deskstream_chassis.store.visibility import Columns, condition
from deskstream_contracts.visibility import Visibility
from routing_svc.domain.references import TicketReference
from routing_svc.domain.rules import Kind, Rule
from routing_svc.domain.ticket import RoutedTicket
from routing_svc.domain.trying import PastDecision
from routing_svc.persistence.configuration_cache import RULES, TICKET

_WHOSE: Final = Columns(
    customer="CAST(t.state ->> 'customer_id' AS uuid)",
    organization="CAST(t.state ->> 'organization_id' AS uuid)",
    team="CAST(t.state ->> 'team_id' AS uuid)",
)
_DECISIONS: Final = """SELECT d.decision::text AS decision, d.published FROM decisions d JOIN tickets t ON t.id = d.ticket_id
    WHERE d.ticket_id = coalesce(CAST(:id AS uuid), (SELECT id FROM tickets WHERE number = CAST(:number AS bigint))) AND {visible}
    ORDER BY d.at, d.id"""
_TICKET: Final = "SELECT t.state::text AS state FROM tickets t WHERE t.id = :id AND {visible}"
_HISTORY: Final = """SELECT d.ticket_id, d.at, d.kind, d.input::text AS input FROM decisions d JOIN tickets t ON t.id = d.ticket_id
    WHERE d.kind = :kind AND d.at > CAST(:since AS timestamptz) AND {visible} ORDER BY d.at DESC LIMIT :limit"""


class ConfigurationRow(NamedTuple):
    """A line of the configuration's history; `rules` is how many there were."""

    version: int
    rules: int
    note: str
    by: str
    at: datetime
    in_force: bool


class _DecisionRow(NamedTuple):
    decision: str
    published: bool


class _PastRow(NamedTuple):
    ticket_id: UUID
    at: datetime
    kind: Kind
    input: str


class _LoadRow(NamedTuple):
    agent_id: UUID
    open_tickets: int


class _RulesRow(NamedTuple):
    rules: str


_VERSIONS: Final = Query(
    text("""SELECT c.version, jsonb_array_length(c.rules) AS rules, c.note, c.by_name AS by, c.at,
        c.version = h.configuration_version AS in_force
        FROM configurations c CROSS JOIN current_versions h WHERE c.version < :before ORDER BY c.version DESC LIMIT :limit"""),
    ConfigurationRow,
)
_RULES: Final = Query(
    text("SELECT rules::text AS rules FROM configurations WHERE version = :version"),
    _RulesRow,
)
_LOADS: Final = Query(text("SELECT agent_id, open_tickets FROM agent_loads"), _LoadRow)


async def versions(connection: Connection, before: int, limit: int) -> list[ConfigurationRow]:
    """Those before a version, the newest first."""
    return await fetch(connection, _VERSIONS, {"before": before, "limit": limit})


async def rules(connection: Connection, version: int) -> tuple[Rule, ...] | None:
    """The rules of a version; None where there is no such version."""
    row = await find_one(connection, _RULES, {"version": version})
    return None if row is None else RULES.validate_json(row.rules)


async def decisions(connection: Connection, reference: TicketReference, visibility: Visibility) -> list[dict[str, Any]]:
    """Every decision on a ticket with its explanation, oldest first; `published` is false where there was nothing to do.

    Nothing, where the ticket is not seen, or decisions are not shown.
    """
    if not visibility.shows("decisions"):
        return []
    visible = condition(visibility, _WHOSE)
    values = {"id": reference.id, "number": reference.number, **visible.values}
    rows = await fetch(connection, Query(text(_DECISIONS.format(visible=visible.sql)), _DecisionRow), values)
    return [{**json.loads(row.decision), "published": row.published} for row in rows]


async def ticket(connection: Connection, id_: UUID, visibility: Visibility) -> RoutedTicket | None:
    """The ticket, if it is there and seen."""
    visible = condition(visibility, _WHOSE)
    statement = text(_TICKET.format(visible=visible.sql))
    found = (await connection.execute(statement, {"id": id_, **visible.values})).scalar_one_or_none()
    return None if found is None else TICKET.validate_json(found)


async def history(connection: Connection, kind: Kind, since: datetime, limit: int, visibility: Visibility) -> list[PastDecision]:
    """The newest decisions since a moment, with what they looked at, on tickets that are seen."""
    visible = condition(visibility, _WHOSE)
    values = {"kind": kind, "since": since, "limit": limit, **visible.values}
    rows = await fetch(connection, Query(text(_HISTORY.format(visible=visible.sql)), _PastRow), values)
    return [PastDecision(row.ticket_id, row.at, row.kind, json.loads(row.input)) for row in rows]


async def loads(connection: Connection) -> dict[UUID, int]:
    """How many open tickets each agent has; who has never had any is left out."""
    return {row.agent_id: row.open_tickets for row in await fetch(connection, _LOADS)}
