"""Alembic for every service: the environment, and the first migration of the chassis's own tables."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, pool
from sqlalchemy.ext.asyncio import create_async_engine

from deskstream_chassis.store import history
from deskstream_chassis.watch.logs import logger

_LOOK_FOR_LOCK_SECONDS = 0.2
_log = logger(__name__)

_CHASSIS_TABLES_V1 = (
    """CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, key text NOT NULL, headers text NOT NULL,
        value bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)""",
    "CREATE TABLE inbox (event_id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
    "CREATE INDEX ix_inbox_at ON inbox (at)",
    """CREATE TABLE parked (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL UNIQUE, topic text NOT NULL,
        partition_no integer NOT NULL, offset_no bigint NOT NULL, key text NOT NULL, event_type text NOT NULL,
        headers text NOT NULL, value bytea NOT NULL, poison boolean NOT NULL, error text NOT NULL,
        parked_at timestamptz NOT NULL DEFAULT now()
    )""",
    """CREATE TABLE idempotency (
        caller text, key text, fingerprint text NOT NULL, status integer, body text, at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (caller, key)
    )""",
    "CREATE INDEX ix_idempotency_at ON idempotency (at)",
    """CREATE TABLE processes (
        id uuid PRIMARY KEY, kind text NOT NULL, subject text NOT NULL, arguments jsonb NOT NULL,
        state text NOT NULL DEFAULT 'running', cursor text, done bigint NOT NULL DEFAULT 0, total bigint,
        failed bigint NOT NULL DEFAULT 0, error text, asked_by jsonb NOT NULL, correlation_id text NOT NULL,
        traceparent text NOT NULL, started_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz
    )""",
    "CREATE INDEX ix_processes_running ON processes (updated_at, id) WHERE state = 'running'",
    "CREATE INDEX ix_processes_subject ON processes (subject, started_at)",
)

_PARKED_AT = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_parked_at ON parked (parked_at)"
_CHASSIS_INDEXES_V2 = (
    _PARKED_AT,
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_processes_finished ON processes (finished_at) WHERE finished_at IS NOT NULL",
)

_FILE_TABLES_V1 = (
    """CREATE TABLE file_contents (
        id uuid PRIMARY KEY, state text NOT NULL, in_objects boolean NOT NULL, size bigint, sha256 text,
        at timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE UNIQUE INDEX ux_file_contents_sha256 ON file_contents (sha256) WHERE state = 'whole'",
    "CREATE INDEX ix_file_contents_at ON file_contents (at) WHERE state <> 'whole'",
    """CREATE TABLE file_chunks (
        content_id uuid REFERENCES file_contents (id) ON DELETE CASCADE, number integer, bytes bytea NOT NULL,
        PRIMARY KEY (content_id, number)
    )""",
    # Most of what is uploaded is compressed already.
    "ALTER TABLE file_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL",
    """CREATE TABLE files (
        id uuid PRIMARY KEY, content_id uuid NOT NULL REFERENCES file_contents (id), name text NOT NULL,
        media_type text NOT NULL, size bigint NOT NULL, sha256 text NOT NULL, uploaded_by text NOT NULL,
        uploaded_at timestamptz NOT NULL DEFAULT now(), claimed_for uuid
    )""",
    "CREATE INDEX ix_files_content ON files (content_id)",
    "CREATE INDEX ix_files_unclaimed ON files (uploaded_at) WHERE claimed_for IS NULL",
    "CREATE INDEX ix_files_unclaimed_by ON files (uploaded_by) WHERE claimed_for IS NULL",
)

_UNDO_TABLE_V1 = (
    """CREATE TABLE undos (
        id uuid PRIMARY KEY, act jsonb NOT NULL, subject uuid NOT NULL, done_by jsonb NOT NULL, until timestamptz NOT NULL,
        outcome jsonb
    )""",
    "CREATE INDEX ix_undos_until ON undos (until)",
)

