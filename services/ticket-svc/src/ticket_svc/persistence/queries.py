"""Reads that no aggregate is needed for."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from ticket_svc.domain.ticket import Ticket
from ticket_svc.persistence.unit import STATE

_CONVERSATION = text("SELECT id, kind, at, content::text FROM messages WHERE ticket_id = :id ORDER BY at, id")

_TICKET = text("SELECT state::text FROM tickets WHERE id = CAST(:id AS uuid) OR number = CAST(:number AS bigint)")


async def conversation(connection: Connection, ticket_id: UUID) -> list[dict[str, Any]]:
    """Every message in and out and every note, oldest first."""
    rows = await connection.execute(_CONVERSATION, {"id": ticket_id})
    return [{"id": row.id, "kind": row.kind, "at": row.at, **json.loads(row.content)} for row in rows]


async def ticket(connection: Connection, id_: UUID | None, number: int | None) -> Ticket | None:
    found = (await connection.execute(_TICKET, {"id": id_, "number": number})).scalar_one_or_none()
    return None if found is None else STATE.validate_json(found)


async def ticket_id_of(connection: Connection, number: int) -> UUID | None:
    found = (await connection.execute(text("SELECT id FROM tickets WHERE number = :n"), {"n": number})).scalar_one_or_none()
    return None if found is None else UUID(str(found))
