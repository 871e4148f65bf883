"""An agent answers the customer, and may resolve the ticket with the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain import held as holding
from ticket_svc.domain.message import MessageWritten
from ticket_svc.domain.reference import TicketReference
from ticket_svc.handlers.saying import say
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class ReplyToCustomer:
    """`last_message`: the last message that was seen; None: whatever has come since."""

    ticket: TicketReference
    by: Actor
    visibility: Visibility
    text: str
    cc: Sequence[str] = ()
    resolve: bool = False
    last_message: UUID | None = None
    files: Sequence[UUID] = ()

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)
        unit.held.need()
        unit.files.need(*self.files)

    def handle(self, unit: TicketUnit) -> MessageWritten:
        ticket = unit.existing(self.ticket, self.visibility)
        if self.last_message is not None:
            holding.check_seen(ticket, unit.held.of(ticket.id), self.by, self.last_message)
        id_ = unit.new_id()
        files = unit.files.claim(self.files, self.by.id, id_)
        said = say(unit, ticket, id_, self.by, self.text, answers=True, resolves=self.resolve, cc=self.cc, files=files)
        return MessageWritten(id_, said.ticket, said.held_until, said.undo)
