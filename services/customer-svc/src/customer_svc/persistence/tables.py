"""The tables of customer-svc."""

from sqlalchemy import Column, ForeignKey, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import UUID

from deskstream_chassis.documents.versions import documents_table
from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.store.aggregates import aggregate_table
from deskstream_chassis.store.history import history_table

metadata = MetaData()
define_chassis_tables(metadata)
history_table(metadata)
documents_table(metadata)

customers = aggregate_table(
    "customers", metadata, Column("email", Text, nullable=False, unique=True), Column("domain", Text, nullable=False)
)
organizations = aggregate_table("organizations", metadata, Column("name", Text, nullable=False, unique=True))
organization_domains = Table(
    "organization_domains",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("organization_id", UUID, ForeignKey("organizations.id"), nullable=False, index=True),
)
