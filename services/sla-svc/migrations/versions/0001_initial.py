"""Clocks, timers, policies and calendars with a default of each, outcomes, and the chassis's tables."""

from alembic import op

from deskstream_chassis.store.migrations import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "CREATE TABLE slas (id uuid PRIMARY KEY, version integer NOT NULL, state jsonb NOT NULL) WITH (fillfactor = 80)",
    """CREATE TABLE timers (
        ticket_id uuid, clock text, kind text, due_at timestamptz NOT NULL, PRIMARY KEY (ticket_id, clock, kind)
    )""",
    "CREATE INDEX ix_timers_due_at ON timers (due_at)",
    """CREATE TABLE configurations (
        version integer PRIMARY KEY, policies jsonb NOT NULL, calendars jsonb NOT NULL, note text NOT NULL,
        by_id text NOT NULL, by_name text NOT NULL, at timestamptz NOT NULL
    )""",
    """CREATE TABLE outcomes (
        ticket_id uuid, clock text, started_at timestamptz, in_time boolean NOT NULL, at timestamptz NOT NULL,
        policy text NOT NULL, priority text NOT NULL, team text, organization text, customer_id uuid NOT NULL,
        PRIMARY KEY (ticket_id, clock, started_at)
    )""",
    "CREATE INDEX ix_outcomes_at ON outcomes (at)",
)
_HOUR = 3600
_TARGETS = {"critical": (1, 4), "high": (4, 8), "medium": (8, 24), "low": (24, 72)}


def upgrade() -> None:
    create_chassis_tables_v1(op)
    for statement in _TABLES:
        op.execute(statement)
    targets = ", ".join(
        f"""'{priority}', json_build_object('first_response', {first * _HOUR}, 'resolution', {resolution * _HOUR})"""
        for priority, (first, resolution) in _TARGETS.items()
    )
    op.execute(f"""INSERT INTO configurations VALUES (
        1, jsonb_build_array(jsonb_build_object('name', 'Standard', 'version', 1, 'is_default', true, 'calendar', '24x7',
            'targets', jsonb_build_object({targets}))),
        jsonb_build_array(jsonb_build_object('name', '24x7', 'version', 1, 'always', true)),
        'The first: a standard policy around the clock.', 'system', 'system', now())""")
