"""The tables of customer-svc."""

from sqlalchemy import Column, ForeignKey, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import UUID

from deskstream_chassis.aggregates import aggregate_table
from deskstream_chassis.schema import Mechanics

metadata = MetaData()
mechanics = Mechanics.define("/deskstream/customer-svc", metadata)

customers = aggregate_table("customers", metadata, Column("email", Text, nullable=False, unique=True))
organizations = aggregate_table("organizations", metadata, Column("name", Text, nullable=False, unique=True))
organization_domains = Table(
    "organization_domains",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("organization_id", UUID, ForeignKey("organizations.id"), nullable=False, index=True),
)
