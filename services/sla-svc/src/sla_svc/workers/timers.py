"""Fires what is due: claims timers with the clocks of their tickets locked, and records in the same transaction."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import text

from deskstream_chassis.run.clock import Clock, new_id
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.patience import may_pass, patiently_until
from deskstream_chassis.store.unit import OpenUnit, carried_out
from deskstream_chassis.watch.backlog import Waiting
from deskstream_chassis.watch.metrics import child
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from sla_svc import metrics
from sla_svc.handlers.fire_timers import FireTimers
from sla_svc.persistence import timers
from sla_svc.persistence.unit import SlaUnit
from sla_svc.workers.alarm import Alarm

_LONGEST_SLEEP_SECONDS: Final = 1.0
_SHORTEST_SLEEP_SECONDS: Final = 0.02
WAITING: Final = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)
        FROM timers WHERE due_at <= clock_timestamp()"""),
    (metrics.TIMERS_DUE, metrics.TIMERS_OVERDUE),
)


class TimerWorker(Worker):
    """Any number may run: each takes what no other holds. `batch` is how many tickets' timers one transaction fires.

    At its start it waits until `caught_up`, for `catch_up_seconds` at most.
    """

    name = "timers"

    def __init__(
        self,
        engine: Transactions,
        open_unit: OpenUnit[SlaUnit],
        alarm: Alarm,
        clock: Clock,
        after_commit: Callable[[], None],
        tracing: Tracing,
        *,
        batch: int,
        catch_up_seconds: float,
    ) -> None:
        super().__init__()
        self._engine = engine
        self._open_unit = open_unit
        self._alarm = alarm
        self._clock = clock
        self._after_commit = after_commit
        self._tracing = tracing
        self._batch = batch
        self._catch_up_seconds = catch_up_seconds
        self.caught_up: Callable[[], bool] = lambda: True

    async def run(self, stop: asyncio.Event) -> None:
        await self._let_consumer_catch_up(stop)
        while not stop.is_set():
            # What cannot be fired before the stop is fired by whoever runs next.
            rest = await patiently_until(stop, "fire timers", self._turn, may_pass, self.progress)
            await self._alarm.sleep(stop, rest or 0.0, self._clock)

    async def _let_consumer_catch_up(self, stop: asyncio.Event) -> None:
        # After downtime, an answer that came in time may still be on its way; it goes before the breach.
        until = time.monotonic() + self._catch_up_seconds
        while not stop.is_set() and time.monotonic() < until and not self.caught_up():
            self.progress()
            await pause(stop, 0.05)

    async def _turn(self) -> float:
        """Fires one batch. Returns how many seconds there are to rest after it."""
        if await self.fire_due():
            return 0.0
        async with self._engine.connect() as connection:
            left = await timers.until_next(connection)
        if left is None:
            return _LONGEST_SLEEP_SECONDS
        # What is due now and was not fired is held by somebody: not at once again.
        return min(max(left.total_seconds(), _SHORTEST_SLEEP_SECONDS), _LONGEST_SLEEP_SECONDS)

    async def fire_due(self) -> int:
        """Fires one batch of what is due by the database's clock, each once, in one transaction. Returns how many."""
        async with self._engine.begin() as connection:
            due, now = await timers.claim_due(connection, self._batch)
            if not due or now is None:
                return 0
            unit = self._open_unit(connection, now)
            with self._tracing.span("fire timers", SpanKind.INTERNAL, None) as traceparent:
                unit.cause = Cause(str(new_id()), traceparent)
                late = await carried_out(unit, FireTimers(due))
        await failpoint("sla.timer_fired")
        self._after_commit()
        for seconds in late:
            metrics.TIMER_LATE.observe(seconds)
        for timer in due:
            child(metrics.TIMERS_FIRED, timer.clock, timer.kind).inc()
        return len(due)
