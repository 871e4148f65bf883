"""Documents of settings, and custom fields beside what has them, with an index for each value of each."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WITH_FIELDS = ("tickets", "customers", "organizations")


def upgrade() -> None:
    op.execute("CREATE TABLE views.documents (document text PRIMARY KEY, version integer NOT NULL, content json NOT NULL)")
    for view in _WITH_FIELDS:
        op.execute(f"ALTER TABLE views.{view} ADD COLUMN fields jsonb NOT NULL DEFAULT '{{}}'")
        op.execute(f"""UPDATE views.{view} SET fields = CAST(state ->> 'custom_fields' AS jsonb)
            WHERE coalesce(state ->> 'custom_fields', '{{}}') <> '{{}}'""")
    with op.get_context().autocommit_block():
        for view in _WITH_FIELDS:
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_{view}_fields ON views.{view} USING gin (fields)")
