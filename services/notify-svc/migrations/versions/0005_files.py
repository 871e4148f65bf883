"""Which files go with a mail; their bytes stay with ticket-svc."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE deliveries ADD COLUMN files jsonb NOT NULL DEFAULT '[]'")
