"""Type, tags or custom fields are changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deskstream_chassis.fields import texts
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.ticket import Classification, Ticket
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class ClassifyTicket:
    ticket: TicketReference
    by: Actor
    visibility: Visibility
    wanted: Classification
    expected_version: int | None = None
    custom_fields: Mapping[str, FieldValue | None] | None = None

    def needs(self, unit: TicketUnit) -> None:
        unit.need(self.ticket)

    def handle(self, unit: TicketUnit) -> Ticket:
        ticket = unit.existing(self.ticket, self.visibility, self.expected_version)
        wanted = self.wanted
        if self.custom_fields is not None:
            wanted = replace(wanted, custom_fields=texts(unit.fields, self.custom_fields, ticket.custom_fields or {}))
        return unit.change(ticket, decisions.classify(ticket, wanted, unit.types, unit.now), self.by)
