"""The consumer of a service that owns state: micro-batches from Kafka, each one transaction, each message with one effect.

Poison is parked, and later messages of the same key behind it, while other keys flow.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import ValidationError

from deskstream_chassis.bus import inbox, parking
from deskstream_chassis.bus.messages import Received
from deskstream_chassis.bus.processor import Fates, Poison, Processor
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.store.database import Connection, Transactions
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.unit import OpenUnit, U, UseCase
from deskstream_chassis.watch.tracing import SpanKind, Tracing, messaging
from deskstream_contracts.topics import TOPICS
from deskstream_contracts.wire import Event

__all__ = ["BatchProcessor", "Poison", "Subscriptions"]

T = TypeVar("T")
_SPANS = {topic.name: f"process {topic.name}" for topic in TOPICS}

Subscriptions = Mapping[type[Event], Callable[[Any], UseCase[U, None]]]
"""All that a service hears: event → the use case that is made of it."""


class BatchProcessor(Processor, Generic[U]):
    """Settles batches by use cases in units of work, under the inbox."""

    def __init__(
        self,
        *,
        engine: Transactions,
        subscriptions: Subscriptions[U],
        open_unit: OpenUnit[U],
        clock: Clock,
        tracing: Tracing,
        after_commit: Callable[[], None],
    ) -> None:
        super().__init__(engine, clock, after_commit)
        self._use_cases = {model.event_type(): (model, use_case) for model, use_case in subscriptions.items()}
        self._open_unit = open_unit
        self._tracing = tracing

    def hears(self, message: Received) -> bool:
        return message.event_type in self._use_cases

    async def take(self, connection: Connection, messages: Sequence[Received], poisoned: str | None) -> Fates:
        fresh, any_parked = await inbox.claim(connection, [m.event_id for m in messages])
        fates, work = await self._triage(connection, messages, fresh, any_parked, poisoned)
        await self._handle(connection, work)
        if fates.parked:
            await inbox.release(connection, [m.event_id for m, _ in fates.parked])
        return fates

    async def _triage(
        self, connection: Connection, messages: Sequence[Received], fresh: set[UUID], any_parked: bool, poisoned: str | None
    ) -> tuple[Fates, list[tuple[Received, UseCase[U, None]]]]:
        blocked: set[tuple[str, str]] = set()
        if any_parked:
            await parking.hold(connection)
            blocked = await parking.keys(connection, {(m.topic, m.key) for m in messages})
        fates = Fates()
        work: list[tuple[Received, UseCase[U, None]]] = []
        for m in messages:
            if m.event_id not in fresh:
                continue
            fresh.discard(m.event_id)
            if (m.topic, m.key) in blocked:
                fates.parked.append((m, None))
                continue
            error = poisoned or m.fault
            if error is None:
                try:
                    work.append((m, self._use_case(m)))
                    fates.done.append(m)
                    continue
                except ValidationError as invalid:
                    error = f"the data does not fit {m.event_type}: {invalid}"
            fates.parked.append((m, error))
            blocked.add((m.topic, m.key))
        return fates, work

    def _use_case(self, m: Received) -> UseCase[U, None]:
        model, use_case = self._use_cases[m.event_type]
        return use_case(model.model_validate_json(m.value))

    async def _handle(self, connection: Connection, work: Sequence[tuple[Received, UseCase[U, None]]]) -> None:
        unit = self._open_unit(connection, self._clock.now())
        for _, use_case in work:
            use_case.needs(unit)
        await unit.load()
        for m, use_case in work:
            about = self._about(m) if self._tracing.on else None
            with self._tracing.span(_SPANS[m.topic], SpanKind.CONSUMER, m.traceparent, about) as parent:
                unit.cause = Cause(m.correlation_id or str(m.event_id), parent, m.event_id)
                use_case.handle(unit)
        await unit.flush()

    def _about(self, m: Received) -> dict[str, str | int]:
        return {
            **messaging("process", m.topic, str(m.event_id), m.event_type),
            "messaging.destination.partition.id": str(m.partition),
            "messaging.kafka.offset": m.offset,
        }

    async def take_again(self, connection: Connection, message: Received) -> None:
        fresh, _ = await inbox.claim(connection, [message.event_id])
        if fresh:
            await self._handle(connection, [(message, self._use_case(message))])

    async def give_up(self, connection: Connection, message: Received) -> None:
        await inbox.claim(connection, [message.event_id])
