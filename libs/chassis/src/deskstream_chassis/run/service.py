"""Runs a service in one of its roles: `api`, `worker`, `all` (both, in one process), or `migrate`."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar, cast

import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from deskstream_chassis.bus.processor import Processor
from deskstream_chassis.run.http_budget import HttpBudget
from deskstream_chassis.run.settings import ServiceSettings
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.watch import logs
from deskstream_chassis.watch.tracing import Tracing
from deskstream_chassis.web.connection import Connection, Door
from deskstream_chassis.web.limits import Budgets

S = TypeVar("S", bound=ServiceSettings)
ROLES = ("all", "api", "worker", "migrate")


class Disposable(Protocol):
    """Connections to a database."""

    async def dispose(self) -> None:
        """Closes them."""
        ...


@dataclass(frozen=True)
class Service:
    """A service put together by its wiring: what answers HTTP, what works in the background, what is to be closed."""

    name: str
    settings: ServiceSettings
    engine: AsyncEngine
    app: FastAPI
    tracing: Tracing
    workers: Sequence[Worker] = field(default=())
    processor: Processor | None = None
    pool: AsyncpgPool | None = None
    other_pools: Sequence[Disposable] = ()
    """With other settings of the server than `pool` and `engine` have."""
    before_all: Callable[[], Awaitable[None]] | None = None
    """Awaited before anything else runs."""
    uploads: Mapping[str, int] = field(default_factory=dict)
    """Where a body may have another size than elsewhere: beginning of a path → bytes."""

    @property
    def asgi(self) -> ASGIApp:
        """The application as it is served: what a request may cost is looked at before all else."""
        return Budgets(self.app, self.settings.http, self.uploads)

    async def dispose(self) -> None:
        """Closes all connections to the database."""
        await self.engine.dispose()
        for pool in (self.pool, *self.other_pools):
            if pool is not None:
                await pool.dispose()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Signals are ours: the workers have to be told as well.
        yield


def http_server(app: ASGIApp, budget: HttpBudget, host: str, port: int) -> uvicorn.Server:
    """What answers HTTP, to be served in a running loop; signals are left alone."""
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=cast(type[asyncio.Protocol], partial(Connection, Door(budget))),
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=budget.idle_seconds,
            timeout_graceful_shutdown=10,
            lifespan="off",
        )
    )


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
    server = http_server(service.asgi, service.settings.http, service.settings.http_host, service.settings.http_port)
    log = logs.logger(service.name)
    try:
        if service.before_all is not None:
            await service.before_all()
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve())
            for worker in service.workers:
                group.create_task(worker.run(stop), name=worker.name)
            log.info("started", port=service.settings.http_port, workers=[w.name for w in service.workers])
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait((stopping, serving), return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            server.should_exit = True
    finally:
        await service.dispose()
        service.tracing.shutdown()
        log.info("stopped")
