"""Reads of the ledger, for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import and_, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from deskstream_chassis.watch.backlog import Waiting
from ingest_svc import metrics
from ingest_svc.domain.receipts import Door, Outcome, RawGone, State
from ingest_svc.persistence.tables import raw_messages, receipts

_HIDDEN: Final = ("raw_id", "relay_trusted", "fingerprint", "idempotency", "raw_kept", "raw_gone")
_SHOWN: Final = [c for c in receipts.c if c.name not in _HIDDEN]
# What was let go before anybody said why was old.
_GONE: Final = case((receipts.c.raw_kept, None), else_=func.coalesce(receipts.c.raw_gone, "age")).label("raw_gone")
_SUMMARY: Final = text(
    "SELECT state, outcome, reason, count(*) AS entries FROM receipts GROUP BY state, outcome, reason ORDER BY 1, 2, 3"
)
_OLDEST_OPEN: Final = text("""
SELECT id, state, received_at FROM (
    (SELECT id, state, received_at FROM receipts WHERE state <> 'closed' AND state = 'received' ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT id, state, received_at FROM receipts WHERE state <> 'closed' AND state = 'sorted' ORDER BY id LIMIT 1)
) AS oldest ORDER BY id LIMIT 1
""")
# Content is stored as it is, and so PostgreSQL fetches no more of it than this.
_PIECE: Final = text(
    "SELECT substring(content FROM CAST(:begin AS integer) FOR CAST(:size AS integer)) FROM raw_messages WHERE id = :id"
)
WAITING: Final = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM now() - min(received_at)), 0)
        FROM receipts WHERE state <> 'closed'"""),
    (metrics.OPEN, metrics.OLDEST_OPEN),
)


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which entries are looked for: those that are equal in all that is given, received from `since` on and before `until`."""

    outcome: Outcome | None = None
    reason: str | None = None
    state: State | None = None
    door: Door | None = None
    sender: str | None = None
    ticket_number: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class RawMessage(NamedTuple):
    """A message as it was received: where its bytes lie, and how many there are; `kept`: whether they still do."""

    media_type: str
    raw_id: UUID
    size: int
    outcome: Outcome | None
    kept: bool
    gone: RawGone | None


class TicketOf(NamedTuple):
    """Which ticket a message belongs to; None of none (yet)."""

    ticket_id: UUID | None


_EQUAL: Final = ("outcome", "reason", "state", "door", "sender", "ticket_number")


async def page(connection: AsyncConnection, wanted: LedgerFilter, before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Entries, newest first, those before the entry `before`."""
    conditions = [receipts.c[name] == value for name in _EQUAL if (value := getattr(wanted, name)) is not None]
    if wanted.since is not None:
        conditions.append(receipts.c.received_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(receipts.c.received_at < wanted.until)
    if before is not None:
        conditions.append(receipts.c.id < before)
    # Ids are UUIDv7: their order is the order of receipt.
    statement = select(*_SHOWN, _GONE).where(and_(True, *conditions)).order_by(receipts.c.id.desc()).limit(limit)
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def entry(connection: AsyncConnection, id_: UUID) -> dict[str, Any] | None:
    """One entry; None where there is none of this id."""
    row = (await connection.execute(select(*_SHOWN, _GONE).where(receipts.c.id == id_))).mappings().one_or_none()
    return None if row is None else dict(row)


async def ticket_of(connection: AsyncConnection, id_: UUID) -> TicketOf | None:
    """The ticket of a message; None where there is no such message."""
    row = (await connection.execute(select(receipts.c.ticket_id).where(receipts.c.id == id_))).one_or_none()
    return None if row is None else TicketOf(*row)


async def raw(connection: AsyncConnection, id_: UUID) -> RawMessage | None:
    """A message as it was received; None where there is no such message."""
    # Its bytes may still be there for another entry that shares them.
    held = and_(raw_messages.c.id == receipts.c.raw_id, receipts.c.raw_kept)
    columns = (receipts.c.media_type, receipts.c.raw_id, receipts.c.size, receipts.c.outcome, raw_messages.c.id.is_not(None), _GONE)
    statement = select(*columns).select_from(receipts.outerjoin(raw_messages, held)).where(receipts.c.id == id_)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else RawMessage(*row)


async def piece(connection: AsyncConnection, raw_id: UUID, begin: int, size: int) -> bytes:
    """So many bytes of what was received, from `begin` on; none behind its end, and where it is gone."""
    found = await connection.execute(_PIECE, {"id": raw_id, "begin": begin + 1, "size": size})
    content: bytes | None = found.scalar_one_or_none()
    return content or b""


async def summary(connection: AsyncConnection) -> tuple[list[dict[str, Any]], Any]:
    """Counts by state, outcome and reason, and the oldest entry without an outcome."""
    counts = [dict(row) for row in (await connection.execute(_SUMMARY)).mappings()]
    oldest = (await connection.execute(_OLDEST_OPEN)).one_or_none()
    return counts, oldest
