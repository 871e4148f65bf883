"""Work that may take for ever, in processes that can be killed."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deskstream_chassis.refusals import Conflict, Unavailable
from deskstream_chassis.run.limited_pool import LimitedPool, Limits, OverLimit

pytestmark = pytest.mark.anyio

WORK = """
import os, time
from deskstream_chassis.refusals import Conflict

def work(job):
    match job.partition(b" "):
        case b"sleep", _, seconds:
            time.sleep(float(seconds))
        case b"spin", _, _:
            while True: pass
        case b"eat", _, _:
            return bytes(2_000_000_000)
        case b"die", _, _:
            os._exit(3)
        case b"refuse", _, _:
            raise Conflict("no", pointer="#/a")
        case b"fail", _, _:
            raise KeyError("secret")
        case b"env", _, _:
            return repr(dict(os.environ)).encode()
        case b"pid", _, _:
            return str(os.getpid()).encode()
    return job
"""


@pytest.fixture
async def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LimitedPool]:
    (tmp_path / "some_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(str(tmp_path))
    made = LimitedPool("some_work:work", Limits(seconds=0.5, memory_mb=512), processes=1, waiting=2)
    yield made
    await made.close()


async def test_what_the_function_gives_comes_back_from_one_process(pool: LimitedPool) -> None:
    big = b"x" * 5_000_000
    assert await pool.call(big) == big
    assert await pool.call(b"pid") == await pool.call(b"pid") != str(os.getpid()).encode()


@pytest.mark.parametrize("job", [b"spin", b"sleep 60", b"eat", b"die"])
async def test_a_job_beyond_its_limits_is_ended_with_its_process_and_the_next_one_is_done(pool: LimitedPool, job: bytes) -> None:
    before = int(await pool.call(b"pid"))
    began = time.monotonic()
    with pytest.raises(OverLimit):
        await pool.call(job)
    assert time.monotonic() - began < 15
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert await pool.call(b"again") == b"again"


async def test_a_refusal_arrives_as_it_was_raised_and_a_failure_says_its_name_alone(pool: LimitedPool) -> None:
    with pytest.raises(Conflict) as refused:
        await pool.call(b"refuse")
    assert (refused.value.detail, refused.value.pointer) == ("no", "#/a")
    with pytest.raises(RuntimeError, match="KeyError") as failed:
        await pool.call(b"fail")
    assert "secret" not in str(failed.value)
    assert await pool.call(b"again") == b"again"


async def test_no_more_wait_than_there_is_room_for_and_the_event_loop_goes_on(pool: LimitedPool) -> None:
    await pool.call(b"warm")
    calls = [asyncio.ensure_future(pool.call(b"sleep 0.1")) for _ in range(5)]
    await asyncio.sleep(0)
    began = time.monotonic()
    await asyncio.sleep(0.01)
    assert time.monotonic() - began < 3
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(r) for r in results] == [bytes, bytes, bytes, Unavailable, Unavailable]
    assert await pool.call(b"again") == b"again"


async def test_a_caller_who_goes_away_takes_the_job_along(pool: LimitedPool) -> None:
    before = int(await pool.call(b"pid"))
    call = asyncio.ensure_future(pool.call(b"spin"))
    await asyncio.sleep(0.1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert await pool.call(b"again") == b"again"


async def test_nothing_secret_is_handed_over(pool: LimitedPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTING_DATABASE_URL", "postgresql://hunter2")
    assert b"hunter2" not in await pool.call(b"env")
