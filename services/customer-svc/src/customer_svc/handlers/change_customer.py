"""A customer is changed by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from customer_svc.domain import customers
from customer_svc.domain.customer import Customer
from customer_svc.domain.customers import CustomerFields
from customer_svc.domain.refusals import HasMoved
from customer_svc.handlers.belonging import check_organizations, existing
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.fields import all_texts
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.wire import Actor


@dataclass(frozen=True, slots=True)
class ChangeCustomer:
    customer_id: UUID
    fields: CustomerFields
    by: Actor
    custom_fields: Mapping[str, FieldValue | None] | None = None
    expected_version: int | None = None

    def needs(self, unit: CustomerUnit) -> None:
        unit.customers.need(self.customer_id)
        unit.organizations.need(*self.fields.get("organization_ids", ()))
        if "email" in self.fields:
            unit.customers.need_by("email", self.fields["email"])

    def handle(self, unit: CustomerUnit) -> Customer:
        customer = existing(unit, self.customer_id)
        if self.expected_version not in (None, customer.version):
            raise HasMoved("customer", customer.version)
        check_organizations(unit, self.fields)
        holder = unit.customers.find("email", self.fields["email"]) if "email" in self.fields else None
        fields = self.fields
        if self.custom_fields is not None:
            texts = all_texts(unit.policy.customer_fields, self.custom_fields, customer.custom_fields or {})
            fields = {**fields, "custom_fields": texts}
        changes = customers.change_profile(customer, fields, holder, unit.policy.languages, unit.now)
        return unit.customer_changes.make(customer, changes, self.by)
