"""Where large content lies, by name: a folder, or a bucket. A name is written once; it is there whole, or not at all."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, S3Store

from deskstream_chassis.files.refusals import ContentIsGone, NoRoom, StoreIsAway
from deskstream_chassis.watch.logs import logger

P = ParamSpec("P")
T = TypeVar("T")
_READ_BYTES: Final = 256 * 1024
_PART_BYTES: Final = 5 * 1024 * 1024  # S3 takes no smaller part of an upload, but the last
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_log = logger(__name__)


class Objects(Protocol):
    """What is written under a name is seen when all of it is there. Every method may raise StoreIsAway."""

    async def write(self, name: str, blocks: AsyncIterator[bytes]) -> None:
        """Raises NoRoom, and what `blocks` raises; nothing is there then."""
        ...

    def read(self, name: str) -> AsyncGenerator[bytes, None]:
        """Raises ContentIsGone where there is nothing of that name."""
        ...

    async def delete(self, name: str) -> None:
        """As good as done where there is nothing of that name."""
        ...


class Folder:
    """A folder that all processes of the service see. It is made when it is named first, and never again.

    A volume that is not mounted would be replaced by a folder that is gone with the next start.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        # Who cannot have it works without it, and says so to whoever uploads.
        with suppress(OSError):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def write(self, name: str, blocks: AsyncIterator[bytes]) -> None:
        part = self._root / f"{name}.part"
        file = await _tried(os.open, part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            try:
                async for block in blocks:
                    await _tried(_write_all, file, block)
                await _tried(os.fsync, file)
            finally:
                os.close(file)
            await _tried(self._publish, part, name)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def _publish(self, part: Path, name: str) -> None:
        part.rename(self._root / name)
        folder = os.open(self._root, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def read(self, name: str) -> AsyncGenerator[bytes, None]:
        if not await _tried(self._root.is_dir):
            raise StoreIsAway
        try:
            file = await asyncio.to_thread(os.open, self._root / name, os.O_RDONLY)
        except FileNotFoundError:
            raise ContentIsGone from None
        except OSError as error:
            raise _refusal(error) from error
        try:
            while block := await _tried(os.read, file, _READ_BYTES):
                yield block
        finally:
            os.close(file)

    async def delete(self, name: str) -> None:
        # What a killed process has left of it goes too.
        for path in (self._root / f"{name}.part", self._root / name):
            await _tried(path.unlink, missing_ok=True)
        if not await _tried(self._root.is_dir):
            raise StoreIsAway


class Bucket:
    """A bucket of an object store that speaks S3, or whatever else obstore knows.

    An upload that was cut off stays unseen; a rule of the bucket lets go of such (AbortIncompleteMultipartUpload).
    obstore's calls run in threads: its own asynchronous ones abort the process at its end.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def write(self, name: str, blocks: AsyncIterator[bytes]) -> None:
        writer = await _tried(obstore.open_writer, self._store, name, buffer_size=_PART_BYTES, max_concurrency=1)
        async for block in blocks:
            await _tried(writer.write, block)
        await _tried(writer.close)

    async def read(self, name: str) -> AsyncGenerator[bytes, None]:
        try:
            found = await asyncio.to_thread(obstore.get, self._store, name)
        except FileNotFoundError:
            raise ContentIsGone from None
        except (BaseError, OSError) as error:
            raise _refusal(error) from error
        blocks = iter(found.stream(min_chunk_size=_READ_BYTES))
        while block := await _tried(next, blocks, b""):
            yield bytes(block)

    async def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            await _tried(obstore.delete, self._store, name)


def check_place(where: str) -> str:
    """Gives it back, if `objects_at` understands it. Raises ValueError."""
    if where and not where.startswith("/") and not (where.startswith("s3://") and urlsplit(where).netloc):
        raise ValueError("must be a folder from the root on (/…), s3://bucket/prefix, or empty")
    return where


def objects_at(where: str) -> Objects | None:
    """`/folder`, `s3://bucket/prefix` (with the usual AWS_… variables), or empty: nowhere. Raises ValueError."""
    if not check_place(where):
        return None
    if where.startswith("/"):
        return Folder(Path(where))
    store = S3Store.from_url(
        where,
        client_options={"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=30)},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
    )
    return Bucket(store)


async def _tried(call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(call, *args, **named)
    except (BaseError, OSError) as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> StoreIsAway | NoRoom:
    # The words may name folders and buckets: they are for the operator.
    _log.warning("files cannot be reached", error=repr(error)[:300])
    return NoRoom() if isinstance(error, OSError) and error.errno in _FULL else StoreIsAway()


def _write_all(file: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(file, rest) :]
