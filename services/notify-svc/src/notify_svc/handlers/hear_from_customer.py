"""A customer wrote into a ticket: the address lives, and what was held back from it for a while goes there again."""

from dataclasses import dataclass

from deskstream_contracts.events.tickets import TicketCustomerRepliedV1
from notify_svc.domain.addresses import address_id
from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class HearFromCustomer:
    """Others write into a ticket as well: of the requester's address only the requester's own mail says something."""

    event: TicketCustomerRepliedV1

    def needs(self, unit: NotifyUnit) -> None:
        unit.addresses.need(address_id(self.event.ticket.requester.email))

    def handle(self, unit: NotifyUnit) -> None:
        requester = self.event.ticket.requester
        if self.event.by.id == str(requester.customer_id):
            unit.hear_from(requester.email, proven=False, at=self.event.at)
