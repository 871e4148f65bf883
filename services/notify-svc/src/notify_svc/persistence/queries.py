"""Reads of deliveries and addresses."""

from datetime import datetime
from typing import Final, Literal, NamedTuple, cast
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_contracts.events.notifications import NotificationKind

DeliveryStatus = Literal["queued", "sending", "sent", "failed"]
_DELIVERIES: Final = text("""
    SELECT id, ticket_id, ticket_number, kind, recipient, language, rfc_message_id, status, attempts, detail, queued_at,
           next_attempt_at, finished_at
    FROM deliveries
    WHERE (CAST(:ticket AS uuid) IS NULL OR ticket_id = :ticket) AND (CAST(:status AS text) IS NULL OR status = :status)
        AND (CAST(:before AS timestamptz) IS NULL OR queued_at < :before)
    ORDER BY queued_at DESC LIMIT :n""")
_SUMMARY: Final = text("""
    SELECT kind, status, count(*) AS deliveries, max(attempts) AS most_attempts FROM deliveries
    GROUP BY kind, status ORDER BY kind, status""")
_SUPPRESSED: Final = text("""
    SELECT email, state->>'suppressed_because' AS reason FROM addresses
    WHERE state->>'suppressed_because' IS NOT NULL ORDER BY email""")


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


async def deliveries(
    connection: Connection, ticket: UUID | None, status: DeliveryStatus | None, before: datetime | None, limit: int
) -> list[DeliveryRow]:
    """Deliveries, the newest first; those that were queued before a moment, where one is given."""
    rows = await connection.execute(_DELIVERIES, {"ticket": ticket, "status": status, "before": before, "n": limit})
    return cast("list[DeliveryRow]", rows.all())


async def summary(connection: Connection) -> list[CountRow]:
    """How many deliveries of each kind have which status."""
    return cast("list[CountRow]", (await connection.execute(_SUMMARY)).all())


async def suppressed(connection: Connection) -> list[SuppressedRow]:
    """Addresses that are not written to, and why."""
    return cast("list[SuppressedRow]", (await connection.execute(_SUPPRESSED)).all())
