"""Runs a service in one of its roles: `api`, `worker`, `all` (both, in one process), or `migrate`."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis import inbox, logs
from deskstream_chassis.consumer import BatchProcessor
from deskstream_chassis.database import is_transient
from deskstream_chassis.hot import HotPool
from deskstream_chassis.http import Worker
from deskstream_chassis.settings import ServiceSettings
from deskstream_chassis.tracing import Tracing
from deskstream_chassis.turns import pause

S = TypeVar("S", bound=ServiceSettings)
ROLES = ("all", "api", "worker", "migrate")
_INBOX_DAYS = 21  # thrice the topics' retention


@dataclass(frozen=True)
class Service:
    """A service put together by its wiring: what answers HTTP, what works in the background, what is to be closed."""

    name: str
    settings: ServiceSettings
    engine: AsyncEngine
    app: FastAPI
    tracing: Tracing
    workers: Sequence[Worker] = field(default=())
    has_inbox: bool = True
    pool: HotPool | None = None
    processor: BatchProcessor[Any] | None = None
    """What settles the messages that it hears; None where nothing goes through one."""
    before_all: Callable[[], Awaitable[None]] | None = None
    """Awaited before anything else runs."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Any:
        # Signals are ours: the workers have to be told as well.
        yield


def run(service: Service) -> None:
    """Runs until SIGTERM or SIGINT."""
    # What was made up to here stays for good; and a batch makes many objects that die young, without cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    uvloop.run(_run(service))


async def _run(service: Service) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = _Server(
        uvicorn.Config(
            service.app,
            host=service.settings.http_host,
            port=service.settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
            lifespan="off",
        )
    )
    log = logs.logger(service.name)
    try:
        if service.before_all is not None:
            await service.before_all()
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve())
            for worker in service.workers:
                group.create_task(worker.run(stop), name=worker.name)
            if service.workers and service.has_inbox:
                group.create_task(_prune(service.engine, stop))
            log.info("started", port=service.settings.http_port, workers=[w.name for w in service.workers])
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait((stopping, serving), return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            server.should_exit = True
    finally:
        await service.engine.dispose()
        if service.pool is not None:
            await service.pool.dispose()
        service.tracing.shutdown()
        log.info("stopped")


async def _prune(engine: AsyncEngine, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await pause(stop, 3600)
        if stop.is_set():
            return
        try:
            async with engine.begin() as connection:
                await inbox.prune(connection, _INBOX_DAYS)
        except Exception as error:
            if not is_transient(error):
                raise
