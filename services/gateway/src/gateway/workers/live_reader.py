"""Reads for the live stream: one groupless consumer a process, as long as somebody listens.

It begins at the present: what was missed is in the lists.
"""

import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_chassis.bus.messages import read
from deskstream_chassis.run.waiting import first_of, pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.watch.logs import logger
from gateway.messaging.live import TOPICS, Live
from gateway.messaging.sse import frame

_log = logger(__name__)


class LiveReader(Worker):
    """Gives all listeners of this process what one consumer reads; after an error of Kafka it starts over."""

    name = "live stream"

    def __init__(self, kafka: KafkaAccess, live: Live) -> None:
        super().__init__()
        self._kafka = kafka
        self._live = live

    def stalled(self, after_seconds: float) -> str | None:
        """Without listeners nothing is to be read."""
        return super().stalled(after_seconds) if self._live.clients else None

    async def run(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                await first_of(None, self._live.wanted, stop)
                if stop.is_set():
                    break
                self.progress()
                try:
                    await self._read(stop)
                except (KafkaError, OSError) as error:
                    _log.warning("live stream starts over", error=repr(error)[:300])
                    await pause(stop, 0.5)
        finally:
            self._live.end()

    async def _read(self, stop: asyncio.Event) -> None:
        # Without a group the consumer has all partitions itself, and finds new ones.
        consumer = AIOKafkaConsumer(*TOPICS, **self._kafka.client(), group_id=None, enable_auto_commit=False)
        await consumer.start()
        try:
            await consumer.seek_to_end()
            for partition in consumer.assignment():
                await consumer.position(partition)
            self._live.reading.set()
            while self._live.clients and not stop.is_set():
                records = await consumer.getmany(timeout_ms=500)
                self.progress()
                for record in (r for batch in records.values() for r in batch):
                    event = frame(read(record))
                    if event is not None:
                        self._live.hand_out(event)
        finally:
            self._live.reading.clear()
            if not self._live.clients:
                self._live.wanted.clear()
            await consumer.stop()
