"""Long work: what takes longer than a transaction is done in chunks, each a unit of work, visible, resumable and stoppable.

A process is a row: what is to be done (`kind` and `arguments`), how far it has come (`cursor`, `done` of `total`), and how it
stands. It is begun in the transaction of the command that asks for it, and moves on in the transaction of each chunk, so that a
chunk that was killed has left no trace and one that was committed is never done again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, NamedTuple, Protocol
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.run.clock import new_id
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.rows import Query, fetch, find_one

ProcessState = Literal["running", "stopped", "done"]
_COLUMNS = """id, kind, subject, arguments::text AS arguments, state, cursor, done, total, failed, error,
    asked_by::text AS asked_by, correlation_id, traceparent, started_at, updated_at, finished_at"""
_MOVE = text("""UPDATE processes SET cursor = :cursor, done = :done, total = :total, failed = :failed, error = :error,
    state = :state, updated_at = clock_timestamp(), finished_at = CASE WHEN :state = 'done' THEN clock_timestamp() END
    WHERE id = :id""")
_SWITCH = text("""UPDATE processes SET state = :to, updated_at = clock_timestamp() WHERE id = :id AND state = :of RETURNING id""")


def processes_table(metadata: MetaData) -> Table:
    return Table(
        "processes",
        metadata,
        Column("id", PgUUID, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("arguments", JSONB, nullable=False),
        Column("state", Text, nullable=False, server_default="running"),
        Column("cursor", Text),
        Column("done", BigInteger, nullable=False, server_default="0"),
        Column("total", BigInteger),
        Column("failed", BigInteger, nullable=False, server_default="0"),
        Column("error", Text),
        Column("asked_by", JSONB, nullable=False),
        Column("correlation_id", Text, nullable=False),
        Column("traceparent", Text, nullable=False),
        Column("started_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("finished_at", DateTime(timezone=True)),
    )


_TABLE = processes_table(MetaData())


@dataclass(frozen=True, slots=True)
class Step:
    """One thing of a process: a use case, and the cursor that says that it is done. Cursors grow."""

    cursor: str
    use_case: Any  # of the service's unit, which this module does not know


class LongWork(Protocol):
    """What a process does, as a frozen value that is made of its arguments again in each chunk."""

    kind: ClassVar[str]

    @property
    def subject(self) -> str:
        """What it is about, for people and for finding it: `organization/<id>`."""
        ...

    def arguments(self) -> Mapping[str, object]:
        """What it is made of again; plain JSON values."""
        ...

    async def total(self, connection: Connection) -> int:
        """How many steps there are, as far as it can be known at the beginning."""
        ...

    async def steps(self, connection: Connection, after: str | None, limit: int) -> Sequence[Step]:
        """The next steps behind a cursor, in the order of their cursors; fewer than `limit` where no more will come."""
        ...


class ProcessRow(NamedTuple):
    """A process as it stands. `failed` steps were refused and passed by; `error` is the last one's.

    `arguments` and `asked_by` are JSON objects, as text.
    """

    id: UUID
    kind: str
    subject: str
    arguments: str
    state: ProcessState
    cursor: str | None
    done: int
    total: int | None
    failed: int
    error: str | None
    asked_by: str
    correlation_id: str
    traceparent: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


# The one that has waited longest has its turn next; what another worker holds is left to it.
_CLAIM: Final = Query(
    text(f"""SELECT {_COLUMNS} FROM processes WHERE state = 'running' AND kind = ANY(CAST(:kinds AS text[]))
        ORDER BY updated_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"""),
    ProcessRow,
)
_ONE: Final = Query(text(f"SELECT {_COLUMNS} FROM processes WHERE id = :id"), ProcessRow)
_NEWEST: Final = Query(
    text(f"""SELECT {_COLUMNS} FROM processes WHERE (CAST(:subject AS text) IS NULL OR subject = :subject)
        ORDER BY started_at DESC, id DESC LIMIT :limit"""),
    ProcessRow,
)


class Processes:
    """The part of a unit of work that begins processes. `begun` is called where one was, so that its commit wakes a worker."""

    def __init__(self, connection: Connection) -> None:
        self.begun: Callable[[], None] = lambda: None
        self._connection = connection
        self._new: list[dict[str, object]] = []

    def begin(self, work: LongWork, asked_by: Mapping[str, object], correlation_id: str, traceparent: str) -> UUID:
        """Begins with the commit of this transaction. Returns the id of the process."""
        id_ = new_id()
        self._new.append(
            {
                "id": id_,
                "kind": work.kind,
                "subject": work.subject,
                "arguments": orjson.dumps(dict(work.arguments())).decode(),
                "asked_by": orjson.dumps(dict(asked_by)).decode(),
                "correlation_id": correlation_id,
                "traceparent": traceparent,
            }
        )
        return id_

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        new, self._new = self._new, []
        await insert_rows(self._connection, _TABLE, new)
        if new:
            self.begun()


async def claim(connection: Connection, kinds: Sequence[str]) -> ProcessRow | None:
    """The process whose turn it is, locked until this transaction ends; None where nothing is to be done."""
    return await find_one(connection, _CLAIM, {"kinds": list(kinds)})


async def move(
    connection: Connection, process: ProcessRow, *, cursor: str | None, done: int, failed: int, error: str | None, finished: bool
) -> None:
    """Writes how far a claimed process has come."""
    total = max(done, process.total or 0) if finished else process.total
    values = {"id": process.id, "cursor": cursor, "done": done, "total": total, "failed": failed, "error": error}
    await connection.execute(_MOVE, {**values, "state": "done" if finished else process.state})


async def one(connection: Connection, id_: UUID) -> ProcessRow | None:
    """None where there is no process of this id."""
    return await find_one(connection, _ONE, {"id": id_})


async def newest(connection: Connection, subject: str | None, limit: int) -> list[ProcessRow]:
    """The newest first, of one subject or of all."""
    return await fetch(connection, _NEWEST, {"subject": subject, "limit": limit})


async def switch(connection: Connection, id_: UUID, of: ProcessState, to: ProcessState) -> bool:
    """Stops a running process, or lets a stopped one run on. False where it is in another state. Waits for a chunk under way."""
    return (await connection.execute(_SWITCH, {"id": id_, "of": of, "to": to})).one_or_none() is not None
