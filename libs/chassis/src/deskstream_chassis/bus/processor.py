"""Bringing every message of a batch to its fate, whatever handles it; used by the Kafka loop and by the replay of parked keys.

A message's fate is one of: done; duplicate (its effect is there already); ignored (not ours); *transient* (the database is away:
the batch is held and taken again); *poison* (it cannot be read, or is refused): parked. However many are parked, the others flow:
a ceiling that stops a consumer is one that somebody can reach on purpose (ADR 14).
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from deskstream_chassis.bus import parking
from deskstream_chassis.bus.messages import Received
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.store.aggregates import ConcurrentChange
from deskstream_chassis.store.database import Connection, Transactions, is_conflict, is_transient
from deskstream_chassis.store.patience import patiently
from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.logs import logger

_CONFLICTS_BEFORE_POISON: Final = 5
_KEYS_AT_A_TIME: Final = 100
_log = logger(__name__)


class Poison(Exception):
    """A message that was refused; the cause is chained."""


@dataclass(slots=True)
class Fates:
    """What became of a batch; what is in neither list was a duplicate. Beside a parked message: its fault (None: it stands behind
    one that is parked)."""

    done: list[Received] = field(default_factory=list)
    parked: list[tuple[Received, str | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of parked keys: how many messages were done, of how many keys, and which were refused again, with the reason.
    `next`: where to go on; None where that was all."""

    messages: int
    keys: int
    refused: Sequence[tuple[parking.ParkedMessages, str]]
    next: int | None


class Processor(ABC):
    """A batch is one transaction. If it is refused, its messages are taken one by one, so that the culprit is found."""

    def __init__(self, engine: Transactions, clock: Clock, after_commit: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._after_commit = after_commit

    @abstractmethod
    def hears(self, message: Received) -> bool:
        """Whether a message is for this service; any other is ignored."""

    @abstractmethod
    async def take(self, connection: Connection, messages: Sequence[Received], poisoned: str | None) -> Fates:
        """Handles messages in one transaction. `poisoned`: what is wrong with the one message there is, which is to be parked."""

    @abstractmethod
    async def take_again(self, connection: Connection, message: Received) -> None:
        """Handles a parked message. Raises what refuses it."""

    async def settle(self, messages: Sequence[Received], stop: asyncio.Event | None = None) -> None:
        """Brings every message to its fate. Waits as long as the database is away."""
        ours = []
        for m in messages:
            if m.fault or self.hears(m):
                ours.append(m)
            else:
                metrics.child(metrics.CONSUMED, m.topic, "ignored").inc()
        if not ours:
            return
        try:
            await self._patiently(ours, stop)
        except Poison:
            # The batch was rolled back.
            for message in ours:
                try:
                    await self._patiently([message], stop)
                except Poison as poison:
                    error = poison.__cause__ or poison
                    _log.error("message parked", topic=message.topic, key=message.key, error=repr(error)[:500])
                    await self._patiently([message], stop, poisoned=f"{type(error).__name__}: {error}")

    async def _patiently(self, messages: Sequence[Received], stop: asyncio.Event | None, poisoned: str | None = None) -> None:
        conflicts = 0

        def worth_another_try(error: Exception) -> bool:
            nonlocal conflicts
            if is_conflict(error) or isinstance(error, ConcurrentChange):
                conflicts += 1
                return conflicts < _CONFLICTS_BEFORE_POISON
            return is_transient(error)

        try:
            await patiently(f"a batch of {len(messages)}", lambda: self._transaction(messages, poisoned), stop, worth_another_try)
        except Exception as error:
            # Transient only where it is to stop.
            if is_transient(error) or (stop is not None and stop.is_set()):
                raise
            raise Poison from error

    async def _transaction(self, messages: Sequence[Received], poisoned: str | None) -> None:
        started = time.perf_counter()
        async with self._engine.begin() as connection:
            fates = await self.take(connection, messages, poisoned)
            if fates.parked:
                await parking.park(connection, fates.parked)
            await failpoint("consumer.before_commit")
        await failpoint("consumer.committed")
        self._after_commit()
        metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
        metrics.BATCH_SIZE.observe(len(messages))
        self._count(messages, fates)

    def _count(self, messages: Sequence[Received], fates: Fates) -> None:
        counts = Counter((m.topic, "done") for m in fates.done)
        counts.update((m.topic, "parked_behind" if error is None else "parked") for m, error in fates.parked)
        if counts.total() < len(messages):
            duplicates = Counter(m.topic for m in messages)
            for (topic, _), settled in counts.items():
                duplicates[topic] -= settled
            counts.update({(topic, "duplicate"): left for topic, left in duplicates.items()})
        for (topic, fate), count in counts.items():
            metrics.child(metrics.CONSUMED, topic, fate).inc(count)
        now = self._clock.now()
        for m in fates.done:
            if m.time is not None:
                metrics.child(metrics.EVENT_AGE, m.topic).observe(max(0.0, (now - m.time).total_seconds()))

    async def replay(self, topic: str, key: str) -> int:
        """Handles a parked key's messages again, in order, with their own ids (or sends them again). Returns how many were done.

        Raises Poison (cause chained) at the first that is refused again; those before it are done and gone.
        """
        done = 0
        while True:
            async with self._engine.begin() as connection:
                await parking.hold(connection)
                message = await parking.first_of(connection, topic, key)
                if message is None:
                    break
                try:
                    if message.partition == parking.OUTGOING:
                        await parking.send_again(connection, message)
                    else:
                        await self.take_again(connection, message)
                except Exception as error:
                    if is_transient(error):
                        raise
                    raise Poison(f"{type(error).__name__}: {error}") from error
                await parking.forget(connection, message.event_id)
            done += 1
            self._after_commit()
        return done

    async def replay_all(self, wanted: parking.Wanted) -> "Handled":
        """Replays the next so many of the parked keys that are wanted; one that is refused again stays, and the others go on."""

        async def again(parked: parking.ParkedMessages) -> int:
            return await self.replay(parked.topic, parked.key)

        return await self._each(wanted, again)

    async def discard_all(self, wanted: parking.Wanted) -> "Handled":
        """Drops the first message of each of the next so many parked keys that are wanted."""

        async def drop(parked: parking.ParkedMessages) -> int:
            return await self.discard(parked.topic, parked.key)

        return await self._each(wanted, drop)

    async def _each(self, wanted: parking.Wanted, handle: Callable[[parking.ParkedMessages], Awaitable[int]]) -> "Handled":
        async with self._engine.connect() as connection:
            keys = await parking.summary(connection, wanted, _KEYS_AT_A_TIME)
        messages, refused = 0, []
        for parked in keys:
            try:
                messages += await handle(parked)
            except Poison as poison:
                refused.append((parked, str(poison)[:1000]))
        return Handled(messages, len(keys), refused, keys[-1].id if len(keys) == _KEYS_AT_A_TIME else None)

    async def discard(self, topic: str, key: str) -> int:
        """Drops a parked key's first message for good; what stood behind it can then be replayed. Returns how many (0 or 1)."""
        async with self._engine.begin() as connection:
            await parking.hold(connection)
            message = await parking.first_of(connection, topic, key)
            if message is None:
                return 0
            if message.partition != parking.OUTGOING:
                await self.give_up(connection, message)
            await parking.forget(connection, message.event_id)
            return 1

    async def give_up(self, connection: Connection, message: Received) -> None:
        """Makes sure that a later delivery of a discarded message has no effect either."""
        return
