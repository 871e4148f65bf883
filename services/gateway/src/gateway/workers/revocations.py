"""Revoked tokens: the table, and a copy of it in memory that every request is held against."""

import asyncio
from typing import Final

from sqlalchemy import text

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.patience import tolerantly

_REFRESH_SECONDS: Final = 2.0
_ALL = text("SELECT jti FROM revoked_tokens")
_REVOKE = text("INSERT INTO revoked_tokens (jti, revoked_by) VALUES (:jti, :by) ON CONFLICT DO NOTHING")


class Revocations(Worker):
    """Keeps the copy fresh. Revoking here is known here at once, and in other processes within two seconds."""

    name = "revocations"

    def __init__(self, engine: Transactions) -> None:
        super().__init__()
        self._engine = engine
        self._revoked: frozenset[str] = frozenset()
        self._known = False

    @property
    def ready(self) -> bool:
        """A process that never knew is not ready and lets nobody in; what is known stays in force while the database is away."""
        return self._known

    def __contains__(self, jti: str) -> bool:
        return jti in self._revoked

    async def revoke(self, jti: str, by: str) -> None:
        """Refuses a token from now on. `by`: the id of whoever asks for it."""
        async with self._engine.begin() as connection:
            await connection.execute(_REVOKE, {"jti": jti, "by": by})
        self._revoked |= {jti}

    async def load(self) -> None:
        """Reads the table. Raises where the database is away."""
        async with self._engine.connect() as connection:
            self._revoked = frozenset((await connection.execute(_ALL)).scalars())
        self._known = True

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await tolerantly("read the revoked tokens", self.load)
            self.progress()
            await pause(stop, _REFRESH_SECONDS)
