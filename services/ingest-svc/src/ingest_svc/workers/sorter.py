"""Sorting: what was received is parsed (elsewhere), decided, and published, a batch a transaction.

What is quick to read goes in the order of its receipt, in batches. What is large, or was too slow, goes one at a time beside it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from deskstream_chassis.bus.linger import Linger
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import first_of
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.advisory_lock import work_alone
from deskstream_chassis.store.announcer import Announcer
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.database import is_conflict, is_transient
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.unit import OpenUnit
from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from ingest_svc import metrics
from ingest_svc.domain.contents import Content, ParserAway, TooSlow, Unreadable, content_without_parser
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Form
from ingest_svc.domain.lanes import MOST_ATTEMPTS, MOST_BEHIND_SECONDS, MOST_SLOW, PARSER_START_SECONDS, Debts, Lane
from ingest_svc.domain.mail import ParsedMail
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.sorting import Examined, Waits, examine
from ingest_svc.domain.verdicts import Verdict
from ingest_svc.handlers.sort_message import SortMessage
from ingest_svc.persistence import sorting
from ingest_svc.persistence.unit import IngestUnit

_CHANNEL: Final = "receipts"
_SLOW_CHANNEL: Final = "receipts-slow"
_LOCK: Final = 0x736F7274  # "sort"; the lock's scope is this database
_SLOW_POLL_SECONDS: Final = 1.0
_log = logger(__name__)
Taken = tuple[Receipt, bytes | None]


class Parser(Protocol):
    """Takes mails apart, one result a mail, in order."""

    async def start(self) -> None:
        """Makes ready. Raises ParserAway where that cannot be."""
        ...

    async def parse(self, raws: Sequence[bytes], seconds: float) -> list[ParsedMail | Unreadable | TooSlow]:
        """Each with so many seconds of CPU: TooSlow where they were not enough. Raises ParserAway, and nothing else."""
        ...

    async def close(self) -> None:
        """Ends what it has started; it may parse again after that."""
        ...


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much a batch may hold, how long a message may be read, and how long the sorter waits for the next one. In seconds."""

    messages: int = 200
    bytes: int = 32 * 1024 * 1024
    quick_seconds: float = 0.05
    slow_seconds: float = 2.0
    poll_seconds: float = 2.0
    max_linger_seconds: float = 0.0


