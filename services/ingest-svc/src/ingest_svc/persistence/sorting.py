"""What sorting asks the database and writes into it: a handful of statements a batch, whatever its size."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection, sql_type
from ingest_svc.domain.lanes import Lane, Waiting
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.sorting import Examined, Waits
from ingest_svc.domain.threading import EarlierMail, EarlierThread
from ingest_svc.domain.verdicts import Verdict
from ingest_svc.persistence.tables import receipts

_FACTS = (
    "id", "raw_id", "door", "channel", "mailbox", "recipient", "envelope_from", "media_type", "size", "sha256",
    "relay_trusted", "received_at", "correlation_id", "traceparent", "idempotency", "peer", "lane", "behind", "rfc_message_id",
)  # fmt: skip
# At least one, and then as many as fit: a batch of 25 MiB mails would not fit into memory.
_NEXT = text(f"""
SELECT {", ".join("r." + c for c in _FACTS)}, m.content
FROM (
    SELECT *, sum(size) OVER (ORDER BY id) - size AS before FROM (
        SELECT {", ".join(_FACTS)} FROM receipts WHERE state = 'received' AND lane = 0 ORDER BY id LIMIT :messages
    ) AS first
) AS r LEFT JOIN raw_messages AS m ON m.id = r.raw_id
WHERE r.before < :bytes OR r.before = 0 ORDER BY r.id
""")
_ONE = text(f"""
SELECT {", ".join("r." + c for c in _FACTS)}, m.content FROM receipts AS r LEFT JOIN raw_messages AS m ON m.id = r.raw_id
WHERE r.id = :id
""")
# As the index has them: a sender's other messages are leapt over, however many there are.
_PEER, _SENDER = "coalesce(nullif(peer, ''), '-')", "lower(coalesce(envelope_from, ''))"
_NEXT_SENDER = f"""
    SELECT id, {_PEER} AS peer, {_SENDER} AS sender FROM receipts
    WHERE state = 'received' AND lane > 0 AND lane = given.lane AND ({_PEER}, {_SENDER}) > (%s.peer, %s.sender)
    ORDER BY {_PEER}, {_SENDER}, id LIMIT 1"""
_FIRST_OF_SENDERS = text(f"""
SELECT r.id, r.lane, r.attempts, r.peer, r.envelope_from, r.relay_trusted, r.size,
    CAST(extract(epoch FROM r.received_at) AS float8), first.peer, first.sender
