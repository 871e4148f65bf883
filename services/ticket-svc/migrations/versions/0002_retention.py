"""Indexes by age, for retention."""

from alembic import op

from deskstream_chassis.store.migrations import index_chassis_tables_by_age_v2

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    index_chassis_tables_by_age_v2(op)
