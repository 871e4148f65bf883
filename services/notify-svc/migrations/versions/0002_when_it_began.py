"""When what a mail tells of happened, for its latency. NULL: queued by a release that did not say."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE deliveries ADD COLUMN began_at timestamptz")
