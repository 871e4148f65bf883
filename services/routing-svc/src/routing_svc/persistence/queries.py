"""Reads that no aggregate is needed for."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from routing_svc.domain.history import PastDecision
from routing_svc.domain.rules import Rule
from routing_svc.domain.ticket import RoutedTicket
from routing_svc.persistence.configuration_cache import RULES, TICKET

_VERSIONS = text("""SELECT c.version, jsonb_array_length(c.rules) AS rules, c.note, c.by_name AS by, c.at,
    c.version = h.configuration_version AS in_force
    FROM configurations c CROSS JOIN current_versions h ORDER BY c.version DESC LIMIT :limit""")
_RULES = text("""SELECT version, rules::text FROM configurations
    WHERE version = coalesce(CAST(:version AS integer), (SELECT configuration_version FROM current_versions))""")
_DECISIONS = text("""SELECT d.decision::text, d.published FROM decisions d
    WHERE d.ticket_id = coalesce(CAST(:id AS uuid), (SELECT id FROM tickets WHERE number = CAST(:number AS bigint)))
    ORDER BY d.at, d.id""")
_TICKET = text("SELECT state::text FROM tickets WHERE id = :id")
_HISTORY = text("""SELECT ticket_id, at, kind, input::text, decision::text FROM decisions
    WHERE kind = :kind AND at > CAST(:since AS timestamptz) ORDER BY at DESC LIMIT :limit""")
_LOADS = text("SELECT agent_id, open_tickets FROM agent_loads")


async def versions(connection: Connection, limit: int) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in await connection.execute(_VERSIONS, {"limit": limit})]


async def rules(connection: Connection, version: int | None) -> tuple[int, tuple[Rule, ...]] | None:
    """The rules of a version, or (None) those in force."""
    row = (await connection.execute(_RULES, {"version": version})).one_or_none()
    return None if row is None else (row.version, RULES.validate_json(row.rules))


async def decisions(connection: Connection, id_: UUID | None, number: int | None) -> list[dict[str, Any]]:
    """Every decision on a ticket with its explanation, oldest first; `told` is false where there was nothing to do."""
    rows = await connection.execute(_DECISIONS, {"id": id_, "number": number})
    return [{**json.loads(row.decision), "published": row.published} for row in rows]


async def ticket(connection: Connection, id_: UUID) -> RoutedTicket | None:
    found = (await connection.execute(_TICKET, {"id": id_})).scalar_one_or_none()
    return None if found is None else TICKET.validate_json(found)


async def history(connection: Connection, kind: str, since: datetime, limit: int) -> list[PastDecision]:
    """The newest decisions since a moment, with what they looked at."""
    rows = await connection.execute(_HISTORY, {"kind": kind, "since": since, "limit": limit})
    return [PastDecision(r.ticket_id, r.at, r.kind, json.loads(r.input), json.loads(r.decision)) for r in rows]


async def loads(connection: Connection) -> dict[UUID, int]:
    return {row.agent_id: row.open_tickets for row in await connection.execute(_LOADS)}
