"""What is held of a ticket is not waited for any longer."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_contracts.visibility import Visibility
from ticket_svc.domain.message import TicketChanged
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.refusals import NothingHeld
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class SendNow:
    """`held`: the id of a message, which is that of what holds it too. One that was sent already is left as it is."""

    ticket: TicketReference
    held: UUID
    visibility: Visibility

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)
        unit.held.need()
        unit.need_received(self.held)

    def handle(self, unit: TicketUnit) -> TicketChanged:
        """Raises NoSuchTicket, NothingHeld."""
        ticket = unit.existing(self.ticket, self.visibility)
        held = unit.held.get(self.held)
        if held is not None:
            unit.held.remove(held)
            return TicketChanged(unit.send(ticket, held))
        if unit.has_received(self.held):
            return TicketChanged(ticket)
        raise NothingHeld(self.held)
