"""The port of files on a real PostgreSQL, with each of the places that large content may lie in."""

import asyncio
import errno
import hashlib
import os
import random
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.operations import Operations
from obstore.store import MemoryStore
from sqlalchemy import text

from deskstream_chassis.files.claims import Claims
from deskstream_chassis.files.cleaner import ContentCleaner
from deskstream_chassis.files.objects import Bucket, Folder, Objects, objects_at
from deskstream_chassis.files.refusals import (
    ClaimedBefore,
    ContentIsGone,
    CutOff,
    FileTooLarge,
    NoRoom,
    NotYours,
    StoreIsAway,
    TooMuchTogether,
    TooMuchUnclaimed,
)
from deskstream_chassis.files.store import Announced, Content, FileStore, Limits
from deskstream_chassis.files.tables import kept_unclaimed
from deskstream_chassis.run.retention import Retention
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.migrations import create_file_tables_v1

pytestmark = pytest.mark.anyio
LARGE = random.Random(7).randbytes(700_000)
SMALL = b"Just a few words.\n"
LIMITS = Limits(file=1_000_000, unclaimed=3_000_000)


class Statements(Operations):
    """Keeps what a migration would execute."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def execute(self, sqltext: Any, **_: Any) -> None:
        self.kept.append(str(sqltext))


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncpgPool]:
    made, statements = AsyncpgPool(database_url, 4), Statements()
    create_file_tables_v1(statements)
    async with made.connect() as connection:
        for statement in statements.kept:
            await connection.execute(text(statement))
    yield made
    await made.dispose()


@pytest.fixture(params=["postgresql", "folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects | None:
    match request.param:
        case "folder":
            return Folder(tmp_path / "files")
        case "bucket":
            return Bucket(MemoryStore())
        case _:
            return None


async def pieces(content: bytes, size: int = 60_000, then: Exception | None = None) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]
    if then is not None:
        raise then


def called(name: str = "notes.txt", by: str = "ada", length: int | None = None, sha256: str | None = None) -> Announced:
    return Announced(name, "text/plain", by, length, sha256)


async def whole(files: FileStore, file: UUID) -> bytes:
    return b"".join([block async for block in await files.read(await files.content_of(file))])


async def count(pool: AsyncpgPool, what: str) -> int:
    async with pool.connect() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {what}"))).scalar_one())


async def execute(pool: AsyncpgPool, statement: str) -> None:
    async with pool.begin() as connection:
        await connection.execute(text(statement))


async def let_go(pool: AsyncpgPool, objects: Objects | None) -> None:
    """One round of retention and of the cleaner, two days later."""
    await execute(pool, "UPDATE files SET uploaded_at = uploaded_at - interval '2 days'")
    await execute(pool, "UPDATE file_contents SET at = at - interval '2 days'")
    await Retention(pool, [kept_unclaimed(1)]).round(asyncio.Event())
    await ContentCleaner(pool, objects).round(asyncio.Event())


@pytest.mark.parametrize("content", [b"", SMALL, LARGE[: 256 * 1024], LARGE], ids=["empty", "small", "a block", "large"])
async def test_what_was_brought_is_given_out_byte_for_byte(pool: AsyncpgPool, objects: Objects | None, content: bytes) -> None:
    files = FileStore(pool, objects, LIMITS)
    file = await files.take(called("blå.txt"), pieces(content))
    assert (file.name, file.media_type, file.size) == ("blå.txt", "text/plain", len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert await whole(files, file.id) == content


async def test_the_same_content_is_kept_once(pool: AsyncpgPool, objects: Objects | None) -> None:
    files = FileStore(pool, objects, LIMITS)
    first, second = await files.take(called("a"), pieces(LARGE)), await files.take(called("b"), pieces(LARGE, 1000))
    assert first.id != second.id
    assert await count(pool, "file_contents WHERE state = 'whole'") == 1
    await ContentCleaner(pool, objects).round(asyncio.Event())
    assert await count(pool, "file_contents") == 1
    assert await whole(files, first.id) == await whole(files, second.id) == LARGE


async def test_two_who_bring_the_same_at_the_same_time_both_have_it(pool: AsyncpgPool, objects: Objects | None) -> None:
    files = FileStore(pool, objects, LIMITS)
    taken = await asyncio.gather(*(files.take(called(by=f"agent {n}"), pieces(LARGE)) for n in range(3)))
    assert {await whole(files, file.id) for file in taken} == {LARGE}
    assert await count(pool, "file_contents WHERE state = 'whole'") == 1


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_an_upload_that_is_cut_off_is_never_there(pool: AsyncpgPool, objects: Objects | None, content: bytes) -> None:
    files = FileStore(pool, objects, LIMITS)
    with pytest.raises(ConnectionError):
        await files.take(called(), pieces(content, then=ConnectionError("the client has gone")))
    assert await count(pool, "files") == await count(pool, "file_contents WHERE state = 'whole'") == 0
    await let_go(pool, objects)
    assert await count(pool, "file_contents") == await count(pool, "file_chunks") == 0


async def test_what_is_not_what_was_announced_is_refused(pool: AsyncpgPool, objects: Objects | None) -> None:
    files = FileStore(pool, objects, LIMITS)
    for announced in (called(length=len(LARGE) + 1), called(length=1), called(sha256="0" * 64)):
        with pytest.raises(CutOff):
            await files.take(announced, pieces(LARGE))
    assert await count(pool, "files") == 0
    exact = called(length=len(LARGE), sha256=hashlib.sha256(LARGE).hexdigest())
    assert (await files.take(exact, pieces(LARGE))).size == len(LARGE)


async def test_what_is_too_large_is_refused_as_soon_as_it_is(pool: AsyncpgPool, objects: Objects | None) -> None:
    files = FileStore(pool, objects, Limits(file=600_000))
    with pytest.raises(FileTooLarge):
        await files.take(called(), pieces(LARGE, then=AssertionError("read to its end")))
    with pytest.raises(FileTooLarge):
        await files.take(called(length=600_001), pieces(b"", then=AssertionError("read at all")))
    assert await count(pool, "files") == 0


async def test_what_belongs_to_nothing_is_bounded_for_each_account(pool: AsyncpgPool) -> None:
    files = FileStore(pool, None, Limits(unclaimed=len(LARGE)))
    taken = await files.take(called(), pieces(LARGE))
    for announced in (called(), called(length=1)):
        with pytest.raises(TooMuchUnclaimed):
            await files.take(announced, pieces(SMALL))
    assert (await files.take(called(by="bob"), pieces(SMALL))).size == len(SMALL)
    await claimed(pool, [taken.id])
    assert (await files.take(called(), pieces(SMALL))).size == len(SMALL)


async def claimed(pool: AsyncpgPool, ids: list[UUID], by: str = "ada", most: int = 10**9) -> list[str]:
    """Claims them for something, and returns their names."""
    async with pool.begin() as connection:
        claims = Claims(connection, most)
        claims.need(*ids)
        await claims.load()
        found = claims.claim(ids, by, uuid4())
        await claims.flush()
    return [file.name for file in found]


async def test_a_file_is_claimed_once_and_only_by_who_brought_it(pool: AsyncpgPool) -> None:
    files = FileStore(pool, None, LIMITS)
    a, b, c = [(await files.take(called(name), pieces(SMALL))).id for name in "abc"]
    assert await claimed(pool, [b, a, b]) == ["b", "a"]
    with pytest.raises(ClaimedBefore):
        await claimed(pool, [c, a])
    for ids, by in (([c], "bob"), ([c, uuid4()], "ada")):
        with pytest.raises(NotYours) as refused:
            await claimed(pool, ids, by)
        assert refused.value.pointer == f"#/files/{len(ids) - 1}"
    with pytest.raises(TooMuchTogether):
        await claimed(pool, [c], most=len(SMALL) - 1)
    assert await claimed(pool, [c], most=len(SMALL)) == ["c"]


async def test_what_nobody_claims_goes_after_a_day_and_what_is_claimed_stays(pool: AsyncpgPool, objects: Objects | None) -> None:
    files = FileStore(pool, objects, LIMITS)
    kept, gone, shared = [
        await files.take(called(name), pieces(content)) for name, content in (("a", LARGE), ("b", LARGE[:-1]), ("c", LARGE))
    ]
    await claimed(pool, [kept.id])
    await let_go(pool, objects)
    assert await count(pool, "files") == await count(pool, "file_contents") == 1
    assert await whole(files, kept.id) == LARGE
    for file in (gone, shared):
        with pytest.raises(ContentIsGone):
            await files.content_of(file.id)


async def test_what_is_brought_again_at_that_moment_stays(pool: AsyncpgPool, objects: Objects | None) -> None:
    files = FileStore(pool, objects, LIMITS)
    await files.take(called(), pieces(LARGE))
    await execute(pool, "UPDATE files SET uploaded_at = uploaded_at - interval '2 days'")
    again = await files.take(called(), pieces(LARGE))
    await Retention(pool, [kept_unclaimed(1)]).round(asyncio.Event())
    await ContentCleaner(pool, objects).round(asyncio.Event())
    assert await whole(files, again.id) == LARGE


async def test_nothing_is_left_in_the_folder(pool: AsyncpgPool, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")
    files = FileStore(pool, folder, LIMITS)
    await files.take(called(), pieces(LARGE))
    with pytest.raises(ConnectionError):
        await files.take(called(), pieces(LARGE, then=ConnectionError()))
    assert len(list((tmp_path / "files").iterdir())) == 1
    # As a killed process leaves it.
    async with pool.begin() as connection:
        await connection.execute(text("INSERT INTO file_contents VALUES (gen_random_uuid(), 'coming', true)"))
        id_ = (await connection.execute(text("SELECT id FROM file_contents WHERE state = 'coming' ORDER BY at DESC"))).all()[0][0]
    (tmp_path / "files" / f"{id_}.part").write_bytes(SMALL)
    await let_go(pool, folder)
    assert list((tmp_path / "files").iterdir()) == []


async def test_a_folder_that_is_away_is_said_so_and_is_not_made_again(pool: AsyncpgPool, tmp_path: Path) -> None:
    files = FileStore(pool, Folder(tmp_path / "files"), LIMITS)
    file = await files.take(called(), pieces(LARGE))
    (tmp_path / "files").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreIsAway):
        await files.take(called(), pieces(LARGE[1:]))
    with pytest.raises(StoreIsAway):
        await whole(files, file.id)
    assert (await files.take(called(), pieces(SMALL))).size == len(SMALL), "what is small lies elsewhere"
    await execute(pool, "UPDATE files SET uploaded_at = uploaded_at - interval '2 days'")
    await let_go(pool, files._objects)
    assert not (tmp_path / "files").exists()
    assert await count(pool, "file_contents WHERE in_objects") == 2, "its objects go when they can be reached"
    (tmp_path / "elsewhere").rename(tmp_path / "files")
    await let_go(pool, files._objects)
    assert list((tmp_path / "files").iterdir()) == []
    assert await count(pool, "file_contents") == 0


async def test_a_full_disk_is_said_so_and_leaves_nothing(
    pool: AsyncpgPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = FileStore(pool, Folder(tmp_path / "files"), LIMITS)

    def full(_: int, __: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(NoRoom):
            await files.take(called(), pieces(LARGE))
    assert list((tmp_path / "files").iterdir()) == []
    file = await files.take(called(), pieces(LARGE))
    assert await whole(files, file.id) == LARGE


async def test_who_stops_waiting_for_a_slow_disk_leaves_nothing_and_harms_nobody(
    pool: AsyncpgPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, write, hanging = FileStore(pool, Folder(tmp_path / "files"), LIMITS), os.write, threading.Event()

    def slow(number: int, block: bytes) -> int:
        hanging.set()
        time.sleep(0.3)
        return write(number, block)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", slow)
        taking = asyncio.create_task(files.take(called(), pieces(LARGE)))
        assert await asyncio.to_thread(hanging.wait, 10)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
    assert list((tmp_path / "files").iterdir()) == []
    file = await files.take(called(), pieces(LARGE))
    assert await whole(files, file.id) == LARGE


async def test_what_was_written_to_objects_that_are_configured_no_more_is_away(pool: AsyncpgPool, tmp_path: Path) -> None:
    file = await FileStore(pool, Folder(tmp_path), LIMITS).take(called(), pieces(LARGE))
    with pytest.raises(StoreIsAway):
        await FileStore(pool, None, LIMITS).read(Content(file.id, in_objects=True))


async def test_a_bucket_that_is_away_is_said_so(pool: AsyncpgPool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("ENDPOINT", "http://127.0.0.1:1"),
        ("ALLOW_HTTP", "true"),
        ("ACCESS_KEY_ID", "a"),
        ("SECRET_ACCESS_KEY", "b"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    bucket = objects_at("s3://bucket/files")
    files = FileStore(pool, bucket, LIMITS)
    with pytest.raises(StoreIsAway):
        await files.take(called(), pieces(LARGE))
    with pytest.raises(StoreIsAway):
        await files.read(Content(uuid4(), in_objects=True))
    assert (await files.take(called(), pieces(SMALL))).size == len(SMALL)
    await let_go(pool, bucket)
    assert await count(pool, "file_contents WHERE in_objects") == 1, "its object goes when the bucket can be reached"


def test_where_objects_lie_is_said_by_an_address(tmp_path: Path) -> None:
    assert objects_at("") is None
    assert isinstance(objects_at(f"{tmp_path}/a b"), Folder)
    assert (tmp_path / "a b").is_dir()
    assert isinstance(objects_at("s3://bucket/files"), Bucket)
    for wrong in ("files", "file:///files", "ftp://host/files", "s3:///files"):
        with pytest.raises(ValueError, match="s3://"):
            objects_at(wrong)
