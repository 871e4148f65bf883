"""The group commit: everything that arrives while a commit is under way is written by the next one, in one statement.

Nothing waits for company: a single arrival is written at once. A receipt's future is resolved only after the commit.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.refusals import Invalid, Unavailable
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import is_transient, sql_type
from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from ingest_svc import metrics
from ingest_svc.domain.receipts import Receipt
from ingest_svc.persistence.tables import receipts

_log = logger(__name__)
_BATCH_RECEIPTS = 200
_BATCH_BYTES = 32 * 1024 * 1024
_COLUMNS = (
    "id", "raw_id", "door", "channel", "mailbox", "recipient", "envelope_from", "media_type", "size", "sha256",
    "relay_trusted", "received_at", "correlation_id", "traceparent", "idempotency", "peer", "lane", "rfc_message_id",
)  # fmt: skip
_WRITE = text(f"""
WITH written AS (
    INSERT INTO receipts ({", ".join(_COLUMNS)})
    SELECT * FROM unnest({", ".join(f"CAST(:{c} AS {sql_type(receipts, c)}[])" for c in _COLUMNS)})
    ON CONFLICT (idempotency) WHERE idempotency IS NOT NULL DO NOTHING
    RETURNING id, raw_id
), kept AS (
    INSERT INTO raw_messages (id, content)
    SELECT d.id, d.content FROM unnest(CAST(:raw_ids AS uuid[]), CAST(:contents AS bytea[])) AS d(id, content)
    WHERE d.id IN (SELECT raw_id FROM written)
)
SELECT id FROM written
""")
_REPEATED = text("SELECT idempotency, id, sha256 FROM receipts WHERE idempotency = ANY(CAST(:keys AS text[]))")


@dataclass(slots=True)
class _Waiting:
    receipts: Sequence[Receipt]
    raw: bytes
    done: "asyncio.Future[list[UUID]]"


class Intake:
    """Where every door hands in what it was given. `after_commit` wakes who comes next: True where some is for a slow lane."""

    def __init__(self, pool: AsyncpgPool, after_commit: Callable[[bool], None], most_bytes: int) -> None:
        # One statement is one transaction: without BEGIN and COMMIT around it, it is one round trip.
        self._pool = pool
        self._after_commit = after_commit
        self._most_bytes = most_bytes
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None

    async def accept(self, entries: Sequence[Receipt], raw: bytes) -> list[UUID]:
        """Commits the receipts of one message and its raw bytes. Returns their ids (the first one's, for a repeated key).

        Raises Unavailable where the database is away or too much is waiting (the caller's side has to try again), and
        Invalid where the idempotency key was used for another body.
        """
        if self._bytes + len(raw) > self._most_bytes:
            raise Unavailable("Too much is waiting to be stored.")
        waiting = _Waiting(entries, raw, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._bytes += len(raw)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all(), name="intake")
        try:
            return await waiting.done
        finally:
            self._bytes -= len(raw)

    async def drained(self) -> None:
        """Returns when nothing is under way."""
        while self._writer is not None:
            await asyncio.wait((self._writer,))

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._settle(self._next())
        finally:
            self._writer = None

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < _BATCH_RECEIPTS and (not batch or size + len(self._waiting[0].raw) <= _BATCH_BYTES):
            size += len(self._waiting[0].raw)
            batch.append(self._waiting.popleft())
        return batch

    async def _settle(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._write(batch)
        except Exception as error:
            if len(batch) > 1 and not is_transient(error):
                for one in batch:  # one of them is to blame; the others are not to suffer
                    await self._settle([one])
                return
            _log.warning("messages not stored", messages=len(batch), error=repr(error)[:300])
            for waiting in batch:
                _fail(waiting, Unavailable("The message cannot be stored now."))
            return
        await failpoint("ingest.accepted")
        metrics.INTAKE_BATCH.observe(len(batch))
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                _fail(waiting, answer)
            elif not waiting.done.done():
                waiting.done.set_result(answer)
        self._after_commit(any(r.lane for waiting in batch for r in waiting.receipts))

    async def _write(self, batch: list[_Waiting]) -> list[list[UUID] | Exception]:
        rows = [r for waiting in batch for r in waiting.receipts]
        values: dict[str, Any] = {c: [getattr(r, c) for r in rows] for c in _COLUMNS}
        values["raw_ids"] = [waiting.receipts[0].raw_id for waiting in batch]
        values["contents"] = [waiting.raw for waiting in batch]
        async with self._pool.connect() as connection:
            written = set((await connection.execute(_WRITE, values)).scalars())
            if len(written) == len(rows):
                _count(rows)
                return [[r.id for r in waiting.receipts] for waiting in batch]
            keys = [r.idempotency for r in rows if r.id not in written]
            earlier = {row[0]: (row[1], row[2]) for row in await connection.execute(_REPEATED, {"keys": keys})}
        _count([r for r in rows if r.id in written])
        return [_answer(waiting, written, earlier) for waiting in batch]


def _count(rows: Sequence[Receipt]) -> None:
    for row in rows:
        child(metrics.ACCEPTED, row.door).inc()


def _answer(waiting: _Waiting, written: set[UUID], earlier: dict[str, tuple[UUID, str]]) -> list[UUID] | Exception:
    first = waiting.receipts[0]
    if first.id in written or first.idempotency is None:
        return [r.id for r in waiting.receipts]
    id_, sha256 = earlier[first.idempotency]
    if sha256 != first.sha256:
        return Invalid("This Idempotency-Key was used for another request.", pointer="Idempotency-Key")
    return [id_]


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
