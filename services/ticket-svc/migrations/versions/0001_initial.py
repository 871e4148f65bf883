"""Tickets, their conversations, and the chassis's tables."""

from alembic import op

from deskstream_chassis.store.migrations import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_chassis_tables_v1(op)
    # People start counting where nobody takes the number for a count of tickets.
    op.execute("CREATE SEQUENCE ticket_number START 1001")
    op.execute("""
        CREATE TABLE tickets (
            id uuid PRIMARY KEY, version integer NOT NULL, thread_root uuid NOT NULL UNIQUE, number bigint NOT NULL UNIQUE,
            state jsonb NOT NULL
        )""")
    op.execute("""
        CREATE TABLE messages (
            id uuid PRIMARY KEY, ticket_id uuid NOT NULL REFERENCES tickets (id) DEFERRABLE INITIALLY DEFERRED,
            kind text NOT NULL, at timestamptz NOT NULL, content jsonb NOT NULL
        )""")
    op.execute("CREATE INDEX ix_messages_ticket ON messages (ticket_id, at)")
