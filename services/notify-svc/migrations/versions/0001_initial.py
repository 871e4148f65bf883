"""Deliveries, what is known of addresses and people, and the chassis's tables."""

from alembic import op

from deskstream_chassis.store.migrations import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_chassis_tables_v1(op)
    op.execute("""
        CREATE TABLE deliveries (
            id uuid PRIMARY KEY, ticket_id uuid NOT NULL, ticket_number bigint NOT NULL, kind text NOT NULL,
            recipient text NOT NULL, language text NOT NULL, rfc_message_id text NOT NULL, envelope_from text NOT NULL,
            content bytea NOT NULL, status text NOT NULL, attempts integer NOT NULL DEFAULT 0, detail text NOT NULL DEFAULT '',
            queued_at timestamptz NOT NULL, next_attempt_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
            claimed_by text, claimed_until timestamptz, finished_at timestamptz,
            correlation_id text NOT NULL, traceparent text NOT NULL
        )""")
    op.execute("CREATE INDEX ix_deliveries_queued ON deliveries (next_attempt_at) WHERE status = 'queued'")
    op.execute("CREATE INDEX ix_deliveries_sending ON deliveries (claimed_until) WHERE status = 'sending'")
    op.execute("CREATE INDEX ix_deliveries_ticket ON deliveries (ticket_id)")
    op.execute(
        "CREATE TABLE addresses (id uuid PRIMARY KEY, version integer NOT NULL, email text NOT NULL UNIQUE, state jsonb NOT NULL)"
    )
    op.execute("CREATE TABLE people (id uuid PRIMARY KEY, version integer NOT NULL, state jsonb NOT NULL)")
