"""A message was received: its sender becomes a customer (a new profile, or the one of that address), and is named to the others."""

from dataclasses import dataclass

from customer_svc.domain import identification, organizations
from customer_svc.domain.customer import Customer, domain_of
from customer_svc.domain.identification import Sender
from customer_svc.domain.organization import Organization
from customer_svc.handlers.join_by_domain import let_known_people_join
from customer_svc.messaging.heard import sender
from customer_svc.messaging.published import requester
from customer_svc.persistence.unit import CustomerUnit
from deskstream_contracts.domains import holders
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.inbound import MessageReceivedV1
from deskstream_contracts.wire import Actor

_DESK = Actor(kind="system", id="customer-svc")


@dataclass(frozen=True, slots=True)
class IdentifyRequester:
    event: MessageReceivedV1

    def needs(self, unit: CustomerUnit) -> None:
        email = self.event.message.sender.email
        unit.customers.need_by("email", email)
        unit.organizations.need_by("domain", *holders(domain_of(email)))

    def handle(self, unit: CustomerUnit) -> None:
        who = sender(self.event)
        organization = _organization(unit, who)
        customer = _customer(unit, who, organization)
        own = unit.organizations.get(customer.organization_ids[0]) if customer.organization_ids else None
        unit.record(
            RequesterIdentifiedV1(
                thread=self.event.thread,
                message=self.event.message,
                requested=self.event.requested,
                requester=requester(customer, own),
            )
        )


def _customer(unit: CustomerUnit, who: Sender, organization: Organization | None) -> Customer:
    known, policy = unit.customers.find("email", who.email), unit.policy
    if known is not None:
        by = Actor(kind="customer", id=str(known.id), name=known.name)
        return unit.customer_changes.make(known, identification.recognise(known, who, organization, unit.now), by)
    registered = identification.register(who, unit.new_id(), organization, policy.languages, policy.detector, unit.now)
    customer = registered.customer
    return unit.customer_changes.begin(registered, Actor(kind="customer", id=str(customer.id), name=customer.name))


def _organization(unit: CustomerUnit, who: Sender) -> Organization | None:
    domain, policy = domain_of(who.email), unit.policy
    known = next(filter(None, (unit.organizations.find("domain", holder) for holder in holders(domain))), None)
    if known or not (who.proven and policy.auto_create_organizations) or policy.domains.is_public(domain):
        return known
    created = organizations.create_for_domain(unit.new_id(), domain, unit.now)
    organization = unit.organization_changes.begin(created, _DESK)
    let_known_people_join(unit, organization, (domain,), _DESK)
    return organization