FROM unnest(CAST(:lanes AS smallint[]), CAST(:peers AS text[]), CAST(:senders AS text[])) AS given(lane, peer, sender), LATERAL (
    WITH RECURSIVE senders AS (
        ({_NEXT_SENDER % ("given", "given")})
        UNION ALL
        SELECT next.* FROM senders, LATERAL ({_NEXT_SENDER % ("senders", "senders")}) AS next
    )
    SELECT * FROM senders LIMIT :most
) AS first JOIN receipts AS r ON r.id = first.id
""")
_COUNT_SLOW = text("SELECT count(*) FROM receipts WHERE state = 'received' AND lane = :lane")
_POSTPONE = text("""
UPDATE receipts SET lane = :lane, attempts = attempts + :tried WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'received'
""")
_PUT_BEHIND = text("""
UPDATE receipts AS r SET lane = :lane, behind = d.behind
FROM unnest(CAST(:ids AS uuid[]), CAST(:behind AS uuid[])) AS d(id, behind) WHERE r.id = d.id AND r.state = 'received'
""")
_RELEASE = text("""
UPDATE receipts SET lane = 0 WHERE state = 'received' AND lane = :behind AND behind = ANY(CAST(:ids AS uuid[]))
""")
_RELEASE_LATE = text("""
UPDATE receipts SET lane = 0 WHERE state = 'received' AND lane = :behind AND received_at < now() - make_interval(secs => :seconds)
""")
_RELEASE_ALL = text("UPDATE receipts SET lane = 0, behind = NULL WHERE state = 'received' AND lane = :behind")
_ORIGINALS = text("""
SELECT DISTINCT ON (fingerprint) fingerprint, id FROM receipts
WHERE fingerprint = ANY(CAST(:fingerprints AS text[])) ORDER BY fingerprint, id
""")
_ROOTS = text("""
SELECT given.id, coalesce(r.mailbox, ''), r.thread_root, r.id FROM unnest(CAST(:ids AS text[])) AS given(id), LATERAL (
    SELECT id, mailbox, thread_root FROM receipts
    WHERE rfc_message_id = given.id AND (outcome IS NULL OR outcome IN ('opened', 'appended')) LIMIT :most
) AS r ORDER BY r.id
""")
_THREADS = text("""
SELECT root, participants, ticket_number FROM threads
WHERE root = ANY(CAST(:roots AS uuid[])) OR ticket_number = ANY(CAST(:numbers AS bigint[]))
""")
_VERDICT = (
    "id", "state", "outcome", "reason", "detail", "rfc_message_id", "sender", "subject", "fingerprint", "thread_root", "closed_at",
)  # fmt: skip
_WRITE_VERDICTS = text(f"""
UPDATE receipts AS r SET {", ".join(f"{c} = d.{c}" for c in _VERDICT[1:])}, sorted_at = :now
FROM unnest({", ".join(f"CAST(:{c} AS {sql_type(receipts, c)}[])" for c in _VERDICT)}) AS d({", ".join(_VERDICT)})
WHERE r.id = d.id AND r.state = 'received'
""")
_NEW_THREADS = text("""
INSERT INTO threads (root, participants)
SELECT d.root, ARRAY[d.participant] FROM unnest(CAST(:roots AS uuid[]), CAST(:participants AS text[])) AS d(root, participant)
ON CONFLICT DO NOTHING
""")
_Sender = tuple[str, str]
_BEFORE_ALL: _Sender = ("", "")
_MOST_IN_ONE_QUERY = 20_000
# An honest Message-ID is in as many receipts as its mail had mailboxes of ours.
_MOST_OF_AN_ID = 50


class NotOurs(Exception):
    """Somebody else has sorted some of these receipts meanwhile: the lock was lost."""


async def next_quick(connection: Connection, messages: int, most_bytes: int) -> list[tuple[Receipt, bytes | None]]:
    """The oldest receipts of the quick lane that nobody has sorted, with their raw bytes (None where they are gone)."""
    rows = await connection.execute(_NEXT, {"messages": messages, "bytes": most_bytes})
    return [(Receipt(*row[:-1]), row[-1]) for row in rows]


class SlowLanes:
    """What waits outside of the quick lane: of each sender the first in each lane, without its bytes.

    So nobody is hidden behind another's many messages. Nor behind many senders, who are easily invented: of more than `most` in a
    lane it shows so many at a time, and goes round.
    """

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._after = dict.fromkeys((Lane.LARGE, Lane.INDEBTED, Lane.SLOW), _BEFORE_ALL)

    async def look(self, connection: Connection) -> list[Waiting]:
        """Those that may be next."""
        found = await self._senders(connection, self._after)
        ended = {
            lane: _BEFORE_ALL for lane, senders in found.items() if len(senders) < self._most and self._after[lane] != _BEFORE_ALL
        }
        if ended:
            for lane, senders in (await self._senders(connection, ended)).items():
                found[lane] = {**senders, **found[lane]}
        for lane, senders in found.items():
            self._after[lane] = list(senders)[self._most - 1] if len(senders) >= self._most else _BEFORE_ALL
        return [waiting for senders in found.values() for waiting in senders.values()]

    async def _senders(self, connection: Connection, after: Mapping[Lane, _Sender]) -> dict[Lane, dict[_Sender, Waiting]]:
        peers, senders = zip(*after.values(), strict=True)
        values = {"lanes": list(after), "peers": list(peers), "senders": list(senders), "most": self._most}
        found: dict[Lane, dict[_Sender, Waiting]] = {lane: {} for lane in after}
        for *facts, peer, sender in await connection.execute(_FIRST_OF_SENDERS, values):
            waiting = Waiting(facts[0], Lane(facts[1]), *facts[2:])
            found[waiting.lane][peer, sender] = waiting
        return found


async def one(connection: Connection, id_: UUID) -> tuple[Receipt, bytes | None]:
    """A receipt with its raw bytes (None where they are gone)."""
    row = (await connection.execute(_ONE, {"id": id_})).one()
    return Receipt(*row[:-1]), row[-1]


async def count_slow(connection: Connection) -> int:
    """How many wait that were too slow once."""
    return int((await connection.execute(_COUNT_SLOW, {"lane": Lane.SLOW})).scalar_one())


async def postpone(connection: Connection, ids: Sequence[UUID], lane: Lane, tried: bool) -> None:
    """Puts receipts into a lane; `tried` counts an attempt of each. A statement of its own: it holds whatever comes after it."""
    await connection.execute(_POSTPONE, {"ids": list(ids), "lane": int(lane), "tried": int(tried)})


async def release(connection: Connection, ids: Sequence[UUID]) -> None:
    """What waited for these goes back into the quick lane, and has waited."""
    await connection.execute(_RELEASE, {"ids": list(ids), "behind": Lane.BEHIND})


async def release_late(connection: Connection, seconds: float) -> int:
    """What has waited for another message for so long goes back into the quick lane, and has waited. Returns how many."""
    return (await connection.execute(_RELEASE_LATE, {"behind": Lane.BEHIND, "seconds": seconds})).rowcount


async def release_all(connection: Connection) -> None:
    """Whatever waits for another message goes back into the quick lane, as if it had not waited."""
    await connection.execute(_RELEASE_ALL, {"behind": Lane.BEHIND})


class EarlierMails:
    """What deciding a batch needs to know of the mail before it; `mail` is filled by `load`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._needed: list[Examined] = []
        self.mail = EarlierMail()

    def need(self, examined: Examined) -> None:
        """Says that the next `load` is to find what this message refers to or repeats."""
        self._needed.append(examined)

    async def load(self) -> None:
        batch, self._needed = self._needed, []
        if fingerprints := [e.fingerprint for e in batch if e.fingerprint]:
            found = await self._connection.execute(_ORIGINALS, {"fingerprints": fingerprints})
            self.mail.originals.update((row[0], row[1]) for row in found)
        if references := list({r for e in batch for r in e.clues.references})[:_MOST_IN_ONE_QUERY]:
            for message_id, mailbox, root, id_ in await self._connection.execute(
                _ROOTS, {"ids": references, "most": _MOST_OF_AN_ID}
            ):
                if root is None:
                    self.mail.unread.setdefault(message_id, set()).add(id_)
                else:
                    self.mail.add_message(message_id, mailbox, root)
        roots = {root for e in batch for root in (*e.clues.reply_roots, *e.clues.own_roots)}
        roots.update(root for found_roots in self.mail.roots.values() for _, root in found_roots)
        numbers = {n for e in batch for n in e.clues.ticket_numbers}
        if roots or numbers:
            await self._load_threads(roots, numbers)

    async def _load_threads(self, roots: Iterable[UUID], numbers: Iterable[int]) -> None:
        rows = await self._connection.execute(_THREADS, {"roots": list(roots), "numbers": list(numbers)})
        for root, participants, number in rows:
            self.mail.threads[root] = EarlierThread(root, frozenset(participants))
            if number is not None:
                self.mail.tickets[number] = root

    async def flush(self) -> None:
        return


