"""The ledger, the raw messages, the threads."""

from alembic import op

from deskstream_chassis.store.migrations import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE TABLE raw_messages (id uuid PRIMARY KEY, content bytea NOT NULL)",
    # Mail is mostly encoded already; compressing it costs more than it saves.
    "ALTER TABLE raw_messages ALTER COLUMN content SET STORAGE EXTERNAL",
    # No foreign key to raw_messages: both rows are written by one statement, and the check would cost a look-up a mail.
    """CREATE TABLE receipts (
        id uuid PRIMARY KEY, raw_id uuid NOT NULL,
        door text NOT NULL CHECK (door IN ('smtp', 'http_mail', 'form', 'api')),
        channel text NOT NULL, mailbox text, recipient text, envelope_from text,
        media_type text NOT NULL, size integer NOT NULL, sha256 text NOT NULL, relay_trusted boolean NOT NULL,
        received_at timestamptz NOT NULL, correlation_id text NOT NULL, traceparent text NOT NULL, idempotency text,
        state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'sorted', 'closed')),
        outcome text CHECK (outcome IN ('opened', 'appended', 'suppressed', 'quarantined')),
        reason text, detail text, rfc_message_id text, sender text, subject text, fingerprint text, thread_root uuid,
        ticket_id uuid, ticket_number bigint, sorted_at timestamptz, closed_at timestamptz,
        CHECK ((state = 'closed') = (outcome IS NOT NULL))
    )""",
    "CREATE UNIQUE INDEX ux_receipts_idempotency ON receipts (idempotency) WHERE idempotency IS NOT NULL",
    "CREATE INDEX ix_receipts_open ON receipts (state, id) WHERE state <> 'closed'",
    "CREATE INDEX ix_receipts_fingerprint ON receipts (fingerprint) WHERE fingerprint IS NOT NULL",
    "CREATE INDEX ix_receipts_message_id ON receipts USING hash (rfc_message_id) WHERE rfc_message_id IS NOT NULL",
    "CREATE INDEX ix_receipts_sender ON receipts (sender, id) WHERE sender IS NOT NULL",
    "CREATE INDEX ix_receipts_ticket ON receipts (ticket_number, id) WHERE ticket_number IS NOT NULL",
    """CREATE TABLE threads (
        root uuid PRIMARY KEY, participants text[] NOT NULL, ticket_id uuid, ticket_number bigint, ticket_version integer
    )""",
    "CREATE INDEX ix_threads_ticket ON threads (ticket_number) WHERE ticket_number IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    create_chassis_tables_v1(op)
