"""Revoked tokens: the table, and a copy of it in memory that every request is held against."""

import time
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.store.database import is_transient
from deskstream_chassis.watch.logs import logger

_REFRESH_SECONDS: Final = 2.0
_log = logger(__name__)


class Revocations:
    """A worker that keeps the copy fresh. Revoking here is known here at once, and in other processes within two seconds."""

    name = "revocations"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._revoked: frozenset[str] = frozenset()
        self._turned = time.monotonic()
        self.ready = False
        self.failure: str | None = None

    def __contains__(self, jti: str) -> bool:
        return jti in self._revoked

    async def revoke(self, jti: str, by: str) -> None:
        statement = text("INSERT INTO revoked_tokens (jti, revoked_by) VALUES (:jti, :by) ON CONFLICT DO NOTHING")
        async with self._engine.begin() as connection:
            await connection.execute(statement, {"jti": jti, "by": by})
        self._revoked |= {jti}

    async def load(self) -> None:
        async with self._engine.connect() as connection:
            self._revoked = frozenset((await connection.execute(text("SELECT jti FROM revoked_tokens"))).scalars())
        self.ready = True

    def stalled(self, after_seconds: float) -> str | None:
        idle = time.monotonic() - self._turned
        return f"revoked tokens were not looked for during {idle:.0f} s" if idle > after_seconds else None

    async def run(self, stop: Any) -> None:
        while not stop.is_set():
            try:
                await self.load()
            except Exception as error:
                # What is known stays in force; a process that never knew is not ready and lets nobody in.
                if not is_transient(error):
                    raise
                _log.warning("revoked tokens not read", error=repr(error)[:200])
            self._turned = time.monotonic()
            await pause(stop, _REFRESH_SECONDS)
