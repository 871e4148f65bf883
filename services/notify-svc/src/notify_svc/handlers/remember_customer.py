"""A customer was changed: what mail needs to know of them is remembered, for tickets whose events were written before."""

from dataclasses import dataclass

from deskstream_contracts.events.customers import CustomerEvent
from notify_svc.domain import people
from notify_svc.messaging.heard import profile
from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class RememberCustomer:
    event: CustomerEvent

    def needs(self, unit: NotifyUnit) -> None:
        unit.people.need(self.event.customer.id)

    def handle(self, unit: NotifyUnit) -> None:
        person = people.remember(unit.people.get(self.event.customer.id), profile(self.event))
        if person is not None:
            unit.people.put(person)