_HISTORY_TABLE_V1 = (
    """CREATE TABLE history (
        at timestamptz NOT NULL, topic text NOT NULL, key text NOT NULL, sequence bigint NOT NULL, id uuid NOT NULL,
        type text NOT NULL, correlation_id text NOT NULL, causation_id uuid, value bytea NOT NULL
    ) PARTITION BY RANGE (at)""",
    "CREATE INDEX ix_history_key ON history (key, sequence)",
    "CREATE TABLE history_rest PARTITION OF history DEFAULT",
)


def create_history_table_v1(op: Operations) -> None:
    """For a service that owns aggregates: their events, from now on."""
    for statement in _HISTORY_TABLE_V1:
        op.execute(statement)
    # The relay may be there before the first turn of the keeper.
    month = history.month_of(datetime.now(UTC))
    for ahead in range(history.MONTHS_AHEAD):
        op.execute(history.create_partition(history.months_later(month, ahead)))


def create_undo_table_v1(op: Operations) -> None:
    """For a service whose commands can be undone: the acts, each for as long as it can be."""
    for statement in _UNDO_TABLE_V1:
        op.execute(statement)


def create_file_tables_v1(op: Operations) -> None:
    """For a service that takes files: what is in them, and what they are called."""
    for statement in _FILE_TABLES_V1:
        op.execute(statement)


def create_documents_table_v1(op: Operations) -> None:
    """For a service that keeps documents of settings: their versions."""
    op.execute(
        """CREATE TABLE documents (
            document text, version integer, content jsonb NOT NULL, by jsonb NOT NULL, note text NOT NULL,
            at timestamptz NOT NULL, PRIMARY KEY (document, version)
        )"""
    )


def index_parked_by_age(op: Operations) -> None:
    """For retention, in a database that has no other table of the chassis than parked messages."""
    with op.get_context().autocommit_block():
        op.execute(_PARKED_AT)


def index_chassis_tables_by_age_v2(op: Operations) -> None:
    """For retention: what has no index by age in version 1."""
    with op.get_context().autocommit_block():
        for statement in _CHASSIS_INDEXES_V2:
            op.execute(statement)


def create_chassis_tables_v1(op: Operations) -> None:
    """For a service's first migration: the outbox, the inbox, parked messages, idempotency keys and processes."""
    for statement in _CHASSIS_TABLES_V1:
        op.execute(statement)


def upgrade(root: Path, database_url: str) -> None:
    """Brings a service's database to the newest schema; `root` holds its `migrations/`."""
    config = Config()
    config.set_main_option("script_location", str(root / "migrations"))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    command.upgrade(config, "head")


def run(metadata: MetaData) -> None:
    """The whole of a service's `migrations/env.py`. One migration at a time runs on a database (advisory lock)."""
    asyncio.run(_run(metadata, str(context.config.get_main_option("sqlalchemy.url"))))


async def _run(metadata: MetaData, url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata)
        await connection.commit()
    await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    _lock(connection)
    context.configure(connection=connection, target_metadata=metadata)
    unknown = _unknown_revisions()
    if unknown:
        # This release was put back after a newer one had migrated. As migrations expand first, it can live with that schema.
        _log.warning("the schema is of a newer release and stays as it is", revision=", ".join(unknown))
        return
    with context.begin_transaction():
        context.run_migrations()


def _lock(connection: Connection) -> None:
    # Asked for again and again, with no transaction open in between: CREATE INDEX CONCURRENTLY waits for every transaction, and
    # one that waits for its lock would wait for ever. Committed, so that a migration may have an autocommit_block.
    while not connection.exec_driver_sql("SELECT pg_try_advisory_lock(7264611)").scalar_one():
        connection.rollback()
        time.sleep(_LOOK_FOR_LOCK_SECONDS)
    connection.commit()


def _unknown_revisions() -> list[str]:
    known = {script.revision for script in ScriptDirectory.from_config(context.config).walk_revisions()}
    return [revision for revision in context.get_context().get_current_heads() if revision not in known]
