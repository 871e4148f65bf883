"""Documents of settings, and custom fields beside their tickets, with an index for each value of each."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE views.documents (document text PRIMARY KEY, version integer NOT NULL, content json NOT NULL)")
    op.execute("ALTER TABLE views.tickets ADD COLUMN fields jsonb NOT NULL DEFAULT '{}'")
    op.execute("""UPDATE views.tickets SET fields = CAST(state ->> 'custom_fields' AS jsonb)
        WHERE coalesce(state ->> 'custom_fields', '{}') <> '{}'""")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_tickets_fields ON views.tickets USING gin (fields)")
