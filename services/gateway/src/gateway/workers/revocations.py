"""Revoked tokens, by their id or by whose they are: the tables, and a copy in memory that every request is held against."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.patience import tolerantly
from gateway.domain.session import Session, known_as

_REFRESH_SECONDS: Final = 2.0
_ALL = text("SELECT jti FROM revoked_tokens")
_PEOPLE = text("SELECT who, issued_before FROM revoked_people")
_REVOKE = text("INSERT INTO revoked_tokens (jti, revoked_by) VALUES (:jti, :by) ON CONFLICT DO NOTHING")
_REVOKE_PERSON = text("""INSERT INTO revoked_people (who, issued_before, revoked_by) VALUES (:who, now(), :by)
    ON CONFLICT (who) DO UPDATE SET issued_before = excluded.issued_before, revoked_by = excluded.revoked_by
    RETURNING issued_before""")


class Revocations(Worker):
    """Keeps the copy fresh. Revoking here is known here at once, and in other processes within two seconds."""

    name = "revocations"

    def __init__(self, engine: Transactions) -> None:
        super().__init__()
        self.on_change: list[Callable[[], None]] = []
        """What is called when more is known to be revoked."""
        self._engine = engine
        self._revoked: frozenset[str] = frozenset()
        self._people: Mapping[str, datetime] = {}
        self._known = False

    @property
    def ready(self) -> bool:
        """A process that never knew is not ready and lets nobody in; what is known stays in force while the database is away."""
        return self._known

    def covers(self, session: Session) -> bool:
        """Whether the session's token is revoked."""
        return self.revoked(session.jti, session.subject.id, session.subject.name, session.issued_at)

    def revoked(self, jti: str, id_: str, name: str, issued_at: float) -> bool:
        """Whether a token is revoked: itself, or all that its subject was given until some moment.

        `issued_at`: Unix seconds; 0 for a token that does not say, which counts as issued before.
        """
        if jti in self._revoked:
            return True
        moments = [m for who in known_as(id_, name) if (m := self._people.get(who)) is not None]
        return any(issued_at <= moment.timestamp() for moment in moments)

    async def revoke(self, jti: str, by: str) -> None:
        """Refuses a token from now on. `by`: the id of whoever asks for it."""
        async with self._engine.begin() as connection:
            await connection.execute(_REVOKE, {"jti": jti, "by": by})
        self._revoked |= {jti}
        self._tell()

    async def revoke_person(self, who: str, by: str) -> None:
        """Refuses all tokens that were issued until now to whom this is the id or the name of, whatever the case of its letters."""
        who = who.casefold()
        async with self._engine.begin() as connection:
            moment = (await connection.execute(_REVOKE_PERSON, {"who": who, "by": by})).scalar_one()
        self._people = {**self._people, who: moment}
        self._tell()

    def _tell(self) -> None:
        for tell in self.on_change:
            tell()

    async def load(self) -> None:
        """Reads the tables. Raises where the database is away."""
        async with self._engine.connect() as connection:
            revoked = frozenset((await connection.execute(_ALL)).scalars())
            people = {row[0]: row[1] for row in await connection.execute(_PEOPLE)}
        # What was revoked here meanwhile is not in what was read; and nothing is ever let in again.
        revoked |= self._revoked
        people = {**self._people, **{who: max(moment, self._people.get(who, moment)) for who, moment in people.items()}}
        changed = (self._revoked, self._people) != (revoked, people)
        self._revoked, self._people, self._known = revoked, people, True
        if changed:
            self._tell()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await tolerantly("read the revoked tokens", self.load)
            self.progress()
            await pause(stop, _REFRESH_SECONDS)
