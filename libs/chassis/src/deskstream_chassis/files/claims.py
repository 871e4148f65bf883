"""Files in a unit of work: what somebody has uploaded is claimed for what they write, in the transaction that writes it."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.files.refusals import ClaimedBefore, NotYours, TooMuchTogether
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch
from deskstream_contracts.wire import File


class _Row(NamedTuple):
    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    claimed_for: UUID | None


_LOAD: Final = Query(
    text("""SELECT id, name, media_type, size, sha256, uploaded_by, claimed_for FROM files
            WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"""),
    _Row,
)
_CLAIM: Final = text("""
    UPDATE files SET claimed_for = d.claimed_for
    FROM unnest(CAST(:ids AS uuid[]), CAST(:claimed_for AS uuid[])) AS d(id, claimed_for) WHERE files.id = d.id""")

_RELEASE: Final = text("UPDATE files SET claimed_for = NULL WHERE id = ANY(CAST(:ids AS uuid[]))")


class Claims:
    """Files by id; each belongs to one thing, and only who has uploaded it may say to which. `most`: bytes of what is claimed at
    once."""

    def __init__(self, connection: Connection, most: int) -> None:
        self._connection = connection
        self._most = most
        self._needed: set[UUID] = set()
        self._found: dict[UUID, _Row] = {}
        self._claimed: dict[UUID, UUID] = {}
        self._released: list[UUID] = []

    def need(self, *ids: UUID) -> None:
        """Says which files the next `load` is to bring, locked."""
        self._needed.update(ids)

    def claim(self, ids: Sequence[UUID], by: str, claimed_for: UUID) -> list[File]:
        """The files, in this order and each once. `claimed_for`: the id of what they belong to from now on.

        Raises NotYours, ClaimedBefore, TooMuchTogether.
        """
        files = []
        for number, id_ in enumerate(dict.fromkeys(ids)):
            row = self._found.get(id_)
            if row is None or row.uploaded_by != by:
                raise NotYours(f"#/files/{number}")
            if row.claimed_for is not None or id_ in self._claimed:
                raise ClaimedBefore(row.name)
            self._claimed[id_] = claimed_for
            files.append(File(id=id_, name=row.name, media_type=row.media_type, size=row.size, sha256=row.sha256))
        if sum(file.size for file in files) > self._most:
            raise TooMuchTogether(self._most)
        return files

    def release(self, ids: Sequence[UUID]) -> None:
        """Files of something that is not written after all are free to be used again."""
        self._released.extend(ids)

    async def load(self) -> None:
        needed, self._needed = self._needed, set()
        if needed:
            rows = await fetch(self._connection, _LOAD, {"ids": list(needed)})
            self._found |= {row.id: row for row in rows}

    async def flush(self) -> None:
        claimed, self._claimed = self._claimed, {}
        if claimed:
            await self._connection.execute(_CLAIM, {"ids": list(claimed), "claimed_for": list(claimed.values())})
        released, self._released = self._released, []
        if released:
            await self._connection.execute(_RELEASE, {"ids": released})
