"""Indexes by age, for retention; and whether an entry still holds its raw message."""

from alembic import op

from deskstream_chassis.store.migrations import index_chassis_tables_by_age_v2

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE receipts ADD COLUMN raw_kept boolean NOT NULL DEFAULT true")
    index_chassis_tables_by_age_v2(op)
    with op.get_context().autocommit_block():
        op.execute("""CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_receipts_raw_kept ON receipts (closed_at)
               WHERE closed_at IS NOT NULL AND outcome <> 'quarantined' AND raw_kept""")
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_receipts_raw_shared ON receipts (raw_id) WHERE raw_id <> id")
