"""A customer is switched on again."""

from dataclasses import dataclass
from uuid import UUID

from customer_svc.domain import customers
from customer_svc.domain.customer import Customer
from customer_svc.handlers.belonging import existing
from customer_svc.persistence.unit import CustomerUnit
from deskstream_contracts.wire import Actor


@dataclass(frozen=True, slots=True)
class ReactivateCustomer:
    customer_id: UUID
    by: Actor

    def needs(self, unit: CustomerUnit) -> None:
        unit.customers.need(self.customer_id)

    def handle(self, unit: CustomerUnit) -> Customer:
        customer = existing(unit, self.customer_id)
        return unit.customer_changes.make(customer, customers.reactivate(customer, unit.now), self.by)
