"""Reads of deliveries and addresses."""

from datetime import datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch
from deskstream_contracts.events.notifications import NotificationKind

DeliveryStatus = Literal["queued", "sending", "sent", "failed"]


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
    queued_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None


class CountRow(NamedTuple):
    kind: NotificationKind
    status: DeliveryStatus
    deliveries: int
    most_attempts: int


class SuppressedRow(NamedTuple):
    email: str
    reason: str


_DELIVERIES: Final = Query(
    text("""
        SELECT id, ticket_id, ticket_number, kind, recipient, language, rfc_message_id, status, attempts, detail, queued_at,
               next_attempt_at, finished_at
        FROM deliveries
        WHERE (CAST(:ticket AS uuid) IS NULL OR ticket_id = :ticket) AND (CAST(:status AS text) IS NULL OR status = :status)
            AND (CAST(:before AS timestamptz) IS NULL OR queued_at < :before)
        ORDER BY queued_at DESC LIMIT :n"""),
    DeliveryRow,
)
_SUMMARY: Final = Query(
    text("""
        SELECT kind, status, count(*) AS deliveries, max(attempts) AS most_attempts FROM deliveries
        GROUP BY kind, status ORDER BY kind, status"""),
    CountRow,
)
_SUPPRESSED: Final = Query(
    text("""
        SELECT email, state->>'suppressed_because' AS reason FROM addresses
        WHERE state->>'suppressed_because' IS NOT NULL ORDER BY email"""),
    SuppressedRow,
)


async def deliveries(
    connection: Connection, ticket: UUID | None, status: DeliveryStatus | None, before: datetime | None, limit: int
) -> list[DeliveryRow]:
    """Deliveries, the newest first; those that were queued before a moment, where one is given."""
    return await fetch(connection, _DELIVERIES, {"ticket": ticket, "status": status, "before": before, "n": limit})


async def summary(connection: Connection) -> list[CountRow]:
    """How many deliveries of each kind have which status."""
    return await fetch(connection, _SUMMARY)


async def suppressed(connection: Connection) -> list[SuppressedRow]:
    """Addresses that are not written to, and why."""
    return await fetch(connection, _SUPPRESSED)
