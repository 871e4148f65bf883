"""A TCP line between the services and a backend. Cut, it lets nothing through and closes nothing, as a lost network does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from desk.paths import HOST
from desk.ports import free_port_base
from tests.faults.conftest import Broken


@dataclass
class Call:
    """One connection through the wire."""

    marked: bool = False
    unanswered: bool = False


class Wire:
    """Listens on `port` and passes everything on to `target`, until it is cut."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self._mark: tuple[bytes, bytes] | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Wire:
        listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(listening)), daemon=True)
        self._thread.start()
        assert listening.wait(10), f"port {self.port} could not be taken"
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.mend(forgotten=True)
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    async def _run(self, listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._end, self._whole = asyncio.Event(), asyncio.Event()
        self._whole.set()
        server = await asyncio.start_server(self._serve, HOST, self.port)
        listening.set()
        await self._end.wait()
        server.close()

    def cut(self) -> None:
        """From now on nothing comes through, in no direction; connections stay open, new ones are taken and hear nothing."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self, *, forgotten: bool = False) -> None:
        """What was on its way arrives, as when packets are sent again; or, `forgotten`, every connection is reset."""

        def open_again() -> None:
            for writer in list(self._writers) if forgotten else ():
                writer.transport.abort()
            self._whole.set()

        self._loop.call_soon_threadsafe(open_again)

    def lose_the_answer(self, mark: bytes, request: bytes = b"") -> None:
        """Of the next connection that `mark` comes by: the first request from there on with `request` in it gets through, its
        answer and the connection are lost. Once."""
        self._mark = (mark, request)

    @property
    def is_to_lose(self) -> bool:
        """Whether nothing has come by yet whose answer was to be lost."""
        return self._mark is not None

    def _asked(self, call: Call, data: bytes) -> bool:
        if self._mark is not None:
            mark, request = self._mark
            call.marked = call.marked or mark in data
            if call.marked and request in data:
                call.unanswered, self._mark = True, None
        return True

    def _answered(self, call: Call, _: bytes) -> bool:
        return not call.unanswered

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        # Whoever ends the wire cancels what still waits in it.
        with suppress(OSError, asyncio.CancelledError):
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
            self._writers.add(far_writer)
            call = Call()
            await asyncio.gather(
                self._pass(reader, far_writer, partial(self._asked, call)),
                self._pass(far_reader, writer, partial(self._answered, call)),
            )
            self._writers.discard(far_writer)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, comes_by: Callable[[bytes], bool]) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._whole.wait()
                if not comes_by(data):
                    break
                writer.write(data)
                await writer.drain()
        await self._whole.wait()
        writer.close()


@contextmanager
def wire_to_kafka(broken: Broken) -> Iterator[Wire]:
    """Everybody reaches Kafka through the wire: it has the port that they know, and the broker tells them no other."""
    kafka = broken.stack.kafka
    known = kafka.port

    def move(port: int, advertised: int) -> None:
        kafka.stop()
        kafka.port, kafka.advertised_port = port, advertised
        kafka.prepare()

    move(free_port_base(), known)
    try:
        with Wire(known, kafka.port) as wire:
            kafka.start()
            kafka.wait_ready()
            yield wire
    finally:
        move(known, known)
        kafka.start()
        kafka.wait_ready()


@contextmanager
def wire_to_postgres(broken: Broken) -> Iterator[Wire]:
    """Every service reaches PostgreSQL through the wire."""
    postgres = broken.stack.postgres
    known = postgres.port
    postgres.stop()
    postgres.port = free_port_base()
    try:
        with Wire(known, postgres.port) as wire:
            postgres.start()
            postgres.wait_ready()
            yield wire
    finally:
        postgres.stop()
        postgres.port = known
        postgres.start()
        postgres.wait_ready()


@contextmanager
def wire_to_database_of(broken: Broken, service: str) -> Iterator[Wire]:
    """One service reaches PostgreSQL through the wire."""
    known = broken.stack.database_url(service)
    with Wire(free_port_base(), broken.stack.postgres.port) as wire:
        broken.restart(service, DATABASE_URL=known.replace(f":{broken.stack.postgres.port}/", f":{wire.port}/"))
        try:
            yield wire
        finally:
            broken.restart(service)
