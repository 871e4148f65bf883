"""Idempotency-Key for HTTP commands: the answer is kept in the transaction of the effect, and given again to a repetition."""

import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, func, text

from deskstream_chassis.refusals import Invalid
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch_one

_BEGIN = text("""INSERT INTO idempotency (caller, key, fingerprint) VALUES (:caller, :key, :fingerprint)
                 ON CONFLICT DO NOTHING RETURNING key""")
_FINISH = text("UPDATE idempotency SET status = :status, body = :body WHERE caller = :caller AND key = :key")


def idempotency_table(metadata: MetaData) -> Table:
    return Table(
        "idempotency",
        metadata,
        Column("caller", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False),
        Column("status", Integer),
        Column("body", Text),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    )


class _Kept(NamedTuple):
    fingerprint: str
    status: int
    body: str


_READ: Final = Query(text("SELECT fingerprint, status, body FROM idempotency WHERE caller = :caller AND key = :key"), _Kept)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One use of a key by a caller. `fingerprint` tells a repetition from another request under the same key."""

    caller: str
    key: str
    fingerprint: str

    @staticmethod
    def of(caller: str, key: str, *content: bytes) -> "Attempt":
        if not 1 <= len(key) <= 255 or "\0" in key:
            raise Invalid("An Idempotency-Key has 1 to 255 characters.", pointer="Idempotency-Key")
        digest = hashlib.sha256()
        for part in content:
            digest.update(len(part).to_bytes(8) + part)
        return Attempt(caller, key, digest.hexdigest())


async def begin(connection: Connection, attempt: Attempt) -> Answer | None:
    """None: go on, in this transaction. An answer: it was done before; a parallel repetition is waited for.

    Raises Invalid where the key was used for another request.
    """
    values = {"caller": attempt.caller, "key": attempt.key, "fingerprint": attempt.fingerprint}
    if (await connection.execute(_BEGIN, values)).one_or_none() is not None:
        return None
    kept = await fetch_one(connection, _READ, {"caller": attempt.caller, "key": attempt.key})
    if kept.fingerprint != attempt.fingerprint:
        raise Invalid("This Idempotency-Key was used for another request.", pointer="Idempotency-Key")
    return Answer(kept.status, kept.body)


async def finish(connection: Connection, attempt: Attempt, answer: Answer) -> None:
    values = {"caller": attempt.caller, "key": attempt.key, "status": answer.status, "body": answer.body}
    await connection.execute(_FINISH, values)
