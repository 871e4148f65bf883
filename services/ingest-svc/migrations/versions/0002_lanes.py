"""Where a receipt waits to be sorted, how often it was tried, and who handed it in."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """ALTER TABLE receipts ADD COLUMN peer text, ADD COLUMN lane smallint NOT NULL DEFAULT 0,
            ADD COLUMN attempts smallint NOT NULL DEFAULT 0"""
    )
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_receipts_slow ON receipts (lane, id) WHERE state = 'received' AND lane > 0"
        )
