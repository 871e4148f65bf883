"""Which custom fields are defined, as their owners tell it."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE field_definitions (document text PRIMARY KEY, version integer NOT NULL, content jsonb NOT NULL)")
