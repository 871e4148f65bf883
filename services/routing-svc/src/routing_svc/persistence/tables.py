"""The tables of routing-svc."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.store.aggregates import aggregate_table
from deskstream_chassis.store.history import history_table

metadata = MetaData()
define_chassis_tables(metadata)
history_table(metadata)

teams = aggregate_table("teams", metadata, Column("name_key", Text, nullable=False, unique=True))
agents = aggregate_table("agents", metadata, Column("email", Text, nullable=False, unique=True))
tickets = aggregate_table("tickets", metadata, Column("number", BigInteger, index=True))

rotations = Table(
    "rotations",
    metadata,
    Column("team_id", UUID, primary_key=True),
    Column("turns", JSONB, nullable=False),
)

agent_loads = Table(
    "agent_loads",
    metadata,
    Column("agent_id", UUID, primary_key=True),
    Column("open_tickets", Integer, nullable=False),
)

configurations = Table(
    "configurations",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("rules", JSONB, nullable=False),
    Column("note", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

current_versions = Table(
    "current_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("configuration_version", Integer, nullable=False),
    Column("workforce_version", BigInteger, nullable=False),
)

field_definitions = Table(
    "field_definitions",
    metadata,
    Column("document", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("content", JSONB, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("ticket_id", UUID, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("configuration_version", Integer, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("input", JSONB, nullable=False),
    Column("decision", JSONB, nullable=False),
)
