"""The tables of notify-svc."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.store.aggregates import aggregate_table

metadata = MetaData()
define_chassis_tables(metadata)

addresses = aggregate_table("addresses", metadata, Column("email", Text, nullable=False, unique=True))
people = aggregate_table("people", metadata)
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("ticket_id", UUID, nullable=False),
    Column("ticket_number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("rfc_message_id", Text, nullable=False),
    Column("envelope_from", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("files", JSONB, nullable=False, server_default="[]"),
    Column("has_content", Boolean, nullable=False, server_default="true"),  # false: it is no longer kept
    Column("status", Text, nullable=False),  # queued, sending, sent, failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("detail", Text, nullable=False, server_default=""),
    Column("answers", JSONB, nullable=False, server_default="[]"),
    Column("began_at", DateTime(timezone=True)),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("claimed_by", Text),
    Column("claimed_until", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("correlation_id", Text, nullable=False),
    Column("traceparent", Text, nullable=False),
)
