"""Parts of a unit of work without a database: for decisions of use cases, whose aggregates a test puts there itself."""

from datetime import datetime
from typing import NoReturn
from uuid import UUID, uuid4

from deskstream_chassis.store.outbox import Cause, Outbox
from deskstream_contracts.wire import Event


class Nowhere:
    """A connection that is never used, as nothing is loaded or flushed. Raises AssertionError where it is."""

    async def execute(self, statement: object, parameters: object = None, /) -> NoReturn:
        raise AssertionError(f"a unit without a database was asked: {statement}")


class KeptOutbox(Outbox):
    """Keeps the events that are recorded, and of each what it was caused by."""

    def __init__(self) -> None:
        super().__init__(Nowhere(), "/test")
        self.events: list[Event] = []
        self.causes: list[Cause] = []

    def record(self, event: Event, cause: Cause, now: datetime) -> UUID:
        self.events.append(event)
        self.causes.append(cause)
        return uuid4()
