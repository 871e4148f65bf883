"""The unit of work of ingest-svc: what ticket events say of entries and threads, and what sorting reads and writes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import UnitOfWork
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.entries import LedgerEntry
from ingest_svc.domain.threading import TicketThread
from ingest_svc.persistence.sorting import EarlierMails, Verdicts

_LOAD = text("""
SELECT id, outcome, reason, ticket_id, ticket_number, received_at FROM receipts
WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")
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


class Entries:
    """The ledger entries that a batch of ticket events is about."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._needed: set[UUID] = set()
        self._loaded: dict[UUID, LedgerEntry] = {}
        self._closed: dict[UUID, LedgerEntry] = {}

    def need(self, id_: UUID) -> None:
        """Says that the next `load` is to lock the entry of this id."""
        self._needed.add(id_)

    def get(self, id_: UUID) -> LedgerEntry | None:
        """None where there is no such entry, or it was not needed."""
        return self._loaded.get(id_)

    def put(self, entry: LedgerEntry) -> None:
        """Takes an entry that was closed; one that has its outcome in the database already is not written."""
        self._loaded[entry.id] = self._closed[entry.id] = entry

    async def load(self) -> None:
        needed, self._needed = self._needed, set()
        if needed:
            rows = await self._connection.execute(_LOAD, {"ids": sorted(needed)})
            self._loaded.update((row[0], LedgerEntry(*row)) for row in rows)

    async def flush(self) -> None:
        closed, self._closed = list(self._closed.values()), {}
        if closed:
            await self._connection.execute(
                _CLOSE,
                {
                    "ids": [e.id for e in closed],
                    "outcomes": [e.outcome for e in closed],
                    "reasons": [e.reason for e in closed],
                    "tickets": [e.ticket_id for e in closed],
                    "numbers": [e.ticket_number for e in closed],
                    "now": self._now,
                },
            )


class Threads:
    """Who takes part in which thread, as their tickets say; written, never read here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changed: dict[UUID, TicketThread] = {}

    def put(self, thread: TicketThread) -> None:
        """Takes a thread to be written; the last one of a root counts."""
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
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime, *, desk: Desk) -> None:
        super().__init__(connection, outbox, now)
        self.desk = desk
        self.entries = self.include(Entries(connection, now))
        self.threads = self.include(Threads(connection))
        self.earlier = self.include(EarlierMails(connection))
        self.verdicts = self.include(Verdicts(connection, now))
