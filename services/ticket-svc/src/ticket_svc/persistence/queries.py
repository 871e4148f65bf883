"""Reads that no aggregate is needed for, of what somebody sees."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text

from deskstream_chassis.files.store import Content
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch, find_one
from deskstream_chassis.store.visibility import Columns, condition
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import File
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.ticket import Ticket
from ticket_svc.persistence.held import HELD
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


_FILE: Final = """SELECT f.id, f.name, f.media_type, f.size, f.sha256, c.id AS content_id, c.in_objects FROM files f
    JOIN file_contents c ON c.id = f.content_id
    JOIN (SELECT id, ticket_id, kind = 'note' AS inside FROM messages WHERE id = :message
        UNION ALL SELECT id, ticket_id, true FROM held_messages WHERE id = :message) AS m ON m.id = f.claimed_for
    JOIN tickets t ON t.id = m.ticket_id
    WHERE f.id = :file AND {visible} AND (:notes OR NOT m.inside)"""
_HELD: Final = """SELECT h.due_at, h.refused, h.content::text AS content, t.state ->> 'subject' AS subject,
    t.state -> 'requester' ->> 'email' AS requester,
    EXISTS (SELECT FROM messages m WHERE m.ticket_id = t.id AND m.kind = 'customer'
        AND m.at > CAST(h.content ->> 'held_at' AS timestamptz)) AS overtaken
    FROM held_messages h JOIN tickets t ON t.id = h.ticket_id
    WHERE (t.id = CAST(:id AS uuid) OR t.number = CAST(:number AS bigint)) AND {visible} ORDER BY h.due_at, h.id"""


_OF_TYPES: Final = """SELECT count(*) FROM tickets t WHERE t.state ->> 'status' IN ('open', 'in_progress')
    AND t.state ->> 'ticket_type' = ANY(CAST(:types AS text[])) AND {visible}"""
_WITHOUT_FIELDS: Final = """SELECT count(*) FROM tickets t WHERE t.state ->> 'status' IN ('open', 'in_progress')
    AND NOT coalesce(t.state -> 'custom_fields' ?& CAST(:keys AS text[]), false) AND {visible}"""
_RESOLVED_FOR: Final = """SELECT count(*) FROM tickets t WHERE t.state ->> 'status' = 'resolved'
    AND CAST(t.state ->> 'resolved_at' AS timestamptz) <= now() - make_interval(days => :days) AND {visible}"""
_CLOSED_FOR: Final = """SELECT count(*) FROM tickets t WHERE t.state ->> 'status' = 'closed' AND t.state ->> 'archived_at' IS NULL
    AND CAST(t.state ->> 'closed_at' AS timestamptz) <= now() - make_interval(days => :days) AND {visible}"""
_CLOSED_BEFORE: Final = text("""SELECT id FROM tickets WHERE state ->> 'status' = 'closed' AND state ->> 'archived_at' IS NULL
    AND state ->> 'closed_at' < :before ORDER BY state ->> 'closed_at' LIMIT :n""")
_RESOLVED_BEFORE: Final = text("""SELECT id FROM tickets WHERE state ->> 'status' = 'resolved' AND state ->> 'resolved_at' < :before
    ORDER BY state ->> 'resolved_at' LIMIT :n""")


class _FileRow(NamedTuple):
    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    content_id: UUID
    in_objects: bool


class _MessageRow(NamedTuple):
    id: UUID
    kind: str
    at: datetime
    content: str


class _HeldRow(NamedTuple):
    due_at: datetime
    refused: str | None
    content: str
    subject: str
    requester: str
    overtaken: bool


async def ticket(connection: Connection, reference: TicketReference, visibility: Visibility) -> Ticket | None:
    """The ticket, if it is there and seen."""
    visible = condition(visibility, _WHOSE)
    statement = text(_TICKET.format(visible=visible.sql))
    found = (await connection.execute(statement, {**_named(reference), **visible.values})).scalar_one_or_none()
    return None if found is None else STATE.validate_json(found)


async def conversation(connection: Connection, reference: TicketReference, visibility: Visibility) -> list[dict[str, Any]]:
    """Every message in and out and every note, oldest first, and then what is held; notes and what is held only for those whom
    notes are shown to: a customer is told an answer when it was sent."""
    visible = condition(visibility, _WHOSE)
    statement = text(_CONVERSATION.format(visible=visible.sql))
    values = {**_named(reference), **visible.values}
    rows = await fetch(connection, Query(statement, _MessageRow), {**values, "notes": visibility.shows("notes")})
    messages = [{"id": row.id, "kind": row.kind, "at": row.at, **orjson.loads(row.content)} for row in rows]
    if not visibility.shows("notes"):
        return messages
    held = await fetch(connection, Query(text(_HELD.format(visible=visible.sql)), _HeldRow), values)
    return messages + [_held(row) for row in held]


async def file(connection: Connection, message: UUID, file_id: UUID, visibility: Visibility) -> tuple[File, Content] | None:
    """A file of a message, if its ticket is seen; one of a note only for those whom notes are shown to."""
    visible = condition(visibility, _WHOSE)
    values = {"file": file_id, "message": message, **visible.values, "notes": visibility.shows("notes")}
    row = await find_one(connection, Query(text(_FILE.format(visible=visible.sql)), _FileRow), values)
    if row is None:
        return None
    found = File(id=row.id, name=row.name, media_type=row.media_type, size=row.size, sha256=row.sha256)
    return found, Content(row.content_id, row.in_objects)


async def resolved_before(connection: Connection, moment: datetime, n: int) -> list[UUID]:
    """Tickets that were resolved before a moment and still are, those that were so first before others."""
    return list((await connection.execute(_RESOLVED_BEFORE, {"before": _as_in_state(moment), "n": n})).scalars())


async def closed_before(connection: Connection, moment: datetime, n: int) -> list[UUID]:
    """Tickets that were closed before a moment and are not archived, those that were so first before others."""
    return list((await connection.execute(_CLOSED_BEFORE, {"before": _as_in_state(moment), "n": n})).scalars())


def _as_in_state(moment: datetime) -> str:
    # A moment in UTC, so that the order of the texts is that of the moments (to the second).
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


async def count_of_types(connection: Connection, types: Sequence[str], visibility: Visibility) -> int:
    """How many tickets that are seen and not done with have one of these types."""
    return await _count(connection, _OF_TYPES, visibility, types=list(types))


async def count_without_fields(connection: Connection, keys: Sequence[str], visibility: Visibility) -> int:
    """How many tickets that are seen and not done with have no value of one of these custom fields."""
    return await _count(connection, _WITHOUT_FIELDS, visibility, keys=list(keys))


async def count_resolved_for(connection: Connection, days: int, visibility: Visibility) -> int:
    """How many tickets that are seen have been resolved for so many days."""
    return await _count(connection, _RESOLVED_FOR, visibility, days=days)


async def count_closed_for(connection: Connection, days: int, visibility: Visibility) -> int:
    """How many tickets that are seen have been closed for so many days, and are not archived."""
    return await _count(connection, _CLOSED_FOR, visibility, days=days)


async def _count(connection: Connection, template: str, visibility: Visibility, **values: object) -> int:
    visible = condition(visibility, _WHOSE)
    statement = text(template.format(visible=visible.sql))
    return int((await connection.execute(statement, {**values, **visible.values})).scalar_one())


def _named(reference: TicketReference) -> dict[str, int | UUID | None]:
    value = reference.value
    return {"id": None, "number": value} if isinstance(value, int) else {"id": value, "number": None}


def _held(row: _HeldRow) -> dict[str, Any]:
    """Like a message of the staff, and what is so of it until it is one."""
    held = HELD.validate_json(row.content)
    return {
        "id": held.id,
        "kind": "agent",
        "at": held.held_at,
        "author": {"id": held.by.id, "name": held.by.name},
        "text": held.text,
        "subject": f"Re: {row.subject}",
        "to": [row.requester],
        "cc": held.cc,
        "files": held.files,
        "held": {
            "until": row.due_at,
            "answers": held.answers,
            "resolves": held.resolves,
            "overtaken": row.overtaken,
            "refused": row.refused,
        },
    }
