"""Who waits outside of the quick lane, by sender. `ix_receipts_slow` is needed by the release before this one alone."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(
            """CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_receipts_slow_senders
               ON receipts (lane, (coalesce(nullif(peer, ''), '-')), (lower(coalesce(envelope_from, ''))), id)
               WHERE state = 'received' AND lane > 0"""
        )