class Sorter(Worker):
    """Fetches what nobody has sorted, has it parsed, and runs it through units of work.

    One sorter a database is at work; others stand by. `wake` after a commit makes it look at once, in whichever process it is
    at work. `quick` and `slow` parse for the two lanes, so that neither waits for the other.

    After a start, and after a failure, batches begin with one message and double; what they hold stands in the slow lane until
    it is done. So whatever breaks sorting, even this process, is next met alone, behind all others, and not for ever.
    An answer to what is not read yet waits for it (`Lane.BEHIND`).
    """

    name = "sorter"

    def __init__(
        self,
        *,
        pool: AsyncpgPool,
        open_unit: OpenUnit[IngestUnit],
        quick: Parser,
        slow: Parser,
        desk: Desk,
        forms: Mapping[str, Form],
        clock: Clock,
        tracing: Tracing,
        after_commit: Callable[[], None],
        limits: BatchLimits,
        announcer: Announcer,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._open_unit = open_unit
        self._quick = quick
        self._slow = slow
        self._desk = desk
        self._forms = forms
        self._clock = clock
        self._tracing = tracing
        self._after_commit = after_commit
        self._limits = limits
        self._announcer = announcer
        self._at_work = False
        self._linger = Linger(limits.max_linger_seconds)
        self._debts = Debts()
        self._slow_lanes = sorting.SlowLanes()
        self._batch = 1
        self._trying: set[UUID] = set()
        self._awaited: set[UUID] = set()
        self._one_at_a_time = asyncio.Lock()  # for the connection, and so that decisions see those before them
        self._wake = asyncio.Event()
        self._wake_slow = asyncio.Event()

    def wake(self, slow: bool = False) -> None:
        """Makes it look now for new receipts, of the slow lane as well where it is said; called as often as one likes."""
        self._wake.set()
        if slow:
            self._wake_slow.set()
        if not self._at_work:
            self._announcer.announce(_SLOW_CHANNEL if slow else _CHANNEL)

    async def run(self, stop: asyncio.Event) -> None:
        async def sort_while_held(connection: AsyncpgConnection) -> None:
            self._at_work = True
            metrics.SORTER_ACTIVE.set(1)
            try:
                await connection.listen(_CHANNEL, self._wake.set)
                await connection.listen(_SLOW_CHANNEL, self._wake_slow.set)
                # The parsers take a second to start: now, not when the first mail waits.
                await self._quick.start()
                await self._both_lanes(connection, stop)
            finally:
                self._at_work = False
                metrics.SORTER_ACTIVE.set(0)

        try:
            await work_alone("sort what was received", self._pool, _LOCK, stop, sort_while_held, self.progress, _is_borne)
        finally:
            await self._quick.close()
            await self._slow.close()

    async def _both_lanes(self, connection: AsyncpgConnection, stop: asyncio.Event) -> None:
        self._batch, self._trying, self._awaited = 1, set(), set()
        await sorting.release_all(connection)
        lanes = [asyncio.create_task(lane(connection, stop)) for lane in (self._sort_quick, self._sort_slow)]
        try:
            # The first that ends decides: at the stop both do, and what breaks one breaks off the other.
            await asyncio.wait(lanes, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for lane in lanes:
                lane.cancel()
            ended = await asyncio.gather(*lanes, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _sort_quick(self, connection: AsyncpgConnection, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.progress()
            self._wake.clear()
            self._linger.begin()
            sorted_ = await self.turn(connection)
            if sorted_:
                self._linger.end(sorted_)
            if sorted_ < self._limits.messages:
                await self._linger.rest()
                if not sorted_ or self._batch >= self._limits.messages:
                    await first_of(self._limits.poll_seconds, self._wake, stop)

    async def _sort_slow(self, connection: AsyncpgConnection, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake_slow.clear()
            if self._awaited:
                async with self._one_at_a_time:
                    if await sorting.release_late(connection, MOST_BEHIND_SECONDS):
                        self.wake()
            if not await self.slow_turn(connection):
                await first_of(_SLOW_POLL_SECONDS, self._wake_slow, stop)

    async def turn(self, connection: AsyncpgConnection) -> int:
        """Sorts one batch of the quick lane; returns how many there were."""
        trying = self._batch < self._limits.messages
        async with self._one_at_a_time:
            received = await sorting.next_quick(connection, min(self._batch, self._limits.messages), self._limits.bytes)
            received = await self._without_debtors(connection, received)
            if trying and received:
                self._trying = {r.id for r, _ in received}
                await sorting.postpone(connection, list(self._trying), Lane.SLOW, tried=True)
        if not received:
            return 0
        contents = await self._contents(received, self._quick, self._limits.quick_seconds)
        async with self._one_at_a_time:
            batch = []
            for (receipt, _), content in zip(received, contents, strict=True):
                if isinstance(content, TooSlow):
                    await self._to_the_slow_lane(connection, receipt, content.died, tried=not trying)
                else:
                    batch.append(self._examined(receipt, content))
            if batch:
                await self._sorted(connection, batch)
            self._trying = set()
        self._batch = min(2 * self._batch, self._limits.messages)
        return len(received)

    async def slow_turn(self, connection: AsyncpgConnection) -> int:
        """Sorts the next message outside of the quick lane; returns 0 where none waits."""
        async with self._one_at_a_time:
            all_waiting = [w for w in await self._slow_lanes.look(connection) if w.id not in self._trying]
            waiting = self._debts.next(all_waiting, time.monotonic())
            if waiting is None:
                return 0
            await sorting.postpone(connection, [waiting.id], waiting.lane, tried=True)
            taken = await sorting.one(connection, waiting.id)
        quick = waiting.lane is Lane.INDEBTED
        seconds = self._limits.quick_seconds if quick else waiting.fair_seconds(self._limits.slow_seconds)
        started = time.monotonic()
        content: Content | TooSlow
        if waiting.attempts >= MOST_ATTEMPTS:
            content = Unreadable("unparseable", f"sorting broke off each of the {waiting.attempts} times that it was tried")
        else:
            (content,) = await self._contents([taken], self._slow, seconds)
        # By the clock on the wall, as others waited for it so long; what is large takes its time by rights.
        fair = waiting.fair_seconds(self._limits.quick_seconds) if waiting.lane is Lane.LARGE else 0.0
        self._debts.charge(waiting, max(0.0, time.monotonic() - started - fair), time.monotonic())
        async with self._one_at_a_time:
            if not isinstance(content, TooSlow):
                await self._sorted(connection, [self._examined(taken[0], content)])
            elif waiting.lane is Lane.INDEBTED:
                await self._to_the_slow_lane(connection, taken[0], content.died, tried=False)
            else:
                why = Unreadable("parser_limit", "reading it takes more time or memory than one message may have")
                await self._sorted(connection, [self._examined(taken[0], why)])
        return 1

    async def _without_debtors(self, connection: AsyncpgConnection, received: list[Taken]) -> list[Taken]:
        now = time.monotonic()
        indebted = [r.id for r, _ in received if self._debts.is_indebted(r, now)]
        if not indebted:
            return received
        await sorting.postpone(connection, indebted, Lane.INDEBTED, tried=False)
        child(metrics.POSTPONED, "indebted").inc(len(indebted))
        self._wake_slow.set()
        gone = set(indebted)
        return [taken for taken in received if taken[0].id not in gone]

    async def _to_the_slow_lane(self, connection: AsyncpgConnection, receipt: Receipt, died: bool, tried: bool) -> None:
        """Its second try comes behind all others. Where too many such wait, it is quarantined now."""
        cost = self._limits.quick_seconds + (PARSER_START_SECONDS if died else 0.0)
        self._debts.charge(receipt, cost, time.monotonic())
        if await sorting.count_slow(connection) > MOST_SLOW:
            why = Unreadable("rate_limit", f"it is slow to read, and more than {MOST_SLOW} such messages wait already")
            await self._sorted(connection, [self._examined(receipt, why)])
            return
        await sorting.postpone(connection, [receipt.id], Lane.SLOW, tried)
        child(metrics.POSTPONED, "slow").inc()
        self._wake_slow.set()

    async def _contents(self, received: Sequence[Taken], parser: Parser, seconds: float) -> list[Content | TooSlow]:
        contents: list[Content | TooSlow | None] = [content_without_parser(receipt, raw, self._forms) for receipt, raw in received]
        mails = [n for n, content in enumerate(contents) if content is None]
        if mails:
            parsed = await parser.parse([received[n][1] or b"" for n in mails], seconds)
            for n, content in zip(mails, parsed, strict=True):
                contents[n] = content
        return [content for content in contents if content is not None]

    def _examined(self, receipt: Receipt, content: Content) -> Examined:
        try:
            return examine(receipt, content, self._desk)
        except Exception as error:
            _log.exception("a message could not be examined", receipt=str(receipt.id))
            return examine(receipt, _unsortable(error), self._desk)

    async def _sorted(self, connection: AsyncpgConnection, batch: Sequence[Examined]) -> None:
        try:
            await self._transaction(connection, batch)
        except Exception as error:
            if _is_borne(error) or is_conflict(error):
                raise
            _log.error("a batch could not be sorted; one by one", messages=len(batch), error=repr(error)[:500])
            for examined in batch:
                await self._alone(connection, examined)

    async def _alone(self, connection: AsyncpgConnection, examined: Examined) -> None:
        try:
            await self._transaction(connection, [examined])
        except Exception as error:
            if _is_borne(error):
                raise
            _log.exception("a message could not be sorted", receipt=str(examined.receipt.id))
            await self._transaction(connection, [examine(examined.receipt, _unsortable(error), self._desk)])

    async def _transaction(self, connection: AsyncpgConnection, batch: Sequence[Examined]) -> None:
        async with connection.begin():
            unit = self._open_unit(connection, self._clock.now())
            use_cases = [SortMessage(examined) for examined in batch]
            for use_case in use_cases:
                use_case.needs(unit)
            await unit.load()
            handled = [self._handled(unit, use_case) for use_case in use_cases]
            waits = [h for h in handled if isinstance(h, Waits)]
            verdicts = [h for h in handled if isinstance(h, Verdict)]
            await unit.flush()
            ended = self._awaited.intersection(v.id for v in verdicts)
            if ended:
                await sorting.release(connection, list(ended))
            self._awaited.update(w.behind for w in waits)
        await failpoint("ingest.sorted")
        self._after_commit()
        metrics.SORT_BATCH.observe(len(batch))
        for verdict in verdicts:
            if verdict.outcome is not None:
                child(metrics.OUTCOMES, verdict.outcome, verdict.reason).inc()
        child(metrics.POSTPONED, "behind").inc(len(waits))
        if ended:
            self._awaited -= ended
            self.wake()

    def _handled(self, unit: IngestUnit, use_case: SortMessage) -> Verdict | Waits:
        receipt = use_case.examined.receipt
        with self._tracing.span("sort", SpanKind.INTERNAL, receipt.traceparent) as traceparent:
            unit.cause = Cause(receipt.correlation_id, traceparent)
            return use_case.handle(unit)


def _unsortable(error: Exception) -> Unreadable:
    return Unreadable("unparseable", f"it could not be sorted: {type(error).__name__}")


def _is_borne(error: Exception) -> bool:
    """Whether to start over: the database or the parsers are away, or the lock was lost."""
    return is_transient(error) or isinstance(error, sorting.NotOurs | ParserAway)
