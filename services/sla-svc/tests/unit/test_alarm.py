"""The timer worker sleeps until a timer is due that this process has set."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sla_svc.workers.alarm import Alarm

pytestmark = pytest.mark.anyio
T0 = datetime(2026, 3, 27, 14, tzinfo=UTC)


class Frozen:
    """A clock that stands still."""

    def now(self) -> datetime:
        return T0


async def sleeps(alarm: Alarm, seconds: float) -> bool:
    """Whether it is still asleep after a moment."""
    sleeping = asyncio.ensure_future(alarm.sleep(asyncio.Event(), seconds, Frozen()))
    done, _ = await asyncio.wait((sleeping,), timeout=0.05)
    sleeping.cancel()
    return not done


async def test_it_sleeps_until_its_time_is_over() -> None:
    assert await sleeps(Alarm(), 5)
    assert not await sleeps(Alarm(), 0)


async def test_what_was_expected_wakes_once_it_is_committed() -> None:
    alarm = Alarm()
    alarm.expect(T0)
    assert await sleeps(alarm, 5)
    alarm.committed()
    assert not await sleeps(alarm, 5)
    assert await sleeps(alarm, 5), "it has been woken for that"


async def test_the_earliest_of_what_a_transaction_sets_counts() -> None:
    alarm = Alarm()
    alarm.expect(T0)
    alarm.expect(T0 + timedelta(hours=1))
    alarm.committed()
    assert not await sleeps(alarm, 5)


async def test_what_is_due_later_lets_it_sleep() -> None:
    alarm = Alarm()
    alarm.expect(T0 + timedelta(hours=1))
    alarm.committed()
    assert await sleeps(alarm, 5)


async def test_it_wakes_when_a_sleeping_one_is_to_be_woken_and_when_it_is_to_stop() -> None:
    alarm, stop = Alarm(), asyncio.Event()
    sleeping = asyncio.ensure_future(alarm.sleep(stop, 5, Frozen()))
    await asyncio.sleep(0)
    alarm.expect(T0)
    alarm.committed()
    await asyncio.wait_for(sleeping, 1)
    stopped = asyncio.ensure_future(alarm.sleep(stop, 5, Frozen()))
    stop.set()
    await asyncio.wait_for(stopped, 1)
