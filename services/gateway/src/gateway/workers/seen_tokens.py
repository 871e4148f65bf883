"""Which tokens are in use: noted as they come in, written every two seconds, each once an hour at most."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.patience import tolerantly
from gateway.domain.session import Session
from gateway.persistence import tokens

SHORT_SECONDS: Final = 300.0
"""A token that is good for no longer is its maker's own, one a call (`./desk`): it ends before anybody could revoke it."""
_FLUSH_SECONDS: Final = 2.0
_MOST_WAITING: Final = 10_000


class SeenTokens(Worker):
    """Notes tokens in memory. While the database is away they wait, so many at most."""

    name = "seen tokens"

    def __init__(self, engine: Transactions, clock: Clock) -> None:
        super().__init__()
        self._engine = engine
        self._clock = clock
        self._written: dict[str, datetime] = {}
        self._waiting: dict[str, dict[str, Any]] = {}

    def note(self, session: Session) -> None:
        """A token was used now."""
        now = self._clock.now()
        if session.expires_at - (session.issued_at or now.timestamp()) <= SHORT_SECONDS:
            return
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._written.get(session.jti) == hour or len(self._waiting) >= _MOST_WAITING:
            return
        self._written[session.jti] = hour
        subject = session.subject
        self._waiting[session.jti] = {
            "jti": _storable(session.jti),
            "subject_id": _storable(subject.id),
            "name": _storable(subject.name),
            "kind": type(subject).__name__.lower(),
            "roles": [_storable(role) for role in session.roles[:20]],
            "issued_at": datetime.fromtimestamp(session.issued_at, UTC) if session.issued_at else None,
            "expires_at": datetime.fromtimestamp(session.expires_at, UTC),
            "at": now,
        }

    async def flush(self) -> None:
        """Writes what was noted. Raises where the database is away, and keeps it then."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            await self._write(list(waiting.values()))
        except BaseException:
            self._waiting = {**waiting, **self._waiting}
            raise
        if len(self._written) > _MOST_WAITING:
            self._written.clear()

    async def _write(self, waiting: list[dict[str, Any]]) -> None:
        async with self._engine.begin() as connection:
            await tokens.note(connection, waiting)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await tolerantly("write which tokens are used", self.flush)
            self.progress()
            await pause(stop, _FLUSH_SECONDS)


def _storable(text: str) -> str:
    # Whoever holds the secret may write anything into a token; PostgreSQL has no NUL and no half of a pair.
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:254]
