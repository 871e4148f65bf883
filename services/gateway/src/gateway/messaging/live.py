"""The live stream: one groupless consumer a process, begun with the first client, fanned out over bounded queues.

It begins at the present: what was missed is in the lists. A client that does not read is dropped, never waited for.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.messages import read
from deskstream_chassis.watch.logs import logger
from deskstream_contracts.topics import NOTIFICATIONS, SLAS, TICKETS
from gateway import metrics
from gateway.domain.policy import Sight
from gateway.messaging.sse import Frame, frame

TOPICS: Final = (TICKETS.name, SLAS.name, NOTIFICATIONS.name)
_QUEUE: Final = 1000
_log = logger(__name__)


@dataclass(eq=False, slots=True)
class Client:
    """One open stream. `ended` says that no more will come: the desk stops, or the client did not read."""

    types: frozenset[str]
    sight: Sight
    queue: "asyncio.Queue[Frame]" = field(default_factory=lambda: asyncio.Queue(_QUEUE))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, event: Frame) -> bool:
        return (not self.types or event.type in self.types) and self.sight.covers(event.ticket_id)


class Live:
    """A worker: as long as there are clients it reads, and at the stop it ends their streams."""

    name = "live stream"

    def __init__(self, kafka: KafkaAccess) -> None:
        self._kafka = kafka
        self._clients: set[Client] = set()
        self._wanted = asyncio.Event()
        self._reading = asyncio.Event()
        self._stopping = False
        self.last_progress = time.monotonic()

    def stalled(self, after_seconds: float) -> str | None:
        idle = time.monotonic() - self.last_progress
        return f"the live stream has not turned for {idle:.0f} s" if self._clients and idle > after_seconds else None

    async def open(self, types: frozenset[str], sight: Sight, patience_seconds: float = 10.0) -> Client:
        """A stream that every event from now on reaches, until `close`. Raises TimeoutError where Kafka is away."""
        client = Client(types, sight)
        self._clients.add(client)
        self._wanted.set()
        if self._stopping:
            client.ended.set()
        try:
            await asyncio.wait_for(self._reading.wait(), patience_seconds)
        except BaseException:
            self.close(client)
            raise
        metrics.LIVE_CLIENTS.set(len(self._clients))
        return client

    def close(self, client: Client) -> None:
        self._clients.discard(client)
        metrics.LIVE_CLIENTS.set(len(self._clients))

    async def run(self, stop: Any) -> None:
        stopped = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                wanted = asyncio.ensure_future(self._wanted.wait())
                await asyncio.wait((wanted, stopped), return_when=asyncio.FIRST_COMPLETED)
                wanted.cancel()
                if stop.is_set():
                    break
                self.last_progress = time.monotonic()
                try:
                    await self._read(stopped)
                except (KafkaError, OSError) as error:
                    _log.warning("live stream starts over", error=repr(error)[:300])
                    await asyncio.wait((stopped,), timeout=0.5)
        finally:
            stopped.cancel()
            self._stopping = True
            for client in self._clients:
                client.ended.set()

    async def _read(self, stopped: "asyncio.Task[Any]") -> None:
        # Without a group the consumer has all partitions itself, and finds new ones.
        consumer = AIOKafkaConsumer(*TOPICS, **self._kafka.client(), group_id=None, enable_auto_commit=False)
        await consumer.start()
        try:
            await consumer.seek_to_end()
            for partition in consumer.assignment():
                await consumer.position(partition)
            self._reading.set()
            while self._clients and not stopped.done():
                records = await consumer.getmany(timeout_ms=500)
                self.last_progress = time.monotonic()
                for record in (r for batch in records.values() for r in batch):
                    event = frame(read(record))
                    if event is not None:
                        self._hand_out(event)
        finally:
            self._reading.clear()
            if not self._clients:
                self._wanted.clear()
            await consumer.stop()

    def _hand_out(self, event: Frame) -> None:
        for client in [c for c in self._clients if c.wants(event)]:
            try:
                client.queue.put_nowait(event)
            except asyncio.QueueFull:
                client.ended.set()
                self.close(client)
                metrics.LIVE_DROPPED.inc()
