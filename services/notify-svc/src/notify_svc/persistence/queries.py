"""Reads of deliveries and addresses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch, find_one
from deskstream_contracts.api.deliveries import DeliveryStatus
from deskstream_contracts.events.notifications import NotificationKind


class DeliveryRow(NamedTuple):
    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: NotificationKind
    recipient: str
    language: str
    rfc_message_id: str
    status: DeliveryStatus
    attempts: int
    detail: str
    answers: str
    queued_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None
    files: str


class CountRow(NamedTuple):
    kind: NotificationKind
    status: DeliveryStatus
    deliveries: int
    most_attempts: int


class SuppressedRow(NamedTuple):
    email: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """`cursor` is the last delivery of the page before; `before` a moment that it was queued before."""

    ticket_id: UUID | None = None
    status: DeliveryStatus | None = None
    before: datetime | None = None
    cursor: UUID | None = None


_COLUMNS: Final = """id, ticket_id, ticket_number, kind, recipient, language, rfc_message_id, status, attempts, detail,
    CAST(answers AS text) AS answers, queued_at, next_attempt_at, finished_at, CAST(files AS text) AS files"""
# Deliveries of one batch have one moment: so a page goes on behind a moment and an id.
_DELIVERIES: Final = Query(
    text(f"""
        SELECT {_COLUMNS} FROM deliveries
        WHERE (CAST(:ticket AS uuid) IS NULL OR ticket_id = :ticket) AND (CAST(:status AS text) IS NULL OR status = :status)
            AND (CAST(:before AS timestamptz) IS NULL OR queued_at < :before)
            AND (CAST(:cursor AS uuid) IS NULL
                 OR (queued_at, id) < (SELECT queued_at, id FROM deliveries WHERE id = CAST(:cursor AS uuid)))
        ORDER BY queued_at DESC, id DESC LIMIT :n"""),
    DeliveryRow,
)
_DELIVERY: Final = Query(text(f"SELECT {_COLUMNS} FROM deliveries WHERE id = :id"), DeliveryRow)
_SUMMARY: Final = Query(
    text("""
        SELECT kind, status, count(*) AS deliveries, max(attempts) AS most_attempts FROM deliveries
        GROUP BY kind, status ORDER BY kind, status"""),
    CountRow,
)
_SUPPRESSED: Final = Query(
    text("""
        SELECT email, state->>'suppressed_because' AS reason FROM addresses
        WHERE state->>'suppressed_because' IS NOT NULL AND email > :after ORDER BY email LIMIT :n"""),
    SuppressedRow,
)


async def deliveries(connection: Connection, wanted: DeliveryFilter, limit: int) -> list[DeliveryRow]:
    """Deliveries, the newest first; none behind a cursor that there is not."""
    values = {"ticket": wanted.ticket_id, "status": wanted.status, "before": wanted.before, "cursor": wanted.cursor, "n": limit}
    return await fetch(connection, _DELIVERIES, values)


async def delivery(connection: Connection, id_: UUID) -> DeliveryRow | None:
    """One delivery."""
    return await find_one(connection, _DELIVERY, {"id": id_})


async def summary(connection: Connection) -> list[CountRow]:
    """How many deliveries of each kind have which status."""
    return await fetch(connection, _SUMMARY)


async def suppressed(connection: Connection, after: str, limit: int) -> list[SuppressedRow]:
    """Addresses that are not written to, and why: those behind an address, in their order."""
    return await fetch(connection, _SUPPRESSED, {"after": after, "n": limit})
