"""The tables of ticket-svc."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from deskstream_chassis.documents.versions import documents_table
from deskstream_chassis.files.tables import define_file_tables
from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.store.aggregates import aggregate_table
from deskstream_chassis.store.history import history_table
from deskstream_chassis.store.undo import undos_table

metadata = MetaData()
define_chassis_tables(metadata)
history_table(metadata)
define_file_tables(metadata)
undos_table(metadata)
documents_table(metadata)

tickets = aggregate_table(
    "tickets",
    metadata,
    Column("thread_root", UUID, nullable=False, unique=True),
    Column("number", BigInteger, nullable=False, unique=True),
)

messages = Table(
    "messages",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("ticket_id", UUID, ForeignKey("tickets.id", deferrable=True, initially="DEFERRED"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", JSONB, nullable=False),
)

changed_customers = Table(
    "changed_customers",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("after_ticket", UUID),
    Column("due_at", DateTime(timezone=True), nullable=False, index=True),
    Column("last_look", Boolean, nullable=False),
)

heard_organizations = Table(
    "heard_organizations",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("custom_fields", JSONB, nullable=False),
)

held_messages = Table(
    "held_messages",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("ticket_id", UUID, ForeignKey("tickets.id"), nullable=False, index=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("content", JSONB, nullable=False),
    Column("refused", Text),
)
