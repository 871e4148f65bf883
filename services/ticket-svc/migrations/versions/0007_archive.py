"""Archiving finds what was closed long ago."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(
            """CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_tickets_closed ON tickets ((state ->> 'closed_at'))
                WHERE state ->> 'status' = 'closed' AND state ->> 'archived_at' IS NULL"""
        )
