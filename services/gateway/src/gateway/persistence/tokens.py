"""Tokens that have been used: the record of what the gateway was shown. What is in it is nothing that lets anybody in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch

_WRITE = text("""INSERT INTO seen_tokens (jti, subject_id, name, kind, roles, issued_at, expires_at, first_used_at, last_used_at)
    VALUES (:jti, :subject_id, :name, :kind, :roles, :issued_at, :expires_at, :at, :at)
    ON CONFLICT (jti) DO UPDATE SET last_used_at = greatest(seen_tokens.last_used_at, excluded.last_used_at)""")


class SeenToken(NamedTuple):
    """A token that has been used. `last_used_at` is right to the hour."""

    jti: str
    subject_id: str
    name: str
    kind: str
    roles: list[str]
    issued_at: datetime | None
    expires_at: datetime
    first_used_at: datetime
    last_used_at: datetime


_IN_USE: Final = Query(
    text("""SELECT jti, subject_id, name, kind, roles, issued_at, expires_at, first_used_at, last_used_at FROM seen_tokens
        WHERE expires_at > CAST(:now AS timestamptz) ORDER BY name, expires_at DESC, jti LIMIT 1000"""),
    SeenToken,
)


async def in_use(connection: Connection, now: datetime) -> list[SeenToken]:
    """The tokens that have been used and have not ended, by name; a thousand at most."""
    return await fetch(connection, _IN_USE, {"now": now})


async def note(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps that these tokens were used."""
    for row in rows:
        await connection.execute(_WRITE, row)
