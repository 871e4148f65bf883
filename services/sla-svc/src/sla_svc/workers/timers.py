"""Fires what is due: claims timers with the clocks of their tickets locked, and records in the same transaction."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import text

from deskstream_chassis.run.chassis_tables import ChassisTables
from deskstream_chassis.run.clock import Clock, SystemClock, new_id
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import first_of
from deskstream_chassis.store.aggregates import ConcurrentChange
from deskstream_chassis.store.database import Transactions, is_conflict, is_transient
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.unit import UnitFactory
from deskstream_chassis.watch.backlog import Waiting
from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from sla_svc import metrics
from sla_svc.handlers.fire_timers import Due, fire_timers
from sla_svc.persistence.unit import SlaUnit

_LONGEST_SLEEP = 1.0
_NEXT = text("SELECT min(due_at) - clock_timestamp() FROM timers")
# The order of locks is that of the consumer: clocks in the order of ids first, then timers. What the consumer holds is left for
# the next turn.
_LOCK_CLOCKS = text("""WITH due AS (SELECT DISTINCT ticket_id FROM
        (SELECT ticket_id FROM timers WHERE due_at <= now() ORDER BY due_at LIMIT :n) AS t)
    SELECT id, now() FROM slas WHERE id IN (SELECT ticket_id FROM due) ORDER BY id FOR UPDATE SKIP LOCKED""")
_CLAIM = text("""SELECT ticket_id, clock, kind FROM timers WHERE ticket_id = ANY(CAST(:ids AS uuid[])) AND due_at <= now()
    ORDER BY due_at, kind DESC FOR UPDATE SKIP LOCKED""")
WAITING = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)
        FROM timers WHERE due_at <= clock_timestamp()"""),
    (metrics.TIMERS_DUE, metrics.TIMERS_OVERDUE),
)
_log = logger(__name__)


class Alarm:
    """Tells the worker of timers that this process has set, so that it does not have to look in between."""

    def __init__(self) -> None:
        self.clock: Clock = SystemClock()
        self._wake = asyncio.Event()
        self._uncommitted: datetime | None = None
        self._next: datetime | None = None

    def expect(self, due: datetime) -> None:
        """A transaction sets a timer; it counts from the next `committed` on."""
        self._uncommitted = due if self._uncommitted is None else min(due, self._uncommitted)

    def committed(self) -> None:
        due, self._uncommitted = self._uncommitted, None
        if due is not None and (self._next is None or due < self._next):
            self._next = due
            self._wake.set()

    async def sleep(self, stop: asyncio.Event, seconds: float) -> None:
        """Until so many seconds have passed, an expected time has come, or it is to stop."""
        until = time.monotonic() + seconds
        while not stop.is_set():
            self._wake.clear()
            left = until - time.monotonic()
            if self._next is not None:
                left = min(left, (self._next - self.clock.now()).total_seconds())
            if left <= 0:
                break
            await first_of(left, self._wake, stop)
        if self._next is not None and self._next <= self.clock.now():
            self._next = None


class TimerWorker:
    """Runs until its stop event is set. Any number may run: each takes what no other holds."""

    name = "timers"

    def __init__(
        self,
        engine: Transactions,
        chassis_tables: ChassisTables,
        open_unit: UnitFactory[SlaUnit],
        alarm: Alarm,
        after_commit: Callable[[], None],
        tracing: Tracing,
        *,
        batch: int,
        catch_up_seconds: float,
    ) -> None:
        self._engine = engine
        self._chassis_tables = chassis_tables
        self._open_unit = open_unit
        self._alarm = alarm
        self._after_commit = after_commit
        self._tracing = tracing
        self.caught_up: Callable[[], bool] = lambda: True
        self._batch = batch
        self._catch_up_seconds = catch_up_seconds
        self.last_progress = time.monotonic()

    def stalled(self, after_seconds: float) -> str | None:
        idle = time.monotonic() - self.last_progress
        return f"the timers have not turned for {idle:.0f} s" if idle > after_seconds else None

    async def run(self, stop: asyncio.Event) -> None:
        await self._wait_for_consumer(stop)
        while not stop.is_set():
            pause = _LONGEST_SLEEP
            try:
                fired = await self.fire_due()
                pause = 0.0 if fired else await self._until_next()
                self.last_progress = time.monotonic()
            except Exception as error:
                if not (is_transient(error) or is_conflict(error) or isinstance(error, ConcurrentChange)):
                    raise
                _log.warning("timers are tried again", error=repr(error)[:300])
            await self._alarm.sleep(stop, pause)

    async def _wait_for_consumer(self, stop: asyncio.Event) -> None:
        # After downtime, an answer that came in time may still be on its way; it goes before the breach.
        until = time.monotonic() + self._catch_up_seconds
        while not stop.is_set() and time.monotonic() < until and not self.caught_up():
            self.last_progress = time.monotonic()
            await asyncio.sleep(0.05)

    async def fire_due(self) -> int:
        """Fires one batch of what is due by the database's clock, each once, in one transaction. Returns how many."""
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_LOCK_CLOCKS, {"n": self._batch})).all()
            if not rows:
                return 0
            ids, now = [row[0] for row in rows], rows[0][1]
            due = [Due(*row) for row in await connection.execute(_CLAIM, {"ids": ids})]
            unit = self._open_unit(connection, self._chassis_tables.outbox_for(connection), now)
            unit.slas.need(*ids)
            await unit.load()
            with self._tracing.span("fire timers", SpanKind.INTERNAL, None) as traceparent:
                unit.cause = Cause(str(new_id()), traceparent)
                late = fire_timers(unit, due)
            await unit.flush()
        await failpoint("sla.timer_fired")
        self._after_commit()
        for seconds in late:
            metrics.TIMER_LATE.observe(seconds)
        for one in due:
            child(metrics.TIMERS_FIRED, one.clock, one.kind).inc()
        return len(due)

    async def _until_next(self) -> float:
        async with self._engine.connect() as connection:
            left: Any = (await connection.execute(_NEXT)).scalar_one()
        if left is None:
            return _LONGEST_SLEEP
        # What is due now and was not fired is held by somebody: not at once again.
        return min(max(float(left.total_seconds()), 0.02), _LONGEST_SLEEP)
