"""The unit of work of ticket-svc: tickets by id, number or thread root, their messages, and fresh ticket numbers."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.documents.putting import WithDocuments
from deskstream_chassis.files.claims import Claims
from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.keys import Key, Unique
from deskstream_chassis.store.outbox import Cause, Outbox
from deskstream_chassis.store.undo import Undos
from deskstream_chassis.store.unit import AppendedRows, Changes
from deskstream_chassis.watch.metrics import child
from deskstream_contracts.events.settings import TicketFieldDefinitions, TicketTypes
from deskstream_contracts.undo import Undo
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor, Message
from ticket_svc import metrics
from ticket_svc.domain import held as holding
from ticket_svc.domain.held import Held
from ticket_svc.domain.message import Author, OutMessage
from ticket_svc.domain.reference import TicketReference, is_seen
from ticket_svc.domain.refusals import HasMoved, NoSuchTicket
from ticket_svc.domain.ticket import AgentReplied, Change, Ticket, TicketEvent, TicketOpened, TicketResolved, apply
from ticket_svc.domain.undoing import Act
from ticket_svc.messaging.published import message_content, published
from ticket_svc.persistence import tables
from ticket_svc.persistence.changed_customers import HeardCustomers
from ticket_svc.persistence.held import HeldMessages

STATE = TypeAdapter(Ticket)
ACT: TypeAdapter[Act] = TypeAdapter(Act)
_KEYS: Mapping[str, Key[Ticket]] = {"thread_root": Unique(lambda t: t.thread_root), "number": Unique(lambda t: t.number)}
NO_FIELDS: Final = TicketFieldDefinitions()
"""What is defined before anybody defines something."""
_NUMBERS = text("SELECT nextval('ticket_number') FROM generate_series(1, :n)")


class Numbers:
    """Numbers for the tickets that this transaction may open: one for each wanted thread root that has no ticket yet."""

    def __init__(self, connection: Connection, known: AggregateStore[Ticket]) -> None:
        self._connection = connection
        self._known = known
        self._roots: set[UUID] = set()
        self._numbers: deque[int] = deque()

    def need(self, root: UUID) -> None:
        """Asks for a number in case this thread root turns out to have no ticket."""
        self._roots.add(root)

    async def load(self) -> None:
        roots, self._roots = self._roots, set()
        new = sum(1 for root in roots if self._known.find("thread_root", root) is None)
        if new:
            self._numbers.extend((await self._connection.execute(_NUMBERS, {"n": new})).scalars())

    async def flush(self) -> None:
        return

    def take(self) -> int:
        """The next number; one that is never used leaves a gap. Raises IndexError where none was asked for."""
        return self._numbers.popleft()


class TicketUnit(WithDocuments):
    """`hold_seconds`: so long what the customer is told is held; `undo_seconds`: so long anything else can be undone."""

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        now: datetime,
        *,
        types: TicketTypes,
        files_bytes: int,
        hold_seconds: float,
        undo_seconds: float,
        fields: TicketFieldDefinitions = NO_FIELDS,
    ) -> None:
        super().__init__(connection, outbox, now)
        self.types = types
        """The types that a ticket may have."""
        self.fields = fields
        """The custom fields that are defined."""
        self.held_until = now + timedelta(seconds=hold_seconds)
        """Until when what the customer is told now is held; `now`: it is not."""
        self._undo = timedelta(seconds=undo_seconds)
        self.undos = self.include(Undos(connection, "ticket"))
        self.tickets = self.include(AggregateStore(connection, tables.tickets, STATE, _KEYS, also=self.undos.subjects))
        self.held = self.include(HeldMessages(connection, self._loaded_tickets))
        self.heard_customers = self.include(HeardCustomers(connection))
        self.numbers = self.include(Numbers(connection, self.tickets))
        self.files = self.include(Claims(connection, files_bytes))
        self._messages = self.include(AppendedRows(connection, tables.messages))
        self._changes: Changes[Ticket, TicketEvent, Actor] = Changes(self, self.tickets, apply, published)

    def need(self, reference: TicketReference) -> None:
        """Says that the ticket of this id or number is needed."""
        if isinstance(reference.value, int):
            self.tickets.need_by("number", reference.value)
        else:
            self.tickets.need(reference.value)

    def existing(self, reference: TicketReference, visibility: Visibility, expected_version: int | None = None) -> Ticket:
        """The ticket, if it is there and seen. Raises NoSuchTicket, or HasMoved where another version was expected."""
        value = reference.value
        ticket = self.tickets.find("number", value) if isinstance(value, int) else self.tickets.get(value)
        if ticket is None or not is_seen(ticket, visibility):
            raise NoSuchTicket(str(value))
        if expected_version not in (None, ticket.version):
            raise HasMoved(ticket.number, ticket.version)
        return ticket

    def open(self, opened: TicketOpened, by: Actor) -> Ticket:
        """The ticket of an opening, found from now on by its thread root."""
        return self._changes.begin(opened, by)

    def change(self, ticket: Ticket, changes: Iterable[Change], by: Actor) -> Ticket:
        """The ticket after the changes, each recorded with the state after it."""
        for change in changes:
            _measure(change, ticket)
            ticket = self._changes.make(ticket, [change], by)
        return ticket

    def change_those(self, ids: Iterable[UUID], decide: Callable[[Ticket], list[Change]], by: Actor) -> int:
        """Of tickets that were needed, those that something is decided of. Returns how many."""
        changed = 0
        for id_ in ids:
            ticket = self.tickets.get(id_)
            if ticket is not None and (changes := decide(ticket)):
                self.change(ticket, changes, by)
                changed += 1
        return changed

    def offer_undo(self, ticket: Ticket, act: Act, by: Actor) -> Undo:
        """What a command answers that has just been recorded and can be undone."""
        return self.undos.offer(self.new_id(), ACT.dump_json(act).decode(), ticket.id, by, self.now + self._undo)

    def hold(self, ticket: Ticket, held: Held) -> Undo:
        """Keeps what is to be said until it is due. Raises now what nobody could be told then."""
        self._changes.try_out(ticket, holding.accept(ticket, held, self.now), held.by)
        self.held.add(held)
        act = holding.act_of(held)
        return self.undos.offer(held.id, ACT.dump_json(act).decode(), ticket.id, held.by, held.due_at)

    def send(self, ticket: Ticket, held: Held) -> Ticket:
        """Records what was said: the ticket after it. It belongs to the request that said it."""
        cause, self.cause = self.cause, Cause(held.correlation_id, held.traceparent)
        after = self.change(ticket, holding.send(ticket, held, self.now), held.by)
        self.cause = cause
        if held.answers:
            self.keep_written(
                OutMessage(
                    id=held.id,
                    kind="agent",
                    author=Author(held.by.id, held.by.name),
                    text=held.text,
                    subject=f"Re: {ticket.subject}",
                    to=(ticket.requester.email,),
                    cc=held.cc,
                    files=held.files,
                ),
                ticket,
            )
        return after

    def send_held(self, ticket: Ticket) -> Ticket:
        """What is held of a ticket goes out before what is done next."""
        for held in self.held.of(ticket.id):
            self.held.remove(held)
            ticket = self.send(ticket, held)
        return ticket

    def _loaded_tickets(self) -> Iterable[UUID]:
        return [ticket.id for ticket in self.tickets.all()]

    def need_received(self, message_id: UUID) -> None:
        """Says that it is to be known whether this message of a customer was taken before."""
        self._messages.need(message_id)

    def has_received(self, message_id: UUID) -> bool:
        """Whether a message, which was needed, is in a conversation already."""
        return self._messages.has(message_id)

    def keep_received(self, message: Message, ticket: Ticket) -> None:
        """Adds what a customer wrote to the conversation, under the id of its ledger entry."""
        self._messages.add(
            id=message.id,
            ticket_id=ticket.id,
            kind="customer",
            at=message.received_at,
            content=message.model_dump_json(exclude_none=True),
        )

    def keep_written(self, message: OutMessage, ticket: Ticket) -> None:
        """Adds what one of the staff wrote to the conversation."""
        self._messages.add(id=message.id, ticket_id=ticket.id, kind=message.kind, at=self.now, content=message_content(message))


def _measure(change: Change, before: Ticket) -> None:
    match change:
        case AgentReplied() if before.first_responded_at is None:
            metric = metrics.FIRST_RESPONSE_SECONDS
        case TicketResolved():
            metric = metrics.RESOLUTION_SECONDS
        case _:
            return
    child(metric, before.priority).observe((change.at - before.opened_at).total_seconds())
