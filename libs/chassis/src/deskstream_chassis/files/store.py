"""The port of files: takes one in a stream, gives one out in a stream. Small content lies in PostgreSQL, large in the objects.

A content is known by its SHA-256 and kept once. Its object is named by an id of its own, and not by the hash: so nothing has to be
renamed when the hash is known, at the end, and what is let go can never be what somebody brings again at that moment. A file is
there from the commit that names it on; what was cut off before is seen by nobody, and goes with the cleaner's next round.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.files.objects import Objects
from deskstream_chassis.files.refusals import ContentIsGone, CutOff, FileTooLarge, StoreIsAway, TooMuchUnclaimed
from deskstream_chassis.run.clock import new_id
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.store.database import Connection, Transactions, is_conflict
from deskstream_chassis.store.rows import Query, fetch, find_one
from deskstream_contracts.wire import File

_BLOCK: Final = 256 * 1024
_ATTEMPTS: Final = 3
_BEGIN: Final = text("INSERT INTO file_contents (id, state, in_objects) VALUES (:id, 'coming', :in_objects)")
_CHUNK: Final = text("INSERT INTO file_chunks (content_id, number, bytes) VALUES (:id, :number, :bytes)")
# Waits for whoever lets the same content go, and tells them that it is needed again.
_SAME: Final = text("UPDATE file_contents SET at = now() WHERE sha256 = :sha256 AND state = 'whole' RETURNING id")
_WHOLE: Final = text("""
    UPDATE file_contents SET state = 'whole', at = now(), size = :size, sha256 = :sha256
    WHERE id = :id AND state = 'coming' RETURNING id""")
_UNUSED: Final = text("UPDATE file_contents SET state = 'unused' WHERE id = :id")
# One after the other: two at a time would each see room for itself.
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:by, 7264619))")
_UNCLAIMED: Final = text("SELECT coalesce(sum(size), 0)::bigint FROM files WHERE uploaded_by = :by AND claimed_for IS NULL")
_ADD: Final = text("""
    INSERT INTO files (id, content_id, name, media_type, size, sha256, uploaded_by)
    VALUES (:id, :content_id, :name, :media_type, :size, :sha256, :by)""")


class Content(NamedTuple):
    """What is in a file: its id among the contents, and whether it lies with the objects."""

    id: UUID
    in_objects: bool


class _Chunk(NamedTuple):
    bytes: bytes


_CONTENT: Final = Query(
    text("SELECT c.id, c.in_objects FROM file_contents c JOIN files f ON f.content_id = c.id WHERE f.id = :id"), Content
)
_READ: Final = Query(text("SELECT bytes FROM file_chunks WHERE content_id = :id AND number = :number"), _Chunk)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes: of a file, and of all that one account has uploaded and not claimed."""

    file: int = 25 * 1024 * 1024
    unclaimed: int = 250 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Announced:
    """What is said of a file before it comes. Where a length or a hash (SHA-256, hexadecimal) is said, it must be so."""

    name: str
    media_type: str
    by: str
    length: int | None = None
    sha256: str | None = None


class _Counted:
    """A stream in blocks of one size, counted and hashed on its way. Raises FileTooLarge as soon as it is."""

    def __init__(self, stream: AsyncIterator[bytes], most: int) -> None:
        self._stream = stream
        self._most = most
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        gathered = bytearray()
        async for piece in self._stream:
            self.size += len(piece)
            if self.size > self._most:
                raise FileTooLarge(self._most)
            self._hash.update(piece)
            gathered += piece
            while len(gathered) >= _BLOCK:
                yield bytes(gathered[:_BLOCK])
                del gathered[:_BLOCK]
        if gathered:
            yield bytes(gathered)

    def check(self, announced: Announced) -> None:
        """Raises CutOff where what came is not what was announced."""
        if announced.length is not None and announced.length != self.size:
            raise CutOff(f"{self.size} bytes of {announced.length}")
        if announced.sha256 is not None and announced.sha256 != self.sha256:
            raise CutOff("its SHA-256 is another one")


