"""A customer is added by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from customer_svc.domain import customers
from customer_svc.domain.customer import Customer
from customer_svc.domain.customers import CustomerFields
from customer_svc.handlers.belonging import check_organizations
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.fields import all_texts, check_required
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.wire import Actor


@dataclass(frozen=True, slots=True)
class AddCustomer:
    email: str
    fields: CustomerFields
    by: Actor
    custom_fields: Mapping[str, FieldValue | None] = field(default_factory=dict)

    def needs(self, unit: CustomerUnit) -> None:
        unit.customers.need_by("email", self.email)
        unit.organizations.need(*self.fields.get("organization_ids", ()))

    def handle(self, unit: CustomerUnit) -> Customer:
        check_organizations(unit, self.fields)
        holder = unit.customers.find("email", self.email)
        texts = all_texts(unit.policy.customer_fields, self.custom_fields, {})
        check_required(unit.policy.customer_fields, "create", texts)
        fields: CustomerFields = {**self.fields, "custom_fields": texts}
        added = customers.add(unit.new_id(), self.email, fields, holder, unit.policy.languages, unit.now)
        return unit.customer_changes.begin(added, self.by)
