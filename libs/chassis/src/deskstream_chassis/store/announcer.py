"""Waking who works alone in another process of the service: by NOTIFY, beside the transactions and never in them.

In a transaction a NOTIFY makes commits wait for one another. Here it follows the commit, one for however many there were in the
meantime, and one that is lost costs a poll.
"""

import asyncio
from typing import Final

from sqlalchemy import text

from deskstream_chassis.run.waiting import first_of
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import is_transient

_NOTIFY: Final = text("SELECT pg_notify(:channel, '')")


class Announcer(Worker):
    """Tells the other processes of this database that there is work."""

    name = "announcer"
    comes_round = False

    def __init__(self, pool: AsyncpgPool) -> None:
        super().__init__()
        self._pool = pool
        self._due: set[str] = set()
        self._wake = asyncio.Event()

    def announce(self, channel: str) -> None:
        """Wakes who listens to `channel` (`AsyncpgConnection.listen`), soon; may be called after every commit."""
        self._due.add(channel)
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await first_of(None, self._wake, stop)
            self._wake.clear()
            due, self._due = self._due, set()
            try:
                async with self._pool.connect() as connection:
                    for channel in sorted(due):
                        await connection.execute(_NOTIFY, {"channel": channel})
            except Exception as error:
                # Who is not told now looks for work a little later.
                if not is_transient(error):
                    raise
