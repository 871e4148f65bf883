"""An outcome may be neither kept nor missed: NULL is a response clock of a ticket that was done with unanswered."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE outcomes ALTER COLUMN in_time DROP NOT NULL")
