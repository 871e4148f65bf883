"""Which tokens have been used, by whom and until when; and whose are revoked."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""CREATE TABLE seen_tokens (
        jti text PRIMARY KEY, subject_id text NOT NULL, name text NOT NULL, kind text NOT NULL, roles text[] NOT NULL,
        issued_at timestamptz, expires_at timestamptz NOT NULL,
        first_used_at timestamptz NOT NULL, last_used_at timestamptz NOT NULL
    )""")
    op.execute("CREATE INDEX ix_seen_tokens_expires ON seen_tokens (expires_at)")
    op.execute("""CREATE TABLE revoked_people (
        who text PRIMARY KEY, issued_before timestamptz NOT NULL, revoked_by text NOT NULL
    )""")
