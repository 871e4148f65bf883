"""Sorting: what was received is parsed (elsewhere), decided, and published, in the order of its receipt, a batch a transaction."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from deskstream_chassis.bus.linger import Linger
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import first_of
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.advisory_lock import work_alone
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.database import is_conflict, is_transient
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.unit import OpenUnit
from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from ingest_svc import metrics
from ingest_svc.domain.contents import Content, Unreadable, content_without_parser
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Form
from ingest_svc.domain.mail import ParsedMail
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.sorting import Examined, examine
from ingest_svc.domain.verdicts import Verdict
from ingest_svc.handlers.sort_message import SortMessage
from ingest_svc.persistence import sorting
from ingest_svc.persistence.unit import IngestUnit

_LOCK: Final = 0x736F7274  # "sort"; the lock's scope is this database
_log = logger(__name__)


class Parser(Protocol):
    """Takes mails apart, one result a mail, in order."""

    async def parse(self, raws: Sequence[bytes]) -> list[ParsedMail | Unreadable]:
        """A mail that cannot be taken apart is Unreadable, and never an exception."""
        ...

    async def close(self) -> None:
        """Ends what it has started; it may parse again after that."""
        ...


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much a batch may hold, and how long the sorter waits for the next one."""

    messages: int = 200
    bytes: int = 32 * 1024 * 1024
    poll_seconds: float = 0.2
    max_linger_seconds: float = 0.0


class Sorter(Worker):
    """Fetches what nobody has sorted, has it parsed, and runs it through units of work.

    One sorter a database is at work, so that the order of receipt is kept; others stand by. `wake` after a commit makes it look at
    once; what other processes have accepted it finds by polling.
    """

    name = "sorter"

    def __init__(
        self,
        *,
        pool: AsyncpgPool,
        open_unit: OpenUnit[IngestUnit],
        parser: Parser,
        desk: Desk,
        forms: Mapping[str, Form],
        clock: Clock,
        tracing: Tracing,
        after_commit: Callable[[], None],
        limits: BatchLimits,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._open_unit = open_unit
        self._parser = parser
        self._desk = desk
        self._forms = forms
        self._clock = clock
        self._tracing = tracing
        self._after_commit = after_commit
        self._limits = limits
        self._linger = Linger(limits.max_linger_seconds)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Makes it look now for new receipts; called after a commit, as often as one likes."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        async def sort_while_held(connection: AsyncpgConnection) -> None:
            metrics.SORTER_ACTIVE.set(1)
            try:
                # The parsers take a second to start: now, not when the first mail waits.
                await self._parser.parse([b""])
                await self._sort_until(connection, stop)
            finally:
                metrics.SORTER_ACTIVE.set(0)

        try:
            await work_alone("sort what was received", self._pool, _LOCK, stop, sort_while_held, self.progress, _is_borne)
        finally:
            await self._parser.close()

    async def _sort_until(self, connection: AsyncpgConnection, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.progress()
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
            if _is_borne(error) or is_conflict(error):
                raise
            _log.error("a batch could not be sorted; one by one", messages=len(batch), error=repr(error)[:500])
            for examined in batch:
                await self._alone(connection, examined)
        return len(batch)

    async def _alone(self, connection: AsyncpgConnection, examined: Examined) -> None:
        try:
            await self._transaction(connection, [examined])
        except Exception as error:
            if _is_borne(error):
                raise
            _log.exception("a message could not be sorted", receipt=str(examined.receipt.id))
            why = Unreadable("unparseable", f"it could not be sorted: {type(error).__name__}")
            await self._transaction(connection, [examine(examined.receipt, why, self._desk)])

    async def _contents(self, received: Sequence[tuple[Receipt, bytes | None]]) -> list[Content]:
        contents: list[Content | None] = [content_without_parser(receipt, raw, self._forms) for receipt, raw in received]
        mails = [n for n, content in enumerate(contents) if content is None]
        if mails:
            for n, parsed in zip(mails, await self._parser.parse([received[n][1] or b"" for n in mails]), strict=True):
                contents[n] = parsed
        return [content for content in contents if content is not None]

    async def _transaction(self, connection: AsyncpgConnection, batch: Sequence[Examined]) -> None:
        async with connection.begin():
            unit = self._open_unit(connection, self._clock.now())
            use_cases = [SortMessage(examined) for examined in batch]
            for use_case in use_cases:
                use_case.needs(unit)
            await unit.load()
            verdicts = [self._handled(unit, use_case) for use_case in use_cases]
            await unit.flush()
        await failpoint("ingest.sorted")
        self._after_commit()
        metrics.SORT_BATCH.observe(len(batch))
        for verdict in verdicts:
            if verdict.outcome is not None:
                child(metrics.OUTCOMES, verdict.outcome, verdict.reason).inc()

    def _handled(self, unit: IngestUnit, use_case: SortMessage) -> Verdict:
        receipt = use_case.examined.receipt
        with self._tracing.span("sort", SpanKind.INTERNAL, receipt.traceparent) as traceparent:
            unit.cause = Cause(receipt.correlation_id, traceparent)
            return use_case.handle(unit)


def _is_borne(error: Exception) -> bool:
    """Whether to start over: the database is away, or the lock was lost."""
    return is_transient(error) or isinstance(error, sorting.NotOurs)
