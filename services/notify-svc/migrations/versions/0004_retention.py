"""Indexes by age, for retention; and whether what a delivery said is still kept."""

from alembic import op

from deskstream_chassis.store.migrations import index_chassis_tables_by_age_v2

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE deliveries ADD COLUMN has_content boolean NOT NULL DEFAULT true")
    index_chassis_tables_by_age_v2(op)
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_ended ON deliveries (finished_at) WHERE finished_at IS NOT NULL"
        )
        op.execute("""CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_content ON deliveries (finished_at)
               WHERE finished_at IS NOT NULL AND has_content""")
