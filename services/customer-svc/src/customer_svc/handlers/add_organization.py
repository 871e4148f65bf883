"""An organization is added by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from customer_svc.domain import organizations
from customer_svc.domain.organization import Organization
from customer_svc.domain.organizations import OrganizationFields
from customer_svc.handlers.join_by_domain import let_known_people_join
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.fields import all_texts, check_required
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.wire import Actor


@dataclass(frozen=True, slots=True)
class OrganizationWithJob:
    """An organization after a command, and the long work that the command has begun."""

    organization: Organization
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AddOrganization:
    name: str
    fields: OrganizationFields
    by: Actor
    custom_fields: Mapping[str, FieldValue | None] = field(default_factory=dict)

    def needs(self, unit: CustomerUnit) -> None:
        unit.organizations.need_by("name", self.name)
        unit.organizations.need_by("domain", *self.fields.get("domains", ()))

    def handle(self, unit: CustomerUnit) -> OrganizationWithJob:
        texts = all_texts(unit.policy.organization_fields, self.custom_fields, {})
        check_required(unit.policy.organization_fields, "create", texts)
        fields: OrganizationFields = {**self.fields, "custom_fields": texts}
        created = organizations.create(
            unit.new_id(),
            self.name,
            fields,
            lambda name: unit.organizations.find("name", name),
            lambda domain: unit.organizations.find("domain", domain),
            unit.policy.domains,
            unit.now,
        )
        organization = unit.organization_changes.begin(created, self.by)
        return OrganizationWithJob(
            organization, let_known_people_join(unit, organization, organizations.domains_gained(None, [created]), self.by)
        )
