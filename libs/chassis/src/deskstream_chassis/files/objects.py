"""Where large content lies, by name: a folder, or a bucket. A name is written once; it is there whole, or not at all."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock
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
_CLEANING_SECONDS: Final = 1.0
# Threads of their own: a disk that hangs holds these, and not the ones that the process looks names up with.
_THREADS: Final = ThreadPoolExecutor(8, thread_name_prefix="files")
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
        part = _Descriptor(self._root / f"{name}.part")
        try:
            await _tried(part.open, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            async for block in blocks:
                await _tried(part.write, block)
            await _tried(part.sync)
            await _tried(self._publish, part, name)
        except BaseException:
            await _afterwards(part.discard)
            raise

    def _publish(self, part: "_Descriptor", name: str) -> None:
        part.close()
        part.path.rename(self._root / name)
        folder = _Descriptor(self._root)
        folder.open(os.O_RDONLY)
        try:
            folder.sync()
        finally:
            folder.close()

    async def read(self, name: str) -> AsyncGenerator[bytes, None]:
        file = _Descriptor(self._root / name)
        try:
            await _tried(self._find, file)
            while block := await _tried(file.read):
                yield block
        finally:
            await _afterwards(file.close)

    def _find(self, file: "_Descriptor") -> None:
        try:
            file.open(os.O_RDONLY)
        except FileNotFoundError:
            raise (ContentIsGone if self._root.is_dir() else StoreIsAway) from None

    async def delete(self, name: str) -> None:
        await _tried(self._delete, name)

    def _delete(self, name: str) -> None:
        if not self._root.is_dir():
            raise StoreIsAway
        # What a killed process has left of it goes too.
        for path in (self._root / f"{name}.part", self._root / name):
            path.unlink(missing_ok=True)


class _Descriptor:
    """An open file, for threads: whoever waited for one of its steps may be gone, while the step is not done.

    Closed in the middle, its number might be another file's by then, which would be written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._number: int | None = None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        with self._lock:
            if self._number is None:
                raise OSError(errno.EBADF, "closed")
            yield self._number

    def open(self, flags: int) -> None:
        with self._lock:
            self._number = os.open(self.path, flags, 0o600)

    def write(self, block: bytes) -> None:
        with self._opened() as number:
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(number, rest) :]

    def sync(self) -> None:
        with self._opened() as number:
            os.fsync(number)

    def read(self) -> bytes:
        with self._opened() as number:
            return os.read(number, _READ_BYTES)

    def close(self) -> None:
        with self._lock:
            if self._number is not None:
                os.close(self._number)
                self._number = None

    def discard(self) -> None:
        """Closes it, and takes it away."""
        self.close()
        self.path.unlink(missing_ok=True)


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
            found = await _in_thread(obstore.get, self._store, name)
        except FileNotFoundError:
            raise ContentIsGone from None
        except (BaseError, OSError) as error:
            raise _refusal(error) from error
        blocks = iter(found.stream(min_chunk_size=_READ_BYTES))
        while block := await _tried(next, blocks, b""):
            yield bytes(block)

    async def delete(self, name: str) -> None:
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


async def _in_thread(call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(call, *args, **named))


async def _tried(call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    try:
        return await _in_thread(call, *args, **named)
    except (BaseError, OSError) as error:
        raise _refusal(error) from error


async def _afterwards(call: Callable[[], None]) -> None:
    """Does it, and waits for it; but not for ever, as a disk may hang."""
    doing = asyncio.ensure_future(_in_thread(call))
    done, _ = await asyncio.wait([doing], timeout=_CLEANING_SECONDS)
    for task in done:
        if (error := task.exception()) is not None:
            _log.warning("files cannot be cleaned up", error=repr(error)[:300])


def _refusal(error: Exception) -> StoreIsAway | NoRoom:
    # The words may name folders and buckets: they are for the operator.
    _log.warning("files cannot be reached", error=repr(error)[:300])
    return NoRoom() if isinstance(error, OSError) and error.errno in _FULL else StoreIsAway()
