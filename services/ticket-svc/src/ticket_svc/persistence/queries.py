"""Reads that no aggregate is needed for, of what somebody sees."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch
from deskstream_chassis.store.visibility import Columns, condition
from deskstream_contracts.visibility import Visibility
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.ticket import Ticket
from ticket_svc.persistence.unit import STATE

_WHOSE: Final = Columns(
    customer="CAST(t.state -> 'requester' ->> 'customer_id' AS uuid)",
    organization="CAST(t.state -> 'requester' -> 'organization' ->> 'id' AS uuid)",
    team="CAST(t.state -> 'assignee' ->> 'team_id' AS uuid)",
)
_TICKET: Final = """SELECT t.state::text AS state FROM tickets t
    WHERE (t.id = CAST(:id AS uuid) OR t.number = CAST(:number AS bigint)) AND {visible}"""
_CONVERSATION: Final = """SELECT m.id, m.kind, m.at, m.content::text AS content FROM messages m JOIN tickets t ON t.id = m.ticket_id
    WHERE (t.id = CAST(:id AS uuid) OR t.number = CAST(:number AS bigint)) AND {visible} AND (:notes OR m.kind <> 'note')
    ORDER BY m.at, m.id"""


class _MessageRow(NamedTuple):
    id: UUID
    kind: str
    at: datetime
    content: str


async def ticket(connection: Connection, reference: TicketReference, visibility: Visibility) -> Ticket | None:
    """The ticket, if it is there and seen."""
    visible = condition(visibility, _WHOSE)
    statement = text(_TICKET.format(visible=visible.sql))
    found = (await connection.execute(statement, {**_named(reference), **visible.values})).scalar_one_or_none()
    return None if found is None else STATE.validate_json(found)


async def conversation(connection: Connection, reference: TicketReference, visibility: Visibility) -> list[dict[str, Any]]:
    """Every message in and out and every note, oldest first; notes only for those whom they are shown to."""
    visible = condition(visibility, _WHOSE)
    statement = text(_CONVERSATION.format(visible=visible.sql))
    values = {**_named(reference), **visible.values, "notes": visibility.shows("notes")}
    rows = await fetch(connection, Query(statement, _MessageRow), values)
    return [{"id": row.id, "kind": row.kind, "at": row.at, **orjson.loads(row.content)} for row in rows]


def _named(reference: TicketReference) -> dict[str, int | UUID | None]:
    value = reference.value
    return {"id": None, "number": value} if isinstance(value, int) else {"id": value, "number": None}
