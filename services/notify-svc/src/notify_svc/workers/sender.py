"""The sender: takes what is due, hands it to the SMTP server over a few connections, and records what became of it.

A mail that the server took is noted in the journal at once, and recorded in the database with what else has ended meanwhile.
While the server takes no mail from us, one mail at a time finds out whether it does again, and the others wait.
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
from notify_svc.adapters.files import FileIsGone, FilesAway, TicketFiles
from notify_svc.adapters.journal import Journal
from notify_svc.adapters.smtp import Broken, Refused, RelayRefuses, Server, SmtpConnection, Unsupported
from notify_svc.domain.answers import Answer
from notify_svc.domain.deliveries import Delivery, Outcome, held_up, not_taken, refused, taken
from notify_svc.domain.email_address import EmailAddress, Unusable, parse
from notify_svc.domain.relay import Closed, Doubt, refuses
from notify_svc.persistence.delivery_queue import DeliveryQueue

_CLAIM: Final = 100
_JOURNAL_KEPT: Final = 10_000
_POLL_SECONDS: Final = 0.5
_FULL_SECONDS: Final = 0.01
_AWAY_SECONDS: Final = 0.5
_DRAIN_SECONDS: Final = 15.0
_LOOK_FOR_EXPIRED_SECONDS: Final = 60.0
_LOOK_AT_WAITING_SECONDS: Final = 2.0
_ALONE_SECONDS: Final = 30.0
_MAY_WAIT_HERE_SECONDS: Final = 300.0
_WITH_FILES: Final = 2  # at a time: each is in memory, some 60 MiB of it
_log = logger(__name__)


def lease_seconds(longest_transaction: float) -> float:
    """How long a claim lasts: a mail may wait here for a while, and then be sent as slowly as the server may."""
    return longest_transaction + _MAY_WAIT_HERE_SECONDS


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
        files: TicketFiles,
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
        self._files = files
        self._large = asyncio.Semaphore(_WITH_FILES)
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
        self._closed: Closed | None = None
        self._doubt = Doubt()
        self._looked_at_waiting = -_LOOK_AT_WAITING_SECONDS
        self._open: list[SmtpConnection] = []
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
        if self._closed is not None:
            await self._wait_for_the_server(self._closed)
        limit = _CLAIM if self._closed is None else int(time.monotonic() >= self._closed.try_at and not self._held)
        if not limit or self._waiting.qsize() >= _CLAIM:
            return
        self._claiming.begin()
        if self._claim_unanswered:
            _log.info("claims given back", mails=await self._queue.give_back(self._held))
        # A claim may be committed and its answer be lost with the connection.
        self._claim_unanswered = True
        claimed = await self._queue.claim(limit)
        self._claim_unanswered = False
        for delivery in claimed:
            self._held.add(delivery.id)
            self._waiting.put_nowait(delivery)
        if len(claimed) == _CLAIM:
            self._wake.set()
        elif claimed:
            self._claiming.end(len(claimed))
            await self._claiming.rest()

    async def _wait_for_the_server(self, closed: Closed) -> None:
        """Says with each mail why it waits, and gives up what has waited for too long."""
        metrics.RELAY_REFUSES.labels(closed.reason).set(time.monotonic() - closed.since)
        if time.monotonic() - self._looked_at_waiting < _LOOK_AT_WAITING_SECONDS:
            return
        await self._queue.explain(closed.words)
        self._looked_at_waiting = time.monotonic()
        for delivery in await self._queue.claim_expired(_CLAIM):
            self._held.add(delivery.id)
            self._ended.put_nowait(held_up(delivery, closed, time.monotonic(), tried=False))

    async def _rest(self, stop: asyncio.Event) -> None:
        if self._waiting.qsize() >= _CLAIM:
            await asyncio.sleep(_FULL_SECONDS)
        else:
            await first_of(_POLL_SECONDS, self._wake, stop)

    async def _send_waiting(self) -> None:
        connection = SmtpConnection(self._server)
        self._open.append(connection)
        try:
            while True:
                delivery = await self._waiting.get()
                try:
                    outcome = await self._attempt(connection, delivery)
                    self._ended.put_nowait(outcome)
                finally:
                    self._waiting.task_done()
                if outcome.status == "waiting" and outcome.answer is not None and self._closed is None:
                    # Others are let in: the server takes so many connections and no more.
                    await asyncio.sleep(_ALONE_SECONDS)
        finally:
            self._open.remove(connection)
            await connection.close()

    def _others_are_open(self, connection: SmtpConnection) -> bool:
        return any(other.is_open for other in self._open if other is not connection)

    async def _attempt(self, connection: SmtpConnection, delivery: Delivery) -> Outcome:
        if self._closed is not None and time.monotonic() < self._closed.try_at:
            return held_up(delivery, self._closed, time.monotonic(), tried=False)
        try:
            recipient = parse(delivery.recipient)
        except Unusable as why:
            return Outcome(delivery, "failed", str(why), failed_because="unusable_address")
        if not delivery.files:
            return await self._hand_over(connection, delivery, recipient, delivery.content)
        async with self._large:
            try:
                content = await self._files.attached(delivery)
            except FileIsGone as gone:
                return Outcome(delivery, "failed", str(gone), failed_because="file_gone")
            except FilesAway as away:
                return not_taken(delivery, Answer.of(None, str(away)), self._retry_first_seconds, time.monotonic())
            return await self._hand_over(connection, delivery, recipient, content)

    async def _hand_over(self, connection: SmtpConnection, delivery: Delivery, recipient: EmailAddress, content: bytes) -> Outcome:
        about = {"network.protocol.name": "smtp", **self._server.about, "messaging.message.id": delivery.rfc_message_id}
        with self._tracing.span(f"send {delivery.kind}", SpanKind.CLIENT, delivery.traceparent, about) as traceparent:
            try:
                await connection.ready()
                if self._closed is not None and not self._closed.at_a_mail:
                    self._server_takes_mail()
                if time.monotonic() > delivery.claimed_until - self._server.timeouts.transaction:
                    # It waited so long here that another process may take it over before this attempt ends.
                    return Outcome(delivery, "waiting", "")
                answer = await connection.send(delivery.envelope_from, recipient, content)
            except RelayRefuses as refusal:
                return self._not_let_in(connection, delivery, refusal)
            except Broken as broken:
                return not_taken(delivery, Answer.of(None, str(broken)), self._retry_first_seconds, time.monotonic())
        delivery = replace(delivery, traceparent=traceparent)
        if isinstance(answer, Refused) and answer.answer.wants_login:
            return self._login_wanted(delivery, recipient.domain, answer.answer)
        if isinstance(answer, Unsupported):
            return Outcome(delivery, "failed", answer.why, failed_because="needs_smtputf8")
        self._doubt.dispel()
        self._server_takes_mail()
        if isinstance(answer, Refused):
            return refused(delivery, answer.answer, self._retry_first_seconds, time.monotonic())
        self._journal.note(delivery.id)
        await failpoint("notify.accepted")
        return taken(delivery, answer)

    def _not_let_in(self, connection: SmtpConnection, delivery: Delivery, refusal: RelayRefuses) -> Outcome:
        metrics.RELAY_REFUSALS.labels(refusal.reason).inc()
        now = time.monotonic()
        if refusal.reason == "sender":
            # Another mail may have a sender that the server likes: this one waits alone.
            return not_taken(delivery, refusal.answer, self._retry_first_seconds, now)
        closed = refuses(self._closed, refusal.reason, refusal.answer, self._retry_first_seconds, now)
        if not self._others_are_open(connection):
            if closed is not self._closed:
                _log.warning("the mail server refuses us", at=closed.reason, answer=str(closed.answer), times=closed.times)
            self._server_takes_no_mail(closed)
        return held_up(delivery, closed, now, tried=True)

    def _login_wanted(self, delivery: Delivery, domain: str, answer: Answer) -> Outcome:
        """A mail was refused as if we had not logged in. It waits alone: only where others are told so too it is about us."""
        now = time.monotonic()
        if self._doubt.confirmed_by(domain):
            metrics.RELAY_REFUSALS.labels("login").inc()
            closed = refuses(self._closed, "login", answer, self._retry_first_seconds, now, at_a_mail=True)
            if closed is not self._closed:
                _log.warning("the mail server refuses us", at=closed.reason, answer=str(answer), times=closed.times)
            self._server_takes_no_mail(closed)
        return not_taken(delivery, answer, self._retry_first_seconds, now)

    def _server_takes_no_mail(self, closed: Closed) -> None:
        if self._closed is not None and self._closed.reason != closed.reason:
            metrics.RELAY_REFUSES.labels(self._closed.reason).set(0)
        self._closed = closed

    def _server_takes_mail(self) -> None:
        if self._closed is None:
            return
        _log.info("the mail server takes our mail again", after_seconds=round(time.monotonic() - self._closed.since))
        metrics.RELAY_REFUSES.labels(self._closed.reason).set(0)
        self._closed = None
        self._wake.set()

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
        if outcome.answer is not None or outcome.status == "failed":
            _log.info(
                "mail tried",
                delivery=str(delivery.id),
                ticket=delivery.ticket_number,
                kind=delivery.kind,
                outcome=outcome.status,
                attempt=delivery.attempts,
                answer=str(outcome.answer or outcome.detail)[:300],
            )
        child(metrics.DELIVERIES, delivery.kind, outcome.status).inc()
        if outcome.status == "sent" and delivery.began_at is not None:
            seconds = (self._clock.now() - delivery.began_at).total_seconds()
            child(metrics.DELIVERY_SECONDS, delivery.kind).observe(max(0.0, seconds))
