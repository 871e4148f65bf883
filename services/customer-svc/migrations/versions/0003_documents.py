"""Settings in versions: languages, domains."""

from alembic import op

from deskstream_chassis.store.migrations import create_documents_table_v1

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_documents_table_v1(op)
