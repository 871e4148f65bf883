"""What waits in a service's database, looked at every few seconds.

Each worker of a service sees the same, so that of several the maximum counts. It does not depend on the relay or the consumer: what
they cannot do is what has to be seen.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import TextClause, text

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.patience import tolerantly
from deskstream_chassis.watch import metrics

_LONGEST_LOOK_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A cheap statement that returns one row, and the gauge of each of its columns."""

    statement: TextClause
    gauges: tuple[Gauge, ...]


OUTBOX: Final = Waiting(
    text("""SELECT count(*),
        coalesce((SELECT extract(epoch FROM now() - created_at) FROM outbox ORDER BY id LIMIT 1), 0) FROM outbox"""),
    (metrics.OUTBOX_DEPTH, metrics.OUTBOX_AGE),
)
PARKED: Final = Waiting(text("SELECT count(*) FROM (SELECT DISTINCT topic, key FROM parked) AS keys"), (metrics.PARKED_KEYS,))

PROCESSES: Final = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM now() - min(started_at)), 0), coalesce(sum(failed), 0)
        FROM processes WHERE state = 'running'"""),
    (metrics.PROCESSES_RUNNING, metrics.PROCESSES_OLDEST, metrics.PROCESSES_REFUSED),
)


class Backlog(Worker):
    """A worker that keeps the gauges of what waits. While the database is away they keep their last values."""

    name = "backlog"
    comes_round = False  # nothing depends on it

    def __init__(self, engine: Transactions, waiting: Sequence[Waiting], every_seconds: float = 5.0) -> None:
        super().__init__()
        self._engine = engine
        self._waiting = waiting
        self._every_seconds = every_seconds

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await pause(stop, self._every_seconds)

    async def look(self) -> None:
        """Sets every gauge once; while the database is away they keep their values."""
        metrics.DATABASE_REACHABLE.set(await tolerantly("count what waits", self._look))

    async def _look(self) -> None:
        async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._engine.connect() as connection:
            for waiting in self._waiting:
                row = (await connection.execute(waiting.statement)).one()
                for gauge, value in zip(waiting.gauges, row, strict=True):
                    gauge.set(float(value))
