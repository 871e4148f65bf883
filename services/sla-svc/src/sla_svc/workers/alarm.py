"""Wakes the timer worker when a timer is due that this process has set, so that it need not look in between."""

import asyncio
import time
from datetime import datetime

from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.waiting import first_of


class Alarm:
    """`expect` in a transaction, `committed` after it; `sleep` ends when what is expected is due."""

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._uncommitted: datetime | None = None
        self._next: datetime | None = None

    def expect(self, due: datetime) -> None:
        """A transaction sets a timer; it counts from the next `committed` on."""
        self._uncommitted = due if self._uncommitted is None else min(due, self._uncommitted)

    def committed(self) -> None:
        """What was expected is there now: it wakes who sleeps, where it is due before all else."""
        due, self._uncommitted = self._uncommitted, None
        if due is not None and (self._next is None or due < self._next):
            self._next = due
            self._wake.set()

    async def sleep(self, stop: asyncio.Event, seconds: float, clock: Clock) -> None:
        """Until `seconds` have passed, an expected time has come by `clock`, or `stop` is set; whichever comes first."""
        until = time.monotonic() + seconds
        while not stop.is_set():
            self._wake.clear()
            left = until - time.monotonic()
            if self._next is not None:
                left = min(left, (self._next - clock.now()).total_seconds())
            if left <= 0:
                break
            await first_of(left, self._wake, stop)
        if self._next is not None and self._next <= clock.now():
            self._next = None
