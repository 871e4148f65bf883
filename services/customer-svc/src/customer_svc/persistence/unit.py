"""The unit of work of customer-svc: customers by id or email, and organizations by id, name or email domain."""

from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text

from customer_svc.domain import customer as c
from customer_svc.domain import organization as o
from customer_svc.domain.customer import Customer
from customer_svc.domain.organization import Organization
from customer_svc.messaging.published import published
from customer_svc.persistence.tables import customers, organization_domains, organizations
from deskstream_chassis.aggregates import AggregateStore
from deskstream_chassis.database import Connection, insert_rows
from deskstream_chassis.outbox import Outbox
from deskstream_chassis.unit import UnitOfWork

CUSTOMER = TypeAdapter(Customer)
ORGANIZATION = TypeAdapter(Organization)
_BY_DOMAIN = text("SELECT domain, organization_id FROM organization_domains WHERE domain = ANY(CAST(:domains AS text[]))")
_DROP_DOMAINS = text("DELETE FROM organization_domains WHERE organization_id = ANY(CAST(:ids AS uuid[]))")


class Organizations(AggregateStore[Organization]):
    """Organizations, also found by the domains they hold, and by the customers that are loaded beside them."""

    def __init__(self, connection: Connection, people: AggregateStore[Customer]) -> None:
        # Read by every message of a domain and hardly ever written: the version guards the rare write, no lock is held.
        super().__init__(connection, organizations, ORGANIZATION, {"name": lambda org: org.name}, lock=False)
        self._people = people
        self._wanted_domains: set[str] = set()
        self._holders: dict[str, UUID] = {}
        self._redomained: set[UUID] = set()

    def want_domain(self, *domains: str) -> None:
        self._wanted_domains.update(domains)

    def holding(self, domain: str) -> Organization | None:
        id_ = self._holders.get(domain)
        return None if id_ is None else self.get(id_)

    def put(self, aggregate: Organization) -> None:
        before = self.get(aggregate.id)
        if before is None or before.domains != aggregate.domains:
            self._redomained.add(aggregate.id)
            for domain in before.domains if before else ():
                self._holders.pop(domain, None)
            self._holders.update(dict.fromkeys(aggregate.domains, aggregate.id))
        super().put(aggregate)

    async def load(self) -> None:
        domains, self._wanted_domains = self._wanted_domains, set()
        if domains:
            found = await self._connection.execute(_BY_DOMAIN, {"domains": sorted(domains)})
            self._holders.update((domain, id_) for domain, id_ in found)
        self.want(*self._holders.values())
        self.want(*(id_ for person in self._people.all() for id_ in person.organization_ids))
        await super().load()

    async def flush(self) -> None:
        await super().flush()
        changed, self._redomained = self._redomained, set()
        if changed:
            await self._connection.execute(_DROP_DOMAINS, {"ids": sorted(changed)})
            held = [(d, id_) for id_ in sorted(changed) if (org := self.get(id_)) for d in org.domains]
            await insert_rows(self._connection, organization_domains, [{"domain": d, "organization_id": id_} for d, id_ in held])


class CustomerUnit(UnitOfWork):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        super().__init__(connection, outbox, now)
        self.customers = self.include(AggregateStore(connection, customers, CUSTOMER, {"email": lambda p: p.email}))
        self.organizations = self.include(Organizations(connection, self.customers))

    def register(self, customer: Customer) -> Customer:
        self.customers.put(customer)
        self.record(published(c.CustomerRegistered(customer), customer))
        return customer

    def change(self, customer: Customer, changes: list[c.Change]) -> Customer:
        """Applies the changes in turn and records each with the state after it."""
        for change in changes:
            customer = c.apply(customer, change)
            self.record(published(change, customer))
        if changes:
            self.customers.put(customer)
        return customer

    def create_organization(self, organization: Organization) -> Organization:
        self.organizations.put(organization)
        self.record(published(o.OrganizationCreated(organization), organization))
        return organization

    def change_organization(self, organization: Organization, event: o.OrganizationUpdated) -> Organization:
        organization = o.apply(organization, event)
        self.organizations.put(organization)
        self.record(published(event, organization))
        return organization
