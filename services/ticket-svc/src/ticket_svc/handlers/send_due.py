"""What is held of some tickets is due: it is sent, each in the order in which it was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class SendDue:
    tickets: Sequence[UUID]

    def needs(self, unit: TicketUnit) -> None:
        unit.tickets.need(*self.tickets)
        unit.held.need()

    def handle(self, unit: TicketUnit) -> list[float]:
        """Returns how late each was, in seconds."""
        late: list[float] = []
        for id_ in self.tickets:
            for held in unit.held.of(id_):
                ticket = unit.tickets.get(id_)
                if ticket is None or held.due_at > unit.now:
                    continue
                unit.held.remove(held)
                unit.send(ticket, held)
                late.append((unit.now - held.due_at).total_seconds())
        return late
