"""What can be undone, and what is held until it is sent."""

from alembic import op

from deskstream_chassis.store.migrations import create_undo_table_v1

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_undo_table_v1(op)
    op.execute("""
        CREATE TABLE held_messages (
            id uuid PRIMARY KEY, ticket_id uuid NOT NULL REFERENCES tickets (id), due_at timestamptz NOT NULL,
            content jsonb NOT NULL, refused text
        )""")
    op.execute("CREATE INDEX ix_held_messages_ticket_id ON held_messages (ticket_id)")
    op.execute("CREATE INDEX ix_held_messages_due ON held_messages (due_at) WHERE refused IS NULL")
