"""Where a receipt waits to be sorted, how often it was tried, and who handed it in."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """ALTER TABLE receipts ADD COLUMN peer text, ADD COLUMN lane smallint NOT NULL DEFAULT 0,
        ADD COLUMN attempts smallint NOT NULL DEFAULT 0""",
    "CREATE INDEX ix_receipts_slow ON receipts (lane, id) WHERE state = 'received' AND lane > 0",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
