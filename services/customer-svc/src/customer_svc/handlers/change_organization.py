"""An organization is changed by hand: name, domains, sharing, tags, custom fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from customer_svc.domain import organizations
from customer_svc.domain.organizations import OrganizationFields
from customer_svc.domain.refusals import HasMoved, NoSuchOrganization
from customer_svc.handlers.add_organization import OrganizationWithJob
from customer_svc.handlers.join_by_domain import let_known_people_join
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.fields import all_texts
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.wire import Actor


@dataclass(frozen=True, slots=True)
class ChangeOrganization:
    organization_id: UUID
    fields: OrganizationFields
    by: Actor
    custom_fields: Mapping[str, FieldValue | None] | None = None
    expected_version: int | None = None

    def needs(self, unit: CustomerUnit) -> None:
        unit.organizations.need(self.organization_id)
        unit.organizations.need_by("domain", *self.fields.get("domains", ()))
        if "name" in self.fields:
            unit.organizations.need_by("name", self.fields["name"])

    def handle(self, unit: CustomerUnit) -> OrganizationWithJob:
        before = unit.organizations.get(self.organization_id)
        if before is None:
            raise NoSuchOrganization(self.organization_id)
        if self.expected_version not in (None, before.version):
            raise HasMoved("organization", before.version)
        fields = self.fields
        if self.custom_fields is not None:
            texts = all_texts(unit.policy.organization_fields, self.custom_fields, before.custom_fields or {})
            fields = {**fields, "custom_fields": texts}
        changes = organizations.change(
            before,
            fields,
            lambda name: unit.organizations.find("name", name),
            lambda domain: unit.organizations.find("domain", domain),
            unit.policy.domains,
            unit.now,
        )
        after = unit.organization_changes.make(before, changes, self.by)
        gained = organizations.domains_gained(before, changes)
        return OrganizationWithJob(after, let_known_people_join(unit, after, gained, self.by))
