"""Reads of deliveries and addresses."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection

_DELIVERIES = text("""
    SELECT id, ticket_id, ticket_number, kind, recipient, language, rfc_message_id, status, attempts, detail, queued_at,
           next_attempt_at, finished_at
    FROM deliveries
    WHERE (CAST(:ticket AS uuid) IS NULL OR ticket_id = :ticket) AND (CAST(:status AS text) IS NULL OR status = :status)
        AND (CAST(:before AS timestamptz) IS NULL OR queued_at < :before)
    ORDER BY queued_at DESC LIMIT :n""")
_SUMMARY = text("""
    SELECT kind, status, count(*) AS deliveries, max(attempts) AS most_attempts FROM deliveries
    GROUP BY kind, status ORDER BY kind, status""")
_SUPPRESSED = text("""
    SELECT email, state->>'suppressed_because' AS reason FROM addresses
    WHERE state->>'suppressed_because' IS NOT NULL ORDER BY email""")


async def deliveries(
    connection: Connection, ticket: UUID | None, status: str | None, before: datetime | None, limit: int
) -> list[dict[str, Any]]:
    """Deliveries, the newest first."""
    rows = await connection.execute(_DELIVERIES, {"ticket": ticket, "status": status, "before": before, "n": limit})
    return [dict(row._mapping) for row in rows]


async def summary(connection: Connection) -> list[dict[str, Any]]:
    """How many deliveries of each kind have which status."""
    return [dict(row._mapping) for row in await connection.execute(_SUMMARY)]


async def suppressed(connection: Connection) -> list[dict[str, Any]]:
    """Addresses that are not written to, and why."""
    return [dict(row._mapping) for row in await connection.execute(_SUPPRESSED)]
