"""The consumer: micro-batches from Kafka, each one transaction, each message with one effect.

A message's fate is one of: done; duplicate (its effect is there already); ignored (not ours); *transient* (the database is away:
the batch is held and taken again); *poison* (it cannot be read, or its handler refuses it): parked, and later messages of the same
key behind it, while other keys flow.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from deskstream_chassis import inbox, metrics, parking
from deskstream_chassis.aggregates import ConcurrentChange
from deskstream_chassis.clock import Clock
from deskstream_chassis.database import Connection, Transactions, is_conflict, is_transient
from deskstream_chassis.failpoints import failpoint
from deskstream_chassis.logs import logger
from deskstream_chassis.messages import Received
from deskstream_chassis.outbox import Cause
from deskstream_chassis.schema import Mechanics
from deskstream_chassis.tracing import SpanKind, Tracing, messaging
from deskstream_chassis.unit import U, UnitFactory
from deskstream_contracts.topics import TOPICS
from deskstream_contracts.wire import Event

E = TypeVar("E", bound=Event)
_log = logger(__name__)
_CONFLICTS_BEFORE_POISON = 5
_SPANS = {topic.name: f"process {topic.name}" for topic in TOPICS}


@dataclass(frozen=True, slots=True)
class Handler(Generic[U, E]):
    """One use case: what a message touches, and what it does. Both see one message; neither does I/O."""

    touches: Callable[[U, E], None]
    handle: Callable[[U, E], None]


Subscriptions = Mapping[type[Event], Handler[U, Any]]
"""All that a service hears: event model → handler."""


class TooManyParked(Exception):
    """The ceiling of parked keys is passed: something is wrong that parking will not cure."""


class Poison(Exception):
    """A message that its handler refused; the cause is chained."""


class BatchProcessor(Generic[U]):
    """Settles batches of received messages; used by the Kafka loop and by the replay of parked keys."""

    def __init__(
        self,
        *,
        engine: Transactions,
        mechanics: Mechanics,
        subscriptions: Subscriptions[U],
        open_unit: UnitFactory[U],
        clock: Clock,
        tracing: Tracing,
        after_commit: Callable[[], None],
        parked_keys_ceiling: int,
    ) -> None:
        self._engine = engine
        self._mechanics = mechanics
        self._handlers = {model.event_type(): (model, handler) for model, handler in subscriptions.items()}
        self._open_unit = open_unit
        self._clock = clock
        self._tracing = tracing
        self._after_commit = after_commit
        self._ceiling = parked_keys_ceiling

    async def settle(self, messages: Sequence[Received], stop: asyncio.Event | None = None) -> None:
        """Brings every message to its fate. Waits as long as the database is away; raises TooManyParked."""
        ours = [m for m in messages if m.fault or m.event_type in self._handlers]
        for m in messages:
            if not m.fault and m.event_type not in self._handlers:
                metrics.child(metrics.CONSUMED, m.topic, "ignored").inc()
        if not ours:
            return
        try:
            await self._patiently(ours, stop)
        except Poison:
            # The batch was rolled back; one by one, so that the culprit is found and the others flow.
            for message in ours:
                try:
                    await self._patiently([message], stop)
                except Poison as poison:
                    error = poison.__cause__ or poison
                    _log.error("message parked", topic=message.topic, key=message.key, error=repr(error)[:500])
                    await self._patiently([message], stop, poisoned=f"{type(error).__name__}: {error}")

    async def _patiently(self, messages: Sequence[Received], stop: asyncio.Event | None, poisoned: str | None = None) -> None:
        conflicts, delay = 0, 0.05
        while True:
            try:
                started = time.perf_counter()
                await self._transaction(messages, poisoned)
                metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
                metrics.BATCH_SIZE.observe(len(messages))
                return
            except Exception as error:
                if isinstance(error, Poison | TooManyParked):
                    raise
                if is_conflict(error) or isinstance(error, ConcurrentChange):
                    conflicts += 1
                    if conflicts >= _CONFLICTS_BEFORE_POISON:
                        raise Poison from error
                elif not is_transient(error):
                    raise Poison from error
                metrics.RETRIES.labels(type(error).__name__).inc()
                _log.warning("batch is taken again", messages=len(messages), error=repr(error)[:300])
                if stop is not None and stop.is_set():
                    raise
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)

    async def _transaction(self, messages: Sequence[Received], poisoned: str | None) -> None:
        async with self._engine.begin() as connection:
            fresh, any_parked = await inbox.claim(connection, [m.event_id for m in messages])
            fates = await self._triage(connection, messages, fresh, any_parked, poisoned)
            unit = self._open_unit(connection, self._mechanics.outbox_for(connection), self._clock.now())
            await self._handle(unit, fates.work)
            if fates.parked:
                await self._park(connection, fates.parked)
            await failpoint("consumer.before_commit")
        await failpoint("consumer.committed")
        self._after_commit()
        self._count(messages, fates)

    async def _triage(
        self,
        connection: Connection,
        messages: Sequence[Received],
        fresh: set[Any],
        any_parked: bool,
        poisoned: str | None,
    ) -> "_Fates":
        blocked: set[tuple[str, str]] = set()
        if any_parked:
            await parking.hold(connection)
            blocked = await parking.keys(connection)
        fates = _Fates([], [])
        for m in messages:
            if m.event_id not in fresh:
                continue
            fresh.discard(m.event_id)
            if (m.topic, m.key) in blocked:
                fates.parked.append((m, None))
                continue
            error = poisoned or m.fault
            if error is None:
                model, handler = self._handlers[m.event_type]
                try:
                    fates.work.append((m, model.model_validate_json(m.value), handler))
                    continue
                except ValidationError as invalid:
                    error = f"the data does not fit {m.event_type}: {invalid}"
            fates.parked.append((m, error))
            blocked.add((m.topic, m.key))
        return fates

    async def _handle(self, unit: U, work: "Sequence[tuple[Received, Event, Handler[U, Any]]]") -> None:
        for _, event, handler in work:
            handler.touches(unit, event)
        await unit.load()
        for m, event, handler in work:
            about = self._about(m) if self._tracing.on else None
            with self._tracing.span(_SPANS[m.topic], SpanKind.CONSUMER, m.traceparent, about) as parent:
                unit.cause = Cause(m.correlation_id or str(m.event_id), parent, m.event_id)
                handler.handle(unit, event)
        await unit.flush()

    def _about(self, m: Received) -> dict[str, str | int]:
        return {
            **messaging("process", m.topic, str(m.event_id), m.event_type),
            "messaging.destination.partition.id": str(m.partition),
            "messaging.kafka.offset": m.offset,
        }

    async def _park(self, connection: Connection, parked: "list[tuple[Received, str | None]]") -> None:
        await inbox.release(connection, [m.event_id for m, _ in parked])
        await parking.park(connection, self._mechanics.parked, parked)
        count = len(await parking.keys(connection))
        if count > self._ceiling:
            raise TooManyParked(f"{count} keys are parked, more than the ceiling of {self._ceiling}")

    def _count(self, messages: Sequence[Received], fates: "_Fates") -> None:
        now = self._clock.now()
        counts = Counter((m.topic, "done") for m, _, _ in fates.work)
        counts.update((m.topic, "parked_behind" if error is None else "parked") for m, error in fates.parked)
        if counts.total() < len(messages):
            duplicates = Counter(m.topic for m in messages)
            for (topic, _), settled in counts.items():
                duplicates[topic] -= settled
            counts.update({(topic, "duplicate"): left for topic, left in duplicates.items()})
        for (topic, fate), count in counts.items():
            metrics.child(metrics.CONSUMED, topic, fate).inc(count)
        for m, _, _ in fates.work:
            if m.time is not None:
                metrics.child(metrics.EVENT_AGE, m.topic).observe(max(0.0, (now - m.time).total_seconds()))

    async def replay(self, topic: str, key: str) -> int:
        """Handles a parked key's messages again, in order, with their own ids. Returns how many were done.

        Raises Poison (cause chained) at the first that is refused again; those before it are done and gone.
        """
        done = 0
        while True:
            async with self._engine.begin() as connection:
                await parking.hold(connection)
                message = await parking.first_of(connection, topic, key)
                if message is None:
                    break
                unit = self._open_unit(connection, self._mechanics.outbox_for(connection), self._clock.now())
                fresh, _ = await inbox.claim(connection, [message.event_id])
                if fresh:
                    try:
                        model, handler = self._handlers[message.event_type]
                        await self._handle(unit, [(message, model.model_validate_json(message.value), handler)])
                    except Exception as error:
                        if is_transient(error):
                            raise
                        raise Poison(f"{type(error).__name__}: {error}") from error
                await parking.forget(connection, message.event_id)
            done += 1
            self._after_commit()
        return done

    async def discard(self, topic: str, key: str) -> int:
        """Drops a parked key's first message for good; what stood behind it can then be replayed."""
        async with self._engine.begin() as connection:
            await parking.hold(connection)
            message = await parking.first_of(connection, topic, key)
            if message is None:
                return 0
            # Claimed, so that a later delivery of the same message has no effect either.
            await inbox.claim(connection, [message.event_id])
            await parking.forget(connection, message.event_id)
            return 1


@dataclass(slots=True)
class _Fates:
    work: list[tuple[Received, Event, Handler[Any, Any]]]
    parked: list[tuple[Received, str | None]]
