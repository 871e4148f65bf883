"""An internal note is added."""

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
class AddNote:
    ticket: TicketReference
    by: Actor
    visibility: Visibility
    text: str
    expected_version: int | None = None
    files: Sequence[UUID] = ()

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)
        unit.files.need(*self.files)

    def handle(self, unit: TicketUnit) -> MessageWritten:
        ticket = unit.existing(self.ticket, self.visibility, self.expected_version)
        id_ = unit.new_id()
        files = tuple(unit.files.claim(self.files, self.by.id, id_))
        unit.keep_written(OutMessage(id_, "note", Author(self.by.id, self.by.name), self.text, files=files), ticket)
        return MessageWritten(id_, unit.change(ticket, decisions.note(ticket, id_, unit.now, files), self.by))
