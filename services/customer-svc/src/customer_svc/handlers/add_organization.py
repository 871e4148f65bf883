"""An organization is added by hand."""

from dataclasses import dataclass
from uuid import UUID

from customer_svc.domain import organizations
from customer_svc.domain.organization import Organization
from customer_svc.domain.organizations import OrganizationFields
from customer_svc.handlers.join_by_domain import let_known_people_join
from customer_svc.persistence.unit import CustomerUnit
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

    def needs(self, unit: CustomerUnit) -> None:
        unit.organizations.need_by("name", self.name)
        unit.organizations.need_by("domain", *self.fields.get("domains", ()))

    def handle(self, unit: CustomerUnit) -> OrganizationWithJob:
        created = organizations.create(
            unit.new_id(),
            self.name,
            self.fields,
            lambda name: unit.organizations.find("name", name),
            lambda domain: unit.organizations.find("domain", domain),
            unit.policy.domains,
            unit.now,
        )
        organization = unit.organization_changes.begin(created, self.by)
        return OrganizationWithJob(
            organization, let_known_people_join(unit, organization, organizations.domains_gained(None, [created]), self.by)
        )
