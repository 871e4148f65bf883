"""The unit of work of customer-svc: customers by id or address, and organizations by id, name or email domain."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter

from customer_svc.domain import customer as c
from customer_svc.domain import organization as o
from customer_svc.domain.customer import Customer, CustomerEvent
from customer_svc.domain.organization import Organization, OrganizationEvent
from customer_svc.domain.policy import CustomerPolicy
from customer_svc.messaging.published import customer_event, organization_event
from customer_svc.persistence import tables
from deskstream_chassis.documents.putting import WithDocuments
from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.keys import Key, Many, Owned, Unique
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import Changes
from deskstream_contracts.wire import Actor

CUSTOMER = TypeAdapter(Customer)
ORGANIZATION = TypeAdapter(Organization)
_CUSTOMER_KEYS: Mapping[str, Key[Customer]] = {"email": Unique(lambda p: p.email), "domain": Many(lambda p: p.domain)}
_ORGANIZATION_KEYS: Mapping[str, Key[Organization]] = {
    "name": Unique(lambda org: org.name),
    "domain": Owned(tables.organization_domains, "organization_id", "domain", lambda org: org.domains),
}


class CustomerUnit(WithDocuments):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime, *, policy: CustomerPolicy) -> None:
        super().__init__(connection, outbox, now)
        self.policy = policy
        self.customers = self.include(AggregateStore(connection, tables.customers, CUSTOMER, _CUSTOMER_KEYS))
        self.organizations = self.include(
            AggregateStore(
                connection,
                tables.organizations,
                ORGANIZATION,
                _ORGANIZATION_KEYS,
                # Read by every message of a domain and hardly ever written: the version guards the rare write.
                lock=False,
                also=lambda: (id_ for person in self.customers.all() for id_ in person.organization_ids),
            )
        )
        self.customer_changes: Changes[Customer, CustomerEvent, Actor] = Changes(self, self.customers, c.apply, customer_event)
        self.organization_changes: Changes[Organization, OrganizationEvent, Actor] = Changes(
            self, self.organizations, o.apply, organization_event
        )
