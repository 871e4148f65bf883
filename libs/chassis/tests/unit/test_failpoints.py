"""Failpoints: where a fault test may kill, hold or block a process."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from deskstream_chassis.run import failpoints

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def _ticks_during(name: str) -> int:
    """How often the event loop came round while somebody passed a failpoint."""
    passing = asyncio.ensure_future(failpoints.failpoint(name))
    ticks = 0
    while not passing.done():
        await asyncio.sleep(0.002)
        ticks += 1
    return ticks


async def test_sleep_holds_whoever_comes_there_and_nobody_else() -> None:
    failpoints.arm("here=sleep:0.05")
    assert await _ticks_during("here") > 2
    assert await _ticks_during("here") > 2


async def test_block_holds_the_event_loop_once() -> None:
    failpoints.arm("there=sleep:9, here=block:0.05")
    began = time.monotonic()
    assert await _ticks_during("here") <= 2
    assert time.monotonic() - began >= 0.05
    began = time.monotonic()
    await _ticks_during("here")
    assert time.monotonic() - began < 0.05


@pytest.mark.parametrize("wrong", ["here", "here=", "here=stop", "here=kill:3", "here=sleep", "here=block:", "here=pause:3"])
def test_what_is_no_action_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="the action is"):
        failpoints.arm(wrong)
