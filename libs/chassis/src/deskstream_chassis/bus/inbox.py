"""The inbox: which messages a service has handled. Claimed in the transaction of their effect, so each has one effect."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, Table, func, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.store.database import Connection

_CLAIM = text("""
WITH fresh AS (
    INSERT INTO inbox (event_id) SELECT unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING RETURNING event_id
)
SELECT event_id, EXISTS (SELECT FROM parked) FROM fresh
UNION ALL SELECT NULL, EXISTS (SELECT FROM parked)
""")
_RELEASE = text("DELETE FROM inbox WHERE event_id = ANY(CAST(:ids AS uuid[]))")


def inbox_table(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("event_id", PgUUID, primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    )


async def claim(connection: Connection, ids: Sequence[UUID]) -> tuple[set[UUID], bool]:
    """Claims messages for this transaction; returns those never handled before, and whether any key is parked.

    A message that another transaction has claimed and not yet committed is waited for.
    """
    # Sorted, so that two transactions that claim the same messages cannot wait for each other.
    rows = (await connection.execute(_CLAIM, {"ids": sorted(ids)})).all()
    return {row[0] for row in rows if row[0] is not None}, bool(rows[0][1])


async def release(connection: Connection, ids: Sequence[UUID]) -> None:
    """Takes claims back, for messages that are parked instead of handled."""
    if ids:
        await connection.execute(_RELEASE, {"ids": list(ids)})
