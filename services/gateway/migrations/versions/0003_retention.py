"""Indexes by age, for retention."""

from alembic import op

from deskstream_chassis.store.migrations import index_parked_by_age

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    index_parked_by_age(op)
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_decisions_at ON views.decisions (at)")
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_notifications_at ON views.notifications (at)")
