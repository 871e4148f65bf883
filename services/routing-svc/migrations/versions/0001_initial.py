"""Teams, agents, rules, tickets as routing sees them, decisions, and the chassis's tables."""

from alembic import op

from deskstream_chassis.store.migrations import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "CREATE TABLE teams (id uuid PRIMARY KEY, version integer NOT NULL, name_key text NOT NULL UNIQUE, state jsonb NOT NULL)",
    "CREATE TABLE agents (id uuid PRIMARY KEY, version integer NOT NULL, email text NOT NULL UNIQUE, state jsonb NOT NULL)",
    # Locked by whoever gives tickets away, so that turns and loads are exact with any number of workers.
    "CREATE TABLE rotations (team_id uuid PRIMARY KEY, turns jsonb NOT NULL)",
    "CREATE TABLE agent_loads (agent_id uuid PRIMARY KEY, open_tickets integer NOT NULL) WITH (fillfactor = 50)",
    """CREATE TABLE configurations (
        version integer PRIMARY KEY, rules jsonb NOT NULL, note text NOT NULL, by_id text NOT NULL, by_name text NOT NULL,
        at timestamptz NOT NULL
    )""",
    """CREATE TABLE current_versions (
        id integer PRIMARY KEY CHECK (id = 1), configuration_version integer NOT NULL REFERENCES configurations (version),
        workforce_version bigint NOT NULL
    )""",
    "INSERT INTO configurations VALUES (0, '[]', 'The first: no rules.', 'system', 'system', now())",
    "INSERT INTO current_versions VALUES (1, 0, 0)",
    "CREATE TABLE tickets (id uuid PRIMARY KEY, version integer NOT NULL, number bigint, state jsonb NOT NULL)",
    "CREATE INDEX ix_tickets_number ON tickets (number)",
    """CREATE TABLE decisions (
        id uuid PRIMARY KEY, ticket_id uuid NOT NULL, kind text NOT NULL, at timestamptz NOT NULL,
        configuration_version integer NOT NULL, published boolean NOT NULL, input jsonb NOT NULL, decision jsonb NOT NULL
    )""",
    "CREATE INDEX ix_decisions_ticket ON decisions (ticket_id, at)",
    "CREATE INDEX ix_decisions_at ON decisions (at)",
)


def upgrade() -> None:
    create_chassis_tables_v1(op)
    for statement in _TABLES:
        op.execute(statement)
