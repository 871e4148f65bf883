"""What the sorter asks the database and writes into it: a handful of statements a batch, whatever its size."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection, sql_type
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.sorting import Examined
from ingest_svc.domain.threading import EarlierMail, EarlierThread
from ingest_svc.persistence.tables import receipts

_FACTS = (
    "id", "raw_id", "door", "channel", "mailbox", "recipient", "envelope_from", "media_type", "size", "sha256",
    "relay_trusted", "received_at", "correlation_id", "traceparent",
)  # fmt: skip
# At least one, and then as many as fit: a batch of 25 MiB mails would not fit into memory.
_NEXT = text(f"""
SELECT {", ".join("r." + c for c in _FACTS)}, m.content
FROM (
    SELECT *, sum(size) OVER (ORDER BY id) - size AS before FROM (
        SELECT {", ".join(_FACTS)} FROM receipts WHERE state = 'received' ORDER BY id LIMIT :messages
    ) AS first
) AS r LEFT JOIN raw_messages AS m ON m.id = r.raw_id
WHERE r.before < :bytes OR r.before = 0 ORDER BY r.id
""")
_ORIGINALS = text("""
SELECT DISTINCT ON (fingerprint) fingerprint, id FROM receipts
WHERE fingerprint = ANY(CAST(:fingerprints AS text[])) ORDER BY fingerprint, id
""")
_ROOTS = text("""
SELECT rfc_message_id, coalesce(mailbox, ''), thread_root FROM receipts
WHERE rfc_message_id = ANY(CAST(:ids AS text[])) AND (outcome IS NULL OR outcome IN ('opened', 'appended')) ORDER BY id
""")
_THREADS = text("""
SELECT root, participants, ticket_number FROM threads
WHERE root = ANY(CAST(:roots AS uuid[])) OR ticket_number = ANY(CAST(:numbers AS bigint[]))
""")
_VERDICT = (
    "id", "state", "outcome", "reason", "detail", "rfc_message_id", "sender", "subject", "fingerprint", "thread_root", "closed_at",
)  # fmt: skip
_WRITE = text(f"""
UPDATE receipts AS r SET {", ".join(f"{c} = d.{c}" for c in _VERDICT[1:])}, sorted_at = :now
FROM unnest({", ".join(f"CAST(:{c} AS {sql_type(receipts, c)}[])" for c in _VERDICT)}) AS d({", ".join(_VERDICT)})
WHERE r.id = d.id AND r.state = 'received'
""")
_NEW_THREADS = text("""
INSERT INTO threads (root, participants)
SELECT d.root, ARRAY[d.participant] FROM unnest(CAST(:roots AS uuid[]), CAST(:participants AS text[])) AS d(root, participant)
ON CONFLICT DO NOTHING
""")
_MOST_IN_ONE_QUERY = 20_000


class NotOurs(Exception):
    """Somebody else has sorted some of these receipts meanwhile: the lock was lost."""


async def next_received(connection: Connection, messages: int, most_bytes: int) -> list[tuple[Receipt, bytes | None]]:
    """The oldest receipts that nobody has sorted, with their raw bytes (None where they are gone)."""
    rows = await connection.execute(_NEXT, {"messages": messages, "bytes": most_bytes})
    return [(Receipt(*row[:-1]), row[-1]) for row in rows]


async def look_up(connection: Connection, batch: Sequence[Examined]) -> EarlierMail:
    """All that deciding this batch needs to know."""
    known = EarlierMail()
    fingerprints = [e.fingerprint for e in batch if e.fingerprint]
    if fingerprints:
        found = await connection.execute(_ORIGINALS, {"fingerprints": fingerprints})
        known.originals = {row[0]: row[1] for row in found}
    references = list({r for e in batch for r in e.clues.references})[:_MOST_IN_ONE_QUERY]
    if references:
        for message_id, mailbox, root in await connection.execute(_ROOTS, {"ids": references}):
            known.roots.setdefault(message_id, []).append((mailbox, root))
    roots = {root for e in batch for root in (*e.clues.reply_roots, *e.clues.own_roots)}
    roots.update(root for entries in known.roots.values() for _, root in entries)
    numbers = {n for e in batch for n in e.clues.ticket_numbers}
    if roots or numbers:
        await _threads(connection, known, roots, numbers)
    return known


async def _threads(connection: Connection, known: EarlierMail, roots: Iterable[UUID], numbers: Iterable[int]) -> None:
    for root, participants, number in await connection.execute(_THREADS, {"roots": list(roots), "numbers": list(numbers)}):
        known.threads[root] = EarlierThread(root, frozenset(participants))
        if number is not None:
            known.tickets[number] = root


async def write_verdicts(connection: Connection, rows: Sequence[dict[str, Any]], now: Any) -> None:
    """Raises NotOurs where a receipt is no longer in the state `received`."""
    written = await connection.execute(_WRITE, {**{c: [row[c] for row in rows] for c in _VERDICT}, "now": now})
    if written.rowcount != len(rows):
        raise NotOurs


async def write_threads(connection: Connection, participants: dict[UUID, str]) -> None:
    if participants:
        await connection.execute(_NEW_THREADS, {"roots": list(participants), "participants": list(participants.values())})
