"""Parked messages: poison, and everything of the same key that came after it, in order, until somebody replays or discards them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.bus.messages import Received
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.rows import Query, fetch, find_one


def parked_table(metadata: MetaData) -> Table:
    return Table(
        "parked",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", PgUUID, nullable=False, unique=True),
        Column("topic", Text, nullable=False),
        Column("partition_no", Integer, nullable=False),
        Column("offset_no", BigInteger, nullable=False),
        Column("key", Text, nullable=False),
        Column("event_type", Text, nullable=False),
        Column("headers", Text, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("poison", Boolean, nullable=False),
        Column("error", Text, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


_TABLE = parked_table(MetaData())


class ParkedMessages(NamedTuple):
    """The messages of one key: how many wait, since when, and what was wrong with the first."""

    topic: str
    key: str
    messages: int
    since: datetime
    event_type: str
    event_id: UUID
    error: str


class _Oldest(NamedTuple):
    event_id: UUID
    partition_no: int
    offset_no: int
    event_type: str
    headers: str
    value: bytes


_SUMMARY: Final = Query(
    text("""
        SELECT topic, key, count(*) AS messages, min(parked_at) AS since,
               (array_agg(event_type ORDER BY id))[1] AS event_type, (array_agg(event_id ORDER BY id))[1] AS event_id,
               (array_agg(error ORDER BY id))[1] AS error
        FROM parked GROUP BY topic, key ORDER BY min(id)"""),
    ParkedMessages,
)
_OLDEST: Final = Query(
    text("""SELECT event_id, partition_no, offset_no, event_type, headers, value FROM parked
            WHERE topic = :topic AND key = :key ORDER BY id LIMIT 1"""),
    _Oldest,
)


async def hold(connection: Connection) -> None:
    """Keeps others from parking or replaying until this transaction ends."""
    await connection.execute(text("LOCK TABLE parked IN SHARE ROW EXCLUSIVE MODE"))


async def keys(connection: Connection) -> set[tuple[str, str]]:
    """The parked keys, each with its topic."""
    return {(t, k) for t, k in await connection.execute(text("SELECT DISTINCT topic, key FROM parked"))}


async def park(connection: Connection, messages: Sequence[tuple[Received, str | None]]) -> None:
    """Parks messages with what was wrong with each (None: it stands behind one that is parked)."""
    rows = [
        {
            "event_id": m.event_id,
            "topic": m.topic,
            "partition_no": m.partition,
            "offset_no": m.offset,
            "key": m.key.replace("\0", "\\0"),
            "event_type": m.event_type.replace("\0", "\\0"),
            "headers": json.dumps([(name, (value or b"").hex()) for name, value in m.headers]),
            "value": m.value,
            "poison": error is not None,
            "error": (error or "behind a parked message of the same key").replace("\0", "\\0")[:4000],
        }
        for m, error in messages
    ]
    await insert_rows(connection, _TABLE, rows, "ON CONFLICT DO NOTHING")


async def summary(connection: Connection) -> list[ParkedMessages]:
    """One row a parked key, the one that has waited longest first."""
    return await fetch(connection, _SUMMARY)


async def first_of(connection: Connection, topic: str, key: str) -> Received | None:
    """The oldest parked message of a key, as it was received."""
    row = await find_one(connection, _OLDEST, {"topic": topic, "key": key})
    if row is None:
        return None
    headers = tuple((name, bytes.fromhex(value)) for name, value in json.loads(row.headers))
    text_of = {name: value.decode(errors="replace") for name, value in headers}
    return Received(
        topic=topic,
        partition=row.partition_no,
        offset=row.offset_no,
        key=key,
        event_id=row.event_id,
        event_type=row.event_type,
        time=None,
        sequence=None,
        correlation_id=text_of.get("ce_correlationid", ""),
        traceparent=text_of.get("traceparent"),
        value=row.value,
        headers=headers,
    )


async def forget(connection: Connection, event_id: UUID) -> None:
    await connection.execute(text("DELETE FROM parked WHERE event_id = :id"), {"id": event_id})
