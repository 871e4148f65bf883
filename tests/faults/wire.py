"""A TCP line between the services and a backend. Cut, it lets nothing through and closes nothing, as a lost network does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from desk.place import HOST
from desk.ports import free_port_base
from tests.faults.conftest import Broken


class Wire:
    """Listens on `port` and passes everything on to `target`, until it is cut."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        # Whoever ends the wire cancels what still waits in it.
        with suppress(OSError, asyncio.CancelledError):
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
            self._writers.add(far_writer)
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
            self._writers.discard(far_writer)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._whole.wait()
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
