"""A worker that finds work in a transaction, and carries it out there as a use case."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from deskstream_chassis.run.clock import Clock, new_id
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Connection, Transactions
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.unit import OpenUnit, UseCase, carried_out
from deskstream_chassis.watch.tracing import SpanKind, Tracing
from ticket_svc.persistence.unit import TicketUnit

R = TypeVar("R")


class CarriesOut(Worker):
    """`after_commit` is to be called once what was carried out is committed."""

    comes_round = False  # nobody waits for it, and there may be much

    def __init__(
        self,
        engine: Transactions,
        open_unit: OpenUnit[TicketUnit],
        clock: Clock,
        after_commit: Callable[[], None],
        tracing: Tracing,
    ) -> None:
        super().__init__()
        self.engine = engine
        self.clock = clock
        self.after_commit = after_commit
        self._open_unit = open_unit
        self._tracing = tracing

    async def carry_out(self, connection: Connection, now: datetime, use_case: UseCase[TicketUnit, R], what: str) -> R:
        """In the transaction of this connection; `what` names its span. It is its own cause."""
        unit = self._open_unit(connection, now)
        with self._tracing.span(what, SpanKind.INTERNAL, None) as traceparent:
            unit.cause = Cause(str(new_id()), traceparent)
            return await carried_out(unit, use_case)
