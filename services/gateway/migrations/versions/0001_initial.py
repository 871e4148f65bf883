"""The read model (schema `views`), parked messages, revoked tokens, rebuilds."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PARKED = """CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL UNIQUE, topic text NOT NULL,
    partition_no integer NOT NULL, offset_no bigint NOT NULL, key text NOT NULL, event_type text NOT NULL,
    headers text NOT NULL, value bytea NOT NULL, poison boolean NOT NULL, error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now()
)"""

# `state` and `data` are json, not jsonb: they are kept and given out whole, and checking them is all the work there is.
_VIEWS = (
    """CREATE TABLE views.tickets (
        id uuid PRIMARY KEY, version integer NOT NULL, number bigint NOT NULL, subject text NOT NULL, status text NOT NULL,
        priority text NOT NULL, priority_rank smallint NOT NULL, ticket_type text, waiting_for text NOT NULL,
        channel text NOT NULL, mailbox text NOT NULL, team_id uuid, team_name text, agent_id uuid, agent_name text,
        customer_id uuid NOT NULL, requester_email text NOT NULL, requester_name text, organization_id uuid,
        organization_name text, tags jsonb NOT NULL, escalation_level integer NOT NULL, opened_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL, resolved_at timestamptz, closed_at timestamptz, state json NOT NULL
    )""",
    "CREATE INDEX ix_tickets_number ON views.tickets (number)",
    "CREATE INDEX ix_tickets_opened ON views.tickets (opened_at, id)",
    "CREATE INDEX ix_tickets_updated ON views.tickets (updated_at, id)",
    """CREATE INDEX ix_tickets_urgent ON views.tickets (priority_rank, opened_at, id)
       WHERE status IN ('open', 'in_progress')""",
    "CREATE INDEX ix_tickets_customer ON views.tickets (customer_id, opened_at, id)",
    "CREATE INDEX ix_tickets_organization ON views.tickets (organization_id, opened_at, id) WHERE organization_id IS NOT NULL",
    "CREATE INDEX ix_tickets_agent ON views.tickets (agent_id) WHERE status IN ('open', 'in_progress')",
    """CREATE TABLE views.slas (
        ticket_id uuid PRIMARY KEY, version integer NOT NULL, due_at timestamptz, due_clock text, breached boolean NOT NULL,
        policy text NOT NULL, state json NOT NULL
    )""",
    "CREATE INDEX ix_slas_due ON views.slas (due_at, ticket_id) WHERE due_at IS NOT NULL",
    """CREATE TABLE views.customers (
        id uuid PRIMARY KEY, version integer NOT NULL, email text NOT NULL, name text NOT NULL, company text,
        active boolean NOT NULL, organization_ids jsonb NOT NULL,
        tags jsonb NOT NULL, created_at timestamptz NOT NULL, state json NOT NULL
    )""",
    "CREATE INDEX ix_customers_email ON views.customers (email, id)",
    """CREATE TABLE views.organizations (
        id uuid PRIMARY KEY, version integer NOT NULL, name text NOT NULL, domains jsonb NOT NULL, tags jsonb NOT NULL,
        created_at timestamptz NOT NULL, state json NOT NULL
    )""",
    "CREATE INDEX ix_organizations_name ON views.organizations (name, id)",
    """CREATE TABLE views.agents (
        id uuid PRIMARY KEY, version integer NOT NULL, name text NOT NULL, email text NOT NULL, team_ids jsonb NOT NULL,
        available boolean NOT NULL, active boolean NOT NULL, state json NOT NULL
    )""",
    """CREATE TABLE views.teams (
        id uuid PRIMARY KEY, version integer NOT NULL, name text NOT NULL, active boolean NOT NULL, state json NOT NULL
    )""",
    "CREATE TABLE views.decisions (id uuid PRIMARY KEY, ticket_id uuid NOT NULL, at timestamptz NOT NULL, data json NOT NULL)",
    "CREATE INDEX ix_decisions_ticket ON views.decisions (ticket_id, at)",
    """CREATE TABLE views.notifications (
        id uuid PRIMARY KEY, ticket_id uuid NOT NULL, kind text NOT NULL, recipient text NOT NULL, status text NOT NULL,
        at timestamptz NOT NULL, data json NOT NULL
    )""",
    "CREATE INDEX ix_notifications_ticket ON views.notifications (ticket_id, at)",
)

_REBUILDS = """CREATE TABLE rebuilds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text NOT NULL, swap boolean NOT NULL, started_by text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz,
    events_read bigint NOT NULL DEFAULT 0, events_total bigint NOT NULL DEFAULT 0, unreadable bigint NOT NULL DEFAULT 0,
    comparison json, agree boolean, swapped boolean NOT NULL DEFAULT false, error text
)"""


def upgrade() -> None:
    op.execute(_PARKED)
    op.execute("CREATE SCHEMA views")
    for statement in _VIEWS:
        op.execute(statement)
    op.execute("""CREATE TABLE revoked_tokens (
        jti text PRIMARY KEY, revoked_at timestamptz NOT NULL DEFAULT now(), revoked_by text NOT NULL
    )""")
    op.execute(_REBUILDS)
