"""Open tickets of a customer who has become otherwise say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.ticket import Requester
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class UpdateRequesters:
    tickets: Sequence[UUID]
    requester: Requester
    by: Actor

    def needs(self, unit: TicketUnit) -> None:
        unit.tickets.need(*self.tickets)

    def handle(self, unit: TicketUnit) -> int:
        """Returns how many tickets have changed."""
        return unit.change_those(self.tickets, lambda ticket: decisions.update_requester(ticket, self.requester, unit.now), self.by)
