"""Tickets that have left the lists."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Being archived is a ticket's latest change: what is changed last would begin with all that was archived last night.
_INDEXES = {
    "ix_tickets_updated_live": "views.tickets (updated_at, id) WHERE archived_at IS NULL",
    "ix_tickets_archived": "views.tickets (opened_at, id) WHERE archived_at IS NOT NULL",
}


def upgrade() -> None:
    op.execute("ALTER TABLE views.tickets ADD COLUMN archived_at timestamptz")
    with op.get_context().autocommit_block():
        for name, of in _INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {of}")
