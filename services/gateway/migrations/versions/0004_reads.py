"""Deadlines beside their tickets, counts that are kept, and an index for each way to narrow or order a list."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The keys of a list's order come last in each index, so that a page is read off it from where the one before has ended.
_INDEXES = {
    "ix_tickets_due": "views.tickets (coalesce(due_at, 'infinity'), id)",
    "ix_tickets_priority": "views.tickets (priority_rank, opened_at, id)",
    "ix_tickets_status": "views.tickets (status, opened_at, id)",
    "ix_tickets_team": "views.tickets (team_id, opened_at, id)",
    "ix_tickets_of_agent": "views.tickets (agent_id, opened_at, id)",
    "ix_tickets_unassigned": "views.tickets (opened_at, id) WHERE agent_id IS NULL",
    "ix_tickets_breached": "views.tickets (opened_at, id) WHERE breached",
    "ix_tickets_channel": "views.tickets (channel, opened_at, id)",
    "ix_tickets_type": "views.tickets (ticket_type, opened_at, id) WHERE ticket_type IS NOT NULL",
    "ix_tickets_tags": "views.tickets USING gin (tags jsonb_path_ops)",
    "ix_tickets_text": "views.tickets USING gin (subject gin_trgm_ops, requester_email gin_trgm_ops)",
    "ix_tickets_active": """views.tickets (priority, team_id) INCLUDE (due_at, breached, agent_id, waiting_for)
        WHERE status IN ('open', 'in_progress')""",
    "ix_customers_text": "views.customers USING gin (email gin_trgm_ops, name gin_trgm_ops, company gin_trgm_ops)",
    "ix_customers_organizations": "views.customers USING gin (organization_ids jsonb_path_ops)",
    "ix_customers_tags": "views.customers USING gin (tags jsonb_path_ops)",
    "ix_organizations_text": "views.organizations USING gin (name gin_trgm_ops, (CAST(domains AS text)) gin_trgm_ops)",
    "ix_organizations_lower_name": "views.organizations (lower(name))",
    "ix_organizations_domains": "views.organizations USING gin (domains jsonb_path_ops)",
    "ix_organizations_tags": "views.organizations USING gin (tags jsonb_path_ops)",
}


def upgrade() -> None:
    # One of those that a database's owner may add (trusted, PostgreSQL 13).
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("""ALTER TABLE views.tickets ADD COLUMN due_at timestamptz, ADD COLUMN due_clock text,
        ADD COLUMN breached boolean NOT NULL DEFAULT false""")
    # A ticket of no team is counted under the nil UUID (RFC 9562 §5.9).
    op.execute("""CREATE TABLE views.ticket_counts (
        status text NOT NULL, team_id uuid NOT NULL, tickets bigint NOT NULL, PRIMARY KEY (status, team_id)
    )""")
    op.execute("""UPDATE views.tickets AS t SET due_at = s.due_at, due_clock = s.due_clock, breached = s.breached
        FROM views.slas AS s WHERE s.ticket_id = t.id AND (s.due_at IS NOT NULL OR s.breached)""")
    with op.get_context().autocommit_block():
        for name, of in _INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {of}")
        # Another one orders all tickets the same way.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS views.ix_tickets_urgent")
