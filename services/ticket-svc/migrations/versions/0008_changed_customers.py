"""Customers who have become otherwise: their open tickets follow. What organizations are called, for those who join one."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""CREATE TABLE changed_customers (
        id uuid PRIMARY KEY, version integer NOT NULL, content jsonb NOT NULL, after_ticket uuid, due_at timestamptz NOT NULL,
        last_look boolean NOT NULL
    )""")
    op.execute("CREATE INDEX ix_changed_customers_due ON changed_customers (due_at)")
    op.execute("""CREATE TABLE heard_organizations (
        id uuid PRIMARY KEY, version integer NOT NULL, name text NOT NULL, custom_fields jsonb NOT NULL
    )""")
    with op.get_context().autocommit_block():
        op.execute(
            """CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_tickets_customer ON tickets
                ((CAST(state -> 'requester' ->> 'customer_id' AS uuid)), id) WHERE state ->> 'status' <> 'closed'"""
        )
