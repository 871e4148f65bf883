"""Customers, organizations with their domains, and the chassis's tables."""

from alembic import op

from deskstream_chassis.store.migrations import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_chassis_tables_v1(op)
    op.execute("""
        CREATE TABLE customers (
            id uuid PRIMARY KEY, version integer NOT NULL,
            email text NOT NULL UNIQUE CHECK (email = lower(email)), domain text NOT NULL,
            state jsonb NOT NULL
        )""")
    op.execute("CREATE INDEX ix_customers_domain ON customers (domain, id)")
    op.execute("""
        CREATE TABLE organizations (
            id uuid PRIMARY KEY, version integer NOT NULL, name text NOT NULL UNIQUE, state jsonb NOT NULL
        )""")
    op.execute("""
        CREATE TABLE organization_domains (
            domain text PRIMARY KEY CHECK (domain = lower(domain)), organization_id uuid NOT NULL REFERENCES organizations (id)
        )""")
    op.execute("CREATE INDEX ix_organization_domains_organization ON organization_domains (organization_id)")
