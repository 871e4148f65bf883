"""Sorting: what was received is parsed (elsewhere), decided, and told, in the order of its receipt, a batch a transaction."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from deskstream_chassis.bus.linger import Linger
from deskstream_chassis.refusals import Invalid
from deskstream_chassis.run.chassis_tables import ChassisTables
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import first_of, hold_lock, pause
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.database import is_conflict, is_transient
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from ingest_svc import metrics
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Form, Submission, read_request, read_submission
from ingest_svc.domain.mail import ParsedMail
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.sorting import Admitted, Content, Decision, Examined, Quarantined, Unreadable, decide, examine
from ingest_svc.messaging.published import published
from ingest_svc.persistence import sorting
from ingest_svc.persistence.unit import IngestUnit

_LOCK = 0x736F7274  # "sort"; the lock's scope is this database
_log = logger(__name__)


class Parser(Protocol):
    async def parse(self, raws: Sequence[bytes]) -> list[ParsedMail | Unreadable]: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class BatchLimits:
    messages: int = 200
    bytes: int = 32 * 1024 * 1024
    poll_seconds: float = 0.2
    max_linger_seconds: float = 0.0


class Sorter:
    """Runs until its stop event is set. One sorter a database is at work, held by an advisory lock of its session."""

    name = "sorter"

    def __init__(
        self,
        *,
        pool: AsyncpgPool,
        chassis_tables: ChassisTables,
        parser: Parser,
        desk: Desk,
        forms: dict[str, Form],
        clock: Clock,
        tracing: Tracing,
        after_commit: Callable[[], None],
        limits: BatchLimits,
    ) -> None:
        self._pool = pool
        self._chassis_tables = chassis_tables
        self._parser = parser
        self._desk = desk
        self._forms = forms
        self._clock = clock
        self._tracing = tracing
        self._after_commit = after_commit
        self._limits = limits
        self._linger = Linger(limits.max_linger_seconds)
        self._wake = asyncio.Event()
        self.last_progress = time.monotonic()

    def wake(self) -> None:
        self._wake.set()

    def stalled(self, after_seconds: float) -> str | None:
        idle = time.monotonic() - self.last_progress
        return f"the sorter has not turned for {idle:.0f} s" if idle > after_seconds else None

    async def run(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                try:
                    async with self._pool.session() as connection:
                        if await hold_lock(connection, _LOCK, stop, self._progress):
                            metrics.SORTER_ACTIVE.set(1)
                            # The parsers take a second to start: now, not when the first mail waits.
                            await self._parser.parse([b""])
                            await self._sort_until(connection, stop)
                except Exception as error:
                    if not is_transient(error) and not isinstance(error, sorting.NotOurs):
                        raise
                    _log.warning("sorter starts over", error=repr(error)[:300])
                    await pause(stop, 0.5)
                finally:
                    metrics.SORTER_ACTIVE.set(0)
        finally:
            await self._parser.close()

    def _progress(self) -> None:
        self.last_progress = time.monotonic()

    async def _sort_until(self, connection: AsyncpgConnection, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._progress()
            self._wake.clear()
            self._linger.begin()
            sorted_ = await self.turn(connection)
            if sorted_:
                self._linger.end(sorted_)
            if sorted_ < self._limits.messages:
                await self._linger.rest()
                await first_of(self._limits.poll_seconds, self._wake, stop)

    async def turn(self, connection: AsyncpgConnection) -> int:
        """Sorts one batch; returns how many there were."""
        received = await sorting.next_received(connection, self._limits.messages, self._limits.bytes)
        if not received:
            return 0
        contents = await self._contents(received)
        batch = [examine(receipt, content, self._desk) for (receipt, _), content in zip(received, contents, strict=True)]
        try:
            await self._transaction(connection, batch)
        except Exception as error:
            if is_transient(error) or is_conflict(error) or isinstance(error, sorting.NotOurs):
                raise
            _log.error("a batch could not be sorted; one by one", messages=len(batch), error=repr(error)[:500])
            for examined in batch:
                await self._alone(connection, examined)
        return len(batch)

    async def _alone(self, connection: AsyncpgConnection, examined: Examined) -> None:
        try:
            await self._transaction(connection, [examined])
        except Exception as error:
            if is_transient(error) or isinstance(error, sorting.NotOurs):
                raise
            _log.exception("a message could not be sorted", receipt=str(examined.receipt.id))
            why = Unreadable("unparseable", f"it could not be sorted: {type(error).__name__}")
            await self._transaction(connection, [examine(examined.receipt, why, self._desk)])

    async def _contents(self, received: "Sequence[tuple[Receipt, bytes | None]]") -> list[Content]:
        contents: list[Content | None] = [self._without_parser(receipt, raw) for receipt, raw in received]
        mails = [n for n, content in enumerate(contents) if content is None]
        if mails:
            for n, parsed in zip(mails, await self._parser.parse([received[n][1] or b"" for n in mails]), strict=True):
                contents[n] = parsed
        return [content for content in contents if content is not None]

    def _without_parser(self, receipt: Receipt, raw: bytes | None) -> Content | None:
        if raw is None:
            return Unreadable("unparseable", "its raw message is gone")
        if receipt.door == "api":
            return read_request(raw)
        return self._submission(receipt, raw) if receipt.door == "form" else None

    def _submission(self, receipt: Receipt, raw: bytes) -> Submission | Unreadable:
        form = self._forms.get(receipt.channel)
        if form is None:
            return Unreadable("unparseable", "its form is no longer configured")
        try:
            return read_submission(form, receipt.media_type, raw)
        except Invalid as invalid:
            return Unreadable("unparseable", f"its form was changed meanwhile: {invalid.detail}")

    async def _transaction(self, connection: AsyncpgConnection, batch: Sequence[Examined]) -> None:
        now = self._clock.now()
        async with connection.begin():
            known = await sorting.look_up(connection, batch)
            decisions = [decide(examined, known, self._desk) for examined in batch]
            unit = IngestUnit(connection, self._chassis_tables.outbox_for(connection), now)
            for decision in decisions:
                self._tell(unit, decision)
            await sorting.write_verdicts(connection, [_verdict(d, now) for d in decisions], now)
            await sorting.write_threads(connection, _new_threads(decisions))
            await unit.flush()
        await failpoint("ingest.sorted")
        self._after_commit()
        metrics.SORT_BATCH.observe(len(batch))
        for decision in decisions:
            if not isinstance(decision, Admitted):
                child(metrics.OUTCOMES, type(decision).__name__.lower(), decision.reason).inc()

    def _tell(self, unit: IngestUnit, decision: Decision) -> None:
        receipt = decision.examined.receipt
        with self._tracing.span("sort", SpanKind.INTERNAL, receipt.traceparent) as traceparent:
            unit.cause = Cause(receipt.correlation_id, traceparent)
            unit.record(*published(decision))


def _verdict(decision: Decision, now: datetime) -> dict[str, Any]:
    examined = decision.examined
    row: dict[str, Any] = {
        "id": examined.receipt.id,
        "state": "sorted",
        "outcome": None,
        "reason": None,
        "detail": None,
        "rfc_message_id": examined.message_id,
        "sender": examined.sender,
        "subject": examined.subject,
        "fingerprint": examined.fingerprint,
        "thread_root": decision.thread.root,
        "closed_at": None,
    }
    if isinstance(decision, Admitted):
        relation = decision.thread.relation
        return {**row, "reason": relation if relation != "reply" else f"reply by {decision.thread.proof}"}
    outcome = "quarantined" if isinstance(decision, Quarantined) else "suppressed"
    return {**row, "state": "closed", "outcome": outcome, "reason": decision.reason, "detail": decision.detail, "closed_at": now}


def _new_threads(decisions: Sequence[Decision]) -> dict[UUID, str]:
    new = [d for d in decisions if isinstance(d, Admitted) and d.thread.relation != "reply"]
    return {d.thread.root: d.message.sender.email for d in new}
