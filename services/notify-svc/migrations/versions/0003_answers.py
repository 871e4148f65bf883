"""Every attempt's answer, the newest at the end; and an index for what has failed of late."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE deliveries ADD COLUMN answers jsonb NOT NULL DEFAULT '[]'")
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_failed ON deliveries (finished_at) WHERE status = 'failed'"
        )
