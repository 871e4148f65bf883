"""A customer is added by hand."""

from dataclasses import dataclass

from customer_svc.domain import customers
from customer_svc.domain.customer import Customer
from customer_svc.domain.customers import CustomerFields
from customer_svc.handlers.belonging import check_organizations
from customer_svc.persistence.unit import CustomerUnit
from deskstream_contracts.wire import Actor


@dataclass(frozen=True, slots=True)
class AddCustomer:
    email: str
    fields: CustomerFields
    by: Actor

    def needs(self, unit: CustomerUnit) -> None:
        unit.customers.need_by("email", self.email)
        unit.organizations.need(*self.fields.get("organization_ids", ()))

    def handle(self, unit: CustomerUnit) -> Customer:
        check_organizations(unit, self.fields)
        holder = unit.customers.find("email", self.email)
        added = customers.add(unit.new_id(), self.email, self.fields, holder, unit.policy.languages, unit.now)
        return unit.customer_changes.begin(added, self.by)
