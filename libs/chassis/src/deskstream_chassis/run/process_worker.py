"""Runs processes, a chunk at a time, each chunk one unit of work. Any number of workers may run: each takes what no other holds."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic

import orjson

from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import first_of
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store import processes
from deskstream_chassis.store.database import Connection, Transactions
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.patience import may_pass, patiently_until
from deskstream_chassis.store.processes import LongWork, ProcessRow, Step
from deskstream_chassis.store.unit import OpenUnit, U
from deskstream_chassis.watch.logs import logger

_POLL_SECONDS: Final = 5.0
_log = logger(__name__)

Kinds = Mapping[str, Callable[..., LongWork]]
"""All long work of a service: kind → what makes it of its arguments again."""


class ProcessWorker(Worker, Generic[U]):
    """`wake` after a commit makes it look at once; what other processes have begun is found by looking every five seconds."""

    name = "processes"

    def __init__(
        self,
        engine: Transactions,
        open_unit: OpenUnit[U],
        kinds: Kinds,
        clock: Clock,
        after_commit: Callable[[], None],
        chunk: int = 100,
    ) -> None:
        super().__init__()
        self._engine = engine
        self._open_unit = open_unit
        self._kinds = kinds
        self._clock = clock
        self._after_commit = after_commit
        self._chunk = chunk
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            if not await patiently_until(stop, "a chunk of a process", self.turn, may_pass, self.progress):
                await first_of(_POLL_SECONDS, self._wake, stop)

    async def turn(self) -> bool:
        """Does one chunk of the process whose turn it is. False where nothing was to be done."""
        try:
            return await self._transaction(self._chunk)
        except Exception as error:
            if may_pass(error):
                raise
            _log.warning("a chunk was refused; its first step alone", error=repr(error)[:500])
        return await self._transaction(1)

    async def _transaction(self, limit: int) -> bool:
        async with self._engine.begin() as connection:
            process = await processes.claim(connection, list(self._kinds))
            if process is None:
                return False
            work = self._kinds[process.kind](**orjson.loads(process.arguments))
            if process.total is None:
                process = process._replace(total=await work.total(connection))
            steps = await work.steps(connection, process.cursor, limit)
            error = await self._done(connection, process, steps)
            await processes.move(
                connection,
                process,
                cursor=steps[-1].cursor if steps else process.cursor,
                done=process.done + (len(steps) if error is None else 0),
                failed=process.failed + (0 if error is None else 1),
                error=error or process.error,
                finished=len(steps) < limit,
            )
            await failpoint("process.before_commit")
        await failpoint("process.committed")
        self._after_commit()
        return True

    async def _done(self, connection: Connection, process: ProcessRow, steps: Sequence[Step]) -> str | None:
        unit = self._open_unit(connection, self._clock.now())
        unit.cause = Cause(process.correlation_id, process.traceparent)
        for step in steps:
            step.use_case.needs(unit)
        await unit.load()
        try:
            for step in steps:
                step.use_case.handle(unit)
        except Exception as error:
            if len(steps) > 1 or may_pass(error):
                raise
            # Alone, so that it is the culprit: it is passed by. What it has put into its unit was not written.
            _log.error("a step of a process was refused", kind=process.kind, cursor=steps[0].cursor, error=repr(error)[:500])
            return f"{steps[0].cursor}: {type(error).__name__}: {error}"[:1000]
        await unit.flush()
        return None
