"""Domain events as the contract has them."""

from typing import assert_never

from pydantic import TypeAdapter

from customer_svc.domain import customer as c
from customer_svc.domain import organization as o
from customer_svc.domain.customer import Customer, CustomerEvent
from customer_svc.domain.organization import Organization, OrganizationEvent
from deskstream_contracts.events import customers as wire
from deskstream_contracts.wire import Event

_CUSTOMER = TypeAdapter(Customer)
_ORGANIZATION = TypeAdapter(Organization)


def customer_state(customer: Customer) -> wire.CustomerState:
    fields = _CUSTOMER.dump_python(customer)
    return wire.CustomerState.model_validate(fields | {"custom_fields": fields["custom_fields"] or {}})


def organization_state(organization: Organization) -> wire.OrganizationState:
    fields = _ORGANIZATION.dump_python(organization)
    return wire.OrganizationState.model_validate(fields | {"custom_fields": fields["custom_fields"] or {}})


def requester(customer: Customer, organization: Organization | None) -> wire.Requester:
    """The customer as the next steps need to know it."""
    group = None
    if organization is not None:
        fields = organization.custom_fields or {}
        group = wire.OrganizationRef(id=organization.id, name=organization.name, custom_fields=fields)
    return wire.Requester(
        customer_id=customer.id,
        customer_version=customer.version,
        email=customer.email,
        name=customer.name,
        language=customer.language,
        tags=list(customer.tags),
        custom_fields=customer.custom_fields or {},
        organization=group,
    )


def published(event: CustomerEvent | OrganizationEvent, after: Customer | Organization) -> Event:
    if isinstance(after, Organization):
        organization = organization_state(after)
        if isinstance(event, o.OrganizationUpdated):
            return wire.OrganizationUpdatedV1(organization=organization, changed=sorted(event.changes))
        return wire.OrganizationCreatedV1(organization=organization)
    customer = customer_state(after)
    match event:
        case c.CustomerRegistered():
            return wire.CustomerRegisteredV1(customer=customer)
        case c.CustomerUpdated():
            return wire.CustomerUpdatedV1(customer=customer, changed=sorted(event.changes))
        case c.CustomerDeactivated():
            return wire.CustomerDeactivatedV1(customer=customer)
        case c.CustomerReactivated():
            return wire.CustomerReactivatedV1(customer=customer)
        case o.OrganizationCreated() | o.OrganizationUpdated():
            raise TypeError("an organization's event with a customer's state")
        case _:
            assert_never(event)
