"""Time and ids, as arguments: the domain never reads a clock."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

import uuid_utils
from sqlalchemy import text

from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.patience import every, tolerantly
from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.logs import logger

_LONGEST_LOOK_SECONDS: Final = 3.0
_NOTEWORTHY_SKEW_SECONDS: Final = 5.0
_NOW = text("SELECT extract(epoch FROM clock_timestamp())")
_log = logger(__name__)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class DatabaseClock(Worker):
    """A worker that knows what time it is for the database, kept by this host's monotonic clock between its looks.

    The hosts of a desk may disagree about the time by hours; deadlines, tokens and signatures are held against one clock.
    Until the first look it is this host's.
    """

    name = "clock"
    comes_round = False  # what it knows stays good

    def __init__(self, engine: Transactions, every_seconds: float = 30.0) -> None:
        super().__init__()
        self._engine = engine
        self._every_seconds = every_seconds
        self._offset = time.time() - time.monotonic()

    def now(self) -> datetime:
        """The present moment of the database, in UTC."""
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    async def run(self, stop: asyncio.Event) -> None:
        await every(self._every_seconds, stop, "ask the database for the time", self._ask)

    async def look(self) -> None:
        """Asks the database once; where it is away, what is known stays."""
        await tolerantly("ask the database for the time", self._ask)

    async def _ask(self) -> None:
        async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._engine.connect() as connection:
            asked = time.monotonic()
            database_time = float((await connection.execute(_NOW)).scalar_one())
            answered = time.monotonic()
        self._offset = database_time - (asked + answered) / 2
        skew = time.time() - database_time
        metrics.CLOCK_SKEW.set(skew)
        if abs(skew) > _NOTEWORTHY_SKEW_SECONDS:
            _log.warning("this host's clock is not the database's", seconds_ahead=round(skew, 1))


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique, and in the order of its making."""
    return UUID(int=uuid_utils.uuid7().int)