class Verdicts:
    """What sorting takes down: each receipt's verdict, and the threads that begin with them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._added: list[Verdict] = []
        self._behind: list[Waits] = []

    def add(self, verdict: Verdict) -> None:
        """Writes the verdict with the next `flush`."""
        self._added.append(verdict)

    def put_behind(self, waits: Waits) -> None:
        """Has the receipt wait for the other one, with the next `flush`."""
        self._behind.append(waits)

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        """Raises NotOurs where a receipt is no longer in the state `received`."""
        added, self._added = self._added, []
        behind, self._behind = self._behind, []
        if behind:
            ids = {"ids": [w.examined.receipt.id for w in behind], "behind": [w.behind for w in behind]}
            await self._connection.execute(_PUT_BEHIND, {**ids, "lane": Lane.BEHIND})
        if not added:
            return
        values: dict[str, Any] = {c: [getattr(verdict, c) for verdict in added] for c in _VERDICT}
        written = await self._connection.execute(_WRITE_VERDICTS, {**values, "now": self._now})
        if written.rowcount != len(added):
            raise NotOurs
        participants = {v.thread_root: v.participant for v in added if v.participant is not None}
        if participants:
            values = {"roots": list(participants), "participants": list(participants.values())}
            await self._connection.execute(_NEW_THREADS, values)
