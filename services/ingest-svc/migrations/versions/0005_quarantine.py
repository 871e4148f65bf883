"""Why a raw message is gone, and what is in quarantine by age."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE receipts ADD COLUMN raw_gone text")
    with op.get_context().autocommit_block():
        op.execute("""CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_receipts_quarantined ON receipts (closed_at)
               WHERE closed_at IS NOT NULL AND outcome = 'quarantined' AND raw_kept""")
