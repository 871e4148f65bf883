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

from deskstream_chassis import metrics
from deskstream_chassis.database import Transactions, is_transient
from deskstream_chassis.logs import logger
from deskstream_chassis.turns import every

_LONGEST_LOOK_SECONDS: Final = 5.0
_log = logger(__name__)


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


class Backlog:
    """A worker that keeps the gauges of what waits. While the database is away they keep their last values."""

    name = "backlog"

    def __init__(self, engine: Transactions, waiting: Sequence[Waiting], every_seconds: float = 5.0) -> None:
        self._engine = engine
        self._waiting = waiting
        self._every_seconds = every_seconds

    def stalled(self, after_seconds: float) -> str | None:
        return None  # nothing depends on it

    async def run(self, stop: asyncio.Event) -> None:
        await every(self._every_seconds, stop, self.look)

    async def look(self) -> None:
        """Sets every gauge once."""
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._engine.connect() as connection:
                for waiting in self._waiting:
                    row = (await connection.execute(waiting.statement)).one()
                    for gauge, value in zip(waiting.gauges, row, strict=True):
                        gauge.set(float(value))
        except Exception as error:
            if not is_transient(error):
                raise
            metrics.DATABASE_REACHABLE.set(0)
            _log.warning("what waits was not counted", error=repr(error)[:200])
        else:
            metrics.DATABASE_REACHABLE.set(1)
