"""An internal note is added."""

from dataclasses import dataclass

from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.message import Author, MessageWritten, OutMessage
from ticket_svc.domain.reference import TicketReference
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class AddNote:
    ticket: TicketReference
    by: Actor
    visibility: Visibility
    text: str
    expected_version: int | None = None

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)

    def handle(self, unit: TicketUnit) -> MessageWritten:
        ticket = unit.existing(self.ticket, self.visibility, self.expected_version)
        message = OutMessage(unit.new_id(), "note", Author(self.by.id, self.by.name), self.text)
        unit.keep_written(message, ticket)
        return MessageWritten(message.id, unit.change(ticket, decisions.note(ticket, message.id, unit.now), self.by))
