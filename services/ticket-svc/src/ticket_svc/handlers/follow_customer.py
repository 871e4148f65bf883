"""A customer has become otherwise, or an organization is called otherwise: kept, until open tickets have followed."""

from dataclasses import dataclass

from deskstream_contracts.events.customers import CustomerEvent, OrganizationEvent
from ticket_svc.messaging.heard import changed_requester
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class FollowCustomer:
    event: CustomerEvent

    def needs(self, unit: TicketUnit) -> None:
        """Nothing: their tickets, which may be many, are looked for afterwards."""

    def handle(self, unit: TicketUnit) -> None:
        unit.heard_customers.keep_customer(changed_requester(self.event))


@dataclass(frozen=True, slots=True)
class FollowOrganization:
    """Tickets go on saying what it was called when they were opened, or when somebody joined."""

    event: OrganizationEvent

    def needs(self, unit: TicketUnit) -> None:
        """Nothing: an event has all of it."""

    def handle(self, unit: TicketUnit) -> None:
        unit.heard_customers.keep_organization(self.event.organization)
