"""The sender: takes what is due, hands it to the SMTP server over a few connections, and records what became of it.

A mail that the server took is noted in the journal at once, and recorded in the database with what else has ended meanwhile.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from deskstream_chassis.bus.linger import Linger
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import first_of, pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.patience import patiently, tolerantly
from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from notify_svc import metrics
from notify_svc.adapters.journal import Journal
from notify_svc.adapters.smtp import Refused, Server, SmtpConnection, Unreachable
from notify_svc.domain.deliveries import Delivery, Outcome, not_taken
from notify_svc.persistence.delivery_queue import DeliveryQueue

_CLAIM: Final = 100
_JOURNAL_KEPT: Final = 10_000
_POLL_SECONDS: Final = 0.5
_FULL_SECONDS: Final = 0.01
_AWAY_SECONDS: Final = 0.5
_DRAIN_SECONDS: Final = 15.0
_LOOK_FOR_EXPIRED_SECONDS: Final = 60.0
_LONGEST_ATTEMPT_SECONDS: Final = 300.0
_log = logger(__name__)


class Sender(Worker):
    """`wake` after a commit makes it look at once instead of at the next poll. One that stops sends what it has claimed."""

    name = "sender"

    def __init__(
        self,
        queue: DeliveryQueue,
        journal: Journal,
        server: Server,
        clock: Clock,
        tracing: Tracing,
        *,
        connections: int,
        retry_first_seconds: float,
        on_recorded: Callable[[], None],
        max_linger_seconds: float = 0.0,
    ) -> None:
        super().__init__()
        self._queue = queue
        self._journal = journal
        self._server = server
        self._clock = clock
        self._tracing = tracing
        self._connections = connections
        self._retry_first_seconds = retry_first_seconds
        self._on_recorded = on_recorded
        self._claiming = Linger(max_linger_seconds)
        self._recording = Linger(max_linger_seconds)
        self._wake = asyncio.Event()
        self._held: set[UUID] = set()
        self._recovered = False
        self._claim_unanswered = False
        self._looked_for_expired = time.monotonic()
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue()
        self._ended: asyncio.Queue[Outcome] = asyncio.Queue()

    def wake(self) -> None:
        """Makes it look now for mails to be sent; called after a commit, as often as one likes."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            recorder = group.create_task(self._record_ended())
            senders = [group.create_task(self._send_waiting()) for _ in range(self._connections)]
            while not stop.is_set():
                self.progress()
                if await tolerantly("claim mails", self._turn):
                    await self._rest(stop)
                else:
                    await pause(stop, _AWAY_SECONDS)
            # What is claimed is sent or given back before the process ends.
            await self._drain()
            for task in (*senders, recorder):
                task.cancel()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._waiting.join()
                await self._ended.join()
        except TimeoutError:
            _log.warning("stopped with mails under way", mails=self._waiting.qsize())

    async def _turn(self) -> None:
        if not self._recovered:
            await self._recover()
            self._recovered = True
        if time.monotonic() - self._looked_for_expired > _LOOK_FOR_EXPIRED_SECONDS:
            metrics.UNCERTAIN.inc(await self._queue.requeue_expired())
            self._looked_for_expired = time.monotonic()
        await self._claim()

    async def _recover(self) -> None:
        taken, unsure = await self._queue.recover(self._journal.entries())
        for delivery in taken:
            self._held.add(delivery.id)
            self._ended.put_nowait(Outcome(delivery, "sent", "taken by the server before this process ended"))
        if taken or unsure:
            _log.info("recovered", already_sent=len(taken), sent_again=unsure)
            metrics.UNCERTAIN.inc(unsure)

    async def _claim(self) -> None:
        self._wake.clear()
        if self._waiting.qsize() >= _CLAIM:
            return
        self._claiming.begin()
        if self._claim_unanswered:
            _log.info("claims given back", mails=await self._queue.give_back(self._held))
        # A claim may be committed and its answer be lost with the connection.
        self._claim_unanswered = True
        claimed = await self._queue.claim(_CLAIM)
        self._claim_unanswered = False
        for delivery in claimed:
            self._held.add(delivery.id)
            self._waiting.put_nowait(delivery)
        if len(claimed) == _CLAIM:
            self._wake.set()
        elif claimed:
            self._claiming.end(len(claimed))
            await self._claiming.rest()

    async def _rest(self, stop: asyncio.Event) -> None:
        if self._waiting.qsize() >= _CLAIM:
            await asyncio.sleep(_FULL_SECONDS)
        else:
            await first_of(_POLL_SECONDS, self._wake, stop)

    async def _send_waiting(self) -> None:
        connection = SmtpConnection(self._server)
        try:
            while True:
                delivery = await self._waiting.get()
                try:
                    self._ended.put_nowait(await self._attempt(connection, delivery))
                finally:
                    self._waiting.task_done()
        finally:
            await connection.close()

    async def _attempt(self, connection: SmtpConnection, delivery: Delivery) -> Outcome:
        if time.monotonic() > delivery.claimed_until - _LONGEST_ATTEMPT_SECONDS:
            # It waited so long here that another process may take it over before this attempt ends.
            return Outcome(delivery, "retry", "the claim ran out before an attempt was made")
        about = {"network.protocol.name": "smtp", **self._server.about, "messaging.message.id": delivery.rfc_message_id}
        try:
            with self._tracing.span(f"send {delivery.kind}", SpanKind.CLIENT, delivery.traceparent, about) as traceparent:
                answer = await connection.send(delivery.envelope_from, delivery.recipient, delivery.content)
        except Unreachable as unreachable:
            return self._later(delivery, str(unreachable))
        delivery = replace(delivery, traceparent=traceparent)
        if isinstance(answer, Refused):
            if answer.permanent:
                return Outcome(delivery, "failed", answer.detail)
            return self._later(delivery, answer.detail)
        self._journal.note(delivery.id)
        await failpoint("notify.accepted")
        return Outcome(delivery, "sent", answer)

    def _later(self, delivery: Delivery, why: str) -> Outcome:
        return not_taken(delivery, why, self._retry_first_seconds, time.monotonic())

    async def _record_ended(self) -> None:
        while True:
            ended = [await self._ended.get()]
            await self._recording.rest()
            while not self._ended.empty() and len(ended) < 2 * _CLAIM:
                ended.append(self._ended.get_nowait())
            self._recording.begin()
            await patiently("record what has ended", partial(self._record, ended))
            self._recording.end(len(ended))
            for outcome in ended:
                self._held.discard(outcome.delivery.id)
                self._count(outcome)
                self._ended.task_done()
            # Whatever is noted has ended (nothing is awaited in between), and all that has ended is recorded.
            if self._journal.size > _JOURNAL_KEPT and self._ended.empty():
                self._journal.clear()

    async def _record(self, ended: Sequence[Outcome]) -> None:
        await self._queue.record(ended, self._clock.now())
        self._on_recorded()

    def _count(self, outcome: Outcome) -> None:
        delivery = outcome.delivery
        child(metrics.DELIVERIES, delivery.kind, outcome.status).inc()
        if outcome.status == "sent" and delivery.began_at is not None:
            seconds = (self._clock.now() - delivery.began_at).total_seconds()
            child(metrics.DELIVERY_SECONDS, delivery.kind).observe(max(0.0, seconds))
