"""History: the events of a service's aggregates, kept longer than Kafka does.

The outbox has each event with the state after it, so that nothing is written for history when something happens: what was sent is
not deleted but moved, in the statement with which the relay forgets it. One partition a month, so that old ones are dropped as a
whole; what no partition is there for goes into `history_rest`, as nothing may stop the relay.

It begins with the release that brought it: of an aggregate that is older the first event kept has a `sequence` greater than 1.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch, find_one

MONTHS_AHEAD: Final = 3
"""So many partitions are there before they are needed: this month's among them."""


def history_table(metadata: MetaData) -> Table:
    """Adds it to a service's metadata."""
    return Table(
        "history",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("id", PgUUID, nullable=False),
        Column("type", Text, nullable=False),
        Column("correlation_id", Text, nullable=False),
        Column("causation_id", PgUUID),
        Column("value", LargeBinary, nullable=False),
        postgresql_partition_by="RANGE (at)",
    )


def forgetting(topics: Sequence[str], ids: str) -> str:
    """The parts of a WITH that take the rows named by the parameter `ids` out of the outbox, and keep those of these topics."""
    gone = f"gone AS (DELETE FROM outbox WHERE id = ANY(CAST(:{ids} AS bigint[])) RETURNING topic, key, headers, value)"
    if not topics:
        return gone
    names = ", ".join(f"'{topic}'" for topic in topics)
    return f"""{gone}, kept AS (INSERT INTO history (topic, key, {_COLUMNS})
        SELECT topic, key, {_OF_OUTBOX} FROM gone, {_ATTRIBUTES} WHERE topic IN ({names}))"""


class Happened(NamedTuple):
    """An event of an aggregate, and its data as JSON. `at` is its `ce_time`; the other names are those of its attributes too."""

    at: datetime
    sequence: int
    id: UUID
    type: str
    correlation_id: str
    causation_id: UUID | None
    value: bytes


# Of an event's headers what somebody may ask for in a year: the rest is the same in all of them, or gone with its trace.
_COLUMNS: Final = "at, sequence, id, type, correlation_id, causation_id, value"
_ATTRIBUTES: Final = """LATERAL jsonb_to_record(CAST(headers AS jsonb)) AS h (ce_time timestamptz, ce_sequence bigint, ce_id uuid,
    ce_type text, ce_correlationid text, ce_causationid uuid)"""
_OF_OUTBOX: Final = "h.ce_time, coalesce(h.ce_sequence, 0), h.ce_id, h.ce_type, h.ce_correlationid, h.ce_causationid, value"
# What is not sent yet, or not forgotten yet, is in the outbox: a row moves within one statement, so that it is in one of the two.
_ALL: Final = f"""(SELECT {_COLUMNS} FROM history WHERE topic = :topic AND key = :key {{kept}}
    UNION ALL SELECT {_COLUMNS} FROM (SELECT {_OF_OUTBOX} FROM outbox, {_ATTRIBUTES} WHERE topic = :topic AND key = :key)
        AS waiting ({_COLUMNS}) WHERE true {{kept}}) AS happened"""
_AFTER: Final = Query(
    text(f"SELECT {_COLUMNS} FROM {_ALL.format(kept='AND sequence > :after')} ORDER BY sequence LIMIT :limit"), Happened
)
_UNTIL: Final = Query(
    text(f"SELECT {_COLUMNS} FROM {_ALL.format(kept='AND at <= :until')} ORDER BY sequence DESC LIMIT 1"), Happened
)


async def after(connection: Connection, topic: str, key: str, sequence: int, limit: int) -> list[Happened]:
    """What happened to an aggregate behind a sequence (0: from the beginning of what is kept), oldest first."""
    return await fetch(connection, _AFTER, {"topic": topic, "key": key, "after": sequence, "limit": limit})


async def last_until(connection: Connection, topic: str, key: str, until: datetime) -> Happened | None:
    """What happened last by then, of what is kept."""
    return await find_one(connection, _UNTIL, {"topic": topic, "key": key, "until": until})


def month_of(at: datetime) -> datetime:
    """The beginning of a month, in UTC."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def months_later(month: datetime, months: int) -> datetime:
    """The beginning of the month so many months later; earlier where negative."""
    years, zero_based = divmod(month.year * 12 + month.month - 1 + months, 12)
    return month.replace(year=years, month=zero_based + 1)


def partition_of(month: datetime) -> str:
    """The name of a month's partition."""
    return f"history_{month:%Y_%m}"


def create_partition(month: datetime) -> str:
    """The statement that makes a month's partition where it is not there yet."""
    end = months_later(month, 1)
    return (
        f"CREATE TABLE IF NOT EXISTS {partition_of(month)} PARTITION OF history "
        f"FOR VALUES FROM ('{month.isoformat()}') TO ('{end.isoformat()}')"
    )
