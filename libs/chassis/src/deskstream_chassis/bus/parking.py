"""Parked messages: poison, and everything of the same key that came after it, in order, until somebody replays or discards them.

What could not be sent is parked here as well, in the service that has recorded it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol
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
from deskstream_chassis.store.outbox import outbox_table
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


MOST_LISTED: Final = 1000
OUTGOING: Final = -1
"""The partition of what was to be sent, and never was in one."""
_TABLE = parked_table(MetaData())
_OUTBOX = outbox_table(MetaData())
_AMONG: Final = text("""
    SELECT DISTINCT p.topic, p.key FROM parked AS p
    JOIN unnest(CAST(:topics AS text[]), CAST(:keys AS text[])) AS a(topic, key) ON a.topic = p.topic AND a.key = p.key""")
_OUTGOING_KEYS: Final = text("SELECT DISTINCT topic, key FROM parked WHERE partition_no = :outgoing")
_UNSEND: Final = text("DELETE FROM outbox WHERE id = :id")


class Unsent(Protocol):
    """A row of the outbox."""

    @property
    def id(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def headers(self) -> str: ...
    @property
    def value(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which parked keys: all that are said must hold. `error`: a part of what was wrong with the first, as it is written; `after`:
    those behind the key with this `id`."""

    topic: str | None = None
    key: str | None = None
    error: str | None = None
    after: int = 0


class ParkedMessages(NamedTuple):
    """The messages of one key: how many wait, since when, and what was wrong with the first. `id` orders keys, the oldest first."""

    id: int
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
        SELECT * FROM (
            SELECT min(id) AS id, topic, key, count(*) AS messages, min(parked_at) AS since,
                   (array_agg(event_type ORDER BY id))[1] AS event_type, (array_agg(event_id ORDER BY id))[1] AS event_id,
                   (array_agg(error ORDER BY id))[1] AS error
            FROM parked
            WHERE (CAST(:topic AS text) IS NULL OR topic = :topic) AND (CAST(:key AS text) IS NULL OR key = :key)
            GROUP BY topic, key
        ) AS keys
        WHERE (CAST(:error AS text) IS NULL OR strpos(error, :error) > 0) AND id > :after ORDER BY id LIMIT :limit"""),
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


async def keys(connection: Connection, among: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of some topics and keys that are parked."""
    topics, names = zip(*among, strict=True)
    return {(t, k) for t, k in await connection.execute(_AMONG, {"topics": list(topics), "keys": list(names)})}


async def outgoing_keys(connection: Connection) -> set[tuple[str, str]]:
    """Topics and keys whose messages are not to be sent for now."""
    return {(t, k) for t, k in await connection.execute(_OUTGOING_KEYS, {"outgoing": OUTGOING})}


async def park_unsent(connection: Connection, unsent: Unsent, error: str | None) -> bool:
    """Moves a row of the outbox here, with what is wrong with it; without that, only where one of its key is here already.

    Returns whether it was moved. In a transaction of its own, so that a row is either to be sent or parked.
    """
    await hold(connection)
    if error is None and (unsent.topic, unsent.key) not in await outgoing_keys(connection):
        return False
    await connection.execute(_UNSEND, {"id": unsent.id})
    headers = json.loads(unsent.headers)
    row = {
        "event_id": UUID(headers["ce_id"]),
        "topic": unsent.topic,
        "partition_no": OUTGOING,
        "offset_no": unsent.id,
        "key": unsent.key,
        "event_type": headers["ce_type"],
        "headers": _kept((name, value.encode()) for name, value in headers.items()),
        "value": unsent.value,
        "poison": error is not None,
        "error": (error or "behind one of the same key that cannot be sent")[:4000],
    }
    await insert_rows(connection, _TABLE, [row], "ON CONFLICT DO NOTHING")
    return True


async def send_again(connection: Connection, message: Received) -> None:
    """Puts a message that could not be sent back into the outbox, behind all that is there."""
    headers = json.dumps({name: value.decode() for name, value in message.headers})
    row = {"topic": message.topic, "key": message.key, "headers": headers, "value": message.value}
    await insert_rows(connection, _OUTBOX, [row])


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
            "headers": _kept(m.headers),
            "value": m.value,
            "poison": error is not None,
            "error": (error or "behind a parked message of the same key").replace("\0", "\\0")[:4000],
        }
        for m, error in messages
    ]
    await insert_rows(connection, _TABLE, rows, "ON CONFLICT DO NOTHING")


def _kept(headers: Iterable[tuple[str, bytes | None]]) -> str:
    return json.dumps([(name, (value or b"").hex()) for name, value in headers])


async def summary(connection: Connection, wanted: Wanted = Wanted(), limit: int = MOST_LISTED) -> list[ParkedMessages]:
    """One row a parked key, the one that has waited longest first."""
    return await fetch(connection, _SUMMARY, {**asdict(wanted), "limit": limit})


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
