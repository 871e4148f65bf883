"""The tables of sla-svc."""

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.store.aggregates import aggregate_table
from deskstream_chassis.store.history import history_table

metadata = MetaData()
define_chassis_tables(metadata)
history_table(metadata)

slas = aggregate_table("slas", metadata)

timers = Table(
    "timers",
    metadata,
    Column("ticket_id", UUID, primary_key=True),
    Column("clock", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_at", DateTime(timezone=True), nullable=False, index=True),
)

configurations = Table(
    "configurations",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("policies", JSONB, nullable=False),
    Column("calendars", JSONB, nullable=False),
    Column("note", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("ticket_id", UUID, primary_key=True),
    Column("clock", Text, primary_key=True),
    Column("started_at", DateTime(timezone=True), primary_key=True),
    Column("in_time", Boolean),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("policy", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("team", Text),
    Column("organization", Text),
    Column("customer_id", UUID, nullable=False),
)
