"""The tables of ingest-svc. The migrations make them; these definitions are for statements."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.run.chassis_tables import define_chassis_tables

metadata = MetaData()
define_chassis_tables(metadata)

raw_messages = Table(
    "raw_messages",
    metadata,
    Column("id", PgUUID, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", PgUUID, primary_key=True),
    Column("raw_id", PgUUID, nullable=False),
    Column("door", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("mailbox", Text),
    Column("recipient", Text),
    Column("envelope_from", Text),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("relay_trusted", Boolean, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("idempotency", Text),
    Column("state", Text, nullable=False, server_default="received"),
    Column("outcome", Text),
    Column("reason", Text),
    Column("detail", Text),
    Column("rfc_message_id", Text),
    Column("sender", Text),
    Column("subject", Text),
    Column("fingerprint", Text),
    Column("thread_root", PgUUID),
    Column("ticket_id", PgUUID),
    Column("ticket_number", BigInteger),
    Column("sorted_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("peer", Text),
    Column("lane", SmallInteger, nullable=False, server_default="0"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("behind", PgUUID),
    Column("raw_kept", Boolean, nullable=False, server_default="true"),
    Column("raw_gone", Text),
)

threads = Table(
    "threads",
    metadata,
    Column("root", PgUUID, primary_key=True),
    Column("participants", ARRAY(Text), nullable=False),
    Column("ticket_id", PgUUID),
    Column("ticket_number", BigInteger),
    Column("ticket_version", Integer),
)
