"""What a ticket is called in another system."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE views.tickets ADD COLUMN external_id text")
    with op.get_context().autocommit_block():
        op.execute("""CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_tickets_external_id ON views.tickets (external_id, opened_at, id)
            WHERE external_id IS NOT NULL""")
