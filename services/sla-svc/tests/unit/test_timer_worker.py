"""The timer worker bears the absence of the database, waits for the consumer at its start, and stops when it is told to."""

import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import pytest

from deskstream_chassis.bus.subscriber import Subscriber
from deskstream_chassis.run.clock import SystemClock
from deskstream_chassis.watch.tracing import Tracing
from sla_svc.workers.alarm import Alarm
from sla_svc.workers.catching_up import CatchingUp
from sla_svc.workers.timers import TimerWorker

pytestmark = pytest.mark.anyio


class Away:
    """A database that is away, or broken."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.tries = 0

    def begin(self) -> AbstractAsyncContextManager[Any]:
        return self.connect()

    @asynccontextmanager
    async def connect(self) -> Any:
        self.tries += 1
        raise self.error
        yield


def worker(database: Away, catch_up_seconds: float = 0.0) -> TimerWorker:
    return TimerWorker(
        database,
        lambda connection, now: pytest.fail("no unit without a connection"),
        Alarm(),
        SystemClock(),
        lambda: None,
        Tracing(None),
        batch=1,
        catch_up_seconds=catch_up_seconds,
    )


async def test_it_tries_on_while_the_database_is_away_and_stops_in_peace() -> None:
    database, stop = Away(OSError("no route to host")), asyncio.Event()
    timers = worker(database)
    running = asyncio.ensure_future(timers.run(stop))
    await asyncio.sleep(0.3)
    assert database.tries > 1
    assert timers.stalled(0.25) is None, "to try is to come round"
    stop.set()
    await asyncio.wait_for(running, 3)


async def test_what_trying_again_does_not_cure_ends_the_process() -> None:
    with pytest.raises(LookupError):
        await asyncio.wait_for(worker(Away(LookupError("no such column"))).run(asyncio.Event()), 3)


async def test_it_lets_the_consumer_go_first_for_so_long() -> None:
    database, stop = Away(OSError()), asyncio.Event()
    timers = worker(database, catch_up_seconds=5)
    behind = True
    timers.caught_up = lambda: not behind
    running = asyncio.ensure_future(timers.run(stop))
    await asyncio.sleep(0.1)
    assert database.tries == 0
    behind = False
    await asyncio.sleep(0.1)
    assert database.tries > 0
    stop.set()
    await asyncio.wait_for(running, 3)


async def test_it_does_not_wait_for_ever() -> None:
    database, stop = Away(OSError()), asyncio.Event()
    timers = worker(database, catch_up_seconds=0.05)
    timers.caught_up = lambda: False
    running = asyncio.ensure_future(timers.run(stop))
    await asyncio.sleep(0.2)
    assert database.tries > 0
    stop.set()
    await asyncio.wait_for(running, 3)


def test_a_consumer_has_caught_up_when_it_has_been_there_for_a_moment_without_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    now, lag = 100.0, 0.0

    class Consumer:
        ready = False

    monkeypatch.setattr("sla_svc.workers.catching_up.time.monotonic", lambda: now)
    monkeypatch.setattr("sla_svc.workers.catching_up.REGISTRY.get_sample_value", lambda *_: lag)
    consumer = Consumer()
    catching_up = CatchingUp(cast("Subscriber", consumer))
    assert not catching_up.caught_up()
    consumer.ready = True
    assert not catching_up.caught_up(), "it has only just come"
    now += 2
    lag = 3.0
    assert not catching_up.caught_up()
    lag = 0.0
    assert catching_up.caught_up()
    consumer.ready = False
    assert not catching_up.caught_up()
    consumer.ready = True
    assert not catching_up.caught_up(), "it begins anew"
