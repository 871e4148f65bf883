"""Time and ids, as arguments: the domain never reads a clock."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

import uuid_utils
from sqlalchemy import text

from deskstream_chassis import metrics
from deskstream_chassis.database import Transactions, is_transient
from deskstream_chassis.logs import logger
from deskstream_chassis.turns import every

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


class DatabaseClock:
    """A worker that knows what time it is for the database, kept by this host's monotonic clock between its looks.

    The hosts of a desk may disagree about the time by hours; deadlines, tokens and signatures are held against one clock.
    Until the first look it is this host's.
    """

    name = "clock"

    def __init__(self, engine: Transactions, every_seconds: float = 30.0) -> None:
        self._engine = engine
        self._every_seconds = every_seconds
        self._offset = time.time() - time.monotonic()

    def now(self) -> datetime:
        """The present moment of the database, in UTC."""
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    def stalled(self, after_seconds: float) -> str | None:
        return None  # what it knows stays good

    async def run(self, stop: asyncio.Event) -> None:
        await every(self._every_seconds, stop, self.look)

    async def look(self) -> None:
        """Asks the database once; where it is away, what is known stays."""
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._engine.connect() as connection:
                asked = time.monotonic()
                told = float((await connection.execute(_NOW)).scalar_one())
                answered = time.monotonic()
        except Exception as error:
            if not is_transient(error):
                raise
            _log.warning("the database was not asked for the time", error=repr(error)[:200])
            return
        self._offset = told - (asked + answered) / 2
        skew = time.time() - told
        metrics.CLOCK_SKEW.set(skew)
        if abs(skew) > _NOTEWORTHY_SKEW_SECONDS:
            _log.warning("this host's clock is not the database's", seconds_ahead=round(skew, 1))


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique, and in the order of its making."""
    return UUID(int=uuid_utils.uuid7().int)
