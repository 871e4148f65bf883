"""The history of aggregates, from now on."""

from alembic import op

from deskstream_chassis.store.migrations import create_history_table_v1

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_history_table_v1(op)
