"""Keeps the live view set: what the consumer drains becomes rows, without an inbox, as versions order everything."""

from collections.abc import Callable, Sequence

from deskstream_chassis.bus.messages import Received
from deskstream_chassis.bus.processor import Fates, Processor
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.store.database import Connection, Transactions
from gateway.messaging.heard import PROJECTIONS, fold
from gateway.persistence import views


class Projector(Processor):
    """What cannot be read or written is parked and passed by: nothing has to wait behind it, as later states are whole."""

    def __init__(self, engine: Transactions, clock: Clock, after_commit: Callable[[], None] = lambda: None) -> None:
        super().__init__(engine, clock, after_commit)

    def hears(self, message: Received) -> bool:
        # A tombstone has no type: its topic says what it erases.
        return not message.event_type or message.event_type in PROJECTIONS

    async def take(self, connection: Connection, messages: Sequence[Received], poisoned: str | None) -> Fates:
        if poisoned is not None:
            return Fates(parked=[(message, poisoned) for message in messages])
        found = fold(messages)
        if found.changes:
            await views.write(connection, views.LIVE, found.changes)
        unreadable = {id(message) for message, _ in found.unreadable}
        return Fates([m for m in messages if id(m) not in unreadable], list(found.unreadable))

    async def take_again(self, connection: Connection, message: Received) -> None:
        found = fold([message])
        if found.unreadable:
            raise ValueError(found.unreadable[0][1])
        await views.write(connection, views.LIVE, found.changes)
