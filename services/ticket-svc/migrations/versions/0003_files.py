"""Files that go with answers and notes."""

from alembic import op

from deskstream_chassis.store.migrations import create_file_tables_v1

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_file_tables_v1(op)
