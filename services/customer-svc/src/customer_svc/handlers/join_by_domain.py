"""An organization got a domain: people of that domain who were known before, and belong to no organization, join it.

They may be many, so that it is long work: one step a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from customer_svc.domain import organizations
from customer_svc.domain.organization import Organization
from customer_svc.persistence import queries
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.processes import Step
from deskstream_contracts.wire import Actor


@dataclass(frozen=True, slots=True)
class JoinOrganization:
    """One person joins, if they still belong nowhere and the organization still holds their domain."""

    customer_id: UUID
    organization_id: UUID
    by: Actor

    def needs(self, unit: CustomerUnit) -> None:
        unit.customers.need(self.customer_id)
        unit.organizations.need(self.organization_id)

    def handle(self, unit: CustomerUnit) -> None:
        customer, organization = unit.customers.get(self.customer_id), unit.organizations.get(self.organization_id)
        if customer is not None and organization is not None:
            unit.customer_changes.make(customer, organizations.join_by_domain(customer, organization, unit.now), self.by)


@dataclass(frozen=True, slots=True)
class JoinByDomain:
    """The process. A person's id is the cursor."""

    kind: ClassVar[str] = "join_by_domain"
    organization_id: UUID
    domains: tuple[str, ...]
    by: Actor

    @staticmethod
    def of(organization_id: str, domains: Sequence[str], by: Mapping[str, Any]) -> "JoinByDomain":
        """Made of its arguments again."""
        return JoinByDomain(UUID(organization_id), tuple(domains), Actor.model_validate(by))

    @property
    def subject(self) -> str:
        return f"organization/{self.organization_id}"

    def arguments(self) -> Mapping[str, Any]:
        by = self.by.model_dump(mode="json")
        return {"organization_id": str(self.organization_id), "domains": list(self.domains), "by": by}

    async def total(self, connection: Connection) -> int:
        """Counted at the beginning: people who come or go meanwhile are not in it."""
        return await queries.without_organization_count(connection, self.domains)

    async def steps(self, connection: Connection, after: str | None, limit: int) -> list[Step]:
        """Looks for people who belong nowhere still, so that nobody is asked about who has joined meanwhile."""
        people = await queries.without_organization(connection, self.domains, UUID(after) if after else None, limit)
        return [Step(str(id_), JoinOrganization(id_, self.organization_id, self.by)) for id_ in people]


def let_known_people_join(unit: CustomerUnit, organization: Organization, domains: Sequence[str], by: Actor) -> UUID | None:
    """Begins the process for domains that the organization has gained. Returns its id; None without any."""
    if not domains:
        return None
    return unit.begin_process(JoinByDomain(organization.id, tuple(domains), by), by)
