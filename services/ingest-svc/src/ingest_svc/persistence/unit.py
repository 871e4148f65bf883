"""The unit of work of ingest-svc: outcomes that ticket events bring, and what they say about threads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import UnitOfWork
from ingest_svc.domain.receipts import Outcome

_LOAD = text(
    "SELECT id, outcome, ticket_id, reason, received_at FROM receipts WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"
)
_CLOSE = text("""
UPDATE receipts AS r SET state = 'closed', outcome = d.outcome, reason = d.reason, ticket_id = d.ticket_id,
    ticket_number = d.ticket_number, closed_at = :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:outcomes AS text[]), CAST(:reasons AS text[]), CAST(:tickets AS uuid[]),
    CAST(:numbers AS bigint[])) AS d(id, outcome, reason, ticket_id, ticket_number)
WHERE r.id = d.id AND r.outcome IS NULL
""")
# A thread is written by the newest state of its ticket; events of one ticket come in order, repeated ones change nothing.
_THREADS = text("""
INSERT INTO threads AS t (root, participants, ticket_id, ticket_number, ticket_version)
SELECT d.root, string_to_array(d.participants, E'\\n'), d.ticket_id, d.number, d.version
FROM unnest(CAST(:roots AS uuid[]), CAST(:participants AS text[]), CAST(:tickets AS uuid[]), CAST(:numbers AS bigint[]),
    CAST(:versions AS integer[])) AS d(root, participants, ticket_id, number, version)
ON CONFLICT (root) DO UPDATE SET participants = EXCLUDED.participants, ticket_id = EXCLUDED.ticket_id,
    ticket_number = EXCLUDED.ticket_number, ticket_version = EXCLUDED.ticket_version
WHERE t.ticket_id IS DISTINCT FROM EXCLUDED.ticket_id OR t.ticket_version < EXCLUDED.ticket_version
""")


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger holds about a message now; `outcome` is None while it is open."""

    id: UUID
    outcome: str | None
    ticket_id: UUID | None
    reason: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ThreadState:
    root: UUID
    participants: frozenset[str]
    ticket_id: UUID
    ticket_number: int
    ticket_version: int


class Entries:
    """The ledger entries that a batch of ticket events is about."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._needed: set[UUID] = set()
        self._loaded: dict[UUID, LedgerEntry] = {}
        self._closed: dict[UUID, dict[str, Any]] = {}

    def need(self, id_: UUID) -> None:
        self._needed.add(id_)

    def get(self, id_: UUID) -> LedgerEntry | None:
        return self._loaded.get(id_)

    def close(self, entry: LedgerEntry, outcome: Outcome, reason: str | None, ticket_id: UUID, ticket_number: int) -> None:
        """Writes an outcome, once: an entry that has one is not to be closed again."""
        assert entry.outcome is None
        self._loaded[entry.id] = LedgerEntry(entry.id, outcome, ticket_id, reason, entry.received_at)
        self._closed[entry.id] = {"outcome": outcome, "reason": reason, "ticket": ticket_id, "number": ticket_number}

    async def load(self) -> None:
        wanted, self._needed = self._needed, set()
        if wanted:
            rows = await self._connection.execute(_LOAD, {"ids": sorted(wanted)})
            self._loaded.update((row[0], LedgerEntry(*row)) for row in rows)

    async def flush(self) -> None:
        closed, self._closed = self._closed, {}
        if closed:
            values = {f"{name}s": [row[name] for row in closed.values()] for name in ("outcome", "reason", "ticket", "number")}
            await self._connection.execute(_CLOSE, {"ids": list(closed), "now": self._now, **values})


class Threads:
    """Who takes part in which thread, as their tickets say; written, never read here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changed: dict[UUID, ThreadState] = {}

    def put(self, thread: ThreadState) -> None:
        self._changed[thread.root] = thread

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        changed, self._changed = self._changed, {}
        # In the order of their roots, so that two transactions cannot wait for each other.
        threads = sorted(changed.values(), key=lambda t: t.root)
        if threads:
            await self._connection.execute(
                _THREADS,
                {
                    "roots": [t.root for t in threads],
                    "participants": ["\n".join(sorted(t.participants)) for t in threads],
                    "tickets": [t.ticket_id for t in threads],
                    "numbers": [t.ticket_number for t in threads],
                    "versions": [t.ticket_version for t in threads],
                },
            )


class IngestUnit(UnitOfWork):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        super().__init__(connection, outbox, now)
        self.entries = self.include(Entries(connection, now))
        self.threads = self.include(Threads(connection))
