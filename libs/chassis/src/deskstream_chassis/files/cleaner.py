"""Lets go of contents that nobody needs: of uploads that were cut off, and of files that are gone."""

import asyncio
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.files.objects import Objects
from deskstream_chassis.files.refusals import StoreIsAway
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.patience import every
from deskstream_chassis.store.rows import Query, fetch
from deskstream_chassis.watch.logs import logger

_MOST: Final = 200
_log = logger(__name__)


class _Content(NamedTuple):
    id: UUID
    in_objects: bool


# No upload takes an hour: its body would have been refused as too slow.
_FIND: Final = Query(
    text(f"""
        SELECT c.id, c.in_objects FROM file_contents c
        WHERE c.state <> 'whole' AND (c.state = 'unused' OR c.at < now() - interval '1 hour')
            AND NOT EXISTS (SELECT FROM files f WHERE f.content_id = c.id)
        ORDER BY c.at LIMIT {_MOST}"""),
    _Content,
)
# Whoever wrote it for more than an hour finds it unused, and cannot make it whole behind our back.
_MARK: Final = text("UPDATE file_contents SET state = 'unused' WHERE id = ANY(CAST(:ids AS uuid[])) AND state <> 'whole'")
_DELETE: Final = text("DELETE FROM file_contents WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'unused'")


class ContentCleaner(Worker):
    """What it did not come to, as the objects were away or the process ended, it does in the next round."""

    name = "content-cleaner"
    comes_round = False  # nothing depends on it

    def __init__(
        self, pool: AsyncpgPool, objects: Objects | None, first_after_seconds: float = 300.0, every_seconds: float = 3600.0
    ) -> None:
        super().__init__()
        self._pool = pool
        self._objects = objects
        self._first_after_seconds = first_after_seconds
        self._every_seconds = every_seconds

    async def run(self, stop: asyncio.Event) -> None:
        await pause(stop, self._first_after_seconds)
        await every(self._every_seconds, stop, "let go of unused contents", partial(self.round, stop))

    async def round(self, stop: asyncio.Event) -> None:
        """Lets go of all that nobody needs now, or of what it can until `stop` is set."""
        while not stop.is_set():
            async with self._pool.begin() as connection:
                found = await fetch(connection, _FIND)
                await connection.execute(_MARK, {"ids": [content.id for content in found]})
            try:
                await self._delete_objects(found)
            except StoreIsAway:
                return
            async with self._pool.begin() as connection:
                await connection.execute(_DELETE, {"ids": [content.id for content in found]})
            if found:
                _log.info("let go of unused contents", contents=len(found))
            if len(found) < _MOST:
                return

    async def _delete_objects(self, found: list[_Content]) -> None:
        for content in found:
            if content.in_objects:
                if self._objects is None:
                    raise StoreIsAway
                await self._objects.delete(str(content.id))
