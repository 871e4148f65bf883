"""A message was received: its sender becomes a customer (a new profile, or the one of that address), and is named to the others."""

from dataclasses import dataclass

from customer_svc.domain import identification
from customer_svc.domain.customer import Customer
from customer_svc.domain.identification import DomainKinds, LanguageDetector, Languages, Sender
from customer_svc.domain.organization import Organization
from customer_svc.messaging.published import requester
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.consumer import Handler
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.inbound import MessageReceivedV1


@dataclass(frozen=True, slots=True)
class IdentifyRequester:
    languages: Languages
    detector: LanguageDetector
    domains: DomainKinds
    auto_create_organizations: bool

    def handler(self) -> Handler[CustomerUnit, MessageReceivedV1]:
        return Handler(self.touches, self.handle)

    def touches(self, unit: CustomerUnit, event: MessageReceivedV1) -> None:
        unit.customers.want_by("email", event.message.sender.email)
        unit.organizations.want_domain(_domain(event.message.sender.email))

    def handle(self, unit: CustomerUnit, event: MessageReceivedV1) -> None:
        sender = _sender(event)
        organization = self._organization(unit, sender)
        customer = unit.customers.find("email", sender.email)
        if customer is None:
            customer = unit.register(
                identification.register(sender, unit.new_id(), organization, self.languages, self.detector, unit.now)
            )
        else:
            customer = unit.change(customer, identification.recognise(customer, sender, organization, unit.now))
        unit.record(
            RequesterIdentifiedV1(
                thread=event.thread,
                message=event.message,
                wishes=event.wishes,
                requester=requester(customer, _first_organization(unit, customer)),
            )
        )

    def _organization(self, unit: CustomerUnit, sender: Sender) -> Organization | None:
        domain = _domain(sender.email)
        known = unit.organizations.holding(domain)
        if known or not (sender.proven and self.auto_create_organizations) or self.domains.is_public(domain):
            return known
        return unit.create_organization(
            Organization(
                id=unit.new_id(),
                version=1,
                name=identification.organization_name(domain),
                created_at=unit.now,
                updated_at=unit.now,
                domains=(domain,),
                auto_created=True,
            )
        )


def _first_organization(unit: CustomerUnit, customer: Customer) -> Organization | None:
    return unit.organizations.get(customer.organization_ids[0]) if customer.organization_ids else None


def _sender(event: MessageReceivedV1) -> Sender:
    message, wishes = event.message, event.wishes
    return Sender(
        email=message.sender.email,
        name=message.sender.name,
        proven=message.sender_proven,
        text=f"{message.subject}\n{message.text}",
        wished_language=wishes.language,
        first_name=wishes.first_name,
        last_name=wishes.last_name,
        phone=wishes.phone,
        company=wishes.company,
    )


def _domain(email: str) -> str:
    return email.rpartition("@")[2]
