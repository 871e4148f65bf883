"""Work that may take for ever, in processes that can be killed: what users write is tried there, never on the event loop."""

import asyncio
import json
from dataclasses import dataclass
from typing import Final

from deskstream_chassis.refusals import Invalid, Refusal, Unavailable
from deskstream_chassis.run import bare_process, limited_process
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.watch.logs import logger

_log = logger(__name__)
_START_SECONDS: Final = 30.0
_MOST_BYTES: Final = 64 * 1024 * 1024
_KINDS: Final = {kind.status: kind for kind in Refusal.__subclasses__()}


@dataclass(frozen=True, slots=True)
class Limits:
    """For one job: seconds of wall time, and of CPU; for a process: address space in MB."""

    seconds: float
    memory_mb: int


class OverLimit(Invalid):
    """The job took more time or memory than it may; its process has been ended."""


class LimitedPool(Worker):
    """Calls one function, from bytes to bytes, in processes with limits; each is started when needed, and again after its end.

    `function` is "module:name". `processes` run at once, `waiting` callers may wait for one; further ones are refused. Run as a
    worker, which ends the processes at the stop.
    """

    name = "limited processes"
    comes_round = False  # every wait for a process has its own limit

    def __init__(self, function: str, limits: Limits, processes: int = 1, waiting: int = 8) -> None:
        super().__init__()
        self._idle = [_Process(function, limits) for _ in range(processes)]
        self._all = tuple(self._idle)
        self._free = asyncio.Semaphore(processes)
        self._room = processes + waiting

    async def call(self, job: bytes) -> bytes:
        """What the function makes of the job. Raises the refusal that it raised, OverLimit, and Unavailable where all are busy."""
        if self._room == 0:
            raise Unavailable("Too much of this is being done just now.")
        self._room -= 1
        try:
            async with self._free:
                process = self._idle.pop()
                try:
                    return await process.call(job)
                finally:
                    self._idle.append(process)
        finally:
            self._room += 1

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        await self.close()

    async def close(self) -> None:
        """Ends the processes; the next job starts them again."""
        for process in self._all:
            await process.end()


class _Process:
    def __init__(self, function: str, limits: Limits) -> None:
        self._function = function
        self._limits = limits
        self._process: asyncio.subprocess.Process | None = None

    async def call(self, job: bytes) -> bytes:
        answered = False
        try:
            process = await self._running()
            async with asyncio.timeout(self._limits.seconds):
                fate, answer = await _exchange(process, job)
            answered = True
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            _log.warning("a limited process was ended", function=self._function, size=len(job), error=type(error).__name__)
            raise OverLimit(f"This takes more than {self._limits.seconds:g} s, or more memory than it may have.") from error
        finally:
            # Also where the caller has gone: nobody waits for the answer any more.
            if not answered:
                await self.end()
        if fate == b"r":
            told = json.loads(answer)
            raise _KINDS.get(told["status"], Refusal)(told["detail"], pointer=told["pointer"])
        if fate != b"a":
            raise RuntimeError(f"{self._function} failed: {answer.decode(errors='replace')}")
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await bare_process.start(
                limited_process.__name__, self._function, str(self._limits.seconds), str(self._limits.memory_mb)
            )
            assert self._process.stdout is not None
            async with asyncio.timeout(_START_SECONDS):
                await self._process.stdout.readexactly(len(limited_process.READY))
        return self._process

    async def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await bare_process.end(process)


async def _exchange(process: asyncio.subprocess.Process, job: bytes) -> tuple[bytes, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(limited_process.JOB.pack(len(job)) + job)
    await process.stdin.drain()
    fate, length = limited_process.ANSWER.unpack(await process.stdout.readexactly(limited_process.ANSWER.size))
    if length > _MOST_BYTES:
        raise ConnectionError("the answer is too long")
    return fate, await process.stdout.readexactly(length)
