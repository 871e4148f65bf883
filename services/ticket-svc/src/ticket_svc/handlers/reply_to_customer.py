"""An agent answers the customer, and may resolve the ticket with the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.message import Author, MessageWritten, OutMessage
from ticket_svc.domain.reference import TicketReference
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class ReplyToCustomer:
    ticket: TicketReference
    by: Actor
    visibility: Visibility
    text: str
    cc: Sequence[str] = ()
    resolve: bool = False
    expected_version: int | None = None
    files: Sequence[UUID] = ()

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)
        unit.files.need(*self.files)

    def handle(self, unit: TicketUnit) -> MessageWritten:
        ticket = unit.existing(self.ticket, self.visibility, self.expected_version)
        id_ = unit.new_id()
        message = OutMessage(
            id=id_,
            kind="agent",
            author=Author(self.by.id, self.by.name),
            text=self.text,
            subject=f"Re: {ticket.subject}",
            to=(ticket.requester.email,),
            cc=tuple(self.cc),
            files=tuple(unit.files.claim(self.files, self.by.id, id_)),
        )
        changes = decisions.agent_replies(ticket, message.id, self.text, self.cc, unit.now, message.files)
        if self.resolve:
            decisions.check_resolvable(ticket, unit.fields)
            changes += decisions.resolve(ticket, self.text, unit.now)
        after = unit.change(ticket, changes, self.by)
        unit.keep_written(message, ticket)
        return MessageWritten(message.id, after)
