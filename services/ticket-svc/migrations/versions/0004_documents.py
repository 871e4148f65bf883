"""Settings in versions: types of tickets, and closing by itself, which finds what was resolved long ago."""

from alembic import op

from deskstream_chassis.store.migrations import create_documents_table_v1

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_documents_table_v1(op)
    with op.get_context().autocommit_block():
        op.execute(
            """CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_tickets_resolved ON tickets ((state ->> 'resolved_at'))
                WHERE state ->> 'status' = 'resolved'"""
        )
