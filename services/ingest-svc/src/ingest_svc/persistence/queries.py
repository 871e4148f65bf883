"""Reads of the ledger, for people."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select, text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.watch.backlog import Waiting
from ingest_svc import metrics
from ingest_svc.persistence.tables import raw_messages, receipts

_SHOWN = [c for c in receipts.c if c.name not in ("raw_id", "relay_trusted", "fingerprint", "idempotency")]
_SUMMARY = text("SELECT state, outcome, reason, count(*) AS entries FROM receipts GROUP BY state, outcome, reason ORDER BY 1, 2, 3")
_OLDEST_OPEN = text("""
SELECT id, state, received_at FROM (
    (SELECT id, state, received_at FROM receipts WHERE state <> 'closed' AND state = 'received' ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT id, state, received_at FROM receipts WHERE state <> 'closed' AND state = 'sorted' ORDER BY id LIMIT 1)
) AS oldest ORDER BY id LIMIT 1
""")
WAITING: Final = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM now() - min(received_at)), 0)
        FROM receipts WHERE state <> 'closed'"""),
    (metrics.OPEN, metrics.OLDEST_OPEN),
)


async def page(connection: Connection, filters: Mapping[str, Any], before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Entries, newest first. `filters`: equal columns, and `since`/`until` (received_at, half open)."""
    given = {name: value for name, value in filters.items() if value is not None}
    conditions = [receipts.c[name] == value for name, value in given.items() if name not in ("since", "until")]
    if "since" in given:
        conditions.append(receipts.c.received_at >= given["since"])
    if "until" in given:
        conditions.append(receipts.c.received_at < given["until"])
    if before is not None:
        conditions.append(receipts.c.id < before)
    # Ids are UUIDv7: their order is the order of receipt.
    statement = select(*_SHOWN).where(and_(True, *conditions)).order_by(receipts.c.id.desc()).limit(limit)
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def entry(connection: Connection, id_: UUID) -> dict[str, Any] | None:
    row = (await connection.execute(select(*_SHOWN).where(receipts.c.id == id_))).mappings().one_or_none()
    return None if row is None else dict(row)


async def raw(connection: Connection, id_: UUID) -> tuple[str, bytes] | None:
    """Media type and bytes of a message, as it was received."""
    joined = receipts.join(raw_messages, raw_messages.c.id == receipts.c.raw_id)
    statement = select(receipts.c.media_type, raw_messages.c.content).select_from(joined).where(receipts.c.id == id_)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def summary(connection: Connection) -> tuple[list[dict[str, Any]], Any]:
    """Counts by state, outcome and reason, and the oldest entry without an outcome."""
    counts = [dict(row) for row in (await connection.execute(_SUMMARY)).mappings()]
    oldest = (await connection.execute(_OLDEST_OPEN)).one_or_none()
    return counts, oldest
