"""The unit of work of ticket-svc: tickets by id, number or thread root, their messages, and fresh ticket numbers."""

from collections import deque
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import AppendedRows, UnitOfWork
from deskstream_chassis.watch.metrics import child
from ticket_svc import metrics
from ticket_svc.domain.ticket import Actor, AgentReplied, Change, Ticket, TicketOpened, TicketResolved, apply
from ticket_svc.messaging.published import published
from ticket_svc.persistence.tables import messages, tickets

STATE = TypeAdapter(Ticket)
_NUMBERS = text("SELECT nextval('ticket_number') FROM generate_series(1, :n)")


class Numbers:
    """Numbers for the tickets that this transaction may open: one for each wanted thread root that has no ticket yet."""

    def __init__(self, connection: Connection, known: AggregateStore[Ticket]) -> None:
        self._connection = connection
        self._known = known
        self._roots: set[UUID] = set()
        self._numbers: deque[int] = deque()

    def need(self, root: UUID) -> None:
        self._roots.add(root)

    async def load(self) -> None:
        roots, self._roots = self._roots, set()
        new = sum(1 for root in roots if self._known.find("thread_root", root) is None)
        if new:
            self._numbers.extend((await self._connection.execute(_NUMBERS, {"n": new})).scalars())

    async def flush(self) -> None:
        return

    def take(self) -> int:
        return self._numbers.popleft()


class TicketUnit(UnitOfWork):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        super().__init__(connection, outbox, now)
        self.tickets = self.include(
            AggregateStore(connection, tickets, STATE, {"thread_root": lambda t: t.thread_root, "number": lambda t: t.number})
        )
        self.numbers = self.include(Numbers(connection, self.tickets))
        self.messages = self.include(AppendedRows(connection, messages))

    def open(self, opened: TicketOpened, by: Actor) -> None:
        self.tickets.put(opened.ticket)
        self.record(published(opened, None, opened.ticket, by))

    def change(self, ticket: Ticket, changes: list[Change], by: Actor) -> Ticket:
        """Applies the changes in turn and records each with the state after it. Returns the ticket as it is then."""
        for change in changes:
            before, ticket = ticket, apply(ticket, change)
            self.record(published(change, before, ticket, by))
            _measure(change, before)
        if changes:
            self.tickets.put(ticket)
        return ticket


def _measure(change: Change, before: Ticket) -> None:
    match change:
        case AgentReplied() if before.first_responded_at is None:
            metric = metrics.FIRST_RESPONSE_SECONDS
        case TicketResolved():
            metric = metrics.RESOLUTION_SECONDS
        case _:
            return
    child(metric, before.priority).observe((change.at - before.opened_at).total_seconds())