class FileStore:
    """Files of one service. Without `objects` everything lies in PostgreSQL, in blocks."""

    def __init__(self, pool: Transactions, objects: Objects | None, limits: Limits) -> None:
        self._pool = pool
        self._objects = objects
        self.limits = limits

    async def take(self, announced: Announced, stream: AsyncIterator[bytes]) -> File:
        """The file that came. Raises FileTooLarge, TooMuchUnclaimed, CutOff, NoRoom, StoreIsAway, and what `stream` raises."""
        await self._look_for_room(announced)
        counted = _Counted(stream, self.limits.file)
        blocks = counted.blocks()
        first = await anext(blocks, b"")
        # What fills a block is large: the others are better off with what else is committed.
        id_, in_objects = new_id(), self._objects is not None and len(first) == _BLOCK
        await self._begin(id_, in_objects)
        if self._objects is not None and in_objects:
            await self._objects.write(str(id_), _chained(first, blocks))
        else:
            await self._write_chunks(id_, _chained(first, blocks))
        counted.check(announced)
        await failpoint("files.written")
        return await self._published(id_, announced, counted)

    async def content_of(self, file: UUID) -> Content:
        """What is in the file of this id, whoever asks. Raises ContentIsGone."""
        async with self._pool.connect() as connection:
            content = await find_one(connection, _CONTENT, {"id": file})
        if content is None:
            raise ContentIsGone
        return content

    async def read(self, content: Content) -> AsyncGenerator[bytes, None]:
        """A stream that has begun. Raises ContentIsGone and StoreIsAway, before it begins or in it."""
        blocks = self._objects_or_away().read(str(content.id)) if content.in_objects else self._chunks(content.id)
        return _chained(await anext(blocks, b""), blocks)

    def _objects_or_away(self) -> Objects:
        if self._objects is None:
            raise StoreIsAway
        return self._objects

    async def _look_for_room(self, announced: Announced) -> None:
        """Before anything is read: what is announced as too large is refused at once."""
        if announced.length is not None and announced.length > self.limits.file:
            raise FileTooLarge(self.limits.file)
        async with self._pool.connect() as connection:
            await self._check_unclaimed(connection, announced.by, announced.length or 0)

    async def _check_unclaimed(self, connection: Connection, by: str, more: int) -> None:
        if (await connection.execute(_UNCLAIMED, {"by": by})).scalar_one() + more > self.limits.unclaimed:
            raise TooMuchUnclaimed(self.limits.unclaimed)

    async def _begin(self, id_: UUID, in_objects: bool) -> None:
        # Committed before the first byte is written: whatever becomes of the process, it is known what may be there.
        async with self._pool.begin() as connection:
            await connection.execute(_BEGIN, {"id": id_, "in_objects": in_objects})

    async def _write_chunks(self, id_: UUID, blocks: AsyncIterator[bytes]) -> None:
        number = 0
        async for block in blocks:
            async with self._pool.begin() as connection:
                await connection.execute(_CHUNK, {"id": id_, "number": number, "bytes": block})
            number += 1

    async def _chunks(self, id_: UUID) -> AsyncGenerator[bytes, None]:
        number = 0
        while True:
            async with self._pool.connect() as connection:
                found = await fetch(connection, _READ, {"id": id_, "number": number})
            if not found:
                return
            yield found[0].bytes
            number += 1

    async def _published(self, id_: UUID, announced: Announced, counted: _Counted) -> File:
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                async with self._pool.begin() as connection:
                    return await self._publish(connection, id_, announced, counted)
            except Exception as error:
                # Two have brought the same at the same time: the second takes what the first has brought.
                if not attempts_left or not is_conflict(error):
                    raise
        raise AssertionError("the last attempt has returned or raised")

    async def _publish(self, connection: Connection, id_: UUID, announced: Announced, counted: _Counted) -> File:
        await connection.execute(_ONE_AT_A_TIME, {"by": announced.by})
        await self._check_unclaimed(connection, announced.by, counted.size)
        size, sha256 = counted.size, counted.sha256
        same: UUID | None = (await connection.execute(_SAME, {"sha256": sha256})).scalar_one_or_none()
        if same is not None:
            await connection.execute(_UNUSED, {"id": id_})
        elif (await connection.execute(_WHOLE, {"id": id_, "size": size, "sha256": sha256})).one_or_none() is None:
            raise CutOff("it took too long")
        file = File(id=new_id(), name=announced.name, media_type=announced.media_type, size=size, sha256=sha256)
        await connection.execute(_ADD, {**file.model_dump(), "content_id": same or id_, "by": announced.by})
        return file


async def _chained(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        if first:
            yield first
        async for block in rest:
            yield block
